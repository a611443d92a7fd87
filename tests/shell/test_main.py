"""How does `wio` behave as a process: its exit codes, its streams, its terminal, its extra?"""

from __future__ import annotations

import json
import os
import signal
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
    text = _on_terminal(pty, tmp_path, "history", "--id", "a")
    assert "\x1b[31m" in text
    assert len(text.splitlines()) == 4


def test_a_terminal_gets_long_payloads_cut_unless_they_are_wanted_in_full(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    item = "x" * 500
    process(tmp_path, "run", "shell_workflows:failing", "--id", "a", "--input", f'{{"item": "{item}", "quantity": 2}}')
    assert len(_on_terminal(pty, tmp_path, "history", "--id", "a").splitlines()) == 4
    full = _on_terminal(pty, tmp_path, "history", "--id", "a", "--full")
    assert full.count("x") >= 3 * len(item)


def test_a_terminal_bounds_the_width_of_a_drawing(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    process(tmp_path, "run", "shell_workflows:offering", "--id", "a", "--input", '{"item": "book", "quantity": 2}')
    drawn = _on_terminal(pty, tmp_path, "draw", "shell_workflows:offering", "--id", "a", columns=40).splitlines()
    assert max(map(len, drawn)) <= 40
    assert drawn[-1].split()[-2:] == ["waiting:", "offered"]
    assert len(drawn) > 2


@pytest.mark.parametrize("columns", [60, 160])
def test_a_terminal_gets_one_line_for_each_instance_with_its_detail_cut(tmp_path: Path, columns: int) -> None:
    pty = pytest.importorskip("pty")
    id = "an-instance-with-a-rather-long-name-0001"
    request = '{"item": "book", "quantity": 2}'
    process(tmp_path, "run", "shell_workflows:talking", "--id", id, "--input", request)
    title, row = _on_terminal(pty, tmp_path, "list", columns=columns).splitlines()
    assert "detail" in title
    assert id in row
    assert "paused at talk: V" in row
    assert row.endswith("…")
    (record,) = json.loads(process(tmp_path, "list", "--json").stdout)["instances"]
    assert record["detail"].endswith("to the end")


def _on_terminal(pty: Any, folder: Path, *words: str, columns: int = 80) -> str:
    """Return what a terminal is sent by `wio`."""
    reader, writer = pty.openpty()
    places = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    environment = {**os.environ, "PYTHONPATH": places, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "interpreters.shell.main", *words, "--journal", "sqlite:///orders.db"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=writer, stderr=writer) as running:
        os.close(writer)
        text = _read_all(reader)
    assert running.returncode == 0
    return text


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


def test_a_first_interrupt_says_at_once_what_is_waited_for(tmp_path: Path) -> None:
    places = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    environment = {**os.environ, "PYTHONPATH": places}
    # A test run in the background of a shell would hand down that interrupts are ignored.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from interpreters.shell.main import main; sys.exit(main())"
    )
    words = ("run", "shell_workflows:listening", "--id", "a", "--input", '{"item": "book", "quantity": 2}')
    command = [sys.executable, "-c", program, *words, "--journal", "sqlite:///orders.db"]
    pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes) as running:
        assert running.stdout.readline() == "running listen\n"
        running.send_signal(signal.SIGINT)
        said = running.stderr.readline()
        assert said == "wio: stopping; listen gets up to 10 s to end. Ctrl-C again stops now.\n"
        running.stdin.close()
        assert running.stderr.read() == (
            "wio: interrupted. What was recorded is kept; the same command goes on with it.\n"
        )
    assert running.returncode == 130


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nope",), 'Unknown command "nope".'),
        (("run",), "run needs WORKFLOW."),
        (("history", "--id"), 'Command "history" parameter --id requires an argument.'),
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
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == ("wio: list needs --journal or the environment variable WIO_JOURNAL. See: wio list --help\n")


def test_the_version_is_told(wio: Callable[..., Any]) -> None:
    answer = wio("--version")
    assert answer.code == 0
    assert answer.out.startswith("wio")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("run", "a:b", "--id", "x", "--wait", "5"), "--wait"),
        (("worker", "a:b", "--keep", "5"), "--keep"),
        (("prune", "--before", "a week"), "--before"),
    ],
)
def test_a_duration_without_a_unit_is_refused_with_the_units(
    wio: Callable[..., Any], words: tuple[str, ...], option: str
) -> None:
    answer = wio(*words)
    ever = ", or forever" if option == "--keep" else ""
    assert answer.code == 2
    assert answer.err == (
        f"wio: {option} {words[-1]!r} is no duration. Give one with its unit: 30s, 5m, 12h, 30d{ever}."
        f" See: wio {words[0]} --help\n"
    )
