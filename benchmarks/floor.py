"""What do the statement and the driver alone allow? `python -m benchmarks.floor [--dsn DSN] [--json]`

A bare loop in place of a runtime: workflows of steps, each step a commit of wio's own rows, guarded by the owner of
the instance. One statement at a time holds all commits that came while the one before it was under way. There is no
machine, no codec and no journal; what is left is the least that a runtime on these tables can cost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from datetime import timedelta
from functools import partial

from psycopg import sql

from benchmarks.floor_statement import FloorCommit, commit_statement, lay_tables, parameters
from benchmarks.report import percentile_ms, report
from benchmarks.servers import postgres_dsn
from benchmarks.turns import take_turns
from journals.postgres.connections import Connection, connector

_PATIENCE = timedelta(seconds=30)


def main() -> None:
    """Measure the floor on a server."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dsn", help="the server; without it WIO_TEST_POSTGRES, or one started for it")
    arguments.add_argument("--workflows", type=int, default=300)
    arguments.add_argument("--steps", type=int, default=10)
    arguments.add_argument("--concurrency", type=int, default=64)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with contextlib.nullcontext(options.dsn) if options.dsn else postgres_dsn() as dsn:
        figures = asyncio.run(_measured(dsn, options.workflows, options.steps, options.concurrency))
    size = {"workflows": options.workflows, "steps": options.steps, "concurrency": options.concurrency}
    report({**size, **figures}, as_json=options.json)


async def _measured(dsn: str, workflows: int, steps: int, concurrency: int) -> dict[str, object]:
    """Measure in a schema of its own, which is dropped afterwards."""
    schema = f"wio_floor_{os.getpid()}"
    connection = await connector(dsn, _PATIENCE, _PATIENCE, prepare=True)()
    async with connection:
        await lay_tables(connection, schema)
        try:
            return await _figures(_Floor(connection, commit_statement(schema)), workflows, steps, concurrency)
        finally:
            await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


async def _figures(floor: _Floor, workflows: int, steps: int, concurrency: int) -> dict[str, object]:
    lone = max(workflows // 6, 1)
    await take_turns(partial(_run, floor, "warm", steps), 20, concurrency)
    many = await take_turns(partial(_run, floor, "many", steps), workflows, concurrency)
    alone = await take_turns(partial(_run, floor, "alone", steps), lone, 1)
    single = await take_turns(partial(_run, floor, "single", 1), 200, 1)
    return {
        "steps_per_second": round(workflows * steps / many.seconds),
        "steps_per_second_alone": round(lone * steps / alone.seconds),
        "one_step_p50_ms": percentile_ms(single.each_seconds, 50),
        "one_step_p99_ms": percentile_ms(single.each_seconds, 99),
    }


async def _run(floor: _Floor, prefix: str, steps: int, number: int) -> None:
    """Start one workflow, and do its steps one after another."""
    instance_id = f"{prefix}-{number}"
    for step in range(steps + 1):
        await floor.commit(FloorCommit(instance_id, step, is_last=step == steps))


class _Floor:
    """Writes commits, all that wait in one statement, as soon as the statement before has returned."""

    def __init__(self, connection: Connection, statement: bytes) -> None:
        self._connection = connection
        self._statement = statement
        self._waiting: list[tuple[FloorCommit, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def commit(self, commit: FloorCommit) -> None:
        """Return when the commit is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((commit, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._write_batch([commit for commit, _ in batch])
            except Exception as error:
                for _, done in batch:
                    done.set_exception(error)
            else:
                for _, done in batch:
                    done.set_result(None)
            await asyncio.sleep(0)  # lets those who commit again in this turn be in the next batch together
        self._writing = None

    async def _write_batch(self, commits: list[FloorCommit]) -> None:
        cursor = await self._connection.execute(self._statement, parameters(commits), prepare=True)
        stored = len(await cursor.fetchall())
        assert stored == len(commits), f"{len(commits) - stored} of {len(commits)} commits were not stored"


if __name__ == "__main__":
    main()
