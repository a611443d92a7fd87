"""Which of many come first by their address, timers last? Asked after each turn, so it must not look at all of them."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from interpreters.machine.execution import Held
from interpreters.machine.pending import Outcome, Pending, Stuck, TimerRunning

_MOST_STALE = 16


class Foremost:
    """Finds the first `most` of what is held by prefix, in the order of addresses; timers come behind all others.

    It keeps a heap, from when there are more than that, in which stale places stay until they come up or prevail.
    """

    __slots__ = ("_heap", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[tuple[bool, str], str]] | None = None

    def note(self, prefix: str, waiting: Pending) -> None:
        """Note what is held from now on under a prefix."""
        if self._heap is not None:
            heapq.heappush(self._heap, (_turn(waiting), prefix))

    def of(self, held: Mapping[str, Pending]) -> list[Pending]:
        """Return the first of what is held; all of that has been noted."""
        if len(held) <= self._most:
            self._heap = None
            return sorted(held.values(), key=_turn) if len(held) > 1 else list(held.values())
        heap = self._heap
        if heap is None or len(heap) > 2 * len(held) + _MOST_STALE:
            heap = self._heap = [(_turn(waiting), prefix) for prefix, waiting in held.items()]
            heapq.heapify(heap)
        first: dict[str, tuple[tuple[bool, str], str]] = {}
        while len(first) < self._most:
            turn, prefix = heapq.heappop(heap)
            if prefix in held and _turn(held[prefix]) == turn:
                first[prefix] = (turn, prefix)
        for each in first.values():
            heapq.heappush(heap, each)
        return [held[prefix] for prefix in first]


def _turn(waiting: Pending) -> tuple[bool, str]:
    """Return where something comes. A timer goes on by itself: what others have to do is said before it."""
    return isinstance(waiting, TimerRunning), "" if isinstance(waiting, Held | Stuck | Outcome) else waiting.address
