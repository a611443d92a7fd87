"""Is a start idempotent, and are wrong starts refused before anything is written?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from returns.result import Success

from interpreters import (
    DraftReached,
    InstanceExists,
    InstancePaused,
    Runtime,
    RuntimeStopped,
    UnknownWorkflow,
    UserFunctionRaised,
    WrongPayload,
)
from journals.entries import Kind, Status
from journals.errors import InvalidCommit, JournalUnavailable, PayloadTooLarge, UnknownInstance
from journals.memory import InMemoryJournal
from journals.ports import LONGEST_ID
from journals.search import Search
from tests.runtime.running import Effect, FaultyJournal, approval, kinds, rounds, run, virtual, workflow
from wio import InvalidDefinition, Workflow, compute, draft, fail, pure, run_io, wait


def test_twenty_starts_at_once_make_one_instance() -> None:
    async def main() -> None:
        effect = Effect(7)
        flow = workflow(run_io(effect, name="s", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            handles = await asyncio.gather(*(runtime.start(flow, id="a", input=1) for _ in range(20)))
            results = await asyncio.gather(*(handle.result() for handle in handles))
            assert results == [Success(7)] * 20
            assert effect.runs == 1
            assert await kinds(handles[0]) == [Kind.STARTED, Kind.EVENT, Kind.COMPLETED]

    run(main())


def test_a_start_attaches_to_a_running_a_finished_and_an_unloaded_instance() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(approval())
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.start(flow, id="a", input=1)
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            assert await kinds(instance) == [Kind.STARTED]

    run(main())


def test_a_set_in_another_order_is_the_same_input() -> None:
    async def main() -> None:
        flow = workflow(pure("done"), input=set[str])
        words = [f"word {number}" for number in range(50)]
        backwards = list(reversed(words))
        async with virtual(InMemoryJournal(), flow) as runtime:
            await runtime.start(flow, id="a", input=set(words))
            await runtime.start(flow, id="a", input=set(backwards))

    run(main())


def test_another_input_or_workflow_is_refused() -> None:
    async def main() -> None:
        flow, other = workflow(approval()), workflow(approval(), name="other")
        async with virtual(InMemoryJournal(), flow, other) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(InstanceExists, match="another input"):
                await runtime.start(flow, id="a", input=2)
            with pytest.raises(InstanceExists, match="'flow', not 'other'"):
                await runtime.start(other, id="a", input=1)
            with pytest.raises(InstanceExists, match="'flow', not 'other'"):
                await runtime.instance(other, "a")
            assert await kinds(instance) == [Kind.STARTED]

    run(main())


def test_a_handle_for_an_instance_that_does_not_exist_is_refused() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            with pytest.raises(UnknownInstance):
                await runtime.instance(flow, "a")

    run(main())


def test_a_newer_version_attaches_to_an_instance_of_the_older_one() -> None:
    async def main() -> None:
        first = workflow(compute(lambda _: 1) >> approval())
        second = workflow(compute(lambda _: 2) >> approval(), version=2)
        async with virtual(InMemoryJournal(), first, second) as runtime:
            await runtime.start(first, id="a", input=0)
            instance = await runtime.start(second, id="a", input=0)
            assert (await instance.record()).version == 1

    run(main())


def test_an_unknown_workflow_version_or_definition_is_refused() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            for stranger in (
                workflow(approval(), name="other"),
                workflow(approval(), version=2),
                workflow(approval() >> approval()),
            ):
                with pytest.raises(UnknownWorkflow):
                    await runtime.start(stranger, id="a", input=1)
            assert await runtime.instances() == ()

    run(main())


def test_an_equal_definition_is_the_same_workflow() -> None:
    async def main() -> None:
        async with virtual(InMemoryJournal(), workflow(run_io(abs))) as runtime:
            instance = await runtime.start(workflow(run_io(abs)), id="a", input=-1)
            assert await instance.result() == Success(1)

    run(main())


@pytest.mark.parametrize("bad", ["", "x" * (LONGEST_ID + 1), "tab\t", "line\n", "nul\0", "\ud800"])
def test_a_bad_id_is_refused(bad: str) -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            with pytest.raises(InvalidCommit):
                await runtime.start(flow, id=bad, input=1)
            assert await runtime.instances() == ()

    run(main())


def test_input_of_a_wrong_type_or_size_is_refused() -> None:
    """The caller hears it, and nothing is stored."""

    async def main() -> None:
        flow: Workflow[Any, object, object] = workflow(approval(), input=str)
        async with virtual(InMemoryJournal(limit_bytes=1_000), flow) as runtime:
            with pytest.raises(WrongPayload, match="input of workflow 'flow'"):
                await runtime.start(flow, id="a", input=1)
            with pytest.raises(PayloadTooLarge, match="the start"):
                await runtime.start(flow, id="a", input="x" * 2_000)
            assert await runtime.instances() == ()
            await runtime.start(flow, id="a", input="x")

    run(main())


def test_what_raises_before_the_first_step_is_told_to_the_caller_and_nothing_is_started() -> None:
    async def main() -> None:
        flow = workflow(compute(Effect(ValueError("not pure"))))
        late = workflow(pure(1).flat_map(lambda _: draft("later", input=int, output=int)), name="late")
        async with virtual(InMemoryJournal(), flow, late) as runtime:
            with pytest.raises(UserFunctionRaised, match="not pure"):
                await runtime.start(flow, id="a", input=1)
            with pytest.raises(DraftReached):
                await runtime.start(late, id="a", input=1)
            assert await runtime.instances() == ()

    run(main())


def test_a_wait_that_cannot_be_computed_pauses_at_the_start() -> None:
    async def main() -> None:
        flow = workflow(wait(Effect(ValueError("no moment")), name="pause"))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(InstancePaused, match=r"'pause'.*no moment"):
                await instance.result()
            assert await kinds(instance) == [Kind.STARTED, Kind.PAUSED]

    run(main())


def test_three_hundred_instances_at_once() -> None:
    async def main() -> None:
        flow = workflow(run_io(lambda number: number * 2, name="double", event=int))
        async with virtual(InMemoryJournal(), flow, most_idle=10) as runtime:

            async def one(number: int) -> object:
                return await (await runtime.start(flow, id=f"i{number}", input=number)).result()

            results = await asyncio.gather(*(one(number) for number in range(300)))
            assert results == [Success(2 * number) for number in range(300)]
            records = await runtime.instances(Search(statuses=[Status.COMPLETED]), most=1_000)
            assert len(records) == 300

    run(main())


def test_an_instance_may_end_without_a_step() -> None:
    async def main() -> None:
        good, bad = workflow(pure(3)), workflow(fail("no"), name="bad")
        async with virtual(InMemoryJournal(), good, bad) as runtime:
            assert await (await runtime.start(good, id="a", input=1)).result() == Success(3)
            ended = await runtime.start(bad, id="b", input=1)
            assert (await ended.result()).failure() == "no"
            assert (await ended.record()).status is Status.FAILED

    run(main())


def test_workflows_with_drafts_or_the_same_name_are_refused_by_the_runtime() -> None:
    unfinished = workflow(draft("later", input=int, output=int))
    with pytest.raises(DraftReached, match="later"):
        Runtime(InMemoryJournal(), [unfinished])
    with pytest.raises(InvalidDefinition, match="Two workflows"):
        Runtime(InMemoryJournal(), [workflow(pure(1)), workflow(pure(2))])
    Runtime(InMemoryJournal(), [workflow(pure(1)), workflow(pure(1))])


def test_nothing_can_be_asked_of_a_runtime_before_and_after_it_runs() -> None:
    async def main() -> None:
        flow = workflow(approval())
        runtime = virtual(InMemoryJournal(), flow)
        with pytest.raises(RuntimeStopped):
            await runtime.start(flow, id="a", input=1)
        async with runtime:
            instance = await runtime.start(flow, id="a", input=1)
        for call in (
            lambda: runtime.start(flow, id="a", input=1),
            lambda: runtime.instance(flow, "a"),
            runtime.instances,
            instance.result,
            instance.resume,
        ):
            with pytest.raises(RuntimeStopped):
                await call()

    run(main())


def test_a_caller_that_gives_up_during_the_commit_of_a_start_has_started_it() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        committing, commit = asyncio.Event(), asyncio.Event()

        async def held() -> None:
            committing.set()
            await commit.wait()

        journal.fail("commit", held)
        effect = Effect(7)
        flow = workflow(run_io(effect, name="s", event=int))
        async with virtual(journal, flow) as runtime:
            start = asyncio.create_task(runtime.start(flow, id="a", input=1))
            await committing.wait()
            start.cancel()
            with pytest.raises(asyncio.CancelledError):
                await start
            commit.set()
            await rounds()
            assert await (await runtime.instance(flow, "a")).result() == Success(7)
            assert effect.runs == 1

    run(main())


def test_a_store_that_is_away_is_told_to_the_caller_who_may_try_again() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(approval())
        async with virtual(journal, flow) as runtime:
            journal.fail("commit", JournalUnavailable("the disk is away"))
            with pytest.raises(JournalUnavailable):
                await runtime.start(flow, id="a", input=1)
            journal.fail("commit", JournalUnavailable("the answer was lost"), late=True)
            with pytest.raises(JournalUnavailable):
                await runtime.start(flow, id="a", input=1)
            instance = await runtime.start(flow, id="a", input=1)
            assert await kinds(instance) == [Kind.STARTED]

    run(main())
