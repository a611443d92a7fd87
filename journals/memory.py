"""How is a journal kept in memory? For tests, trials and workflows that need not survive the process."""

from __future__ import annotations

import heapq
from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import attrs

from journals.entries import RESTING, UNFINISHED, Commit, Entry, InstanceRecord, Message, Payload, Status
from journals.errors import Conflict, JournalClosed, NotOwner, OwnedElsewhere, UnknownInstance
from journals.memory_members import Ear, InMemoryMember, Members, Messages
from journals.ports import LIMIT_BYTES
from journals.scrubbing import Scrub, Scrubbed, check_scrubbable
from journals.sharing import (
    LEASE,
    MOST_ENTRIES_CLAIMED,
    Answered,
    Claimed,
    Claims,
    Hear,
    MemberRecord,
    Posted,
    Released,
    Rested,
    Work,
)
from journals.validation import validate, validate_message, validate_scrub


@attrs.define
class _Instance:
    """Is one instance. `tokens` has the token of each commit under the number of the entry before it.

    `wake_up` is when it can be claimed, as long as nobody owns it.
    """

    started: Commit
    latest: Commit
    owner: int | None = None
    wake_up: datetime | None = None
    entries: list[Entry] = attrs.field(factory=list[Entry])
    tokens: dict[int, str] = attrs.field(factory=dict[int, str])
    keys: dict[str, Entry] = attrs.field(factory=dict[str, Entry])

    @property
    def has_ended(self) -> bool:
        return self.latest.status not in UNFINISHED

    def append(self, commit: Commit) -> None:
        self.latest = commit
        self.wake_up = commit.wake_up
        self.owner = None if self.has_ended else commit.owner
        if commit.entries:
            self.entries.extend(commit.entries)
            self.tokens[commit.expected] = commit.token
            self.keys.update({entry.key: entry for entry in commit.entries if entry.key is not None})

    def leave(self, scrubbed: Sequence[Scrubbed]) -> None:
        for left in scrubbed:
            if 0 < left.seq <= len(self.entries):
                entry = self.entries[left.seq - 1]
                self.entries[left.seq - 1] = attrs.evolve(entry, payload=left.payload, response=left.response, key=None)
        self.keys = {entry.key: entry for entry in self.entries if entry.key is not None}
        self.started, self.latest = attrs.evolve(self.started, entries=()), attrs.evolve(self.latest, entries=())

    def record(self) -> InstanceRecord:
        latest = self.latest
        return InstanceRecord(
            latest.instance_id,
            latest.workflow,
            latest.version,
            latest.status,
            len(self.entries),
            self.wake_up,
            latest.detail,
            self.started.at,
            latest.at,
        )


