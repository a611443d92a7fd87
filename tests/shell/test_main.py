"""How does `wio` behave as a process: its exit codes, its streams, its terminal, its extra?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def process(
    folder: Path, *words: str, program: tuple[str, ...] = ("-m", "interpreters.shell.main"), **more: Any
) -> Any:
    """Run `wio` in a process of its own."""
    places = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    environment = {**os.environ, "PYTHONPATH": places, "WIO_JOURNAL": "sqlite:///orders.db"}
    command = [sys.executable, *program, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, **more)


def test_the_exit_code_of_the_process_is_that_of_the_command(tmp_path: Path) -> None:
    words = ("run", "shell_workflows:failing", "--id", "a", "--input", "-", "--json")
    done = process(tmp_path, *words, input='{"item": "book", "quantity": 2}')
    assert done.returncode == 3
    assert done.stdout.startswith("{")
    assert done.stderr == "running reserve\n"


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from interpreters.shell.main import main; main(['--help']);"
        "print([name for name in sys.modules if name.startswith('interpreters.shell.')])"
    )
    done = process(ROOT, program=("-c", code))
    *shown, modules = done.stdout.splitlines()
    assert any("wio COMMAND" in line for line in shown)
    assert "running" not in modules
    assert "app" in modules


def test_without_its_extra_one_line_says_so() -> None:
    code = (
        "import sys; sys.modules['cyclopts'] = None; from interpreters.shell.main import main; sys.exit(main(['list']))"
    )
    done = process(ROOT, program=("-c", code))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wio: the command line needs its extra. Run: pip install 'wio[cli]'\n"


def test_a_terminal_gets_colours_and_one_line_for_each_row(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    process(tmp_path, "run", "shell_workflows:failing", "--id", "a", "--input", '{"item": "book", "quantity": 2}')
    reader, writer = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "TERM": "xterm-256color"}
    command = [
        sys.executable,
        "-m",
        "interpreters.shell.main",
        "history",
        "--id",
        "a",
        "--journal",
        "sqlite:///orders.db",
    ]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=writer, stderr=writer) as running:
        os.close(writer)
        text = _read_all(reader)
    assert running.returncode == 0
    assert "\x1b[31m" in text
    assert len(text.splitlines()) == 4


def _read_all(reader: int) -> str:
    """Read what a terminal was sent, until nobody writes to it any more."""
    read = b""
    while True:
        try:
            more = os.read(reader, 65_536)
        except OSError:
            break
        if not more:
            break
        read += more
    os.close(reader)
    return read.decode()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nope",), 'Unknown command "nope".'),
        (("run",), 'Command "run" parameter WORKFLOW requires an argument.'),
        (("list", "--status", "odd"), 'Invalid value "odd" for --status.'),
        (("list", "--nope"), "Unknown option: --nope."),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    wio: Callable[..., Any], words: tuple[str, ...], complaint: str
) -> None:
    answer = wio(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"wio: {complaint}")
    assert answer.err.count("\n") == 1
    assert answer.err.rstrip().endswith("--help")


def test_a_missing_journal_is_wrong_usage(wio: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WIO_JOURNAL")
    answer = wio("list")
    assert answer.code == 2
    assert "--journal" in answer.err


def test_the_version_is_told(wio: Callable[..., Any]) -> None:
    answer = wio("--version")
    assert answer.code == 0
    assert answer.out.startswith("wio")
