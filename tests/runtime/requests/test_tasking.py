"""Is the answer to a task taken once, however often it is sent, and does a refusal say why as data?"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from returns.result import Failure, Result, Success

from interpreters import Client, Instance, Runtime, TaskRefused, WrongPayload
from interpreters.errors import TaskRefusal
from interpreters.machine.recorded import Note
from interpreters.testing import CrashAt, Crashed, CrashingJournal
from journals.codecs import JsonCodec
from journals.entries import Kind
from journals.errors import JournalUnavailable, UnknownInstance
from journals.memory import InMemoryJournal
from tests.runtime.running import FaultyJournal, kinds, run, virtual, workflow
from wio import WIO, Signal, Task, Workflow, critical, first_of, loop, parallel, receive_signal, run_io, task
from wio import fail as decline

WORK = Task("work", input=int, output=int, error=str)
WORD = Signal("work", request=int, response=int)
Handle: TypeAlias = Instance[Any, Any]
Answer: TypeAlias = Callable[[Handle, str, str | None], Awaitable[None]]


async def complete(instance: Handle, address: str, key: str | None) -> None:
    await instance.complete(address, 7, by="ann", key=key)


async def fail(instance: Handle, address: str, key: str | None) -> None:
    await instance.fail_task(address, "no", by="ann", key=key)


async def skip(instance: Handle, address: str, key: str | None) -> None:
    await instance.skip(address, 7, key=key)


ANSWERS = pytest.mark.parametrize(
    ("answer", "kind", "refusal", "result"),
    [
        (complete, Kind.TASK_COMPLETED, TaskRefusal.COMPLETED, Success(7)),
        (fail, Kind.TASK_FAILED, TaskRefusal.FAILED, Failure("no")),
        (skip, Kind.TASK_SKIPPED, TaskRefusal.SKIPPED, Success(7)),
    ],
)


def work(name: str = "work") -> WIO[Any, Any, Any]:
    return task(WORK, int, name=name)


async def refusal_of(call: Awaitable[None]) -> TaskRefusal:
    with pytest.raises(TaskRefused) as refused:
        await call
    assert refused.value.reason in str(refused.value)
    return refused.value.refusal


# Answers that are sent again


@ANSWERS
def test_an_answer_with_the_key_of_the_recorded_one_is_taken_for_it(
    answer: Answer, kind: Kind, refusal: TaskRefusal, result: Result[int, str]
) -> None:
    async def main() -> None:
        journal, flow = InMemoryJournal(), workflow(work())
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.claim("work", by="ann")
            await answer(instance, "work", "k")
            await answer(instance, "work", "k")
            assert await instance.result() == result
            before = await instance.history()
            assert (before[-2].kind, before[-2].key) == (kind, ":task:work:k")
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            await answer(instance, "work", "k")
            for other in ("another", None):
                assert await refusal_of(answer(instance, "work", other)) is refusal
            assert await instance.history() == before

    run(main())


@ANSWERS
def test_an_answer_without_a_key_cannot_be_repeated(
    answer: Answer, kind: Kind, refusal: TaskRefusal, result: Result[int, str]
) -> None:
    async def main() -> None:
        flow = workflow(work())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.claim("work", by="ann")
            await answer(instance, "work", None)
            for key in (None, "k", ""):
                assert await refusal_of(answer(instance, "work", key)) is refusal
            assert await instance.result() == result
            assert (await kinds(instance)).count(kind) == 1

    run(main())


@ANSWERS
def test_an_answer_whose_commit_was_stored_and_not_confirmed_is_repeated(
    answer: Answer, kind: Kind, refusal: TaskRefusal, result: Result[int, str]
) -> None:
    async def main() -> None:
        journal, flow = FaultyJournal(InMemoryJournal()), workflow(work())
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.claim("work", by="ann")
            journal.fail("commit", JournalUnavailable("away"), late=True)
            with pytest.raises(JournalUnavailable):
                await answer(instance, "work", "k")
            assert await refusal_of(answer(instance, "work", None)) is refusal
            await answer(instance, "work", "k")
            assert await instance.result() == result
            assert (await kinds(instance)).count(kind) == 1

    run(main())


def test_a_repeated_answer_lets_the_instance_go_on_where_nothing_else_does() -> None:
    async def main() -> None:
        store, flow = InMemoryJournal(), workflow(work() >> run_io(abs, event=int))
        dying = CrashingJournal(store)
        with contextlib.suppress(Crashed):
            async with virtual(dying, flow) as runtime:
                instance = await runtime.start(flow, id="a", input=1)
                await instance.claim("work", by="ann")
                dying.crash_at(1, CrashAt.AFTER)
                await instance.complete("work", -7, by="ann", key="k")
        assert dying.dead
        async with virtual(store, flow, recover=False) as runtime:
            instance = await runtime.instance(flow, "a")
            await instance.complete("work", -7, by="ann", key="k")
            await runtime.idle()
            assert (await kinds(instance))[-1] is Kind.COMPLETED

    run(main())


def test_a_key_is_one_of_its_address_and_not_one_of_a_signal() -> None:
    async def main() -> None:
        word: WIO[Any, Any, Any] = receive_signal(WORD, lambda _, request: request, respond=lambda _, request: request)
        flow = workflow(loop(word >> work().map(lambda _: 1), until=lambda _: False, name="round"))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            for number in (1, 2):
                await instance.signal(WORD, number, key=f"{number}")
                address = f"round[{number}]/work#2"
                await instance.claim(address, by="ann")
                for _ in range(2):
                    await instance.complete(address, number, by="ann", key="1")
            keys = [entry.key for entry in await instance.history() if entry.key]
            assert keys == ["work:1", ":task:round[1]/work#2:1", "work:2", ":task:round[2]/work#2:1"]

    run(main())


def test_an_answer_that_is_refused_leaves_its_key_unused() -> None:
    async def main() -> None:
        wrong: Any = "no number"
        flow = workflow(work())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await refusal_of(complete(instance, "work", "k")) is TaskRefusal.UNCLAIMED
            await instance.claim("work", by="ann")
            with pytest.raises(WrongPayload):
                await instance.complete("work", wrong, by="ann", key="k")
            await complete(instance, "work", "k")
            assert await instance.result() == Success(7)
            instance.id = "nobody"
            with pytest.raises(UnknownInstance):
                await complete(instance, "work", "k")

    run(main())


def test_a_claim_that_is_repeated_by_who_has_it_records_nothing() -> None:
    async def main() -> None:
        journal, flow = FaultyJournal(InMemoryJournal()), workflow(work())
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            journal.fail("commit", JournalUnavailable("away"), late=True)
            with pytest.raises(JournalUnavailable):
                await instance.claim("work", by="ann")
            await instance.claim("work", by="ann")
            await instance.claim("work", by="ann")
            assert await kinds(instance) == [Kind.STARTED, Kind.TASK_OFFERED, Kind.TASK_CLAIMED]
            assert await refusal_of(instance.claim("work", by="bob")) is TaskRefusal.CLAIMED

    run(main())


# Refusals


def test_a_refusal_says_its_cause() -> None:
    async def main() -> None:
        flow = workflow(first_of(work("a"), work("b")))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="i", input=1)
            assert await refusal_of(instance.claim("nowhere", by="ann")) is TaskRefusal.UNKNOWN
            assert await refusal_of(instance.release("first[a]/a", by="ann")) is TaskRefusal.UNCLAIMED
            await instance.claim("first[a]/a", by="ann")
            assert await refusal_of(instance.claim("first[a]/a", by="bob")) is TaskRefusal.CLAIMED
            assert await refusal_of(instance.release("first[a]/a", by="bob")) is TaskRefusal.CLAIMED
            assert await refusal_of(instance.skip("first[b]/b", 7)) is TaskRefusal.WITHDRAWN

    run(main())


def test_a_refusal_says_that_a_lock_is_taken_or_the_place_is_paused() -> None:
    def nobody(_: int) -> str:
        raise ValueError("nobody there")

    async def main() -> None:
        flow = workflow(
            parallel(
                critical("room", work("a")),
                critical("room", work("b")),
                task(WORK, int, name="c", to=nobody),
            )
        )
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="i", input=1)
            await instance.claim("parallel[a]/room/a", by="ann")
            assert await refusal_of(instance.claim("parallel[b]/room/b", by="bob")) is TaskRefusal.LOCKED
            assert await refusal_of(instance.claim("parallel[c]/c", by="bob")) is TaskRefusal.PAUSED

    run(main())


def test_the_journal_says_who_has_delegated_and_skipped_a_task_and_why() -> None:
    async def main() -> None:
        flow = workflow(work("a"))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.delegate("a", to="cfo", by="ann", reason="too large")
            await instance.skip("a", 7, by="eve", reason="urgent")
            notes = {entry.kind: entry.response for entry in await instance.history() if entry.response is not None}
            assert [JsonCodec().decode(notes[kind], Note) for kind in (Kind.TASK_DELEGATED, Kind.TASK_SKIPPED)] == [
                Note("ann", "too large"),
                Note("eve", "urgent"),
            ]

    run(main())


async def gone_back(journal: InMemoryJournal, flow: Workflow[Any, Any, Any]) -> None:
    """Leave an instance that has gone back to its task, which is to be offered anew by whoever reads it."""
    async with virtual(journal, flow) as runtime:
        instance = await runtime.start(flow, id="a", input=1)
        await instance.skip("work", 7)
        await runtime.idle()
    async with Client(journal, [flow]) as client:
        await (await client.instance(flow, "a")).retry(from_address="work")


def test_a_task_that_is_still_to_be_offered_is_not_on_the_list() -> None:
    async def main() -> None:
        journal, flow = InMemoryJournal(), workflow(work() >> decline("no"))
        await gone_back(journal, flow)
        async with Client(journal, [flow]) as client:
            assert await (await client.instance(flow, "a")).tasks() == ()
        await journal.open()
        async with Runtime(journal, [flow]) as runtime:
            await runtime.idle()
            (offered,) = await (await runtime.instance(flow, "a")).tasks()
            assert offered.address == "work"

    run(main())


def test_a_task_that_is_still_to_be_offered_is_offered_before_it_is_claimed() -> None:
    async def main() -> None:
        journal, flow = InMemoryJournal(), workflow(work() >> decline("no"))
        await gone_back(journal, flow)
        async with virtual(journal, flow, recover=False) as runtime:
            instance = await runtime.instance(flow, "a")
            await instance.claim("work", by="ann")
            assert (await kinds(instance))[-3:] == [Kind.WENT_BACK, Kind.TASK_OFFERED, Kind.TASK_CLAIMED]

    run(main())
