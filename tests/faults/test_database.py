"""Does everything go on when the store is cut off, away, full or locked? All ends as it should."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from returns.result import Success

from interpreters import Runtime
from interpreters.runtime.client import Client
from journals.entries import Status
from journals.errors import JournalFull, JournalUnavailable
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal
from tests.faults.stage import until
from tests.faults.worker import ShortLease
from tests.journals.proxy import Fault, proxied
from tests.postgres_server import Server
from tests.runtime.running import NOTE, note, run, workflow
from wio import Fixed, Retry, child, run_io, wait

SHORT = timedelta(seconds=0.3)
ROUNDS = 3


class Counting:
    """Are effects that count their runs."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.open = asyncio.Event()

    def add(self, value: Any) -> Any:
        """Count."""
        self.runs["add"] += 1
        return value

    async def held(self, value: Any) -> Any:
        """Count, and end when the event is set."""
        self.runs["held"] += 1
        await self.open.wait()
        return value

    def failing(self, value: Any) -> Any:
        """Fail the first time."""
        self.runs["failing"] += 1
        if self.runs["failing"] == 1:
            raise OSError("not yet")
        return value


@pytest.mark.parametrize("fault", Fault)
def test_a_connection_that_is_cut_anywhere_costs_and_doubles_nothing(fault: Fault, postgres_dsn: str) -> None:
    """Before a statement, in it, or after its commit and before the answer: what was asked is done, and done once."""

    async def main() -> None:
        counting = Counting()
        inner = workflow(run_io(counting.add), name="inner")
        flow = workflow(run_io(counting.add) >> child(inner, result=int) >> note())
        async with proxied(postgres_dsn) as (proxy, dsn):
            async with Runtime(PostgresJournal(dsn), [flow]) as runtime:
                before = proxy.executed
                await _played(runtime, flow, "first")
                statements = proxy.executed - before
                for number in range(statements):
                    count, playing = proxy.executed, asyncio.create_task(_played(runtime, flow, f"i{number}"))
                    while proxy.executed < count + number and not playing.done():
                        await asyncio.sleep(0)
                    proxy.fault = fault
                    await playing
                assert proxy.cuts >= statements // 2
            assert statements >= 5
            assert counting.runs["add"] == 2 * (statements + 1)

    async def _played(runtime: Runtime, flow: Any, id: str) -> None:
        instance = await runtime.start(flow, id=id, input=1)
        await instance.send(NOTE, "seen", key="k")
        assert await instance.result() == Success("1 seen")

    run(main())


