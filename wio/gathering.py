"""How do parts come together that are no branches of one node? They arrive at a meeting, and it is held."""

# The overloads go from the special to the general: what cannot fail, is also something that may.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Never, TypedDict, TypeVar, Unpack, cast, overload

import attrs

from wio.branches import first_doubled
from wio.errors import InvalidDefinition
from wio.meetings import Meeting
from wio.nodes import WIO, Arrive, Err, Gathering, Meet, Passage
from wio.validators import is_a

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E")
E1 = TypeVar("E1")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
V = TypeVar("V")


@attrs.frozen
class Meets(Generic[Err]):
    """Says what a meeting does when it is held: see `meet`."""

    meet: Meet = attrs.field(validator=is_a(Meet, "Make it by meet(MEETING, then)."))


class _Called(TypedDict, total=False):
    name: str
    description: str


def arrive(at: Meeting[V], party: str) -> WIO[V, Never, V]:
    """Return the program that arrives at a meeting of the gathering around it, brings its input, and goes on with it.

    Raises `InvalidDefinition` when the meeting does not need that party.
    """
    return Arrive(at, _known(at, party))


def decline(at: Meeting[Any], party: str) -> Passage:
    """Return the program that says that a party does not come this time, and goes on with its input.

    It counts as an arrival that brings nothing. When all have declined, the meeting is not held. Raises
    `InvalidDefinition` when the meeting does not need that party.
    """
    return Arrive(at, _known(at, party), comes=False)


def _known(at: Meeting[Any], party: str) -> str:
    if not isinstance(cast(object, at), Meeting):
        raise InvalidDefinition(
            f"at={at!r:.100} is no Meeting. Give a meeting: Meeting('car', brings=..., needs={{'engine': 1}})."
        )
    if party not in at.parties:
        names = ", ".join(at.parties)
        raise InvalidDefinition(
            f"The meeting {at.name!r} does not need {party!r}. It needs: {names}. Give one of them."
        )
    return party


def meet(at: Meeting[V], then: WIO[Mapping[str, tuple[V, ...]], E, object]) -> Meets[E]:
    """Return what a gathering does when a meeting is held: it runs `then` on what was brought, by party."""
    return Meets(Meet(at, then))


@overload
def gather(body: WIO[A, E, B], /, *meets: Meets[Never], **called: Unpack[_Called]) -> WIO[A, E, B]: ...
@overload
def gather(body: WIO[A, E, B], p: Meets[E1], /, **called: Unpack[_Called]) -> WIO[A, E | E1, B]: ...
@overload
def gather(body: WIO[A, E, B], p: Meets[E1], q: Meets[E2], /, **called: Unpack[_Called]) -> WIO[A, E | E1 | E2, B]: ...
@overload
def gather(
    body: WIO[A, E, B], p: Meets[E1], q: Meets[E2], r: Meets[E3], /, **called: Unpack[_Called]
) -> WIO[A, E | E1 | E2 | E3, B]: ...
@overload
def gather(body: WIO[A, E, B], /, *meets: Meets[E1], **called: Unpack[_Called]) -> WIO[A, E | E1, B]: ...
def gather(
    body: WIO[Any, Any, Any], /, *meets: Meets[Any], name: str = "gather", description: str = ""
) -> WIO[Any, Any, Any]:
    """Return the program that runs `body`, in which parts arrive at meetings, and holds a meeting when all are there.

    What a meeting does, runs beside the body, any number of times: one arrival of each that it needs is used up, and
    more than that wait for the next time. It ends with the output of the body when that and all meetings have ended; a
    meeting that fails, fails it. Raises `InvalidDefinition` when there is no meeting, or two have the same name.
    """
    if not meets:
        raise InvalidDefinition(f"{name!r} holds no meetings. Give it one: gather(body, meet(MEETING, then)).")
    stray = [each for each in meets if not isinstance(cast(object, each), Meets)]
    if stray:
        raise InvalidDefinition(
            f"{stray[0]!r:.100} is no meeting that {name!r} could hold. Make it one: meet(MEETING, then)."
        )
    doubled = first_doubled(each.meet.meeting.name for each in meets)
    if doubled is not None:
        raise InvalidDefinition(
            f"Two meetings of {name!r} are called {doubled!r}, so the journal could not tell them apart."
            " Give one of them another name."
        )
    return Gathering(body, tuple(each.meet for each in meets), name=name, description=description)
