"""Which of several branches goes on? The first to end, or the first in which something happens.

The overloads are as long, and in the order, that `wio.parallel` says.
"""

# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from typing import Any, Never, TypedDict, TypeVar, Unpack, overload

from returns.maybe import Maybe

from wio.branches import arms_of
from wio.nodes import WIO, FirstOf, Parallel, Rest

A = TypeVar("A")
E = TypeVar("E")
P = TypeVar("P")
E1 = TypeVar("E1")
Q = TypeVar("Q")
E2 = TypeVar("E2")
R = TypeVar("R")
E3 = TypeVar("E3")
S = TypeVar("S")
E4 = TypeVar("E4")
T = TypeVar("T")
E5 = TypeVar("E5")
U = TypeVar("U")
E6 = TypeVar("E6")


class _Called(TypedDict, total=False):
    name: str
    description: str


@overload
def race(p: WIO[A, Never, P], q: WIO[A, Never, Q], /, **how: Unpack[_Called]) -> WIO[A, Never, P | Q]: ...
@overload
def race(
    p: WIO[A, Never, P], q: WIO[A, Never, Q], r: WIO[A, Never, R], /, **how: Unpack[_Called]
) -> WIO[A, Never, P | Q | R]: ...
@overload
def race(
    p: WIO[A, Never, P], q: WIO[A, Never, Q], r: WIO[A, Never, R], s: WIO[A, Never, S], /, **how: Unpack[_Called]
) -> WIO[A, Never, P | Q | R | S]: ...
@overload
def race(
    p: WIO[A, Never, P],
    q: WIO[A, Never, Q],
    r: WIO[A, Never, R],
    s: WIO[A, Never, S],
    t: WIO[A, Never, T],
    /,
    **how: Unpack[_Called],
) -> WIO[A, Never, P | Q | R | S | T]: ...
@overload
def race(
    p: WIO[A, Never, P],
    q: WIO[A, Never, Q],
    r: WIO[A, Never, R],
    s: WIO[A, Never, S],
    t: WIO[A, Never, T],
    u: WIO[A, Never, U],
    /,
    **how: Unpack[_Called],
) -> WIO[A, Never, P | Q | R | S | T | U]: ...
@overload
def race(p: WIO[A, E1, P], q: WIO[A, E2, Q], /, **how: Unpack[_Called]) -> WIO[A, E1 | E2, P | Q]: ...
@overload
def race(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], /, **how: Unpack[_Called]
) -> WIO[A, E1 | E2 | E3, P | Q | R]: ...
@overload
def race(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], s: WIO[A, E4, S], /, **how: Unpack[_Called]
) -> WIO[A, E1 | E2 | E3 | E4, P | Q | R | S]: ...
@overload
def race(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], s: WIO[A, E4, S], t: WIO[A, E5, T], /, **how: Unpack[_Called]
) -> WIO[A, E1 | E2 | E3 | E4 | E5, P | Q | R | S | T]: ...
@overload
def race(
    p: WIO[A, E1, P],
    q: WIO[A, E2, Q],
    r: WIO[A, E3, R],
    s: WIO[A, E4, S],
    t: WIO[A, E5, T],
    u: WIO[A, E6, U],
    /,
    **how: Unpack[_Called],
) -> WIO[A, E1 | E2 | E3 | E4 | E5 | E6, P | Q | R | S | T | U]: ...
@overload
def race(*many: WIO[A, E, P], **how: Unpack[_Called]) -> WIO[A, E, P]: ...
def race(*branches: WIO[Any, Any, Any], name: str = "race", description: str = "") -> WIO[Any, Any, Any]:
    """Return the program that runs its branches at the same time, and ends with the output of the first to end.

    The others are withdrawn. Raises `InvalidDefinition` when two have the same name.
    """
    return Parallel(arms_of(branches, name), 1, Rest.CANCEL, True, name=name, description=description).map(_only)


def _only(outputs: tuple[Maybe[Any], ...]) -> Any:
    return next(output.unwrap() for output in outputs if output != Maybe.empty)


@overload
def first_of(p: WIO[A, Never, P], q: WIO[A, Never, Q], /, **how: Unpack[_Called]) -> WIO[A, Never, P | Q]: ...
@overload
def first_of(
    p: WIO[A, Never, P], q: WIO[A, Never, Q], r: WIO[A, Never, R], /, **how: Unpack[_Called]
) -> WIO[A, Never, P | Q | R]: ...
@overload
def first_of(
    p: WIO[A, Never, P], q: WIO[A, Never, Q], r: WIO[A, Never, R], s: WIO[A, Never, S], /, **how: Unpack[_Called]
) -> WIO[A, Never, P | Q | R | S]: ...
@overload
def first_of(
    p: WIO[A, Never, P],
    q: WIO[A, Never, Q],
    r: WIO[A, Never, R],
    s: WIO[A, Never, S],
    t: WIO[A, Never, T],
    /,
    **how: Unpack[_Called],
) -> WIO[A, Never, P | Q | R | S | T]: ...
@overload
def first_of(
    p: WIO[A, Never, P],
    q: WIO[A, Never, Q],
    r: WIO[A, Never, R],
    s: WIO[A, Never, S],
    t: WIO[A, Never, T],
    u: WIO[A, Never, U],
    /,
    **how: Unpack[_Called],
) -> WIO[A, Never, P | Q | R | S | T | U]: ...
@overload
def first_of(p: WIO[A, E1, P], q: WIO[A, E2, Q], /, **how: Unpack[_Called]) -> WIO[A, E1 | E2, P | Q]: ...
@overload
def first_of(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], /, **how: Unpack[_Called]
) -> WIO[A, E1 | E2 | E3, P | Q | R]: ...
@overload
def first_of(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], s: WIO[A, E4, S], /, **how: Unpack[_Called]
) -> WIO[A, E1 | E2 | E3 | E4, P | Q | R | S]: ...
@overload
def first_of(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], s: WIO[A, E4, S], t: WIO[A, E5, T], /, **how: Unpack[_Called]
) -> WIO[A, E1 | E2 | E3 | E4 | E5, P | Q | R | S | T]: ...
@overload
def first_of(
    p: WIO[A, E1, P],
    q: WIO[A, E2, Q],
    r: WIO[A, E3, R],
    s: WIO[A, E4, S],
    t: WIO[A, E5, T],
    u: WIO[A, E6, U],
    /,
    **how: Unpack[_Called],
) -> WIO[A, E1 | E2 | E3 | E4 | E5 | E6, P | Q | R | S | T | U]: ...
@overload
def first_of(*many: WIO[A, E, P], **how: Unpack[_Called]) -> WIO[A, E, P]: ...
def first_of(*branches: WIO[Any, Any, Any], name: str = "first", description: str = "") -> WIO[Any, Any, Any]:
    """Return the program that offers its branches, and goes on with the one in which something happens first.

    What happens is a signal, the end of a wait, the claim of a task, the event of an effect. In the same moment the
    other branches are withdrawn: it is the deferred choice. Raises `InvalidDefinition` when two have the same name.
    """
    return FirstOf(arms_of(branches, name), name=name, description=description)
