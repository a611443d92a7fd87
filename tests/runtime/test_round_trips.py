"""What does a runtime say to Postgres? Counted on the wire: one round trip for a step, and little when it is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest
from returns.result import Success

from interpreters import Client, Runtime
from journals.forwarding import ForwardingJournal
from journals.ports import Journal, Member
from journals.postgres import PostgresJournal
from journals.sharing import LEASE, Hear
from tests.journals.proxy import Proxy, proxied
from tests.runtime.running import NOTE, note, run, workflow
from wio import WIO, child, run_io

STEPS = 20
HOURS = timedelta(hours=1)


@attrs.frozen
class Traffic:
    """Is what went over the wire between two moments."""

    round_trips: int
    executed: int

    @staticmethod
    def of(proxy: Proxy) -> Traffic:
        return Traffic(proxy.round_trips, proxy.executed)

    def since(self, before: Traffic) -> Traffic:
        return Traffic(self.round_trips - before.round_trips, self.executed - before.executed)


class Leased(ForwardingJournal):
    """Gives its members another lease: so no heartbeat is counted, or many are."""

    def __init__(self, journal: Journal, lease: timedelta) -> None:
        super().__init__(journal)
        self._lease = lease

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        del lease
        return await self.journal.join(name, knows, hear, lease=self._lease)


async def add_one(number: int) -> int:
    return number + 1


def chain(steps: int) -> WIO[int, Any, int]:
    program: WIO[int, Any, int] = run_io(add_one)
    for _ in range(steps - 1):
        program = program >> run_io(add_one)
    return program


FLOW = workflow(chain(STEPS))


def test_steps_cost_one_round_trip_each(postgres_dsn: str) -> None:
    """The start is one, and each step; the last step's commit is also that of the end."""

    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn):
            async with Runtime(Leased(PostgresJournal(dsn), HOURS), [FLOW]) as runtime:
                await (await runtime.start(FLOW, id="warm", input=0)).result()
                before = Traffic.of(proxy)
                instance = await runtime.start(FLOW, id="a", input=0)
                assert await instance.result() == Success(STEPS)
                spent = Traffic.of(proxy).since(before)
            assert spent.executed <= STEPS + 2
            assert spent.round_trips <= STEPS + 2

    run(story())


def test_what_a_client_starts_costs_two_more(postgres_dsn: str) -> None:
    """They are the claim, and the note that it runs now; what the client itself says is not counted."""

    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), Client(PostgresJournal(postgres_dsn), [FLOW]) as client:
            async with Runtime(Leased(PostgresJournal(dsn), HOURS), [FLOW]):
                await (await client.start(FLOW, id="warm", input=0)).result()
                before = Traffic.of(proxy)
                instance = await client.start(FLOW, id="a", input=0)
                assert await instance.result() == Success(STEPS)
                spent = Traffic.of(proxy).since(before)
            assert spent.executed <= STEPS + 2
            assert spent.round_trips <= STEPS + 2

    run(story())


def test_the_steps_of_many_instances_go_together(postgres_dsn: str) -> None:
    """Group commit: 32 at once cost far less than one round trip a step."""

    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn):
            async with Runtime(Leased(PostgresJournal(dsn), HOURS), [FLOW]) as runtime:
                before = Traffic.of(proxy)
                started = await asyncio.gather(*(runtime.start(FLOW, id=f"{n}", input=0) for n in range(32)))
                assert await asyncio.gather(*(each.result() for each in started)) == [Success(STEPS)] * 32
                spent = Traffic.of(proxy).since(before)
            assert spent.executed < 32 * STEPS / 4

    run(story())


def test_a_signal_to_an_owned_instance_is_one_round_trip(postgres_dsn: str) -> None:
    """Sent where it is owned: its event, the response and the end are one commit."""

    async def story() -> None:
        flow = workflow(note())
        async with proxied(postgres_dsn) as (proxy, dsn):
            async with Runtime(Leased(PostgresJournal(dsn), HOURS), [flow]) as runtime:
                instance = await runtime.start(flow, id="a", input=1)
                await runtime.idle()
                before = Traffic.of(proxy)
                await instance.signal(NOTE, "hello")
                spent = Traffic.of(proxy).since(before)
            assert spent.executed <= 2

    run(story())


def test_a_child_costs_its_start_and_its_end_and_those_of_the_step(postgres_dsn: str) -> None:
    """The message of its end goes with the commit that ends it, and is taken away with the one that records that."""
    inner = workflow(run_io(add_one), name="inner")
    flow = workflow(child(inner, result=int))

    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn):
            async with Runtime(Leased(PostgresJournal(dsn), HOURS), [flow]) as runtime:
                await (await runtime.start(flow, id="warm", input=0)).result()
                await runtime.idle()
                before = Traffic.of(proxy)
                instance = await runtime.start(flow, id="a", input=0)
                assert await instance.result() == Success(1)
                await runtime.idle()
                spent = Traffic.of(proxy).since(before)
            assert spent.executed <= 4
            assert spent.round_trips <= 4

    run(story())


BEATS = 30


async def spent_idly(postgres_dsn: str, waiting: int, **options: Any) -> Traffic:
    """Return what a process with so many waiting instances says while its heart beats `BEATS` times."""
    flow = workflow(note())
    lease = timedelta(seconds=0.2)
    async with (
        proxied(postgres_dsn) as (proxy, dsn),
        Runtime(Leased(PostgresJournal(dsn, **options), lease), [flow]) as runtime,
    ):
        for number in range(waiting):
            await runtime.start(flow, id=f"{number}", input=1)
        await runtime.idle()
        before, begun = Traffic.of(proxy), asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < begun + BEATS * lease.total_seconds() / 4:
            await asyncio.sleep(0.01)
        return Traffic.of(proxy).since(before)


@pytest.mark.parametrize("waiting", [0, 20], ids=["nothing", "waiting instances"])
def test_an_idle_process_sends_less_than_two_statements_a_heartbeat(waiting: int, postgres_dsn: str) -> None:
    """A heart beats four times in a lease of 10 s: so that is less than one statement a second."""
    spent = run(spent_idly(postgres_dsn, waiting))
    assert 1 < spent.executed < 2 * BEATS


@pytest.mark.parametrize("waiting", [0, 20], ids=["nothing", "waiting instances"])
def test_an_idle_process_that_asks_instead_of_listening_does_both_in_one_statement(
    waiting: int, postgres_dsn: str
) -> None:
    """It asks each second what has happened, and renews its lease by that; what is beside it, is once in ten beats."""
    spent = run(spent_idly(postgres_dsn, waiting, prepare=False, listen=False))
    assert 1 < spent.executed < 1.3 * BEATS + 3
