"""Where does the time of a step go? `python -m benchmarks.shares --journal postgres [--json]`

The process is interrupted after each millisecond of its processor time, and the innermost function of a known room
counts. What the process does not use of the time that passes, it waits. What a store takes for itself is measured
apart: it gets so many commits at once, with nothing else to do meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import statistics
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

from benchmarks.report import report
from benchmarks.steps import JOURNALS, fresh_journal, run
from benchmarks.workflows import chained
from interpreters import Runtime
from journals import Commit, Entry, Journal, Kind, Payload, Status

_EVERY_SECONDS = 0.001
_BATCHES = 200
_ROOMS = (
    ("/journals/codec", "codec"),
    ("/journals/json", "codec"),
    ("/journals/", "adapter"),
    ("/interpreters/machine/", "machine"),
    ("/interpreters/", "runtime"),
    ("/wio/", "machine"),
    ("/psycopg", "driver"),
    ("/asyncio/", "event loop"),
    ("/benchmarks/", "the workflow itself"),
)


def main() -> None:
    """Measure one journal."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--journal", choices=JOURNALS, default="postgres")
    arguments.add_argument("--workflows", type=int, default=300)
    arguments.add_argument("--steps", type=int, default=10)
    arguments.add_argument("--concurrency", type=int, default=64)
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with fresh_journal(options.journal) as journal:
        figures = asyncio.run(_measure(journal, options.workflows, options.steps, options.concurrency, options.rounds))
    report({"journal": options.journal, **figures}, as_json=options.json)


async def _measure(journal: Journal, workflows: int, steps: int, concurrency: int, rounds: int) -> dict[str, object]:
    """Return the microseconds of each share of a step, and those of a commit in the store."""
    workflow = chained(steps)
    done = rounds * workflows * steps
    async with Runtime(journal, [workflow]) as runtime:
        await run(runtime, workflow, steps, 20, concurrency, "warm")
        with _sampled() as samples:
            passed, spent = time.perf_counter(), time.process_time()
            for number in range(rounds):
                await run(runtime, workflow, steps, workflows, concurrency, f"round-{number}")
            passed, spent = time.perf_counter() - passed, time.process_time() - spent
        in_store = {f"store_us_of_{size}": await _in_store(journal, size) for size in (1, 32, 64)}
    shares = {room: round(spent * count / samples.total() / done * 1e6, 1) for room, count in samples.most_common()}
    waits = round((passed - spent) / done * 1e6, 1)
    return {"steps_per_second": round(done / passed), **shares, "waits": waits, **in_store}


@contextmanager
def _sampled() -> Generator[Counter[str]]:
    """Count in which rooms the process is, as long as this lasts."""
    samples: Counter[str] = Counter()

    def note(_signal: int, frame: FrameType | None) -> None:
        samples[_room_of(frame)] += 1

    before = signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _room_of(frame: FrameType | None) -> str:
    while frame is not None:
        path = frame.f_code.co_filename
        for part, room in _ROOMS:
            if part in path:
                return room
        frame = frame.f_back
    return "other"


async def _in_store(journal: Journal, size: int) -> float:
    """Return the microseconds for which this process waits for each of so many commits at once."""
    seconds: list[float] = []
    for seq in range(1, _BATCHES + 1):
        commits = [_commit(f"store-{size}-{number}", seq) for number in range(size)]
        passed, spent = time.perf_counter(), time.thread_time()
        await asyncio.gather(*map(journal.commit, commits))
        seconds.append((time.perf_counter() - passed) - (time.thread_time() - spent))
    return round(statistics.median(seconds) / size * 1e6, 1)


def _commit(instance_id: str, seq: int) -> Commit:
    now = datetime.now(UTC)
    kind, address = (Kind.STARTED, "") if seq == 1 else (Kind.EVENT, f"count#{seq}")
    entry = Entry(seq, kind, address, Payload("Counted", 1, '{"number":5}'), now)
    detail = f"runs count#{seq + 1}"
    return Commit(
        instance_id, "chained", 1, seq - 1, (entry,), Status.RUNNING, now, f"{instance_id}-{seq}", detail=detail
    )


if __name__ == "__main__":
    main()
