"""What do claiming and starting cost among millions of instances that are over, or asleep?

The same work is timed in an empty database, and again when copies of one finished and of one sleeping instance, with
their entries, fill it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from benchmarks.report import percentile_ms
from benchmarks.shared.flows import FLOWS, QUICK, SLEEPING
from benchmarks.shared.sql import rows
from benchmarks.workflows import Count
from interpreters import Client, Runtime
from journals.postgres import PostgresJournal
from journals.sharing import Notice

_NEVER = datetime(9000, 1, 1, tzinfo=UTC)

_COLUMNS = """
SELECT string_agg(column_name, ', ') FROM information_schema.columns
WHERE table_schema = 'wio' AND table_name = '{table}' AND is_generated = 'NEVER'
"""
_FILL = """
INSERT INTO wio.{table} ({columns})
SELECT {columns} FROM generate_series(1, {copies}) AS n CROSS JOIN LATERAL (
    SELECT copy.* FROM wio.{table} AS it,
        jsonb_populate_record(it, jsonb_build_object('{key}', it.{key} || '-' || n)) AS copy WHERE it.{key} = '{id}'
) AS copies
"""


async def many_rows(dsn: str, copies: int, samples: int = 300) -> dict[str, object]:
    """Return the percentiles in an empty database and in a full one, and how many times as much the latter are."""
    async with Runtime(PostgresJournal(dsn), FLOWS) as runtime:
        await (await runtime.start(QUICK, id="over", input=Count(0, 1))).result()
        await runtime.start(SLEEPING, id="asleep", input=_NEVER)
    empty = await _costs(dsn, "empty", samples)
    for table, key in (("instances", "id"), ("entries", "instance_id")):
        ((columns,),) = await rows(dsn, _COLUMNS.format(table=table))
        for id in ("over", "asleep"):
            await rows(dsn, _FILL.format(table=table, columns=columns, key=key, copies=copies, id=id))
    await rows(dsn, "VACUUM ANALYZE")
    await rows(dsn, "CHECKPOINT")  # what the filling has left to be written is no cost of a start
    full = await _costs(dsn, "full", samples)
    times = {f"{name}_times": round(full[name] / empty[name], 2) for name in empty}
    return {
        "finished_and_sleeping": copies,
        **{f"{name}_p50_ms_empty": value for name, value in empty.items()},
        **{f"{name}_p50_ms_full": value for name, value in full.items()},
        **times,
    }


async def _costs(dsn: str, name: str, samples: int) -> dict[str, float]:
    """Return the milliseconds, as medians, of a start, a claim of one, and a whole instance of one step."""
    journal = PostgresJournal(dsn)
    starts: list[float] = []
    claims: list[float] = []
    async with Client(journal, FLOWS) as client:
        member = await journal.join("claims", [(QUICK.name, QUICK.version)], _hear)
        for number in range(samples):
            begun = time.perf_counter()
            await client.start(QUICK, id=f"{name}-{number}", input=Count(0, 1))
            started = time.perf_counter()
            claimed = (await member.claim(1)).claimed
            claims.append(time.perf_counter() - started)
            starts.append(started - begun)
            if len(claimed) != 1:
                raise RuntimeError("What had just been started was not claimed: somebody else works in this database.")
        await member.leave()
    async with Runtime(PostgresJournal(dsn), FLOWS) as runtime:
        await runtime.idle()
        wholes = [await _whole(runtime, f"{name}-whole-{number}") for number in range(samples)]
    found = {"start": starts, "claim": claims, "one_step": wholes}
    return {each: percentile_ms(seconds, 50) for each, seconds in found.items()}


async def _whole(runtime: Runtime, id: str) -> float:
    begun = time.perf_counter()
    await (await runtime.start(QUICK, id=id, input=Count(0, 1))).result()
    return time.perf_counter() - begun


def _hear(notice: Notice) -> None:
    del notice
