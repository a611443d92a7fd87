"""Is it known which workflows may start, and which instances nobody can run?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from returns.result import Success

from interpreters import Because, Client, InstancePaused, PausedAt, Runtime, RuntimeStopped
from interpreters.runtime.oversight import KnownWorkflow, Oversight
from journals.entries import Status
from journals.errors import WorkflowDisabled
from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal
from tests.runtime.running import APPROVE, Approval, Gate, approval, run, workflow
from wio import child, run_io, start_child

Connect: TypeAlias = Callable[[], Journal]

FLOW, NEWER = workflow(approval()), workflow(approval(), version=2)
ADA = Approval("Ada")


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


async def stranded(store: Oversight) -> list[str]:
    return [each.record.id for each in await store.stranded()]


def test_a_disabled_workflow_is_started_by_nobody(connect: Connect) -> None:
    async def main() -> None:
        async with Runtime(connect(), [FLOW]) as runtime, Client(connect(), [FLOW]) as client:
            before = await runtime.start(FLOW, id="before", input=7)
            await client.disable("flow", by="ann", reason="the prices are wrong")
            for host in (runtime, client):
                with pytest.raises(WorkflowDisabled, match=r"disabled by ann since .*: the prices are wrong") as raised:
                    await host.start(FLOW, id="a", input=7)
                assert raised.value.disabled == (await host.disabled())[0]
                assert [each.id for each in await host.instances()] == ["before"]
            assert await before.signal(APPROVE, ADA) == "ok 7 by Ada"
            for host in (runtime, client):
                again = await host.start(FLOW, id="before", input=7)
                assert await again.result() == Success("7 by Ada")
            assert await runtime.enable("flow")
            assert not await runtime.enable("flow")
            started = await client.start(FLOW, id="a", input=7)
            assert await started.signal(APPROVE, ADA) == "ok 7 by Ada"

    run(main())


@pytest.mark.parametrize("make", [lambda: child(FLOW, result=str), lambda: start_child(FLOW)])
def test_a_step_that_starts_a_disabled_child_is_paused(make: Callable[[], object]) -> None:
    """It goes on after the workflow was enabled and the instance resumed."""
    parent = workflow(make(), name="parent")  # type: ignore[arg-type]

    async def main() -> None:
        async with Runtime(InMemoryJournal(), [parent, FLOW]) as runtime:
            await runtime.disable("flow", 1, by="ann")
            instance = await runtime.start(parent, id="a", input=7)
            with pytest.raises(InstancePaused, match="version 1 is disabled by ann"):
                await instance.result()
            (paused,) = await runtime.pending("a")
            assert isinstance(paused, PausedAt)
            assert paused.problem.type == "WorkflowDisabled"
            await runtime.enable("flow")
            await instance.resume()
            await runtime.idle()
            assert (await instance.record()).status is not Status.PAUSED
            assert [each.workflow for each in await runtime.instances()] == ["parent", "flow"]

    run(main())


def test_what_nobody_knows_is_stranded_until_somebody_comes(connect: Connect) -> None:
    async def main() -> None:
        async with Client(connect(), [FLOW, NEWER]) as client:
            for name in ("b", "a"):
                await client.start(FLOW, id=name, input=7)
            await client.start(NEWER, id="newer", input=7)
            assert await stranded(client) == ["a", "b", "newer"]
            assert [each.record.id for each in await client.stranded(after="a", most=1)] == ["b"]
            async with Runtime(connect(), [NEWER]) as runtime:
                assert await stranded(client) == await stranded(runtime) == ["a", "b"]
                (first, _) = await runtime.stranded()
                assert first.reason == "no live process knows workflow flow version 1; known is version 2"
                async with Runtime(connect(), [FLOW]):
                    assert await stranded(client) == []
                    instance = await client.instance(FLOW, "a")
                    assert await instance.signal(APPROVE, ADA) == "ok 7 by Ada"
                assert await stranded(client) == ["b"]

    run(main())


def test_workflows_are_told_with_who_knows_them_and_whether_they_start(connect: Connect) -> None:
    async def main() -> None:
        async with Client(connect(), [FLOW, NEWER]) as client, Runtime(connect(), [NEWER]) as runtime:
            await client.start(FLOW, id="a", input=7)
            for name in ("b", "c"):
                await client.start(NEWER, id=name, input=7)
            for name, version in (("flow", 1), ("gone", None), ("later", 3)):
                await client.disable(name, version)
            first, gone, later = await client.disabled()
            (member,) = await client.journal.members()
            wanted = (
                KnownWorkflow("flow", 1, (), 1, first),
                KnownWorkflow("flow", 2, (member.name,), 2, None),
                KnownWorkflow("gone", None, (), 0, gone),
                KnownWorkflow("later", 3, (), 0, later),
            )
            assert await client.workflows() == await runtime.workflows() == wanted

    run(main())


def test_a_client_is_told_who_runs_what_and_for_whom_it_waits(connect: Connect) -> None:
    gate = Gate(5)
    flow = workflow(run_io(gate, name="reserve") >> approval())

    async def main() -> None:
        async with Client(connect(), [flow]) as client:
            await client.start(flow, id="a", input=7)
            assert (await client.why("a")).because is Because.STRANDED
            async with Runtime(connect(), [flow]):
                await gate.begun.wait()
                (member,) = await client.journal.members()
                found = await client.why("a")
                assert (found.because, found.owner) == (Because.EFFECT, member.name)
                assert found.sentence.startswith(
                    f"a is owned by {member.name} (member {member.epoch}), which runs reserve, since 20"
                )
                gate.open.set()
                while (await client.why("a")).because is not Because.SIGNAL:
                    await asyncio.sleep(0)
                entries = await client.history("a")
                assert (await client.why("a")).since == entries[1].recorded_at

    run(main())


def test_nothing_is_told_outside(connect: Connect) -> None:
    async def main() -> None:
        for host in (Client(connect(), [FLOW]), Runtime(connect(), [FLOW])):
            for ask in (host.disabled, host.workflows, host.stranded):
                with pytest.raises(RuntimeStopped):
                    await ask()
            with pytest.raises(RuntimeStopped):
                await host.disable("flow")
            with pytest.raises(RuntimeStopped):
                await host.enable("flow")

    run(main())
