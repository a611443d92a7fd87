"""Does who asks from outside get its answer also when a notice is lost, or when nobody is left to answer?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from returns.result import Success

from interpreters import Client, Runtime, RuntimeStopped
from interpreters.errors import InstanceEnded, SignalRefusal, TaskRefusal, TaskRefused, UnexpectedSignal
from interpreters.runtime.requests.commands import Command, Verb
from interpreters.runtime.requests.tasking import Report
from interpreters.runtime.sharing.remote import Remote
from journals.codecs import JsonCodec
from journals.entries import Kind, Message, Status
from journals.memory import InMemoryJournal
from journals.sharing import Answered, Posted
from tests.runtime.running import APPROVE, Approval, FaultyJournal, approval, run, workflow
from wio import Task, task

ADA = Approval("Ada")
FLOW = workflow(approval())
WORKING = workflow(task(Task("work", input=int, output=int, error=str), int), name="working")
KNOWN = {(each.name, each.version): each for each in (FLOW, WORKING)}
AT_ONCE = (timedelta(milliseconds=1), timedelta(milliseconds=2))


class LetsEverythingIn(InMemoryJournal):
    """Stores a message as if its instance had not ended yet when it came."""

    async def post(self, message: Message) -> Posted:
        return Posted(self._put(message), is_over=False)


def deaf(journal: InMemoryJournal) -> Remote:
    """Return one that hears nothing, and looks by itself."""
    return Remote(journal, KNOWN, JsonCodec(), look_again=AT_ONCE)


def test_a_lost_notice_costs_a_while_and_no_more() -> None:
    """Who hears nothing looks by himself."""

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [FLOW, WORKING]) as runtime:
            await runtime.start(FLOW, id="a", input=7)
            remote = deaf(journal)
            ended = asyncio.create_task(remote.result("a"))
            assert await remote.deliver("a", APPROVE, ADA, "k") == "ok 7 by Ada"
            assert await ended == Success("7 by Ada")
            await runtime.start(FLOW, id="b", input=7)
            await remote.send("b", APPROVE, ADA, "k")
            await runtime.start(FLOW, id="c", input=7)
            await remote.steer("c", Command(Verb.CANCEL), datetime.now(UTC))
            assert (await runtime.journal.find("c")).status is Status.CANCELLED

    run(main())


def test_a_notice_that_comes_before_the_number_is_known_is_not_lost() -> None:
    """The answer may be there before `post` has returned."""

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [FLOW, WORKING]) as runtime:
            await runtime.start(FLOW, id="a", input=7)
            remote = Remote(journal, KNOWN, JsonCodec(), look_again=(timedelta(minutes=1), timedelta(minutes=1)))
            remote.hear(Answered(1))
            listener = await journal.listen(remote.hear)
            assert await remote.deliver("a", APPROVE, ADA, "k") == "ok 7 by Ada"
            await listener.close()

    run(main())


def test_what_nobody_answers_as_its_instance_has_ended_is_refused() -> None:
    """The process that owned it died between the end and the answers: nobody claims what has ended."""

    async def main() -> None:
        journal = LetsEverythingIn()
        async with Runtime(journal, [FLOW, WORKING]) as runtime:
            await (await runtime.start(FLOW, id="a", input=7)).signal(APPROVE, ADA, key="k")
            await runtime.start(WORKING, id="w", input=7)
        async with journal, Runtime(journal, [FLOW, WORKING]) as runtime:
            working = await runtime.instance(WORKING, "w")
            (offered,) = await working.tasks()
            await working.claim(offered.address, by="Ada")
            await working.complete(offered.address, 8, by="Ada", key="k")
        await journal.open()
        remote = deaf(journal)
        assert await remote.deliver("a", APPROVE, ADA, "k") == "ok 7 by Ada"
        await remote.send("a", APPROVE, ADA, "k")
        with pytest.raises(UnexpectedSignal) as raised:
            await remote.deliver("a", APPROVE, ADA, "another")
        assert raised.value.refusal is SignalRefusal.ENDED
        with pytest.raises(InstanceEnded, match="Completed"):
            await remote.steer("a", Command(Verb.CANCEL), datetime.now(UTC))
        await remote.report("w", Report(Kind.TASK_COMPLETED, offered.address, "Ada", value=8, key="k"))
        with pytest.raises(TaskRefused) as refused:
            await remote.report("w", Report(Kind.TASK_CLAIMED, offered.address, "Ben"))
        assert refused.value.refusal is TaskRefusal.COMPLETED

    run(main())


@pytest.mark.parametrize("call", ["find", "answer_to"])
def test_who_waits_when_its_runtime_or_client_stops_is_told_so(call: str) -> None:
    """Not that a journal is closed, however far the call has come by then."""

    async def main() -> None:
        journal, looked = FaultyJournal(InMemoryJournal()), asyncio.Event()
        async with Client(journal, [FLOW], look_again=AT_ONCE) as client:
            instance = await client.start(FLOW, id="a", input=7)
            held = asyncio.Event()

            async def hold() -> None:
                looked.set()
                await held.wait()

            journal.fail(call, hold)
            waiting = asyncio.create_task(instance.pause() if call == "answer_to" else instance.result())
            await looked.wait()
        held.set()
        with pytest.raises(RuntimeStopped):
            await waiting

    run(main())
