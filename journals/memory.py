"""How is a journal kept in memory? For tests, trials and workflows that need not survive the process."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Self

import attrs

from journals.changes import Change
from journals.ended import PEACE, Ended
from journals.entries import RESTING, UNFINISHED, Commit, Entry, InstanceRecord, Message, Payload, Status
from journals.errors import Conflict, JournalClosed, NotOwner, OwnedElsewhere, UnknownInstance, WorkflowDisabled
from journals.feed import Subscriber
from journals.labels import NO_LABELS, LabelRow, Labels, label_rows, labels_of
from journals.memory_deaths import Deaths
from journals.memory_feed import Feed
from journals.memory_members import Ear, InMemoryMember, Members, Messages
from journals.memory_outbox import Outbox
from journals.outbox import Delivered, Deliveries, Undelivered
from journals.ports import LIMIT_BYTES
from journals.scrubbing import Scrub, Scrubbed, check_scrubbable
from journals.search import EVERY, Count, Cursor, Order, Search, by_start, check_page, counted
from journals.sharing import (
    LEASE,
    MOST_ENTRIES_CLAIMED,
    Answered,
    Changed,
    Claimed,
    Claims,
    Hear,
    MemberRecord,
    Posted,
    Released,
    Rested,
    ToDeliver,
    Work,
)
from journals.validation import validate, validate_disabling, validate_message, validate_scrub, validate_subscriber
from journals.workflows import Disabled, Unfinished, disabled_by, in_order


@attrs.define
class _Instance:
    """Is one instance. `tokens` has the token of each commit under the number of the entry before it.

    `wake_up` is when it can be claimed, as long as nobody owns it.
    """

    started: Commit
    latest: Commit
    owner: int | None = None
    wake_up: datetime | None = None
    deaths: Deaths = attrs.field(factory=Deaths)
    entries: list[Entry] = attrs.field(factory=list[Entry])
    tokens: dict[int, str] = attrs.field(factory=dict[int, str])
    keys: dict[str, Entry] = attrs.field(factory=dict[str, Entry])
    label_rows: dict[str, LabelRow] = attrs.field(factory=dict[str, LabelRow])

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
        self.label_rows.update({row[0]: row for row in label_rows(commit)})

    def labels(self) -> Labels:
        return labels_of(self.label_rows.values())

    def leave(self, scrubbed: Sequence[Scrubbed]) -> None:
        for left in scrubbed:
            if 0 < left.seq <= len(self.entries):
                entry = self.entries[left.seq - 1]
                self.entries[left.seq - 1] = attrs.evolve(entry, payload=left.payload, response=left.response, key=None)
        self.keys = {entry.key: entry for entry in self.entries if entry.key is not None}
        self.label_rows.clear()
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
        self._disabled: dict[tuple[str, int | None], Disabled] = {}
        self._outbox = Outbox()
        self._feed = Feed()
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
        before = instance.latest.status
        instance.append(commit)
        self._committed(instance, commit, before)

    def _start(self, commit: Commit) -> None:
        if commit.expected:
            raise UnknownInstance(commit.instance_id, repr(self))
        disabled = disabled_by(in_order(self._disabled.values()), commit.workflow, commit.version)
        if disabled is not None:
            raise WorkflowDisabled(commit.instance_id, disabled)
        instance = _Instance(commit, commit)
        instance.append(commit)
        self._instances[commit.instance_id] = instance
        insort(self._ids, commit.instance_id)
        self._committed(instance, commit, None)

    def _committed(self, instance: _Instance, commit: Commit, before: Status | None) -> None:
        """Note who owns the instance now, and tell everybody whom the commit concerns."""
        if commit.owner is not None:
            owned = self._owned.setdefault(commit.owner, set())
            (owned.discard if instance.has_ended else owned.add)(commit.instance_id)
        else:
            self._make_ready(commit.instance_id, instance)
        for message in commit.mail:
            self._put(message)
        if commit.published:
            self._outbox.put(commit.published)
            self._members.tell_all(ToDeliver())
        if self._feed.is_followed and self._feed.note(before, instance.record()):
            self._members.tell_all(Changed())
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
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records of the instances that fit a search, at most `most` of them. See `Journal.find_all`."""
        self._check_open()
        check_page(order, after, most)
        return tuple(islice(self._found(search, order, after), most))

    def _found(self, search: Search, order: Order, after: Cursor | None) -> Iterator[InstanceRecord]:
        if order is Order.ID:
            position = 0 if after is None else bisect_right(self._ids, after.id)
            yield from self._fitting(search, islice(self._ids, position, None))
            return
        for record in sorted(self._fitting(search, self._ids), key=by_start, reverse=True):
            if after is None or after.started_at is None or by_start(record) < (after.started_at, after.id):
                yield record

    def _fitting(self, search: Search, ids: Iterable[str]) -> Iterator[InstanceRecord]:
        for id in ids:
            instance = self._instances[id]
            record = instance.record()
            if search.fits(record, instance.label_rows.values()):
                yield record

    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """Return how many instances fit a search. See `Journal.count`."""
        self._check_open()
        found = Counter((record.workflow, record.status) for record in self._found(search, Order.ID, None))
        return counted((*key, number) for key, number in found.items())

    async def labels(self, instance_ids: Sequence[str]) -> tuple[Labels, ...]:
        """Return the tags and attributes of instances. See `Journal.labels`."""
        self._check_open()
        return tuple(self._instances[id].labels() if id in self._instances else NO_LABELS for id in instance_ids)

    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,
        most: int = 100,
    ) -> tuple[Ended, ...]:
        """Return who has ended, in the order of their ends. See `Journal.find_ended`."""
        self._check_open()
        behind = None if after is None else (after.updated_at, after.id)
        found = sorted(
            (instance.latest.at, instance_id)
            for instance_id, instance in self._instances.items()
            if instance.has_ended
            and instance.latest.at < before
            and (workflows is None or instance.latest.workflow in workflows)
            and (behind is None or (instance.latest.at, instance_id) > behind)
        )
        return tuple(self._ended(self._instances[instance_id]) for _, instance_id in found[: max(most, 0)])

    def _ended(self, instance: _Instance) -> Ended:
        has_news = self._messages.has_news(instance.latest.instance_id, datetime.now(UTC) - PEACE)
        return Ended(instance.record(), instance.entries[0], has_news)

    async def find_unfinished(self, instance_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these go on. See `Journal.find_unfinished`."""
        self._check_open()
        known = ((each, self._instances.get(each)) for each in instance_ids)
        return frozenset(each for each, instance in known if instance is not None and not instance.has_ended)

    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        """Remove instances, without giving way to other tasks. See `Journal.remove`."""
        self._check_open()
        removed: list[str] = []
        for record in records:
            instance = self._instances.get(record.id)
            if instance is None or not instance.has_ended or self._ended(instance).has_news:
                continue
            if (instance.latest.at, len(instance.entries)) == (record.updated_at, record.last_seq):
                self._remove(record.id)
                removed.append(record.id)
        return tuple(removed)

    def _remove(self, instance_id: str) -> None:
        if self._feed.is_followed:
            self._feed.note_removed(self._instances[instance_id].record())
            self._members.tell_all(Changed())
        del self._instances[instance_id]
        del self._ids[bisect_left(self._ids, instance_id)]
        self._messages.remove(instance_id)

    def _instance(self, instance_id: str) -> _Instance:
        self._check_open()
        instance = self._instances.get(instance_id)
        if instance is None:
            raise UnknownInstance(instance_id, repr(self))
        return instance

    # What of which workflow

    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        """Let nothing start any more of a workflow. See `Journal.disable`."""
        self._check_open()
        validate_disabling(workflow, version, by, reason)
        self._disabled[workflow, version] = Disabled(workflow, version, by, reason, datetime.now(UTC))

    async def enable(self, workflow: str, version: int | None = None) -> bool:
        """Take back what was disabled. See `Journal.enable`."""
        self._check_open()
        validate_disabling(workflow, version)
        taken = [key for key in self._disabled if key[0] == workflow and version in (None, key[1])]
        for key in taken:
            del self._disabled[key]
        return bool(taken)

    async def disabled(self) -> tuple[Disabled, ...]:
        """Return what is disabled. See `Journal.disabled`."""
        self._check_open()
        return in_order(self._disabled.values())

    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        """Return which workflows have unfinished instances, and how many. See `Journal.unfinished`."""
        self._check_open()
        open_ones = [each.latest for each in self._instances.values() if not each.has_ended]
        counts = Counter((commit.workflow, commit.version) for commit in open_ones)
        return tuple(Unfinished(*key, min(count, most)) for key, count in sorted(counts.items()))

    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        """Return unfinished instances that no member knows. See `Journal.stranded`."""
        self._check_open()
        known = {each for member in self._members.records() for each in member.knows}
        instances = (self._instances[each] for each in islice(self._ids, bisect_right(self._ids, after), None))
        lost = (
            each
            for each in instances
            if not each.has_ended and (each.latest.workflow, each.latest.version) not in known
        )
        return tuple(each.record() for each in islice(lost, most))

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
            instance = self._instances.get(instance_id)
            if instance is None:  # It has ended, and was removed.
                heapq.heappop(self._ready)
                continue
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
        return Claimed(instance.record(), entries, bool(self._messages.open(instance_id)), instance.deaths.number)

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

    def begin_trial(self, member: InMemoryMember, instance_id: str) -> None:
        """Let the death of a member count for an instance. For `InMemoryMember`."""
        self._check_open()
        instance = self._instances.get(instance_id)
        if instance is not None and instance.owner == member.epoch:
            instance.deaths.tried_by = member.epoch

    def acquit(self, member: InMemoryMember, instance_ids: Sequence[str]) -> None:
        """Forget deaths. For `InMemoryMember`."""
        self._check_open()
        for instance in map(self._instances.get, instance_ids):
            if instance is not None and instance.owner == member.epoch:
                instance.deaths = Deaths()

    def drop_gone(self, left: int | None = None) -> None:
        """Give back what members have owned that are none any more: that has `left`, the others have died."""
        if self._outbox.leave_to_others(self._members.has):
            self._members.tell_all(ToDeliver())
        for epoch in [epoch for epoch in self._owned if not self._members.has(epoch)]:
            for instance_id in sorted(self._owned.pop(epoch)):
                instance = self._instances[instance_id]
                if instance.owner == epoch:
                    if epoch != left and self._was_busy(instance_id, instance):
                        instance.deaths.count(epoch, instance.entries)
                    instance.owner = None
                    if instance.latest.status is Status.RUNNING or self._messages.open(instance_id):
                        instance.wake_up = instance.latest.at
                    self._make_ready(instance_id, instance)

    def _was_busy(self, instance_id: str, instance: _Instance) -> bool:
        """Tell whether the owner of an instance may have been doing something for it."""
        is_due = instance.wake_up is not None and instance.wake_up <= datetime.now(UTC)
        is_running = instance.latest.status is Status.RUNNING
        return is_running or is_due or bool(self._messages.open(instance_id))

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

    # The outbox and the feed

    async def outbox(self, *, most: int = 1_000) -> tuple[Undelivered, ...]:
        """Return what is not delivered yet. See `Journal.outbox`."""
        self._check_open()
        return self._outbox.all(most)

    async def subscribe(self, name: str) -> int:
        """Follow all changes under a name. See `Journal.subscribe`."""
        self._check_open()
        validate_subscriber(name)
        return self._feed.subscribe(name, (self._instances[each].record() for each in self._ids))

    async def unsubscribe(self, name: str) -> bool:
        """Forget a subscriber. See `Journal.unsubscribe`."""
        self._check_open()
        return self._feed.unsubscribe(name)

    async def changes(self, *, after: int = 0, most: int = 1_000, subscriber: str = "") -> tuple[Change, ...]:
        """Return changes, in order. See `Journal.changes`."""
        self._check_open()
        return self._feed.after(after, most, subscriber)

    async def passed(self, subscriber: str, cursor: int) -> None:
        """Note what a subscriber has seen to. See `Journal.passed`."""
        self._check_open()
        self._feed.passed(subscriber, cursor, repr(self))

    async def subscribers(self) -> tuple[Subscriber, ...]:
        """Return who follows. See `Journal.subscribers`."""
        self._check_open()
        return self._feed.subscribers()

    def deliveries(
        self, member: InMemoryMember, lanes: Sequence[str], most: int, holding: Sequence[str], now: datetime
    ) -> Deliveries:
        """Let a member deliver. For `InMemoryMember`."""
        self._check_open()
        if not self._members.has(member.epoch):
            return Deliveries((), None)
        return self._outbox.claim(member.epoch, lanes, most, holding, now, self._members.has)

    def delivered(self, member: InMemoryMember, delivered: Sequence[Delivered]) -> None:
        """Delete what has arrived. For `InMemoryMember`."""
        self._check_open()
        self._outbox.delivered(member.epoch, delivered)

    async def scrub(self, scrub: Scrub) -> None:
        """Leave of some entries what is given. See `Journal.scrub`."""
        self._check_open()
        validate_scrub(scrub, self._limit_bytes)
        instance = self._instance(scrub.instance_id)
        is_owner = instance.owner == scrub.owner and (scrub.owner is None or self._members.has(scrub.owner))
        check_scrubbable(scrub, len(instance.entries), instance.latest.status, is_owner=is_owner)
        instance.leave(scrub.entries)
        self._messages.remove(scrub.instance_id)
        self._outbox.forget(scrub.instance_id)
        self._feed.forget_details(scrub.instance_id)

    def expel(self, epoch: int) -> None:
        """End a membership as a lease that has run out does; a test of what happens then has no other way."""
        self._members.expel(epoch)
        self.drop_gone()

    def _check_open(self) -> None:
        if not self._is_open:
            raise JournalClosed(repr(self))
