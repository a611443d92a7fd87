"""Whose clock decides when something is due? That of the database, whatever those of the workers show.

A schema that comes before `pg_catalog` gives the server another clock than the workers have, and lets it jump.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from returns.result import Success

from interpreters import Runtime
from interpreters.runtime.client import Client
from journals.entries import Kind
from journals.postgres import PostgresJournal
from tests.faults.worker import ShortLease
from tests.runtime.running import run, workflow
from wio import run_io, wait

_SKEW = """
CREATE SCHEMA skew;
CREATE TABLE skew.by (ahead interval);
INSERT INTO skew.by VALUES ('0');
CREATE FUNCTION skew.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS
    'SELECT pg_catalog.clock_timestamp() + ahead FROM skew.by';
CREATE FUNCTION skew.now() RETURNS timestamptz VOLATILE LANGUAGE sql AS
    'SELECT pg_catalog.now() + ahead FROM skew.by';
"""
LEASE = timedelta(seconds=0.4)


class Server:
    """Is a database whose clock goes ahead of ours, or behind."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], dsn: str) -> None:
        self._connection = connection
        self._dsn = make_conninfo(dsn, options="-c search_path=skew,pg_catalog,public")

    async def is_ahead(self, by: timedelta) -> None:
        """Let its clock show so much more than ours."""
        await self._connection.execute("UPDATE skew.by SET ahead = %s", (by,))

    def journal(self) -> Any:
        """Return a journal whose members ask for the time often."""
        return ShortLease(PostgresJournal(self._dsn), LEASE)


@asynccontextmanager
async def skewed(dsn: str, by: timedelta) -> AsyncGenerator[Server]:
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    async with connection:
        await connection.execute(_SKEW)
        server = Server(connection, dsn)
        await server.is_ahead(by)
        yield server


def waiting(duration: timedelta) -> Any:
    return workflow(run_io(lambda value: value, name="before", event=int) >> wait(duration) >> run_io(abs, event=int))


@pytest.mark.parametrize("minutes", [5, -5, 60, -60])
def test_deadlines_follow_the_clock_of_the_database(minutes: int, postgres_dsn: str) -> None:
    """The workers' clocks are minutes off: what is recorded is the server's time, and a second is a second."""
    by = timedelta(minutes=minutes)

    async def main() -> None:
        flow = waiting(timedelta(seconds=0.3))
        async with skewed(postgres_dsn, by) as server, Client(server.journal(), [flow]) as client:
            instance = await client.start(flow, id="a", input=1)
            async with Runtime(server.journal(), [flow]), Runtime(server.journal(), [flow]):
                assert await instance.result() == Success(1)
            started, *_, armed, fired, _, _ = await instance.history()
            assert (armed.kind, fired.kind) == (Kind.TIMER_SET, Kind.TIMER_FIRED)
            assert timedelta(seconds=0.3) <= fired.recorded_at - armed.recorded_at
            assert abs(started.recorded_at - datetime.now(UTC) - by) < timedelta(minutes=2)
            assert abs(fired.recorded_at - datetime.now(UTC) - by) < timedelta(minutes=2)

    run(main())


def test_a_clock_of_the_database_that_jumps_ahead_fires_timers_and_one_that_jumps_back_does_not(
    postgres_dsn: str,
) -> None:
    """An hour ahead, a wait of half an hour is over; an hour back, it lasts, and nobody loses what he owns."""

    async def main() -> None:
        flow = waiting(timedelta(minutes=30))
        async with skewed(postgres_dsn, timedelta()) as server, Client(server.journal(), [flow]) as client:
            instance = await client.start(flow, id="a", input=1)
            async with Runtime(server.journal(), [flow]) as runtime:
                while len(await instance.history()) < 3:
                    await asyncio.sleep(0.01)
                (member,) = await client.journal.members()
                await server.is_ahead(timedelta(hours=-1))
                await asyncio.sleep(2 * LEASE.total_seconds())
                assert len(await instance.history()) == 3
                assert await client.journal.owner("a") == member.epoch
                await server.is_ahead(timedelta(hours=1))
                assert await instance.result() == Success(1)
                assert await (await runtime.start(flow, id="a", input=1)).result() == Success(1)

    run(main())
