"""How fast is an instance recovered from its journal? `python -m benchmarks.replay [--mix] [--json]`

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
from typing import Any

import attrs

from benchmarks.playing import NOW, played
from benchmarks.report import report
from benchmarks.workflows import Count, chained, looped, mixed, recursive, wide_each, wide_parallel
from interpreters.machine.transition import JSON
from interpreters.machine.turn import Turn
from interpreters.runtime.journal.reading import read_execution
from journals import Commit, InMemoryJournal, Status
from wio import Workflow


def main() -> None:
    """Measure the chains at two lengths, or with `--mix` the other operators in many rounds and in great width."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--entries", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--mix", action="store_true")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    figures = _mix(options.entries, options.rounds) if options.mix else _chains(options.entries, options.rounds)
    report({"entries": options.entries, **figures}, as_json=options.json)


def _chains(entries: int, rounds: int) -> dict[str, object]:
    kinds: tuple[tuple[str, Callable[[int], Workflow[Count, Any, Any]]], ...] = (
        ("chained", chained),
        ("looped", lambda _: looped()),
        ("recursive", lambda _: recursive()),
    )
    figures: dict[str, object] = {}
    slowest = float("inf")
    for name, workflow_of in kinds:
        found = asyncio.run(_measured(workflow_of, (entries, entries // 10), rounds))
        slowest = min(slowest, found.per_second)
        figures[f"{name}_entries_per_second"] = round(found.per_second)
        figures[f"{name}_time_ratio_10x"] = round(found.time_ratio, 2)
    return {"entries_per_second": round(slowest), **figures}


def _mix(entries: int, rounds: int) -> dict[str, object]:
    """Measure rounds of everything, and how the cost of an entry grows with the width of one part."""
    found = asyncio.run(_measured(lambda _: mixed(), (entries, entries // 10), rounds))
    parallel = asyncio.run(_measured(lambda width: wide_parallel(width), (1_000, 10), rounds))
    each = asyncio.run(_measured(lambda _: wide_each(), (10_000, 10), rounds))
    asked = asyncio.run(_measured(lambda _: wide_each(asked=True), (10_000, 10), rounds))
    return {
        "entries_per_second": round(found.per_second),
        "time_ratio_10x": round(found.time_ratio, 2),
        "parallel_1000_cost_ratio": round(parallel.cost_ratio, 2),
        "each_10000_cost_ratio": round(each.cost_ratio, 2),
        "asked_each_10000_cost_ratio": round(asked.cost_ratio, 2),
    }


@attrs.frozen
class _Found:
    """Holds the medians: entries a second of the long journal, its time by the short one's, and so per entry."""

    per_second: float
    time_ratio: float
    cost_ratio: float


async def _measured(
    workflow_of: Callable[[int], Workflow[Count, Any, Any]], lengths: tuple[int, int], rounds: int
) -> _Found:
    """Measure recoveries of a long and a short instance, in turn."""
    workflows = [workflow_of(steps) for steps in lengths]
    async with InMemoryJournal() as long_journal, InMemoryJournal() as short_journal:
        journals = (long_journal, short_journal)
        long, short = [
            await _write(journal, workflow, steps)
            for journal, workflow, steps in zip(journals, workflows, lengths, strict=True)
        ]
        repeats = max(1, min(200, long // short))
        pairs: list[tuple[float, float]] = []
        for _ in range(rounds):
            long_s = await _seconds(long_journal, workflows[0], long)
            # What is very short is measured many times over: a clock and a collection would count for more than it.
            short_s = statistics.median([await _seconds(short_journal, workflows[1], short) for _ in range(repeats)])
            pairs.append((long_s, short_s))
    return _Found(
        long / statistics.median(long_s for long_s, _ in pairs),
        statistics.median(long_s / short_s for long_s, short_s in pairs),
        statistics.median((long_s / long) / (short_s / short) for long_s, short_s in pairs),
    )


async def _seconds(journal: InMemoryJournal, workflow: Workflow[Count, Any, Any], entries: int) -> float:
    gc.collect()
    started = time.perf_counter()
    execution = await read_execution(journal, "measured", workflow, JSON)
    elapsed = time.perf_counter() - started
    assert execution.seq == entries
    return elapsed


async def _write(journal: InMemoryJournal, workflow: Workflow[Count, Any, Any], steps: int) -> int:
    """Write the journal of an instance that has run to its end. Return the number of its entries."""
    here: Turn | None = None
    for here in played(workflow, steps):
        await journal.commit(_commit(here, workflow))
    return 0 if here is None else here.execution.seq


def _commit(here: Turn, workflow: Workflow[Any, Any, Any]) -> Commit:
    seq = here.execution.seq
    expected = seq - len(here.entries)
    status = Status.RUNNING if here.execution.outcome is None else Status.COMPLETED
    return Commit("measured", workflow.name, workflow.version, expected, here.entries, status, NOW, f"{seq}")


if __name__ == "__main__":
    main()
