"""Does what a workflow publishes arrive: once stored, in order, and in spite of whatever fails?"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import Client, Hooks, Runtime
from interpreters.testing import CrashAt, Simulation, VirtualClock
from journals import InMemoryJournal
from journals.entries import Published
from wio import (
    WIO,
    InvalidDefinition,
    Signal,
    Workflow,
    for_each,
    publish,
    receive_signal,
    run_in_transaction,
    run_io,
    wait,
)

GO = Signal("go", request=str, response=str)
HOUR = timedelta(hours=1)


def step(value: str) -> str:
    return value


def told(value: str) -> str:
    return f"told {value}"


def chosen(_value: str, request: str) -> str:
    return request


first = publish("first", told, name="first")
second = publish("second", told, name="second")
third = publish("third", told, name="third")


def workflow(root: WIO[str, Any, Any], name: str = "teller") -> Workflow[str, Any, Any]:
    return Workflow(name, version=1, input=str, root=root)


teller = workflow(first >> run_io(step) >> second >> third)


class Broker:
    """Takes messages; refuses those of some instances, or waits before it takes one."""

    def __init__(self) -> None:
        self.arrived: list[Published] = []
        self.refused: set[str] = set()
        self.attempts: dict[str, int] = defaultdict(int)
        self.at_the_door = asyncio.Event()
        self.gate: asyncio.Event | None = None

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.arrived]

    def of(self, instance_id: str) -> list[str]:
        return [message.topic for message in self.arrived if message.instance_id == instance_id]

    async def publish(self, message: Published) -> None:
        self.attempts[message.id] += 1
        if message.instance_id in self.refused:
            raise ConnectionError(f"no route for {message.topic}")
        if self.gate is not None:
            self.at_the_door.set()
            await self.gate.wait()
        self.arrived.append(message)


class Plain:
    """Takes messages in a plain function, and notes in which threads."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.threads: set[int] = set()

    def publish(self, message: Published) -> None:
        self.topics.append(message.topic)
        self.threads.add(threading.get_ident())


def test_a_plain_function_publishes_in_a_thread() -> None:
    async def main() -> None:
        journal, plain = InMemoryJournal(), Plain()
        async with Runtime(journal, [teller], publisher=plain) as runtime:
            await (await runtime.start(teller, id="a", input="x")).result()
            await runtime.idle()
            assert await journal.outbox() == ()
        assert plain.topics == ["first", "second", "third"]
        assert threading.get_ident() not in plain.threads

    asyncio.run(main())


def test_a_plain_function_publishes_in_a_simulation() -> None:
    plain = Plain()
    with Simulation(teller, publisher=plain) as simulation:
        simulation.start(teller, id="a", input="x")
        assert plain.topics == ["first", "second", "third"]


def test_messages_arrive_in_order_with_ids_of_their_entries() -> None:
    with Simulation(teller) as simulation:
        run = simulation.start(teller, id="a", input="x")
        assert run.result() == Success("x")
        found = [(message.id, message.topic, message.payload.text) for message in simulation.published]
        assert found == [("a:2", "first", '"told x"'), ("a:4", "second", '"told x"'), ("a:5", "third", '"told x"')]
        assert [simulation.published[0].at, simulation.commits] == [run.history[1].recorded_at, 2]


def test_nothing_is_published_again_after_a_crash() -> None:
    waiting = workflow(first >> wait(HOUR) >> second)
    with Simulation(waiting) as simulation:
        simulation.start(waiting, id="a", input="x")
        simulation.crash()
        simulation.advance(HOUR)
        assert [message.id for message in simulation.published] == ["a:2", "a:5"]


@pytest.mark.parametrize("commit", range(1, 4))
@pytest.mark.parametrize("side", CrashAt)
def test_state_and_message_are_stored_together_or_not_at_all(commit: int, side: CrashAt) -> None:
    with Simulation(teller) as simulation:
        simulation.crash_at(commit, side)
        run = simulation.start(teller, id="a", input="x")
        assert run.result() == Success("x")
        recorded = [f"a:{entry.seq}" for entry in run.history if entry.kind.value == "published"]
        assert list(dict.fromkeys(message.id for message in simulation.published)) == recorded


def test_what_every_branch_publishes_arrives() -> None:
    def items(value: str) -> list[str]:
        return list(value)

    every = workflow(for_each(items, first, key=step))
    with Simulation(every) as simulation:
        simulation.start(every, id="a", input="abc")
        assert [message.seq for message in simulation.published] == [3, 4, 5]


def test_a_message_that_fails_is_tried_again_and_holds_up_those_behind_it_only() -> None:
    broker = Broker()
    broker.refused.add("bad")
    with Simulation(teller, publisher=broker) as simulation:
        for name in ("bad", "good"):
            assert simulation.start(teller, id=name, input="x").result() == Success("x")
        assert broker.of("good") == ["first", "second", "third"]
        assert broker.attempts["bad:2"] == 1
        simulation.advance(timedelta(minutes=1))
        tries = broker.attempts["bad:2"]
        assert 4 <= tries <= 7
        simulation.advance(timedelta(days=1))
        assert 200 <= broker.attempts["bad:2"] - tries <= 400
        broker.refused.clear()
        simulation.advance(timedelta(minutes=6))
        assert broker.of("bad") == ["first", "second", "third"]


