"""Does `wio demo` show what it promises, with real processes and a real SIGKILL?"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interpreters.shell.demo_processes import run_process
from journals.entries import Kind
from journals.sqlite import SqliteJournal

ROOT = Path(__file__).parents[2]


def test_the_demonstration_kills_recovers_and_draws(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "interpreters.shell.main", "demo", "--journal", "sqlite:///demo.db"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    shown = done.stdout
    assert re.search(r"Process (\d+) was killed with SIGKILL inside Shipping\.", shown)
    assert re.search(r"ChargeCreditCard +ran +skipped: the journal holds its event\n", shown)
    assert re.search(r"Shipping +killed inside it +ran again\n", shown)
    assert json.dumps("shipped as tr_456") in shown
    assert "attempt_lost" in shown
    assert "(crashed before completion)" in shown
    assert "✓ done" in shown
    assert (tmp_path / "wio-demo.svg").read_text().rstrip().endswith("</svg>")
    assert str(tmp_path / "wio-demo.svg") in shown


def test_the_killed_process_has_stored_the_first_step_only(tmp_path: Path) -> None:
    words = ("run", "examples.order:order", "--id", "a", "--input", str(ROOT / "examples" / "order.json"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WIO_JOURNAL": "sqlite:///orders.db"}
    lines: list[str] = []
    run = run_process(words, tmp_path, environment, lines.append, kill_in_step=2)
    assert run.was_killed
    assert run.steps == ("ChargeCreditCard", "Shipping")
    assert lines == ["running ChargeCreditCard", "running Shipping"]

    async def stored() -> list[tuple[Kind, str]]:
        async with SqliteJournal(tmp_path / "orders.db") as journal:
            return [(entry.kind, entry.address) for entry in await journal.read("a")]

    assert asyncio.run(stored()) == [(Kind.STARTED, ""), (Kind.EVENT, "ChargeCreditCard")]


def test_without_the_examples_one_line_says_where_it_runs(
    wio: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [place for place in sys.path if not (Path(place or ".") / "examples").is_dir()])
    for name in [name for name in sys.modules if name.partition(".")[0] == "examples"]:
        monkeypatch.delitem(sys.modules, name)
    answer = wio("demo")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("wio: wio demo runs in a clone of the repository")
    assert answer.err.count("\n") == 1
