"""Does an instance go on as its retry policy says, and come to rest with a reason where it cannot go on?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest
from returns.result import Failure, Success

from interpreters import InstancePaused, NotPaused
from interpreters.testing import START, VirtualClock
from journals.entries import Kind, Status
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    DAY,
    NO_GRACE,
    Effect,
    FaultyJournal,
    Gate,
    approval,
    kinds,
    rounds,
    run,
    told,
    virtual,
    workflow,
)
from wio import (
    WIO,
    Exponential,
    Fixed,
    Linear,
    Retry,
    branch,
    compute,
    draft,
    loop,
    pure,
    query,
    run_io,
    wait,
    wait_until,
    when,
)
from wio.signals import Query

SECOND = timedelta(seconds=1)
BROKEN = OSError("broken")


async def delays(retry: Retry, failures: int) -> list[float]:
    """Return the seconds between each failed attempt and the recorded time of the next one."""
    clock = VirtualClock()
    flow = workflow(run_io(Effect(*[BROKEN] * failures, 1), name="s", event=int, retry=retry))
    async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
        instance = await runtime.start(flow, id="a", input=1)
        while (await instance.record()).status is not Status.COMPLETED:
            await runtime.idle()
            due = runtime.next_wake_up()
            if due is not None:
                assert (await instance.record()).wake_up == due
                clock.set(due)
            await rounds()
        failed = [entry for entry in await instance.history() if entry.kind is Kind.ATTEMPT_FAILED]
    return [(told(entry).retry_at - entry.recorded_at).total_seconds() for entry in failed]


@pytest.mark.parametrize(
    ("retry", "seconds"),
    [
        (Retry(backoff=Fixed(SECOND)), [1, 1, 1, 1]),
        (Retry(backoff=Linear(SECOND)), [1, 2, 3, 4]),
        (Retry(backoff=Exponential(SECOND, factor=3.0)), [1, 3, 9, 27]),
        (Retry(backoff=Exponential(SECOND), ceiling=3 * SECOND), [1, 2, 3, 3]),
        (Retry(backoff=Fixed(NO_GRACE)), [0, 0, 0, 0]),
        (Retry(backoff=Fixed(timedelta.max), ceiling=timedelta(days=3650)), [315360000] * 4),
    ],
)
def test_delays_are_recorded_as_absolute_times(retry: Retry, seconds: list[float]) -> None:
    assert run(delays(retry, 4)) == seconds


def test_jitter_takes_a_part_off_each_delay() -> None:
    drawn = run(delays(Retry(backoff=Fixed(100 * SECOND), jitter=0.5), 20))
    assert all(50 < delay <= 100 for delay in drawn)
    assert len(set(drawn)) > 10


def test_a_policy_that_is_used_up_pauses_with_the_error_and_resume_makes_it_fresh() -> None:
    async def main() -> None:
        effect = Effect(*[BROKEN] * 5, 1)
        flow = workflow(run_io(effect, name="s", event=int, retry=Retry(attempts=3, backoff=Fixed(NO_GRACE))))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(InstancePaused, match="'s': OSError: broken") as caught:
                await instance.result()
            assert (caught.value.instance_id, caught.value.address) == ("a", "s")
            assert effect.runs == 3
            record = await instance.record()
            assert record.status is Status.PAUSED
            assert "OSError: broken" in record.detail
            await instance.resume()
            assert await instance.result() == Success(1)
            attempts = [told(each).attempt for each in await instance.history() if each.kind is Kind.ATTEMPT_FAILED]
            assert attempts == [1, 2, 3, 4, 5]

    run(main())


def test_without_a_policy_the_first_failure_pauses() -> None:
    async def main() -> None:
        effect = Effect(BROKEN, 1)
        flow = workflow(run_io(effect, name="s", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(InstancePaused):
                await instance.result()
            with pytest.raises(InstancePaused):
                await instance.result()
            assert effect.runs == 1
            await instance.resume()
            assert await instance.result() == Success(1)
            with pytest.raises(NotPaused):
                await instance.resume()

    run(main())


def test_those_who_wait_already_are_told_of_a_pause() -> None:
    async def main() -> None:
        gate = Gate("no number")
        flow = workflow(run_io(gate, name="s", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            waiters = [asyncio.create_task(instance.result()) for _ in range(5)]
            await gate.begun.wait()
            gate.open.set()
            results = await asyncio.gather(*waiters, return_exceptions=True)
            assert [type(each) for each in results] == [InstancePaused] * 5

    run(main())


def test_only_a_paused_instance_is_resumed() -> None:
    async def main() -> None:
        gate = Gate()
        flow = workflow(approval())
        busy, asleep = workflow(run_io(gate, name="s"), name="busy"), workflow(wait(DAY), name="asleep")
        async with virtual(InMemoryJournal(), flow, busy, asleep, grace=NO_GRACE) as runtime:
            for one in (flow, busy, asleep):
                instance = await runtime.start(one, id=one.name, input=1)
                with pytest.raises(NotPaused):
                    await instance.resume()
                before = await kinds(instance)
                assert Kind.RESUMED not in before

    run(main())


def test_a_retry_keeps_its_time_across_a_restart() -> None:
    async def main() -> None:
        clock, journal, effect = VirtualClock(), InMemoryJournal(), Effect(BROKEN, 1)
        flow = workflow(run_io(effect, name="s", event=int, retry=Retry(backoff=Fixed(DAY), ceiling=DAY)))
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        clock.set(START + DAY / 2)
        async with virtual(journal, flow, clock=clock) as runtime:
            await rounds()
            assert runtime.next_wake_up() == START + DAY
            assert effect.runs == 1
            clock.set(START + DAY)
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(1)
            assert await kinds(instance) == [Kind.STARTED, Kind.ATTEMPT_FAILED, Kind.EVENT, Kind.COMPLETED]

    run(main())


@attrs.frozen
class Unfit:
    """Is a value that JSON cannot hold."""

    what: Any


def raises(*_: Any) -> Any:
    raise ValueError("not total")


def silent(_: Any) -> Any:
    return None


UNDECODABLE = Unfit(object())
STATE = Query("state", response=str)


@attrs.frozen
class Fault:
    """Is a program whose effect runs well and which cannot go on after it, where it pauses, and what it says."""

    program: Callable[[Callable[..., Any]], WIO[Any, Any, Any]]
    place: str
    says: str
    event: Any = 1


FAULTS = {
    "event of a wrong type": Fault(lambda effect: run_io(effect, name="s", event=str), "s", "int"),
    "event that cannot be encoded": Fault(lambda effect: run_io(effect, name="s"), "s", "WrongPayload", UNDECODABLE),
    "event over the limit": Fault(lambda effect: run_io(effect, name="s", event=str), "s", "limit", "x" * 60_000),
    "handler that raises": Fault(lambda effect: run_io(effect, raises, name="s", event=int), "s", "not total"),
    "map that raises": Fault(lambda effect: run_io(effect, name="s", event=int).map(raises), "s", "not total"),
    "guard that raises": Fault(
        lambda effect: run_io(effect, name="s", event=int) >> branch(when(raises) >> pure(1), default=pure(2)),
        "s",
        "not total",
    ),
    "guard that says nothing": Fault(
        lambda effect: (
            run_io(effect, name="s", event=int) >> branch(when(silent, name="x") >> pure(1), default=pure(2))
        ),
        "s",
        "not a bool",
    ),
    "continuation that raises": Fault(
        lambda effect: run_io(effect, name="s", event=int).flat_map(raises), "s", "not total"
    ),
    "continuation that is no program": Fault(
        lambda effect: run_io(effect, name="s", event=int).flat_map(lambda _: 3),  # type: ignore[arg-type,return-value]
        "s",
        "not a WIO",
    ),
    "draft in a continuation": Fault(
        lambda effect: run_io(effect, name="s", event=int).flat_map(lambda _: draft("later", input=int, output=int)),
        "s",
        "later",
    ),
    "loop that raises": Fault(
        lambda effect: loop(run_io(effect, name="s", event=int), until=raises), "loop[1]/s", "not total"
    ),
    "moment that raises": Fault(
        lambda effect: run_io(effect, name="s", event=int) >> wait(raises, name="pause"), "pause", "not total"
    ),
    "moment of a wrong type": Fault(
        lambda effect: run_io(effect, name="s", event=int) >> wait_until(lambda _: 3, name="pause"),  # type: ignore[arg-type,return-value]
        "pause",
        "not a datetime with a time zone",
    ),
    "outcome over the limit": Fault(
        lambda effect: run_io(effect, name="s", event=int).map(lambda _: "x" * 60_000), "s", "limit"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_program_pauses_at_its_place_and_is_never_retried(name: str) -> None:
    fault = FAULTS[name]

    async def main() -> None:
        journal, effect, healthy = InMemoryJournal(limit_bytes=50_000), Effect(fault.event), Effect(1)
        ill = workflow(fault.program(effect))
        well = workflow(run_io(healthy, name="s", event=int) >> wait(NO_GRACE), name="well")
        async with virtual(journal, ill, well) as runtime:
            instance = await runtime.start(ill, id="ill", input=1)
            other = await runtime.start(well, id="well", input=1)
            with pytest.raises(InstancePaused, match=fault.says) as caught:
                await instance.result()
            assert caught.value.address == fault.place
            assert await other.result() == Success(1)
            assert effect.runs == 1
            record = await instance.record()
            assert record.status is Status.PAUSED
            assert fault.place in record.detail
        async with virtual(journal, ill) as runtime:
            await runtime.idle()
            assert effect.runs == 1

    run(main())


@pytest.mark.parametrize("name", [name for name in FAULTS if "moment" not in name and "outcome" not in name])
def test_a_fault_of_the_program_uses_up_no_retries(name: str) -> None:
    fault = FAULTS[name]

    async def main() -> None:
        effect = Effect(fault.event)
        program = fault.program(effect)
        flow = workflow(with_retry(program, Retry(backoff=Fixed(NO_GRACE))))
        async with virtual(InMemoryJournal(limit_bytes=50_000), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(InstancePaused):
                await instance.result()
            assert effect.runs == 1

    run(main())


def with_retry(program: Any, retry: Retry) -> Any:
    """Return the program with a policy on its first step."""
    for part in ("first", "base", "body"):
        if hasattr(program, part):
            return attrs.evolve(program, **{part: with_retry(getattr(program, part), retry)})
    return attrs.evolve(program, retry=retry)


def mended(effect: Effect, handler: Callable[[int, int], Any]) -> Any:
    return workflow(run_io(effect, handler, name="s", event=int) >> run_io(effect, name="t", event=int))


def test_a_mended_program_of_the_same_version_goes_on_after_a_resume() -> None:
    async def main() -> None:
        journal, effect = InMemoryJournal(), Effect(1)
        ill = mended(effect, raises)
        async with virtual(journal, ill) as runtime:
            with pytest.raises(InstancePaused):
                await (await runtime.start(ill, id="a", input=1)).result()
        well = mended(effect, lambda before, event: before + event)
        async with virtual(journal, well) as runtime:
            instance = await runtime.instance(well, "a")
            with pytest.raises(InstancePaused):
                await instance.result()
            await instance.resume()
            assert await instance.result() == Success(1)
            assert effect.runs == 3

    run(main())


@pytest.mark.parametrize(
    "program",
    [
        wait(DAY).map(raises),
        wait(DAY) >> compute(lambda _: "x" * 60_000),
        wait(DAY).flat_map(lambda _: draft("later", input=int, output=int)),
    ],
)
def test_a_fault_behind_a_wait_pauses_at_the_wait(program: Any) -> None:
    async def main() -> None:
        clock = VirtualClock()
        flow = workflow(program)
        async with virtual(InMemoryJournal(limit_bytes=50_000), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            clock.set(START + DAY)
            with pytest.raises(InstancePaused) as caught:
                await instance.result()
            assert caught.value.address == "wait"
            assert await kinds(instance) == [Kind.STARTED, Kind.TIMER_SET, Kind.PAUSED]

    run(main())


class Undefined:
    """Is an effect with an annotation that names nothing."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, number: int) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
        self.runs += 1
        return number


