"""What must a journal do? The whole contract, on one page; `journals.contract` proves it for an adapter.

`Journal` keeps entries, and the messages for its instances; `Member` is one process among those that share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from journals.entries import Commit, Entry, InstanceRecord, Message, Payload, Status
from journals.scrubbing import Scrub
from journals.sharing import LEASE, Claimed, Claims, Hear, MemberRecord, Posted, Released

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

    async def messages(self, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        """Return the messages without an answer for instances that it owns or that are over, in order."""
        ...

    async def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        """Store the answers to messages, by their ids; one that has an answer keeps it."""
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
        self, *, statuses: frozenset[Status] | None = None, after: str = "", most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records with `id > after` in the order of their ids (by code point), at most `most` of them.

        `statuses=None` means every status.
        """
        ...

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """Become a member that runs these workflows and versions, under a name for people.

        It hears `Work`, `Mail` for the instances that it owns, `Answered`, `Rested`, `Missed`, and `Lost`.
        """
        ...

    async def listen(self, hear: Hear) -> Listener:
        """Hear `Answered`, `Rested` and `Missed`, without being a member."""
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

    async def scrub(self, scrub: Scrub) -> None:
        """Leave of some entries what is given, without their keys, and nothing of the messages of the instance.

        When it returns, what was there is in no table any more, and that survives a kill; numbers, kinds, addresses and
        times stay. All of it is done or nothing; a repeat changes nothing. Raises `UnknownInstance`, `NotOwner`,
        `InvalidCommit` unless the status is `DATA_DELETION_REQUESTED`, or `PayloadTooLarge`.
        """
        ...
