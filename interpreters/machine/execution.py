"""Where does an instance stand? A value: the place that was reached and what is known of it there.

What is made anew with every entry is a frozen `msgspec.Struct`, here and in `frames` and `addresses`: it is as
immutable as an attrs class, and made four times as fast.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import attrs
from msgspec import Struct
from returns.result import Failure, Result

from interpreters.machine.addresses import Scope
from interpreters.machine.frames import Frames
from interpreters.machine.maps import Map
from interpreters.machine.questions import Facts
from interpreters.machine.recorded import Parent, Problem
from journals.codecs import Codec
from journals.entries import Payload
from wio.nodes import (
    Answer,
    Checkpoint,
    Critical,
    During,
    FirstOf,
    ForEach,
    Gathering,
    HandleSignal,
    Hold,
    InRegion,
    Loop,
    Machine,
    Node,
    OfferTask,
    Parallel,
    Publish,
    Record,
    Recovered,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    Wait,
    Watched,
)
from wio.retries import GivenUp
from wio.workflow import Workflow

_NOTHING: Mapping[str, Any] = {}


@attrs.frozen
class Attempts:
    """Counts how often a step was tried without success.

    `ended` counts all attempts that failed or were lost in a crash; `failed` those that count for the retry
    policy, since the start or the last resume. `retry_at` is the absolute time of the next attempt, and `until` that
    at which no attempt goes on any more. `error` is what the last one failed with, without its traceback.
    `resume_at` is when the pause after it ends by itself.
    """

    ended: int = 0
    failed: int = 0
    retry_at: datetime | None = None
    until: datetime | None = None
    error: Problem | None = None
    resume_at: datetime | None = None


@attrs.frozen
class Deadline:
    """Holds when a wait is over; None until that has been recorded."""

    due: datetime | None = None


@attrs.frozen
class Offer:
    """Holds how far a task has come.

    `sent` is its input, None before that is recorded; `to` says to whom it is offered, `by` who has claimed it.
    """

    sent: Payload | None = None
    to: Payload | None = None
    by: str | None = None
    started: bool = False


@attrs.frozen
class Unrecorded:
    """Says that what a place needs (a time, a number, the elements of a collection) is still to be recorded."""


@attrs.frozen
class Going:
    """Says where a machine goes on as soon as that is recorded; `visits` counts how often it was in each state."""

    state: str
    visits: dict[str, int]


@attrs.frozen
class Unread:
    """Says that a recovery has come to a part of which it does not know yet whether it has a checkpoint."""


@attrs.frozen
class Ahead:
    """Says that a recovery passes over what was recorded in the part at an address, up to an entry at the place."""

    part: str


class Bond(enum.Enum):
    """Says what an instance still has to do with a child.

    `STEP`: the step stands there. `WATCH`: the parent does not end before it. `CANCEL`: it is to be told to cancel.
    `RELEASE`: it is left alone as soon as it has surely begun.
    """

    STEP = "step"
    WATCH = "watch"
    CANCEL = "cancel"
    RELEASE = "release"


@attrs.frozen
class ChildLink:
    """Holds what was recorded of a child before it began, and the address of the step that has started it."""

    id: str
    workflow: str
    version: int
    input: Payload
    step: str
    bond: Bond = Bond.STEP


@attrs.frozen
class UndoFailed:
    """Says that an undo has failed: with which error, and why its saga undoes at all. A resume begins it again."""

    error: object
    cause: object


Standing: TypeAlias = Attempts | Deadline | Offer | ChildLink | Unrecorded | Going | Unread | Ahead | UndoFailed


class Home(Struct, frozen=True, eq=False, gc=False):
    """Says which thread of control a place belongs to: the branch `key` of the joint at an address.

    `prefix` begins all addresses in the thread, and is its name. The first thread has no joint.
    """

    prefix: str
    joint: str | None
    key: str


ROOT = Home("", None, "")


Stood: TypeAlias = (
    RunIO
    | HandleSignal
    | Wait
    | Record
    | Publish
    | SetAttributes
    | OfferTask
    | RunChild
    | ForEach
    | Checkpoint
    | Loop
    | Machine
    | Recovered
    | Saga
)
"""Is a node at which a thread stands: a loop or a machine when a checkpoint of it is recorded, a saga when one of its
undos has failed."""


class Active(Struct, frozen=True, eq=False):
    """Is a step that a thread has reached, with the value that flowed into it.

    `since` is the number of the entry with which it has come to wait there for a signal, 0 where it waits for none.
    `problem` is why the instance is paused here, or None. `kept` is the signal that came early and is handled here.
    `gated` says that an effect may not start yet, because another part has the lock.
    """

    node: Stood
    address: str
    value: Any
    scope: Scope
    frames: Frames
    home: Home
    standing: Standing
    since: int = 0
    problem: Problem | None = None
    kept: Kept | None = None
    gated: bool = False


class Parked(Struct, frozen=True, eq=False, gc=False):
    """Is a thread that waits at the joint at an address, in it or for it to be free."""

    joint: str


class Cancelled:
    """Is what a thread fails with that is withdrawn. No handler takes it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "cancelled"


CANCELLED: Failure[Any] = Failure(Cancelled())


@attrs.frozen
class GaveUp:
    """Is what a thread fails with whose step was given up, on its way to the part that says how to go on.

    An instance that a step has failed ends with it.
    """

    given_up: GivenUp


