"""Is an attempt broken off when its time is over, and does the class of what an effect raises decide?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from returns.io import IOFailure
from returns.result import Failure, Result, Success

from interpreters import EffectToRun, InstanceFailed, InstancePaused
from interpreters.history import activities
from interpreters.machine.recorded import Decided
from interpreters.testing import START, NoThreads, Simulation, VirtualClock
from journals.entries import Kind, Status
from journals.memory import InMemoryJournal
from tests.runtime.running import NO_GRACE, Effect, Gate, kinds, rounds, run, told, virtual, workflow
from wio import Exceeded, Fixed, GivenUp, Retry, parallel, pure, retrying, run_io, timeout

SECOND = timedelta(seconds=1)
POLICY = Retry(attempts=2, backoff=Fixed(SECOND), attempt_timeout=5 * SECOND)


class Held:
    """Is a plain function that waits in its thread until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.free = threading.Event()
        self.ended = threading.Semaphore(0)
        self.runs = 0

    def __call__(self, _value: int) -> int:
        self.runs += 1
        first = self.runs == 1
        self.begun.release()
        if first:
            self.free.wait(10)
        self.ended.release()
        return 10 * self.runs


async def in_thread(call: Callable[[], Any]) -> None:
    assert await asyncio.to_thread(call)


def test_a_coroutine_that_takes_too_long_is_cancelled_and_tried_again() -> None:
    async def main() -> None:
        clock, gate = VirtualClock(), Gate(7)
        flow = workflow(run_io(gate, name="s", event=int, retry=POLICY))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            clock.set(START + 4 * SECOND)
            await rounds()
            assert gate.broken_off == 0
            clock.set(START + 5 * SECOND)
            await rounds()
            assert gate.broken_off == 1
            failed = told((await instance.history())[1])
            assert (failed.error.type, failed.decided, failed.retry_at) == (
                "TimeoutError",
                Decided.RETRY,
                START + 6 * SECOND,
            )
            gate.open.set()
            clock.set(START + 6 * SECOND)
            assert await instance.result() == Success(7)

    run(main())


def test_a_plain_function_that_takes_too_long_is_abandoned_and_its_late_result_refused() -> None:
    async def main() -> None:
        clock, held = VirtualClock(), Held()
        flow = workflow(run_io(held, name="s", event=int, retry=POLICY))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await in_thread(lambda: held.begun.acquire(timeout=10))
            await rounds()
            clock.set(START + 5 * SECOND)
            await rounds()
            clock.set(START + 6 * SECOND)
            assert await instance.result() == Success(20)
            held.free.set()
            await in_thread(lambda: held.ended.acquire(timeout=10) and held.ended.acquire(timeout=10))
            await rounds()
            assert await kinds(instance) == [Kind.STARTED, Kind.ATTEMPT_FAILED, Kind.EVENT, Kind.COMPLETED]
            assert await instance.result() == Success(20)

    run(main())


def test_what_an_attempt_still_says_when_it_was_broken_off_is_refused() -> None:
    async def stubborn(value: int) -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return 99
        return value

    async def main() -> None:
        clock = VirtualClock()
        flow = workflow(run_io(stubborn, retry=Retry(attempts=1, attempt_timeout=SECOND)))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await rounds()
            clock.set(START + SECOND)
            with pytest.raises(InstancePaused, match=r"TimeoutError: Attempt 1 of 'stubborn' took too long"):
                await instance.result()

    run(main())


def test_an_attempt_that_ends_in_time_is_not_broken_off() -> None:
    async def main() -> None:
        clock, gate = VirtualClock(), Gate(7)
        flow = workflow(run_io(gate, name="s", event=int, retry=POLICY) >> run_io(gate, name="t", event=int))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            gate.open.set()
            await rounds()
            clock.set(START + timedelta(days=1))
            assert await instance.result() == Success(7)
            assert gate.broken_off == 0

    run(main())


@pytest.mark.parametrize(("is_late", "end"), [(True, Kind.ATTEMPT_FAILED), (False, Kind.ATTEMPT_LOST)])
def test_an_attempt_whose_time_is_over_as_the_runtime_stops_ends_once(is_late: bool, end: Kind) -> None:
    async def main() -> None:
        journal, clock, gate = InMemoryJournal(), VirtualClock(), Gate()
        flow = workflow(run_io(gate, name="s", event=int, retry=POLICY))
        runtime = await virtual(journal, flow, clock=clock, grace=NO_GRACE).__aenter__()
        await runtime.start(flow, id="a", input=1)
        await gate.begun.wait()
        if is_late:
            clock.set(START + 5 * SECOND)
        await runtime.__aexit__(None, None, None)
        async with journal:
            entries = await journal.read("a")
            assert [entry.kind for entry in entries] == [Kind.STARTED, end]
            assert (await journal.find("a")).status is Status.WAITING
        gate.open.set()
        async with virtual(journal, flow, clock=VirtualClock(START + 9 * SECOND)) as runtime:
            assert await (await runtime.instance(flow, "a")).result() == Success(1)

    run(main())


