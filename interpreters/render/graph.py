"""Which dots, lines and boxes does a drawing become? What Graphviz and Mermaid both are given.

A shape is laid down under the loose ends of what comes before it, and leaves the loose ends of its own. Where
several ends meet, one small merge dot takes them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import attrs

from interpreters.render.drawing import (
    NOWHERE,
    Body,
    CheckStep,
    Choice,
    ComputeStep,
    Cycle,
    DraftStep,
    Drawing,
    Dynamic,
    FailEnd,
    Handled,
    More,
    Part,
    Place,
    PureStep,
    QueryScope,
    Shape,
    SignalStep,
    Step,
    WaitStep,
)
from interpreters.render.passing import was_reached
from interpreters.render.progress import State
from interpreters.render.wording import count_words
from wio.nodes import LoopTest


class Look(enum.Enum):
    """Says what a dot stands for."""

    START = "start"
    FINISH = "finish"
    EFFECT = "effect"
    SIGNAL = "signal"
    TIMER = "timer"
    DRAFT = "draft"
    COMPUTE = "compute"
    CHECK = "check"
    VALUE = "value"
    FAILURE = "failure"
    CATCH = "catch"
    CHOICE = "choice"
    LOOP = "loop"
    DYNAMIC = "dynamic"
    MORE = "more"
    MERGE = "merge"


class Line(enum.Enum):
    """Says what a line stands for."""

    FLOW = "flow"
    BACK = "back"
    ERROR = "error"
    DYNAMIC = "dynamic"


class Frame(enum.Enum):
    """Says what a box stands for."""

    QUERY = "query"
    PART = "part"
    TRY = "try"


@attrs.frozen
class Dot:
    """Is one dot; `title` is its name, `details` are short lines below it."""

    id: str
    look: Look
    title: str = ""
    details: tuple[str, ...] = ()
    place: Place = NOWHERE
    hint: str = ""


@attrs.frozen
class Box:
    """Is a box around dots and other boxes."""

    id: str
    frame: Frame
    title: str
    inside: tuple[Dot | Box, ...]


@attrs.frozen
class Edge:
    """Is a line between two dots. With `box` it begins at the border of that box, which holds `tail`."""

    tail: str
    head: str
    label: str
    line: Line
    travelled: bool
    box: str = ""


@attrs.frozen
class Graph:
    """Is everything to be laid out. `outcome` is a line on the instance drawn; `is_instance` shows its states."""

    title: str
    outcome: str
    description: str
    is_instance: bool
    inside: tuple[Dot | Box, ...]
    edges: tuple[Edge, ...]


@attrs.frozen
class _End:
    """Is a line whose head is not known yet. `open` is False where the instance did not go."""

    tail: str
    label: str = ""
    line: Line = Line.FLOW
    open: bool = True
    box: str = ""


_Ends: TypeAlias = tuple[_End, ...]


def graph_of(drawing: Drawing) -> Graph:
    """Return the dots, boxes and edges of a drawing."""
    sheet = _Sheet()
    is_instance = drawing.outcome is not None
    begun = Place(state=State.DONE) if is_instance else NOWHERE
    ends = sheet.body(drawing.body, sheet.dot((), Look.START, "", begun))
    if ends:
        is_over = drawing.outcome is not None and drawing.outcome.state is State.DONE
        sheet.dot(sheet.merged(ends), Look.FINISH, "", begun if is_over else NOWHERE)
    title = f"{drawing.title} ({drawing.input})" if drawing.input else drawing.title
    parts = () if drawing.outcome is None else (drawing.outcome.state.value, drawing.outcome.note)
    outcome = ": ".join(part for part in parts if part)
    return Graph(title, outcome, drawing.description, is_instance, tuple(sheet.inside), tuple(sheet.edges))


def dots(parts: tuple[Dot | Box, ...]) -> Iterator[Dot]:
    """Yield the dots, those in boxes too."""
    for part in parts:
        if isinstance(part, Dot):
            yield part
        else:
            yield from dots(part.inside)


class _Sheet:
    """Collects the dots, boxes and edges of one graph."""

    def __init__(self) -> None:
        self.inside: list[Dot | Box] = []
        self.edges: list[Edge] = []
        self._states: dict[str, State] = {}
        self._boxes = 0

    def dot(
        self,
        ends: Iterable[_End],
        look: Look,
        title: str,
        place: Place = NOWHERE,
        details: Iterable[str] = (),
        hint: str = "",
    ) -> _Ends:
        """Add a dot under the ends, and return its own end."""
        name = f"n{len(self._states) + 1}"
        shown = tuple(detail for detail in details if detail)
        self.inside.append(Dot(name, look, title, shown, place, hint))
        self._states[name] = place.state
        for end in ends:
            self.join(end, name)
        return (_End(name),)

    def join(self, end: _End, head: str) -> None:
        travelled = self._was_left(end) and self._states[head] not in (State.NOT_REACHED, State.SKIPPED)
        self.edges.append(Edge(end.tail, head, end.label, end.line, travelled, end.box))

    def merged(self, ends: _Ends) -> _Ends:
        """Return one end for several, by way of a merge dot."""
        if len(ends) < 2:
            return ends
        return self.dot(ends, Look.MERGE, "", Place(state=self._state_after(ends)))

    def _unlabelled(self, ends: _Ends) -> _Ends:
        """Return ends that are free to be labelled: the label of an arm or an error leads to a merge dot."""
        if not any(end.label for end in ends):
            return ends
        return self.dot(ends, Look.MERGE, "", Place(state=self._state_after(ends)))

    def body(self, body: Body, ends: _Ends) -> _Ends:
        for shape in body:
            ends = self._shape(shape, ends)
        return ends

    def _shape(self, shape: Shape, ends: _Ends) -> _Ends:
        match shape:
            case QueryScope():
                return self._framed(Frame.QUERY, f"query {shape.query}", shape.body, ends)[0]
            case Part():
                return self._framed(Frame.PART, shape.name, shape.body, ends)[0]
            case Handled():
                return self._handled(shape, ends)
            case Cycle():
                return self._cycle(shape, ends)
            case _:
                return self._placed(shape, self.merged(ends))

    def _placed(self, shape: Shape, ends: _Ends) -> _Ends:
        match shape:
            case Step():
                return self.dot(ends, Look.EFFECT, shape.name, shape.place, (shape.retry,), shape.description)
            case SignalStep():
                detail = "signal" if shape.signal == shape.name else f"signal {shape.signal}"
                return self.dot(ends, Look.SIGNAL, shape.name, shape.place, (detail,), shape.description)
            case WaitStep():
                return self.dot(ends, Look.TIMER, shape.name, shape.place, (shape.moment,), shape.description)
            case DraftStep():
                return self.dot(ends, Look.DRAFT, shape.name, shape.place, ("draft",), shape.description)
            case ComputeStep():
                return self.dot(ends, Look.COMPUTE, shape.name, shape.place, (), shape.description)
            case CheckStep():
                return self.dot(ends, Look.CHECK, shape.name, shape.place, (), shape.description)
            case PureStep():
                return self.dot(ends, Look.VALUE, f"pure {shape.value}", shape.place)
            case FailEnd():
                self.dot(ends, Look.FAILURE, f"fail {shape.error}", shape.place)
                return ()
            case Dynamic():
                ends = self._unlabelled(ends)
                named = tuple(attrs.evolve(end, label=shape.function, line=Line.DYNAMIC) for end in ends)
                if shape.expanded:
                    return named
                return self.dot(named, Look.DYNAMIC, "decided at run time", shape.place)
            case More():
                return self.dot(ends, Look.MORE, count_words(shape.steps), shape.place)
            case Choice():
                return self._choice(shape, ends)
            case Cycle() | Handled() | QueryScope() | Part():
                return self._shape(shape, ends)

    def _choice(self, choice: Choice, ends: _Ends) -> _Ends:
        ends = self.dot(ends, Look.CHOICE, choice.name, choice.place, (), choice.description)
        left: list[_End] = []
        for way in choice.ways:
            start = tuple(attrs.evolve(end, label=way.name, open=way.place.state is State.DONE) for end in ends)
            left.extend(self.body(way.body, start))
        if choice.open_ended:
            start = tuple(attrs.evolve(end, label="otherwise", open=False) for end in ends)
            self.dot(start, Look.FAILURE, "fail NoArmMatched")
        return tuple(left)

    def _cycle(self, cycle: Cycle, ends: _Ends) -> _Ends:
        place = cycle.place
        is_over = place.state is State.DONE
        details = (cycle.until, f"round {cycle.rounds}" if cycle.rounds else "")
        if cycle.test is LoopTest.BEFORE:
            place = attrs.evolve(place, state=State.DONE) if place.at else place
            (test,) = top = self.dot(self.merged(ends), Look.LOOP, cycle.name, place, details, cycle.description)
            begun = attrs.evolve(test, label="repeat", open=cycle.rounds > 0)
            going_back = self.body(cycle.body, (begun,))
        else:
            top = self.dot(ends, Look.MERGE, "", Place(state=State.DONE if place.at else State.NOT_REACHED))
            goes_back = cycle.rounds > 1 or any(map(was_reached, cycle.back))
            tested = State.DONE if is_over or goes_back else State.NOT_REACHED
            ends = self.merged(self.body(cycle.body, top))
            place = attrs.evolve(place, state=tested)
            (test,) = self.dot(ends, Look.LOOP, cycle.name, place, details, cycle.description)
            repeat = attrs.evolve(test, label="repeat", line=Line.BACK, open=goes_back)
            going_back = self.body(cycle.back, (repeat,))
        for end in self.merged(going_back):
            self.join(attrs.evolve(end, line=Line.BACK), top[0].tail)
        return (attrs.evolve(test, label="done", open=is_over),)

    def _handled(self, handled: Handled, ends: _Ends) -> _Ends:
        ends, box = self._framed(Frame.TRY, "", handled.body, ends)
        leave = _End(_first_dot(box).id, "", Line.ERROR, bool(handled.place.at), box.id)
        (caught,) = self.dot((leave,), Look.CATCH, handled.error, handled.place)
        entered = attrs.evolve(caught, line=Line.ERROR, open=bool(handled.place.at))
        return (*ends, *self.body(handled.handler, (entered,)))

    def _framed(self, frame: Frame, title: str, body: Body, ends: _Ends) -> tuple[_Ends, Box]:
        """Add a box with a body in it. An empty one gets a merge dot, so that there is something to see."""
        self._boxes += 1
        name, outside = f"b{self._boxes}", self.inside
        ends = self.merged(ends)
        self.inside = []
        left = self.merged(self.body(body, ends))
        if not self.inside:
            left = self.dot(ends, Look.MERGE, "", Place(state=self._state_after(ends)))
        box = Box(name, frame, title, tuple(self.inside))
        self.inside = outside
        self.inside.append(box)
        return left, box

    def _state_after(self, ends: Iterable[_End]) -> State:
        return State.DONE if any(map(self._was_left, ends)) else State.NOT_REACHED

    def _was_left(self, end: _End) -> bool:
        """Tell whether the instance went on by this line. It leaves a box for a handler from anywhere inside."""
        return end.open and (end.line is Line.ERROR or self._states[end.tail] is State.DONE)


def _first_dot(box: Box) -> Dot:
    inside: Dot | Box = box
    while isinstance(inside, Box):
        inside = inside.inside[0]
    return inside
