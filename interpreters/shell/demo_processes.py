"""How does the demonstration run a workflow in a process of its own, and kill that process in the middle?"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

_RUNNING = "running "


@attrs.frozen
class ProcessRun:
    """Is what a process did: the steps whose effects it began, in order, and how it ended."""

    pid: int
    steps: tuple[str, ...]
    exit_code: int

    @property
    def was_killed(self) -> bool:
        """Tell whether a SIGKILL ended it."""
        return self.exit_code == -signal.SIGKILL


def run_process(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    show: Callable[[str], None],
    *,
    kill_in_step: int | None = None,
) -> ProcessRun:
    """Run `wio` with some words in a process of its own, and show each line that it prints.

    The effects of the example print `running` and their step when they begin. With `kill_in_step`, counted from 1,
    the process gets a SIGKILL as soon as that line has been read.
    """
    command = [sys.executable, "-u", "-m", "interpreters.shell.main", *words]
    steps: list[str] = []
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        for line in process.stdout or ():
            if line.startswith(_RUNNING):
                steps.append(line.removeprefix(_RUNNING).strip())
                if len(steps) == kill_in_step:
                    process.send_signal(signal.SIGKILL)
            show(line.rstrip("\n"))
    return ProcessRun(process.pid, tuple(steps), process.returncode)
