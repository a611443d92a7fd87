"""Who listens to Postgres while the event loop may be busy? A thread with a loop and a connection of its own.

It does a duty again and again (the heartbeat of a member), passes on what is called out, and connects again when the
connection is lost. It holds nothing that would keep a runtime alive: when the one who was to hear is gone, or the loop
in which he heard is closed, it does the last of its duty and ends by itself.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from journals.liveness import Membership
from journals.postgres.connections import Connect, Connection
from journals.postgres.errors import DRIVER_ERRORS, translated
from journals.postgres.notices import notices_in
from journals.sharing import Hear, Lost, Missed, Notice, Work

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


class Duty(Protocol):
    """Is what a watch does on its connection."""

    epoch: int | None
    lease_seconds: float | None
    every_seconds: float

    async def begin(self, connection: Connection) -> None:
        """Prepare a connection."""
        ...

    async def again(self, connection: Connection) -> Sequence[Notice] | None:
        """Do what is due and return what was found, or None when there is nothing to be kept any more."""
        ...

    async def tidy(self, connection: Connection) -> bool:
        """Do a part of what others have left undone, and return whether more of it is left."""
        ...

    async def end(self, connection: Connection) -> None:
        """Do what is left to be done at the end."""
        ...


class Ear:
    """Takes notices in any thread and gives them to who listens, in his event loop. Of work he hears once a turn."""

    def __init__(self, hear: Hear, membership: Membership, loop: asyncio.AbstractEventLoop) -> None:
        self.membership = membership
        self._hear = hear
        self._loop = loop
        self._hears_of_work = False

    def tell(self, notices: Iterable[Notice]) -> None:
        """Pass on notices; without effect when the loop is closed."""
        fresh = [notice for notice in dict.fromkeys(notices) if not (self._hears_of_work and notice == Work())]
        if fresh:
            self._hears_of_work = self._hears_of_work or Work() in fresh
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._listen, fresh)

    def _listen(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            if notice == Work():
                self._hears_of_work = False
            # Each for itself: an error in hearing one must not swallow the next.
            self._loop.call_soon(self._hear, notice)


class Watch:
    """Runs a duty in a thread until it is ended. `ready` is done when it listens, `ended` when the duty is over."""

    def __init__(self, connect: Connect, duty: Duty, ear: Ear, patience: timedelta, journal: str) -> None:
        self.ready: Future[None] = Future()
        self.ended: Future[None] = Future()
        self.problem: Exception | None = None
        self._connect = connect
        self._journal = journal
        self._duty = duty
        self._patience_seconds = patience.total_seconds()
        self._ear = weakref.ref(ear, lambda _: self._wake())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = False
        self._lost = False
        self._texts: list[str] = []

    def start(self) -> None:
        """Let the thread begin."""
        threading.Thread(target=self._main, name="wio watch", daemon=True).start()

    def end(self) -> None:
        """Let the thread do the last of its duty and end. May be called in any thread, and twice."""
        self._ending = True
        self._wake()

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._stir.set)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._settle(error)
        else:
            self._settle(None)

    def _settle(self, error: BaseException | None) -> None:
        for future in (self.ready, self.ended):
            if not future.done():
                future.set_exception(error) if error is not None else future.set_result(None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._stir = asyncio.Event()
        self._lease: asyncio.TimerHandle | None = None
        self._keeping = asyncio.create_task(self._keep())
        self._renewed(loop.time())
        self._loop = loop
        with suppress(asyncio.CancelledError):
            await self._keeping
        if self._lease is not None:
            self._lease.cancel()
        if self._lost:
            with suppress(*DRIVER_ERRORS):
                await self._part()

    def _renewed(self, at: float) -> None:
        """Have the lease end so long after a time at which it was asked for."""
        if self._lease is not None:
            self._lease.cancel()
        if self._duty.lease_seconds is not None:
            loop = asyncio.get_running_loop()
            self._lease = loop.call_at(at + self._duty.lease_seconds, self._lose)

    def _lose(self) -> None:
        """Say at once that the lease is over, whatever is under way."""
        self._lost = True
        ear = self._ear()
        if ear is not None and self._duty.epoch is not None:
            ear.membership.end()
            ear.tell([Lost(self._duty.epoch)])
        self._keeping.cancel()

    async def _keep(self) -> None:
        """Serve on one connection after another, until it is over."""
        pause_seconds, give_up_at = _FIRST_PAUSE_SECONDS, float("inf")
        connected_before = False
        while True:
            try:
                connection = await self._connected()
                try:
                    await self._serve(connection, connected_before)
                    return
                finally:
                    connected_before = connected_before or self.ready.done()
                    await connection.close()
            except DRIVER_ERRORS as error:
                self.problem = error
                now = asyncio.get_running_loop().time()
                if self._is_over():
                    give_up_at = min(give_up_at, now + self._patience_seconds)
                if now > give_up_at:
                    raise translated(error, self._journal, commits=False) from error
            await self._pause(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _connected(self) -> Connection:
        async with asyncio.timeout(self._patience_seconds):
            connection = await self._connect()
        connection.add_notify_handler(lambda notify: self._texts.append(notify.payload))
        return connection

    async def _serve(self, connection: Connection, again: bool) -> None:
        """Do the duty on a connection until it is over. What was called out without a connection, nobody has heard."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._patience_seconds):
            await self._duty.begin(connection)
        next_at, more = loop.time(), False
        while not self._is_over():
            if loop.time() >= next_at:
                asked_at = loop.time()
                async with asyncio.timeout(self._patience_seconds):
                    found = await self._duty.again(connection)
                if found is None:
                    self._lose()
                    await asyncio.sleep(0)  # where the task is cancelled
                    return
                self._renewed(asked_at)
                self._tell([*found, *([Work(), Missed()] if again else ())])
                again = False
                if not self.ready.done():
                    self.ready.set_result(None)
                next_at, more = asked_at + self._duty.every_seconds, True
            if more:
                more = await self._duty.tidy(connection)
            await self._hear(connection, loop.time() if more else next_at)
        async with asyncio.timeout(self._patience_seconds):
            await self._duty.end(connection)

    async def _hear(self, connection: Connection, until: float) -> None:
        """Pass on what is called out, and wait for more until a time; what came with an answer is there already."""
        self._pass_on(connection)
        loop, socket = asyncio.get_running_loop(), connection.fileno()
        loop.add_reader(socket, self._stir.set)
        try:
            async with asyncio.timeout_at(until):
                await self._stir.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(socket)
        self._stir.clear()
        connection.pgconn.consume_input()
        self._pass_on(connection)

    def _pass_on(self, connection: Connection) -> None:
        while (heard := connection.pgconn.notifies()) is not None:
            self._texts.append(heard.extra.decode())
        texts, self._texts = self._texts, []
        self._tell([notice for text in texts for notice in notices_in(text, self._duty.epoch)])

    def _tell(self, notices: Sequence[Notice]) -> None:
        ear = self._ear()
        if ear is not None:
            ear.tell(notices)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stir.wait()
        if self._stir.is_set():
            self._stir.clear()

    async def _part(self) -> None:
        connection = await self._connected()
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._duty.end(connection)
        finally:
            await connection.close()

    def _is_over(self) -> bool:
        ear = self._ear()
        return self._ending or ear is None or ear.membership.is_over()
