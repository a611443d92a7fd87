"""Which place did an instance reach next, in a given scope? The trace of `Progress`, sorted by scopes.

Places are told apart by their order: after a handled failure the steps that were passed by are not counted, so
that the step which follows may have the address that one of them would have had. A scope in which nothing was
recorded leaves no trace but one: a later place of its name has a higher number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from interpreters.render.progress import (
    ACTIVE,
    Continued,
    Elements,
    Happening,
    Mark,
    Progress,
    Reached,
    State,
    Undoing,
    most_urgent,
)
from wio.nodes import WIO


class Trail:
    """Hands out, per scope, what was reached there: each place once, in order."""

    def __init__(self, progress: Progress) -> None:
        self._queues: dict[str, deque[str | Continued]] = {}
        self._marks: dict[str, Mark] = {}
        self._ways: dict[str, dict[str, None]] = {}
        self._walked: dict[str, None] = {}
        self._places: set[str] = set()
        self._last: dict[str, int] = {}
        self._latest: dict[str, State] = {}
        self._active: dict[str, set[State]] = {}
        self._elements: dict[str, int] = {}
        self._undoing: dict[int, list[str]] = {}
        self._handlers: dict[str, int] = {}
        self._moments: dict[str, int] = {}
        for moment, happening in enumerate(progress.trace, 1):
            self._note(happening)
            if isinstance(happening, Reached):
                self._moments[happening.address] = moment
        for address, mark in self._marks.items():
            if mark.state in ACTIVE - {State.FAILED}:
                for scope in _ways_in(address):
                    self._active.setdefault(scope, set()).add(mark.state)

    def _note(self, happening: Happening) -> None:
        match happening:
            case Continued(prefix):
                self._queue(prefix).append(happening)
            case Elements(address, count):
                self._elements[address] = count
                self._reach(address)
            case Undoing(address, program):
                scopes = self._undoing.setdefault(id(program), [])
                if address not in scopes:
                    scopes.append(address)
                self._reach(address)
            case Reached(address, state, note, handler):
                self._marks[address] = Mark(state, note)
                if handler is not None:
                    self._handlers[address] = id(handler)
                self._reach(address)
                for scope in _ways_in(address):
                    self._latest[scope] = state

    def _reach(self, address: str) -> None:
        for prefix, place, way in _scopes(address):
            if way:
                self._ways.setdefault(place, {}).setdefault(way)
            if place not in self._places:
                self._places.add(place)
                self._queue(prefix).append(place)
                name, occurrence = _counted(place)
                self._last[name] = max(self._last.get(name, 0), occurrence)

    def take(self, prefix: str, address: str) -> Mark | None:
        """Return the mark of the place if it is the next one in its scope, and go on behind it."""
        queue = self._walk(prefix)
        if not queue or queue[0] != address:
            return None
        queue.popleft()
        return self._marks.get(address, Mark(State.DONE))

    def is_handled_by(self, address: str, handler: WIO[Any, Any, Any]) -> bool:
        """Tell whether it may be this handler that ran at an address: it may, unless it is known that another did."""
        return self._handlers.get(address, id(handler)) == id(handler)

    def passed(self, address: str) -> bool:
        """Tell whether a scope at the address was passed without a record in it."""
        name, occurrence = _counted(address)
        return address not in self._places and occurrence < self._last.get(name, 0)

    def follow(self, prefix: str) -> WIO[Any, Any, Any] | None:
        """Return the program that a `flat_map` went on with, if that is what comes next in the scope."""
        queue = self._walk(prefix)
        if not queue or not isinstance(queue[0], Continued):
            return None
        continued = queue.popleft()
        return continued.program if isinstance(continued, Continued) else None

    def ways(self, address: str) -> tuple[str, ...]:
        """Return the arms, elements, states or handlers begun, or the numbers of the rounds, in their order."""
        return tuple(self._ways.get(address, ()))

    def way(self, address: str) -> str:
        """Return the arm taken, or the number of the latest round, at an address; "" when it is not known."""
        return next(reversed(self._ways.get(address, {"": None})))

    def said(self, scope: str) -> Mark | None:
        """Return what was said of a scope by itself, if that is more than that it was reached."""
        mark = self._marks.get(scope)
        return mark if mark is not None and mark.state is not State.DONE else None

    def has_failed(self, scope: str) -> bool:
        """Tell whether it was said of a scope that it has failed: of an undo that was begun again in another one."""
        said = self.said(scope)
        return said is not None and said.state is State.FAILED

    def standing(self, scope: str) -> State:
        """Return how a scope stands, which need not be walked for it: 10,000 elements are only counted."""
        said = self.said(scope)
        if said is not None:
            return said.state
        latest = self._latest.get(scope, State.DONE)
        ended = latest if latest in (State.FAILED, State.WITHDRAWN) else State.DONE
        return most_urgent(self._active.get(scope, ())) or ended

    def elements(self, address: str) -> int:
        """Return how many elements a for-each has by now, as far as that was told."""
        return self._elements.get(address, 0)

    def undone(self, undo: int) -> tuple[str, ...]:
        """Return the addresses of the scopes in which the undo of this identity ran, in their order.

        Those in which it has failed and was begun again are left out.
        """
        return tuple(run for run in self._undoing.get(undo, ()) if not self.has_failed(run))

    def moment(self, address: str) -> int:
        """Return a number by which places are ordered as they were reached last, 0 for those that were not."""
        return self._moments.get(address, 0)

    def left(self) -> tuple[str, ...]:
        """Return the addresses in the scopes asked for that found no place in the picture."""
        return tuple(
            place for prefix in self._walked for place in self._queues.get(prefix, ()) if isinstance(place, str)
        )

    def _walk(self, prefix: str) -> deque[str | Continued] | None:
        self._walked[prefix] = None
        return self._queues.get(prefix)

    def _queue(self, prefix: str) -> deque[str | Continued]:
        return self._queues.setdefault(prefix, deque())


def _counted(place: str) -> tuple[str, int]:
    """Return the address of the first place of the same name in the scope, and the occurrence of this one."""
    prefix, slash, last = place.rpartition("/")
    name, _, occurrence = last.partition("#")
    return prefix + slash + name, int(occurrence or 1)


def _scopes(address: str) -> Iterator[tuple[str, str, str]]:
    """Yield for each scope on the way to an address: its prefix, the place in it, and the arm or round taken there.

    >>> list(_scopes("poll[3]/check#2"))
    [('', 'poll', '3'), ('poll[3]/', 'poll[3]/check#2', '')]
    """
    prefix = ""
    for part in address.split("/"):
        place, _, way = part.partition("[")
        yield prefix, prefix + place, way.rstrip("]")
        prefix += part + "/"


def _ways_in(address: str) -> Iterator[str]:
    """Yield the scopes of arms, rounds and elements on the way to an address.

    >>> list(_ways_in("pages[cover]/tries[2]/fetch"))
    ['pages[cover]', 'pages[cover]/tries[2]']
    """
    return (f"{place}[{way}]" for _, place, way in _scopes(address) if way)