def test_a_timeout_in_the_grace_period_is_recorded_and_nothing_begins_after_it() -> None:
    async def main() -> None:
        journal, clock, gate = InMemoryJournal(), VirtualClock(), Gate()
        flow = workflow(run_io(gate, name="s", event=int, retry=POLICY))
        runtime = await virtual(journal, flow, clock=clock).__aenter__()
        await runtime.start(flow, id="a", input=1)
        await gate.begun.wait()
        leaving = asyncio.create_task(runtime.__aexit__(None, None, None))
        await rounds()
        clock.set(START + 5 * SECOND)
        await leaving
        async with journal:
            entries = await journal.read("a")
            assert [entry.kind for entry in entries] == [Kind.STARTED, Kind.ATTEMPT_FAILED]
            record = await journal.find("a")
            assert (record.status, record.wake_up) == (Status.WAITING, START + 6 * SECOND)
        assert gate.runs == 1

    run(main())


def test_a_withdrawn_attempt_is_no_failed_one_although_its_time_is_over() -> None:
    async def main() -> None:
        clock, gate = VirtualClock(), Gate()
        slow = run_io(gate, name="s", event=int, retry=POLICY)
        flow = workflow(timeout(slow, 5 * SECOND, pure(0)))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            clock.set(START + 5 * SECOND)
            assert await instance.result() == Success(0)

    run(main())


def test_the_time_of_all_attempts_breaks_off_the_last_one() -> None:
    async def main() -> None:
        clock, gate = VirtualClock(), Gate()
        effect = Effect(OSError("gone"), gate)
        policy = Retry(backoff=Fixed(SECOND), overall=10 * SECOND)
        flow = workflow(run_io(effect, name="s", event=int, retry=policy))
        async with virtual(InMemoryJournal(), flow, clock=clock, workers=NoThreads()) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await rounds()
            clock.set(START + SECOND)
            await gate.begun.wait()
            clock.set(START + 10 * SECOND)
            with pytest.raises(InstancePaused, match="TimeoutError: Attempt 2 of 's' took too long"):
                await instance.result()
            first, second = [told(entry) for entry in (await instance.history())[1:]]
            assert (first.decided, first.until) == (Decided.RETRY, START + 10 * SECOND)
            assert second.decided is Decided.PAUSE

    run(main())


def test_an_attempt_does_not_begin_when_the_time_of_all_is_over() -> None:
    effect = Effect(OSError("gone"), 5)
    policy = Retry(backoff=Fixed(SECOND), overall=10 * SECOND)
    flow = workflow(run_io(effect, name="s", event=int, retry=policy))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        simulation.clock.set(START + 60 * SECOND)  # no process was there to try again in time
        simulation.crash()
        with pytest.raises(InstancePaused, match="its time was over before it began"):
            instance.result()
        assert effect.runs == 1


# The class of the error


def test_a_step_that_fails_the_instance_is_told_by_its_result_its_record_and_its_history() -> None:
    def refused(_: int) -> int:
        raise PermissionError("not you")

    flow = workflow(run_io(refused, retry=Retry(fail_on=(PermissionError,))).handle_error(pure(0)))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        with pytest.raises(InstanceFailed, match="PermissionError: not you, in attempt 1") as raised:
            instance.result()
        assert raised.value.given_up == GivenUp("PermissionError", "not you", 1)
        assert instance.record.status is Status.FAILED
        events = [row.event for row in activities(flow.name, instance.history)]
        assert events[-3:] == ["activity failed", "workflow failing", "workflow failed"]
        simulation.crash()
        with pytest.raises(InstanceFailed):
            instance.result()


def test_history_tells_that_a_step_was_given_up_and_does_not_say_paused() -> None:
    def skipped(value: int, _: GivenUp) -> Result[int, str]:
        return Success(-value)

    flow = workflow(retrying(run_io(Effect(OSError("gone")), name="s", event=int), Retry(attempts=1), skipped))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        assert instance.result() == Success(-1)
        events = [row.event for row in activities(flow.name, instance.history)]
        assert events[-3:] == ["activity failed", "activity given up", "workflow completed"]


