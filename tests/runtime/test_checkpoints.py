"""Does a runtime go on from the last checkpoint, also under a new version, and read nothing before it?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters.errors import InstancePaused
from interpreters.testing import CrashAt, NoThreads, Simulation, VirtualClock
from journals.entries import Commit, Entry, Kind, Status
from journals.memory import InMemoryJournal
from journals.ports import Journal
from tests.runtime.running import FaultyJournal, run, virtual, workflow
from wio import WIO, checkpoint, loop, now, recovered, run_io, wait

HOUR = timedelta(hours=1)


def step(effect: Any = 1, name: str = "s") -> WIO[int, Any, int]:
    return run_io(effect if callable(effect) else lambda _: effect, name=name, event=int)


def after(value: int) -> int:
    return value + 1


def polling(most: int, *, checked: bool = True, pause: int | None = None) -> WIO[int, Any, int]:
    """Return a loop that counts, and waits for an hour before its last round, or at `pause`."""
    at = most - 1 if pause is None else pause
    back = wait(lambda value: HOUR if value == at else timedelta(0), name="rest")
    return loop(step(after, "check"), until=lambda value: value >= most, back=back, checkpoint=int if checked else None)


class Counting(FaultyJournal):
    """Counts the entries that are read."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.read_entries = 0

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        page = await super().read(instance_id, after=after, most=most)
        self.read_entries += len(page)
        return page


def test_a_loop_of_many_rounds_is_read_from_its_last_one() -> None:
    flow = workflow(polling(2_000))

    async def test() -> None:
        journal = InMemoryJournal()
        async with journal:
            async with virtual(journal, flow, workers=NoThreads()) as runtime:
                await runtime.start(flow, id="i", input=0)
                await runtime.idle()
                before = await runtime.pending("i")
                last = (await journal.find("i")).last_seq
            counting = Counting(journal)
            async with virtual(counting, flow, workers=NoThreads()) as runtime:
                assert await runtime.pending("i") == before
            assert last > 7_000
            assert counting.read_entries < 120
            assert counting.calls["find_key"] == 1

    run(test())


def test_a_checkpoint_costs_no_commit_of_its_own() -> None:
    async def commits(root: WIO[int, Any, int]) -> int:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(root)
        async with virtual(journal, flow, workers=NoThreads()) as runtime:
            instance = await runtime.start(flow, id="i", input=0)
            await instance.result()
        return len(journal.commits)

    def counted(checked: bool) -> WIO[int, Any, int]:
        return loop(step(after), until=lambda value: value >= 20, checkpoint=int if checked else None)

    assert run(commits(counted(True))) == run(commits(counted(False)))


def test_a_new_version_goes_on_behind_the_checkpoint() -> None:
    old = workflow(checkpoint(step(5, "weigh") >> step(6, "wrap"), result=int, name="pack") >> wait(HOUR) >> step(7))
    pack = checkpoint(step(1, "measure"), result=int, name="pack")
    new = workflow(pack >> wait(HOUR) >> step(lambda value: value * 2))
    assert _continued(old, new) == Success(12)


def test_what_a_new_version_needs_before_it_goes_on_is_recorded() -> None:
    old = workflow(step(5, "gone") >> wait(HOUR) >> step(7))
    taken = recovered("gone", event=int, handler=lambda _, event: event)
    new = workflow(taken >> now(lambda value, _: value) >> step(lambda value: value * 2, "new"))
    assert _continued(old, new, last=2) == Success(10)


def _continued(old: Any, new: Any, last: int = 1_000) -> Any:
    """Return the result under a new version of an instance of which the old one has written the first entries."""

    async def test() -> Any:
        journal, clock = InMemoryJournal(), VirtualClock()
        async with virtual(InMemoryJournal(), old, clock=clock, workers=NoThreads()) as runtime:
            await runtime.start(old, id="flow", input=0)
            await runtime.idle()
            entries = (await runtime.history("flow"))[:last]
        at = entries[-1].recorded_at
        async with journal:
            await journal.commit(Commit("flow", old.name, 1, 0, entries, Status.WAITING, at, "token", at + HOUR))
            async with virtual(journal, new, clock=clock, workers=NoThreads()) as runtime:
                clock.set(clock.now() + HOUR)
                await runtime.idle()
                return await (await runtime.instance(new, "flow")).result()

    return run(test())


def test_an_instance_whose_last_round_does_not_fit_is_paused() -> None:
    async def test() -> None:
        journal, old = InMemoryJournal(), workflow(polling(5))
        other = workflow(loop(step(after, "other"), until=lambda value: value >= 5, checkpoint=int))
        async with journal:
            async with virtual(FaultyJournal(journal), old, workers=NoThreads()) as runtime:
                await runtime.start(old, id="i", input=0)
                await runtime.idle()
            await journal.open()
            async with virtual(journal, other, workers=NoThreads()) as runtime:
                with pytest.raises(InstancePaused, match=r"loop\[4\]/check"):
                    await runtime.pending("i")

    run(test())


@pytest.mark.parametrize("side", CrashAt)
def test_a_crash_at_any_commit_changes_nothing(side: CrashAt) -> None:
    root = checkpoint(step(after, "a") >> step(after, "b"), result=int) >> polling(6) >> step(after, "c")
    flow = workflow(root)

    def ran(commit: int) -> tuple[object, list[str], int]:
        with Simulation(flow) as simulation:
            simulation.crash_at(commit, side)
            instance = simulation.start(flow, id="i", input=0)
            while simulation.advance_to_next():
                pass
            told = [entry.address for entry in instance.history if entry.kind is not Kind.ATTEMPT_LOST]
            return instance.result(), told, simulation.commits

    calm = ran(10_000)
    assert calm[0] == Success(7)
    for commit in range(1, calm[2] + 1):
        assert ran(commit)[:2] == calm[:2]
