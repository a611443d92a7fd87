"""Is every signal handled, kept, answered again or refused, and never lost or handled twice?"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import attrs
import pytest
from returns.result import Success

from interpreters import (
    InstancePaused,
    NotHandled,
    Runtime,
    RuntimeStopped,
    UnexpectedSignal,
    UnknownWorkflow,
    UserFunctionRaised,
    WrongPayload,
    effect_context,
)
from interpreters.runtime.attempts.effects import CancelledInside
from interpreters.testing import START, VirtualClock
from journals.entries import Kind, Status
from journals.errors import JournalUnavailable, PayloadTooLarge, UnknownInstance
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    APPROVE,
    DAY,
    NO_GRACE,
    NOTE,
    Approval,
    Effect,
    FaultyJournal,
    Gate,
    approval,
    approved,
    kinds,
    note,
    noted,
    rounds,
    run,
    virtual,
    workflow,
)
from wio import Early, Signal, Task, Workflow, critical, handle_signal, loop, parallel, pure, run_io, task, wait

ME = Approval("me")
LIMIT_BYTES = 1_000


def test_the_response_comes_from_the_event() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.signal(APPROVE, ME) == "ok 1 by me"
            assert await instance.result() == Success("1 by me")

    run(main())


def test_the_same_key_brings_the_same_response_also_after_the_end_and_a_restart() -> None:
    async def main() -> None:
        journal, effect = InMemoryJournal(), Effect("yes")
        flow = workflow(approval(effect))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.signal(APPROVE, ME, key="k") == "ok yes"
            assert await instance.signal(APPROVE, Approval("other"), key="k") == "ok yes"
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.signal(APPROVE, ME, key="k") == "ok yes"
            assert effect.runs == 1
            with pytest.raises(UnexpectedSignal, match="ended"):
                await instance.signal(APPROVE, ME, key="another")

    run(main())


def test_another_key_is_another_delivery() -> None:
    async def main() -> None:
        flow = workflow(loop(approval().map(lambda _: 1), until=lambda _: False))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            for key in ("one", "two", None, None):
                await instance.signal(APPROVE, ME, key=key)
            assert await kinds(instance) == [Kind.STARTED] + [Kind.SIGNAL] * 4

    run(main())


def test_concurrent_senders_with_one_key_make_one_delivery() -> None:
    async def main() -> None:
        gate = Gate("yes")
        flow = workflow(approval(gate))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            senders = [asyncio.create_task(instance.signal(APPROVE, ME, key="k")) for _ in range(10)]
            await gate.begun.wait()
            gate.open.set()
            assert await asyncio.gather(*senders) == ["ok yes"] * 10
            assert gate.runs == 1

    run(main())


def test_of_two_signals_for_one_wait_one_is_taken_and_the_other_refused() -> None:
    async def main() -> None:
        gate = Gate("yes")
        flow = workflow(approval(gate))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            senders = [asyncio.create_task(instance.signal(APPROVE, ME, key=key)) for key in ("one", "two")]
            await gate.begun.wait()
            gate.open.set()
            one, two = await asyncio.gather(*senders, return_exceptions=True)
            assert one == "ok yes"
            assert isinstance(two, UnexpectedSignal)
            assert gate.runs == 1

    run(main())


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (Effect(OSError("down"), "yes"), OSError),
        (Effect(asyncio.CancelledError(), "yes"), CancelledInside),
        (Effect(3, "yes"), WrongPayload),
        (Effect("x" * 2 * LIMIT_BYTES, "yes"), PayloadTooLarge),
    ],
)
def test_what_the_effect_raises_goes_to_the_sender_and_nothing_is_recorded(effect: Effect, error: Any) -> None:
    async def main() -> None:
        flow = workflow(approval(effect))
        async with virtual(InMemoryJournal(limit_bytes=LIMIT_BYTES), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(error):
                await instance.signal(APPROVE, ME, key="k")
            assert await kinds(instance) == [Kind.STARTED]
            assert (await instance.record()).status is Status.WAITING
            assert await instance.signal(APPROVE, ME, key="k") == "ok yes"

    run(main())


@pytest.mark.parametrize("part", ["handler", "respond"])
def test_a_pure_function_that_raises_is_told_to_the_sender(part: str) -> None:
    def fine(_: int, event: str) -> str:
        return event

    async def main() -> None:
        broken = Effect(ValueError("not total"))
        functions: dict[str, Any] = {"handler": fine, "respond": fine, part: broken}
        flow = workflow(handle_signal(APPROVE, approved, functions["handler"], respond=functions["respond"]))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(UserFunctionRaised, match="not total"):
                await instance.signal(APPROVE, ME)
            assert await kinds(instance) == [Kind.STARTED]

    run(main())


def test_unknown_and_wrong_signals_are_refused_with_what_is_expected() -> None:
    async def main() -> None:
        flow = workflow(approval() >> note())
        stranger = Signal("stranger", request=int, response=int, early=Early.KEEP)
        wrong = Signal("approve", request=int, response=str)
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(UnexpectedSignal, match="no step for it") as caught:
                await instance.signal(stranger, 1)
            assert caught.value.expected == ("approve",)
            with pytest.raises(WrongPayload, match="request of signal 'approve'"):
                await instance.signal(wrong, 1)
            with pytest.raises(WrongPayload, match="request of signal 'note'"):
                await instance.signal(cast(Any, NOTE), 3)
            assert await kinds(instance) == [Kind.STARTED]

    run(main())


def test_a_kept_signal_that_its_step_could_not_read_is_refused_at_once() -> None:
    async def main() -> None:
        flow = workflow(approval() >> note())
        wrong = Signal("note", request=int, response=str, early=Early.KEEP)
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(WrongPayload, match="note"):
                await instance.signal(wrong, 3)
            await instance.signal(APPROVE, ME)
            assert await instance.signal(NOTE, "fine") == "noted 1 by me fine"

    run(main())


def test_an_early_signal_is_refused_unless_it_is_to_be_kept() -> None:
    async def main() -> None:
        flow = workflow(note() >> approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(UnexpectedSignal, match="waits for signal note"):
                await instance.signal(APPROVE, ME)
            assert await kinds(instance) == [Kind.STARTED]

    run(main())


def test_kept_signals_are_handled_first_in_first_out() -> None:
    async def main() -> None:
        flow = workflow(approval() >> note() >> note() >> note())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            senders = []
            for word in ("one", "two", "three"):
                senders.append(asyncio.create_task(instance.signal(NOTE, word)))
                await rounds()
            assert await kinds(instance) == [Kind.STARTED] + [Kind.SIGNAL_KEPT] * 3
            await instance.signal(APPROVE, ME)
            assert await instance.result() == Success("1 by me one two three")
            assert await asyncio.gather(*senders) == [
                "noted 1 by me one",
                "noted 1 by me one two",
                "noted 1 by me one two three",
            ]

    run(main())


def test_kept_signals_survive_a_restart_and_their_senders_may_ask_again() -> None:
    async def main() -> None:
        journal, effect = InMemoryJournal(), Effect("noted it")
        flow = workflow(approval() >> note(effect))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sender = asyncio.create_task(instance.signal(NOTE, "early", key="k"))
            await rounds()
        with pytest.raises(RuntimeStopped):
            await sender
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            again = asyncio.create_task(instance.signal(NOTE, "early", key="k"))
            await rounds()
            await instance.signal(APPROVE, ME)
            assert await again == "noted noted it"
            assert effect.runs == 1
            assert (await kinds(instance)).count(Kind.SIGNAL_KEPT) == 1
            assert await instance.signal(NOTE, "early", key="k") == "noted noted it"

    run(main())


def test_a_kept_signal_that_is_never_handled_is_told_to_its_sender_then_and_later() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(approval().flat_map(lambda _: pure("no notes wanted")))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sender = asyncio.create_task(instance.signal(NOTE, "early", key="k"))
            await rounds()
            await instance.signal(APPROVE, ME)
            with pytest.raises(NotHandled):
                await sender
        async with virtual(journal, flow) as runtime:
            with pytest.raises(NotHandled):
                await (await runtime.instance(flow, "a")).signal(NOTE, "early", key="k")

    run(main())


def test_a_sender_that_gives_up_does_not_disturb_another_one_with_its_key() -> None:
    async def main() -> None:
        flow = workflow(approval() >> note())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            one, two, three = (asyncio.create_task(instance.signal(NOTE, "x", key="k")) for _ in range(3))
            await rounds()
            one.cancel()
            three.cancel()
            await rounds()
            await instance.signal(APPROVE, ME)
            assert await two == "noted 1 by me x"
            assert one.cancelled()
            assert three.cancelled()

    run(main())


def test_a_kept_signal_stays_when_all_its_senders_give_up() -> None:
    async def main() -> None:
        flow = workflow(approval() >> note())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sender = asyncio.create_task(instance.signal(NOTE, "x"))
            await rounds()
            sender.cancel()
            await rounds()
            await instance.signal(APPROVE, ME)
            assert await instance.result() == Success("1 by me x")

    run(main())


def test_a_sender_that_gives_up_while_the_effect_runs_has_sent_the_signal() -> None:
    async def main() -> None:
        gate = Gate("yes")
        flow = workflow(approval(gate))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sender = asyncio.create_task(instance.signal(APPROVE, ME, key="k"))
            await gate.begun.wait()
            sender.cancel()
            again = asyncio.create_task(instance.signal(APPROVE, ME, key="k"))
            await rounds()
            gate.open.set()
            assert await again == "ok yes"
            assert (gate.runs, gate.broken_off) == (1, 0)
            assert await instance.result() == Success("yes")

    run(main())


def test_a_sender_that_gives_up_during_the_commit_leaves_the_instance_going() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        committing, commit = asyncio.Event(), asyncio.Event()

        async def held() -> None:
            committing.set()
            await commit.wait()

        flow = workflow(approval() >> run_io(Effect(5), name="s", event=int))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            journal.fail("commit", held)
            sender = asyncio.create_task(instance.signal(APPROVE, ME))
            await committing.wait()
            sender.cancel()
            await rounds()
            commit.set()
            assert await instance.result() == Success(5)

    run(main())


def test_a_kept_signal_whose_effect_fails_pauses_there() -> None:
    async def main() -> None:
        effect = Effect(OSError("down"), "done")
        flow = workflow(approval() >> note(effect))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sender = asyncio.create_task(instance.signal(NOTE, "x"))
            await rounds()
            await instance.signal(APPROVE, ME)
            with pytest.raises(InstancePaused, match="down"):
                await instance.result()
            await instance.resume()
            assert await sender == "noted done"
            assert effect.runs == 2

    run(main())


def test_signals_reach_an_instance_that_runs_an_effect_sleeps_or_is_paused() -> None:
    async def main() -> None:
        clock, gate, broken = VirtualClock(), Gate(), Effect(OSError("down"), 1)
        flow = workflow(
            run_io(gate, name="s", event=int)
            >> wait(DAY)
            >> run_io(broken, name="t", event=int)
            >> note()
            >> note()
            >> note()
        )
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)

            async def send(word: str) -> asyncio.Task[str]:
                sender = asyncio.create_task(instance.signal(NOTE, word))
                await rounds()
                return sender

            await gate.begun.wait()
            senders = [await send("running")]
            gate.open.set()
            await runtime.idle()
            senders.append(await send("sleeping"))
            clock.set(START + DAY)
            with pytest.raises(InstancePaused):
                await instance.result()
            senders.append(await send("paused"))
            assert (await instance.record()).status is Status.PAUSED
            await instance.resume()
            assert await instance.result() == Success("1 running sleeping paused")
            assert len(await asyncio.gather(*senders)) == 3
            assert gate.runs == 1

    run(main())


def test_what_is_sent_is_handled_when_the_call_returns_or_kept() -> None:
    async def main() -> None:
        journal, gate = FaultyJournal(InMemoryJournal()), Gate("yes")
        flow = workflow(approval(gate) >> note())
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.send(NOTE, "early", key="k")
            assert await kinds(instance) == [Kind.STARTED, Kind.SIGNAL_KEPT]
            sending = asyncio.create_task(instance.send(APPROVE, ME, key="k"))
            await gate.begun.wait()
            assert not sending.done()
            gate.open.set()
            await sending
            assert (await kinds(instance))[2] is Kind.SIGNAL
            assert await instance.result() == Success("yes early")

    run(main())


def test_what_is_sent_again_with_its_key_is_known_kept_handled_and_after_the_end() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        flow = workflow(wait(DAY) >> note())
        for _ in range(2):
            async with virtual(journal, flow, clock=clock) as runtime:
                instance = await runtime.start(flow, id="a", input=1)
                await instance.send(NOTE, "first", key="k")
                await instance.send(NOTE, "second", key="k")
        clock.set(START + DAY)
        async with virtual(journal, flow, clock=clock) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success("1 first")
            before = await instance.history()
            await instance.send(NOTE, "third", key="k")
            assert await instance.history() == before

    run(main())


def test_what_cannot_be_sent_is_refused_as_a_signal_is_and_nothing_is_recorded() -> None:
    async def main() -> None:
        effect = Effect(OSError("down"))
        flow = workflow(approval(effect) >> note())
        wrong: Any = 7
        other = Signal("other", request=str, response=str, early=Early.KEEP)
        runtime = virtual(InMemoryJournal(), flow)
        async with runtime:
            instance = await runtime.start(flow, id="a", input=1)
            for refused, sent, request in (
                (OSError, APPROVE, ME),
                (WrongPayload, NOTE, wrong),
                (UnexpectedSignal, other, "x"),
            ):
                with pytest.raises(refused):
                    await instance.send(cast(Any, sent), request)
            assert await kinds(instance) == [Kind.STARTED]
            await instance.cancel()
            with pytest.raises(UnexpectedSignal, match="ended"):
                await instance.send(NOTE, "late")
        with pytest.raises(RuntimeStopped):
            await instance.send(NOTE, "late")

    run(main())


def test_a_signal_to_an_unknown_a_finished_or_a_stranded_instance_is_refused() -> None:
    """Each with its own typed error."""

    async def main() -> None:
        journal = InMemoryJournal()
        flow: Workflow[Any, Any, Any] = workflow(approval())
        over = workflow(pure(1), name="over")
        async with virtual(journal, flow, over) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            ended = await runtime.start(over, id="b", input=1)
            with pytest.raises(UnexpectedSignal, match="ended"):
                await ended.signal(APPROVE, ME)
            instance.id = "nobody"
            with pytest.raises(UnknownInstance):
                await instance.signal(APPROVE, ME)
        async with virtual(journal, over) as runtime:
            with pytest.raises(UnknownWorkflow):
                await (await runtime.instance(flow, "a")).signal(APPROVE, ME)

    run(main())


def test_a_store_that_is_away_is_told_to_the_sender_and_a_repeat_delivers_once() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(approval() >> run_io(Effect(5), name="s", event=int))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            journal.fail("commit", JournalUnavailable("away"))
            with pytest.raises(JournalUnavailable):
                await instance.signal(APPROVE, ME, key="k")
            journal.fail("commit", JournalUnavailable("the answer was lost"), late=True)
            with pytest.raises(JournalUnavailable):
                await instance.signal(APPROVE, ME, key="k")
            assert await instance.signal(APPROVE, ME, key="k") == "ok 1 by me"
            assert (await kinds(instance)).count(Kind.SIGNAL) == 1
            assert await instance.result() == Success(5)

    run(main())


def test_an_effect_may_signal_its_own_instance_for_later() -> None:
    async def main() -> None:
        async def tell_myself(number: int) -> int:
            sender = asyncio.create_task(instance.signal(NOTE, "from inside"))
            await rounds()
            sender.cancel()
            return number

        flow = workflow(approval().map(lambda _: 1) >> run_io(tell_myself) >> note(noted))
        async with virtual(InMemoryJournal(), flow, grace=NO_GRACE) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.signal(APPROVE, ME)
            assert await instance.result() == Success("1 from inside")

    run(main())


def test_two_signals_may_be_sent_under_one_key() -> None:
    async def main() -> None:
        flow = workflow(approval() >> note())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.signal(APPROVE, ME, key="order 1") == "ok 1 by me"
            assert await instance.signal(NOTE, "and", key="order 1") == "noted 1 by me and"
            assert await instance.signal(APPROVE, ME, key="order 1") == "ok 1 by me"

    run(main())


def test_the_workflow_says_whether_a_signal_is_kept_not_its_sender() -> None:
    async def main() -> None:
        flow = workflow(approval() >> note() >> approval())
        kept = attrs.evolve(APPROVE, early=Early.KEEP)
        refused = attrs.evolve(NOTE, early=Early.REFUSE)
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sender = asyncio.create_task(instance.signal(refused, "early"))
            await rounds()
            assert not sender.done()
            await instance.signal(APPROVE, ME)
            assert await sender == "noted 1 by me early"
        flow = workflow(note() >> approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(UnexpectedSignal):
                await instance.signal(kept, ME)

    run(main())


def test_each_request_has_an_idempotency_key_of_its_own_and_a_repeat_has_the_same() -> None:
    keys: list[str] = []

    def remember(*_: object) -> str:
        keys.append(effect_context().idempotency_key)
        if len(keys) <= 4:
            raise OSError("down")
        return "done"

    async def main() -> None:
        flow = workflow(approval(remember) >> approval() >> note(remember) >> note(remember))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            for key in ("one", "one", None, None):
                with pytest.raises(OSError, match="down"):
                    await instance.signal(APPROVE, ME, key=key)
            await instance.signal(APPROVE, ME, key="one")
            senders = [asyncio.create_task(instance.signal(NOTE, "x")) for _ in range(2)]
            await rounds()
            await instance.signal(APPROVE, ME)
            await asyncio.gather(*senders)

    run(main())
    assert keys[0] == keys[1] == keys[4]
    assert len(set(keys)) == 5


def test_the_effect_of_a_signal_holds_the_lock_around_it() -> None:
    """Nobody else begins in a part with that lock while it runs, and the sender still gets the response."""

    async def story() -> None:
        entered, released = asyncio.Event(), asyncio.Event()

        async def slowly(_value: object, request: str) -> str:
            entered.set()
            await released.wait()
            return request

        approve = Task("approve", input=int, output=int)
        noting = handle_signal(NOTE, slowly, lambda _, event: event, respond=lambda _, event: event, event=str)
        root = parallel(critical("m", noting), critical("m", task(approve, send=lambda value: value)))
        both = Workflow("both", version=1, input=int, root=root)
        async with Runtime(InMemoryJournal(), [both]) as runtime:
            instance = await runtime.start(both, id="a", input=1)
            sent = asyncio.create_task(instance.signal(NOTE, "hello"))
            await entered.wait()
            assert await instance.tasks() == ()
            released.set()
            assert await sent == "hello"
            (offered,) = await instance.tasks()
            await instance.claim(offered.address, by="ann")
            await instance.complete(offered.address, 7, by="ann")
            assert await instance.result() == Success(("hello", 7))

    run(story())
