"""Does a parent of ten times as many children cost ten times as much, and no more?"""

from __future__ import annotations

import pstats
import tracemalloc
from collections import Counter
from collections.abc import Awaitable, Callable
from cProfile import Profile
from typing import Any, TypeVar

import pytest
from returns.result import Success

from interpreters.testing import VirtualClock
from journals.entries import Commit, Kind
from journals.forwarding import ForwardingJournal
from journals.memory import InMemoryJournal
from tests.runtime.running import DAY, NO_GRACE, run, virtual, workflow
from wio import child, for_each, run_io, wait

T = TypeVar("T")

FEW, MANY = 500, 5_000
MOST_IDLE = 100


class Counting(ForwardingJournal):
    """Counts the calls of a journal, and the entries that it stores and that it gives out."""

    def __init__(self, journal: InMemoryJournal) -> None:
        super().__init__(journal)
        self.counted: Counter[str] = Counter()

    async def around(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Count a call, and entries that are read."""
        self.counted[method] += 1
        returned = await call()
        if method == "read":
            self.counted["entries read"] += len(returned)  # type: ignore[arg-type]
        return returned

    async def commit(self, commit: Commit) -> None:
        """Count what is stored."""
        self.counted["entries stored"] += len(commit.entries)
        await super().commit(commit)


async def played(number: int) -> Counter[str]:
    """Let so many children run, sleep and end, with a restart while they sleep. Return what that has cost."""
    runs: Counter[str] = Counter()

    def pack(item: str) -> str:
        runs[item] += 1
        return item

    inner = workflow(run_io(pack, name="pack", event=str) >> wait(DAY), name="inner", input=str)
    items = [f"i{each}" for each in range(number)]
    parts = for_each(lambda _: items, child(inner, result=str), key=lambda item: item)
    flow = workflow(parts.map(lambda ended: len(ended)), name="outer")
    memory, clock = InMemoryJournal(), VirtualClock()
    memory.close = _stay_open  # type: ignore[method-assign]
    journal = Counting(memory)
    async with virtual(journal, flow, inner, clock=clock, most_idle=MOST_IDLE, grace=NO_GRACE) as runtime:
        await runtime.start(flow, id="p", input=1)
        await runtime.idle()
        assert len(runtime._lives._recent) <= MOST_IDLE + 1
    async with virtual(journal, flow, inner, clock=clock, most_idle=MOST_IDLE, grace=NO_GRACE) as runtime:
        clock.set(clock.now() + DAY)
        instance = await runtime.instance(flow, "p")
        assert await instance.result() == Success(number)
        await runtime.idle()
    assert sum(each.instances for each in await memory.count()) == number + 1
    assert Counter(runs) == Counter(items)
    entries = await memory.read("p", most=10 * number)
    assert sum(entry.kind is Kind.CHILD_STARTED for entry in entries) == number
    return journal.counted


async def _stay_open() -> None:
    """Survive a restart."""


def test_ten_times_as_many_children_cost_ten_times_as_much() -> None:
    """Each begins once, also after a recovery; reads and commits grow with their number, what is in memory does not."""

    async def main() -> tuple[Any, Any]:
        return await played(FEW), await played(MANY)

    few, many = run(main())
    assert few["entries stored"] > 3 * FEW
    more = {what: (few[what], count) for what, count in many.items() if count > 11 * few[what] + 20}
    assert more == {}


@pytest.mark.parametrize("what", ["calls", "bytes"])
def test_ten_times_as_many_children_take_ten_times_the_calls_and_the_memory(what: str) -> None:
    """All calls of functions are counted, and the most bytes held at a time, the store in memory included."""
    measured = _calls if what == "calls" else _peak_bytes
    run(played(10))  # what is done once in a process
    few, many = measured(100), measured(1_000)
    assert 0 < many <= 12 * few  # a square would be a hundred times as much


def _calls(number: int) -> int:
    with Profile() as profile:
        run(played(number))
    return int(vars(pstats.Stats(profile))["total_calls"])


def _peak_bytes(number: int) -> int:
    tracemalloc.start()
    try:
        run(played(number))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
