"""How are the worker processes of a benchmark started, watched and ended?"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

_ROOT = Path(__file__).parents[2]


@attrs.frozen
class WorkerProcess:
    """Is a process that runs `benchmarks.shared.worker`."""

    process: Process

    async def line(self) -> str:
        """Return the next line that it prints. Raises `RuntimeError` when it has ended."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("A worker of the benchmark ended before its time. What it printed is above.")
        return line.decode().strip()

    async def lines(self, number: int) -> None:
        """Return when it has printed so many lines more."""
        for _ in range(number):
            await self.line()

    def kill(self) -> None:
        """End it at once; without effect when it has ended."""
        if self.process.returncode is None:
            self.process.kill()

    def freeze(self) -> None:
        """Stop it where it is, alive."""
        self.process.send_signal(signal.SIGSTOP)

    def resident_bytes(self) -> int:
        """Return how much memory it holds. Only Linux can tell."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def worker(dsn: str, *, most_running: int = 1_000) -> AsyncGenerator[WorkerProcess]:
    """Yield a worker that is ready, and end it after the block."""
    arguments = ("-m", "benchmarks.shared.worker", dsn, str(most_running))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE, cwd=_ROOT)
    try:
        started = WorkerProcess(process)
        await started.line()
        yield started
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(60):
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
