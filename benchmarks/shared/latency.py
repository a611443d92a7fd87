"""How long does a client wait for the result of another process's worker, and for its response to a signal?"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from benchmarks.report import percentile_ms
from benchmarks.shared.flows import FLOWS, QUICK
from benchmarks.shared.processes import worker
from benchmarks.steps import PING, PINGS
from benchmarks.workflows import Count
from interpreters import Client
from journals.postgres import PostgresJournal

_WARM_UP = 20


async def latency(dsn: str, *, workers: int = 1, samples: int = 300) -> dict[str, object]:
    """Return the percentiles, with the workers and the client in a process each."""
    async with AsyncExitStack() as stack:
        for _ in range(workers):
            await stack.enter_async_context(worker(dsn))
        client = await stack.enter_async_context(Client(PostgresJournal(dsn), FLOWS))
        pings = await client.start(PINGS, id="pings", input=0)

        async def one_step(number: int) -> None:
            instance = await client.start(QUICK, id=f"one-{number}", input=Count(0, 1))
            await instance.result()

        async def signal(number: int) -> None:
            await pings.signal(PING, number)

        steps, signals = await _timed(one_step, samples), await _timed(signal, samples)
    return {
        "workers": workers,
        "one_step_p50_ms": percentile_ms(steps, 50),
        "one_step_p99_ms": percentile_ms(steps, 99),
        "signal_p50_ms": percentile_ms(signals, 50),
        "signal_p99_ms": percentile_ms(signals, 99),
    }


async def _timed(act: Callable[[int], Awaitable[None]], samples: int) -> list[float]:
    """Return the seconds of each, without the first few."""
    seconds: list[float] = []
    for number in range(_WARM_UP + samples):
        begun = time.perf_counter()
        await act(number)
        seconds.append(time.perf_counter() - begun)
    return seconds[_WARM_UP:]
