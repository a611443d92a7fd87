"""What must a journal do? The whole contract, on one page; `journals.contract` proves it for an adapter.

`Journal` keeps entries, and the messages for its instances; `Member` is one process among those that share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from journals.changes import Change
from journals.ended import Ended
from journals.entries import Commit, Entry, InstanceRecord, Message, Payload
from journals.feed import Subscriber
from journals.labels import Labels
from journals.outbox import Delivered, Deliveries, Undelivered
from journals.scrubbing import Scrub
from journals.search import EVERY, Count, Cursor, Order, Search
from journals.sharing import LEASE, Claimed, Claims, Hear, MemberRecord, Posted, Released, Unanswered
from journals.workflows import Disabled, Hooked, Unfinished

LIMIT_BYTES = 2_000_000
"""Is the default limit of one payload."""

LONGEST_ID = 200
"""Is the greatest number of characters that the id of an instance may have."""


class Member(Protocol):
    """Is one process among those that run the instances of a store; see `journals.sharing`.

    Its lease is renewed by itself, whatever the event loop does, until it leaves or its process ends. All methods
    raise like those of `Journal`. When the lease has run out, the member hears `Lost`; from then on it owns nothing,
    its claims give nothing, and what it commits is refused.
    """

    @property
    def epoch(self) -> int:
        """Is the number that this membership has; no other ever has it."""
        ...

    def now(self) -> datetime:
        """Return the time by the store's clock, as near as it is known here, in UTC; it never goes back."""
        ...

    async def claim(self, most: int, *, now: datetime | None = None) -> Claims:
        """Own up to `most` instances of known workflows that nobody owns and whose wake-up time has come.

        Those that wait longest come first. `now` is the time by the store's clock unless it is given.
        """
        ...

    async def claim_instance(self, instance_id: str) -> Claimed:
        """Own an instance, whatever it waits for, or find it ended; to own it already is fine.

        Raises `UnknownInstance`, `OwnedElsewhere` when another member owns it, and `NotOwner` when this is a member no
        more.
        """
        ...

    async def release(self, released: Sequence[Released]) -> None:
        """Give instances back; those that are not owned by this member are left as they are."""
        ...

    async def begin_trial(self, instance_ids: Sequence[str]) -> None:
        """Let the death of this member count for instances that it owns, however many have died before.

        A member that is gone without having left has died, and its death counts for all that it was busy with: effects,
        messages and times that had come; but for a suspect, see `journals.sharing.SUSPECT`, only in a trial. So those
        that only wait to be tried are not blamed. Those that are tried together share the death: it is counted by
        itself, see `Claimed.shared`, as nobody knows whose it was. An instance that is not its own is left as it is.
        """
        ...

    async def acquit(self, instance_ids: Sequence[str]) -> None:
        """Forget the deaths that were counted for instances that it owns. Their trials are over."""
        ...

    async def messages(self, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """Return the messages without an answer for instances that it owns or that are over, in order."""
        ...

    async def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """Store the answers to messages, by their ids; one that has an answer keeps it."""
        ...

    async def deliveries(
        self, lanes: Sequence[str], most: int, *, holding: Sequence[str] = (), now: datetime | None = None
    ) -> Deliveries:
        """Begin to deliver for up to `most` instances that have messages in these lanes, those that wait longest first.

        What another member delivers for, is left out, and so are the instances that it is `holding`, which it
        delivers for already. A member that is none any more is given nothing.
        """
        ...

    async def delivered(self, delivered: Sequence[Delivered]) -> None:
        """Delete what has arrived, and let the rest be delivered from now on, or when it is to be tried again."""
        ...

    async def leave(self) -> None:
        """Give everything back at once, so that other members go on with it. To leave twice does nothing."""
        ...


class Listener(Protocol):
    """Hears the notices of a store until it is closed."""

    def now(self) -> datetime:
        """Return the time by the store's clock; see `Member.now`."""
        ...

    async def close(self) -> None:
        """Hear nothing more. Closing twice does nothing."""
        ...


class Journal(Protocol):
    """Keeps the entries of many instances, in memory or in a database, and lets many processes share them.

    All methods raise `JournalClosed` outside `open` and `close`, and `JournalUnavailable` when the store
    does not answer. An adapter raises no error of its driver.
    """

    async def open(self) -> None:
        """Connect, and create or migrate the schema. Opening twice does nothing.

        Raises `NewerSchema`, `NotAJournal` or `JournalReadOnly`, and then leaves the store as it was.
        """
        ...

    async def close(self) -> None:
        """Finish the commits under way and release everything. Closing twice does nothing."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self, commit: Commit) -> None:
        """Store a commit, whole; when it returns, the commit survives a kill of the process.

        Of two concurrent commits that expect the same entry, one is stored; the other raises `Conflict`. A commit
        that is repeated with its token is stored once and reported as done. Raises `UnknownInstance` when
        `expected` is not 0 and there is no such instance, `NotOwner`, a kind of `Conflict`, when its `owner` is not
        the instance's or is no member any more, `PayloadTooLarge`, or `InvalidCommit`. Who has ended is nobody's.
        Raises `WorkflowDisabled` when it would start what must not be started; an instance that exists is a `Conflict`.
        """
        ...

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """Return the entries with `seq > after`, in order and without a gap, at most `most` of them.

        An instance without such entries gives (). Raises `UnknownInstance`, or `CorruptEntry`.
        """
        ...

    async def find(self, instance_id: str) -> InstanceRecord:
        """Return the record of an instance. Raises `UnknownInstance`."""
        ...

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """Return the last entry that was recorded under an idempotency key, or None. Raises `UnknownInstance`."""
        ...

    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records of the instances that fit a search, behind a place, in an order, at most `most` of them.

        Raises `InvalidSearch` for a page that cannot be.
        """
        ...

    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """Return how many instances fit a search, by workflow and status; where there is none, there is no count."""
        ...

    async def labels(self, instance_ids: Sequence[str]) -> tuple[Labels, ...]:
        """Return the tags and attributes of instances, in the same order; of one that is unknown there are none."""
        ...

    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,
        most: int = 100,
    ) -> tuple[Ended, ...]:
        """Return who ended before a time, in the order of their ends, then of their ids; at most `most` of them.

        When an instance ended is the record's `updated_at`. `workflows=None` means every workflow; `after` the record
        of the one to begin behind.
        """
        ...

    async def find_unfinished(self, instance_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these instances are there and have not ended."""
        ...

    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        """Remove all that there is of instances, and return the ids of those removed. Their ids are free then.

        Each is removed whole or left. Left is what has not ended, has changed since its record was found, was sent a
        message or answered one within the last hour, or is just being changed or removed by others.
        """
        ...

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """Become a member that runs these workflows and versions, under a name for people.

        It hears `Work`, `Mail` for the instances that it owns, `Answered`, `Rested`, `ToDeliver`, `Changed`,
        `Missed`, and `Lost`. Raises `NewerSchema` when a newer release has migrated the store since it was opened.
        """
        ...

    async def listen(self, hear: Hear) -> Listener:
        """Hear `Answered`, `Rested`, `Changed` and `Missed`, without being a member."""
        ...

    async def members(self) -> tuple[MemberRecord, ...]:
        """Return those whose lease holds, in the order of their epochs."""
        ...

    async def owner(self, instance_id: str) -> int | None:
        """Return the epoch of the member that owns an instance, or None. Raises `UnknownInstance`."""
        ...

    async def post(self, message: Message) -> Posted:
        """Store a message, and tell who owns the instance, or that it can be claimed.

        When it returns, the message survives a kill of every process. Raises `UnknownInstance`, `PayloadTooLarge` or
        `InvalidCommit`.
        """
        ...

    async def answer_to(self, message_id: int) -> Payload | None:
        """Return the answer to a message, or None as long as there is none. Answers are kept for an hour at least."""
        ...

    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        """Return the messages for an instance that have no answer, whoever owns it, in order, at most `most` of them.

        Of an instance that is unknown there are none.
        """
        ...

    async def scrub(self, scrub: Scrub) -> None:
        """Leave of some entries what is given, without their keys, and nothing of the instance's messages and labels.

        What waits in the outbox for the publisher is dropped; in other lanes a message keeps its names, with `null` as
        its text, and a failure is not explained any more. Changes in the feed lose their details. When it returns,
        what was there is in no table any more, and that survives a kill; numbers, kinds, addresses and times stay. All
        of it is done or nothing; a repeat changes nothing. Raises `UnknownInstance`, `NotOwner`, `InvalidCommit` unless
        the status is `DATA_DELETION_REQUESTED`, or `PayloadTooLarge`.
        """
        ...

    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        """Let nothing start any more of a workflow, or of one version of it. What has begun goes on.

        When it returns, every start that begins later is refused. To disable again replaces who did so, when and why.
        Raises `InvalidCommit` for what a store could not hold.
        """
        ...

    async def enable(self, workflow: str, version: int | None = None) -> bool:
        """Take back what was disabled: of one version, or all that concerns the workflow. Return whether it was.

        Raises like `disable`.
        """
        ...

    async def disabled(self) -> tuple[Disabled, ...]:
        """Return what is disabled, by the name of the workflow, then by version; all versions come first."""
        ...

    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        """Note for which changes of workflows there are hooks, in place of what was noted of these before.

        When it returns, that survives a kill. Raises `InvalidCommit` for what a store could not hold.
        """
        ...

    async def hooked(self) -> tuple[Hooked, ...]:
        """Return which workflows have hooks, and for which changes, by the name of the workflow."""
        ...

    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        """Return which workflows and versions have unfinished instances, in order, and how many, up to `most`.

        What it costs depends on how many workflows there are, not on how many instances.
        """
        ...

    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        """Return unfinished instances whose workflow and version no member knows whose lease holds.

        They have an `id > after`, and come in the order of their ids (by code point), at most `most` of them.
        """
        ...

    async def outbox(self, *, most: int = 1_000) -> tuple[Undelivered, ...]:
        """Return what was published and is not delivered yet, for up to `most` instances, the oldest first."""
        ...

    async def subscribe(self, name: str, *, follower: str = "") -> int:
        """Follow all changes under a name, from now on; return the cursor where it stands.

        Who is new is told first how all instances stand. Who has subscribed before goes on where it was. `follower`
        tells apart those who follow under one name: it is the last one who does. Raises `InvalidCommit` for a name that
        a store could not hold.
        """
        ...

    async def unsubscribe(self, name: str) -> bool:
        """Forget a subscriber. With the last one the feed ends. Return whether there was one."""
        ...

    async def changes(self, *, after: int = 0, most: int = 1_000, subscriber: str = "") -> tuple[Change, ...]:
        """Return up to `most` changes with a cursor above `after`, in order.

        Nothing that is committed later has a cursor below one that was returned. The changes of an instance are in the
        order in which they were made. With a `subscriber` those come along that tell it how things stood at its
        beginning. There are none that every subscriber has passed, nor any from when nobody followed.
        """
        ...

    async def passed(self, subscriber: str, cursor: int, *, follower: str = "") -> None:
        """Note durably that a subscriber has seen to all changes up to a cursor.

        Raises `UnknownSubscriber`, or `FollowedElsewhere` when another follower has subscribed since.
        """
        ...

    async def subscribers(self) -> tuple[Subscriber, ...]:
        """Return who follows, by name."""
        ...
