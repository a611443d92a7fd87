"""What is in a picture of a workflow? Shapes that mirror its structure; every format is made from them alone.

A body is a flat tuple of shapes, whatever way its `>>` chain was nested. Shapes nest at most `MOST_DEPTH` deep
(`walk` sees to that), so that questions about them may recurse.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from interpreters.render.progress import ACTIVE, Mark, State
from wio.nodes import LoopTest

MOST_DEPTH = 40
"""Is how deep shapes nest; what is deeper is drawn as `More`."""


@attrs.frozen
class Place:
    """Is where a shape records, and how far an instance is there.

    `address` is the static address, in which `[*]` stands for any round of a loop; "" means that nothing is
    recorded there. `at` is the address in the instance drawn, "" when the place was not reached.
    """

    address: str = ""
    at: str = ""
    state: State = State.NOT_REACHED
    note: str = ""


NOWHERE = Place()


# Leaves


@attrs.frozen
class Step:
    """Runs an effect. `retry` is its policy in words."""

    name: str
    place: Place
    retry: str = ""
    description: str = ""


@attrs.frozen
class SignalStep:
    """Waits for a signal."""

    name: str
    place: Place
    signal: str
    description: str = ""


@attrs.frozen
class WaitStep:
    """Waits for a time. `moment` says which, in words: 'for 3d', 'until due'."""

    name: str
    place: Place
    moment: str
    description: str = ""


@attrs.frozen
class DraftStep:
    """Stands for a step without a body."""

    name: str
    place: Place
    description: str = ""


@attrs.frozen
class ComputeStep:
    """Is a named pure function."""

    name: str
    place: Place = NOWHERE
    description: str = ""


@attrs.frozen
class CheckStep:
    """Is a pure function that may fail."""

    name: str
    place: Place = NOWHERE
    description: str = ""


@attrs.frozen
class PureStep:
    """Is a constant; `value` tells it in words."""

    value: str
    place: Place = NOWHERE


@attrs.frozen
class FailEnd:
    """Fails with a constant; `error` tells it in words."""

    error: str
    place: Place = NOWHERE


@attrs.frozen
class Dynamic:
    """Is the place where the program goes on with what a function makes of the value.

    `expanded` means that the shapes which follow are what it made in the instance drawn.
    """

    function: str
    place: Place = NOWHERE
    expanded: bool = False


@attrs.frozen
class More:
    """Stands for steps that are left out, of which there are `steps`."""

    steps: int
    place: Place = NOWHERE


# Shapes with bodies


@attrs.frozen
class Way:
    """Is one arm of a choice; its state says whether the instance took it."""

    name: str
    body: Body
    place: Place = NOWHERE


@attrs.frozen
class Choice:
    """Takes one of its ways; `open_ended` means that it fails when no guard yields."""

    name: str
    place: Place
    ways: tuple[Way, ...]
    open_ended: bool
    description: str = ""


@attrs.frozen
class Cycle:
    """Repeats its body. `until` is the name of the question, `rounds` the number of the round drawn (0: none)."""

    name: str
    place: Place
    body: Body
    back: Body
    until: str
    test: LoopTest
    rounds: int = 0
    description: str = ""


@attrs.frozen
class Handled:
    """Goes from its body to its handler when the body fails with `error`; the place is the handler's."""

    body: Body
    error: str
    place: Place
    handler: Body


@attrs.frozen
class QueryScope:
    """Answers a query while its body runs."""

    query: str
    body: Body
    place: Place = NOWHERE


@attrs.frozen
class Part:
    """Is a named part."""

    name: str
    place: Place
    body: Body
    description: str = ""


Leaf: TypeAlias = (
    Step | SignalStep | WaitStep | DraftStep | ComputeStep | CheckStep | PureStep | FailEnd | Dynamic | More
)
Shape: TypeAlias = Leaf | Choice | Cycle | Handled | QueryScope | Part
Body: TypeAlias = "tuple[Shape, ...]"


@attrs.frozen
class Drawing:
    """Is the picture of a workflow, or of one instance of it.

    `outcome` is the state of the instance, None when no instance is drawn. `unplaced` are addresses that it reached
    and that this program does not have.
    """

    title: str
    body: Body
    input: str = ""
    description: str = ""
    outcome: Mark | None = None
    unplaced: tuple[str, ...] = ()


# Questions


def bodies(shape: Shape) -> tuple[Body, ...]:
    """Return the bodies directly inside a shape, in the order in which they are drawn."""
    match shape:
        case Choice():
            return tuple(way.body for way in shape.ways)
        case Cycle():
            return (shape.body, shape.back)
        case Handled():
            return (shape.body, shape.handler)
        case QueryScope() | Part():
            return (shape.body,)
        case _:
            return ()


def with_bodies(shape: Shape, changed: tuple[Body, ...]) -> Shape:
    """Return the shape with other bodies, given in the order of `bodies`."""
    match shape:
        case Choice():
            ways = tuple(attrs.evolve(way, body=body) for way, body in zip(shape.ways, changed, strict=True))
            return attrs.evolve(shape, ways=ways)
        case Cycle():
            return attrs.evolve(shape, body=changed[0], back=changed[1])
        case Handled():
            return attrs.evolve(shape, body=changed[0], handler=changed[1])
        case QueryScope() | Part():
            return attrs.evolve(shape, body=changed[0])
        case _:
            return shape


def with_state(shape: Shape, state: State) -> Shape:
    """Return the shape in another state."""
    return attrs.evolve(shape, place=attrs.evolve(shape.place, state=state))


def shape_count(body: Body) -> int:
    """Return the number of shapes in a body, at any depth."""
    return sum(1 + sum(map(shape_count, bodies(shape))) for shape in body)


def step_count(body: Body) -> int:
    """Return the number of leaves in a body, at any depth, with those left out."""
    count = 0
    for shape in body:
        match shape:
            case More():
                count += shape.steps
            case Dynamic():
                count += not shape.expanded
            case Choice() | Cycle() | Handled() | QueryScope() | Part():
                count += sum(map(step_count, bodies(shape)))
            case _:
                count += 1
    return count


def active_state(body: Body) -> State | None:
    """Return the state of the place that the instance is at in this body, or None if it is elsewhere."""
    for shape in reversed(body):
        if shape.place.state in ACTIVE:
            return shape.place.state
        for inner in bodies(shape):
            state = active_state(inner)
            if state is not None:
                return state
    return None


def more(body: Body) -> More:
    """Return what stands for a body that is left out."""
    return More(step_count(body), Place(state=active_state(body) or _passed(body)))


def _passed(body: Body) -> State:
    states = {shape.place.state for shape in body}
    return states.pop() if len(states) == 1 else State.DONE if State.DONE in states else State.NOT_REACHED
