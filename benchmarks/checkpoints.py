"""What does a checkpoint save a recovery, and cost a live run? `python -m benchmarks.checkpoints [--json]`

An instance in the last of many rounds is recovered as a runtime does after a crash, from a journal in memory and from
SQLite, once with a checkpoint after each round and once without. The medians count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.playing import NOW, played
from benchmarks.report import report
from benchmarks.workflows import Count, looped
from interpreters import Runtime
from interpreters.machine.turn import Turn, together
from journals import Commit, Entry, InMemoryJournal, SqliteJournal, Status
from journals.forwarding import ForwardingJournal
from journals.ports import Journal
from wio import Workflow

_ID = "measured"
_TURNS_IN_A_COMMIT = 500


def main() -> None:
    """Measure recoveries with and without checkpoints."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=100_000)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    figures = asyncio.run(_measured(options.rounds, options.repeats))
    report({"rounds": options.rounds, **figures}, as_json=options.json)


async def _measured(rounds: int, repeats: int) -> dict[str, object]:
    figures: dict[str, object] = {}
    for name, checked in (("checkpointed", True), ("plain", False)):
        workflow = looped(checked=checked)
        started = time.perf_counter()
        turns = list(itertools.islice(played(workflow, rounds + 1), rounds + 1))
        figures[f"live_us_a_round_{name}"] = round((time.perf_counter() - started) / rounds * 1_000_000, 2)
        with tempfile.TemporaryDirectory() as folder:
            for store, journal in (("", InMemoryJournal()), ("sqlite_", SqliteJournal(Path(folder) / "journal.db"))):
                seconds, read = await _recovered(journal, workflow, turns, repeats)
                figures[f"{store}recover_ms_{name}"] = round(seconds * 1_000, 2)
                figures[f"{store}entries_read_{name}"] = read
    return figures


async def _recovered(
    journal: Journal, workflow: Workflow[Count, Any, Any], turns: list[Turn], repeats: int
) -> tuple[float, int]:
    """Return the median of the times that a fresh runtime takes to tell what is pending, and the entries it read."""
    async with journal:
        for commit in _commits(workflow, turns):
            await journal.commit(commit)
        times: list[float] = []
        counting = _Counting(journal)
        for _ in range(repeats):
            counting.read_entries = 0
            async with Runtime(counting, [workflow]) as runtime:
                gc.collect()
                started = time.perf_counter()
                await runtime.pending(_ID)
                times.append(time.perf_counter() - started)
    return statistics.median(times), counting.read_entries


def _commits(workflow: Workflow[Count, Any, Any], turns: list[Turn]) -> list[Commit]:
    """Return the commits of an instance that only waits, so that no runtime runs it on."""
    commits: list[Commit] = []
    for first in range(0, len(turns), _TURNS_IN_A_COMMIT):
        turn = together(turns[first : first + _TURNS_IN_A_COMMIT])
        expected = turn.execution.seq - len(turn.entries)
        commits.append(
            Commit(_ID, workflow.name, workflow.version, expected, turn.entries, Status.WAITING, NOW, f"{first}")
        )
    return commits


class _Counting(ForwardingJournal):
    """Passes everything on to a journal that stays open, and counts the entries that are read."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.read_entries = 0

    async def open(self) -> None:
        """Do nothing: it is open."""

    async def close(self) -> None:
        """Do nothing: it stays open."""

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """See `Journal`."""
        page = await super().read(instance_id, after=after, most=most)
        self.read_entries += len(page)
        return page

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """See `Journal`."""
        found = await super().find_key(instance_id, key)
        self.read_entries += found is not None
        return found


if __name__ == "__main__":
    main()
