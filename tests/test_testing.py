"""Does the simulation keep its promises: virtual time, crashes, rest after every call, and typed refusals?"""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from returns.result import Failure, Success

from interpreters import InstancePaused, NotHandled, Runtime, RuntimeStopped, TaskRefused, UnexpectedSignal
from interpreters.errors import TaskRefusal
from interpreters.machine.pending import Outcome, PausedAt, SignalExpected, TimerRunning
from interpreters.testing import (
    START,
    CrashAt,
    CrashingJournal,
    FaultyWorkers,
    NotAnswered,
    Simulation,
    VirtualClock,
)
from journals.entries import Kind, Status
from journals.errors import UnknownInstance
from journals.faulty import AFTER_EFFECT, BEFORE_EFFECT, Crash, Point
from journals.memory import InMemoryJournal
from wio import (
    WIO,
    Early,
    InvalidDefinition,
    Query,
    Signal,
    Task,
    Workflow,
    branch,
    fail,
    handle_signal,
    pure,
    query,
    run_io,
    task,
    wait,
    when,
)

RUNS: list[str] = []
DAY = timedelta(days=1)

ADD = Signal("add", request=int, response=int)
LATER = Signal("later", request=int, response=int, early=Early.KEEP)
STATUS = Query("status", response=str)


def first(number: int) -> int:
    RUNS.append("first")
    return number + 1


def second(number: int) -> int:
    RUNS.append("second")
    return number * 10


def take(number: int, request: int) -> int:
    RUNS.append(f"take {request}")
    return number + request


def event(number: int, taken: int) -> int:
    del number
    return taken


add = handle_signal(ADD, take, event, respond=event)
later = handle_signal(LATER, take, event, respond=event)
steps = run_io(first) >> run_io(second)


def workflow(root: WIO[int, Any, Any]) -> Workflow[int, Any, Any]:
    return Workflow("w", version=1, input=int, root=root)


@pytest.fixture(autouse=True)
def no_runs() -> None:
    RUNS.clear()


def test_thirty_days_pass_in_no_time() -> None:
    waiting = workflow(run_io(first) >> wait(30 * DAY) >> run_io(second))
    began = time.monotonic()
    with Simulation(waiting) as simulation:
        run = simulation.start(waiting, id="i", input=1)
        assert run.pending[0] == TimerRunning("wait", START + 30 * DAY)
        assert RUNS == ["first"]
        simulation.advance(30 * DAY - timedelta(microseconds=1))
        assert RUNS == ["first"]
        simulation.advance(timedelta(microseconds=1))
        assert run.result() == Success(20)
    assert time.monotonic() - began < 5


def test_what_becomes_due_on_the_way_happens_at_its_own_time() -> None:
    waiting = workflow(wait(DAY) >> wait(DAY) >> wait(DAY))
    with Simulation(waiting) as simulation:
        run = simulation.start(waiting, id="i", input=1)
        simulation.advance(10 * DAY)
        assert run.result() == Success(1)
        fired = [entry.recorded_at for entry in run.history if entry.kind is Kind.TIMER_FIRED]
        assert fired == [START + DAY, START + 2 * DAY, START + 3 * DAY]
        assert simulation.clock.now() == START + 10 * DAY


def test_several_instances_wake_up_each_in_its_turn() -> None:
    waiting = workflow(wait(lambda number: number * DAY, name="wait") >> run_io(second))
    with Simulation(waiting) as simulation:
        runs = [simulation.start(waiting, id=f"i{number}", input=number) for number in (3, 1, 2)]
        for ended in (1, 2, 3):
            assert simulation.advance_to_next()
            assert sum(isinstance(run.pending[0], Outcome) for run in runs) == ended
        assert not simulation.advance_to_next()


def test_a_simulation_may_start_at_any_time() -> None:
    start = datetime(1999, 12, 31, tzinfo=UTC)
    with Simulation(waiting := workflow(wait(DAY)), start=start) as simulation:
        run = simulation.start(waiting, id="i", input=1)
        assert run.pending[0] == TimerRunning("wait", start + DAY)