@pytest.mark.parametrize("ends", ["stop", "kill"])
@pytest.mark.parametrize("lease", [timedelta(minutes=1), timedelta(seconds=1)], ids=["long lease", "short lease"])
def test_a_server_that_is_away_for_a_while_fails_nothing(
    ends: str, lease: timedelta, own_postgres: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Instances in every state end as they should when it comes back, also when all leases have run out meanwhile.

    As long as the lease holds, each effect runs once. What is written to the log meanwhile is little.
    """

    async def main() -> None:
        counting = Counting()
        inner = workflow(run_io(counting.held), name="inner")
        again = Retry(backoff=Fixed(timedelta(seconds=1)))
        flows = {
            "running": workflow(run_io(counting.held) >> run_io(counting.add), name="running"),
            "sleeping": workflow(wait(timedelta(seconds=1)) >> run_io(counting.add), name="sleeping"),
            "waiting": workflow(note() >> run_io(counting.add), name="waiting"),
            "retrying": workflow(run_io(counting.failing, retry=again), name="retrying"),
            "parent": workflow(child(inner, result=int) >> run_io(counting.add), name="parent"),
        }

        def journal() -> Journal:
            return ShortLease(PostgresJournal(own_postgres.dsn, patience=SHORT), lease)

        async with Runtime(journal(), flows.values()) as runtime, Client(journal(), flows.values()) as client:
            instances = {name: await client.start(flow, id=name, input=1) for name, flow in flows.items()}
            handles = [await runtime.instance(flows[name], name) for name in instances]
            results = [asyncio.create_task(_surely(each.result)) for each in handles]
            signal = partial(instances["waiting"].signal, NOTE, "seen", key="k")
            await until(lambda: counting.runs["held"] == 2 and counting.runs["failing"] == 1)
            await asyncio.to_thread(own_postgres.stop if ends == "stop" else own_postgres.kill)
            counting.open.set()
            with pytest.raises(JournalUnavailable):
                await signal()
            with caplog.at_level(logging.WARNING, "wio"):
                caplog.clear()
                await asyncio.sleep(1.5)
                assert len(caplog.records) <= 6  # of what is stored, read and claimed: a line a second each
            await asyncio.to_thread(own_postgres.start)
            assert await _surely(signal) == "noted 1 seen"
            assert await asyncio.gather(*results) == [Success(1), Success(1), Success("1 seen"), Success(1), Success(1)]
            statuses = {record.status for record in await client.instances()}
            assert statuses == {Status.COMPLETED}
        if lease > timedelta(seconds=5):
            assert counting.runs == Counter(add=4, held=2, failing=2)
        assert counting.runs["add"] >= 4

    async def _surely(call: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await call()
            except JournalUnavailable:
                await asyncio.sleep(0.1)

    run(main())


def test_a_full_disk_holds_up_and_harms_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Starts are refused with the reason, what runs waits, and goes on by itself as soon as there is room again."""
    path = tmp_path / "journal.db"

    async def main() -> None:
        counting = Counting()

        async def large(_: Any) -> str:
            counting.runs["large"] += 1
            await counting.open.wait()
            return "x" * 20_000

        flow = workflow(run_io(large, event=str) >> run_io(counting.add, event=str))
        filler = workflow(note(), input=str, name="filler")
        async with Runtime(SqliteJournal(path, most_file_bytes=250_000), [flow, filler]) as runtime:
            instance = await runtime.start(flow, id="large", input=1)
            starts = (runtime.start(filler, id=f"filler {number}", input="x" * 3_000) for number in range(100))
            answers = await asyncio.gather(*starts, return_exceptions=True)
            refused = [each for each in answers if isinstance(each, Exception)]
            assert 0 < len(refused) < 100
            assert {(type(each), "journal.db" in str(each)) for each in refused} == {(JournalFull, True)}
            counting.open.set()
            result = asyncio.create_task(instance.result())
            await until(lambda: "Trying again" in caplog.text)
            assert not result.done()
            _make_room(path)
            assert await result == Success("x" * 20_000)
            assert (await instance.record()).status is Status.COMPLETED
        assert counting.runs == Counter(large=1, add=1)

    run(main())


def _make_room(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM wio_entries WHERE instance_id LIKE 'filler%'")


@asynccontextmanager
async def two_runtimes(path: Path, *flows: Any) -> AsyncGenerator[None]:
    """Let two runtimes be on one file that do not wait long for each other."""
    busy = timedelta(seconds=0.05)
    async with (
        Runtime(SqliteJournal(path, busy_timeout=busy), flows),
        Runtime(SqliteJournal(path, busy_timeout=busy), flows),
    ):
        yield


def test_a_file_that_others_read_long_and_lock_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Two runtimes write to it; a reader keeps an old view of it; somebody locks it for longer than they wait."""
    path = tmp_path / "journal.db"

    async def main() -> None:
        counting = Counting()
        flow = workflow(run_io(counting.held) >> run_io(counting.add) >> note() >> run_io(counting.add))
        async with two_runtimes(path, flow), Client(SqliteJournal(path), [flow]) as client:
            with (
                closing(sqlite3.connect(path, isolation_level=None)) as reader,
                closing(sqlite3.connect(path, isolation_level=None)) as locker,
            ):
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM wio_instances").fetchall()
                handles = [await client.start(flow, id=f"i{number}", input=1) for number in range(30)]
                await until(lambda: counting.runs["held"] == 30)
                for _ in range(ROUNDS):
                    locker.execute("BEGIN IMMEDIATE")
                    counting.open.set()
                    await asyncio.sleep(0.2)
                    locker.execute("COMMIT")
                    await asyncio.sleep(0.05)
                await asyncio.gather(*(each.signal(NOTE, "seen") for each in handles))
                for each in handles:
                    assert await each.result() == Success("1 seen")
                reader.execute("COMMIT")
        assert counting.runs == Counter(held=30, add=60)

    run(main())
