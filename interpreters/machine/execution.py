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
from returns.result import Result

from interpreters.machine.addresses import Scope
from interpreters.machine.frames import Frames
from journals.codecs import Codec
from journals.entries import Payload
from wio.nodes import Answer, HandleSignal, RunIO, Wait
from wio.workflow import Workflow


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


class Active(Struct, frozen=True, eq=False):
    """Is the step that the instance has reached, with the value that flowed into it.

    `problem` is why the instance is paused here, or None.
    """

    node: RunIO | HandleSignal | Wait
    address: str
    value: Any
    scope: Scope
    frames: Frames
    standing: Attempts | Deadline
    problem: Problem | None = None


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


Position: TypeAlias = Active | Ended
ClosedQueries: TypeAlias = Mapping[str, Closed]


class Execution(Struct, frozen=True, eq=False):
    """Is an instance after its first `seq` entries. It is immutable; `apply` makes the next one."""

    workflow: Workflow[Any, Any, Any]
    codec: Codec
    seq: int
    position: Position
    mailbox: tuple[Kept, ...]
    closed: ClosedQueries


# What the machine itself writes into payloads


@attrs.frozen
class AttemptFailed:
    """Is recorded of an attempt that raised. `retry_at` None means that the instance is paused."""

    attempt: int
    error: Problem
    retry_at: datetime | None


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
