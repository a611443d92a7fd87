"""How is a journal kept in one SQLite file? The default for a process that needs no database server.

event loop --- GroupCommit ---> writing thread --- one transaction a batch ---> file (write-ahead log)
           --- each read -----> reading thread --- a connection of its own ---> the same file
           --- a lone commit, while the disk is quick, without a thread -----> the same file
           <-- what others write, heard by a thread for each member ---------- the same file
"""

from __future__ import annotations

import enum
import os
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from journals.changes import Change
from journals.ended import Ended
from journals.entries import Commit, Entry, InstanceRecord, Message, Payload
from journals.errors import JournalClosed, JournalError, JournalFull, JournalUnavailable, NotAJournal
from journals.feed import Subscriber
from journals.grouping import GroupCommit
from journals.grouping import Hear as HearAnswers
from journals.labels import Labels
from journals.outbox import Undelivered
from journals.ports import LIMIT_BYTES
from journals.scrubbing import Scrub
from journals.search import EVERY, Count, Cursor, Order, Search, check_page
from journals.sharing import LEASE, Hear, MemberRecord, Posted, Unanswered
from journals.sqlite import feed, mail, outbox, removing, sharing, statements, workflows
from journals.sqlite import search as searching
from journals.sqlite.errors import translated
from journals.sqlite.heart import Joining
from journals.sqlite.lone import LoneCommits
from journals.sqlite.members import SqliteListener, SqliteMember, end_all
from journals.sqlite.schema import prepare
from journals.sqlite.scrubbing import scrub_in
from journals.sqlite.thread import ConnectionThread
from journals.sqlite.watch import Ear, Watch
from journals.sqlite.within import SqliteWithin
from journals.validation import (
    validate,
    validate_disabling,
    validate_hooks,
    validate_message,
    validate_scrub,
    validate_subscriber,
)
from journals.workflows import Disabled, Hooked, Unfinished

_CHECKPOINT_PAGES = 1_000
"""Is when the log is folded into the file and used again: writing over it is faster than letting it grow."""


class Durability(enum.Enum):
    """Says what a finished commit survives. The value is SQLite's word for it.

    `FULL`: a loss of power. `NORMAL`: a kill of the process, but the last commits before a loss of power may be
    gone, all together; it does not wait for the disk.
    """

    FULL = "FULL"
    NORMAL = "NORMAL"


@attrs.frozen(eq=False)
class _Opened:
    writer: ConnectionThread
    reader: ConnectionThread
    group: GroupCommit
    lone: LoneCommits
    watches: list[Watch] = attrs.field(factory=list[Watch])

    def add(self, watch: Watch) -> Watch:
        self.watches[:] = [each for each in self.watches if each.is_alive] + [watch]
        return watch

    async def close(self) -> None:
        await self.group.drain()
        await end_all(tuple(self.watches), self.reader)
        # The last connection to close folds the write-ahead log into the file; only the writer may do so.
        self.lone.close()
        await self.reader.close()
        await self.writer.close()


