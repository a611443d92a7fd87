"""How is something put around a journal, to watch it or to disturb it? By a subclass that says what surrounds a call.

class Counting(ForwardingJournal):
    async def around(self, method, call):
        self.calls[method] += 1
        return await call()
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self, TypeVar

from journals.changes import Change
from journals.ended import Ended
from journals.entries import Commit, Entry, InstanceRecord, Message, Payload
from journals.errors import RolledBack
from journals.feed import Subscriber
from journals.labels import Labels
from journals.outbox import Delivered, Deliveries, Undelivered
from journals.ports import Journal, Listener, Member
from journals.scrubbing import Scrub
from journals.search import EVERY, Count, Cursor, Order, Search
from journals.sharing import LEASE, Claimed, Claims, Hear, MemberRecord, Posted, Released, Unanswered
from journals.transactions import StartsWithin, Transaction, Transactions, starts_within_of, transactions_of
from journals.workflows import Disabled, Hooked, Unfinished

T = TypeVar("T")


class Around(Protocol):
    """Surrounds the call of a method that is named."""

    async def __call__(self, method: str, call: Callable[[], Awaitable[T]]) -> T: ...


class ForwardingJournal:
    """Passes everything on to a journal; `around` surrounds each call, those of its members included."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def around(self, method: str, call: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG002
        """Return what a call returns. For subclasses, which do more; `method` is its name."""
        return await call()

    async def open(self) -> None:
        """See `Journal`."""
        await self.around("open", self.journal.open)

    async def close(self) -> None:
        """See `Journal`."""
        await self.around("close", self.journal.close)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def commit(self, commit: Commit) -> None:
        """See `Journal`."""
        await self.around("commit", lambda: self.journal.commit(commit))

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """See `Journal`."""
        return await self.around("read", lambda: self.journal.read(instance_id, after=after, most=most))

    async def find(self, instance_id: str) -> InstanceRecord:
        """See `Journal`."""
        return await self.around("find", lambda: self.journal.find(instance_id))

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """See `Journal`."""
        return await self.around("find_key", lambda: self.journal.find_key(instance_id, key))

    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """See `Journal`."""
        return await self.around("find_all", lambda: self.journal.find_all(search, order=order, after=after, most=most))

    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """See `Journal`."""
        return await self.around("count", lambda: self.journal.count(search))

    async def labels(self, instance_ids: Sequence[str]) -> tuple[Labels, ...]:
        """See `Journal`."""
        return await self.around("labels", lambda: self.journal.labels(instance_ids))

    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,
        most: int = 100,
    ) -> tuple[Ended, ...]:
        """See `Journal`."""
        return await self.around(
            "find_ended", lambda: self.journal.find_ended(before, workflows=workflows, after=after, most=most)
        )

    async def find_unfinished(self, instance_ids: Sequence[str]) -> frozenset[str]:
        """See `Journal`."""
        return await self.around("find_unfinished", lambda: self.journal.find_unfinished(instance_ids))

    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        """See `Journal`."""
        return await self.around("remove", lambda: self.journal.remove(records))

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """See `Journal`."""
        member = await self.around("join", lambda: self.journal.join(name, knows, hear, lease=lease))
        return ForwardingMember(member, self.around)

    async def listen(self, hear: Hear) -> Listener:
        """See `Journal`."""
        return await self.around("listen", lambda: self.journal.listen(hear))

    async def members(self) -> tuple[MemberRecord, ...]:
        """See `Journal`."""
        return await self.around("members", self.journal.members)

    async def owner(self, instance_id: str) -> int | None:
        """See `Journal`."""
        return await self.around("owner", lambda: self.journal.owner(instance_id))

    async def post(self, message: Message) -> Posted:
        """See `Journal`."""
        return await self.around("post", lambda: self.journal.post(message))

    async def answer_to(self, message_id: int) -> Payload | None:
        """See `Journal`."""
        return await self.around("answer_to", lambda: self.journal.answer_to(message_id))

    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        """See `Journal`."""
        return await self.around("unanswered", lambda: self.journal.unanswered(instance_id, most=most))

    async def scrub(self, scrub: Scrub) -> None:
        """See `Journal`."""
        await self.around("scrub", lambda: self.journal.scrub(scrub))

    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        """See `Journal`."""
        await self.around("disable", lambda: self.journal.disable(workflow, version, by=by, reason=reason))

    async def enable(self, workflow: str, version: int | None = None) -> bool:
        """See `Journal`."""
        return await self.around("enable", lambda: self.journal.enable(workflow, version))

    async def disabled(self) -> tuple[Disabled, ...]:
        """See `Journal`."""
        return await self.around("disabled", self.journal.disabled)

    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        """See `Journal`."""
        await self.around("note_hooks", lambda: self.journal.note_hooks(hooks))

    async def hooked(self) -> tuple[Hooked, ...]:
        """See `Journal`."""
        return await self.around("hooked", self.journal.hooked)

    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        """See `Journal`."""
        return await self.around("unfinished", lambda: self.journal.unfinished(most=most))

    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        """See `Journal`."""
        return await self.around("stranded", lambda: self.journal.stranded(after=after, most=most))

    async def outbox(self, *, most: int = 1_000) -> tuple[Undelivered, ...]:
        """See `Journal`."""
        return await self.around("outbox", lambda: self.journal.outbox(most=most))

    async def subscribe(self, name: str, *, follower: str = "") -> int:
        """See `Journal`."""
        return await self.around("subscribe", lambda: self.journal.subscribe(name, follower=follower))

    async def unsubscribe(self, name: str) -> bool:
        """See `Journal`."""
        return await self.around("unsubscribe", lambda: self.journal.unsubscribe(name))

    async def changes(self, *, after: int = 0, most: int = 1_000, subscriber: str = "") -> tuple[Change, ...]:
        """See `Journal`."""
        return await self.around("changes", lambda: self.journal.changes(after=after, most=most, subscriber=subscriber))

    async def passed(self, subscriber: str, cursor: int, *, follower: str = "") -> None:
        """See `Journal`."""
        await self.around("passed", lambda: self.journal.passed(subscriber, cursor, follower=follower))

    async def subscribers(self) -> tuple[Subscriber, ...]:
        """See `Journal`."""
        return await self.around("subscribers", self.journal.subscribers)

    @property
    def transactions(self) -> Transactions | None:
        """See `journals.transactions`."""
        inner = transactions_of(self.journal)
        return None if inner is None else ForwardingTransactions(inner, self.around)

    @property
    def within(self) -> StartsWithin | None:
        """See `journals.transactions`."""
        return starts_within_of(self.journal)


