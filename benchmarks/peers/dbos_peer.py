"""How does DBOS do the same work? With its asynchronous API and the settings it comes with.

A workflow is started in this process and runs on its event loop. Through a queue it is found by polling, once a second
unless the queue is told otherwise; that is measured on its own, from a client to the awaited result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import attrs

from benchmarks.peers.work import Work, asked_work, chain_figures, latency_figures, signal_figures, tell
from benchmarks.turns import take_turns

_QUEUE = "bench"
_LAST = -1


@attrs.frozen
class _Programs:
    """Holds the registered functions: a workflow of steps, and one that answers messages until the last."""

    chain: Callable[[int], Awaitable[int]]
    answer: Callable[[], Awaitable[None]]


def main() -> None:
    """Measure DBOS and print its figures."""
    work = asked_work()
    # Not installed where the project is checked; so it is no import that a checker has to find.
    dbos: Any = import_module("dbos")
    dbos.DBOS(
        config={
            "name": "bench",
            "system_database_url": work.dsn,
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    programs = _registered(dbos.DBOS)
    try:
        tell(asyncio.run(_figures(work, dbos, programs)))
    finally:
        dbos.DBOS.destroy()


def _registered(DBOS: Any) -> _Programs:
    """Register the programs; DBOS wants that before it is launched."""

    async def returned(number: int) -> int:
        return number

    step: Callable[[int], Awaitable[int]] = DBOS.step()(returned)

    async def chain(steps: int) -> int:
        done = 0
        for number in range(steps):
            done = await step(number) + 1
        return done

    async def answer() -> None:
        while (number := await DBOS.recv_async("number", timeout_seconds=60)) != _LAST:
            await DBOS.set_event_async(f"seen-{number}", number)

    return _Programs(DBOS.workflow()(chain), DBOS.workflow()(answer))


async def _figures(work: Work, dbos: Any, programs: _Programs) -> dict[str, float]:
    DBOS = dbos.DBOS
    DBOS.launch()

    async def run(steps: int) -> None:
        handle = await DBOS.start_workflow_async(programs.chain, steps)
        assert await handle.get_result() == steps

    answering = await DBOS.start_workflow_async(programs.answer)

    async def send(number: int) -> None:
        await DBOS.send_async(answering.workflow_id, number, "number")
        assert await DBOS.get_event_async(answering.workflow_id, f"seen-{number}", 60) == number

    figures = await chain_figures(work, run, one_step_samples=100)
    figures |= await signal_figures(send, 50)
    await DBOS.send_async(answering.workflow_id, _LAST, "number")
    await answering.get_result()
    return figures | await _queued_figures(DBOS, programs)


async def _queued_figures(DBOS: Any, programs: _Programs) -> dict[str, float]:
    """Measure one-step workflows that go through a queue."""
    await DBOS.register_queue_async(_QUEUE)

    async def run_queued(_: int) -> None:
        handle = await DBOS.enqueue_workflow_async(_QUEUE, programs.chain, 1)
        assert await handle.get_result(polling_interval_sec=0.01) == 1

    await run_queued(0)
    queued = await take_turns(run_queued, 5, 1)
    return latency_figures("queued_one_step", queued.each_seconds)


if __name__ == "__main__":
    main()
