"""What do processes that share a store say to each other? Who runs what, what is asked for, and what has happened.

A *member* is a process that runs instances, from `join` until it leaves or its lease runs out. Its *epoch*, a number
that the store never gives twice, stands in the record of each instance that it owns, and every commit of an owner
names it: what an earlier owner writes afterwards is refused. A *message* is what somebody asks of an instance; its
owner does it and leaves an *answer*. *Notices* say that it is worth to look now; one may be lost, or come for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from journals.entries import Entry, InstanceRecord, Message

LEASE = timedelta(seconds=10)
"""Is how long a member that gives no sign of life keeps what it owns."""

SUSPECT = 2
"""Is from how many deaths of its owners in a row on a further one counts only while an instance is tried alone."""

MOST_ENTRIES_CLAIMED = 64
"""Is up to how many entries of an instance come along when it is claimed."""


@attrs.frozen
class Work:
    """Says that instances may be there to be claimed: started, released, left behind, or asked for something."""


@attrs.frozen
class Mail:
    """Says that there is a message for an instance."""

    instance_id: str


@attrs.frozen
class Answered:
    """Says that a message has its answer."""

    message_id: int


@attrs.frozen
class Rested:
    """Says that an instance has ended, or is paused or stuck."""

    instance_id: str


@attrs.frozen
class ToDeliver:
    """Says that there is something in the outbox."""


@attrs.frozen
class Changed:
    """Says that there is something new in the feed."""


@attrs.frozen
class Lost:
    """Says to a member that it is none any more: its lease has run out, and others may own what it did."""

    epoch: int


@attrs.frozen
class Missed:
    """Says that notices may have been lost: it is worth to look for everything."""


Notice: TypeAlias = Work | Mail | Answered | Rested | ToDeliver | Changed | Lost | Missed
"""Is what a store tells the processes that listen."""

Hear: TypeAlias = Callable[[Notice], None]
"""Takes a notice, in the event loop that joined or listened."""


@attrs.frozen
class Claimed:
    """Is an instance that a member owns from now on, or one that has ended and is nobody's.

    `entries` are all its entries when there are few of them, else None: then they are read. `has_mail` says whether
    it has messages without an answer. A `RUNNING` one was left behind by an owner that is gone. `deaths` is how many
    owners in a row have died while they were busy with it; `shared` is how many more have, while it was tried together
    with others.
    """

    record: InstanceRecord
    entries: tuple[Entry, ...] | None
    has_mail: bool
    deaths: int = 0
    shared: int = 0


@attrs.frozen
class Claims:
    """Is what a member got when it asked for work. `next_due` is when there may be more that is nobody's, or None."""

    claimed: tuple[Claimed, ...]
    next_due: datetime | None


@attrs.frozen
class Released:
    """Names an instance that its owner gives back, and the time at which it wants to go on by itself, or None."""

    instance_id: str
    wake_up: datetime | None


@attrs.frozen
class Posted:
    """Says what has become of a message: its number, and whether its instance has ended, so that nobody reads it."""

    id: int
    is_over: bool


@attrs.frozen
class Unanswered:
    """Is a message that has no answer yet, and when it was stored, by the store's clock."""

    message: Message
    sent_at: datetime


@attrs.frozen
class MemberRecord:
    """Is what a store knows of a member. `name` is for people; `knows` are the workflows and versions it runs."""

    epoch: int
    name: str
    knows: tuple[tuple[str, int], ...]
    joined_at: datetime
    alive_until: datetime
