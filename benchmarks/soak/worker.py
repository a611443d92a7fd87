"""A process that runs the instances of the soak until SIGTERM, or until its standard input ends.

    python -m benchmarks.soak.worker PLACE FOLDER NAME LEASE_SECONDS

It writes which effects it runs to FOLDER/NAME.runs. When the process that has started it ends, it ends as well.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from benchmarks.soak.kinds import kinds
from benchmarks.soak.runs import RunLog
from benchmarks.soak.store import ShortLease, has_transactions, opened
from interpreters import Runtime
from journals import JournalUnavailable

TURNED_AWAY = os.EX_TEMPFAIL
"""Is with what it ends when the store is away as it starts; it is to be started again."""

_GRACE = timedelta(seconds=2)
_DEATH_SIGNAL = 1


def main() -> None:
    """Run as the arguments say."""
    die_with_parent()
    place, folder, name, lease_seconds = sys.argv[1:]
    asyncio.run(_work(place, RunLog(name, Path(folder) / f"{name}.runs"), timedelta(seconds=float(lease_seconds))))


def die_with_parent() -> None:
    """Let the kernel kill this process, even a frozen one, when its parent ends. Only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


async def _work(place: str, log: RunLog, lease: timedelta) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_reader(sys.stdin, over.set)
    journal = ShortLease(opened(place), lease, lambda: log.write("lost"))
    known = kinds(log, transactions=has_transactions(place)).values()
    runtime = Runtime(journal, [kind.workflow for kind in known], grace=_GRACE, publisher=log)
    try:
        await runtime.__aenter__()
    except JournalUnavailable:
        sys.exit(TURNED_AWAY)
    try:
        log.write("ready")
        await over.wait()
    finally:
        await runtime.__aexit__(None, None, None)


if __name__ == "__main__":
    main()
