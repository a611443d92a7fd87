"""How is a journal kept in memory? For tests, trials and workflows that need not survive the process."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Self

from journals.changes import Change
from journals.ended import PEACE, Ended
from journals.entries import RESTING, Commit, Entry, InstanceRecord, Message, Payload, Status
from journals.errors import Conflict, NotOwner, UnknownInstance, WorkflowDisabled
from journals.feed import Subscriber
from journals.labels import NO_LABELS, Labels
from journals.memory.feed import Feed
from journals.memory.instances import Stored, ended, found, unfinished, unknown
from journals.memory.members import Ear, InMemoryMember
from journals.memory.owning import Owning
from journals.outbox import Delivered, Deliveries, Undelivered
from journals.ports import LIMIT_BYTES
from journals.scrubbing import Scrub, check_scrubbable
from journals.search import EVERY, Count, Cursor, Order, Search, check_page, counted
from journals.sharing import (
    LEASE,
    Answered,
    Changed,
    Hear,
    MemberRecord,
    Posted,
    Rested,
    ToDeliver,
    Unanswered,
)
from journals.validation import (
    validate,
    validate_disabling,
    validate_hooks,
    validate_message,
    validate_scrub,
    validate_subscriber,
)
from journals.workflows import Disabled, Hooked, Unfinished, disabled_by, hook_rows, hooks_in, in_order


class InMemoryJournal(Owning):
    """Is a journal in the memory of this process; it keeps the whole contract of `journals.ports.Journal`.

    What was committed stays in the object when it is closed, so that a test can restart a runtime on it.
    `limit_bytes` is the limit of one payload.
    """

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        super().__init__()
        self._limit_bytes = limit_bytes
        self._ids: list[str] = []
        self._disabled: dict[tuple[str, int | None], Disabled] = {}
        self._hooks: dict[str, str] = {}
        self._feed = Feed()

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
        instance = Stored(commit, commit)
        instance.append(commit)
        self._instances[commit.instance_id] = instance
        insort(self._ids, commit.instance_id)
        self._committed(instance, commit, None)

    def _committed(self, instance: Stored, commit: Commit, before: Status | None) -> None:
        """Note who owns the instance now, and tell everybody whom the commit concerns."""
        self._note_owner(commit.owner, commit.instance_id, instance)
        self._messages.drop(commit.instance_id, commit.done)
        for message in commit.mail:
            self._put(message, commit.owner)
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
        return tuple(islice(found(self._instances, self._ids, search, order, after), most))

    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """Return how many instances fit a search. See `Journal.count`."""
        self._check_open()
        numbers = Counter((record.workflow, record.status) for record in found(self._instances, self._ids, search))
        return counted((*key, number) for key, number in numbers.items())

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
        ids = ended(self._instances, before, workflows, after)[: max(most, 0)]
        return tuple(self._ended(self._instances[each]) for each in ids)

    def _ended(self, instance: Stored) -> Ended:
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

    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        """Note for which changes of workflows there are hooks. See `Journal.note_hooks`."""
        self._check_open()
        validate_hooks(hooks)
        self._hooks.update(hook_rows(hooks))

    async def hooked(self) -> tuple[Hooked, ...]:
        """Return which workflows have hooks, and for which changes. See `Journal.hooked`."""
        self._check_open()
        return hooks_in(self._hooks.items())

    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        """Return which workflows have unfinished instances, and how many. See `Journal.unfinished`."""
        self._check_open()
        counts = unfinished(self._instances.values())
        return tuple(Unfinished(*kind, min(count, most)) for kind, count in sorted(counts.items()))

    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        """Return unfinished instances that no member knows. See `Journal.stranded`."""
        self._check_open()
        known = {each for member in self._members.records() for each in member.knows}
        return tuple(islice(unknown(self._instances, self._ids, known, after), most))

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

    # Messages

    async def post(self, message: Message) -> Posted:
        """Store a message. See `Journal.post`."""
        validate_message(message, self._limit_bytes)
        instance = self._instance(message.instance_id)
        self.drop_gone()
        if instance.has_ended:
            return Posted(0, is_over=True)
        return Posted(self._put(message), is_over=False)

    def _put(self, message: Message, sender: int | None = None) -> int:
        number = self._messages.put(message)
        instance = self._instances.get(message.instance_id)
        if instance is not None and not instance.has_ended:
            if instance.owner is not None:
                if not (message.quiet and instance.owner == sender):
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

    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        """Return the messages for an instance that have no answer. See `Journal.unanswered`."""
        self._check_open()
        return self._messages.unanswered(instance_id, most)

    # The outbox and the feed

    async def outbox(self, *, most: int = 1_000) -> tuple[Undelivered, ...]:
        """Return what is not delivered yet. See `Journal.outbox`."""
        self._check_open()
        return self._outbox.all(most)

    async def subscribe(self, name: str, *, follower: str = "") -> int:
        """Follow all changes under a name. See `Journal.subscribe`."""
        self._check_open()
        validate_subscriber(name)
        return self._feed.subscribe(name, follower, (self._instances[each].record() for each in self._ids))

    async def unsubscribe(self, name: str) -> bool:
        """Forget a subscriber. See `Journal.unsubscribe`."""
        self._check_open()
        return self._feed.unsubscribe(name)

    async def changes(self, *, after: int = 0, most: int = 1_000, subscriber: str = "") -> tuple[Change, ...]:
        """Return changes, in order. See `Journal.changes`."""
        self._check_open()
        return self._feed.after(after, most, subscriber)

    async def passed(self, subscriber: str, cursor: int, *, follower: str = "") -> None:
        """Note what a subscriber has seen to. See `Journal.passed`."""
        self._check_open()
        self._feed.passed(subscriber, follower, cursor, repr(self))

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
