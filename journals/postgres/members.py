"""What does a member of a journal in Postgres do? It claims and releases instances, and reads and answers messages.

It knows which instances it was given. When the answer to a claim is lost, what it owns without knowing it is found
and given out then; else nobody would run that as long as the member lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import count, groupby
from typing import Any, Protocol, TypeAlias

from journals.entries import UNFINISHED, Commit, Entry, InstanceRecord, Message, Payload
from journals.errors import JournalError, JournalUnavailable, NotOwner, OwnedElsewhere, UnknownInstance
from journals.outbox import Delivered, Deliveries
from journals.postgres.notices import answered_texts
from journals.postgres.outbox import delivered_parameters, deliveries_in
from journals.postgres.sharing import SharingStatements
from journals.postgres.values import array, storable, time_of
from journals.postgres.watch import Ear, Watch
from journals.rows import RECORD_COLUMNS, entry_of, record_of
from journals.sharing import Claimed, Claims, Released
from journals.storetime import StoreClock

Row: TypeAlias = tuple[Any, ...]


class Ask(Protocol):
    """Executes a statement with parameters, patiently; each try is counted."""

    async def __call__(self, question: bytes, *parameters: str | None, tries: Iterator[int] = ...) -> list[Row]:
        """Return the rows that it gives, if it gives any."""
        ...


_RECORD = slice(1, 1 + len(RECORD_COLUMNS))
_HAS_MAIL = 1 + len(RECORD_COLUMNS)
_DEATHS = 2 + len(RECORD_COLUMNS)
_SHARED = 3 + len(RECORD_COLUMNS)
_ENTRY = slice(4 + len(RECORD_COLUMNS), None)


class PostgresMember:
    """Is a member of a journal in Postgres; see `journals.ports.Member`."""

    def __init__(
        self,
        ask: Ask,
        statements: SharingStatements,
        epoch: int,
        knows: Sequence[tuple[str, int]],
        ear: Ear,
        watch: Watch,
        clock: StoreClock,
        journal: str,
    ) -> None:
        self._ask = ask
        self._statements = statements
        self._epoch = epoch
        self._knows = (array(name for name, _ in knows), array(version for _, version in knows))
        self._ear = ear
        self._watch = watch
        self._clock = clock
        self._journal = journal
        self._given: set[str] = set()
        self._is_uncertain = False
        self._claiming = asyncio.Lock()

    @property
    def epoch(self) -> int:
        """Is the number of this membership."""
        return self._epoch

    def now(self) -> datetime:
        """Return the time by the database's clock, as near as it is known here. See `Member.now`."""
        return self._clock.now()

    async def claim(self, most: int, *, now: datetime | None = None) -> Claims:
        """Own up to `most` instances that are due. See `Member.claim`.

        `next_due` may have passed already: another process was just looking at the same instances.
        """
        if most < 1 or self._ear.membership.is_over():
            return Claims((), None)
        moment = None if now is None else now.isoformat()
        async with self._claiming:
            tries = count()
            try:
                rows = await self._ask(
                    self._statements.claim, str(self._epoch), *self._knows, str(most), moment, tries=tries
                )
            except (JournalError, asyncio.CancelledError):
                self._is_uncertain = True
                raise
            claimed = tuple(_claimed(rows))
            self._given.update(each.record.id for each in claimed)
            if self._is_uncertain or next(tries) > 1:
                claimed += await self._unknown()
        return Claims(claimed, None if rows[0][0] is None else time_of(rows[0][0]))

    async def claim_instance(self, instance_id: str) -> Claimed:
        """Own an instance, whatever it waits for. See `Member.claim_instance`."""
        async with self._claiming:
            claimed = await self._claim_instance(instance_id)
            if claimed.record.status in UNFINISHED:
                self._given.add(instance_id)
        return claimed

    async def _claim_instance(self, instance_id: str) -> Claimed:
        me = str(self._epoch)
        rows = await self._ask(self._statements.claim_instance, instance_id, me) if storable(instance_id) else []
        if not rows:
            raise UnknownInstance(instance_id, self._journal)
        is_fine, owner = rows[0][0], rows[0][1]
        if not is_fine and owner not in (None, self._epoch):
            raise OwnedElsewhere(instance_id, owner)
        if not is_fine or self._ear.membership.is_over():
            raise NotOwner(instance_id, rows[0][2 + RECORD_COLUMNS.index("last_seq")], self._epoch)
        (claimed,) = _claimed([row[1:] for row in rows])
        return claimed

    async def release(self, released: Sequence[Released]) -> None:
        """Give instances back. See `Member.release`."""
        if not released:
            return
        in_order = sorted(released, key=lambda each: each.instance_id)
        ids = array(each.instance_id for each in in_order)
        times = array(None if each.wake_up is None else each.wake_up.isoformat() for each in in_order)
        await self._ask(self._statements.release, str(self._epoch), ids, times)
        self._given.difference_update(each.instance_id for each in in_order)
        await self._ask(self._statements.nudge, ids)

    async def begin_trial(self, instance_ids: Sequence[str]) -> None:
        """Let the death of this member count for instances. See `Member.begin_trial`."""
        await self._ask(self._statements.begin_trial, str(self._epoch), array(sorted(instance_ids)))

    async def acquit(self, instance_ids: Sequence[str]) -> None:
        """Forget the deaths of instances. See `Member.acquit`."""
        await self._ask(self._statements.acquit, str(self._epoch), array(sorted(instance_ids)))

    async def messages(self, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """Return the messages without an answer, in order. See `Member.messages`."""
        ids = array(each for each in dict.fromkeys(instance_ids) if storable(each))
        rows = await self._ask(self._statements.messages, str(self._epoch), ids)
        return tuple(message_of(row) for row in rows)

    async def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """Store answers to messages. See `Member.answer`."""
        in_order = sorted(dict(reversed(answers)).items())
        if not in_order:
            return
        await self._ask(
            self._statements.answer,
            str(self._epoch),
            array(message_id for message_id, _ in in_order),
            array(payload.type for _, payload in in_order),
            array(payload.version for _, payload in in_order),
            array(payload.text for _, payload in in_order),
            array(answered_texts(message_id for message_id, _ in in_order)),
        )

    async def deliveries(
        self, lanes: Sequence[str], most: int, *, holding: Sequence[str] = (), now: datetime | None = None
    ) -> Deliveries:
        """Begin to deliver. See `Member.deliveries`."""
        if most < 1 or self._ear.membership.is_over():
            return Deliveries((), None)
        moment = None if now is None else now.isoformat()
        me, held = str(self._epoch), array(each for each in holding if storable(each))
        rows = await self._ask(self._statements.deliveries, me, array(lanes), str(most), held, moment)
        return deliveries_in(rows)

    async def delivered(self, delivered: Sequence[Delivered]) -> None:
        """Delete what has arrived. See `Member.delivered`."""
        if delivered:
            await self._ask(self._statements.delivered, str(self._epoch), *delivered_parameters(delivered))

    async def leave(self) -> None:
        """Give everything back at once. See `Member.leave`."""
        self._watch.end()
        # Who stops waiting must not take the end from those who wait for it, too.
        await asyncio.shield(asyncio.wrap_future(self._watch.ended))
        self._ear.membership.end()

    def begins(self, commit: Commit) -> None:
        """Note that this member is about to start an instance."""
        self._given.add(commit.instance_id)

    def failed(self, commit: Commit, error: BaseException) -> None:
        """Note that a start has failed, or that its answer was lost."""
        self._given.discard(commit.instance_id)
        self._is_uncertain = self._is_uncertain or isinstance(error, JournalUnavailable)

    def ended(self, commit: Commit) -> None:
        """Note that an instance has ended."""
        self._given.discard(commit.instance_id)

    async def _unknown(self) -> tuple[Claimed, ...]:
        """Give out what this member owns, but was never given."""
        rows = await self._ask(self._statements.owned, str(self._epoch))
        self._is_uncertain = False
        found = tuple(each for each in _claimed(rows) if each.record.id not in self._given)
        self._given.update(each.record.id for each in found)
        return found


def message_of(row: Row) -> Message:
    """Return the message that a row begins with."""
    return Message(row[0], row[1], row[2], payload_of(*row[3:6]), row[6], row[7])


def payload_of(type_: str | None, version: int | None, text: str | None) -> Payload | None:
    """Return the payload that lies in three columns."""
    return None if type_ is None or version is None or text is None else Payload(type_, version, text)


def _claimed(rows: Iterable[Row]) -> Iterator[Claimed]:
    """Yield the instances in rows of one entry each: ..., record, whether there are messages, two of deaths, entry."""
    for instance_id, found in groupby(rows, key=lambda row: row[1]):
        if instance_id is None:
            continue
        of_instance = list(found)
        record = record_of(of_instance[0][_RECORD], time_of)
        first = of_instance[0]
        entries = _entries(record, of_instance)
        yield Claimed(record, entries, first[_HAS_MAIL], first[_DEATHS] or 0, first[_SHARED] or 0)


def _entries(record: InstanceRecord, rows: Sequence[Row]) -> tuple[Entry, ...] | None:
    """Return the entries, or None when these are not all: too many, or some were written just now."""
    if [row[_ENTRY][0] for row in rows] != list(range(1, record.last_seq + 1)):
        return None
    return tuple(entry_of(record.id, row[_ENTRY], time_of) for row in rows)
