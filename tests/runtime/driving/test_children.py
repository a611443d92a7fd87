"""Are children started once, waited for, told to cancel, and linked to their parents, whatever dies and when?"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Never

import attrs
import pytest
from returns.result import Failure, Result, Success

from interpreters import ChildRunning, InstanceCancelled, InstancePaused, PausedAt, Runtime, UnknownWorkflow, recover
from interpreters.machine.recorded import ChildEnd, ChildEnded, ChildStarted, Parent
from interpreters.machine.turn import first_turn
from interpreters.testing import (
    START,
    CrashAt,
    Crashed,
    CrashingJournal,
    NotAnswered,
    NoThreads,
    SimulatedInstance,
    Simulation,
    VirtualClock,
)
from journals.codecs import JsonCodec
from journals.entries import Commit, Entry, Kind, Status
from journals.errors import JournalUnavailable, UnknownInstance
from journals.memory import InMemoryJournal
from journals.sharing import Released
from journals.sqlite import SqliteJournal
from tests.runtime.running import NO_GRACE, Effect, FaultyJournal, Gate, rounds, run, virtual
from wio import (
    WIO,
    ParentClose,
    Query,
    Retry,
    Signal,
    Workflow,
    catch,
    check,
    child,
    fail,
    for_each,
    parallel,
    pure,
    query,
    race,
    receive_signal,
    retrying,
    run_io,
    saga,
    start_child,
    undoable,
    wait,
)

RUNS: Counter[str] = Counter()
STOP = Signal("stop", request=str, response=str)
GO = Signal("go", request=str, response=str)
STATE = Query("state", response=str)
DAY = timedelta(days=1)


@attrs.frozen
class Closed:
    """Is what shipping may fail with."""

    why: str


def pack(order: str) -> str:
    RUNS[f"pack {order}"] += 1
    return f"{order} packed"


def unpack(_: object) -> str:
    RUNS["unpack"] += 1
    return "unpacked"


def pay(order: str) -> str:
    RUNS[f"pay {order}"] += 1
    return f"{order} paid"


def decide(order: str) -> Result[str, Closed]:
    return Failure(Closed("holiday")) if "closed" in order else Success(order)


go: WIO[str, Never, str] = receive_signal(GO, lambda order, _: order, respond=lambda _, why: why)
stop: WIO[str, Never, str] = receive_signal(STOP, lambda order, why: f"{order} {why}", respond=lambda _, why: why)

packing: Workflow[str, Never, str] = Workflow("packing", version=1, input=str, root=run_io(pack))
shipping: Workflow[str, Closed, str] = Workflow(
    "shipping", version=3, input=str, root=check(decide) >> child(packing, result=str) >> run_io(pay)
)
waiting: Workflow[str, Never, str] = Workflow(
    "waiting", version=1, input=str, root=query(STATE, lambda order: f"at {order}", go >> run_io(pack))
)
undoing: Workflow[str, Never, str] = Workflow(
    "undoing", version=1, input=str, root=saga(undoable(run_io(pack), run_io(unpack)) >> go)
)
ship = child(shipping, result=str, error=Closed)


def shop(root: WIO[Any, Any, Any]) -> Workflow[str, Any, Any]:
    return Workflow("shop", version=1, input=str, root=root)


def kinds(instance: SimulatedInstance[Any, Any]) -> list[tuple[str, str]]:
    return [(entry.kind.value, entry.address) for entry in instance.history]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    RUNS.clear()


# The happy way


def test_two_levels_of_children_end_as_their_parent_does() -> None:
    parent = shop(ship)
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="a lamp")
        assert run.result() == Success("a lamp packed paid")
        assert RUNS == {"pack a lamp": 1, "pay a lamp packed": 1}
        assert kinds(run) == [
            ("started", ""),
            ("child_started", "shipping"),
            ("child_ended", "shipping"),
            ("completed", ""),
        ]
        inner = simulation.instance(packing, "s:shipping:packing")
        assert inner.result() == Success("a lamp packed")


def test_parent_and_child_name_each_other() -> None:
    parent = shop(ship)
    codec = JsonCodec()
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="a lamp")
        _, started, ended, _ = run.history
        assert started.payload == codec.encode(ChildStarted("s:shipping", "shipping", 3), ChildStarted)
        assert ended.payload == codec.encode(ChildEnded("s:shipping", ChildEnd.COMPLETED), ChildEnded)
        first = simulation.instance(shipping, "s:shipping").history[0]
        assert first.response == codec.encode(Parent("s", "shipping"), Parent)


def test_an_error_of_the_child_is_typed_in_the_parent() -> None:
    parent = shop(ship.handle_error(catch(Closed, pure("not shipped"))))
    with Simulation(parent) as simulation:
        assert simulation.start(parent, id="s", input="closed").result() == Success("not shipped")
        assert simulation.instance(shipping, "s:shipping").result() == Failure(Closed("holiday"))


def test_a_hundred_children_in_a_for_each() -> None:
    """Each begins once, and all come together."""

    def orders(_: str) -> list[str]:
        return [f"order {number}" for number in range(100)]

    parent = shop(for_each(orders, ship, key=lambda order: order))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="all")
        result = run.result().unwrap()
        assert len(result) == 100
        assert result["order 42"] == "order 42 packed paid"
        assert set(RUNS.values()) == {1}
        assert len(RUNS) == 200


# Waiting


def test_a_parent_that_waits_for_a_child_is_a_row() -> None:
    parent = shop(child(waiting, result=str))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        (running,) = run.pending
        assert isinstance(running, ChildRunning)
        assert run.record.status is Status.WAITING
        assert run.record.detail == "waits for child s:waiting at waiting"
        simulation.crash()
        assert run.pending == (running,)
        inner = simulation.instance(waiting, "s:waiting")
        inner.signal(GO, "now")
        assert run.result() == Success("x packed")


def test_a_timer_beside_a_child_fires_at_its_time() -> None:
    parent = shop(race(child(waiting, result=str), wait(DAY) >> pure("late")))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        simulation.crash()
        assert simulation.runtime.next_wake_up() == simulation.clock.now() + DAY
        simulation.advance(DAY)
        assert run.result() == Success("late")
        with pytest.raises(InstanceCancelled):
            simulation.instance(waiting, "s:race[waiting]/waiting").result()


def test_a_paused_child_does_not_pause_its_parent() -> None:
    effect = Effect(ValueError("broken"), "mended")
    broken = Workflow("broken", version=1, input=str, root=run_io(effect, name="work", event=str))
    parent = shop(child(broken, result=str))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        inner = simulation.instance(broken, "s:broken")
        assert inner.record.status is Status.PAUSED
        assert run.record.status is Status.WAITING
        with pytest.raises(NotAnswered):
            run.result()
        inner.resume()
        assert run.result() == Success("mended")


def test_a_child_that_ends_while_no_process_can_tell_is_found_at_recovery() -> None:
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, parent) as runtime:
            await runtime.start(parent, id="s", input="x")
            await runtime.idle()
        async with virtual(journal, waiting, recover=False) as runtime:
            inner = await runtime.instance(waiting, "s:waiting")
            await inner.signal(GO, "now")
            assert await inner.result() == Success("x packed")
        async with virtual(journal, parent) as runtime:
            instance = await runtime.instance(parent, "s")
            assert await instance.result() == Success("x packed")

    run(main())


@pytest.mark.parametrize("levels", [1, 2])
def test_a_parent_that_goes_on_by_itself_lets_its_child_go_on_whose_time_is_over(levels: int, tmp_path: Path) -> None:
    slow: Workflow[str, Never, str] = Workflow("slow", version=1, input=str, root=wait(DAY) >> run_io(pack))
    middle: Workflow[str, Never, str] = Workflow("middle", version=1, input=str, root=child(slow, result=str))
    parent = shop(child(slow if levels == 1 else middle, result=str))

    async def main() -> None:
        clock = VirtualClock()
        for day in range(2):
            clock.set(START + 2 * day * DAY)
            async with virtual(SqliteJournal(tmp_path / "x.db"), parent, clock=clock, recover=False) as runtime:
                instance = await runtime.start(parent, id="s", input="x")
                await runtime.idle()
                status = (await instance.record()).status
                assert (status, sum(RUNS.values())) == ((Status.COMPLETED, 1) if day else (Status.WAITING, 0))

    run(main())


def test_a_parent_that_goes_on_by_itself_lets_its_child_go_on_at_its_time(tmp_path: Path) -> None:
    slow: Workflow[str, Never, str] = Workflow("slow", version=1, input=str, root=wait(DAY) >> run_io(pack))
    parent = shop(child(slow, result=str))

    async def main() -> None:
        clock = VirtualClock()
        async with virtual(SqliteJournal(tmp_path / "x.db"), parent, clock=clock) as runtime:
            await runtime.start(parent, id="s", input="x")
            await runtime.idle()
        async with virtual(SqliteJournal(tmp_path / "x.db"), parent, clock=clock, recover=False) as runtime:
            instance = await runtime.start(parent, id="s", input="x")
            await runtime.idle()
            assert runtime.next_wake_up() == START + DAY
            clock.set(START + DAY)
            assert await instance.result() == Success("x packed")

    run(main())


def test_a_parent_that_goes_on_by_itself_lets_its_child_go_on_whose_process_has_died(tmp_path: Path) -> None:
    parent = shop(child(packing, result=str))

    async def main() -> None:
        async with SqliteJournal(tmp_path / "x.db") as store:
            dying = CrashingJournal(store)
            dying.crash_at(3, CrashAt.BEFORE)
            with contextlib.suppress(Crashed):
                async with virtual(dying, parent, workers=NoThreads()) as runtime:
                    await runtime.start(parent, id="s", input="x")
                    await runtime.idle()
            assert dying.dead
            assert (await store.find("s:packing")).status is Status.RUNNING
        async with virtual(SqliteJournal(tmp_path / "x.db"), parent, recover=False) as runtime:
            instance = await runtime.start(parent, id="s", input="x")
            await runtime.idle()
            assert await instance.result() == Success("x packed")
            inner = await runtime.instance(packing, "s:packing")
            assert Kind.ATTEMPT_LOST in [entry.kind for entry in await inner.history()]
        assert RUNS == {"pack x": 2}

    run(main())


def test_a_child_that_only_waits_is_not_read_when_its_parent_goes_on(tmp_path: Path) -> None:
    parent = shop(race(child(waiting, result=str), stop))

    async def main() -> None:
        journal = FaultyJournal(SqliteJournal(tmp_path / "x.db"))
        async with virtual(journal, parent) as runtime:
            await runtime.start(parent, id="s", input="x")
            await runtime.idle()
        async with virtual(journal, parent, recover=False) as runtime:
            await runtime.start(parent, id="s", input="x")
            journal.calls.clear()
            await runtime.idle()
            assert journal.calls["read"] == 1  # its first entry only, which names the parent
            assert runtime.next_wake_up() is None

    run(main())


def test_a_child_that_goes_on_already_is_left_alone_when_its_parent_is_read_again() -> None:
    gate = Gate("packed")
    busy: Workflow[str, Never, str] = Workflow("busy", version=1, input=str, root=wait(DAY) >> run_io(gate, event=str))
    parent = shop(child(busy, result=str))

    async def main() -> None:
        clock = VirtualClock()
        async with virtual(InMemoryJournal(), parent, clock=clock, most_idle=0) as runtime:
            ids = [f"s{number}" for number in range(3)]
            for id in ids:
                await runtime.start(parent, id=id, input="x")
            await runtime.idle()

            async def look_again() -> None:
                for id in ids:
                    await runtime.start(parent, id=id, input="x")
                await rounds()

            await look_again()
            assert runtime.next_wake_up() == START + DAY
            clock.set(START + DAY)
            await rounds()
            assert gate.runs == 3
            await look_again()
            gate.open.set()
            for id in ids:
                assert await (await runtime.instance(parent, id)).result() == Success("packed")
            assert gate.runs == 3

    run(main())


def test_no_task_waits_for_a_child() -> None:
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        async with virtual(InMemoryJournal(), parent) as runtime:
            before = len(asyncio.all_tasks())
            for number in range(20):
                await runtime.start(parent, id=f"s{number}", input="x")
            await runtime.idle()
            assert len(asyncio.all_tasks()) == before

    run(main())


def test_a_store_that_is_away_for_a_while_loses_no_child() -> None:
    parent = shop(child(packing, result=str))

    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        async with virtual(journal, parent) as runtime:
            journal.fail("commit", None, JournalUnavailable("away"), late=True)
            instance = await runtime.start(parent, id="s", input="x")
            assert await instance.result() == Success("x packed")
        assert RUNS == {"pack x": 1}

    run(main())


# Ids


def test_an_id_that_is_taken_pauses_the_step() -> None:
    parent = shop(child(packing, result=str, id=lambda order: f"pack {order}"))
    other = Workflow("other", version=1, input=str, root=pure(1))
    with Simulation(parent, other) as simulation:
        simulation.start(other, id="pack a", input="a")
        run = simulation.start(parent, id="s", input="a")
        with pytest.raises(InstancePaused, match="InstanceExists: Instance 'pack a' exists with workflow 'other'"):
            run.result()
        simulation.start(packing, id="pack b", input="b")
        run = simulation.start(parent, id="t", input="b")
        with pytest.raises(InstancePaused, match="exists with another parent, none"):
            run.result()
        run.cancel()
        with pytest.raises(InstanceCancelled):
            run.result()
        assert simulation.instance(packing, "pack b").result() == Success("b packed")


def test_an_id_that_is_taken_is_told_with_the_step_that_wants_it_and_what_helps() -> None:
    parent = shop((run_io(pay) >> child(packing, result=str, id=lambda _: "taken", name="wrap")).named("back"))
    with Simulation(parent) as simulation:
        simulation.start(packing, id="taken", input="x")
        run = simulation.start(parent, id="s", input="x")
        with pytest.raises(InstancePaused) as raised:
            run.result()
        assert raised.value.address == "back/wrap"
        assert raised.value.problem == (
            "InstanceExists: Instance 'taken' exists with another parent, none. So the step 'back/wrap' of instance 's'"
            " cannot have it as its child. Let the step's `id` function make another id, or leave it out; then resume"
            " instance 's': the id is made anew."
        )


def test_a_resume_makes_the_id_anew_that_was_taken() -> None:
    ids = ["taken"]
    parent = shop(child(packing, result=str, id=lambda _: ids[-1]))
    with Simulation(parent) as simulation:
        simulation.start(packing, id="taken", input="x")
        run = simulation.start(parent, id="s", input="x")
        run.resume()
        with pytest.raises(InstancePaused, match="exists with another parent"):
            run.result()
        ids.append("free")  # as a restart with another function would
        run.resume()
        assert run.result() == Success("x packed")
        assert simulation.instance(packing, "free").result() == Success("x packed")
        assert recover(parent, run.history, id="s").outcome is not None


def test_a_child_that_has_begun_keeps_its_id() -> None:
    ids = ["first"]
    wrong: Any = int
    parent = shop(child(packing, result=wrong, id=lambda _: ids[-1]))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        ids.append("second")
        run.resume()
        with pytest.raises(InstancePaused, match="WrongPayload"):
            run.result()
        with pytest.raises(UnknownInstance):
            simulation.instance(packing, "second")


def test_two_parents_cannot_have_one_child() -> None:
    parent = shop(child(waiting, result=str, id=lambda _: "one"))
    with Simulation(parent) as simulation:
        simulation.start(parent, id="s", input="x")
        second = simulation.start(parent, id="t", input="x")
        with pytest.raises(InstancePaused, match=r'another parent, \{"address":"waiting","instance":"s"\}'):
            second.result()


def test_an_instance_that_only_has_the_id_of_a_child_is_left_alone() -> None:
    parent = shop(child(waiting, result=str, id=lambda _: "mine"))
    with Simulation(parent) as simulation:
        simulation.start(waiting, id="mine", input="x")
        run = simulation.start(parent, id="s", input="x")
        assert isinstance(run.pending[0], PausedAt)
        run.cancel()
        with pytest.raises(InstanceCancelled):
            run.result()
        assert simulation.instance(waiting, "mine").record.status is Status.WAITING


def test_a_child_that_is_not_wanted_any_more_does_not_begin() -> None:
    """The process has died between the commit that decides on the child, and the child's own first one."""
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        journal = InMemoryJournal()
        entries = first_turn(parent, "x", START, id="s").entries
        await journal.open()
        await journal.commit(Commit("s", "shop", 1, 0, entries, Status.WAITING, START, "token", wake_up=START))
        async with virtual(journal, parent, recover=False) as runtime:
            instance = await runtime.instance(parent, "s")
            await instance.cancel()
            with pytest.raises(InstanceCancelled):
                await instance.result()
            with pytest.raises(UnknownInstance):
                await runtime.instance(waiting, "s:waiting")

    run(main())


