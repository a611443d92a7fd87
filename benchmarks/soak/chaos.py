"""What happens to the workers and to their database? Kills, freezes and restarts, at random; each is noted.

A worker that ends is followed by the next one in its place, with a name of its own.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs

from benchmarks.soak.worker import TURNED_AWAY

DATABASE = "the database"
_STOP_SECONDS = 120.0
"""Bounds a hang only."""
_TOLD_BYTES = 2_000


@attrs.frozen
class Happening:
    """Is a disturbance of a worker, or of the database: what, and from when to when, in seconds since the epoch."""

    what: str
    whom: str
    began: float
    ended: float


@attrs.frozen
class Setting:
    """Says where the workers work, how long their lease is, and how a database is stopped and started, if one is."""

    place: str
    folder: Path
    lease_seconds: float
    restart: Callable[[], None] | None


class Worker:
    """Is a process that runs instances."""

    def __init__(self, setting: Setting, name: str) -> None:
        self.name = name
        self._errors = setting.folder / f"{name}.errors"
        command = [sys.executable, "-m", "benchmarks.soak.worker"]
        arguments = [setting.place, str(setting.folder), name, str(setting.lease_seconds)]
        with self._errors.open("wb") as errors:
            # In a session of its own, so that Ctrl-C reaches only who has started it.
            self._process = subprocess.Popen(
                [*command, *arguments], stdin=subprocess.PIPE, stderr=errors, start_new_session=True
            )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        self._process.send_signal(number)

    def code(self) -> int | None:
        """Return with what it has ended, or None."""
        return self._process.poll()

    async def ended(self) -> int | None:
        """Return with what it ends, or None when it does not end in time."""
        until = time.monotonic() + _STOP_SECONDS
        while self.code() is None and time.monotonic() < until:
            await asyncio.sleep(0.02)
        return self.code()

    def said(self) -> str:
        """Return the end of what it has written to its standard error."""
        return self._errors.read_text(errors="replace")[-_TOLD_BYTES:]

    def dispose(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


class Chaos:
    """Holds the workers, and disturbs them. `failures` are what they did that they should not have done."""

    def __init__(self, setting: Setting, workers: int, chance: random.Random) -> None:
        self._setting = setting
        self._chance = chance
        self._born: Counter[int] = Counter()
        self._places = range(workers)
        self._workers: dict[int, Worker] = {}
        self._busy: set[int | str] = set()
        self.happened: list[Happening] = []
        self.failures: list[str] = []

    def begin(self) -> None:
        """Start a worker in each place."""
        for place in self._places:
            self._workers[place] = self._next(place)

    def _next(self, place: int) -> Worker:
        self._born[place] += 1
        return Worker(self._setting, f"w{place + 1}.{self._born[place]}")

    async def rage(self, seconds: float, pause_seconds: float) -> None:
        """Disturb for so long, with random pauses; return when all workers run again."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            while (left := until - time.monotonic()) > 0:
                await asyncio.sleep(min(left, self._chance.expovariate(1 / pause_seconds)))
                self._replace_ended()
                self._disturb(group)

    def _replace_ended(self) -> None:
        for place, worker in self._workers.items():
            code = worker.code()
            if place not in self._busy and code is not None:
                if code != TURNED_AWAY:
                    self.failures.append(f"worker {worker.name} ended by itself with {code}: {worker.said()}")
                worker.dispose()
                self._workers[place] = self._next(place)

    def _disturb(self, group: asyncio.TaskGroup) -> None:
        what = self._chance.choice(["kill", "kill", "freeze", "freeze", "nap", "stop", "database"])
        place = self._chance.choice(self._places)
        length = self._chance.uniform(0.0, 1.0)
        if what == "database":
            if self._setting.restart is not None and DATABASE not in self._busy:
                group.create_task(self._alone(DATABASE, self._restart(self._setting.restart)))
        elif place not in self._busy:
            group.create_task(self._alone(place, self._strike(what, place, length)))

    async def _alone(self, whom: int | str, doing: Awaitable[None]) -> None:
        self._busy.add(whom)
        await doing
        self._busy.discard(whom)

    async def _restart(self, restart: Callable[[], None]) -> None:
        began = time.time()
        await asyncio.to_thread(restart)
        self.happened.append(Happening("restart", DATABASE, began, time.time()))

    async def _strike(self, what: str, place: int, length: float) -> None:
        worker, began, lease = self._workers[place], time.time(), self._setting.lease_seconds
        match what:
            case "kill":
                worker.signal(signal.SIGKILL)
                await worker.ended()
            case "stop":
                worker.signal(signal.SIGTERM)
                self._check_stopped(worker, await worker.ended())
            case _:
                worker.signal(signal.SIGSTOP)
                await asyncio.sleep(lease * (1.2 + 2 * length if what == "freeze" else length / 3))
                worker.signal(signal.SIGCONT)
        self.happened.append(Happening(what, worker.name, began, time.time()))
        if what in ("kill", "stop"):
            worker.dispose()
            self._workers[place] = self._next(place)

    def _check_stopped(self, worker: Worker, code: int | None) -> None:
        # One that has not yet begun to listen for SIGTERM just dies of it.
        if code not in (0, -signal.SIGTERM, TURNED_AWAY):
            self.failures.append(f"worker {worker.name} ended with {code} after SIGTERM: {worker.said()}")

    async def end(self) -> None:
        """Stop all workers well."""
        self._replace_ended()
        for worker in self._workers.values():
            worker.signal(signal.SIGTERM)
        for worker in self._workers.values():
            self._check_stopped(worker, await worker.ended())

    def dispose(self) -> None:
        """Leave no process behind."""
        for worker in self._workers.values():
            worker.dispose()
