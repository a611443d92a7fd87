"""What is a graph of a workflow made of? Dots, lines and boxes: what Graphviz and Mermaid both are given."""

from __future__ import annotations

import enum
from collections.abc import Iterator

import attrs

from interpreters.render.drawing import NOWHERE, Place


class Look(enum.Enum):
    """Says what a dot stands for."""

    START = "start"
    FINISH = "finish"
    EFFECT = "effect"
    SIGNAL = "signal"
    TIMER = "timer"
    DRAFT = "draft"
    TASK = "task"
    CHILD = "child"
    RECORD = "record"
    LEAVE = "leave"
    ARRIVE = "arrive"
    AGAIN = "again"
    COMPUTE = "compute"
    CHECK = "check"
    VALUE = "value"
    FAILURE = "failure"
    CATCH = "catch"
    WATCH = "watch"
    CHOICE = "choice"
    LOOP = "loop"
    SPLIT = "split"
    JOIN = "join"
    MEETING = "meeting"
    FIRST = "first of"
    DYNAMIC = "dynamic"
    MORE = "more"
    MERGE = "merge"


class Line(enum.Enum):
    """Says what a line stands for."""

    FLOW = "flow"
    BACK = "back"
    ERROR = "error"
    DYNAMIC = "dynamic"
    INTERRUPT = "interrupt"
    ALONGSIDE = "alongside"
    CANCEL = "cancel"
    UNDO = "undo"
    ARRIVAL = "arrival"


class Frame(enum.Enum):
    """Says what a box stands for."""

    QUERY = "query"
    PART = "part"
    TRY = "try"
    EACH = "each"
    ELEMENT = "element"
    SCOPE = "scope"
    REGION = "region"
    LOCK = "lock"
    MILESTONE = "milestone"
    GATHER = "gather"
    SAGA = "saga"
    CHECKPOINT = "checkpoint"
    RETRY = "retry"
    RECURSIVE = "recursive"
    ACTION = "action"
    UNDO = "undo"
    MACHINE = "machine"
    STATE = "state"


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
    """Is a box around dots and other boxes. `details` are short lines below its title."""

    id: str
    frame: Frame
    title: str
    inside: tuple[Dot | Box, ...]
    details: tuple[str, ...] = ()
    place: Place = NOWHERE
    hint: str = ""


@attrs.frozen
class Edge:
    """Is a line between two dots.

    With `box` it begins at the border of that box, which holds `tail`; with `into` it ends at that of one with `head`.
    """

    tail: str
    head: str
    label: str
    line: Line
    travelled: bool
    box: str = ""
    into: str = ""


@attrs.frozen
class Graph:
    """Is everything to be laid out. `outcome` is a line on the instance drawn; `is_instance` shows its states."""

    title: str
    outcome: str
    description: str
    is_instance: bool
    inside: tuple[Dot | Box, ...]
    edges: tuple[Edge, ...]


def dots(parts: tuple[Dot | Box, ...]) -> Iterator[Dot]:
    """Yield the dots, those in boxes too."""
    for part in parts:
        if isinstance(part, Dot):
            yield part
        else:
            yield from dots(part.inside)


def first_dot(box: Box) -> Dot:
    """Return the dot of a box that comes first; no box is empty."""
    inside: Dot | Box = box
    while isinstance(inside, Box):
        inside = inside.inside[0]
    return inside
