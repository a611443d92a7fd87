"""How does a process notice what others write to a SQLite file? A thread of its own looks again and again.

It asks for SQLite's data version, which tells whether anybody has written, and reads the notices when that has changed.
Where it is a member's, its heart beats here as well, whatever the event loop does.

The thread keeps nothing alive that could keep a runtime alive. It ends when who listens is dropped, or its loop closed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import TypeAlias

from journals.liveness import Membership
from journals.sharing import Hear, Lost, Notice
from journals.sqlite.heart import Heart, Joining
from journals.sqlite.notices import heard, last_notice
from journals.sqlite.thread import Connect, Translate

_SHORTEST_PAUSE = 0.004
_LONGEST_PAUSE = 0.02
_QUIET_A_PAUSE = 50
"""Is how much longer it has been quiet than the next pause is."""

_Begun: TypeAlias = int | Exception | None


class Ear:
    """Hears notices in the event loop that made it, until it is closed."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self.loop = asyncio.get_running_loop()
        self.membership = Membership(self.loop)
        self.is_open = True
        self.is_lost = False

    def tell(self, notices: Sequence[Notice]) -> None:
        """Let notices be heard in the next turn of the event loop. For use in another thread."""
        with suppress(RuntimeError):  # It was closed in the meantime.
            self.loop.call_soon_threadsafe(self._heard, notices)

    def _heard(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            if self.is_open:
                self._hear(notice)


class Watch:
    """Is the thread that looks for an ear, and joins for it first when it is to be a member's."""

    def __init__(self, ear: Ear, connect: Connect, translate: Translate, joining: Joining | None) -> None:
        begun: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.begun = begun
        """Has the epoch, or None for a mere listener, as soon as the thread hears everything."""
        self._ending = threading.Event()
        looking = _Looking(weakref.ref(ear), connect, joining, self._ending)
        answer = partial(_answer, weakref.ref(begun), translate)
        self._thread = threading.Thread(target=looking.run, args=(answer,), name="wio watch", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Tell whether the thread has not ended yet."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Let the thread give up the membership, if it has one, and end."""
        self._ending.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()


def _answer(begun: weakref.ref[asyncio.Future[int | None]], translate: Translate, answer: _Begun) -> None:
    future = begun()
    if future is not None:
        with suppress(RuntimeError):  # Its loop was closed in the meantime.
            result = translate(answer) if isinstance(answer, Exception) else answer
            future.get_loop().call_soon_threadsafe(_settle, future, result)


def _settle(begun: asyncio.Future[int | None], answer: _Begun) -> None:
    if begun.done():
        return
    if isinstance(answer, Exception):
        begun.set_exception(answer)
    else:
        begun.set_result(answer)


class _Looking:
    """Is what the thread does."""

    def __init__(
        self, ear: weakref.ref[Ear], connect: Connect, joining: Joining | None, ending: threading.Event
    ) -> None:
        self._ear = ear
        self._connect = connect
        self._joining = joining
        self._ending = ending
        self._heart: Heart | None = None
        self._last = 0
        self._version: int | None = None

    def run(self, answer: Callable[[_Begun], None]) -> None:
        try:
            connection = self._connect()
        except Exception as error:
            answer(error)
            return
        with closing(connection):
            try:
                self._begin(connection)
            except Exception as error:
                answer(error)
            else:
                answer(None if self._heart is None else self._heart.epoch)
                del answer
                self._look_until_the_end(connection)
            self._stop(connection)

    def _begin(self, connection: sqlite3.Connection) -> None:
        self._last = last_notice(connection)
        if self._joining is not None:
            self._heart = Heart(connection, self._joining, time.monotonic)

    def _look_until_the_end(self, connection: sqlite3.Connection) -> None:
        heard_at, pause = time.monotonic(), _SHORTEST_PAUSE
        while not self._ending.wait(pause) and self._is_heard():
            try:
                if self._heart is not None and self._heart.is_due and not self._beats(connection, self._heart):
                    return
                if self._look(connection):
                    heard_at = time.monotonic()
            except sqlite3.Error:  # The file is locked, or away; the next look may find it again.
                self._version = None
            quiet = time.monotonic() - heard_at
            pause = min(max(quiet / _QUIET_A_PAUSE, _SHORTEST_PAUSE), _LONGEST_PAUSE)

    def _is_heard(self) -> bool:
        ear = self._ear()
        return ear is not None and ear.is_open and not ear.loop.is_closed()

    def _beats(self, connection: sqlite3.Connection, heart: Heart) -> bool:
        self._version = None  # What this very connection writes does not change what it sees.
        if heart.beat(connection):
            return True
        ear = self._ear()
        if ear is not None:
            ear.is_lost = True
            ear.tell((Lost(heart.epoch),))
        return False

    def _look(self, connection: sqlite3.Connection) -> bool:
        """Pass on the notices that are new. Return whether there were any."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return False
        self._last, notices = heard(connection, self._last, None if self._heart is None else self._heart.epoch)
        self._version = version
        ear = self._ear()
        if ear is not None and notices:
            ear.tell(notices)
        return bool(notices)

    def _stop(self, connection: sqlite3.Connection) -> None:
        """Give up the membership; a lost one for as long as it takes, so that nothing stays owned."""
        while self._heart is not None:
            with suppress(sqlite3.Error):
                self._heart.stop(connection)
                return
            if self._ending.wait(_LONGEST_PAUSE) or not self._is_heard():
                return
