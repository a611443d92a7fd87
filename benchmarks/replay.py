"""How fast is an instance recovered from its journal? `python -m benchmarks.replay [--json]`

Entries are read page by page from a journal in memory, decoded and applied, as a runtime does after a crash.
A long and a short journal are measured in turn, several times; the medians of the times and of the ratios count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.report import report
from benchmarks.workflows import Count, Counted, chained, looped, recursive
from interpreters.machine.execution import Execution
from interpreters.machine.pending import EffectToRun
from interpreters.machine.recording import event_entry
from interpreters.machine.transition import apply, begin_from
from interpreters.machine.turn import Turn, first_turn, status_of, turn
from journals import Commit, InMemoryJournal
from wio import Workflow

_PAGE = 5_000


def main() -> None:
    """Measure the three kinds of chains at two lengths."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--entries", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    figures: dict[str, object] = {}
    kinds: tuple[tuple[str, Callable[[int], Workflow[Count, Any, Count]]], ...] = (
        ("chained", chained),
        ("looped", lambda _: looped()),
        ("recursive", lambda _: recursive()),
    )
    slowest = float("inf")
    for name, workflow_of in kinds:
        short = options.entries // 10
        pairs = asyncio.run(_measured(workflow_of, (options.entries, short), options.rounds))
        per_second = options.entries / statistics.median(long for long, _ in pairs)
        slowest = min(slowest, per_second)
        figures[f"{name}_entries_per_second"] = round(per_second)
        figures[f"{name}_time_ratio_10x"] = round(statistics.median(long / short for long, short in pairs), 2)
    report({"entries_per_second": round(slowest), "entries": options.entries, **figures}, as_json=options.json)


async def _measured(
    workflow_of: Callable[[int], Workflow[Count, Any, Count]], lengths: tuple[int, int], rounds: int
) -> list[tuple[float, float]]:
    """Return the times of recoveries of a long and a short instance, in seconds, in turn."""
    workflows = [(workflow_of(steps), steps) for steps in lengths]
    async with InMemoryJournal() as long_journal, InMemoryJournal() as short_journal:
        journals = (long_journal, short_journal)
        for journal, (workflow, steps) in zip(journals, workflows, strict=True):
            await _write(journal, workflow, steps)
        pairs: list[tuple[float, float]] = []
        for _ in range(rounds):
            long, short = [
                await _seconds(journal, workflow, steps)
                for journal, (workflow, steps) in zip(journals, workflows, strict=True)
            ]
            pairs.append((long, short))
        return pairs


async def _seconds(journal: InMemoryJournal, workflow: Workflow[Count, Any, Count], steps: int) -> float:
    gc.collect()
    started = time.perf_counter()
    execution = await _recovered(journal, workflow)
    elapsed = time.perf_counter() - started
    assert execution.seq >= steps
    return elapsed


async def _recovered(journal: InMemoryJournal, workflow: Workflow[Count, Any, Count]) -> Execution:
    page = await journal.read("measured", most=_PAGE)
    execution = begin_from(workflow, page[0])
    page = page[1:]
    while page:
        for entry in page:
            execution = apply(execution, entry)
        page = await journal.read("measured", after=execution.seq, most=_PAGE)
    return execution


async def _write(journal: InMemoryJournal, workflow: Workflow[Count, Any, Count], steps: int) -> None:
    """Write the journal of an instance that has run to its end."""
    now = datetime.now(UTC)
    here = first_turn(workflow, Count(0, steps), now)
    await journal.commit(_commit(here, workflow, now))
    number = 0
    while isinstance(here.pending, EffectToRun):
        number += 1
        here = turn(here.execution, event_entry(here.execution, Counted(number), now), now)
        await journal.commit(_commit(here, workflow, now))


def _commit(here: Turn, workflow: Workflow[Any, Any, Any], now: datetime) -> Commit:
    seq = here.execution.seq
    expected = seq - len(here.entries)
    status = status_of(here.pending)
    return Commit("measured", workflow.name, workflow.version, expected, here.entries, status, now, f"{seq}")


if __name__ == "__main__":
    main()
