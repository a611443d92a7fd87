"""Does everything go on when Postgres refuses statements now and then, or some for a while, with whatever code?"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from returns.result import Success

from interpreters import Runtime
from interpreters.runtime.client import Client
from journals.entries import Status
from journals.errors import JournalFull, JournalUnavailable
from journals.laws.samples import commit
from journals.postgres import PostgresJournal
from tests.faults.stage import until
from tests.runtime.running import NOTE, note, run, workflow
from wio import child, run_io, wait

# A sequence goes on also when the transaction is undone that has asked for its next number. Of its numbers one in eight
# is hit, in no order: a pattern might meet the same statement for ever.
_REFUSING = """
CREATE SEQUENCE wio.faults;
CREATE FUNCTION wio.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF hashint8(nextval('wio.faults')) & 7 = 0 THEN RAISE EXCEPTION 'a fault' USING ERRCODE = TG_ARGV[0]; END IF;
    RETURN NULL;
END $$;
"""
_TABLES = ("instances", "entries", "members", "messages")
PASSING = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55P03": "lock timeout",
    "57P01": "an administrator ended the session",
    "53300": "too many connections",
}
LASTING = {"53100": "disk full", "53200": "out of memory", "57014": "statement timeout"}


class Effects:
    """Count."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()

    def step(self, name: str) -> Any:
        def add(value: Any) -> Any:
            self.runs[name] += 1
            return value

        return run_io(add, name=name)


def flow_of(effects: Effects) -> Any:
    """Return a workflow that uses every table: with a child, a timer and a signal."""
    inner = workflow(effects.step("inner"), name="inner")
    short = wait(timedelta(milliseconds=1))
    return workflow(effects.step("first") >> short >> child(inner, result=int) >> note() >> effects.step("last"))


async def executed(dsn: str, *statements: str) -> None:
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    async with connection:
        for statement in statements:
            await connection.execute(statement.encode())


async def surely(call: Callable[[], Awaitable[Any]]) -> Any:
    """Do what a caller does who is told that the store is away, or full: call again."""
    while True:
        try:
            return await call()
        except (JournalUnavailable, JournalFull):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("code", PASSING | LASTING)
def test_statements_that_are_refused_now_and_then_fail_nothing(code: str, postgres_dsn: str) -> None:
    """Serialization failures, deadlocks, lock timeouts and others are tried again inside: no step sees one of them.

    Every few writes one is refused, to whatever table; each effect runs once, and each instance has its one outcome.
    """

    async def main() -> None:
        effects = Effects()
        flow = flow_of(effects)
        async with (
            Runtime(PostgresJournal(postgres_dsn), [flow]),
            Client(PostgresJournal(postgres_dsn), [flow]) as client,
        ):
            triggers = (
                f"CREATE TRIGGER refuse AFTER INSERT OR UPDATE ON wio.{table} EXECUTE FUNCTION wio.refuse('{code}')"
                for table in _TABLES
            )
            await executed(postgres_dsn, _REFUSING, *triggers)
            instances = [
                await surely(lambda number=number: client.start(flow, id=f"i{number}", input=number))
                for number in range(8)
            ]
            for instance in instances:
                await surely(lambda instance=instance: instance.send(NOTE, "seen", key="k"))
            results = [await surely(instance.result) for instance in instances]
            assert results == [Success(f"{number} seen") for number in range(8)]
            assert {record.status for record in await surely(client.instances)} == {Status.COMPLETED}
            await executed(postgres_dsn, "DROP FUNCTION wio.refuse CASCADE")
        assert effects.runs == Counter(first=8, inner=8, last=8)

    run(main())


def test_a_full_disk_of_the_server_holds_up_and_harms_nobody(
    postgres_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Starts are refused with the reason; what runs waits, says so, and goes on by itself when there is room again."""

    async def main() -> None:
        effects, gate = Effects(), asyncio.Event()

        async def held(value: int) -> int:
            effects.runs["held"] += 1
            await gate.wait()
            return value

        flow = workflow(run_io(held) >> effects.step("last"))
        async with Runtime(PostgresJournal(postgres_dsn), [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            full = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END"
            await executed(
                postgres_dsn,
                f"CREATE FUNCTION wio.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {full} $$",
                "CREATE TRIGGER refuse BEFORE INSERT ON wio.entries EXECUTE FUNCTION wio.refuse()",
            )
            with pytest.raises(JournalFull, match="no room left"):
                await runtime.start(flow, id="b", input=1)
            await until(lambda: effects.runs["held"] == 1)
            with caplog.at_level(logging.WARNING, "wio"):
                gate.set()
                await until(lambda: "Trying again" in caplog.text)
            assert (await instance.record()).status is Status.RUNNING
            await executed(postgres_dsn, "DROP FUNCTION wio.refuse CASCADE")
            assert await instance.result() == Success(1)
        assert effects.runs == Counter(held=1, last=1)

    run(main())


def test_a_deadlock_and_a_lock_that_lasts_are_waited_out(postgres_dsn: str) -> None:
    """Real ones: another session holds a record and wants one that the batch holds, then holds the whole table."""
    impatient = make_conninfo(postgres_dsn, options="-c deadlock_timeout=10ms -c lock_timeout=100ms")

    async def main() -> None:
        async with PostgresJournal(impatient) as journal:
            for id in "ab":
                await journal.commit(commit(id, 0))
            other = await psycopg.AsyncConnection.connect(postgres_dsn)
            async with other:
                await other.execute("SET deadlock_timeout = '1min'")
                await other.execute("SELECT 1 FROM wio.instances WHERE id = 'b' FOR UPDATE")
                batch = asyncio.gather(*(journal.commit(commit(id, 1)) for id in "ab"))
                await _waits_for_a_lock(postgres_dsn)
                await other.execute("SELECT 1 FROM wio.instances WHERE id = 'a' FOR UPDATE")
                assert not batch.done()
                await other.commit()
                await batch
                await other.execute("LOCK TABLE wio.instances")
                batch = asyncio.gather(*(journal.commit(commit(id, 2)) for id in "ab"))
                await asyncio.sleep(0.3)
                assert not batch.done()
                await other.commit()
                await batch
            assert [record.last_seq for record in await journal.find_all()] == [3, 3]

    run(main())


async def _waits_for_a_lock(dsn: str) -> None:
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    async with connection:
        while (await (await connection.execute(waits)).fetchone()) == (0,):
            await asyncio.sleep(0.001)
