"""How far is an instance? The places it reached, in order, as a picture needs them.

    Reached("reserve", State.DONE)
    Reached("risk[large]/review", State.WAITING, "signal review")
    Reached("checks[stock]/ask", State.WITHDRAWN)
    Continued("", program)                  what a `flat_map` of the outermost scope turned out to be
    Undoing("booking[undo 1]", program)     which undo runs there
    Elements("pages", 1000)                 how many elements a for-each has by now

A place may come more than once: its first mention gives the order, its last one the state. A place implies the
scopes around it. A scope in which nothing is recorded, such as an arm, a round, an element or a handler, is told by
itself: `risk[large]`, `poll[3]`, `pages[cover]`, `!CardDeclined`. So is a part that ran nothing at all: a parallel
of which no guard was true, a for-each without elements.

How a scope stands is taken from what is inside it. Said by itself, with a state other than `DONE`, it is as said:
an element that was withdrawn, a parallel that waits until it may be entered again.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, TypeAlias

import attrs

from wio.nodes import WIO


class State(enum.Enum):
    """Says what has become of a place in an instance. The value is the word that people read.

    `BEGUN` is what a journal alone can tell of `RUNNING`: whether a process still works on it is not known.
    `CANCELLED` and `STUCK` are said of an instance as a whole: of a stuck one nothing can happen any more.
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
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    STUCK = "stuck"


URGENCY = (State.FAILED, State.PAUSED, State.RETRYING, State.RUNNING, State.BEGUN, State.WAITING)
"""Are the states of the places that an instance is at, those first that somebody may have to look after."""

ACTIVE = frozenset(URGENCY)


def most_urgent(states: Iterable[State]) -> State | None:
    """Return the first of the active states in the order of `URGENCY`, None when none is active."""
    found = set(states)
    return next((state for state in URGENCY if state in found), None)


@attrs.frozen
class Mark:
    """Is a state, and a short note on it: 'until 2026-11-21 09:00', 'attempt 3: TimeoutError'."""

    state: State
    note: str = ""


@attrs.frozen
class Reached:
    """Says that the instance reached the place at an address, and what became of it.

    `handler` is what runs there if that is the handler of an error: the very value in the tree, None where it is not
    known. Several may come by one address: those whose parts went well are not counted.
    """

    address: str
    state: State = State.DONE
    note: str = ""
    handler: WIO[Any, Any, Any] | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen
class Continued:
    """Says that a `flat_map` in the scope with this prefix went on with `program`."""

    prefix: str
    program: WIO[Any, Any, Any]


@attrs.frozen
class Undoing:
    """Says that the scope at an address runs `program`, which is the undo of an action: the very value in the tree."""

    address: str
    program: WIO[Any, Any, Any]


@attrs.frozen
class Elements:
    """Says how many elements the for-each at an address has by now, with those that have not begun."""

    address: str
    count: int


Happening: TypeAlias = Reached | Continued | Undoing | Elements


def begun(prefix: str, program: WIO[Any, Any, Any]) -> Reached | Undoing:
    """Return what is said when the scope with this prefix begins to run `program`.

    >>> from wio.steps import pure
    >>> begun("pages[cover]/", pure(1))
    Reached(address='pages[cover]', state=<State.DONE: 'done'>, note='')
    """
    scope = prefix.removesuffix("/")
    name = scope.rpartition("/")[2]
    if "[undo " in name:
        return Undoing(scope, program)
    return Reached(scope, handler=program if name.startswith("!") else None)


@attrs.frozen
class Progress:
    """Is what an instance did, in order, and the state of the instance as a whole."""

    trace: tuple[Happening, ...]
    outcome: Mark = Mark(State.RUNNING)
