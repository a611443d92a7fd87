"""Is it said of a signal that has arrived, and whose effect runs, that it need not be sent again?"""

from __future__ import annotations

import asyncio
from typing import Any

from interpreters import Client, Runtime
from interpreters.runtime.explaining.why import Action, Because, Remedy
from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal
from tests.runtime.running import APPROVE, Approval, Gate, approval, rounds, run, virtual, workflow
from wio import Early, Signal, handle_signal, parallel

CANCEL = Action(Remedy.CANCEL)
ADA = Approval("ada")
VOTE = Signal("vote", request=str, response=str, correlation=str.lower, early=Early.KEEP)


def journal_at(place: str) -> Journal:
    return PostgresJournal(place) if "=" in place or "://" in place else SqliteJournal(place)


async def is_told(runner: Journal, asker: Journal) -> None:
    gate = Gate("ok")
    flow = workflow(approval(gate) >> approval().named("again"))
    async with Runtime(runner, [flow]), Client(asker, [flow]) as client:
        instance = await client.start(flow, id="a", input=7)
        sending = asyncio.create_task(instance.signal(APPROVE, ADA, key="k1"))
        await gate.begun.wait()
        during = await client.why("a")
        (member,) = await client.journal.members()
        assert during.since is not None
        begun, rest = during.sentence.split(" since ")
        assert begun == (
            f"a has got signal approve (key k1) at approve, which is with {member.name} (member {member.epoch}),"
        )
        assert rest.startswith(f"{during.since:%Y-%m-%d %H:%M:%S} UTC (for ")
        assert during.because is Because.ARRIVED
        assert during.actions == (Action(Remedy.WAIT), CANCEL)
        gate.open.set()
        await sending
        after = await client.why("a")
        assert after.because is Because.SIGNAL
        assert after.actions == (Action(Remedy.SEND_SIGNAL, "approve"), CANCEL)


def test_whoever_asks_is_told_of_a_signal_whose_effect_runs(place: str) -> None:
    def connect() -> Journal:
        return PostgresJournal(place) if "://" in place else SqliteJournal(place)

    run(is_told(connect(), connect()))


def test_in_memory_too() -> None:
    journal = InMemoryJournal()
    run(is_told(journal, journal))


def test_what_its_own_process_has_sent_is_known_there() -> None:
    async def main() -> None:
        gate = Gate("ok")
        flow = workflow(approval(gate))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            await runtime.idle()
            sending = asyncio.create_task(instance.signal(APPROVE, ADA))
            await gate.begun.wait()
            (member,) = await runtime.journal.members()
            found = await runtime.why("a")
            assert found.sentence == (
                f"a has got signal approve at approve, which is with {member.name} (member {member.epoch})."
            )
            assert (found.because, found.since) == (Because.ARRIVED, None)
            gate.open.set()
            await sending

    run(main())


def test_the_place_that_takes_it_is_named_and_the_other_still_waits() -> None:
    async def main() -> None:
        gate = Gate("ok")
        flow = workflow(parallel(approval(gate).named("x"), approval(gate).named("y")))
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]), Client(journal, [flow]) as client:
            instance = await client.start(flow, id="a", input=7)
            sending = asyncio.create_task(instance.signal(APPROVE, ADA, key="k"))
            await gate.begun.wait()
            found = await client.why("a")
            assert found.sentence.startswith("a has got signal approve (key k) at parallel[x]/x, which is with ")
            assert found.others == ("waits for signal approve at parallel[y]/y",)
            gate.open.set()
            await sending

    run(main())


def vote(by: str) -> Any:
    step = handle_signal(
        VOTE, lambda _, request: request, lambda value, _: value, respond=lambda *_: "", match=lambda _: by, event=str
    )
    return step.named(by)


def test_a_signal_for_another_key_is_not_taken_for_this_one() -> None:
    async def main() -> None:
        flow = workflow(vote("ada") >> vote("bob"))
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]), Client(journal, [flow]) as client:
            instance = await client.start(flow, id="a", input=7)
            sending = asyncio.create_task(instance.signal(VOTE, "Bob", key="k"))
            await rounds(50)
            assert (await journal.unanswered("a"))[0].message.name == "vote"
            found = await client.why("a")
            assert found.actions == (Action(Remedy.SEND_SIGNAL, "vote"), CANCEL)
            await instance.signal(VOTE, "Ada")
            await sending

    run(main())


def test_before_somebody_has_it_that_is_said_too() -> None:
    async def main() -> None:
        flow = workflow(approval())
        journal = InMemoryJournal()
        async with Client(journal, [flow]) as client:
            instance = await client.start(flow, id="a", input=7)
            sending = asyncio.create_task(instance.signal(APPROVE, ADA, key="k"))
            await rounds()
            found = await client.why("a")
            assert found.because is Because.STRANDED
            assert found.sentence.endswith("; it has got signal approve (key k) at approve.")
            sending.cancel()
            await asyncio.wait({sending})

    run(main())
