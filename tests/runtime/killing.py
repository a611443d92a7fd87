"""How does a test kill a runtime, and go on with the next one on the same journal?

One process runs at a time. It is killed at a commit, on a side of any other call of the journal, or between two
rounds of the event loop: its tasks end without a chance to write. Who has called it is taken to be outside, and calls
the next one again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeAlias, TypeVar

import attrs

from interpreters import Runtime
from interpreters.machine.pending import Pending
from interpreters.testing import CrashAt, CrashingJournal, FaultyWorkers, VirtualClock
from journals.faulty import Crash, Crashed
from journals.ports import Journal
from wio import Workflow

T = TypeVar("T")

_QUIET_ROUNDS = 5
_FIRST_ROUNDS = 50
_LOOK_SECONDS = 0.05


@attrs.frozen
class AtCommit:
    """Is a kill on one side of the `number`-th commit of a process, counted from 1."""

    number: int
    side: CrashAt


@attrs.frozen
class AtRound:
    """Is a kill after so many rounds of the event loop, whatever is under way."""

    number: int


@attrs.frozen
class AtPoint:
    """Is a kill at the `number`-th point that a process comes to, counted from 1; see `journals.faulty`."""

    number: int


Kill: TypeAlias = AtCommit | AtRound | AtPoint


class Processes:
    """Runs one process after another on a journal.

    `kills` is how the first of them die, each in its turn. `before_kill` may look at one that is killed between two
    rounds, and `after_kill` at what is left.
    """

    def __init__(
        self,
        journal: Journal,
        *workflows: Workflow[Any, Any, Any],
        clock: VirtualClock,
        kills: tuple[Kill, ...] = (),
    ) -> None:
        self._store = journal
        self._workflows = workflows
        self._kills: Iterator[Kill] = iter(kills)
        self._runtime: Runtime | None = None
        self._journal = CrashingJournal(journal)
        self._outside: frozenset[asyncio.Task[Any]] = frozenset()
        self._rounds_left: int | None = None
        self.clock = clock
        self.killed = self.commits = 0
        self.before_kill: Callable[[Runtime], Awaitable[None]] | None = None
        self.after_kill: Callable[[], Awaitable[None]] | None = None

    def kill_at(self, kill: Kill) -> None:
        """Let the process die that runs now, or else the next, at a commit or round counted from here."""
        if self._runtime is None:
            self._kills = itertools.chain((kill,), self._kills)
            return
        match kill:
            case AtCommit(number, side):
                self._journal.crash_at(number, side)
            case AtRound(number):
                self._rounds_left = number
            case AtPoint(number):
                self._journal.points.arm(None, Crash(), at=number)

    async def call(self, call: Callable[[Runtime], Awaitable[T]]) -> T:
        """Return what a call returns, once everything has come to rest."""
        while True:
            calling: asyncio.Task[T] | None = None
            try:
                runtime = await self._booted()
                calling = asyncio.create_task(_called(call, runtime))
                await self._until_done(calling, runtime)
                await self._rest(runtime)
                return calling.result()
            except Crashed:
                await self.kill()
                if calling is not None and calling.done() and not calling.cancelled() and calling.exception() is None:
                    await self.call(_nothing)
                    return calling.result()

    async def kill(self) -> None:
        """Let the process die: whatever it does ends, and nothing that it writes passes any more."""
        if self._runtime is None:
            return
        self._journal.die()
        self.commits, self._runtime, self._rounds_left = self.commits + self._journal.commits, None, None
        tasks = asyncio.all_tasks() - self._outside - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()
        await self._journal.bury()
        self.killed += 1
        if self.after_kill is not None:
            await self.after_kill()

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[Runtime]:
        """Let a process look at what the journal has, without going on with anything, while no other runs."""
        async with self._made(CrashingJournal(self._store), recover=False) as runtime:
            yield runtime

    async def stop(self) -> None:
        """Let the process that runs end well, if it does not die of it."""
        if self._runtime is None:
            return
        try:
            await self._runtime.__aexit__(None, None, None)
        except Crashed:
            await self.kill()
        else:
            self.commits, self._runtime = self.commits + self._journal.commits, None

    async def _booted(self) -> Runtime:
        if self._runtime is None:
            self._journal = CrashingJournal(self._store)
            self._outside = frozenset(asyncio.all_tasks())
            self._runtime = self._made(self._journal)
            kill = next(self._kills, None)
            if kill is not None:
                self.kill_at(kill)
            await self._runtime.__aenter__()
            await self._rest(self._runtime)
        return self._runtime

    def _made(self, journal: CrashingJournal, *, recover: bool = True) -> Runtime:
        workers = FaultyWorkers(journal.points)
        return Runtime(journal, self._workflows, clock=self.clock, workers=workers, recover=recover)

    async def _until_done(self, calling: asyncio.Task[Any], runtime: Runtime) -> None:
        for number in itertools.count():
            if calling.done():
                return
            # A journal with a thread or a server of its own answers when it does; a kill is looked for meanwhile.
            if number > _FIRST_ROUNDS and self._rounds_left is None:
                await asyncio.wait({calling}, timeout=_LOOK_SECONDS)
            await self._round(runtime)

    async def _rest(self, runtime: Runtime) -> None:
        """Return when everything has come to rest, what is due included."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            if self._rounds_left is None:
                await runtime.idle()
            await self._round(runtime)
            due = runtime.next_wake_up()
            quiet = quiet + 1 if runtime.is_idle and (due is None or due > self.clock.now()) else 0

    async def _round(self, runtime: Runtime) -> None:
        if self._rounds_left is not None:
            self._rounds_left -= 1
            if self._rounds_left < 0 and not self._journal.dead:
                if self.before_kill is not None:
                    await self.before_kill(runtime)
                raise Crashed
        await asyncio.sleep(0)
        if self._journal.dead:
            raise Crashed


async def _called(call: Callable[[Runtime], Awaitable[T]], runtime: Runtime) -> T:
    return await call(runtime)


async def _nothing(_runtime: Runtime) -> None:
    """Give the next process time to begin."""


async def pending_of(runtime: Runtime, id: str) -> tuple[Pending, ...]:
    """Return what an instance waits for, and nothing of one that has not begun."""
    records = await runtime.instances(most=1_000)
    return await runtime.pending(id) if id in {record.id for record in records} else ()
