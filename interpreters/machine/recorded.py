"""What does the machine itself write into payloads? Its own words: a name with `wio.` in front is never a user's."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import ClassVar

import attrs

from journals.entries import Payload


@attrs.frozen
class Problem:
    """Is an error as data: the name of its class, its message, and its traceback for people."""

    type: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


def storable(text: str) -> str:
    """Return a text without what JSON or a database cannot hold: lone surrogates and NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


class Decided(enum.Enum):
    """Says what was decided about a step when an attempt had failed.

    `RETRY`: it is tried again. `PAUSE`: the instance pauses there. `GIVE_UP`: the part around the step says how to go
    on. `FAIL`: the instance fails.
    """

    RETRY = "retry"
    PAUSE = "pause"
    GIVE_UP = "give up"
    FAIL = "fail"


@attrs.frozen
class AttemptFailed:
    """Is recorded of an attempt that raised. `retry_at` is the time of the next one, None when there is none.

    `until` is the time at which no attempt goes on any more, None when there is no such time. `resume_at` is when a
    pause ends by itself, None when somebody has to end it.
    """

    __stored_name__: ClassVar = "wio.AttemptFailed"

    attempt: int
    error: Problem
    retry_at: datetime | None
    decided: Decided = Decided.PAUSE
    until: datetime | None = None
    resume_at: datetime | None = None


class Loss(enum.Enum):
    """Says how the end of an attempt got lost."""

    CRASH = "its process ended before it did"
    STOP = "the runtime stopped before it ended"


@attrs.frozen
class AttemptLost:
    """Is recorded of an attempt that began, and of whose end nothing is known."""

    __stored_name__: ClassVar = "wio.AttemptLost"

    attempt: int
    reason: Loss


@attrs.frozen
class Taken:
    """Is recorded when a step takes a signal that was kept: the number of the entry that has kept it."""

    __stored_name__: ClassVar = "wio.Taken"

    seq: int


@attrs.frozen
class TimerSet:
    """Is recorded when a wait is reached: the absolute time at which it is over."""

    __stored_name__: ClassVar = "wio.TimerSet"

    due: datetime


@attrs.frozen
class AttributesSet:
    """Is recorded when attributes are set: the times apart, as JSON has only texts for them. None removes one."""

    __stored_name__: ClassVar = "wio.AttributesSet"

    values: dict[str, str | int | float | bool | None]
    times: dict[str, datetime] = attrs.field(factory=dict[str, datetime])


@attrs.frozen
class Paused:
    """Is recorded when the instance stops for an operator."""

    __stored_name__: ClassVar = "wio.Paused"

    error: Problem


@attrs.frozen
class Claim:
    """Is recorded when somebody takes a task upon himself; `by` is his name."""

    __stored_name__: ClassVar = "wio.Claim"

    by: str


@attrs.frozen
class Offered:
    """Is recorded beside what goes out with a task: its name and version, and to whom it is offered, plain JSON."""

    __stored_name__: ClassVar = "wio.Offered"

    task: str
    version: int
    to: Payload | None = None


@attrs.frozen
class Topic:
    """Is recorded beside a message that a workflow has published: under which topic."""

    __stored_name__: ClassVar = "wio.Topic"

    topic: str


@attrs.frozen
class Parent:
    """Is recorded with the start of a child: which instance has started it, and at which address there."""

    __stored_name__: ClassVar = "wio.Parent"

    instance: str
    address: str


@attrs.frozen
class ChildStarted:
    """Is recorded before a child begins: its id, and the workflow that it runs."""

    __stored_name__: ClassVar = "wio.ChildStarted"

    id: str
    workflow: str
    version: int


class ChildEnd(enum.Enum):
    """Says how a child has ended. `GIVEN_UP`: one of its steps has failed it. `DELETED`: its data does not tell."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "was cancelled"
    GIVEN_UP = "was failed by one of its steps"
    DELETED = "has ended, and its data is deleted"


@attrs.frozen
class ChildEnded:
    """Is recorded when a child has ended: which one, and how."""

    __stored_name__: ClassVar = "wio.ChildEnded"

    id: str
    end: ChildEnd


@attrs.frozen
class Onward:
    """Is recorded beside the value of a checkpoint: what else there is behind it, where there is anything.

    `kept` are the signals that still wait, by the numbers of their entries. `beside` is the last entry that may have
    happened outside of the part, where other threads are; else 0. `state` is the state of a machine that
    follows, and `visits` counts how often it was in each, with that.
    """

    __stored_name__: ClassVar = "wio.Onward"

    kept: tuple[int, ...] = ()
    beside: int = 0
    state: str = ""
    visits: dict[str, int] = attrs.field(factory=dict[str, int])


@attrs.frozen
class Note:
    """Is recorded with a sign of life or a release, beside a skip or a delegation, and with what an operator commands:
    who gave it, and why.
    """

    __stored_name__: ClassVar = "wio.Note"

    by: str = ""
    text: str = ""


@attrs.frozen
class WasParked:
    """Is recorded beside a command to resume an instance that was parked: the reason, which only its record had."""

    __stored_name__: ClassVar = "wio.WasParked"

    reason: str


@attrs.frozen
class WentBack:
    """Is recorded of a command to go back to an address. `void` are all entries that do not count any more, this one
    included: runs of them, each with the numbers of its first and its last. The rest is as in a `Note`.
    """

    __stored_name__: ClassVar = "wio.WentBack"

    address: str
    void: tuple[tuple[int, int], ...]
    by: str = ""
    text: str = ""
