"""Can an instance go on from an earlier place, and is it refused where that cannot be meant?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Failure, Success

from interpreters import CannotGoBack, InstanceFailed, InstancePaused, MoveRefused, Runtime, ToRecord
from interpreters.runtime.client import Client
from interpreters.testing import CrashAt, Simulation, VirtualClock
from journals.entries import Kind, Status
from journals.errors import JournalUnavailable
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    APPROVE,
    NO_GRACE,
    NOTE,
    Approval,
    Effect,
    FaultyJournal,
    Gate,
    approval,
    kinds,
    note,
    rounds,
    run,
    virtual,
    workflow,
)
from tests.runtime.sharing.test_suspects import die
from tests.runtime.test_client import Connect, connect
from wio import (
    Exceeded,
    Retry,
    checkpoint,
    child,
    fail,
    parallel,
    race,
    receive_signal,
    run_io,
    saga,
    set_attributes,
    undoable,
    wait,
)
from wio.signals import Early, Signal

__all__ = ["connect"]

HOUR = timedelta(hours=1)
ADA = Approval("Ada")
TWO: tuple[tuple[Any, dict[str, Any]], ...] = ((Runtime, {"recover": False}), (Client, {}))
LATER = Signal("later", request=int, response=str, early=Early.KEEP)


def later(name: str = "later") -> Any:
    return receive_signal(LATER, lambda _, number: number, respond=lambda _, number: f"got {number}", name=name)


def test_a_failed_instance_goes_on_from_an_earlier_step(connect: Connect) -> None:
    first, second = Effect(1, 2), Effect(5, 6)
    flow = workflow(
        run_io(first, name="one", event=int)
        >> run_io(second, lambda _, n: Failure(f"bad {n}") if n == 5 else Success(n), name="two", event=int)
    )

    async def main() -> None:
        async with Runtime(connect(), [flow]) as runtime, Client(connect(), [flow]) as client:
            instance = await client.start(flow, id="a", input=7)
            assert await instance.result() == Failure("bad 5")
            here = await runtime.instance(flow, "a")
            assert await here.result() == Failure("bad 5")
            await instance.retry(from_address="one", by="ada", reason="the price was wrong")
            assert await instance.result() == Success(6)
            assert await here.result() == Success(6)
            assert (first.runs, second.runs) == (2, 2)
            history = await instance.history()
            assert [entry.kind for entry in history] == [
                *(Kind.STARTED, Kind.EVENT, Kind.EVENT, Kind.FAILED),
                *(Kind.WENT_BACK, Kind.EVENT, Kind.EVENT, Kind.COMPLETED),
            ]
            assert history[4].payload is not None
            assert history[4].payload.text == (
                '{"address":"one","by":"ada","text":"the price was wrong","void":[[2,5]]}'
            )

    run(main())


def test_what_has_gone_back_to_a_step_that_only_records_waits_for_that() -> None:
    flow = workflow(set_attributes(stage="new") >> fail("sold out"))

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, flow) as runtime:
            assert await (await runtime.start(flow, id="a", input=7)).result() == Failure("sold out")
        async with Client(journal, [flow]) as client:
            await (await client.instance(flow, "a")).retry(from_address="attributes")
            assert await client.pending("a") == (ToRecord("attributes"),)

    run(main())


def test_from_the_middle_what_came_before_is_not_run_again_and_a_crash_changes_nothing() -> None:
    first, second = Effect(1), Effect(OSError("no"), 8)
    flow = workflow(
        run_io(first, name="one", event=int)
        >> wait(HOUR, name="w")
        >> run_io(second, name="two", event=int, retry=Retry(attempts=1, exceeded=Exceeded.FAIL))
    )
    for side in CrashAt:
        with Simulation(flow) as simulation:
            instance = simulation.start(flow, id="a", input=7)
            simulation.advance(HOUR)
            with pytest.raises(InstanceFailed):
                instance.result()
            simulation.crash_at(1, side)
            instance.retry(from_address="w")
            assert instance.record.status is Status.WAITING
            simulation.advance(HOUR)
            assert (instance.result(), first.runs) == (Success(8), 1)
        first, second = first, second  # the next crash begins with effects that have run before
        first.runs = 0
        second._answers.appendleft(OSError("no"))


def test_a_signal_kept_meanwhile_is_taken_again_and_one_that_was_handled_is_waited_for() -> None:
    flow = workflow(run_io(Effect(1), name="one", event=int) >> later() >> approval() >> later("last"))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        instance.signal(LATER, 3)
        instance.signal(APPROVE, ADA)
        instance.pause()
        instance.send(LATER, 9)
        instance.retry(from_address="one")
        assert instance.record.detail == "waits for signal approve at approve"
        instance.signal(APPROVE, Approval("Eve"))
        assert instance.record.detail == "waits for signal later at last"


def test_a_mended_workflow_that_does_not_fit_any_more_goes_back_to_where_it_does() -> None:
    async def main() -> None:
        journal, last = InMemoryJournal(), Effect(9)
        one = run_io(Effect(1), name="one", event=int)
        old = workflow(one >> run_io(Effect(2), name="wrong", event=int) >> approval())
        new = workflow(one >> run_io(last, name="right", event=int))
        async with virtual(journal, old) as runtime:
            await runtime.start(old, id="a", input=7)
            await runtime.idle()
        async with virtual(journal, new) as runtime:
            instance = await runtime.instance(new, "a")
            with pytest.raises(InstancePaused, match="JournalMismatch"):
                await instance.result()
            await instance.retry(from_address="wrong")
            assert await instance.result() == Success(9)
        async with virtual(journal, new) as runtime:
            assert await (await runtime.instance(new, "a")).result() == Success(9)

    run(main())


def test_rounds_behind_a_checkpoint_count_no_more() -> None:
    effect = Effect(lambda n: n + 1)
    step = run_io(effect, name="step", event=int)
    flow = workflow(
        checkpoint(step, result=int, name="part") >> later() >> checkpoint(step, result=int, name="next") >> later("z")
    )
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        instance.send(LATER, 3)
        for _ in range(2):
            assert instance.record.detail == "waits for signal later at z"
            instance.retry(from_address="next/step", by="ada")
            simulation.crash()
        assert effect.runs == 4
        assert [each.kind for each in instance.history].count(Kind.CHECKPOINT) == 4


def test_where_it_cannot_be_meant_it_is_refused_with_the_reason() -> None:
    inner = workflow(approval(), name="inner")
    undone = saga(undoable(run_io(Effect(1), name="s"), run_io(Effect(1), name="u")) >> _fails())
    flows = {
        "nothing is recorded there; recorded last is: one": (_one() >> approval(), "two"),
        "nothing is recorded there": (_one() >> approval(), "approve"),
        "a child was started at 'kid'": (_one() >> child(inner, result=str, name="kid") >> approval(), "one"),
        "begun to undo": (undone, "saga/s"),
        "happened beside it since then, at 'parallel[b]/b'": (
            parallel((_one("a") >> approval()).named("a"), _one("b").named("b")),
            "parallel[a]/a/a",
        ),
    }
    for reason, (root, address) in flows.items():
        flow = workflow(root)
        with Simulation(flow, inner) as simulation:
            instance = simulation.start(flow, id="a", input=7)
            before = instance.history
            with pytest.raises(CannotGoBack) as raised:
                instance.retry(from_address=address)
            assert reason in raised.value.reason
            assert instance.history == before


def test_what_has_ended_well_or_was_cancelled_stays_ended() -> None:
    flow = workflow(_one() >> approval())
    for end in ("signal", "cancel"):
        with Simulation(flow) as simulation:
            instance = simulation.start(flow, id="a", input=7)
            _ = instance.signal(APPROVE, ADA) if end == "signal" else instance.cancel()
            with pytest.raises(MoveRefused, match="to Running, only to RequestedDataDeleted"):
                instance.retry(from_address="one")


def test_while_an_effect_is_under_way_it_is_refused_and_after_it_has_ended_in_a_pause_it_is_not() -> None:
    async def main() -> None:
        gate = Gate(5)
        flow = workflow(_one() >> run_io(gate, name="s", event=int) >> approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await instance.pause()
            with pytest.raises(CannotGoBack, match="an effect is under way at 's'"):
                await instance.retry(from_address="one")
            gate.open.set()
            while (await kinds(instance))[-1] is not Kind.EVENT:
                await asyncio.sleep(0)
            await instance.retry(from_address="one")
            while gate.runs < 2:
                await asyncio.sleep(0)
            await runtime.idle()
            assert (await instance.record()).detail == "waits for signal approve at approve"

    run(main())


def test_beside_a_signal_that_is_taken_again_an_effect_begins_once() -> None:
    async def main() -> None:
        begun = 0

        async def slow(value: object) -> str:
            nonlocal begun
            begun += 1
            await rounds()
            return f"{value}"

        flow = workflow(race(run_io(slow, name="s"), note().named("n")) >> approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            await instance.send(NOTE, "kept")
            await instance.retry(from_address="race[s]")
            await runtime.idle()
            assert begun == 2

    run(main())


def test_while_the_effect_of_a_signal_is_under_way_it_is_refused() -> None:
    async def main() -> None:
        gate = Gate("late")
        flow = workflow(_one() >> approval(gate))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            sent = asyncio.create_task(instance.signal(APPROVE, ADA))
            await gate.begun.wait()
            with pytest.raises(CannotGoBack, match="an effect is under way at 'approve'"):
                await instance.retry(from_address="one")
            gate.open.set()
            assert await sent == "ok late"
            assert await instance.result() == Success("late")

    run(main())


def test_a_store_that_stores_it_and_does_not_say_so_leaves_nothing_behind() -> None:
    async def main() -> None:
        journal, clock = FaultyJournal(InMemoryJournal()), VirtualClock()
        flow = workflow(_one() >> wait(HOUR, name="w"))
        async with virtual(journal, flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            journal.fail("commit", JournalUnavailable("away"), late=True)
            with pytest.raises(JournalUnavailable):
                await instance.retry(from_address="w")
            await runtime.idle()
            clock.set(clock.now() + HOUR)
            assert await instance.result() == Success(1)

    run(main())


def test_of_two_that_let_it_go_back_at_the_same_moment_the_second_looks_again() -> None:
    async def main() -> None:
        for uses, how in TWO:
            store = InMemoryJournal()
            journal = FaultyJournal(store)
            two = run_io(Effect(1, 2), lambda _, n: Failure("bad") if n == 1 else Success(n), name="two", event=int)
            flow = workflow(_one() >> two)
            async with Runtime(store, [flow]) as runtime, uses(journal, [flow], **how) as other:
                first = await runtime.start(flow, id="a", input=1)
                assert await first.result() == Failure("bad")
                second = await other.instance(flow, "a")
                journal.fail("commit", lambda first=first: first.retry(from_address="two"))
                with suppress(MoveRefused, CannotGoBack):  # the first may be faster
                    await second.retry(from_address="one")
                assert await second.result() == Success(2)

    run(main())


def test_what_is_parked_after_deaths_is_not_read_for_it() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(_one() >> run_io(Gate(), name="deadly", event=int), name="a")
        runtime = virtual(journal, flow, grace=NO_GRACE)
        async with runtime:
            await runtime.start(flow, id="a", input=1)
            while len(await runtime.history("a")) < 2:
                await asyncio.sleep(0)
        await die(journal, "a", times=5)
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            await runtime.idle()
            with pytest.raises(InstancePaused, match="after 5 deaths"):
                await instance.retry(from_address="one")

    run(main())


def _one(name: str = "one") -> Any:
    return run_io(Effect(1), name=name, event=int)


def _fails() -> Any:
    return run_io(Effect(1), lambda _, event: Failure(f"bad {event}"), name="f", event=int)