class ForwardingTransactions:
    """Passes everything on; `around` surrounds the commits that end transactions."""

    def __init__(self, transactions: Transactions, around: Around) -> None:
        self._transactions = transactions
        self._around = around

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Transaction, None]:
        """See `Transactions`."""
        async with self._transactions.begin() as transaction:
            yield ForwardingTransaction(transaction, self._around)


class ForwardingTransaction:
    """Passes everything on to a transaction; `around` surrounds its commit."""

    def __init__(self, transaction: Transaction, around: Around) -> None:
        self._transaction = transaction
        self._around = around

    @property
    def connection(self) -> object:
        """See `Transaction`."""
        return self._transaction.connection

    def why_anew(self, error: Exception) -> RolledBack | None:
        """See `Transaction`."""
        return self._transaction.why_anew(error)

    async def commit(self, commit: Commit) -> None:
        """See `Transaction`."""
        await self._around("commit", lambda: self._transaction.commit(commit))


class ForwardingMember:
    """Passes everything on to a member; `around` surrounds each call."""

    def __init__(self, member: Member, around: Around) -> None:
        self.member = member
        self._around = around

    @property
    def epoch(self) -> int:
        """See `Member`."""
        return self.member.epoch

    def now(self) -> datetime:
        """See `Member`."""
        return self.member.now()

    async def claim(self, most: int, *, now: datetime | None = None) -> Claims:
        """See `Member`."""
        return await self._around("claim", lambda: self.member.claim(most, now=now))

    async def claim_instance(self, instance_id: str) -> Claimed:
        """See `Member`."""
        return await self._around("claim_instance", lambda: self.member.claim_instance(instance_id))

    async def release(self, released: Sequence[Released]) -> None:
        """See `Member`."""
        await self._around("release", lambda: self.member.release(released))

    async def begin_trial(self, instance_ids: Sequence[str]) -> None:
        """See `Member`."""
        await self._around("begin_trial", lambda: self.member.begin_trial(instance_ids))

    async def acquit(self, instance_ids: Sequence[str]) -> None:
        """See `Member`."""
        await self._around("acquit", lambda: self.member.acquit(instance_ids))

    async def messages(self, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """See `Member`."""
        return await self._around("messages", lambda: self.member.messages(instance_ids))

    async def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """See `Member`."""
        await self._around("answer", lambda: self.member.answer(answers))

    async def deliveries(
        self, lanes: Sequence[str], most: int, *, holding: Sequence[str] = (), now: datetime | None = None
    ) -> Deliveries:
        """See `Member`."""
        return await self._around("deliveries", lambda: self.member.deliveries(lanes, most, holding=holding, now=now))

    async def delivered(self, delivered: Sequence[Delivered]) -> None:
        """See `Member`."""
        await self._around("delivered", lambda: self.member.delivered(delivered))

    async def leave(self) -> None:
        """See `Member`."""
        await self._around("leave", self.member.leave)
