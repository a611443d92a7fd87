"""What does a runtime know of what another one did to its instances? It looks again when it is asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from returns.result import Success

from interpreters import Runtime, UnexpectedSignal, WrongPayload, effect_context
from interpreters.runtime.client import Client
from interpreters.testing import NoThreads, Simulation, VirtualClock
from journals.memory import InMemoryJournal
from wio import Early, Query, Signal, Workflow, handle_signal, pure, query, receive_signal, wait

FIRST = Signal("first", request=str, response=str)
SECOND = Signal("second", request=str, response=str)
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


def test_a_message_that_came_while_nobody_owned_its_instance_is_done_by_whoever_is_asked_for_it_first() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        async with Client(journal, [two_signals]) as client:
            instance = await client.start(two_signals, id="a", input="begun")
            sender = asyncio.create_task(instance.signal(FIRST, "posted"))
            await asyncio.sleep(0.01)
            async with runtime_on(journal, clock, recover=False) as runtime:
                assert await (await runtime.instance(two_signals, "a")).query(STATE) in ("begun", "posted")
                async with asyncio.timeout(4):
                    assert await sender == "echo of posted"

    asyncio.run(main())
