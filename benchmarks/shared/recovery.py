"""How long after the loss of its worker are many instances owned and running again?

One worker is lost while each of its instances is in an effect, behind 20 entries; another is there already. It is
killed, which the other knows at once as both are on one machine; or frozen, and then only the end of its lease tells.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from benchmarks.shared.flows import FLOWS, HELD_ENTRIES, HOLDING
from benchmarks.shared.processes import worker
from benchmarks.shared.sql import rows
from benchmarks.workflows import Count
from interpreters import Client
from journals.postgres import PostgresJournal
from journals.sharing import LEASE

_AT_ONCE = 500


async def seconds_to_recover(dsn: str, instances: int, *, frozen: bool) -> float:
    """Return the seconds from the loss until the effects of all instances run again."""
    async with worker(dsn, most_running=instances) as first:
        await _start(dsn, instances)
        await first.lines(instances)
        ((entries, owned),) = await rows(dsn, "SELECT min(last_seq), count(owner) FROM wio.instances")
        if (entries, owned) != (HELD_ENTRIES, instances):
            raise RuntimeError(f"The instances are not where they should be: {entries} entries, {owned} owned.")
        async with worker(dsn, most_running=instances) as second:
            if frozen:
                first.freeze()
            else:
                first.kill()
            lost = time.perf_counter()
            await second.lines(instances)
            took = time.perf_counter() - lost
        first.kill()
    return took


async def recovery(dsns: tuple[str, str], instances: int) -> dict[str, object]:
    """Return both, each in an empty database."""
    killed = await seconds_to_recover(dsns[0], instances, frozen=False)
    frozen = await seconds_to_recover(dsns[1], instances, frozen=True)
    return {
        "instances": instances,
        "seconds_after_a_kill": round(killed, 2),
        "seconds_after_a_freeze": round(frozen, 2),
        "seconds_beyond_the_lease": round(frozen - LEASE / timedelta(seconds=1), 2),
    }


async def _start(dsn: str, instances: int) -> None:
    async with Client(PostgresJournal(dsn), FLOWS) as client:
        for number in range(0, instances, _AT_ONCE):
            ids = [f"{each:06}" for each in range(number, min(number + _AT_ONCE, instances))]
            await asyncio.gather(*(client.start(HOLDING, id=id, input=Count(0, HELD_ENTRIES)) for id in ids))
