"""Does everything go on, a while later, when no notice of the store reaches anybody?"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstanceCancelled, Runtime
from interpreters.runtime.client import Client
from journals.entries import Published
from journals.faulty import FaultyJournal, Point, Side
from tests.faults.worker import store
from tests.runtime.running import NOTE, note, run, workflow
from wio import child, publish, run_io

LOOK_AGAIN = (timedelta(milliseconds=10), timedelta(milliseconds=20))

AFTER_CHANGES, AFTER_DELIVERIES = Point("changes", Side.AFTER), Point("deliveries", Side.AFTER)
LOOK_SECONDS = 4.0
"""Is less than the least time after which one looks who was not told when."""


def deaf(place: str) -> FaultyJournal:
    journal = FaultyJournal(store(place))
    journal.points.deaf = True
    return journal


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["ends", "is cancelled"])
def test_who_hears_nothing_finds_everything_by_looking(place: str, is_cancelled: bool) -> None:
    """Starts, signals, answers, ends of children and results: a lost channel costs a while, and loses nothing."""

    async def main() -> None:
        ran: list[Any] = []
        inner = workflow(run_io(ran.append), name="inner")
        flow = workflow(note() >> child(inner, result=object, input=lambda _: 1) >> note())
        async with (
            Runtime(deaf(place), [flow], look_again=LOOK_AGAIN),
            Runtime(deaf(place), [flow], look_again=LOOK_AGAIN),
            Client(deaf(place), [flow], look_again=LOOK_AGAIN) as client,
        ):
            instances = [await client.start(flow, id=f"i{number}", input=number) for number in range(4)]
            results = [asyncio.create_task(instance.result()) for instance in instances]
            for number, instance in enumerate(instances):
                assert await instance.signal(NOTE, "one", key="1") == f"noted {number} one"
            if is_cancelled:
                await asyncio.gather(*(instance.cancel() for instance in instances))
                answers = await asyncio.gather(*results, return_exceptions=True)
                assert {type(answer) for answer in answers} == {InstanceCancelled}
                return
            for instance in instances:
                await instance.send(NOTE, "two", key="2")
            assert await asyncio.gather(*results) == [Success("None two")] * 4
            assert ran == [1] * 4

    run(main())


def test_who_follows_and_hears_nothing_finds_a_change_by_looking(place: str) -> None:
    """As often as it was told to look."""

    async def main() -> None:
        flow, journal = workflow(note()), deaf(place)
        async with Client(journal, [flow], look_again=LOOK_AGAIN) as client:
            await client.start(flow, id="a", input=1)
            changes = client.follow("audit")
            assert (await anext(changes)).id == "a"
            following = asyncio.create_task(anext(changes))
            await reached(journal, AFTER_CHANGES, 2)  # the second time, there was nothing
            await client.start(flow, id="b", input=1)
            async with asyncio.timeout(LOOK_SECONDS):
                assert (await following).id == "b"

    run(main())


def test_who_delivers_and_hears_nothing_finds_a_message_by_looking(place: str) -> None:
    """What another process has published, as often as it was told to look."""

    async def main() -> None:
        flow, journal, paper = workflow(publish("seen", str)), deaf(place), Paper()
        async with (
            Runtime(journal, [flow], look_again=LOOK_AGAIN, publisher=paper, recover=False),
            Runtime(store(place), [flow]) as other,
        ):
            await reached(journal, AFTER_DELIVERIES, 1)
            await (await other.start(flow, id="a", input=1)).result()
            async with asyncio.timeout(LOOK_SECONDS):
                await paper.arrived.wait()

    run(main())


async def reached(journal: FaultyJournal, point: Point, times: int) -> None:
    while journal.points.reached[point] < times:
        await asyncio.sleep(0.001)


class Paper:
    """Is a publisher that says when something has arrived."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()

    async def publish(self, message: Published) -> None:
        assert message.topic == "seen"
        self.arrived.set()
