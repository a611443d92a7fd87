"""Is what others ask of the instances of a runtime done once, in order, and answered, or left for the next owner?"""

from __future__ import annotations

import asyncio

import pytest
from returns.result import Success

from interpreters import Client, Runtime
from interpreters.errors import NotPaused, UnknownWorkflow
from interpreters.machine.recording import request_payload
from interpreters.runtime.requests.commands import Command, Verb, message_of
from interpreters.runtime.sharing.answers import FailedElsewhere, value_of
from journals.codecs import JsonCodec
from journals.entries import Message, Payload
from journals.errors import JournalUnavailable
from journals.memory import InMemoryJournal
from journals.ports import Journal
from tests.runtime.running import (
    APPROVE,
    NO_GRACE,
    NOTE,
    Approval,
    Effect,
    FaultyJournal,
    Gate,
    approval,
    note,
    rounds,
    run,
    workflow,
)

ADA = Approval("Ada")


def approving(key: str = "k") -> Message:
    return Message("a", "signal", "approve", request_payload(JsonCodec(), APPROVE, ADA), f"signal:approve:{key}:1")


def noting(text: str) -> Message:
    return Message("a", "send", "note", request_payload(JsonCodec(), NOTE, text), f"send:note:{text}:1")


async def answered(journal: Journal, message: Message) -> Payload | None:
    """Return what was returned for a message, or raise what was raised."""
    number = (await journal.post(message)).id
    while (answer := await journal.answer_to(number)) is None:
        await asyncio.sleep(0)
    return value_of(answer)


def test_a_message_sent_twice_is_done_once_and_has_one_answer() -> None:
    effect = Effect("approved")
    flow = workflow(approval(effect) >> note())

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]) as runtime:
            await runtime.start(flow, id="a", input=7)
            answers = [await answered(journal, approving()) for _ in range(2)]
            assert answers[0] == answers[1]
            assert effect.runs == 1

    run(main())


def test_messages_are_taken_in_the_order_of_their_numbers() -> None:
    flow = workflow(note() >> note() >> note() >> note())

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            for text in ("one", "two", "three", "four"):
                await journal.post(noting(text))
            assert await instance.result() == Success("7 one two three four")

    run(main())


def test_what_cannot_be_done_is_answered_with_its_error() -> None:
    flow = workflow(approval())

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]) as runtime:
            await runtime.start(flow, id="a", input=7)
            with pytest.raises(NotPaused):
                await answered(journal, message_of("a", Command(Verb.RESUME, key="resume:1")))
            with pytest.raises(FailedElsewhere, match="cannot do 'dance'"):
                await answered(journal, Message("a", "dance", "", None, "dance:1"))
            with pytest.raises(FailedElsewhere, match="cannot do 'signal'"):
                await answered(journal, Message("a", "signal", "approve", None, "signal:approve:0:1"))

    run(main())


def test_what_reaches_a_runtime_that_does_not_know_the_workflow_another_one_does() -> None:
    flow = workflow(approval())

    async def main() -> None:
        store = InMemoryJournal()
        journal, gate = FaultyJournal(store), asyncio.Event()
        async with Client(store, [flow]) as client, Runtime(journal, []) as stranger:
            instance = await client.start(flow, id="a", input=7)
            journal.fail("release", gate.wait)
            looking = asyncio.create_task(stranger.pending("a"))
            await rounds()
            paused = asyncio.create_task(instance.pause())
            await rounds()
            gate.set()
            with pytest.raises(UnknownWorkflow):
                await looking
            await rounds()
            async with Runtime(store, [flow]):
                await paused

    run(main())


def test_an_answer_waits_for_the_store() -> None:
    flow = workflow(approval())

    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        async with Runtime(journal, [flow]) as runtime:
            await runtime.start(flow, id="a", input=7)
            journal.fail("answer", JournalUnavailable("away"))
            journal.fail("messages", JournalUnavailable("away"))
            assert await answered(journal, approving()) is not None

    run(main())


def test_a_message_that_the_store_did_not_let_be_done_is_done_when_it_is_back() -> None:
    flow = workflow(approval())

    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        async with Runtime(journal, [flow]) as runtime:
            await runtime.start(flow, id="a", input=7)
            await runtime.idle()
            journal.fail("find_key", JournalUnavailable("away"))
            assert await answered(journal, approving()) is not None

    run(main())


def test_what_a_stopping_runtime_leaves_the_next_one_does() -> None:
    gate = Gate("approved")
    flow = workflow(approval(gate))

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow], grace=NO_GRACE) as runtime:
            await runtime.start(flow, id="a", input=7)
            posted = await journal.post(approving())
            await gate.begun.wait()
        await journal.open()
        assert await journal.answer_to(posted.id) is None
        gate.open.set()
        async with Runtime(journal, [flow]):
            assert await answered(journal, approving()) is not None
        assert gate.runs == 2

    run(main())


def test_what_an_expelled_runtime_has_begun_the_next_owner_does() -> None:
    gate = Gate("approved")
    flow = workflow(approval(gate))

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]) as runtime, Runtime(journal, [flow]):
            await runtime.start(flow, id="a", input=7)
            asked = asyncio.create_task(answered(journal, approving()))
            await gate.begun.wait()
            journal.expel(runtime._membership.member.epoch)
            await rounds()
            gate.open.set()
            assert await asked is not None

    run(main())
