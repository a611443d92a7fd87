"""How far is an instance? The places it reached, in order, as a picture needs them.

    Reached("reserve", State.DONE)
    Reached("risk[large]/review", State.WAITING, "signal review")
    Continued("", program)        what a `flat_map` of the outermost scope turned out to be

A place may come more than once: its first mention gives the order, its last one the state. A place implies the
scopes around it. An arm, a round or a handler in which nothing is recorded is told by itself: `risk[large]`,
`poll[3]`, `!CardDeclined`.
"""

from __future__ import annotations

import enum
from typing import Any, TypeAlias

import attrs

from wio.nodes import WIO


class State(enum.Enum):
    """Says what has become of a place in an instance. The value is the word that people read.

    `BEGUN` is what a journal alone can tell of `RUNNING`: whether a process still works on it is not known.
    """

    NOT_REACHED = "not reached"
    SKIPPED = "skipped"
    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    RETRYING = "retrying"
    PAUSED = "paused"
    FAILED = "failed"
    HANDLED = "failed, handled"
    BEGUN = "began, no end recorded"


ACTIVE = frozenset({State.RUNNING, State.WAITING, State.RETRYING, State.PAUSED, State.FAILED, State.BEGUN})
"""Are the states of the place that an instance is at."""


@attrs.frozen
class Mark:
    """Is a state, and a short note on it: 'until 2026-11-21 09:00', 'attempt 3: TimeoutError'."""

    state: State
    note: str = ""


@attrs.frozen
class Reached:
    """Says that the instance reached the place at an address, and what became of it."""

    address: str
    state: State = State.DONE
    note: str = ""


@attrs.frozen
class Continued:
    """Says that a `flat_map` in the scope with this prefix went on with `program`."""

    prefix: str
    program: WIO[Any, Any, Any]


Happening: TypeAlias = Reached | Continued


@attrs.frozen
class Progress:
    """Is what an instance did, in order, and the state of the instance as a whole."""

    trace: tuple[Happening, ...]
    outcome: Mark = Mark(State.RUNNING)
