"""How late do timers fire, when many are due within one minute? And what does a sleeper cost the worker's process?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from benchmarks.shared.flows import FLOWS, SLEEPING
from benchmarks.shared.processes import worker
from benchmarks.shared.sql import rows
from interpreters import Client
from journals.postgres import PostgresJournal

_WITHIN = timedelta(minutes=1)
_AT_ONCE = 500


async def timers(dsn: str, number: int) -> dict[str, object]:
    """Return by how much the timers were late, in seconds, and the memory of the worker while they slept."""
    async with worker(dsn) as process:
        before = process.resident_bytes()
        first = datetime.now(UTC) + timedelta(seconds=10) + timedelta(seconds=number / 3_000)
        due = {f"{each:06}": first + each * _WITHIN / number for each in range(number)}
        await _start(dsn, due)
        if datetime.now(UTC) > first:
            raise RuntimeError("The machine was too slow: the first were due before the last had been started.")
        asleep = process.resident_bytes()
        while (await rows(dsn, "SELECT count(*) FROM wio.instances WHERE NOT finished"))[0][0]:
            await asyncio.sleep(1)
        after = process.resident_bytes()
    fired = await rows(dsn, "SELECT instance_id, recorded_at FROM wio.entries WHERE kind = 'timer_fired'")
    late = sorted((at - due[id]).total_seconds() for id, at in fired)
    return {
        "timers": len(late),
        "late_s_p50": round(late[len(late) // 2], 3),
        "late_s_p99": round(late[len(late) * 99 // 100], 3),
        "late_s_most": round(late[-1], 3),
        "early": sum(each < 0 for each in late),
        "worker_mb": round(before / 1e6, 1),
        "worker_mb_while_they_sleep": round(asleep / 1e6, 1),
        "worker_mb_after": round(after / 1e6, 1),
    }


async def _start(dsn: str, due: dict[str, datetime]) -> None:
    waiting = list(due.items())
    async with Client(PostgresJournal(dsn), FLOWS) as client:
        while waiting:
            now, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
            await asyncio.gather(*(client.start(SLEEPING, id=id, input=at) for id, at in now))
