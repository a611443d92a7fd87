"""Which place did an instance reach next, in a given scope? The trace of `Progress`, sorted by scopes.

Places are told apart by their order: after a handled failure the steps that were passed by are not counted, so
that the step which follows may have the address that one of them would have had. A scope in which nothing was
recorded leaves no trace but one: a later place of its name has a higher number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from interpreters.render.progress import Continued, Mark, Progress, State
from wio.nodes import WIO


class Trail:
    """Hands out, per scope, what was reached there: each place once, in order."""

    def __init__(self, progress: Progress) -> None:
        self._queues: dict[str, deque[str | Continued]] = {}
        self._marks: dict[str, Mark] = {}
        self._ways: dict[str, str] = {}
        self._walked: dict[str, None] = {}
        self._places: set[str] = set()
        self._last: dict[str, int] = {}
        for happening in progress.trace:
            if isinstance(happening, Continued):
                self._queue(happening.prefix).append(happening)
                continue
            self._marks[happening.address] = Mark(happening.state, happening.note)
            for prefix, place, way in _scopes(happening.address):
                if way:
                    self._ways[place] = way
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

    def way(self, address: str) -> str:
        """Return the arm taken, or the number of the latest round, at an address; "" when it is not known."""
        return self._ways.get(address, "")

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
