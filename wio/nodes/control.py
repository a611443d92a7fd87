"""How does one thread of control go on? Choice, repetition, and who answers meanwhile."""

from __future__ import annotations

import enum
from typing import Any

import attrs
from attrs.validators import optional

from wio.names import valid_name
from wio.nodes.program import WIO, AnyNode, Function, Named, Part, is_program
from wio.retries import Retry
from wio.signals import Query
from wio.validators import is_a, is_function, is_function_or_none, is_text, is_type_or_none

_RETRY = is_a(Retry, "Give a policy: Retry(attempts=3).")
_QUERY = is_a(Query, "Give a query: Query('status', response=...).")


@attrs.frozen(eq=False)
class Arm(Part):
    """Is one way that may be taken. `guard` returns a bool, or a `Maybe` with the arm's input; None lets all in."""

    guard: Function | None = attrs.field(validator=is_function_or_none)
    body: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    name: str = attrs.field(kw_only=True, validator=valid_name("an arm"))


@attrs.frozen(eq=False, repr=False)
class Branch(AnyNode):
    """Takes the first arm whose guard yields, or the default; without one it fails with `NoArmMatched`."""

    arms: tuple[Arm, ...]
    default: WIO[Any, Any, Any] | None = attrs.field(default=None, validator=optional(is_program))
    name: str = attrs.field(default="branch", kw_only=True, validator=valid_name("a branch"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)


class LoopTest(enum.Enum):
    """Says whether a loop asks its question before a round or after it."""

    BEFORE = "before"
    AFTER = "after"


@attrs.frozen(eq=False, repr=False)
class Loop(AnyNode):
    """Repeats `body` until `until` yields: a bool, or a `Maybe` with the output.

    `back` is the way from the end of one round to the start of the next; without it the body's output is
    its next input. With `LoopTest.BEFORE` the question is asked of the input, before the first round too. What flows
    into the next round is recorded as a `checkpoint`, if that is a type.
    """

    body: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    until: Function = attrs.field(validator=is_function)
    back: WIO[Any, Any, Any] | None = attrs.field(default=None, validator=optional(is_program))
    test: LoopTest = LoopTest.AFTER
    name: str = attrs.field(default="loop", kw_only=True, validator=valid_name("a loop"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)
    checkpoint: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)


@attrs.frozen(eq=False, repr=False)
class Answer(AnyNode):
    """Runs `base`; while it runs, and after, answers a query with a pure function of the latest value in it."""

    query: Query[Any] = attrs.field(validator=_QUERY)
    answer: Function = attrs.field(validator=is_function)
    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)

    @property
    def label(self) -> str:
        return f"query({self.query.name})"


# Named states


@attrs.frozen(eq=False)
class State(Part):
    """Is a state of a `Machine`: while the instance is in it, `body` runs, which says by a `Goto` where to go on.

    `to` are the states that it may go to.
    """

    name: str = attrs.field(validator=valid_name("a state"))
    body: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    to: tuple[str, ...] = attrs.field(default=())


@attrs.frozen(eq=False, repr=False)
class Machine(AnyNode):
    """Goes from state to state until one of them ends with `Stop`. `start` is a state, or a function that names it.

    What flows from state to state is recorded as a `checkpoint`, if that is a type.
    """

    states: tuple[State, ...]
    start: str | Function
    name: str = attrs.field(default="machine", kw_only=True, validator=valid_name("a state machine"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)
    checkpoint: Any = attrs.field(default=None, kw_only=True, validator=is_type_or_none)


# Recursion


@attrs.frozen(eq=False, repr=False)
class Recursive(AnyNode):
    """Runs `body`, inside which `Recur` of the same name runs all of it again."""

    body: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    name: str = attrs.field(kw_only=True, validator=valid_name("a recursive part"))
    description: str = attrs.field(default="", kw_only=True, validator=is_text)

    def named(self, name: str, description: str = "") -> WIO[Any, Any, Any]:
        """Return this program under a name around it: its own is the one by which it is called again."""
        return Named(self, name=name, description=description)


@attrs.frozen(eq=False, repr=False)
class Recur(AnyNode):
    """Runs the part of that name around it once more, on a value of its own."""

    of: str = attrs.field(validator=valid_name("a recursive part"))

    @property
    def label(self) -> str:
        return f"again {self.of}"


# Technical errors


@attrs.frozen(eq=False, repr=False)
class Retrying(AnyNode):
    """Runs `base`, whose steps without a policy of their own follow `retry`.

    When a step in it is given up, `give_up` makes the end of it all of its input and the problem: a `Result`.
    None pauses the instance there.
    """

    base: WIO[Any, Any, Any] = attrs.field(validator=is_program)
    retry: Retry = attrs.field(validator=_RETRY)
    give_up: Function | None = attrs.field(default=None, validator=is_function_or_none)
