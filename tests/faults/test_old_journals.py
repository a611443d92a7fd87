"""Does what a released version has stored mean the same in this one? Its journals are kept as it left them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from returns.result import Failure, Success

from interpreters import InstanceCancelled, InstancePaused, Runtime
from interpreters.runtime.client import Client
from journals.entries import Kind, Status
from tests.faults.worker import store
from tests.journals.version_1 import flows
from tests.runtime.running import NO_GRACE, kinds, run

FOLDER = Path(flows.__file__).parent
PACKED = "a lamp reserved 1 packed, a lamp reserved 2 packed"
COLUMNS = "instance_id, seq, kind, address, type, version, payload, recorded_at, key, response_type, response"


def laid(place: str) -> list[tuple[Any, ...]]:
    """Load the dump of version 1 into a store, and return its entries as they stand in the table."""
    if "://" in place:
        with psycopg.connect(place) as postgres:
            postgres.execute((FOLDER / "postgres.sql").read_bytes())
            return postgres.execute(f"SELECT {COLUMNS} FROM wio.entries ORDER BY instance_id, seq".encode()).fetchall()
    with closing(sqlite3.connect(place)) as sqlite:
        sqlite.executescript((FOLDER / "sqlite.sql").read_text(encoding="utf-8"))
        return [
            (*row[:7], datetime.fromisoformat(row[7]), *row[8:])
            for row in sqlite.execute(f"SELECT {COLUMNS} FROM wio_entries ORDER BY instance_id, seq")
        ]


def test_a_journal_of_version_1_is_migrated_with_every_entry_as_it_was(place: str) -> None:
    """Each kind of content, of seven instances: what is read equals what lies in the old table."""
    before = laid(place)

    async def main() -> None:
        async with store(place) as journal:
            found = [
                (
                    record.id,
                    entry.seq,
                    entry.kind.value,
                    entry.address,
                    entry.payload and entry.payload.type,
                    entry.payload and entry.payload.version,
                    entry.payload and entry.payload.text,
                    entry.recorded_at,
                    entry.key,
                    entry.response and entry.response.type,
                    entry.response and entry.response.text,
                )
                for record in sorted(await journal.find_all(), key=lambda each: each.id)
                for entry in await journal.read(record.id)
            ]
            assert found == before
            statuses = {record.id: record.status.value for record in await journal.find_all()}
            # Whoever comes next looks at what was running, and at what waits for no time, such as for a child.
            due = {record.id for record in await journal.find_all() if record.wake_up is not None}
            assert due == {"held", "sleeping", "waiting"}
            assert statuses == {
                "cancelled": "cancelled",
                "ended": "completed",
                "failing": "failed",
                "held": "running",
                "sleeping": "waiting",
                "troubled": "paused",
                "waiting": "waiting",
            }

    assert len(before) == 34
    run(main())


def test_it_is_replayed_to_the_same_and_goes_on(place: str) -> None:
    """What had ended has ended so; what was under way runs again, and nothing else does; what waits goes on."""
    laid(place)
    flows.BEGAN.clear()

    async def main() -> None:
        async with Runtime(store(place), flows.ALL, grace=NO_GRACE) as runtime:
            ended = await runtime.instance(flows.ORDER, "ended")
            assert await ended.result() == Success(f"{PACKED} by Ada: handle with care")
            assert await ended.query(flows.STATE) == f"{PACKED} by Ada: handle with care"
            assert await ended.signal(flows.APPROVE, flows.Approval("Ada"), key="k") == f"{PACKED} by Ada"
            assert await (await runtime.instance(flows.FAILING, "failing")).result() == Failure("sold out")
            with pytest.raises(InstanceCancelled):
                await (await runtime.instance(flows.ORDER, "cancelled")).result()

            held = await runtime.instance(flows.HELD, "held")
            assert await held.result() == Success("a lamp reserved held")
            assert await kinds(held) == [Kind.STARTED, Kind.EVENT, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]

            waiting = await runtime.instance(flows.ORDER, "waiting")
            assert await waiting.query(flows.STATE) == PACKED
            assert await waiting.signal(flows.APPROVE, flows.Approval("Bob")) == f"{PACKED} by Bob"
            assert await waiting.result() == Success(f"{PACKED} by Bob: handle with care")

            sleeping = await (await runtime.instance(flows.SLEEPING, "sleeping")).record()
            assert (sleeping.status, sleeping.wake_up and sleeping.wake_up.year) == (Status.WAITING, 2126)

            troubled = await runtime.instance(flows.TROUBLED, "troubled")
            with pytest.raises(InstancePaused, match="the printer is on fire"):
                await troubled.result()
            assert flows.BEGAN == ["hold"]
            await troubled.resume()
            with pytest.raises(InstancePaused, match="on fire"):
                await troubled.result()
            assert flows.BEGAN == ["hold", "broken"]

    run(main())


def test_a_client_reads_it_before_any_process_has_claimed_it(place: str) -> None:
    """It is migrated by whoever opens it first, and means the same to who runs nothing."""
    laid(place)

    async def main() -> None:
        async with Client(store(place), flows.ALL) as client:
            ended = await client.instance(flows.ORDER, "ended")
            assert await ended.result() == Success(f"{PACKED} by Ada: handle with care")
            assert await (await client.instance(flows.ORDER, "waiting")).query(flows.STATE) == PACKED

    run(main())
