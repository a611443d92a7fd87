"""Who shares a journal in memory, and what do they ask of each other? The members, the messages and who hears of them.

All of it belongs to one process. A membership whose event loop was closed, or that nobody holds any more, is gone: its
runtime was dropped without a word, as a process is that was killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import attrs

from journals.entries import Message, Payload
from journals.outbox import Delivered, Deliveries
from journals.sharing import (
    Claimed,
    Claims,
    Hear,
    Lost,
    Mail,
    MemberRecord,
    Notice,
    Released,
    ToDeliver,
    Unanswered,
    Work,
)

if TYPE_CHECKING:
    from journals.memory import InMemoryJournal


@attrs.define
class _Posted:
    """Is a message, and its answer as soon as there is one."""

    message: Message
    at: datetime
    answer: Payload | None = None


class Ear:
    """Hears the notices of a journal in memory, in the event loop that made it, until it is closed."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self.is_open = True

    @property
    def is_gone(self) -> bool:
        """Tell whether nobody can hear anything here any more."""
        return not self.is_open or self._loop.is_closed()

    def tell(self, notice: Notice) -> None:
        """Let the notice be heard in the next turn of the event loop."""
        if not self.is_gone:
            self._loop.call_soon_threadsafe(partial(self._heard, notice))

    def _heard(self, notice: Notice) -> None:
        if self.is_open:
            self._hear(notice)

    def now(self) -> datetime:
        """Return the time. See `Listener.now`."""
        return datetime.now(UTC)

    async def close(self) -> None:
        """Hear nothing more."""
        self.is_open = False


