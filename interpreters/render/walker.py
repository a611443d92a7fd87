"""How is a tree of any size walked without recursion? With a stack of work, and the bodies that are open.

Whoever draws a node adds shapes to the open body, and puts off what is inside: programs, and what is to be done
after them. Places are counted twice: statically, as if all that is written were passed, and what an instance really
reached.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, cast

import attrs

from interpreters.machine.addresses import Scope
from interpreters.render.drawing import MOST_DEPTH, Body, ComputeStep, Place, Shape
from interpreters.render.inside import ended, more
from interpreters.render.progress import Mark, State
from interpreters.render.trail import Trail
from interpreters.render.undo_runs import Acted, UndoRuns
from interpreters.render.wording import printable
from wio.names import name_of
from wio.nodes import WIO, AndThen, AnyNode, Compute, Recursive, TransformOutput, node_of

Work: TypeAlias = "WIO[Any, Any, Any] | Callable[[], None]"


@attrs.define
class Counter:
    """Counts the places of one scope: `static` all of them, `live` those that the instance reached."""

    static: Scope
    live: Scope | None


@attrs.define
class _Open:
    """Is a body that is being drawn, and how deep it is."""

    shapes: list[Shape]
    depth: int


@attrs.frozen
class Around:
    """Is what stands around a place.

    `recursive` are the parts that a `Recur` may run again, with the depths of their bodies; `again` the names of those
    that were, and `level` how often the innermost. `undos` counts the places in the undos of the innermost saga, and
    `sagas` are the addresses, in the instance, of all of them.
    """

    regions: tuple[str, ...] = ()
    recursive: tuple[tuple[Recursive, int], ...] = ()
    again: frozenset[str] = frozenset()
    level: int = 1
    undos: Counter = attrs.field(factory=lambda: Counter(Scope("[undo *]/"), None))
    sagas: tuple[str, ...] = ()


class Walker:
    """Draws a program as a body; `visit` draws one node."""

    def __init__(
        self,
        trail: Trail | None,
        visit: Callable[[Walker, WIO[Any, Any, Any]], None],
        undo_runs: UndoRuns | None = None,
    ) -> None:
        self.trail = trail
        self.around = Around()
        self.undo_runs: UndoRuns = undo_runs or {}
        self.acted: list[Acted] = []
        self._visit = visit
        self._work: list[Work] = []
        self._open = [_Open([], 0)]
        self._closed: list[Body] = []
        self._counters = [Counter(Scope(), None if trail is None else Scope())]
        self._unplaced: list[str] = []

    def walk(self, root: WIO[Any, Any, Any]) -> Body:
        self._work.append(root)
        while self._work:
            work = self._work.pop()
            if isinstance(work, WIO):
                self._visit(self, cast(AnyNode, work))
            else:
                work()
        return tuple(self._open[0].shapes)

    def unplaced(self) -> tuple[str, ...]:
        left = self.trail.left() if self.trail else ()
        return tuple(map(printable, (*left, *self._unplaced)))

    def not_in_program(self, address: str) -> None:
        self._unplaced.append(address)

    # Places

    @property
    def counter(self) -> Counter:
        """Is what counts the places of the scope that is being drawn."""
        return self._counters[-1]

    def place(self, name: str, *, may_be_silent: bool = False, handler: WIO[Any, Any, Any] | None = None) -> Place:
        """Count a place. It is reached if it is what the instance reached next in this scope.

        `may_be_silent` tells that it is a scope, in which perhaps nothing is recorded; `handler` is what runs in it.
        """
        counter = self.counter
        address, counter.static = counter.static.place(name)
        if counter.live is None or self.trail is None:
            return Place(address)
        at, counted = counter.live.place(name)
        if handler is not None and not self.trail.is_handled_by(at, handler):
            return Place(address)
        mark = self.trail.take(counter.live.prefix, at)
        if mark is None and may_be_silent and self.trail.passed(at):
            mark = Mark(State.DONE)
        if mark is None:
            return Place(address)
        counter.live = counted
        return Place(address, at, mark.state, printable(mark.note))

    def ways(self, place: Place) -> tuple[str, ...]:
        """Return the arms, rounds, elements, ... that the instance began at a place, in their order."""
        return self.trail.ways(place.at) if self.trail is not None and place.at else ()

    def way(self, place: Place) -> str:
        """Return the latest of these, "" for none."""
        return self.trail.way(place.at) if self.trail is not None and place.at else ""

    def way_place(self, scope: str, body: Body) -> Place:
        """Return the place of an arm, an element or the like that the instance began, with how it stands."""
        said = self.trail.said(scope) if self.trail is not None else None
        if said is not None:
            return Place("", scope, said.state, printable(said.note))
        return Place("", scope, ended(body))

    # Work

    def later(self, *work: Work) -> None:
        self._work.extend(reversed(work))

    def inside(
        self, counter: Counter, body: WIO[Any, Any, Any], depth: int | None = None, around: Around | None = None
    ) -> tuple[Work, ...]:
        """Return the work that draws a body of its own, with the places counted there."""
        if around is None:
            return (partial(self._begin, counter, depth), body, partial(self._end, body))
        now = self.around
        return (
            partial(self._stand, around),
            partial(self._begin, counter, depth),
            body,
            partial(self._end, body),
            partial(self._stand, now),
        )

    def _stand(self, around: Around) -> None:
        self.around = around

    def _begin(self, counter: Counter, depth: int | None) -> None:
        self._counters.append(counter)
        self._open.append(_Open([], self.depth + 1 if depth is None else depth))

    def _end(self, body: WIO[Any, Any, Any]) -> None:
        self._counters.pop()
        self._closed.append(tuple(self._open.pop().shapes) or _only_computed(body))

    def take_closed(self, count: int) -> tuple[Body, ...]:
        """Return the bodies that were drawn last, in their order."""
        taken = tuple(self._closed[len(self._closed) - count :])
        del self._closed[len(self._closed) - count :]
        return taken

    # Shapes

    @property
    def depth(self) -> int:
        """Is how deep the open body is: 0 for the outermost."""
        return self._open[-1].depth

    def add(self, *shapes: Shape) -> None:
        self._open[-1].shapes.extend(shapes)

    def add_nested(self, shape: Shape) -> None:
        self.add(shape if self.depth < MOST_DEPTH else more((shape,)))


def settled(place: Place, state: State) -> Place:
    """Return the place of a scope, which stands as what is inside it does unless something was said of itself."""
    if place.state is not State.DONE or state in (State.NOT_REACHED, State.SKIPPED, State.HANDLED):
        return place
    return attrs.evolve(place, state=state)


def _only_computed(program: WIO[Any, Any, Any]) -> Body:
    """Return what is drawn of a part in which there is nothing but functions without names: the last of them."""
    node = node_of(program)
    while isinstance(node, AndThen):
        node = node_of(node.second)
    if not isinstance(node, Compute | TransformOutput):
        return ()
    description = node.description if isinstance(node, Compute) else ""
    return (ComputeStep(printable(name_of(node.function, "compute")), description=printable(description)),)