def test_after_a_call_everything_has_come_to_rest() -> None:
    with Simulation(running := workflow(steps >> add)) as simulation:
        run = simulation.start(running, id="i", input=1)
        assert RUNS == ["first", "second"]
        assert isinstance(run.pending[0], SignalExpected)
        assert run.record.status is Status.WAITING
        assert run.signal(ADD, 5) == 25
        assert run.record.status is Status.COMPLETED


def test_a_crash_loses_nothing_that_was_committed() -> None:
    with Simulation(running := workflow(run_io(first) >> wait(DAY) >> run_io(second))) as simulation:
        run = simulation.start(running, id="i", input=1)
        before = run.history
        simulation.crash()
        assert simulation.crashes == 1
        assert run.history == before
        simulation.advance(DAY)
        assert run.result() == Success(20)
        assert RUNS == ["first", "second"]


@pytest.mark.parametrize(
    ("commit", "side", "runs"),
    [
        (1, CrashAt.BEFORE, ["first", "second"]),
        (1, CrashAt.AFTER, ["first", "second"]),
        (2, CrashAt.BEFORE, ["first", "first", "second"]),
        (2, CrashAt.AFTER, ["first", "second"]),
        (3, CrashAt.BEFORE, ["first", "second", "second"]),
        (3, CrashAt.AFTER, ["first", "second"]),
    ],
)
def test_only_the_effect_under_way_runs_again(commit: int, side: CrashAt, runs: list[str]) -> None:
    """A start, two steps: three commits. After the last one the outcome is stored, and no step runs again."""
    with Simulation(running := workflow(steps)) as simulation:
        simulation.crash_at(commit, side)
        run = simulation.start(running, id="i", input=1)
        assert run.result() == Success(20)
        assert simulation.crashes == 1
        assert runs == RUNS


def test_a_lost_attempt_is_in_the_history() -> None:
    with Simulation(running := workflow(steps)) as simulation:
        simulation.crash_at(2, CrashAt.BEFORE)
        run = simulation.start(running, id="i", input=1)
        kinds = [entry.kind for entry in run.history]
        assert kinds == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.EVENT, Kind.COMPLETED]


def test_a_caller_outside_calls_the_next_process_again() -> None:
    """With a key, a signal whose answer was lost is not handled twice."""
    for side in CrashAt:
        RUNS.clear()
        with Simulation(running := workflow(add >> add)) as simulation:
            run = simulation.start(running, id="i", input=1)
            simulation.crash_at(1, side)
            assert run.signal(ADD, 5, key="k") == 6
            assert simulation.crashes == 1
            assert isinstance(run.pending[0], SignalExpected)
            assert run.pending[0].address == "add#2"
            assert ["take 5"] * (2 if side is CrashAt.BEFORE else 1) == RUNS


def test_the_process_may_die_again_and_again() -> None:
    with Simulation(running := workflow(steps)) as simulation:
        simulation.crash_at(1, CrashAt.AFTER)
        run = simulation.start(running, id="i", input=1)
        for _ in range(5):
            simulation.crash()
        assert run.result() == Success(20)
        assert simulation.crashes == 6


def test_an_early_signal_is_refused_or_kept() -> None:
    with Simulation(waiting := workflow(wait(DAY) >> add >> later)) as simulation:
        run = simulation.start(waiting, id="i", input=1)
        with pytest.raises(UnexpectedSignal):
            run.signal(ADD, 1)
        run.send(LATER, 100)
        assert [entry.kind for entry in run.history] == [Kind.STARTED, Kind.TIMER_SET, Kind.SIGNAL_KEPT]
        simulation.advance(DAY)
        assert run.signal(ADD, 10) == 11
        assert run.result() == Success(111)


def test_what_is_sent_is_refused_as_a_signal_is() -> None:
    with Simulation(waiting := workflow(wait(DAY) >> later)) as simulation:
        run = simulation.start(waiting, id="i", input=1)
        with pytest.raises(UnexpectedSignal):
            run.send(ADD, 1)
        run.send(LATER, 1, key="k")
        simulation.crash()
        run.send(LATER, 2, key="k")
        simulation.advance(DAY)
        assert run.result() == Success(2)
        run.send(LATER, 3, key="k")


