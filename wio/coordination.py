"""How do parts of a workflow depend on one another that are not one subtree? Regions, locks and milestones."""

# The overloads go from the special to the general: what cannot fail, is also something that may.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Never, TypeVar, overload

from wio.nodes import WIO, Critical, During, Hold, InRegion, Leave, Passage
from wio.regions import Region

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E")
E2 = TypeVar("E2")
R = TypeVar("R")


def region(of: Region[R], body: WIO[A, E, R]) -> WIO[A, E, R]:
    """Return the program that runs `body` as a part of a region.

    When the region is left, by `leave` anywhere in the instance, it ends with the result given there, and what
    follows it goes on. A region around the whole root lets a workflow end early, with success.
    """
    return InRegion(of, body)


def leave(of: Region[R], result: Callable[[A], R]) -> WIO[A, Never, A]:
    """Return the program that ends every part of a region that is active now, with what `result` makes of the value.

    Outside of the region it goes on with its input; inside, it is left with the rest.
    """
    return Leave(of, result)


def critical(lock: str, body: WIO[A, E, B]) -> WIO[A, E, B]:
    """Return the program that runs `body` while no other part of the instance with the same lock runs.

    The lock is taken when something in it begins: a task is claimed, a signal comes, an effect starts. So who claims
    first decides about the order. A part inside one with the same lock has it already.
    """
    return Critical(lock, body)


def hold(milestone: str, body: WIO[A, E, B]) -> WIO[A, E, B]:
    """Return the program that runs `body`; as long as it is active, the milestone holds."""
    return Hold(milestone, body)


@overload
def during(milestone: str, body: WIO[A, E, B], otherwise: Passage) -> WIO[A, E, B | A]: ...
@overload
def during(milestone: str, body: WIO[A, E, B], otherwise: WIO[A, Never, C]) -> WIO[A, E, B | C]: ...
@overload
def during(milestone: str, body: WIO[A, E, B], otherwise: WIO[A, E2, C]) -> WIO[A, E | E2, B | C]: ...
def during(milestone: str, body: WIO[Any, Any, Any], otherwise: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
    """Return the program that offers `body` while a milestone holds.

    Before that it waits. When the milestone ends before anything in `body` has begun, `body` is withdrawn and
    `otherwise` runs; what has begun goes on.
    """
    return During(milestone, body, otherwise)
