"""Does everything go on, a while later, when no notice of the store reaches anybody?"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstanceCancelled, Runtime
from interpreters.runtime.client import Client
from journals.faulty import FaultyJournal
from journals.ports import Journal
from tests.faults.worker import store
from tests.runtime.running import NOTE, note, run, workflow
from wio import child, run_io

LOOK_AGAIN = (timedelta(milliseconds=10), timedelta(milliseconds=20))


def deaf(place: str) -> Journal:
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