def test_nothing_is_promised_of_a_kept_signal_that_no_step_takes() -> None:
    deciding = workflow(branch(when(lambda number: number > 0, name="some") >> add, default=later))
    with Simulation(deciding) as simulation:
        run = simulation.start(deciding, id="i", input=1)
        run.send(LATER, 100, key="k")
        with pytest.raises(NotAnswered, match="if a step takes it"):
            run.signal(LATER, 100, key="k")
        run.signal(ADD, 1)
        with pytest.raises(NotHandled):
            run.signal(LATER, 100, key="k")
        run.send(LATER, 100, key="k")
        assert [entry.kind for entry in run.history].count(Kind.SIGNAL_KEPT) == 1


@pytest.mark.parametrize(("point", "runs"), [(BEFORE_EFFECT, 1), (AFTER_EFFECT, 2)], ids=str)
def test_a_process_may_die_on_each_side_of_an_effect(point: Point, runs: int) -> None:
    """Before it, nothing was done; after it, it was, and nobody knows: it runs again."""
    ran: list[int] = []

    def effect(value: int) -> int:
        ran.append(value)
        return value + 1

    flow = Workflow("flow", version=1, input=int, root=run_io(effect))

    async def story() -> None:
        store = InMemoryJournal()
        async with store:
            dying = CrashingJournal(store)
            dying.points.arm(point, Crash())
            runtime = Runtime(dying, [flow], workers=FaultyWorkers(dying.points))
            await runtime.__aenter__()
            instance = await runtime.start(flow, id="a", input=1)
            while not dying.dead:
                await asyncio.sleep(0)
            await dying.bury()
            assert (await store.find("a")).last_seq == 1
            async with Runtime(CrashingJournal(store), [flow]) as other:
                instance = await other.instance(flow, "a")
                assert await instance.result() == Success(2)
                assert [entry.kind for entry in await instance.history()][1:3] == [Kind.ATTEMPT_LOST, Kind.EVENT]

    asyncio.run(story())
    assert ran == [1] * runs


def test_a_task_is_answered_again_after_a_crash_with_its_key() -> None:
    work = Task("work", input=int, output=int)
    with Simulation(working := workflow(task(work, abs))) as simulation:
        run = simulation.start(working, id="i", input=1)
        run.claim("work", by="ann")
        simulation.crash_at(1, CrashAt.AFTER)
        run.complete("work", 7, by="ann", key="k")
        assert simulation.crashes == 1
        run.complete("work", 7, by="ann", key="k")
        with pytest.raises(TaskRefused):
            run.complete("work", 7, by="ann", key="another")
        assert run.result() == Success(7)


def test_who_completes_a_task_in_a_simulation_also_claims_it_and_only_if_nobody_has() -> None:
    work = Task("work", input=int, output=int)
    with Simulation(working := workflow(task(work, abs))) as simulation:
        run = simulation.start(working, id="i", input=1)
        run.claim("work", by="ann")
        with pytest.raises(TaskRefused) as refused:
            run.complete("work", 7, by="bob", key="k")
        assert refused.value.refusal is TaskRefusal.CLAIMED
        run.release("work", by="ann")
        run.complete("work", 7, by="bob", key="k")
        assert run.result() == Success(7)


def test_a_simulation_takes_workflows_one_by_one() -> None:
    several: Any = [workflow(add)]
    program: Any = add
    for given in (several, program):
        with pytest.raises(InvalidDefinition, match=r"is no Workflow.*Simulation\(workflow, another\)"):
            Simulation(workflow(add), given)


def test_a_call_that_would_wait_for_ever_says_so() -> None:
    with Simulation(waiting := workflow(wait(DAY) >> add >> later)) as simulation:
        run = simulation.start(waiting, id="i", input=1)
        with pytest.raises(NotAnswered, match="come to rest"):
            run.result()
        with pytest.raises(NotAnswered):
            run.signal(LATER, 1)
        simulation.advance(DAY)
        run.signal(ADD, 1)
        assert run.result() == Success(3)


