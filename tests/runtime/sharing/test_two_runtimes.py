"""What does a runtime know of what another one did to its instances? It looks again when it is asked."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from returns.result import Success

from interpreters import Client, Runtime, UnexpectedSignal, WrongPayload, effect_context
from interpreters.testing import CrashAt, Crashed, CrashingJournal, NoThreads, Simulation, VirtualClock
from journals.entries import Status
from journals.memory import InMemoryJournal
from wio import Early, Query, Signal, Task, Workflow, child, handle_signal, pure, query, receive_signal, task, wait

FIRST = Signal("first", request=str, response=str)
SECOND = Signal("second", request=str, response=str)
WORK = Task("work", input=str, output=int)
STATE = Query("state", response=str)
DAY = timedelta(days=1)


def said(_state: object, request: str) -> str:
    return request


def echoed(_state: object, request: str) -> str:
    return f"echo of {request}"


def shown(state: str) -> str:
    return state


two_signals = Workflow(
    "two signals",
    version=1,
    input=str,
    root=query(
        STATE,
        shown,
        receive_signal(FIRST, said, respond=echoed) >> wait(DAY) >> receive_signal(SECOND, said, respond=echoed),
    ),
)


def runtime_on(journal: InMemoryJournal, clock: VirtualClock, *, recover: bool = True) -> Runtime:
    return Runtime(journal, [two_signals], clock=clock, workers=NoThreads(), recover=recover)


def test_the_one_that_owns_an_instance_does_what_the_other_is_asked_for() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        async with runtime_on(journal, clock) as service:
            held = await service.start(two_signals, id="a", input="begun")
            await service.idle()
            assert await held.query(STATE) == "begun"
            other = runtime_on(journal, clock, recover=False)
            await other.__aenter__()
            assert await (await other.instance(two_signals, "a")).signal(FIRST, "moved") == "echo of moved"
            assert await (await other.instance(two_signals, "a")).query(STATE) == "moved"
            assert await held.query(STATE) == "moved"
            assert service.next_wake_up() == clock.now() + DAY
            assert other.next_wake_up() is None

    asyncio.run(main())


def test_a_signal_reaches_an_instance_that_another_runtime_has_moved() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        async with runtime_on(journal, clock) as service:
            held = await service.start(two_signals, id="a", input="begun")
            await service.idle()
            other = runtime_on(journal, clock, recover=False)
            await other.__aenter__()
            await (await other.instance(two_signals, "a")).signal(FIRST, "moved")
            with pytest.raises(UnexpectedSignal, match="waits at wait until"):
                await held.signal(FIRST, "too late")

    asyncio.run(main())


def test_one_key_may_serve_two_signals() -> None:
    with Simulation(two_signals) as simulation:
        run = simulation.start(two_signals, id="a", input="begun")
        assert run.signal(FIRST, "one", key="k") == "echo of one"
        simulation.advance(DAY)
        assert run.signal(SECOND, "two", key="k") == "echo of two"
        assert run.signal(FIRST, "again", key="k") == "echo of one"
        assert run.result() == Success("two")
        assert [entry.key for entry in run.history if entry.key] == ["first:k", "second:k"]


def test_the_workflow_decides_what_becomes_of_an_early_signal() -> None:
    eager = Signal("second", request=str, response=str, early=Early.KEEP)
    with Simulation(two_signals) as simulation:
        run = simulation.start(two_signals, id="a", input="begun")
        with pytest.raises(UnexpectedSignal, match="waits for signal first"):
            run.signal(eager, "too early")


def test_the_effect_of_a_signal_tells_its_senders_apart() -> None:
    keys: list[str] = []

    def noted(_state: str, request: str) -> str:
        keys.append(effect_context().idempotency_key)
        if request == "bad":
            raise ValueError(request)
        return request

    listening = Workflow("listening", version=1, input=str, root=handle_signal(FIRST, noted, said, respond=echoed))
    with Simulation(listening) as simulation:
        run = simulation.start(listening, id="a", input="begun")
        for key in ("k", "k", None):
            with pytest.raises(ValueError, match="bad"):
                run.signal(FIRST, "bad", key=key)
        run.signal(FIRST, "good")
    assert keys[0] == keys[1] == "a:first:first:k"
    assert len(set(keys)) == 3


def test_an_answer_of_another_type_than_declared_is_refused() -> None:
    def forgetful(state: str) -> str:
        return None if state == "end" else state  # type: ignore[return-value]

    ended = Workflow("ended", version=1, input=str, root=query(STATE, forgetful, pure("end")))
    with Simulation(ended) as simulation:
        run = simulation.start(ended, id="a", input="begun")
        with pytest.raises(
            WrongPayload, match="query 'state' for a state of type str: a NoneType where str is declared"
        ):
            run.query(STATE)


def test_who_claims_an_instance_by_asking_it_does_what_others_have_asked_of_it() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        async with Client(journal, [two_signals]) as client:
            started = await client.start(two_signals, id="a", input="begun")
            asked = asyncio.ensure_future(started.signal(FIRST, "moved"))
            while not (await journal.find("a")).wake_up:
                await asyncio.sleep(0)
            async with runtime_on(journal, clock, recover=False) as service:
                assert await (await service.instance(two_signals, "a")).query(STATE) == "begun"
                assert await asked == "echo of moved"

    asyncio.run(main())


def test_an_instance_that_a_client_starts_begins_with_its_child() -> None:
    part = Workflow("part", version=1, input=str, root=pure("done"))
    whole = Workflow("whole", version=1, input=str, root=child(part, result=str))

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [whole], workers=NoThreads()), Client(journal, [whole]) as client:
            started = await client.start(whole, id="a", input="begun")
            assert await asyncio.wait_for(started.result(), 5) == Success("done")

    asyncio.run(main())


def test_everything_that_is_reported_of_a_task_reaches_the_owner_of_its_instance() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        working = Workflow("working", version=1, input=str, root=task(WORK, str.upper))
        async with Runtime(journal, [working], workers=NoThreads()) as owner, Client(journal, [working]) as client:
            held = await owner.start(working, id="a", input="begun")
            await owner.idle()
            asked = await client.instance(working, "a")
            await asked.claim("work", by="ann")
            await asked.start_task("work", by="ann")
            await asked.heartbeat("work", by="ann", note="half")
            await asked.release("work", by="ann", reason="lunch")
            await asked.delegate("work", to=["bob"], by="boss", reason="he can")
            await asked.claim("work", by="bob")
            await asked.complete("work", 7, by="bob", key="k")
            await asked.complete("work", 7, by="bob", key="k")
            assert await held.result() == Success(7)

    asyncio.run(main())


def test_a_child_that_its_parent_could_not_begin_any_more_is_begun_by_who_takes_the_parent_over() -> None:
    part = Workflow("part", version=1, input=str, root=pure("done"))
    whole = Workflow("whole", version=1, input=str, root=child(part, result=str))

    async def main() -> None:
        store = InMemoryJournal()
        dying = CrashingJournal(store)
        dying.crash_at(1, CrashAt.AFTER)
        with suppress(Crashed):
            async with Runtime(dying, [whole], workers=NoThreads()) as first:
                await first.start(whole, id="a", input="begun")
        await dying.bury()
        async with Runtime(store, [whole], workers=NoThreads()) as second:
            await second.idle()
            assert (await store.find("a")).status is Status.COMPLETED

    asyncio.run(main())