def test_a_long_chain_of_ids_still_fits() -> None:
    parent = shop(ship)
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s" * 195, input="x")
        assert run.result() == Success("x packed paid")


def test_the_children_of_a_workflow_are_known_to_its_runtime_but_not_those_of_a_continuation() -> None:
    hidden = shop(pure("x").flat_map(lambda _: child(packing, result=str)))
    with Simulation(hidden) as simulation:
        run = simulation.start(hidden, id="s", input="x")
        with pytest.raises(InstancePaused, match=UnknownWorkflow.__name__):
            run.result()
    with Simulation(hidden, packing) as simulation:
        assert simulation.start(hidden, id="s", input="x").result() == Success("x packed")


# Ends that nobody planned for


def test_a_child_that_is_cancelled_by_itself_pauses_the_step() -> None:
    parent = shop(child(waiting, result=str))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        simulation.instance(waiting, "s:waiting").cancel()
        (paused,) = run.pending
        assert isinstance(paused, PausedAt)
        assert paused.problem.type == "ChildWithoutResult"
        run.resume()
        with pytest.raises(InstancePaused, match="was cancelled"):
            run.result()
        run.cancel()
        with pytest.raises(InstanceCancelled):
            run.result()


def test_a_part_around_it_can_say_how_to_go_on_without_the_child() -> None:
    parent = shop(retrying(child(waiting, result=str), Retry(attempts=1), lambda order, _: Success(f"{order} alone")))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        simulation.instance(waiting, "s:waiting").cancel()
        assert run.result() == Success("x alone")