class InMemoryMember:
    """Is a member of a journal in memory; it keeps the contract of `journals.ports.Member`."""

    def __init__(
        self, journal: InMemoryJournal, epoch: int, name: str, knows: Sequence[tuple[str, int]], ear: Ear
    ) -> None:
        self._journal = journal
        self._epoch = epoch
        self.ear = ear
        self.name = name
        self.knows = frozenset(knows)
        self.joined_at = datetime.now(UTC)

    @property
    def epoch(self) -> int:
        """Is the number of this membership."""
        return self._epoch

    def now(self) -> datetime:
        """Return the time. See `Member.now`."""
        return datetime.now(UTC)

    async def claim(self, most: int, *, now: datetime | None = None) -> Claims:
        """Own instances whose time has come. See `Member.claim`."""
        return self._journal.claim(self, most, now or self.now())

    async def claim_instance(self, instance_id: str) -> Claimed:
        """Own an instance. See `Member.claim_instance`."""
        return self._journal.claim_instance(self, instance_id)

    async def release(self, released: Sequence[Released]) -> None:
        """Give instances back. See `Member.release`."""
        self._journal.release(self, released)

    async def begin_trial(self, instance_ids: Sequence[str]) -> None:
        """Let the death of this member count for instances. See `Member.begin_trial`."""
        self._journal.begin_trial(self, instance_ids)

    async def acquit(self, instance_ids: Sequence[str]) -> None:
        """Forget the deaths of instances. See `Member.acquit`."""
        self._journal.acquit(self, instance_ids)

    async def messages(self, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """Return messages without an answer. See `Member.messages`."""
        return self._journal.messages(self, instance_ids)

    async def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """Store the answers to messages. See `Member.answer`."""
        self._journal.answer(answers)

    async def deliveries(
        self, lanes: Sequence[str], most: int, *, holding: Sequence[str] = (), now: datetime | None = None
    ) -> Deliveries:
        """Begin to deliver. See `Member.deliveries`."""
        return self._journal.deliveries(self, lanes, most, holding, now or self.now())

    async def delivered(self, delivered: Sequence[Delivered]) -> None:
        """Delete what has arrived. See `Member.delivered`."""
        self._journal.delivered(self, delivered)

    async def leave(self) -> None:
        """Give everything back at once. See `Member.leave`."""
        await self.ear.close()
        self._journal.drop_gone(left=self._epoch)


class Members:
    """Holds the members of a journal in memory, and all who hear its notices."""

    def __init__(self) -> None:
        self._next_epoch = 1
        self._members: WeakValueDictionary[int, InMemoryMember] = WeakValueDictionary()
        self._listeners: list[Ear] = []

    def add(self, journal: InMemoryJournal, name: str, knows: Sequence[tuple[str, int]], hear: Hear) -> InMemoryMember:
        """Return a new member."""
        member = InMemoryMember(journal, self._next_epoch, name, knows, Ear(hear))
        self._members[self._next_epoch] = member
        self._next_epoch += 1
        return member

    def listen(self, hear: Hear) -> Ear:
        """Return a new listener."""
        ear = Ear(hear)
        self._listeners.append(ear)
        return ear

    def has(self, epoch: int | None) -> bool:
        """Tell whether a membership goes on."""
        member = None if epoch is None else self._members.get(epoch)
        return member is not None and not member.ear.is_gone

    def records(self) -> tuple[MemberRecord, ...]:
        """Return the records of all members, in the order of their epochs."""
        far = datetime.now(UTC) + timedelta(seconds=10)
        return tuple(
            MemberRecord(member.epoch, member.name, tuple(sorted(member.knows)), member.joined_at, far)
            for member in self._going()
        )

    def tell_all(self, notice: Notice) -> None:
        """Tell a notice to all members and listeners."""
        self._listeners = [ear for ear in self._listeners if not ear.is_gone]
        for member in self._going():
            member.ear.tell(notice)
        if not isinstance(notice, Work | ToDeliver):
            for ear in self._listeners:
                ear.tell(notice)

    def tell_owner(self, epoch: int, instance_id: str) -> None:
        """Tell a member that there is mail for an instance of his."""
        member = self._members.get(epoch)
        if member is not None:
            member.ear.tell(Mail(instance_id))

    def expel(self, epoch: int) -> None:
        """End a membership as a lease that has run out does. For tests."""
        member = self._members.pop(epoch, None)
        if member is not None:
            member.ear.tell(Lost(epoch))

    def _going(self) -> list[InMemoryMember]:
        return [member for _, member in sorted(self._members.items()) if not member.ear.is_gone]


class Messages:
    """Holds the messages for the instances of a journal in memory."""

    def __init__(self) -> None:
        self._posted: dict[int, _Posted] = {}
        self._last_number = 0
        self._ids: dict[tuple[str, str], int] = {}
        self._of: dict[str, list[int]] = {}
        self._open: dict[str, dict[int, _Posted]] = {}

    def put(self, message: Message) -> int:
        """Keep a message, unless one with its key is there. Return the number of the one that is there now."""
        known = self._ids.get((message.instance_id, message.key))
        if known is not None:
            return known
        self._last_number = number = self._last_number + 1
        posted = _Posted(attrs.evolve(message, id=number, quiet=False), datetime.now(UTC))
        self._posted[number] = posted
        self._of.setdefault(message.instance_id, []).append(number)
        self._ids[message.instance_id, message.key] = number
        self._open.setdefault(message.instance_id, {})[number] = posted
        return number

    def drop(self, instance_id: str, keys: Sequence[str]) -> None:
        """Forget messages of an instance that are done."""
        for key in keys:
            number = self._ids.pop((instance_id, key), None)
            if number is not None:
                del self._posted[number]
                self._of[instance_id].remove(number)
                self._close(instance_id, number)

    def _close(self, instance_id: str, number: int) -> None:
        waiting = self._open.get(instance_id, {})
        waiting.pop(number, None)
        if not waiting:
            self._open.pop(instance_id, None)

    def open(self, instance_id: str) -> tuple[Message, ...]:
        """Return the messages of an instance without an answer, in the order of their numbers."""
        return tuple(posted.message for posted in self._open.get(instance_id, {}).values())

    def unanswered(self, instance_id: str, most: int) -> tuple[Unanswered, ...]:
        """Return the first messages of an instance without an answer, and when they came."""
        posted = islice(self._open.get(instance_id, {}).values(), max(0, most))
        return tuple(Unanswered(each.message, each.at) for each in posted)

    def answer(self, number: int, answer: Payload) -> bool:
        """Keep the answer to a message. Return whether it is the first one."""
        posted = self._posted.get(number)
        if posted is None or posted.answer is not None:
            return False
        posted.answer, posted.at = answer, datetime.now(UTC)
        self._close(posted.message.instance_id, number)
        return True

    def answer_to(self, number: int) -> Payload | None:
        """Return the answer to a message, or None."""
        posted = self._posted.get(number)
        return None if posted is None else posted.answer

    def has_news(self, instance_id: str, since: datetime) -> bool:
        """Tell whether an instance was sent a message, or one was answered, since a time."""
        return any(self._posted[number].at > since for number in self._of.get(instance_id, ()))

    def remove(self, instance_id: str) -> None:
        """Forget the messages of an instance, and their answers."""
        for number in self._of.pop(instance_id, ()):
            del self._ids[instance_id, self._posted.pop(number).message.key]
        self._open.pop(instance_id, None)
