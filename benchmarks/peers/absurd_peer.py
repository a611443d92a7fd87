"""How does Absurd do the same work? With its asynchronous client, and a worker that runs so many tasks at once.

All tasks are spawned into a queue before its worker begins: it takes them from there in batches, and ends one batch
before the next. It looks every 10 ms, where it would look every 250 ms by itself. Whether a task has ended is asked
every millisecond, as the client's own wait begins at 50 ms. A worker has one connection, so several of them in this
process are measured too.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
from psycopg import AsyncConnection

from benchmarks.peers.work import Work, asked_work, latency_figures, signal_figures, tell
from benchmarks.servers import psql_directory
from benchmarks.turns import take_turns

_QUEUE = "bench"
_COMPLETED = b"SELECT count(*) FROM absurd.t_bench WHERE state = 'completed'"
_WORKERS = 8


def main() -> None:
    """Measure Absurd and print its figures."""
    work = asked_work()
    _lay_schema(work.dsn)
    tell(asyncio.run(_figures(work)))


def _lay_schema(dsn: str) -> None:
    """Create the tables by Absurd's own tool, which needs `psql`."""
    path = os.pathsep.join((os.environ.get("PATH", ""), psql_directory()))
    tool = Path(sys.executable).with_name("absurdctl")
    subprocess.run([tool, "init", "-d", dsn], check=True, stdout=sys.stderr, env={**os.environ, "PATH": path})


@attrs.frozen
class _Client:
    """Spawns tasks and sees when they end; both have a connection of their own."""

    app: Any
    watch: AsyncConnection[tuple[int]]

    async def run(self, task: str, parameters: object) -> None:
        """Spawn a task and wait until it has completed."""
        spawned = await self.app.spawn(task, parameters)
        await self.reach(spawned["task_id"], "completed")

    async def reach(self, task_id: object, state: str) -> None:
        """Wait until a task is in a state."""
        while (await self.app.fetch_task_result(task_id)).state != state:
            await asyncio.sleep(0.001)

    async def all_completed(self, tasks: int) -> None:
        """Wait until so many tasks have completed since the queue was made."""
        while await self._completed() < tasks:
            await asyncio.sleep(0.005)

    async def _completed(self) -> int:
        row = await (await self.watch.execute(_COMPLETED)).fetchone()
        assert row is not None
        return row[0]


async def _figures(work: Work) -> dict[str, float]:
    AsyncAbsurd = _async_absurd()
    app = _with_tasks(AsyncAbsurd(work.dsn, queue_name=_QUEUE))
    await app.create_queue(_QUEUE)
    watch = await AsyncConnection[tuple[int]].connect(work.dsn, autocommit=True)
    client = _Client(app, watch)
    try:
        await _many(client, work, workers=1, behind=0)
        figures = {
            "steps_per_second": await _many(client, work, workers=1, behind=work.workflows),
            f"steps_per_second_{_WORKERS}_workers": await _many(
                client, work, workers=_WORKERS, behind=2 * work.workflows
            ),
        }
        async with _working(work.dsn, 1, work.concurrency):
            return figures | await _one_by_one(client, work)
    finally:
        await watch.close()
        await app.close()


async def _many(client: _Client, work: Work, *, workers: int, behind: int) -> int:
    """Measure the steps a second of workers, from the first spawn to the last end; so many tasks are behind."""
    begun = time.perf_counter()
    for _ in range(work.workflows):
        await client.app.spawn("chain", work.steps)
    async with _working(work.dsn, workers, max(work.concurrency // workers, 1)):
        await client.all_completed(behind + work.workflows)
        seconds = time.perf_counter() - begun
    return round(work.workflows * work.steps / seconds)


async def _one_by_one(client: _Client, work: Work) -> dict[str, float]:
    """Measure tasks one after another."""

    async def lone(_: int) -> None:
        await client.run("chain", work.steps)

    async def one_step(_: int) -> None:
        await client.run("chain", 1)

    lone_tasks = max(work.workflows // 6, 1)
    alone = await take_turns(lone, lone_tasks, 1)
    single = await take_turns(one_step, 50, 1)
    return {
        "steps_per_second_alone": round(lone_tasks * work.steps / alone.seconds),
        **latency_figures("one_step", single.each_seconds),
        **await _signals(client, 50),
    }


async def _signals(client: _Client, samples: int) -> dict[str, float]:
    """Measure events to sleeping tasks until the end of the task; an event of a name comes once."""
    waiting: list[object] = []
    for number in range(samples):
        spawned = await client.app.spawn("waiter", number)
        waiting.append(spawned["task_id"])
    for task_id in waiting:
        await client.reach(task_id, "sleeping")

    async def send(number: int) -> None:
        await client.app.emit_event(f"ping-{number}", number)
        await client.reach(waiting[number], "completed")

    return await signal_figures(send, samples)


@asynccontextmanager
async def _working(dsn: str, workers: int, concurrency: int) -> AsyncGenerator[None, None]:
    """Run workers while the block runs."""
    AsyncAbsurd = _async_absurd()
    apps = [_with_tasks(AsyncAbsurd(dsn, queue_name=_QUEUE)) for _ in range(workers)]
    running = [
        asyncio.create_task(app.start_worker(worker_id=f"worker-{number}", concurrency=concurrency, poll_interval=0.01))
        for number, app in enumerate(apps)
    ]
    yield
    for app in apps:
        app.stop_worker()
    await asyncio.gather(*running)
    for app in apps:
        await app.close()


def _async_absurd() -> Any:
    # Not installed where the project is checked; so it is no import that a checker has to find.
    return import_module("absurd_sdk").AsyncAbsurd


def _with_tasks(app: Any) -> Any:
    """Return the client after it was told of the tasks."""
    app.register_task("chain")(_chain)
    app.register_task("waiter")(_wait)
    return app


async def _chain(steps: int, context: Any) -> int:
    done = 0
    for number in range(steps):
        done = await context.step(f"step-{number}", _returning(number + 1))
    return done


async def _wait(number: int, context: Any) -> int:
    return int(await context.await_event(f"ping-{number}"))


def _returning(number: int) -> Callable[[], Awaitable[int]]:
    async def returned() -> int:
        return number

    return returned


if __name__ == "__main__":
    main()
