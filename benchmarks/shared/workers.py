"""What do two worker processes do together, where the steps do real work: 5 ms of waiting each, 1,000 at once?"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from benchmarks.shared.flows import FLOWS, WORKING, WORKING_STEPS
from benchmarks.shared.processes import worker
from benchmarks.shared.sql import rows
from interpreters import Client
from journals.postgres import PostgresJournal

_UNTIL_ALL_ARE_STARTED = timedelta(seconds=8)
_AT_ONCE = 1_000


async def steps_per_second(dsn: str, workers: int, instances: int) -> float:
    """Return how many steps a second the workers do together, from when all instances become due to the last end."""
    async with AsyncExitStack() as stack:
        for _ in range(workers):
            await stack.enter_async_context(worker(dsn, most_running=_AT_ONCE))
        due = datetime.now(UTC) + _UNTIL_ALL_ARE_STARTED
        async with Client(PostgresJournal(dsn), FLOWS) as client:
            await asyncio.gather(*(client.start(WORKING, id=f"{number}", input=due) for number in range(instances)))
        if datetime.now(UTC) > due:
            raise RuntimeError("The machine was too slow: the first were due before the last had been started.")
        while (await rows(dsn, "SELECT count(*) FROM wio.instances WHERE NOT finished"))[0][0]:
            await asyncio.sleep(0.2)
        ((last,),) = await rows(dsn, "SELECT max(updated_at) FROM wio.instances")
    took: timedelta = last - due
    return instances * WORKING_STEPS / took.total_seconds()