def test_an_annotation_that_cannot_be_resolved_pauses_and_does_not_run_the_effect_again() -> None:
    async def main() -> None:
        journal, effect = InMemoryJournal(), Undefined()
        flow = workflow(run_io(effect, name="s"))
        async with virtual(journal, flow) as runtime:
            with pytest.raises(InstancePaused, match="Nowhere"):
                await (await runtime.start(flow, id="a", input=1)).result()
        async with virtual(journal, flow) as runtime:
            await runtime.idle()
        assert effect.runs == 1

    run(main())


def test_an_instance_that_never_waits_lets_the_others_go_on() -> None:
    async def at_once(number: int) -> int:
        return number

    async def main() -> None:
        endless = workflow(loop(run_io(at_once), until=lambda _: False), name="endless")
        other = workflow(run_io(at_once))
        async with virtual(InMemoryJournal(), endless, other, grace=NO_GRACE) as runtime:
            await runtime.start(endless, id="endless", input=1)
            assert await (await runtime.start(other, id="a", input=1)).result() == Success(1)

    run(main())


def test_failures_of_handlers_are_errors_of_the_workflow() -> None:
    async def main() -> None:
        flow = workflow(run_io(Effect(1), lambda _, event: Failure(f"no {event}"), name="s", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            assert await (await runtime.start(flow, id="a", input=1)).result() == Failure("no 1")

    run(main())


def test_an_answer_that_raises_is_told_to_the_asker_only() -> None:
    async def main() -> None:
        flow = workflow(query(STATE, raises, approval()))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(Exception, match="not total"):
                await instance.query(STATE)
            assert (await instance.record()).status is Status.WAITING

    run(main())


def test_the_journal_gets_one_commit_for_each_step_and_no_reads() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(run_io(Effect(1), name="s", event=int) >> run_io(Effect(2), name="t", event=int))
        async with virtual(journal, flow) as runtime:
            journal.calls.clear()
            await (await runtime.start(flow, id="a", input=1)).result()
            assert journal.calls == {"commit": 3}

    run(main())