class Ended(Struct, frozen=True, eq=False):
    """Is the end of an instance. `state` is the latest value; `recorded` tells whether the journal says so too."""

    outcome: Result[Any, Any]
    state: Any
    recorded: bool = False


@attrs.frozen
class Kept:
    """Is a signal that came early: it is handled when a step takes it."""

    seq: int
    signal: str
    request: Payload
    key: str | None


@attrs.frozen(eq=False)
class Closed:
    """Is a part that has ended and still answers its query, from its latest value.

    `part` is the address of the innermost part with a checkpoint around it, "" when there is none.
    """

    node: Answer
    state: Any
    part: str = ""


ClosedQueries: TypeAlias = tuple[Closed, ...]
"""Are those that still answer, the latest first."""

JointNode: TypeAlias = Parallel | ForEach | FirstOf | Watched | InRegion | Critical | Hold | During | Gathering | Saga


class Joint(Struct, frozen=True, eq=False):
    """Is a node that holds several threads, or keeps watch over one, as long as it does.

    The thread `home` waits at it, with `scope` and `frames` for afterwards. `live` are its branches under way and the
    names of their threads, `results` the outputs of those that have ended. `passed` says that the thread has gone on
    and only the rest is finishing. `closing` is how the thread goes on when all withdrawn branches are gone. `drains`
    are joints that have passed inside of it. `waiting` are threads that wait to enter it anew. `more` is what only
    one kind of joint needs.
    """

    node: JointNode
    address: str
    value: Any
    scope: Scope
    frames: Frames
    home: Home
    live: Map[str]
    results: Map[Any]
    passed: bool = False
    closing: Strand | None = None
    drains: tuple[str, ...] = ()
    waiting: tuple[Strand, ...] = ()
    more: Any = None


class Strand(Struct, frozen=True, eq=False):
    """Is a thread that is about to go on: into a program, or out of `frames` with a value or a failure."""

    node: Node | None
    value: Any
    failure: Failure[Any] | None
    scope: Scope
    frames: Frames
    home: Home


class Shared(Struct, frozen=True, eq=False):
    """Is what joints of one instance know of each other.

    `gates` counts the parts that need a lock or a milestone. `locks` says which part has each lock, `gated` which
    threads wait for one to start an effect. `held` counts the active parts of each milestone, `over` are those that
    have held, `eager` the parts that wait for one or are open for it. `failing` is why the instance fails as soon as
    all that is withdrawn has ended. `children` counts the threads that see to a child whose step is gone.
    `outward` are parts with checkpoints from which something has reached out; see `checkpoints`.
    """

    gates: int = 0
    locks: Mapping[str, str] = _NOTHING
    gated: tuple[str, ...] = ()
    held: Mapping[str, int] = _NOTHING
    over: frozenset[str] = frozenset()
    eager: tuple[str, ...] = ()
    failing: GaveUp | None = None
    children: int = 0
    outward: frozenset[str] = frozenset()


ALONE = Shared()
NO_JOINTS: Map[Joint] = Map()


class Halt(Struct, frozen=True, eq=False):
    """Is what is still to be done when a thread has halted before a part; see `Moving`."""

    prefix: str
    todo: tuple[Strand, ...] = ()
    over: tuple[str, ...] = ()
    loose: bool = False
    freed: frozenset[str] | None = frozenset()


@attrs.frozen
class Held:
    """Says that the whole instance is paused by a command: by whom, why, and since when. Nothing of it begins."""

    by: str
    reason: str
    since: datetime

    def __str__(self) -> str:
        by = f" by {self.by}" if self.by else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"paused{by} since {self.since:%Y-%m-%d %H:%M:%S} UTC{reason}"


Trail: TypeAlias = tuple[tuple[str, int], ...]
"""Has the common beginning of the addresses of the last entries, and the number of the entry before them: of all of
these runs of entries, the longest first."""


class Execution(Struct, frozen=True, eq=False):
    """Is an instance after its first `seq` entries. It is immutable; `apply` makes the next one.

    `facts` are those of its workflow. `threads` are the places that its threads of control have reached, by the
    prefixes of their addresses. `ended` is set when the first thread has; the instance has ended when no other is left.
    `touched` are the threads that the last entry has moved, begun or withdrawn. `id` is the instance's, and `parent`
    who has started it as a child. While it is `recovering`, a thread halts before each part that may have a checkpoint,
    and all others with it until it is known whether it has; see `recovery`. `trail` says in which parts all has
    happened lately, None where no part has checkpoints; see `trail`. `held` says that it is paused by a command, None
    when it is not.
    """

    workflow: Workflow[Any, Any, Any]
    facts: Facts
    codec: Codec
    seq: int
    threads: Map[Active | Parked]
    joints: Map[Joint]
    mailbox: tuple[Kept, ...]
    closed: ClosedQueries
    shared: Shared
    drains: tuple[str, ...]
    ended: Ended | None
    touched: tuple[str, ...]
    id: str = ""
    parent: Parent | None = None
    recovering: bool = False
    halt: Halt | None = None
    trail: Trail | None = None
    held: Held | None = None

    @property
    def outcome(self) -> Ended | None:
        """Is the end of the instance, or None as long as something is under way or held back."""
        return self.ended if self.ended is not None and not self.threads and self.held is None else None
