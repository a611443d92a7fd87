"""What does a journal hold? Entries of instances, and one record for each instance.

What is made anew with every step is a frozen `msgspec.Struct`, not an attrs class: it is made ten times as fast.
"""

from __future__ import annotations

import enum
from datetime import datetime

import attrs
from msgspec import Struct

from wio.attributes import AttributeValue


class Kind(enum.Enum):
    """Says what an entry records. The value is what the store holds."""

    STARTED = "started"
    EVENT = "event"
    SIGNAL = "signal"
    SIGNAL_KEPT = "signal_kept"
    SIGNAL_TAKEN = "signal_taken"
    ATTEMPT_FAILED = "attempt_failed"
    ATTEMPT_LOST = "attempt_lost"
    RETRIED = "retried"
    WENT_BACK = "went_back"
    TIMER_SET = "timer_set"
    TIMER_FIRED = "timer_fired"
    ELEMENTS = "elements"
    ATTRIBUTES = "attributes"
    CHECKPOINT = "checkpoint"
    PUBLISHED = "published"
    TASK_OFFERED = "task_offered"
    TASK_CLAIMED = "task_claimed"
    TASK_STARTED = "task_started"
    TASK_HEARTBEAT = "task_heartbeat"
    TASK_RELEASED = "task_released"
    TASK_DELEGATED = "task_delegated"
    TASK_COMPLETED = "task_completed"
    TASK_FAILED = "task_failed"
    TASK_SKIPPED = "task_skipped"
    CHILD_STARTED = "child_started"
    CHILD_LEFT = "child_left"
    CHILD_ENDED = "child_ended"
    CANCELLING = "cancelling"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DATA_DELETION_REQUESTED = "data_deletion_requested"
    DATA_DELETED = "data_deleted"


class Payload(Struct, frozen=True, gc=False):
    """Is an encoded value: the name and version of its type, and text, which is JSON unless a codec says otherwise."""

    type: str
    version: int
    text: str


class Entry(Struct, frozen=True, gc=False):
    """Is one recorded fact of an instance.

    `seq` counts from 1, without a gap, within the instance. `address` is the place in the workflow ("" for the
    instance as a whole). `key` is the idempotency key of who sent a signal or answered a task, and `response` what a
    sender got; of an offered task `response` says which it is, and to whom it is offered; of one that is skipped or
    delegated, who did so and why. Of a child it is its input, then what it has ended with;
    of the start of a child, which instance has started it. Of what is published, the topic.
    Of a checkpoint `key` names its part, and `response` is what else follows. `recorded_at` is an aware UTC time.
    """

    seq: int
    kind: Kind
    address: str
    payload: Payload | None
    recorded_at: datetime
    key: str | None = None
    response: Payload | None = None


class Status(enum.Enum):
    """Says what an instance is doing, as far as its store knows. The value is what the store holds.

    `INITIATED`: it was started for whoever takes it up, and nobody has. `RUNNING`: an effect may be in flight.
    `WAITING`: nothing is in flight; it waits for a signal, for its wake-up time, or to be picked up. `PAUSED`: it
    waits for an operator. `STUCK`: nothing can happen any more, and it has not ended. `DATA_DELETION_REQUESTED`: it
    has ended, and waits for a member that deletes its data; see `journals.run_states`.
    """

    INITIATED = "initiated"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    STUCK = "stuck"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DATA_DELETION_REQUESTED = "data_deletion_requested"
    DATA_DELETED = "data_deleted"


UNFINISHED = frozenset(
    {
        Status.INITIATED,
        Status.RUNNING,
        Status.WAITING,
        Status.PAUSED,
        Status.STUCK,
        Status.DATA_DELETION_REQUESTED,
    }
)
"""Are the statuses in which there is, or may come to be, something for a member to do."""

WITHOUT_DATA = frozenset({Status.DATA_DELETION_REQUESTED, Status.DATA_DELETED})
"""Are the statuses in which nothing is told of an instance any more but that it was."""

RESTING = frozenset(Status) - {Status.INITIATED, Status.RUNNING, Status.WAITING}
"""Are the statuses in which an instance has ended, or does nothing until somebody asks it to."""


@attrs.frozen
class InstanceRecord:
    """Is what a store knows of an instance without its entries.

    `last_seq` is the number of its last entry; `wake_up` the time at which it wants to go on by itself;
    `detail` a sentence for people: what it waits for, or why it is paused.
    """

    id: str
    workflow: str
    version: int
    status: Status
    last_seq: int
    wake_up: datetime | None
    detail: str
    started_at: datetime
    updated_at: datetime

    @property
    def goes_on_at(self) -> datetime | None:
        """Is the time for which it waits to go on by itself; None when there is none.

        A `wake_up` that is not later than its last change is none: it says that the next owner has to look at once, at
        a child for instance.
        """
        return self.wake_up if self.wake_up is not None and self.wake_up > self.updated_at else None


@attrs.frozen
class Message:
    """Is something asked of an instance. The runtime says what `operation`, `name` and `payload` may be.

    `key` tells messages apart that are the same message sent again: of two with one key for one instance only the
    first is there, and both get its answer. `id` is given by the store; 0 before that. A `quiet` one in the mail of a
    commit is there for the next owner of its instance, and need not be called out: its sender owns the instance, as far
    as he knows, and does by himself what it asks for.
    """

    instance_id: str
    operation: str
    name: str
    payload: Payload | None
    key: str
    id: int = 0
    quiet: bool = False


@attrs.frozen
class Published:
    """Is a message that leaves the store for the world outside.

    `seq` is the number of the entry that it was recorded as. `lane` is who is to have it: "" for the publisher;
    messages of one instance in one lane are delivered in order, in which `number` grows; the store gives it, 0 before.
    """

    instance_id: str
    seq: int
    topic: str
    payload: Payload
    at: datetime
    lane: str = ""
    number: int = 0

    @property
    def id(self) -> str:
        """Is the same each time that the message is delivered, and no other message of a workflow has it.

        But where the id of an instance that was removed is started anew, they begin again; `number` grows on.
        """
        return f"{self.instance_id}:{self.seq}"


class Commit(Struct, frozen=True, gc=False):
    """Is all that changes in one instance at once; a journal stores all of it or nothing.

    `expected` is the `seq` of the last entry before it; 0 starts the instance. `entries` go on from there
    without a gap and may be empty, when only the record changes. `token` is unique to this commit: a journal
    uses it to recognise a commit that is repeated because its answer was lost. `at` becomes the record's
    `updated_at`. `owner` is the epoch of the member that commits, which must own the instance, or owns it from its
    start; None is for an instance that nobody owns. `mail` goes out with the commit, or not at
    all, and so does what is `published`, which stays in the outbox until it is delivered. `done` are the keys of
    messages to the instance that the commit does: they are gone with it, without an answer.
    """

    instance_id: str
    workflow: str
    version: int
    expected: int
    entries: tuple[Entry, ...]
    status: Status
    at: datetime
    token: str
    wake_up: datetime | None = None
    detail: str = ""
    owner: int | None = None
    mail: tuple[Message, ...] = ()
    published: tuple[Published, ...] = ()
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, AttributeValue], ...] = ()
    done: tuple[str, ...] = ()
