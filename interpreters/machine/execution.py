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
from journals.codecs import Codec
from journals.entries import Payload
from wio.nodes import (
    Answer,
    Critical,
    During,
    FirstOf,
    ForEach,
    HandleSignal,
    Hold,
    InRegion,
    Node,
    OfferTask,
    Parallel,
    Record,
    RunIO,
    Saga,
    Wait,
    Watched,
)
from wio.retries import GivenUp
from wio.workflow import Workflow

_NOTHING: Mapping[str, Any] = {}


@attrs.frozen
class Problem:
    """Is an error as data: the name of its class, its message, and its traceback for people."""

    type: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


@attrs.frozen
class Attempts:
    """Counts how often a step was tried without success.

    `ended` counts all attempts that failed or were lost in a crash; `failed` those that count for the retry
    policy, since the start or the last resume. `retry_at` is the absolute time of the next attempt.
    """

    ended: int = 0
    failed: int = 0
    retry_at: datetime | None = None


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


Standing: TypeAlias = Attempts | Deadline | Offer | Unrecorded


class Home(Struct, frozen=True, eq=False, gc=False):
    """Says which thread of control a place belongs to: the branch `key` of the joint at an address.

    `prefix` begins all addresses in the thread, and is its name. The first thread has no joint.
    """

    prefix: str
    joint: str | None
    key: str


ROOT = Home("", None, "")


class Active(Struct, frozen=True, eq=False):
    """Is a step that a thread has reached, with the value that flowed into it.

    `problem` is why the instance is paused here, or None. `kept` is the signal that came early and is handled here.
    `gated` says that an effect may not start yet, because another part has the lock.
    """

    node: RunIO | HandleSignal | Wait | Record | OfferTask | ForEach
    address: str
    value: Any
    scope: Scope
    frames: Frames
    home: Home
    standing: Standing
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


@attrs.frozen(eq=False)
class GaveUp:
    """Is what a thread fails with whose step was given up, on its way to the part that says how to go on."""

    given_up: GivenUp


class Ended(Struct, frozen=True, eq=False):
    """Is the end of an instance. `state` is the latest value; `recorded` tells whether the journal says so too."""

    outcome: Result[Any, Any]
    state: Any
    recorded: bool = False


@attrs.frozen
class Kept:
    """Is a signal that came early: it is handled when the workflow gets there."""

    seq: int
    signal: str
    request: Payload
    key: str | None


@attrs.frozen(eq=False)
class Closed:
    """Is a part that has ended and still answers its query, from its latest value."""

    node: Answer
    state: Any


ClosedQueries: TypeAlias = Mapping[str, Closed]

JointNode: TypeAlias = Parallel | ForEach | FirstOf | Watched | InRegion | Critical | Hold | During | Saga


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
    have held, `eager` the parts that wait for one or are open for it.
    """

    gates: int = 0
    locks: Mapping[str, str] = _NOTHING
    gated: tuple[str, ...] = ()
    held: Mapping[str, int] = _NOTHING
    over: frozenset[str] = frozenset()
    eager: tuple[str, ...] = ()


ALONE = Shared()
NO_JOINTS: Map[Joint] = Map()


class Execution(Struct, frozen=True, eq=False):
    """Is an instance after its first `seq` entries. It is immutable; `apply` makes the next one.

    `threads` are the places that its threads of control have reached, by the prefixes of their addresses. `ended` is
    set when the first thread has; the instance has ended when no other is left. `touched` are the threads that the
    last entry has moved, begun or withdrawn.
    """

    workflow: Workflow[Any, Any, Any]
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

    @property
    def outcome(self) -> Ended | None:
        """Is the end of the instance, or None as long as something is under way."""
        return self.ended if self.ended is not None and not self.threads else None


# What the machine itself writes into payloads


@attrs.frozen
class AttemptFailed:
    """Is recorded of an attempt that raised. `retry_at` None means that the instance is paused.

    With `gives_up` it is not: the part around the step says how to go on.
    """

    attempt: int
    error: Problem
    retry_at: datetime | None
    gives_up: bool = False


class Loss(enum.Enum):
    """Says how the end of an attempt got lost."""

    CRASH = "its process ended before it did"
    STOP = "the runtime stopped before it ended"


@attrs.frozen
class AttemptLost:
    """Is recorded of an attempt that began, and of whose end nothing is known."""

    attempt: int
    reason: Loss


@attrs.frozen
class TimerSet:
    """Is recorded when a wait is reached: the absolute time at which it is over."""

    due: datetime


@attrs.frozen
class Paused:
    """Is recorded when the instance stops for an operator."""

    error: Problem


@attrs.frozen
class Claim:
    """Is recorded when somebody takes a task upon himself; `by` is his name."""

    by: str


@attrs.frozen
class Note:
    """Is recorded with a sign of life, a release or a skip: who gave it, and why."""

    by: str = ""
    text: str = ""
