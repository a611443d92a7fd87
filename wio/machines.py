"""How does a workflow go from state to state? Named states with declared targets, cycles and all."""

# The overloads of `state` go from the special to the general: what always goes on, may stop as well.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Never, TypeVar, cast, overload

import attrs
from typing_extensions import TypeForm

from wio.branches import first_doubled
from wio.errors import InvalidDefinition
from wio.names import checked_name
from wio.nodes import WIO, Err, In, Machine, Out, State
from wio.validators import are, is_text

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E")
E2 = TypeVar("E2")
V = TypeVar("V", covariant=True)


@attrs.frozen
class Goto(Generic[V]):
    """Says in which state the machine goes on, and with which value."""

    state: str = attrs.field(validator=is_text)
    value: V


@attrs.frozen
class Stop(Generic[V]):
    """Ends the machine with a value."""

    value: V


_STATE = "Make it one: state(name, body, to=...). Join several by |."


@attrs.frozen
class States(Generic[In, Err, Out]):
    """Holds states of a machine, see `state`; `|` adds more."""

    states: tuple[State, ...] = attrs.field(validator=are(State, _STATE))

    def __or__(self: States[A, E, B], others: States[A, E2, C]) -> States[A, E | E2, B | C]:
        return States((*self.states, *_checked(others).states))


def _checked(states: object) -> States[Any, Any, Any]:
    if not isinstance(states, States):
        raise InvalidDefinition(f"{states!r:.100} is no state. {_STATE}")
    return cast("States[Any, Any, Any]", cast(object, states))


@overload
def state(name: str, body: WIO[A, E, Goto[A]], *, to: str | Sequence[str] = ()) -> States[A, E, Never]: ...
@overload
def state(name: str, body: WIO[A, E, Goto[A] | Stop[B]], *, to: str | Sequence[str] = ()) -> States[A, E, B]: ...
def state(name: str, body: WIO[Any, Any, Any], *, to: str | Sequence[str] = ()) -> States[Any, Any, Any]:
    """Return the state in which `body` runs. It ends with a `Goto` one of the states in `to`, or with a `Stop`."""
    return States((State(name, body, _targets(to)),))


def _targets(to: Any) -> tuple[str, ...]:
    if not isinstance(to, str | Sequence) or isinstance(to, bytes | bytearray):
        raise InvalidDefinition(f"to={to!r:.100} names no state. Give the name of a state, or a list of names.")
    targets = (to,) if isinstance(to, str) else tuple(cast("Sequence[str]", to))
    return tuple(checked_name(target, "a state") for target in targets)


@overload
def machine(
    *states: States[A, E, B],
    start: str | Callable[[A], str],
    name: str = "machine",
    description: str = "",
    checkpoint: TypeForm[A] | None,
) -> WIO[A, E, B]: ...
@overload
def machine(
    *states: States[A, E, B], start: str | Callable[[A], str], name: str = "machine", description: str = ""
) -> WIO[A, E, B]: ...
def machine(
    *states: States[Any, Any, Any],
    start: str | Callable[[Any], str],
    name: str = "machine",
    description: str = "",
    checkpoint: object = None,
) -> WIO[Any, Any, Any]:
    """Return the program that goes from state to state until one of them ends with `Stop`.

    `start` is the name of the first state, or a pure function of the input that tells it. Combine the states by `|`:
    then the program has all of their errors and results. With a `checkpoint`, a type, the value that flows from state
    to state is recorded each time, and a recovery begins with the last one. Raises `InvalidDefinition` when there is no
    state, when two have the same name, or when a target is not among them.
    """
    inner = tuple(each for some in states for each in _checked(some).states)
    names = [each.name for each in inner]
    doubled = first_doubled(names)
    if not inner:
        raise InvalidDefinition(f"{name!r} has no states. Give it at least one: state(name, body).")
    if doubled is not None:
        raise InvalidDefinition(f"Two states of {name!r} are called {doubled!r}. Give one of them another name.")
    for each in inner:
        _check_targets(each, names, name)
    if start not in names and (isinstance(start, str) or not callable(start)):
        raise InvalidDefinition(
            f"{name!r} starts in {start!r:.100}, which is no state of it. It has: {', '.join(names)}. Give one of them,"
            " or a function that does."
        )
    return Machine(inner, start, name=name, description=description, checkpoint=checkpoint)


def _check_targets(state: State, names: Sequence[str], of: str) -> None:
    unknown = next((target for target in state.to if target not in names), None)
    if unknown is not None:
        raise InvalidDefinition(
            f"State {state.name!r} of {of!r} goes to {unknown!r}, which is no state of it. It has: {', '.join(names)}."
            " Give one of them."
        )