def test_a_result_of_another_type_pauses_the_step() -> None:
    untyped: Any = packing
    root = child(untyped, result=int)
    parent = shop(root)
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        with pytest.raises(InstancePaused, match="WrongPayload: The result of child 's:packing'"):
            run.result()


def test_code_after_a_child_that_raises_pauses_the_step() -> None:
    parent = shop(child(packing, result=str).map(lambda text: 1 // len(text[:0])))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        with pytest.raises(InstancePaused, match="ZeroDivisionError"):
            run.result()


def test_a_child_whose_first_functions_raise_pauses_the_step() -> None:
    bad = Workflow("bad", version=1, input=str, root=pure(0).map(lambda zero: 1 // zero) >> run_io(str, name="work"))
    parent = shop(child(bad, result=str))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        with pytest.raises(InstancePaused, match="ZeroDivisionError"):
            run.result()
        with pytest.raises(UnknownInstance):
            simulation.instance(bad, "s:bad")


# The end of the parent


def status_of(simulation: Simulation, workflow: Workflow[Any, Any, Any], id: str) -> Status:
    return simulation.instance(workflow, id).record.status


@pytest.mark.parametrize(
    ("on_close", "status"),
    [(ParentClose.CANCEL, Status.CANCELLED), (ParentClose.ABANDON, Status.WAITING)],
)
def test_the_end_of_the_parent_closes_a_child_that_was_only_started(on_close: ParentClose, status: Status) -> None:
    parent = shop(start_child(waiting, on_close=on_close) >> run_io(pay))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        assert run.result() == Success("x paid")
        assert status_of(simulation, waiting, "s:waiting") is status


def test_the_end_of_the_parent_closes_a_child_that_is_being_looked_at() -> None:
    """The parent ends in the very moment in which a task of it looks how far the child has come."""
    leaf: Workflow[int, Never, int] = Workflow("leaf", version=1, input=int, root=pure(1))
    started = start_child(leaf, on_close=ParentClose.CANCEL, name="s")
    both = parallel(started, child(leaf, result=int, name="c")).map(len)
    parent = Workflow("parent", version=1, input=int, root=both)
    with Simulation(parent, leaf) as simulation:
        assert simulation.start(parent, id="p", input=1).result() == Success(2)


def test_the_end_of_the_parent_waits_for_its_child() -> None:
    parent = shop(start_child(waiting, on_close=ParentClose.WAIT) >> run_io(pay))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        assert run.record.status is Status.WAITING
        simulation.crash()
        simulation.instance(waiting, "s:waiting").signal(GO, "now")
        assert run.result() == Success("x paid")
        assert kinds(run)[-2:] == [("child_ended", "waiting[child]/left"), ("completed", "")]


def test_a_child_can_be_signalled_as_soon_as_start_child_is_over() -> None:
    parent = shop(start_child(waiting, on_close=ParentClose.WAIT) >> stop)
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        assert simulation.instance(waiting, "s:waiting").query(STATE) == "at x"
        simulation.instance(waiting, "s:waiting").signal(GO, "now")
        assert ("child_ended", "waiting[child]/left") in kinds(run)
        run.signal(STOP, "enough")
        assert run.result() == Success("x enough")


@pytest.mark.parametrize(
    ("on_close", "status"),
    [
        (ParentClose.CANCEL, Status.CANCELLED),
        (ParentClose.ABANDON, Status.WAITING),
        (ParentClose.WAIT, Status.WAITING),
    ],
)
def test_a_lost_race_closes_the_child(on_close: ParentClose, status: Status) -> None:
    parent = shop(race(child(waiting, result=str, on_close=on_close), stop))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        inner = "s:race[waiting]/waiting"
        run.signal(STOP, "enough")
        assert status_of(simulation, waiting, inner) is status
        if on_close is ParentClose.WAIT:
            assert run.record.status is Status.WAITING
            simulation.instance(waiting, inner).signal(GO, "now")
        assert run.result() == Success("x enough")


@pytest.mark.parametrize("crash", [False, True])
def test_a_cancel_goes_down_all_levels_and_undoes(crash: bool) -> None:
    """A cancel of the parent reaches children and grandchildren."""
    middle: Workflow[str, Never, str] = Workflow("middle", version=1, input=str, root=child(undoing, result=str))
    parent = shop(child(middle, result=str))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        if crash:
            simulation.crash()
        run.cancel()
        with pytest.raises(InstanceCancelled):
            run.result()
        assert status_of(simulation, middle, "s:middle") is Status.CANCELLED
        assert status_of(simulation, undoing, "s:middle:undoing") is Status.CANCELLED
        assert RUNS == {"pack x": 1, "unpack": 1}


def test_a_failure_of_the_parent_closes_its_children() -> None:
    parent = shop(start_child(waiting) >> fail("no"))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        assert run.result() == Failure("no")
        assert status_of(simulation, waiting, "s:waiting") is Status.CANCELLED


# Crashes

STORIES: dict[str, tuple[Workflow[str, Any, Any], Result[Any, Any] | None, dict[str, Status]]] = {
    "two levels": (shop(ship), Success("x packed paid"), {"s:shipping": Status.COMPLETED}),
    "start, cancel": (
        shop(start_child(waiting) >> run_io(pay)),
        Success("x paid"),
        {"s:waiting": Status.CANCELLED},
    ),
    "start, abandon": (
        shop(start_child(waiting, on_close=ParentClose.ABANDON) >> run_io(pay)),
        Success("x paid"),
        {"s:waiting": Status.WAITING},
    ),
    "start, wait": (
        shop(start_child(packing, on_close=ParentClose.WAIT) >> run_io(pay)),
        Success("x paid"),
        {"s:packing": Status.COMPLETED},
    ),
    "race, cancel": (
        shop(race(child(undoing, result=str), stop)),
        Success("x enough"),
        {"s:race[undoing]/undoing": Status.CANCELLED},
    ),
    "race, abandon": (
        shop(race(child(waiting, result=str, on_close=ParentClose.ABANDON), stop)),
        Success("x enough"),
        {"s:race[waiting]/waiting": Status.WAITING},
    ),
}


def told(story: str, simulation: Simulation) -> None:
    parent, result, children = STORIES[story]
    run = simulation.start(parent, id="s", input="x")
    if "race" in story:
        run.signal(STOP, "enough", key="once")
    assert run.result() == result
    for id, status in children.items():
        record = simulation.call(lambda id=id: simulation.runtime.journal.find(id))  # type: ignore[misc]
        assert (record.id, record.status) == (id, status)
    assert [entry.kind for entry in run.history].count(Kind.CHILD_STARTED) == 1


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("side", CrashAt)
def test_a_crash_at_any_commit_changes_nothing(story: str, side: CrashAt) -> None:
    """What is started twice is one child."""
    with Simulation(STORIES[story][0]) as simulation:
        told(story, simulation)
        commits = simulation.commits
    effects = dict(RUNS)
    assert commits > 3
    for commit in range(1, commits + 1):
        RUNS.clear()
        with Simulation(STORIES[story][0]) as simulation:
            simulation.crash_at(commit, side)
            told(story, simulation)
            assert simulation.crashes == 1
            # What was under way when the process died runs again: an effect of each instance. All else runs once.
            assert set(RUNS) == set(effects)
            assert sum(RUNS.values()) <= len(effects) + (2 if story == "start, wait" else 1)


def test_everything_comes_to_rest_at_once() -> None:
    async def main() -> None:
        parent = shop(ship)
        async with virtual(InMemoryJournal(), parent) as runtime:
            instance = await runtime.start(parent, id="s", input="x")
            assert await instance.result() == Success("x packed paid")
            await rounds()
            assert runtime.is_idle

    run(main())


# A parent and its child in two processes


async def apart(journal: InMemoryJournal, parent: Workflow[str, Any, Any], owner: Any, other: Any) -> None:
    """Return when `other` owns the child that `owner` has started, and `owner` its parent."""
    await owner.start(parent, id="s", input="x")
    await rounds()
    epoch = await journal.owner("s:waiting")
    assert epoch is not None
    live = owner._lives.get("s:waiting")
    async with live.lock:
        await owner._membership.member.release([Released("s:waiting", None)])
        live.forget()
    await other._membership.claim_instance("s:waiting")
    assert await journal.owner("s:waiting") != await journal.owner("s") == epoch


def test_the_end_of_a_child_reaches_its_parent_in_another_process() -> None:
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, parent) as owner, virtual(journal, parent, recover=False) as other:
            await apart(journal, parent, owner, other)
            await (await other.instance(waiting, "s:waiting")).signal(GO, "now")
            assert await (await owner.instance(parent, "s")).result() == Success("x packed")
            assert RUNS == {"pack x": 1}

    run(main())


def test_the_end_of_a_child_reaches_its_parent_that_goes_away_meanwhile() -> None:
    """The parent is released, and claimed by another process, while the commit that ends the child is under way."""
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        async with virtual(journal, parent) as owner, virtual(journal, parent, recover=False) as other:
            instance = await owner.start(parent, id="s", input="x")
            await owner.idle()
            live = owner._lives.get("s")

            async def goes_away() -> None:
                await owner._membership.member.release([Released("s", None)])
                live.forget()
                assert await other.pending("s")

            journal.fail("commit", goes_away, late=True)
            await (await owner.instance(waiting, "s:waiting")).signal(GO, "now")
            assert await instance.result() == Success("x packed")

    run(main())


async def ended_untold(
    store: InMemoryJournal, parent: Workflow[str, Any, Any], meanwhile: Callable[[Any], Any]
) -> None:
    """Let a child end whose process dies before it can tell anybody; `meanwhile` is called before that is stored."""
    journal, stored = FaultyJournal(store), asyncio.Event()

    async def dies() -> None:
        epoch = owner._membership.member.epoch
        owner._running = False  # it hears of nothing any more
        store.expel(epoch)
        stored.set()
        await asyncio.Event().wait()

    async with virtual(journal, parent, grace=NO_GRACE) as owner:
        await owner.start(parent, id="s", input="x")
        await owner.idle()
        signalled = await owner.instance(waiting, "s:waiting")
        journal.fail("commit", None, partial(meanwhile, owner))  # the event of the signal comes first
        journal.fail("commit", None, dies, late=True)
        sent = asyncio.create_task(signalled.signal(GO, "now"))
        await stored.wait()
        sent.cancel()
    await store.open()  # the runtime has closed it
    assert (await store.find("s:waiting")).status is Status.COMPLETED


def test_the_end_of_a_child_reaches_its_parent_that_goes_away_before_that_is_stored() -> None:
    """Who owns the parent has looked at the child before it has ended, and the child's process cannot tell any more."""
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, parent, recover=False) as other:

            async def goes_away(owner: Runtime) -> None:
                await owner._membership.member.release([Released("s", None)])
                owner._lives.get("s").forget()
                assert await other.pending("s")
                await rounds()

            await ended_untold(journal, parent, goes_away)
            await rounds()
            assert (await journal.find("s")).status is Status.COMPLETED

    run(main())


def test_the_end_of_a_child_reaches_its_parent_that_was_only_read() -> None:
    """No commit of the parent says that it is to be looked at when its process dies."""
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        journal = InMemoryJournal()

        async def sleeps_on(owner: Runtime) -> None:
            await owner._membership.member.release([Released("s", None)])
            owner._lives.get("s").forget()
            assert await owner.pending("s")

        await ended_untold(journal, parent, sleeps_on)
        async with virtual(journal, parent) as runtime:
            await runtime.idle()
            assert (await journal.find("s")).status is Status.COMPLETED

    run(main())


BY_PARENT = '{"by":"s","text":"its parent, which has no need of it any more at waiting"}'


def cancels(entries: Iterable[Entry]) -> list[str]:
    """Return what was said with the commands to cancel."""
    return [entry.payload.text for entry in entries if entry.kind is Kind.CANCELLING and entry.payload]


def test_a_child_that_its_parent_cancels_says_so_in_its_history() -> None:
    parent = shop(child(waiting, result=str))
    with Simulation(parent) as simulation:
        simulation.start(parent, id="s", input="x").cancel(by="ada")
        kid = simulation.instance(waiting, "s:waiting")
        assert kid.record.status is Status.CANCELLED
        assert cancels(kid.history) == [BY_PARENT]


def test_a_cancel_reaches_a_child_in_another_process() -> None:
    parent = shop(child(waiting, result=str))

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, parent) as owner, virtual(journal, parent, recover=False) as other:
            await apart(journal, parent, owner, other)
            instance = await owner.instance(parent, "s")
            await instance.cancel()
            with pytest.raises(InstanceCancelled):
                await instance.result()
            assert (await journal.find("s:waiting")).status is Status.CANCELLED
            assert cancels(await journal.read("s:waiting")) == [BY_PARENT]

    run(main())


def test_the_end_of_the_parent_closes_its_child_in_another_process() -> None:
    parent = shop(start_child(waiting) >> stop)

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, parent) as owner, virtual(journal, parent, recover=False) as other:
            await apart(journal, parent, owner, other)
            instance = await owner.instance(parent, "s")
            await instance.signal(STOP, "enough")
            assert await instance.result() == Success("x enough")
            assert (await journal.find("s:waiting")).status is Status.CANCELLED

    run(main())


@pytest.mark.parametrize("on_close", [ParentClose.CANCEL, ParentClose.WAIT])
def test_a_child_that_was_left_and_whose_data_is_deleted_keeps_nobody(on_close: ParentClose) -> None:
    """It has ended, so that its parent can end too; a step that needs its result is paused."""
    parent = shop(child(waiting, result=str, on_close=on_close))
    with Simulation(parent) as simulation:
        instance = simulation.start(parent, id="s", input="x")
        instance.pause()
        kid = simulation.instance(waiting, "s:waiting")
        kid.signal(GO, "now")
        kid.request_data_deletion()
        instance.resume()
        assert instance.record.detail.startswith("paused at waiting: InstanceDataDeleted")
        instance.cancel()
        assert instance.record.status is Status.CANCELLED
