"""How does an event loop use a blocking connection? Through a thread of its own, which answers one job at a time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from journals.errors import JournalClosed

T = TypeVar("T")

Connect: TypeAlias = Callable[[], sqlite3.Connection]
Translate: TypeAlias = Callable[[Exception], Exception]


@attrs.frozen(eq=False)
class _Job(Generic[T]):
    question: Callable[[sqlite3.Connection], T]
    hear: Callable[[T | Exception], None]
    loop: asyncio.AbstractEventLoop


class ConnectionThread:
    """Is a thread that owns a connection, made by `connect` at the first job that finds none.

    Whatever fails is raised where it was asked for, after `translate`. The thread is a daemon: a journal
    that nobody closed does not keep a process from ending. `name` is what the journal is called in errors.
    """

    def __init__(self, connect: Connect, translate: Translate, name: str) -> None:
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._is_ending = False
        self._thread = threading.Thread(
            target=_answer_all, args=(self._jobs, connect, translate), name=name, daemon=True
        )
        self._thread.start()

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Return the answer to come of a function of the connection. Raises like `tell`."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.tell(question, partial(_settle, answer))
        return answer

    def tell(self, question: Callable[[sqlite3.Connection], T], hear: Callable[[T | Exception], None]) -> None:
        """Let the thread run a function of the connection, and the event loop call `hear` with what comes of it.

        Raises `JournalClosed` when the thread was told to end: it would never answer.
        """
        if self._is_ending:
            raise JournalClosed(self._thread.name)
        self._jobs.put(_Job(question, hear, asyncio.get_running_loop()))

    async def close(self) -> None:
        """Close the connection after the jobs in line, and end the thread."""
        try:
            await self.ask(sqlite3.Connection.close)
        finally:
            self.abandon()
        self._thread.join()

    def abandon(self) -> None:
        """End the thread after the jobs in line, without waiting for that."""
        self._is_ending = True
        self._jobs.put(None)


def _answer_all(jobs: SimpleQueue[_Job[Any] | None], connect: Connect, translate: Translate) -> None:
    connection: sqlite3.Connection | None = None
    try:
        while (job := jobs.get()) is not None:
            connection = _answer(job, connection, connect, translate)
            del job  # A waiting thread would hold the last answer in memory.
    finally:
        if connection is not None:
            connection.close()


def _answer(
    job: _Job[Any], connection: sqlite3.Connection | None, connect: Connect, translate: Translate
) -> sqlite3.Connection | None:
    result: Any
    try:
        connection = connection or connect()
        result = job.question(connection)
    except Exception as error:
        result = translate(error)
    # A loop that was closed in the meantime raises: nobody is left who waits for the answer.
    with suppress(RuntimeError):
        job.loop.call_soon_threadsafe(job.hear, result)
    return connection


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