class Refusal:
    """Is a reason that is no exception."""


def test_the_content_of_an_io_failure_decides() -> None:
    effect = Effect(IOFailure(Refusal()), IOFailure(OSError("gone")), IOFailure(ValueError("no")))
    policy = Retry(on=(Refusal, OSError), backoff=Fixed(SECOND), exceeded=Exceeded.FAIL)
    flow = workflow(run_io(effect, name="s", event=int, retry=policy))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        simulation.advance(2 * SECOND)
        with pytest.raises(InstanceFailed) as raised:
            instance.result()
        assert raised.value.given_up == GivenUp("ValueError", "no", 3)


def test_what_a_handler_raises_is_neither_tried_again_nor_does_it_fail_the_instance() -> None:
    def wrong(_: int, _event: int) -> int:
        raise OSError("in the handler")

    effect = Effect(1)
    policy = Retry(on=(OSError,), fail_on=(Exception,), exceeded=Exceeded.FAIL)
    flow = workflow(run_io(effect, wrong, name="s", event=int, retry=policy))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        with pytest.raises(InstancePaused, match="in the handler"):
            instance.result()
        assert effect.runs == 1


def test_the_class_decides_although_the_message_cannot_be_recorded() -> None:
    class Mute(OSError):
        def __str__(self) -> str:
            raise ValueError("no words")

    flow = workflow(run_io(Effect(Mute(), 3), name="s", event=int, retry=Retry(on=(OSError,), backoff=Fixed(SECOND))))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        simulation.advance(SECOND)
        assert instance.result() == Success(3)


def test_a_branch_that_fails_the_instance_breaks_the_others_off() -> None:
    async def main() -> None:
        gate = Gate()

        async def refused(_: int) -> int:
            await gate.begun.wait()
            raise PermissionError("not you")

        bad = run_io(refused, retry=Retry(fail_on=(PermissionError,)))
        flow = workflow(parallel(bad, run_io(gate, name="s", event=int)))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(InstanceFailed):
                await instance.result()
            await rounds()
            assert gate.broken_off == 1

    run(main())


def test_a_given_up_error_of_the_workflow_itself_is_returned() -> None:
    flow = workflow(
        retrying(
            run_io(Effect(OSError("gone")), name="s", event=int), Retry(attempts=1), lambda _, given: Failure(given)
        )
    )
    with Simulation(flow) as simulation:
        result = simulation.start(flow, id="a", input=1).result()
        assert result == Failure(GivenUp("OSError", "gone", 1))


# What is said of it meanwhile


def test_an_instance_that_waits_to_try_again_says_which_attempt_comes_when_and_after_what() -> None:
    step = run_io(
        Effect(OSError("down,\n at noon"), 7),
        name="charge",
        event=int,
        retry=Retry(attempts=5, backoff=Fixed(60 * SECOND)),
    )
    flow = workflow(step)
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="a", input=1)
        assert run.record.status is Status.WAITING
        at = f"{START + 60 * SECOND:%Y-%m-%d %H:%M:%S} UTC"
        assert run.record.detail == f"retries charge, attempt 2 of 5, at {at}, after OSError: down, at noon"
        (waiting,) = run.pending
        assert isinstance(waiting, EffectToRun)
        assert (waiting.attempt, waiting.attempts, waiting.not_before) == (2, 5, START + 60 * SECOND)
        assert (str(waiting.error), waiting.error and waiting.error.traceback) == ("OSError: down,\n at noon", "")


def test_lost_attempts_and_those_before_a_resume_are_not_counted_as_the_policy_does() -> None:
    effect = Effect(OSError("one"), OSError("two"), OSError("three"), 7)
    flow = workflow(run_io(effect, name="charge", event=int, retry=Retry(attempts=2, backoff=Fixed(60 * SECOND))))
    with Simulation(flow) as simulation:
        run = simulation.start(flow, id="a", input=1)
        simulation.advance(60 * SECOND)
        assert run.record.status is Status.PAUSED
        run.resume()
        assert ", attempt 4 of 4, at " in run.record.detail
        assert run.record.detail.endswith(", after OSError: three")


def test_of_a_policy_without_a_bound_no_last_attempt_is_told() -> None:
    flow = workflow(run_io(Effect(OSError("x" * 1_000)), name="charge", event=int, retry=Retry(backoff=Fixed(SECOND))))
    with Simulation(flow) as simulation:
        detail = simulation.start(flow, id="a", input=1).record.detail
        assert detail.startswith("retries charge, attempt 2, at ")
        assert len(detail) < 300
