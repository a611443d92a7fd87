"""Is an instance found by the attributes that it has set and the tags that it was started with, once and for all?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from returns.result import Success

from interpreters.runtime.client import Client
from interpreters.testing import CrashAt, Simulation
from journals.entries import Kind, Status
from journals.errors import InvalidCommit, InvalidSearch
from journals.labels import Labels
from journals.memory import InMemoryJournal
from journals.search import Count, Cursor, Order, Search
from tests.runtime.running import (
    APPROVE,
    Approval,
    Effect,
    FaultyJournal,
    approval,
    kinds,
    run,
    virtual,
    workflow,
)
from wio import WIO, InvalidDefinition, checkpoint, parallel, recovered, run_io, set_attributes

DUE = datetime(2026, 3, 1, tzinfo=UTC)


def doubled(value: int) -> int:
    return 2 * value


def step(event: Any = 7, name: str = "s") -> WIO[Any, Any, Any]:
    return run_io(Effect(event), name=name, event=int)


def test_attributes_are_in_the_commit_that_leads_there() -> None:
    flow = workflow(step() >> set_attributes(double=doubled, stage="packed", due=DUE) >> step(8, "t"))

    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.result() == Success(8)
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.ATTRIBUTES, Kind.EVENT, Kind.COMPLETED]
            assert [len(commit.entries) for commit in journal.commits] == [1, 2, 2]
            set_in = [dict(commit.attributes) for commit in journal.commits]
            assert set_in == [{}, {"double": 14, "stage": "packed", "due": DUE}, {}]
            assert await instance.labels() == Labels((), {"double": 14, "stage": "packed", "due": DUE})

    run(main())


def test_of_what_is_set_at_once_the_last_counts() -> None:
    flow = workflow(
        set_attributes(x=1, y=1) >> set_attributes(x=2, y=None) >> approval() >> set_attributes(x=None, z=3)
    )

    async def main() -> None:
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.labels() == Labels((), {"x": 2})
            await instance.signal(APPROVE, Approval("Ada"))
            assert await instance.labels() == Labels((), {"z": 3})

    run(main())


def test_attributes_are_set_once_wherever_the_process_dies() -> None:
    left = set_attributes(left=doubled).named("left") >> step()
    right = set_attributes(right=doubled).named("right") >> step(9, "t")
    flow = workflow(set_attributes(stage="new") >> step() >> parallel(left, right) >> set_attributes(stage="done"))
    wanted = Labels((), {"stage": "done", "left": 14, "right": 14})
    for commit in range(1, 6):
        for side in CrashAt:
            with Simulation(flow) as simulation:
                simulation.crash_at(commit, side)
                instance = simulation.start(flow, id="a", input=1)
                assert instance.result() == Success((7, 9))
                assert instance.labels == wanted
                simulation.crash()
                assert instance.result() == Success((7, 9))
                kinds = [entry.kind for entry in instance.history]
                assert kinds.count(Kind.ATTRIBUTES) == 4
                assert instance.labels == wanted


def test_a_client_sets_what_the_first_step_sets() -> None:
    flow = workflow(set_attributes(input=doubled) >> step())

    async def main() -> None:
        async with Client(InMemoryJournal(), [flow]) as client:
            instance = await client.start(flow, id="a", input=4, tags=("vip", "eu", "vip"))
            assert await instance.labels() == Labels(("eu", "vip"), {"input": 8})
            await client.start(flow, id="a", input=4, tags=("other",))
            assert (await instance.labels()).tags == ("eu", "vip")
            (found,) = await client.instances(Search(tags=["vip"], attributes={"input": 8.0}))
            assert found.id == "a"
            assert await client.count() == (Count("flow", found.status, 1),)
            with pytest.raises(InvalidDefinition, match=r"tags='vip' is one text. Give a collection of tags"):
                await client.start(flow, id="b", input=1, tags="vip")
            with pytest.raises(InvalidCommit, match="the tag '#vip' is none"):
                await client.start(flow, id="b", input=1, tags=["#vip"])

    run(main())


def test_what_cannot_be_an_attribute_pauses_the_instance_there() -> None:
    made = Effect(["a list"], "x" * 201, ValueError("no"), "short")
    flow = workflow(step() >> set_attributes(text=made) >> step(8, "t"))

    async def main() -> None:
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            for reason in (
                "The function of attribute 'text' at 'attributes' returned ['a list'], not an attribute",
                "has 201 characters; at most 200 are kept",
                "ValueError: no",
            ):
                await runtime.idle()
                record = await instance.record()
                assert record.status is Status.PAUSED
                assert reason in record.detail
                assert await instance.labels() == Labels()
                await instance.resume()
            assert await instance.result() == Success(8)
            assert await instance.labels() == Labels((), {"text": "short"})

    run(main())


def test_a_recovery_from_a_checkpoint_leaves_them_as_they_are() -> None:
    flow = workflow(checkpoint(set_attributes(x=doubled) >> step(), result=int) >> approval())
    newer = workflow(checkpoint(step(5), result=int) >> approval())

    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        async with virtual(journal, newer) as runtime:
            instance = await runtime.instance(newer, "a")
            assert await instance.signal(APPROVE, Approval("Ada")) == "ok 7 by Ada"
            assert await instance.labels() == Labels((), {"x": 2})
        assert sum(bool(commit.attributes) for commit in journal.commits) == 1

    run(main())


def test_a_step_that_has_set_attributes_can_be_taken_away() -> None:
    flow = workflow(set_attributes(x=doubled) >> approval())
    newer = workflow(recovered("attributes", event=int, handler=lambda value, _: value) >> approval())

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        async with virtual(journal, newer) as runtime:
            instance = await runtime.instance(newer, "a")
            assert await instance.signal(APPROVE, Approval("Ada")) == "ok 1 by Ada"
            assert await instance.labels() == Labels((), {"x": 2})

    run(main())


def test_instances_come_in_pages_in_both_orders() -> None:
    flow = workflow(step())

    async def main() -> None:
        async with virtual(InMemoryJournal(), flow) as runtime:
            for name in ("b", "a", "c"):
                await runtime.start(flow, id=name, input=1)
            await runtime.idle()
            for order, names in ((Order.ID, "abc"), (Order.NEWEST, "cba")):
                page = await runtime.instances(order=order, most=2)
                following = await runtime.instances(order=order, after=Cursor.behind(page[-1]), most=2)
                assert [record.id for record in page + following] == list(names)
            assert await runtime.count() == (Count("flow", Status.COMPLETED, 3),)
            with pytest.raises(InvalidSearch, match="a page has at least one instance"):
                await runtime.instances(most=0)

    run(main())
