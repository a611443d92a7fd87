"""A process that runs one order and kills itself at a chosen place. Run by `test_processes`.

    python -m tests.runtime.dying JOURNAL LOG PLACE

PLACE is `in:NAME` (inside an effect), `before:N` or `after:N` (its N-th commit), `blocked`, or `none`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from returns.result import Success

from interpreters import Runtime, effect_context
from interpreters.runtime.clock import SystemClock
from journals.sqlite import SqliteJournal
from tests.runtime.running import NO_GRACE, FaultyJournal, workflow
from wio import Fixed, Retry, Workflow, run_io, wait

OUTCOME = Success(1111)


def log_effect(log: Path, name: str) -> None:
    with log.open("a") as file:
        file.write(f"{name} {effect_context().attempt} {effect_context().idempotency_key}\n")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def die_in_commit() -> None:
    die()


def order(log: Path, place: str = "") -> Workflow[int, object, int]:
    """Return the workflow: four effects, of both kinds, one of which fails once, and a wait."""

    def plain(number: int) -> int:
        log_effect(log, "plain")
        if place == "in:plain":
            die()
        if place == "blocked":
            threading.Event().wait()
        return number + 10

    async def coroutine(number: int) -> int:
        log_effect(log, "coroutine")
        if place == "in:coroutine":
            die()
        return number + 100

    def failing(number: int) -> int:
        log_effect(log, "failing")
        if log.read_text().count("order:failing") == 1:
            raise OSError("not yet")
        return number + 1000

    again = Retry(backoff=Fixed(NO_GRACE))
    return workflow(run_io(plain) >> wait(NO_GRACE) >> run_io(coroutine) >> run_io(failing, retry=again))


def journal(path: Path, place: str) -> FaultyJournal:
    """Return the journal that kills the process at the place."""
    faulty = FaultyJournal(SqliteJournal(path))
    side, _, number = place.partition(":")
    if side in ("before", "after"):
        faults = [None] * (int(number) - 1) + [die_in_commit]
        faulty.fail("commit", *faults, late=side == "after")
    return faulty


async def main(path: Path, log: Path, place: str) -> None:
    flow = order(log, place)
    async with Runtime(journal(path, place), [flow], grace=NO_GRACE, clock=SystemClock()) as runtime:
        instance = await runtime.start(flow, id="order", input=1)
        if place == "blocked":
            while not log.exists():
                await asyncio.sleep(0.005)
            return
        assert await instance.result() == OUTCOME


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