class SqliteJournal:
    """Is a journal in one SQLite file, which several processes on one machine may share.

    The file is created when it is missing, its folder is not. `limit_bytes` is the limit of one payload,
    `busy_timeout` how long to wait for another process that writes, `most_file_bytes` a limit for the file itself.
    A journal serves one event loop at a time. Raises `NotAJournal` for a path that is no path, like ":memory:".
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Durability = Durability.FULL,
        limit_bytes: int = LIMIT_BYTES,
        busy_timeout: timedelta = timedelta(seconds=5),
        most_file_bytes: int | None = None,
    ) -> None:
        self._path = _checked_path(path)
        self._durability = durability
        self._limit_bytes = limit_bytes
        self._busy_timeout = busy_timeout
        self._most_file_bytes = most_file_bytes
        self._opened: _Opened | None = None

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self._path)!r})"

    async def open(self) -> None:
        """Open the file, and make it a journal when it is new. See `Journal.open`.

        Raises `JournalUnavailable` when its folder is missing, or when another process keeps it locked.
        """
        if self._opened is not None:
            return
        writer = ConnectionThread(self._connect_writer, self._translated, repr(self))
        reader = ConnectionThread(self._connect, self._translated, repr(self))
        try:
            await writer.ask(_nothing)
            await reader.ask(_nothing)
            lone = LoneCommits(await writer.ask(lambda _writing: self._connect_writer()))
        except BaseException:
            reader.abandon()
            writer.abandon()
            raise
        group = GroupCommit(partial(self._store, writer, lone), in_halves=False)
        opened = _Opened(writer, reader, group, lone)
        if self._opened is None:
            self._opened = opened
        else:  # Another task has opened it meanwhile.
            await opened.close()

    async def close(self) -> None:
        """Finish the commits under way and close the file. See `Journal.close`."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def commit(self, commit: Commit) -> None:
        """Store a commit, whole, in one transaction with all that wait at the same time. See `Journal.commit`."""
        opened = self._now_open()
        validate(commit, self._limit_bytes)
        await opened.group.commit(commit)

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """Return the entries with `seq > after`, at most `most` of them. See `Journal.read`."""
        return await self._now_open().reader.ask(
            lambda connection: statements.read(connection, instance_id, max(after, 0), max(most, 0), repr(self))
        )

    async def find(self, instance_id: str) -> InstanceRecord:
        """Return the record of an instance. See `Journal.find`."""
        return await self._now_open().reader.ask(
            lambda connection: statements.find(connection, instance_id, repr(self))
        )

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """Return the last entry recorded under a key, or None. See `Journal.find_key`."""
        return await self._now_open().reader.ask(
            lambda connection: statements.find_key(connection, instance_id, key, repr(self))
        )

    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records of the instances that fit a search, at most `most` of them. See `Journal.find_all`."""
        check_page(order, after, most)
        return await self._now_open().reader.ask(
            lambda connection: searching.find_all(connection, search, order, after, most)
        )

    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """Return how many instances fit a search. See `Journal.count`."""
        return await self._now_open().reader.ask(lambda connection: searching.count(connection, search))

    async def labels(self, instance_ids: Sequence[str]) -> tuple[Labels, ...]:
        """Return the tags and attributes of instances. See `Journal.labels`."""
        return await self._now_open().reader.ask(lambda connection: searching.labels(connection, instance_ids))

    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,
        most: int = 100,
    ) -> tuple[Ended, ...]:
        """Return who has ended, in the order of their ends. See `Journal.find_ended`."""
        return await self._now_open().reader.ask(
            lambda connection: removing.find_ended(connection, before, workflows, after, max(most, 0))
        )

    async def find_unfinished(self, instance_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these go on. See `Journal.find_unfinished`."""
        return await self._now_open().reader.ask(lambda connection: removing.find_unfinished(connection, instance_ids))

    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        """Remove instances, in one transaction. See `Journal.remove`."""
        return await self._now_open().writer.ask(lambda connection: removing.remove(connection, records))

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> SqliteMember:
        """Become a member. A process that was killed is known to be gone at once. See `Journal.join`."""
        opened, ear = self._now_open(), Ear(hear)
        joining = Joining(name, tuple(knows), lease, ear.membership.token, repr(self))
        watch = opened.add(Watch(ear, partial(self._connect_watch, lease), self._translated, joining))
        epoch = await watch.begun
        assert epoch is not None
        return SqliteMember(epoch, joining.knows, ear, watch, opened.writer, opened.reader, repr(self))

    async def listen(self, hear: Hear) -> SqliteListener:
        """Hear of answers and ends, until the listener is closed or dropped. See `Journal.listen`."""
        opened, ear = self._now_open(), Ear(hear)
        watch = opened.add(Watch(ear, self._connect, self._translated, None))
        await watch.begun
        return SqliteListener(ear, watch)

    async def members(self) -> tuple[MemberRecord, ...]:
        """Return those whose lease holds. See `Journal.members`."""
        return await self._now_open().reader.ask(sharing.members)

    async def owner(self, instance_id: str) -> int | None:
        """Return the epoch of who owns an instance, or None. See `Journal.owner`."""
        return await self._now_open().reader.ask(lambda connection: sharing.owner(connection, instance_id, repr(self)))

    async def post(self, message: Message) -> Posted:
        """Store a message for an instance. See `Journal.post`."""
        opened = self._now_open()
        validate_message(message, self._limit_bytes)
        return await opened.writer.ask(lambda connection: mail.post(connection, message, repr(self)))

    async def answer_to(self, message_id: int) -> Payload | None:
        """Return the answer to a message, or None. See `Journal.answer_to`."""
        return await self._now_open().reader.ask(lambda connection: mail.answer_to(connection, message_id))

    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        """Return the messages for an instance that have no answer. See `Journal.unanswered`."""
        return await self._now_open().reader.ask(lambda connection: mail.unanswered(connection, instance_id, most))

    async def scrub(self, scrub: Scrub) -> None:
        """Leave of some entries what is given. See `Journal.scrub`."""
        opened = self._now_open()
        validate_scrub(scrub, self._limit_bytes)
        await opened.writer.ask(lambda connection: scrub_in(connection, scrub, repr(self)))

    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        """Let nothing start any more of a workflow. See `Journal.disable`."""
        opened = self._now_open()
        validate_disabling(workflow, version, by, reason)
        await opened.writer.ask(lambda connection: workflows.disable(connection, workflow, version, by, reason))

    async def enable(self, workflow: str, version: int | None = None) -> bool:
        """Take back what was disabled. See `Journal.enable`."""
        opened = self._now_open()
        validate_disabling(workflow, version)
        return await opened.writer.ask(lambda connection: workflows.enable(connection, workflow, version))

    async def disabled(self) -> tuple[Disabled, ...]:
        """Return what is disabled. See `Journal.disabled`."""
        return await self._now_open().reader.ask(workflows.disabled)

    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        """Note for which changes of workflows there are hooks. See `Journal.note_hooks`."""
        opened = self._now_open()
        validate_hooks(hooks)
        await opened.writer.ask(lambda connection: workflows.note_hooks(connection, hooks))

    async def hooked(self) -> tuple[Hooked, ...]:
        """Return which workflows have hooks, and for which changes. See `Journal.hooked`."""
        return await self._now_open().reader.ask(workflows.hooked)

    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        """Return which workflows have unfinished instances, and how many. See `Journal.unfinished`."""
        return await self._now_open().reader.ask(lambda connection: workflows.unfinished(connection, max(most, 0)))

    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        """Return unfinished instances that no member knows. See `Journal.stranded`."""
        return await self._now_open().reader.ask(lambda connection: workflows.stranded(connection, after, max(most, 0)))

    async def outbox(self, *, most: int = 1_000) -> tuple[Undelivered, ...]:
        """Return what is not delivered yet. See `Journal.outbox`."""
        return await self._now_open().reader.ask(lambda connection: outbox.undelivered(connection, max(most, 0)))

    async def subscribe(self, name: str, *, follower: str = "") -> int:
        """Follow all changes under a name. See `Journal.subscribe`."""
        writer = self._now_open().writer
        validate_subscriber(name)
        cursor = await writer.ask(lambda connection: feed.subscribe(connection, name, follower))
        while await writer.ask(lambda connection: feed.tell(connection, name)):
            pass
        return cursor

    async def unsubscribe(self, name: str) -> bool:
        """Forget a subscriber. See `Journal.unsubscribe`."""
        return await self._now_open().writer.ask(lambda connection: feed.unsubscribe(connection, name))

    async def changes(self, *, after: int = 0, most: int = 1_000, subscriber: str = "") -> tuple[Change, ...]:
        """Return changes, in order. See `Journal.changes`."""
        return await self._now_open().reader.ask(
            lambda connection: feed.changes(connection, after, max(most, 0), subscriber)
        )

    async def passed(self, subscriber: str, cursor: int, *, follower: str = "") -> None:
        """Note what a subscriber has seen to. See `Journal.passed`."""
        await self._now_open().writer.ask(
            lambda connection: feed.passed(connection, subscriber, follower, cursor, repr(self))
        )

    async def subscribers(self) -> tuple[Subscriber, ...]:
        """Return who follows. See `Journal.subscribers`."""
        return await self._now_open().reader.ask(feed.subscribers)

    @property
    def within(self) -> SqliteWithin:
        """Is what starts instances within transactions of others."""
        return SqliteWithin(Path(self._path), self._limit_bytes, repr(self))

    def _now_open(self) -> _Opened:
        if self._opened is None:
            raise JournalClosed(repr(self))
        return self._opened

    def _store(self, writer: ConnectionThread, lone: LoneCommits, commits: Sequence[Commit], hear: HearAnswers) -> None:
        answers = lone.store(commits[0], repr(self)) if len(commits) == 1 else None
        if answers is None:
            writer.tell(partial(self._stored, commits), hear)
        else:
            hear(answers)

    def _stored(self, commits: Sequence[Commit], connection: sqlite3.Connection) -> Sequence[JournalError | None]:
        """Store a batch; where one commit may have spoiled it for the others, store each by itself."""
        try:
            return statements.store(connection, commits, repr(self))
        except Exception as raised:
            error = self._translated(raised)
            if not isinstance(error, JournalError):
                raise
            hopeless = isinstance(error, JournalUnavailable) and not isinstance(error, JournalFull)
            if hopeless or len(commits) == 1:
                return [error] * len(commits)
        return [answer for commit in commits for answer in self._stored([commit], connection)]

    def _connect_writer(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            prepare(connection, self._path, self._busy_timeout)
            connection.execute(f"PRAGMA synchronous = {self._durability.value}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            if self._most_file_bytes is not None:
                (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
                connection.execute(f"PRAGMA max_page_count = {max(self._most_file_bytes // page_bytes, 1)}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_watch(self, lease: timedelta) -> sqlite3.Connection:
        connection = self._connect()
        # A power loss that takes a lease takes its process too. A lock must not outlast what it keeps from renewing.
        patience = min(self._busy_timeout, lease / 4)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA busy_timeout = {int(patience.total_seconds() * 1_000)}")
        return connection

    def _connect(self) -> sqlite3.Connection:
        # Each connection is used in one thread; that of the lone commits is not made where it is used.
        seconds = self._busy_timeout.total_seconds()
        return sqlite3.connect(self._path, timeout=seconds, isolation_level=None, check_same_thread=False)

    def _translated(self, error: Exception) -> Exception:
        return translated(error, self._path, self._busy_timeout)


def _checked_path(path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    if text in ("", ":memory:") or text.startswith("file:"):
        raise NotAJournal(
            f"{text!r} is not the path of a file. Use InMemoryJournal() for a journal in memory,"
            " or give a path like 'journal.db'."
        )
    return Path(text)


def _nothing(_connection: sqlite3.Connection) -> None:
    """Is the job that only needs a connection."""