class InMemoryJournal:
    """Is a journal in the memory of this process; it keeps the whole contract of `journals.ports.Journal`.

    What was committed stays in the object when it is closed, so that a test can restart a runtime on it.
    `limit_bytes` is the limit of one payload.
    """

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._instances: dict[str, _Instance] = {}
        self._ids: list[str] = []
        self._ready: list[tuple[datetime, str]] = []
        self._owned: dict[int, set[str]] = {}
        self._members = Members()
        self._messages = Messages()
        self._is_open = False

    def __repr__(self) -> str:
        return "InMemoryJournal()"

    async def open(self) -> None:
        """Let the journal be used."""
        self._is_open = True

    async def close(self) -> None:
        """Refuse further use until the journal is opened again; the data stay."""
        self._is_open = False

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def commit(self, commit: Commit) -> None:
        """Store a commit, whole, without giving way to other tasks. See `Journal.commit`."""
        self._check_open()
        validate(commit, self._limit_bytes)
        instance = self._instances.get(commit.instance_id)
        if instance is not None and instance.tokens.get(commit.expected) == commit.token:
            return
        if commit.owner is not None and not self._members.has(commit.owner):
            if instance is None and commit.expected:
                raise UnknownInstance(commit.instance_id, repr(self))
            raise NotOwner(commit.instance_id, commit.expected, commit.owner)
        if instance is None:
            self._start(commit)
            return
        if commit.expected and instance.owner != commit.owner:
            raise NotOwner(commit.instance_id, commit.expected, commit.owner)
        if len(instance.entries) != commit.expected:
            raise Conflict(commit.instance_id, commit.expected)
        instance.append(commit)
        self._committed(instance, commit)

    def _start(self, commit: Commit) -> None:
        if commit.expected:
            raise UnknownInstance(commit.instance_id, repr(self))
        instance = _Instance(commit, commit)
        instance.append(commit)
        self._instances[commit.instance_id] = instance
        insort(self._ids, commit.instance_id)
        self._committed(instance, commit)

    def _committed(self, instance: _Instance, commit: Commit) -> None:
        """Note who owns the instance now, and tell everybody whom the commit concerns."""
        if commit.owner is not None:
            owned = self._owned.setdefault(commit.owner, set())
            (owned.discard if instance.has_ended else owned.add)(commit.instance_id)
        else:
            self._make_ready(commit.instance_id, instance)
        for message in commit.mail:
            self._put(message)
        if commit.status in RESTING:
            self._members.tell_all(Rested(commit.instance_id))

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """Return the entries with `seq > after`, at most `most` of them. See `Journal.read`."""
        return tuple(self._instance(instance_id).entries[after : after + most])

    async def find(self, instance_id: str) -> InstanceRecord:
        """Return the record of an instance. See `Journal.find`."""
        return self._instance(instance_id).record()

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """Return the last entry recorded under a key, or None. See `Journal.find_key`."""
        return self._instance(instance_id).keys.get(key)

    async def find_all(
        self, *, statuses: frozenset[Status] | None = None, after: str = "", most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records in the order of their ids, at most `most` of them. See `Journal.find_all`."""
        self._check_open()
        found: list[InstanceRecord] = []
        position = bisect_right(self._ids, after)
        while position < len(self._ids) and len(found) < most:
            instance = self._instances[self._ids[position]]
            if statuses is None or instance.latest.status in statuses:
                found.append(instance.record())
            position += 1
        return tuple(found)

    def _instance(self, instance_id: str) -> _Instance:
        self._check_open()
        instance = self._instances.get(instance_id)
        if instance is None:
            raise UnknownInstance(instance_id, repr(self))
        return instance

    # Who runs what

    async def join(
        self,
        name: str,
        knows: Sequence[tuple[str, int]],
        hear: Hear,
        *,
        lease: timedelta = LEASE,  # noqa: ARG002
    ) -> InMemoryMember:
        """Become a member, whose lease holds as long as its event loop does. See `Journal.join`."""
        self._check_open()
        self.drop_gone()
        return self._members.add(self, name, knows, hear)

    async def listen(self, hear: Hear) -> Ear:
        """Hear of answers and ends. See `Journal.listen`."""
        self._check_open()
        return self._members.listen(hear)

    async def members(self) -> tuple[MemberRecord, ...]:
        """Return the members. See `Journal.members`."""
        self._check_open()
        return self._members.records()

    async def owner(self, instance_id: str) -> int | None:
        """Return who owns an instance. See `Journal.owner`."""
        owner = self._instance(instance_id).owner
        return owner if self._members.has(owner) else None

    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        """Let a member own what is ready. For `InMemoryMember`."""
        self._check_open()
        self.drop_gone()
        claimed: list[Claimed] = []
        unknown: list[tuple[datetime, str]] = []
        next_due: datetime | None = None
        while self._ready and self._members.has(member.epoch):
            due, instance_id = self._ready[0]
            instance = self._instances[instance_id]
            is_known = (instance.latest.workflow, instance.latest.version) in member.knows
            if instance.owner is None and instance.wake_up == due and is_known:
                if due > now or len(claimed) >= most:
                    next_due = due
                    break
                claimed.append(self._own(member, instance_id, instance))
            elif instance.owner is None and instance.wake_up == due:
                unknown.append((due, instance_id))
            heapq.heappop(self._ready)
        for each in unknown:
            heapq.heappush(self._ready, each)
        return Claims(tuple(claimed), next_due)

    def claim_instance(self, member: InMemoryMember, instance_id: str) -> Claimed:
        """Let a member own an instance. For `InMemoryMember`."""
        instance = self._instance(instance_id)
        self.drop_gone()
        if not self._members.has(member.epoch):
            raise NotOwner(instance_id, len(instance.entries), member.epoch)
        if instance.owner not in (None, member.epoch):
            raise OwnedElsewhere(instance_id, instance.owner)
        return self._own(member, instance_id, instance)

    def _own(self, member: InMemoryMember, instance_id: str, instance: _Instance) -> Claimed:
        if not instance.has_ended:
            instance.owner = member.epoch
            self._owned.setdefault(member.epoch, set()).add(instance_id)
        few = len(instance.entries) <= MOST_ENTRIES_CLAIMED
        entries = tuple(instance.entries) if few else None
        return Claimed(instance.record(), entries, bool(self._messages.open(instance_id)))

    def release(self, member: InMemoryMember, released: Sequence[Released]) -> None:
        """Let a member give instances back. For `InMemoryMember`."""
        self._check_open()
        for each in released:
            instance = self._instances.get(each.instance_id)
            if instance is not None and instance.owner == member.epoch:
                self._owned.get(member.epoch, set()).discard(each.instance_id)
                instance.owner, instance.wake_up = None, each.wake_up
                if self._messages.open(each.instance_id):
                    instance.wake_up = instance.latest.at
                self._make_ready(each.instance_id, instance)

    def drop_gone(self) -> None:
        """Give back what members have owned that are none any more."""
        for epoch in [epoch for epoch in self._owned if not self._members.has(epoch)]:
            for instance_id in sorted(self._owned.pop(epoch)):
                instance = self._instances[instance_id]
                if instance.owner == epoch:
                    instance.owner = None
                    if instance.latest.status is Status.RUNNING or self._messages.open(instance_id):
                        instance.wake_up = instance.latest.at
                    self._make_ready(instance_id, instance)

    def _make_ready(self, instance_id: str, instance: _Instance) -> None:
        if instance.owner is None and instance.wake_up is not None and not instance.has_ended:
            heapq.heappush(self._ready, (instance.wake_up, instance_id))
            self._members.tell_all(Work())

    # Messages

    async def post(self, message: Message) -> Posted:
        """Store a message. See `Journal.post`."""
        validate_message(message, self._limit_bytes)
        instance = self._instance(message.instance_id)
        self.drop_gone()
        if instance.has_ended:
            return Posted(0, is_over=True)
        return Posted(self._put(message), is_over=False)

    def _put(self, message: Message) -> int:
        number = self._messages.put(message)
        instance = self._instances.get(message.instance_id)
        if instance is not None and not instance.has_ended:
            if instance.owner is not None:
                self._members.tell_owner(instance.owner, message.instance_id)
            else:
                latest_at = instance.latest.at  # a time that has been, by whatever clock
                instance.wake_up = latest_at if instance.wake_up is None else min(latest_at, instance.wake_up)
                self._make_ready(message.instance_id, instance)
        return number

    def messages(self, member: InMemoryMember, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """Return messages to a member. For `InMemoryMember`."""
        self._check_open()
        found = [
            message
            for instance_id in dict.fromkeys(instance_ids)
            if self._may_read(member, instance_id)
            for message in self._messages.open(instance_id)
        ]
        return tuple(sorted(found, key=lambda message: message.id))

    def _may_read(self, member: InMemoryMember, instance_id: str) -> bool:
        instance = self._instances.get(instance_id)
        return instance is not None and (instance.has_ended or instance.owner == member.epoch)

    def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """Keep answers. For `InMemoryMember`."""
        self._check_open()
        for number, answer in answers:
            if self._messages.answer(number, answer):
                self._members.tell_all(Answered(number))

    async def answer_to(self, message_id: int) -> Payload | None:
        """Return the answer to a message, or None. See `Journal.answer_to`."""
        self._check_open()
        return self._messages.answer_to(message_id)

    async def scrub(self, scrub: Scrub) -> None:
        """Leave of some entries what is given. See `Journal.scrub`."""
        self._check_open()
        validate_scrub(scrub, self._limit_bytes)
        instance = self._instance(scrub.instance_id)
        is_owner = instance.owner == scrub.owner and (scrub.owner is None or self._members.has(scrub.owner))
        check_scrubbable(scrub, len(instance.entries), instance.latest.status, is_owner=is_owner)
        instance.leave(scrub.entries)
        self._messages.forget(scrub.instance_id)

    def expel(self, epoch: int) -> None:
        """End a membership as a lease that has run out does; a test of what happens then has no other way."""
        self._members.expel(epoch)
        self.drop_gone()

    def _check_open(self) -> None:
        if not self._is_open:
            raise JournalClosed(repr(self))