def test_a_crash_of_the_process_loses_no_retry() -> None:
    broker = Broker()
    broker.refused.add("a")
    with Simulation(teller, publisher=broker) as simulation:
        simulation.start(teller, id="a", input="x")
        simulation.crash()
        broker.refused.clear()
        simulation.advance(timedelta(minutes=1))
        assert broker.of("a") == ["first", "second", "third"]


def test_without_a_publisher_messages_wait() -> None:
    async def main() -> None:
        journal, broker = InMemoryJournal(), Broker()
        async with Runtime(journal, [teller]) as runtime:
            await (await runtime.start(teller, id="a", input="x")).result()
        async with journal:
            (waiting,) = await journal.outbox()
            assert (waiting.instance_id, waiting.count, waiting.error) == ("a", 3, None)
        async with Runtime(journal, [teller], publisher=broker) as runtime:
            await runtime.idle()
            assert broker.of("a") == ["first", "second", "third"]
            assert await journal.outbox() == ()

    asyncio.run(main())


def test_what_is_published_last_arrives_before_a_clean_end() -> None:
    async def main() -> None:
        broker = Broker()
        async with Runtime(InMemoryJournal(), [teller], publisher=broker) as runtime:
            await (await runtime.start(teller, id="a", input="x")).result()
        assert broker.of("a") == ["first", "second", "third"]

    asyncio.run(main())


def test_the_start_by_a_client_publishes() -> None:
    async def main() -> None:
        journal, broker = InMemoryJournal(), Broker()
        async with Client(journal, [teller]) as client:
            await client.start(teller, id="a", input="x")
        async with Runtime(journal, [teller], publisher=broker) as runtime:
            await runtime.idle()
        assert broker.of("a") == ["first", "second", "third"]

    asyncio.run(main())


def test_a_message_of_another_process_is_delivered_at_once() -> None:
    asking = workflow(receive_signal(GO, chosen, respond=chosen) >> first)

    async def main() -> None:
        journal, broker = InMemoryJournal(), Broker()
        async with Runtime(journal, [asking], publisher=broker), Runtime(journal, [asking]) as other:
            await (await other.start(asking, id="a", input="x")).signal(GO, "y")
            async with asyncio.timeout(5):
                while broker.of("a") != ["first"]:
                    await asyncio.sleep(0)

    asyncio.run(main())


def test_who_is_expelled_in_the_middle_makes_doubles_but_no_disorder() -> None:
    """A frozen process goes on with the message that it was at, and no further; the next one begins with that."""

    async def main() -> None:
        journal, frozen, other = InMemoryJournal(), Broker(), Broker()
        frozen.gate = asyncio.Event()
        async with Runtime(journal, [teller], publisher=frozen) as runtime:
            await (await runtime.start(teller, id="a", input="x")).result()
            await frozen.at_the_door.wait()
            (member,) = await journal.members()
            async with Runtime(journal, [teller], publisher=other) as successor:
                await successor.idle()
                assert other.of("a") == []
                journal.expel(member.epoch)
                async with asyncio.timeout(5):
                    while other.of("a") != ["first", "second", "third"]:
                        journal._members.tell_all(_to_deliver())
                        await asyncio.sleep(0)
                frozen.gate.set()
                await runtime.idle()
                assert frozen.ids in ([], ["a:2"])
        async with journal:
            assert await journal.outbox() == ()

    asyncio.run(main())


def _to_deliver() -> Any:
    from journals.sharing import ToDeliver  # noqa: PLC0415

    return ToDeliver()


def test_two_runtimes_keep_the_order_of_each_instance() -> None:
    chatty = workflow(first >> run_io(step, name="1") >> second >> run_io(step, name="2") >> third)

    async def main() -> None:
        journal, broker = InMemoryJournal(), Broker()
        async with (
            Runtime(journal, [chatty], publisher=broker, most_idle=2) as one,
            Runtime(journal, [chatty], publisher=broker, most_idle=2) as other,
        ):
            for number in range(30):
                await (one, other)[number % 2].start(chatty, id=f"{number}", input="x")
            async with asyncio.timeout(20):
                while await journal.outbox() or len(set(broker.ids)) < 90:
                    await asyncio.sleep(0)
        for number in range(30):
            assert broker.of(f"{number}") == ["first", "second", "third"]

    asyncio.run(main())


def test_a_step_in_a_transaction_publishes_in_it() -> None:
    async def write(value: str, _connection: object) -> str:
        return value

    writing = workflow(run_in_transaction(write) >> first)

    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[object]:
        yield object()

    with Simulation(writing, connect=connect) as simulation:
        assert simulation.start(writing, id="a", input="x").result() == Success("x")
        assert [message.id for message in simulation.published] == ["a:3"]


@pytest.mark.parametrize("publisher", [3, print, Broker])
def test_what_cannot_publish_is_refused(publisher: Any) -> None:
    with pytest.raises(InvalidDefinition, match="cannot publish"):
        Runtime(InMemoryJournal(), [teller], publisher=publisher)


def test_what_cannot_publish_is_named_in_few_words() -> None:
    hooks: Any = Hooks(on_complete=print)
    with pytest.raises(InvalidDefinition, match=r"publisher=an object of Hooks cannot publish\."):
        Runtime(InMemoryJournal(), [teller], publisher=hooks)


def test_a_clock_that_stands_still_delivers() -> None:
    async def main() -> None:
        broker = Broker()
        async with Runtime(InMemoryJournal(), [teller], publisher=broker, clock=VirtualClock()) as runtime:
            await (await runtime.start(teller, id="a", input="x")).result()
            await runtime.idle()
            assert len(broker.arrived) == 3

    asyncio.run(main())
