"""How does a process become a member of a journal in Postgres, or one who only listens?"""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from journals.entries import UNFINISHED, Commit
from journals.errors import JournalError, NewerSchema, NotAJournal
from journals.liveness import Membership
from journals.postgres.connections import Connect
from journals.postgres.errors import DRIVER_ERRORS, translated
from journals.postgres.heartbeat import Asking, Heartbeat, Listening
from journals.postgres.members import Ask, PostgresMember
from journals.postgres.polling import Polling
from journals.postgres.schema import MIGRATIONS
from journals.postgres.sharing import SharingStatements
from journals.postgres.values import time_of
from journals.postgres.watch import Duty, Ear, Watch
from journals.sharing import Hear, MemberRecord
from journals.storetime import StoreClock


class PostgresListener:
    """Hears the notices of a journal in Postgres; see `journals.ports.Listener`."""

    def __init__(self, ear: Ear, watch: Watch, clock: StoreClock) -> None:
        self._ear = ear
        self._watch = watch
        self._clock = clock

    def now(self) -> datetime:
        """Return the time by the database's clock, as it was asked at the beginning. See `Listener.now`."""
        return self._clock.now()

    async def close(self) -> None:
        """Hear nothing more. See `Listener.close`."""
        self._watch.end()
        with suppress(JournalError):
            await asyncio.shield(asyncio.wrap_future(self._watch.ended))


class Joining:
    """Lets members join and listeners listen, and tells members of what is committed in their name.

    It keeps none of them: who is forgotten without having left is gone.
    """

    def __init__(
        self,
        connect: Connect,
        ask: Ask,
        statements: SharingStatements,
        patience: timedelta,
        journal: str,
        *,
        prepare: bool,
        listens: bool,
    ) -> None:
        self._connect = connect
        self._ask = ask
        self._statements = statements
        self._patience = patience
        self._journal = journal
        self._asking = Asking(statements, prepare)
        self._listens = listens
        self._members: weakref.WeakValueDictionary[int, PostgresMember] = weakref.WeakValueDictionary()
        self._listeners: weakref.WeakSet[PostgresListener] = weakref.WeakSet()

    async def join(self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, lease: timedelta) -> PostgresMember:
        """Become a member. Raises `NewerSchema` when a newer release has migrated the schema meanwhile."""
        ear = _ear(hear)
        token, known = ear.membership.token, json.dumps(sorted(set(knows)))
        seconds = lease.total_seconds()
        rows = await self._ask(self._statements.join, name, token, known, f"{seconds} seconds")
        epoch, now, version = rows[0]
        if epoch is None:
            raise _refusal(self._journal, version)
        clock = StoreClock(time_of(now))
        heartbeat = Heartbeat(self._asking, epoch, token, seconds, clock)
        duty: Duty = heartbeat if self._listens else Polling(self._asking, heartbeat, token, knows)
        watch = await self._watching(duty, ear)
        member = PostgresMember(self._ask, self._statements, epoch, knows, ear, watch, clock, self._journal)
        self._members[epoch] = member
        return member

    async def listen(self, hear: Hear) -> PostgresListener:
        """Hear notices."""
        ear = _ear(hear)
        polling = Polling(self._asking, None, ear.membership.token, ())
        duty: Duty = Listening(self._asking) if self._listens else polling
        rows = await self._ask(b"SELECT clock_timestamp()")
        listener = PostgresListener(ear, await self._watching(duty, ear), StoreClock(time_of(rows[0][0])))
        self._listeners.add(listener)
        return listener

    async def noted(self, commit: Commit, store: Callable[[Commit], Awaitable[None]]) -> None:
        """Store a commit, and let the member that commits know what it owns by that."""
        member = None if commit.owner is None else self._members.get(commit.owner)
        if member is None or (commit.expected and commit.status in UNFINISHED):
            await store(commit)
            return
        if not commit.expected:
            member.begins(commit)
        try:
            await store(commit)
        except BaseException as error:
            if not commit.expected:
                member.failed(commit, error)
            raise
        if commit.status not in UNFINISHED:
            member.ended(commit)

    async def close(self) -> None:
        """Let every member leave, and every listener hear nothing more."""
        for member in list(self._members.values()):
            with suppress(JournalError):
                await member.leave()
        for listener in list(self._listeners):
            await listener.close()

    async def _watching(self, duty: Duty, ear: Ear) -> Watch:
        watch = Watch(self._connect, duty, ear, self._patience, self._journal)
        watch.start()
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await asyncio.shield(asyncio.wrap_future(watch.ready))
        except BaseException as error:
            watch.end()
            if isinstance(error, DRIVER_ERRORS):
                raise translated(watch.problem or error, self._journal, commits=False) from error
            raise
        return watch


def member_of(row: tuple[Any, ...]) -> MemberRecord:
    """Return the member that lies in a row."""
    epoch, name, knows, joined_at, alive_until = row
    known = tuple((workflow, version) for workflow, version in json.loads(knows))
    return MemberRecord(epoch, name, known, time_of(joined_at), time_of(alive_until))


def _refusal(journal: str, version: int | None) -> JournalError:
    """Return why nobody joins who knows this version of the schema."""
    if version is None:
        return NotAJournal(f"{journal} has lost the row of its table meta. Restore the schema from a backup.")
    return NewerSchema(journal, version, len(MIGRATIONS))


def _ear(hear: Hear) -> Ear:
    loop = asyncio.get_running_loop()
    return Ear(hear, Membership(loop), loop)
