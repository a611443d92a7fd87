"""How does wio do the work? As `benchmarks.steps --journal postgres` does, in the database of this run."""

from __future__ import annotations

import asyncio

from benchmarks.peers.work import Work, asked_work, tell
from benchmarks.steps import measure
from journals.postgres import PostgresJournal


def main() -> None:
    """Measure wio and print its figures."""
    tell(asyncio.run(_figures(asked_work())))


async def _figures(work: Work) -> dict[str, object]:
    figures = await measure(PostgresJournal(work.dsn), work.workflows, work.steps, work.concurrency)
    return {
        "steps_per_second": figures["steps_per_second"],
        "steps_per_second_alone": figures["alone_steps_per_second"],
        "one_step_p50_ms": figures["latency_ms_p50"],
        "one_step_p99_ms": figures["latency_ms_p99"],
        "signal_p50_ms": figures["signal_ms_p50"],
        "signal_p99_ms": figures["signal_ms_p99"],
    }


if __name__ == "__main__":
    main()
