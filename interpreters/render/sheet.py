"""On what are dots, lines and boxes laid down? A sheet, which collects them.

A shape is laid down under the loose ends of what comes before it, and leaves the loose ends of its own. Where
several ends meet, one small merge dot takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import attrs

from interpreters.render.drawing import NOWHERE, Body, Place, Shape
from interpreters.render.graph import Box, Dot, Edge, Frame, Line, Look
from interpreters.render.progress import State

_ANYWHERE = frozenset({Line.ERROR, Line.INTERRUPT, Line.ALONGSIDE, Line.CANCEL})
"""Are the lines that leave a box from anywhere inside."""


@attrs.frozen
class End:
    """Is a line whose head is not known yet.

    `open` is False where the instance did not go; `went` is True where it is known to have gone.
    """

    tail: str
    label: str = ""
    line: Line = Line.FLOW
    open: bool = True
    box: str = ""
    went: bool = False


Ends: TypeAlias = tuple[End, ...]


class Sheet:
    """Collects the dots, boxes and edges of one graph; `lay` lays down one shape.

    `arrivals` are the lines to meetings that are not laid down yet.
    """

    def __init__(self, lay: Callable[[Sheet, Shape, Ends], Ends]) -> None:
        self.inside: list[Dot | Box] = []
        self.edges: list[Edge] = []
        self.arrivals: list[tuple[str, End]] = []
        self._lay = lay
        self._states: dict[str, State] = {}
        self._boxes = 0

    def body(self, body: Body, ends: Ends) -> Ends:
        for shape in body:
            ends = self._lay(self, shape, ends)
        return ends

    def dot(
        self,
        ends: Iterable[End],
        look: Look,
        title: str,
        place: Place = NOWHERE,
        details: Iterable[str] = (),
        hint: str = "",
    ) -> Ends:
        """Add a dot under the ends, and return its own end."""
        name = f"n{len(self._states) + 1}"
        shown = tuple(detail for detail in details if detail)
        self.inside.append(Dot(name, look, title, shown, place, hint))
        self._states[name] = place.state
        for end in ends:
            self.join(end, name)
        return (End(name),)

    def join(self, end: End, head: str, into: str = "") -> None:
        """Let a line end at a dot, or at the border of a box that holds it."""
        reached = self._states[head] not in (State.NOT_REACHED, State.SKIPPED)
        travelled = end.went and end.open if into else reached and self._was_left(end)
        self.edges.append(Edge(end.tail, head, end.label, end.line, travelled, end.box, into))

    def merged(self, ends: Ends) -> Ends:
        """Return one end for several, by way of a merge dot."""
        return ends if len(ends) < 2 else self.merge_dot(ends)

    def unlabelled(self, ends: Ends) -> Ends:
        """Return ends that are free to be labelled: the label of an arm or an error leads to a merge dot."""
        return self.merge_dot(ends) if any(end.label for end in ends) else ends

    def merge_dot(self, ends: Ends) -> Ends:
        """Return the end of a merge dot, which is done when the instance came by one of the ends."""
        is_left = any(map(self._was_left, ends))
        return self.dot(ends, Look.MERGE, "", Place(state=State.DONE if is_left else State.NOT_REACHED))

    def framed(
        self,
        frame: Frame,
        title: str,
        inside: Body | Callable[[Ends], Ends],
        ends: Ends,
        place: Place = NOWHERE,
        details: Iterable[str] = (),
        hint: str = "",
    ) -> tuple[Ends, Box]:
        """Add a box with a body in it, or with what a function lays down.

        An empty one gets a merge dot, so that there is something to see.
        """
        self._boxes += 1
        name, outside = f"b{self._boxes}", self.inside
        ends = self.merged(ends)
        self.inside = []
        left = self.merged(inside(ends) if callable(inside) else self.body(inside, ends))
        if not self.inside:
            left = self.merge_dot(ends)
        shown = tuple(detail for detail in details if detail)
        box = Box(name, frame, title, tuple(self.inside), shown, place, hint)
        self.inside = outside
        self.inside.append(box)
        return left, box

    def _was_left(self, end: End) -> bool:
        """Tell whether the instance went on by this line. It leaves a box for a handler from anywhere inside."""
        return end.open and (end.went or end.line in _ANYWHERE or self._states[end.tail] is State.DONE)


def gone(ends: Ends, place: Place) -> Ends:
    """Return the ends of a part; when the instance is beyond it, it left by one of them, wherever it was inside."""
    return tuple(attrs.evolve(end, went=True) for end in ends) if place.state is State.DONE else ends
