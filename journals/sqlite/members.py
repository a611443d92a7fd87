"""What does a process do that shares a SQLite file? It owns instances as a member, or only listens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from journals.entries import Message, Payload
from journals.outbox import Delivered, Deliveries
from journals.sharing import Claimed, Claims, Released
from journals.sqlite import deaths, mail, outbox, sharing
from journals.sqlite.thread import ConnectionThread
from journals.sqlite.watch import Ear, Watch


class SqliteListener:
    """Hears the notices of a SQLite file; see `journals.ports.Listener`. One that nobody holds is closed."""

    def __init__(self, ear: Ear, watch: Watch) -> None:
        self._ear = ear
        self._watch = watch

    def now(self) -> datetime:
        """Return the time of this machine. See `Listener.now`."""
        return datetime.now(UTC)

    async def close(self) -> None:
        """Hear nothing more."""
        self._ear.is_open = False
        self._watch.end()


class SqliteMember:
    """Is a member of a SQLite file; see `journals.ports.Member`. One that is dropped, or whose loop is closed, leaves.

    It writes with the thread that writes the commits, so that the two never wait for each other's lock.
    """

    def __init__(
        self,
        epoch: int,
        knows: sharing.Known,
        ear: Ear,
        watch: Watch,
        writer: ConnectionThread,
        reader: ConnectionThread,
        journal: str,
    ) -> None:
        self._epoch = epoch
        self._knows = knows
        self._ear = ear
        self._watch = watch
        self._writer = writer
        self._reader = reader
        self._journal = journal
        self._latest = datetime.now(UTC)

    @property
    def epoch(self) -> int:
        """Is the number of this membership."""
        return self._epoch

    def now(self) -> datetime:
        """Return the time of this machine, which all processes at the file have in common. See `Member.now`."""
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest

    async def claim(self, most: int, *, now: datetime | None = None) -> Claims:
        """Own instances whose time has come. See `Member.claim`."""
        at = self.now() if now is None else now
        if self._ear.is_lost:
            return Claims((), None)
        return await self._writer.ask(
            lambda connection: sharing.claim(connection, self._epoch, self._knows, max(most, 0), at)
        )

    async def claim_instance(self, instance_id: str) -> Claimed:
        """Own an instance, or find it ended. See `Member.claim_instance`."""
        return await self._writer.ask(
            lambda connection: sharing.claim_instance(connection, self._epoch, instance_id, self._journal)
        )

    async def release(self, released: Sequence[Released]) -> None:
        """Give instances back. See `Member.release`."""
        given = tuple(released)
        await self._writer.ask(lambda connection: sharing.release(connection, self._epoch, given))

    async def begin_trial(self, instance_ids: Sequence[str]) -> None:
        """Let the death of this member count for instances. See `Member.begin_trial`."""
        given = tuple(instance_ids)
        await self._writer.ask(lambda connection: deaths.begin_trial(connection, self._epoch, given))

    async def acquit(self, instance_ids: Sequence[str]) -> None:
        """Forget the deaths of instances. See `Member.acquit`."""
        given = tuple(instance_ids)
        await self._writer.ask(lambda connection: deaths.acquit(connection, self._epoch, given))

    async def messages(self, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """Return messages without an answer. See `Member.messages`."""
        wanted = tuple(instance_ids)
        return await self._reader.ask(lambda connection: mail.messages(connection, self._epoch, wanted))

    async def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """Store the answers to messages. See `Member.answer`."""
        given = tuple(answers)
        await self._writer.ask(lambda connection: mail.answer(connection, given))

    async def deliveries(
        self, lanes: Sequence[str], most: int, *, holding: Sequence[str] = (), now: datetime | None = None
    ) -> Deliveries:
        """Begin to deliver. See `Member.deliveries`."""
        at = self.now() if now is None else now
        if self._ear.is_lost:
            return Deliveries((), None)
        wanted, held = tuple(lanes), json.dumps(list(holding))
        return await self._writer.ask(
            lambda connection: outbox.deliveries(connection, self._epoch, wanted, max(most, 0), held, at)
        )

    async def delivered(self, delivered: Sequence[Delivered]) -> None:
        """Delete what has arrived. See `Member.delivered`."""
        ended = tuple(delivered)
        await self._writer.ask(lambda connection: outbox.delivered(connection, self._epoch, ended))

    async def leave(self) -> None:
        """Give everything back at once. See `Member.leave`."""
        if self._ear.is_open:
            await self._writer.ask(lambda connection: sharing.take_out(connection, [(self._epoch, None)]))
            self._ear.is_open = False
            self._ear.membership.end()
            self._watch.end()


async def end_all(watches: Sequence[Watch], reader: ConnectionThread) -> None:
    """End threads that watch; wait for them in another thread, so that the event loop does not stand still."""
    for watch in watches:
        watch.end()
    await reader.ask(lambda _connection: _join_all(watches))


def _join_all(watches: Sequence[Watch]) -> None:
    for watch in watches:
        watch.join()