def test_a_query_and_a_failure() -> None:
    asked = workflow(query(STATUS, str, steps >> add) >> fail("no"))
    with Simulation(asked) as simulation:
        run = simulation.start(asked, id="i", input=1)
        assert run.query(STATUS) == "20"
        run.signal(ADD, 1)
        assert run.query(STATUS) == "21"
        assert run.result() == Failure("no")
        assert run.record.status is Status.FAILED


def test_a_paused_instance_is_resumed() -> None:
    broken = [OSError("down")]

    def flaky(number: int) -> int:
        if broken:
            raise broken.pop()
        return number

    with Simulation(flawed := workflow(run_io(flaky))) as simulation:
        run = simulation.start(flawed, id="i", input=1)
        assert isinstance(run.pending[0], PausedAt)
        with pytest.raises(InstancePaused, match="OSError: down"):
            run.result()
        simulation.crash()
        assert isinstance(run.pending[0], PausedAt), "a paused instance stays paused"
        run.resume()
        assert run.result() == Success(1)


async def slow(number: int) -> int:
    for _ in range(50):
        await asyncio.sleep(0)
    return number


def test_an_effect_may_take_many_rounds_of_the_event_loop() -> None:
    with Simulation(slowly := workflow(run_io(slow) >> run_io(first))) as simulation:
        assert simulation.start(slowly, id="i", input=1).result() == Success(2)


def test_starting_twice_attaches() -> None:
    with Simulation(running := workflow(steps)) as simulation:
        simulation.start(running, id="i", input=1)
        assert simulation.start(running, id="i", input=1).result() == Success(20)
        assert RUNS == ["first", "second"]


def test_an_instance_that_was_never_started_is_unknown() -> None:
    with Simulation(running := workflow(pure(1))) as simulation:
        simulation.start(running, id="i", input=1)
        with pytest.raises(UnknownInstance):
            simulation.call(lambda: simulation.runtime.result("nobody"))


def test_time_may_be_set() -> None:
    with Simulation(running := workflow(wait(DAY) >> steps)) as simulation:
        run = simulation.start(running, id="i", input=1)
        simulation.advance_to(START + 2 * DAY)
        assert run.result() == Success(20)
        simulation.advance_to(START)
        assert simulation.clock.now() == START + 2 * DAY


def test_a_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock()
    clock.set(START - DAY)
    assert clock.now() == START
    clock.set(START + DAY)
    assert clock.now() == START + DAY


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    async def sleep() -> list[int]:
        clock, woken = VirtualClock(), list[int]()

        async def sleeper(days: int) -> None:
            await clock.sleep_until(START + days * DAY)
            woken.append(days)

        sleepers = [asyncio.create_task(sleeper(days)) for days in (3, 1, 0, 2)]
        await asyncio.sleep(0)
        clock.set(START + 2 * DAY)
        await asyncio.sleep(0)
        assert sorted(woken) == [0, 1, 2]
        clock.set(START + 3 * DAY)
        await asyncio.gather(*sleepers)
        return woken

    assert asyncio.run(sleep()) == [0, 1, 2, 3]


def test_a_simulation_outside_of_its_block_says_what_to_do() -> None:
    flow_that_waits = Workflow("waits", version=1, input=int, root=wait(timedelta(days=1)))
    simulation = Simulation(flow_that_waits)
    with pytest.raises(RuntimeStopped, match=re.escape("use it inside `with Simulation(...)`")):
        simulation.start(flow_that_waits, id="a", input=1)
    with simulation:
        simulation.start(flow_that_waits, id="a", input=1)
    for call in (simulation.advance_to_next, lambda: simulation.advance(timedelta(1)), simulation.crash):
        with pytest.raises(RuntimeStopped, match=re.escape("use it inside `with Simulation(...)`")):
            call()
