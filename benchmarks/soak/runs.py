"""Which effects ran, where and when? Each process appends a line to a file of its own as one begins and as it ends.

A line is one write to a file that is opened for appending: what is written survives a SIGKILL of the process.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Iterable
from pathlib import Path

import attrs
import msgspec

from interpreters import effect_context
from journals.entries import Published


class NotNow(OSError):
    """Is what an effect raises that is meant to be tried again."""


@attrs.frozen
class Line:
    """Is what has happened in a worker: `ready`, `lost` (its lease), or `began`, `ended`, `failed`, `broken` of a run.

    Of a message that was `published` it has the topic as `address`. `key` is the idempotency key of the effect; `at` is
    in seconds since the epoch.
    """

    what: str
    worker: str
    at: float
    key: str = ""
    instance: str = ""
    address: str = ""
    attempt: int = 0


@attrs.frozen
class Run:
    """Is one run of an effect. `how` says how it ended, or is None when its process was killed before."""

    began: Line
    ended_at: float | None
    how: str | None


class RunLog:
    """Writes the lines of one worker; without a file it writes nothing."""

    def __init__(self, worker: str, file: Path | None) -> None:
        self._worker = worker
        self._descriptor = None if file is None else os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, what: str) -> None:
        """Write what has happened in the worker."""
        self._append(Line(what, self._worker, time.time()))

    async def publish(self, message: Published) -> None:
        """Write that a message has arrived; this is the publisher of a worker."""
        self._append(Line("published", self._worker, time.time(), "", message.instance_id, message.topic))

    @contextlib.contextmanager
    def run(self) -> Generator[int]:
        """Write that the effect which runs here has begun, and how it ends. Yield the number of the attempt."""
        context = effect_context()
        key, id, address, attempt = context.idempotency_key, context.instance_id, context.address, context.attempt
        how = "broken"
        self._append(Line("began", self._worker, time.time(), key, id, address, attempt))
        try:
            yield attempt
            how = "ended"
        except NotNow:
            how = "failed"
            raise
        finally:
            self._append(Line(how, self._worker, time.time(), key, id, address, attempt))

    def _append(self, line: Line) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, msgspec.json.encode(line) + b"\n")


def lines_of(folder: Path) -> list[Line]:
    """Return what all workers have written, in the order of time."""
    lines = [line for file in folder.glob("*.runs") for line in file.read_bytes().splitlines()]
    return sorted((msgspec.json.decode(line, type=Line) for line in lines), key=lambda line: line.at)


def runs_of(lines: Iterable[Line]) -> list[Run]:
    """Return the runs of effects, in the order in which they began.

    >>> began, ended = Line("began", "w", 1.0, "k"), Line("ended", "w", 2.0, "k")
    >>> [(run.ended_at, run.how) for run in runs_of([began, ended, began])]
    [(2.0, 'ended'), (None, None)]
    """
    runs: list[Run] = []
    open_runs: dict[tuple[str, str, int], int] = {}
    for line in lines:
        place = (line.worker, line.key, line.attempt)
        if line.what == "began":
            open_runs[place] = len(runs)
            runs.append(Run(line, None, None))
        elif line.key and place in open_runs:
            index = open_runs.pop(place)
            runs[index] = attrs.evolve(runs[index], ended_at=line.at, how=line.what)
    return runs
