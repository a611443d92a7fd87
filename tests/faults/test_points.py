"""Does a crash at any point where a process talks to its store change what becomes of an instance?"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from returns.result import Success

from interpreters.testing import CrashAt, VirtualClock
from journals.entries import Kind
from journals.memory import InMemoryJournal
from journals.ports import Journal
from tests.faults.worker import store
from tests.runtime.killing import AtCommit, AtPoint, Processes
from tests.runtime.running import NOTE, note, run, workflow
from wio import Workflow, child, run_io

_MOST_POINTS = 300


class Effects:
    """Count how often each runs, for one instance after the other."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()

    def first(self, value: int) -> int:
        self.runs["first"] += 1
        return value + 1

    def inner(self, value: int) -> int:
        self.runs["inner"] += 1
        return value + 1

    def last(self, value: str) -> str:
        self.runs["last"] += 1
        return f"{value}!"


def flows(effects: Effects) -> tuple[Workflow[Any, Any, Any], Workflow[Any, Any, Any]]:
    small = workflow(run_io(effects.inner), name="small")
    return workflow(
        run_io(effects.first) >> child(small, result=int, name="child") >> note() >> run_io(effects.last)
    ), small


@asynccontextmanager
async def opened(place: str) -> AsyncGenerator[Journal]:
    journal = InMemoryJournal() if place == "memory" else store(place)
    async with journal:
        yield journal


async def killed_twice(journal: Journal, number: int) -> bool:
    """Let an instance end, whose recovery dies at a point; return False when there were not so many points."""
    effects, id = Effects(), f"i{number}"
    flow, small = flows(effects)
    kills = (AtCommit(2, CrashAt.BEFORE), AtPoint(number))
    processes = Processes(journal, flow, small, clock=VirtualClock(), kills=kills)
    await processes.call(lambda runtime: runtime.start(flow, id=id, input=1))
    await processes.call(lambda runtime: runtime.send(id, NOTE, "seen", "k"))
    assert await processes.call(lambda runtime: runtime.result(id)) == Success("3 seen!")
    await processes.stop()
    for each in (id, f"{id}:child"):
        entries = await journal.read(each)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        once = Counter((entry.kind, entry.address) for entry in entries if entry.kind is not Kind.ATTEMPT_LOST)
        assert set(once.values()) == {1}
    # One run more than one for the first kill, and one for the second.
    assert effects.runs.total() <= 3 + processes.killed
    assert effects.runs["first"] >= 2
    return processes.killed == 2


async def at_every_point(place: str) -> int:
    async with opened(place) as journal:
        for number in range(1, _MOST_POINTS):
            if not await killed_twice(journal, number):
                return number - 1
    raise AssertionError("there is no end of it")


def test_a_recovery_may_die_at_each_of_its_statements_in_memory() -> None:
    """Before and after each call of the journal: the next recovery continues, and no step that is stored runs again."""
    assert run(at_every_point("memory")) > 20


def test_a_recovery_may_die_at_each_of_its_statements(place: str) -> None:
    """The same on a store: before and after each claim, commit, message and answer."""
    assert run(at_every_point(place)) > 20
