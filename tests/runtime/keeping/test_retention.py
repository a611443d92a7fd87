"""Are instances removed when their time has come, and nothing of those that are still needed?"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from returns.result import Success

from interpreters import Client, Runtime
from interpreters.machine.transition import JSON
from interpreters.runtime.driving.live import LiveInstances
from interpreters.runtime.keeping.housekeeping import Housekeeping
from interpreters.runtime.keeping.removing import ArchiveFailing
from interpreters.runtime.keeping.retention import Retention
from interpreters.testing import VirtualClock
from journals.archives import FolderArchive, file_of, read_archived
from journals.entries import Entry, InstanceRecord, Message, Status
from journals.errors import JournalUnavailable
from journals.forwarding import ForwardingJournal
from journals.laws.samples import AT, commit, entry
from journals.memory import InMemoryJournal
from journals.memory.members import Messages
from journals.ports import Journal
from tests.runtime.running import APPROVE, DAY, Approval, Effect, FaultyJournal, approval, kinds, rounds, run, workflow
from tests.runtime.running import virtual as virtual_runtime
from wio import InvalidDefinition, Workflow, child, pure, run_io, start_child
from wio.nodes import ParentClose

OLD = VirtualClock(AT + 31 * DAY)
FLOW: Workflow[Any, Any, Any] = workflow(run_io(int, name="s", event=int))


class Shelf:
    """Is an archive in memory that raises what it is told to, for some instances."""

    def __init__(self, **failing: Exception) -> None:
        self.failing = failing
        self.given: list[str] = []
        self.kept: dict[str, tuple[Entry, ...]] = {}

    async def store(self, record: InstanceRecord, entries: tuple[Entry, ...]) -> None:
        self.given.append(record.id)
        if record.id in self.failing:
            raise self.failing[record.id]
        self.kept[record.id] = entries


class _KeptOpen(ForwardingJournal):
    """Is the same journal for a second runtime, whose end does not close it."""

    async def close(self) -> None:
        return


class Pauses:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def keeping(
    journal: Journal,
    retention: Retention | None = None,
    *names: str,
    clock: VirtualClock = OLD,
    pause: Pauses | None = None,
) -> Housekeeping:
    workflows = frozenset(names or ("workflow",))
    lives = LiveInstances(1_000, lambda: None)
    return Housekeeping(journal, lives, workflows, retention or Retention(), JSON, clock, pause or Pauses())


@contextlib.asynccontextmanager
async def ended(*instance_ids: str) -> AsyncGenerator[InMemoryJournal]:
    """Give a journal with instances that ended at `AT`, and a microsecond later the next one."""
    async with InMemoryJournal() as journal:
        for number, each in enumerate(instance_ids):
            at = AT + number * timedelta(microseconds=1)
            await journal.commit(commit(each, 0, status=Status.COMPLETED, at=at))
        yield journal


async def left(journal: Journal) -> list[str]:
    return [each.id for each in await journal.find_all()]


async def removed(journal: InMemoryJournal, instance_id: str) -> None:
    assert await journal.remove([await journal.find(instance_id)]) == (instance_id,)


# Whose time has come


def test_who_ended_long_ago_is_removed_and_nobody_else() -> None:
    async def main() -> None:
        async with ended("old", "older") as journal:
            await journal.commit(commit("young", 0, status=Status.FAILED, at=AT + 2 * DAY))
            await journal.commit(commit("goes on", 0, status=Status.WAITING))
            await journal.commit(commit("paused", 0, status=Status.PAUSED))
            assert await keeping(journal).go_round() == 2
            assert await left(journal) == ["goes on", "paused", "young"]

    run(main())


def test_the_day_on_which_the_period_ends_is_the_last_one() -> None:
    async def main() -> None:
        async with ended("a") as journal:
            clock = VirtualClock(AT + 30 * DAY)
            assert await keeping(journal, clock=clock).go_round() == 0
            clock.set(AT + 30 * DAY + timedelta(microseconds=1))
            assert await keeping(journal, clock=clock).go_round() == 1

    run(main())


def test_only_workflows_of_the_runtime_are_removed_each_at_its_time() -> None:
    """Another service on the same journal may keep its own for longer."""

    async def main() -> None:
        async with InMemoryJournal() as journal:
            for name in ("order", "audit", "short", "of others"):
                flow = workflow(pure(1), name=name)
                async with virtual_runtime(journal, flow, clock=VirtualClock(AT)) as runtime:
                    await (await runtime.start(flow, id=name, input=1)).result()
                await journal.open()
            retention = Retention.of({"audit": None, "short": timedelta(hours=1)})
            names = ("order", "audit", "short")
            assert await keeping(journal, retention, *names, clock=VirtualClock(AT + DAY)).go_round() == 1
            assert await left(journal) == ["audit", "of others", "order"]
            assert await keeping(journal, retention, *names).go_round() == 1
            assert await left(journal) == ["audit", "of others"]

    run(main())


@pytest.mark.parametrize("retention", [Retention.forever(), Retention(timedelta.max)])
def test_what_is_kept_for_ever_is_not_removed(retention: Retention) -> None:
    async def main() -> None:
        async with ended("a") as journal:
            assert await keeping(journal, retention).go_round() == 0

    run(main())


@pytest.mark.parametrize(
    "wrong", [{"period": 30}, {"period": timedelta(-1)}, {"batch": 0}, {"workflows": (("order", 7),)}]
)
def test_a_retention_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidDefinition):
        Retention(**wrong)


# Who is still needed


@pytest.mark.parametrize("waits", [True, False], ids=["child", "start_child"])
def test_a_child_is_kept_as_long_as_its_parent_goes_on(waits: bool) -> None:
    """Fault 56: its parent may be recovered, and ask it for its result again."""
    inner = workflow(pure(7), name="inner")
    step = child(inner, name="c", result=int) if waits else start_child(inner, name="c", on_close=ParentClose.ABANDON)
    flow = workflow(step >> approval())

    async def main() -> None:
        store, clock = InMemoryJournal(), VirtualClock(AT)
        async with virtual_runtime(store, flow, clock=clock) as runtime:
            parent = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            (child_id,) = [each for each in await left(store) if each != "a"]
            clock.set(AT + 31 * DAY)
            assert await keeping(store, None, "flow", "inner", clock=clock).go_round() == 0
            assert await left(store) == sorted(["a", child_id])
            await parent.signal(APPROVE, Approval("Ada"))
            await parent.result()
            assert await keeping(store, None, "flow", "inner", clock=clock).go_round() == 1
            clock.set(AT + 62 * DAY)
            store._messages = Messages()  # it is long ago that the parent was told of the end of what it has abandoned
            assert await keeping(store, None, "flow", "inner", clock=clock).go_round() == 1
            assert await left(store) == []

    run(main())


def test_who_may_be_a_child_is_kept_when_nobody_can_tell() -> None:
    async def main() -> None:
        async with InMemoryJournal() as journal:
            start = entry(1, response=entry(1, "no parent").payload)
            await journal.commit(commit("a", 0, [start], status=Status.COMPLETED))
            assert await keeping(journal).go_round() == 0

    run(main())


# In small batches


def test_a_round_is_one_question_when_there_is_nothing_to_do() -> None:
    async def main() -> None:
        async with ended() as store:
            journal = FaultyJournal(store)
            await keeping(journal, None, *(f"workflow {n}" for n in range(50))).go_round()
            assert journal.calls == {"find_ended": 1}

    run(main())


def test_many_are_removed_in_batches_with_a_pause_after_each() -> None:
    async def main() -> None:
        ids = [f"{number:02}" for number in range(25)]
        async with ended(*ids) as store:
            journal, pauses = FaultyJournal(store), Pauses()
            assert await keeping(journal, Retention(batch=10), pause=pauses).go_round() == 25
            assert journal.calls["remove"] == len(pauses.seconds) == 3
            assert all(seconds >= 0.05 for seconds in pauses.seconds)

    run(main())


def test_long_histories_make_smaller_batches() -> None:
    async def main() -> None:
        async with InMemoryJournal() as store:
            for name in "abc":
                entries = [entry(seq) for seq in range(1, 3_001)]
                await store.commit(commit(name, 0, entries, status=Status.COMPLETED))
            journal = FaultyJournal(store)
            assert await keeping(journal).go_round() == 3
            assert journal.calls["remove"] == 3

    run(main())


def test_those_that_are_kept_do_not_hide_those_behind_them() -> None:
    """A page of which nobody can be removed is passed, slowly."""

    async def main() -> None:
        async with ended(*"abcd") as journal:
            for each in "ab":
                journal._messages.put(Message(each, "signal", "approve", None, "key"))
            pauses = Pauses()
            assert await keeping(journal, Retention(batch=2), pause=pauses).go_round() == 2
            assert await left(journal) == ["a", "b"]
            assert pauses.seconds[0] == 1.0

    run(main())


def test_who_meets_another_at_the_same_work_leaves_it_to_it() -> None:
    async def main() -> None:
        async with ended(*"abcdef") as store:
            journal = FaultyJournal(store)
            journal.fail("remove", lambda: removed(store, "b"))
            assert await keeping(journal, Retention(batch=2)).go_round() == 1
            assert await left(store) == list("cdef")

    run(main())


# The archive


def test_each_is_archived_before_it_is_removed(tmp_path: Path) -> None:
    async def main() -> None:
        async with ended("a", "b/c") as journal:
            records = await journal.find_all()
            assert await keeping(journal, Retention(archive=FolderArchive(tmp_path))).go_round() == 2
            assert await left(journal) == []
            for record in records:
                assert read_archived(tmp_path / file_of(record)) == (record, (entry(1),))

    run(main())


def test_who_cannot_be_archived_stays_and_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with ended(*"abc") as journal:
            shelf = Shelf(b=OSError("the disk is full"))
            house = keeping(journal, Retention(archive=shelf))
            assert await house.go_round() == 2
            assert await left(journal) == ["b"]
            del shelf.failing["b"]
            assert await house.go_round() == 1
            assert (shelf.given, set(shelf.kept)) == (list("abcb"), set("abc"))

    run(main())
    assert [each.getMessage() for each in caplog.records] == [
        "Instance b is kept, as it cannot be archived: OSError('the disk is full')"
    ]


def test_an_archive_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    async def main() -> None:
        async with ended(*"abcdef") as journal:
            shelf = Shelf(**dict.fromkeys("abcdef", OSError()))
            with pytest.raises(ArchiveFailing):
                await keeping(journal, Retention(archive=shelf)).go_round()
            assert shelf.given == list("abc")
            assert await left(journal) == list("abcdef")

    run(main())


def test_what_changes_while_it_is_archived_is_kept() -> None:
    """Fault 56: somebody goes on with an instance after it was read for the archive."""

    async def main() -> None:
        async with ended("a") as store:
            journal, shelf = FaultyJournal(store), Shelf()
            journal.fail("remove", lambda: store.commit(commit("a", 1, status=Status.COMPLETED)))
            assert await keeping(journal, Retention(archive=shelf)).go_round() == 0
            assert shelf.given == ["a"]
            assert [each.seq for each in await store.read("a")] == [1, 2]

    run(main())


def test_an_instance_that_another_process_has_removed_is_not_archived_in_part() -> None:
    """Fault 56: it is gone between the look and the reading."""

    async def main() -> None:
        async with ended("a", "b") as store:
            journal, shelf = FaultyJournal(store), Shelf()
            journal.fail("read", lambda: removed(store, "a"))
            assert await keeping(journal, Retention(archive=shelf)).go_round() == 1
            assert shelf.given == ["b"]

    run(main())


# In a runtime


def test_a_runtime_removes_once_a_minute_by_its_clock() -> None:
    async def main() -> None:
        store, clock = InMemoryJournal(), VirtualClock(AT)
        async with virtual_runtime(store, FLOW, clock=clock, retention=Retention(DAY)) as runtime:
            await (await runtime.start(FLOW, id="a", input=1)).result()
            await rounds()
            for after in (timedelta(hours=23), timedelta(hours=25)):
                assert await left(store) == ["a"]
                clock.set(AT + after)
                await rounds()
            assert await left(store) == []

    run(main())


def test_the_patrol_outlives_a_store_that_is_away_and_an_archive_that_fails() -> None:
    async def main() -> None:
        store, clock, shelf = InMemoryJournal(), VirtualClock(AT), Shelf(a=OSError(), b=OSError(), c=OSError())
        journal = FaultyJournal(store)
        retention = Retention(DAY, archive=shelf)
        async with virtual_runtime(journal, FLOW, clock=clock, retention=retention) as runtime:
            for each in "abc":
                await (await runtime.start(FLOW, id=each, input=1)).result()
            await rounds()
            journal.fail("find_ended", JournalUnavailable("away"))
            for hours in (30, 31):
                clock.set(AT + timedelta(hours=hours))
                await rounds()
            assert shelf.given == list("abc")
            shelf.failing.clear()
            clock.set(AT + timedelta(hours=32))
            await rounds()
            assert await left(store) == []

    run(main())


def test_a_clock_of_the_callers_removes_nothing_unless_it_is_asked_for() -> None:
    async def main() -> None:
        store, clock = InMemoryJournal(), VirtualClock(AT)
        async with virtual_runtime(store, FLOW, clock=clock) as runtime:
            await (await runtime.start(FLOW, id="a", input=1)).result()
            clock.set(AT + 1_000 * DAY)
            await rounds()
            assert await left(store) == ["a"]

    run(main())


def test_a_runtime_without_a_clock_keeps_for_thirty_days() -> None:
    assert Runtime(InMemoryJournal(), [FLOW])._retention == Retention(timedelta(days=30))


# An id that is free again


def test_an_id_is_started_anew_by_a_runtime_that_remembers_the_old_instance() -> None:
    """Fault 56: an ended instance is in memory, and somebody else has removed it from the journal."""

    async def main() -> None:
        effect = Effect(1, 2)
        flow = workflow(run_io(effect, name="s", event=int))
        journal = InMemoryJournal()
        async with virtual_runtime(journal, flow) as runtime:
            assert await (await runtime.start(flow, id="a", input=1)).result() == Success(1)
            await removed(journal, "a")
            again = await runtime.start(flow, id="a", input=5)
            assert await again.result() == Success(2)
            assert len(await kinds(again)) == 3

    run(main())


def test_an_ended_instance_is_not_remembered_for_long() -> None:
    """Fault 56: another process has removed it, and started another under its id: that one's result counts."""

    async def main() -> None:
        effect = Effect(1, 2)
        flow = workflow(run_io(effect, name="s", event=int))
        journal, clock = InMemoryJournal(), VirtualClock(AT)
        async with virtual_runtime(journal, flow, clock=clock, retention=Retention.forever()) as runtime:
            old = await runtime.start(flow, id="a", input=1)
            assert await old.result() == Success(1)
            await rounds()
            clock.set(AT + timedelta(minutes=2))
            await rounds()
            await removed(journal, "a")
            async with virtual_runtime(_KeptOpen(journal), flow, clock=clock) as other:
                await (await other.start(flow, id="a", input=5)).result()
            assert await old.result() == Success(2)

    run(main())


def test_a_client_starts_an_id_anew_that_is_removed_while_it_looks() -> None:
    """Fault 56: the id is taken when the client starts, and free when it looks who has it."""

    async def main() -> None:
        store = InMemoryJournal()
        async with virtual_runtime(store, FLOW) as runtime:
            await (await runtime.start(FLOW, id="a", input=1)).result()
        journal = FaultyJournal(store)
        async with Client(journal, [FLOW]) as client:
            journal.fail("find", lambda: removed(store, "a"))
            instance = await client.start(FLOW, id="a", input=5)
            assert (await instance.record()).last_seq == 1

    run(main())
