"""A process that runs the workflows of these benchmarks until its standard input ends.

    python -m benchmarks.shared.worker DSN MOST_RUNNING

It prints `ready` when it claims.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from benchmarks.shared.flows import FLOWS
from benchmarks.soak.worker import die_with_parent
from interpreters import Runtime
from journals.postgres import PostgresJournal


def main() -> None:
    """Run as the arguments say."""
    die_with_parent()
    dsn, most_running = sys.argv[1:]
    asyncio.run(_work(dsn, int(most_running)))


async def _work(dsn: str, most_running: int) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, over.set)
    async with Runtime(PostgresJournal(dsn), FLOWS, most_running=most_running, grace=timedelta(0)):
        print("ready", flush=True)
        await over.wait()


if __name__ == "__main__":
    main()
