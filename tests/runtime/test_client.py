"""Can instances be started, asked and awaited by a process that runs nothing, as if it ran them itself?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from returns.result import Failure, Success

from interpreters import Runtime
from interpreters.errors import (
    InstanceCancelled,
    InstanceExists,
    InstancePaused,
    MoveRefused,
    NotPaused,
    RuntimeStopped,
    SignalRefusal,
    TaskRefusal,
    TaskRefused,
    UnexpectedSignal,
    UnknownWorkflow,
    WrongPayload,
)
from interpreters.machine.pending import SignalExpected
from interpreters.runtime.client import Client
from interpreters.runtime.driving.driver import NotHandled
from interpreters.runtime.requests.commands import Command, Verb
from interpreters.runtime.sharing.answers import FailedElsewhere
from journals.entries import Status
from journals.errors import InvalidCommit, UnknownInstance
from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.run_states import MOVES, RunState
from journals.sqlite import SqliteJournal
from tests.runtime.running import (
    APPROVE,
    NOTE,
    STATE,
    Approval,
    Effect,
    answering,
    approval,
    note,
    run,
    workflow,
)
from wio import Retry, Task, Workflow, fail, parallel, pure, retrying, run_io, task
from wio.errors import InvalidDefinition

Connect: TypeAlias = Callable[[], Journal]

ADA = Approval("Ada")
WORK = Task("work", input=int, output=int, error=str)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Connect:
    if request.param == "memory":
        return in_memory()
    if request.param == "sqlite":
        return lambda: SqliteJournal(tmp_path / "journal.db")
    dsn: str = request.getfixturevalue("postgres_dsn")
    return lambda: PostgresJournal(dsn)


def in_memory() -> Connect:
    journal = InMemoryJournal()
    journal.close = _nothing  # type: ignore[method-assign]
    return lambda: journal


async def _nothing() -> None:
    """Leave it open for the others."""


@asynccontextmanager
async def served(connect: Connect, *workflows: Workflow[Any, Any, Any]) -> AsyncGenerator[Client]:
    """Yield a client of workflows that a runtime runs on a connection of its own."""
    async with Runtime(connect(), workflows), Client(connect(), workflows) as client:
        yield client


def test_what_a_client_starts_a_runtime_runs(connect: Connect) -> None:
    flow = workflow(answering(approval()))

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            assert await instance.signal(APPROVE, ADA, key="k") == "ok 7 by Ada"
            assert await instance.result() == Success("7 by Ada")
            assert await instance.query(STATE) == "at 7 by Ada"
            assert await instance.signal(APPROVE, ADA, key="k") == "ok 7 by Ada"
            assert (await instance.record()).status is Status.COMPLETED
            assert [each.id for each in await client.instances()] == ["a"]
            again = await client.start(flow, id="a", input=7)
            assert await again.result() == Success("7 by Ada")

    run(main())


def test_a_client_alone_starts_and_reads(connect: Connect) -> None:
    flow = workflow(answering(approval()))

    async def main() -> None:
        async with Client(connect(), [flow]) as client:
            instance = await client.start(flow, id="a", input=7)
            assert await instance.query(STATE) == "at 7"
            (expected,) = await client.pending("a")
            assert isinstance(expected, SignalExpected)
            asked = asyncio.create_task(instance.signal(APPROVE, ADA))
            awaited = asyncio.create_task(instance.result())
            async with Runtime(connect(), [flow]):
                assert await asked == "ok 7 by Ada"
                assert await awaited == Success("7 by Ada")

    run(main())


def test_what_ends_at_once_has_its_result_without_anybody(connect: Connect) -> None:
    flow, failing = workflow(pure("done")), workflow(fail("no"), name="failing")

    async def main() -> None:
        async with Client(connect(), [flow, failing]) as client:
            assert await (await client.start(flow, id="a", input=1)).result() == Success("done")
            assert await (await client.start(failing, id="b", input=1)).result() == Failure("no")

    run(main())


def test_a_refusal_arrives_as_what_it_was(connect: Connect) -> None:
    flow = workflow(approval() >> approval().named("second"))

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            with pytest.raises(UnexpectedSignal) as raised:
                await instance.signal(NOTE, "hello")
            assert raised.value.refusal is SignalRefusal.UNKNOWN
            assert raised.value.expected == ("approve",)
            wrong: Any = "no approval"
            with pytest.raises(WrongPayload, match="request of signal 'approve'"):
                await instance.signal(APPROVE, wrong)
            with pytest.raises(NotPaused):
                await instance.resume()
            with pytest.raises(UnknownInstance):
                await client.deliver("unknown", APPROVE, ADA, None)

    run(main())


def test_what_an_effect_raises_arrives_as_a_failure_elsewhere_and_may_be_tried_again(connect: Connect) -> None:
    effect = Effect(ValueError("no stock"), "approved")
    flow = workflow(approval(effect))

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            with pytest.raises(FailedElsewhere, match="ValueError: no stock"):
                await instance.signal(APPROVE, ADA)
            assert await instance.signal(APPROVE, ADA) == "ok approved"
            assert effect.runs == 2

    run(main())


def test_what_was_refused_may_be_sent_again_with_its_key(connect: Connect) -> None:
    flow = workflow(note() >> task(WORK, len) >> approval())

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            with pytest.raises(UnexpectedSignal):
                await instance.signal(APPROVE, ADA, key="k")
            with pytest.raises(UnexpectedSignal):
                await instance.send(APPROVE, ADA, key="k")
            await instance.signal(NOTE, "seven", key="n")
            with pytest.raises(TaskRefused):
                await instance.complete("work", 8, by="Ada", key="c")
            await instance.claim("work", by="Ada")
            await instance.complete("work", 8, by="Ada", key="c")
            assert await instance.signal(APPROVE, ADA, key="k") == "ok 8 by Ada"
            assert await instance.result() == Success("8 by Ada")

    run(main())


def test_a_signal_that_was_sent_is_in_the_journal(connect: Connect) -> None:
    flow = workflow(approval() >> note())

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            for _ in range(2):
                await instance.send(NOTE, "early", key="n")
            early = asyncio.create_task(instance.signal(NOTE, "early", key="n"))
            await instance.send(APPROVE, ADA)
            assert await instance.result() == Success("7 by Ada early")
            assert await early == "noted 7 by Ada early"
            await instance.send(NOTE, "early", key="n")
            with pytest.raises(UnexpectedSignal) as raised:
                await instance.send(NOTE, "late", key="m")
            assert raised.value.refusal is SignalRefusal.ENDED

    run(main())


def test_a_kept_signal_that_has_no_turn_is_not_handled(connect: Connect) -> None:
    flow = workflow(approval() >> note())

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            await instance.send(NOTE, "early", key="n")
            kept = asyncio.create_task(instance.signal(NOTE, "early", key="n"))
            await instance.cancel()
            with pytest.raises(NotHandled):
                await kept
            with pytest.raises(NotHandled):
                await instance.signal(NOTE, "early", key="n")

    run(main())


def test_who_has_ended_takes_nothing_more(connect: Connect) -> None:
    flow = workflow(approval())

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            await instance.cancel()
            with pytest.raises(InstanceCancelled):
                await instance.result()
            for call in (instance.cancel(), instance.resume()):
                with pytest.raises(MoveRefused, match="cannot go from Cancelled") as refusal:
                    await call
                assert refusal.value.allowed == MOVES[RunState.CANCELLED]
            with pytest.raises(UnexpectedSignal) as raised:
                await instance.signal(APPROVE, ADA)
            assert raised.value.refusal is SignalRefusal.ENDED

    run(main())


def test_a_pause_is_heard_of_and_resumed(connect: Connect) -> None:
    effect = Effect(ValueError("no stock"), 1)
    flow = workflow(retrying(run_io(effect, event=int, name="work"), Retry(attempts=1)))

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            with pytest.raises(InstancePaused, match="no stock") as raised:
                await instance.result()
            assert raised.value.address == "work"
            await instance.resume()
            assert await instance.result() == Success(1)

    run(main())


def test_tasks_are_worked_on_from_outside(connect: Connect) -> None:
    root = parallel(task(WORK, int, name="one"), task(WORK, int, name="two"), task(WORK, int, name="three"))
    flow = workflow(root)

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            one, three, two = sorted(each.address for each in await instance.tasks())
            await instance.claim(one, by="Ada")
            with pytest.raises(TaskRefused, match="Ada has claimed it") as raised:
                await instance.claim(one, by="Ben")
            assert raised.value.refusal is TaskRefusal.CLAIMED
            await instance.start_task(one, by="Ada")
            await instance.heartbeat(one, by="Ada", note="half")
            await instance.release(one, by="Ada", reason="tired")
            await instance.delegate(one, to={"role": "clerk"}, by="Ada")
            (offered,) = (each for each in await instance.tasks() if each.address == one)
            assert (offered.to, offered.by, offered.input) == ({"role": "clerk"}, None, 7)
            await instance.claim(one, by="Ben")
            wrong: Any = "eight"
            with pytest.raises(WrongPayload):
                await instance.complete(one, wrong, by="Ben")
            for _ in range(2):
                await instance.complete(one, 8, by="Ben", key="k")
            with pytest.raises(TaskRefused) as raised:
                await instance.complete(one, 9, by="Ben", key="another")
            assert raised.value.refusal is TaskRefusal.COMPLETED
            for address in (two, three):
                await instance.skip(address, 0, by="Eve", reason="late")
            assert await instance.result() == Success((8, 0, 0))
            with pytest.raises(TaskRefused) as raised:
                await instance.claim(one, by="Ada")
            assert raised.value.refusal is TaskRefusal.COMPLETED
            with pytest.raises(TaskRefused) as raised:
                await instance.claim("nowhere", by="Ada")
            assert raised.value.refusal is TaskRefusal.UNKNOWN

    run(main())


def test_a_task_may_fail(connect: Connect) -> None:
    flow = workflow(task(WORK, int))

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            (offered,) = await instance.tasks()
            await instance.claim(offered.address, by="Ada")
            await instance.fail_task(offered.address, "broken", by="Ada")
            assert await instance.result() == Failure("broken")

    run(main())


def test_a_repeat_of_an_answer_does_nothing_also_after_the_end(connect: Connect) -> None:
    flow = workflow(task(WORK, int))

    async def main() -> None:
        async with served(connect, flow) as client:
            instance = await client.start(flow, id="a", input=7)
            (offered,) = await instance.tasks()
            await instance.claim(offered.address, by="Ada")
            for _ in range(2):
                await instance.complete(offered.address, 8, by="Ada", key="k")
                assert await instance.result() == Success(8)

    run(main())


def test_a_client_knows_its_workflows_only(connect: Connect) -> None:
    flow, other = workflow(approval()), workflow(pure(1), name="other")

    async def main() -> None:
        async with Client(connect(), [flow]) as client:
            with pytest.raises(UnknownWorkflow):
                await client.start(other, id="a", input=1)
            with pytest.raises(UnknownWorkflow, match="another definition"):
                await client.start(workflow(note()), id="a", input=1)
            with pytest.raises(InvalidCommit):
                await client.start(flow, id="", input=1)
            wrong: Any = "seven"
            with pytest.raises(WrongPayload):
                await client.start(flow, id="a", input=wrong)
            await client.start(flow, id="a", input=7)
            with pytest.raises(InstanceExists):
                await client.start(flow, id="a", input=8)
            with pytest.raises(InstanceExists):
                await client.instance(other, "a")
            with pytest.raises(UnknownInstance):
                await client.instance(flow, "b")

    run(main())


def test_a_client_is_used_inside_async_with() -> None:
    flow = workflow(approval())

    async def main() -> None:
        client = Client(InMemoryJournal(), [flow])
        for _ in range(2):
            for call in (client.start(flow, id="a", input=1), client.instance(flow, "a"), client.instances()):
                with pytest.raises(RuntimeStopped, match="Client"):
                    await call
            for call in (client.result("a"), client.steer("a", Command(Verb.PAUSE)), client.tasks("a")):
                with pytest.raises(RuntimeStopped, match="Client"):
                    await call
            async with client:
                pass

    run(main())


def test_who_waits_when_a_client_ends_is_told_so() -> None:
    flow = workflow(approval())

    async def main() -> None:
        async with Client(InMemoryJournal(), [flow]) as client:
            instance = await client.start(flow, id="a", input=1)
            waiting = [asyncio.create_task(instance.result()), asyncio.create_task(instance.signal(APPROVE, ADA))]
            await asyncio.wait(waiting, timeout=0)
        for each in waiting:
            with pytest.raises(RuntimeStopped):
                await each

    run(main())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("journal.db", []), "is no journal"),
        ((InMemoryJournal, []), "is no journal"),
        ((InMemoryJournal(), workflow(pure(1))), "no collection of workflows"),
        ((InMemoryJournal(), [pure(1)]), "is no Workflow"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(arguments: Any, said: str) -> None:
    with pytest.raises(InvalidDefinition, match=said):
        Client(*arguments)


def test_what_a_client_starts_is_initiated_until_it_is_taken_up(connect: Connect) -> None:
    async def main() -> None:
        ready, waits = workflow(run_io(Effect(1))), workflow(note(), name="waits")
        async with Client(connect(), [ready, waits]) as client:
            first = await client.start(ready, id="a", input=7)
            second = await client.start(waits, id="b", input=7)
            assert [(await each.record()).status for each in (first, second)] == [Status.INITIATED, Status.WAITING]
            async with Runtime(connect(), [ready, waits]):
                assert await first.result() == Success(1)

    run(main())
