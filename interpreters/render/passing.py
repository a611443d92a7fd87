"""Which shapes did an instance pass, or pass by, although nothing is recorded there?"""

from __future__ import annotations

from interpreters.render.drawing import (
    NOWHERE,
    Body,
    Choice,
    Cycle,
    Handled,
    Part,
    QueryScope,
    Shape,
    bodies,
    with_bodies,
    with_state,
)
from interpreters.render.progress import State


def skipped(body: Body) -> Body:
    """Return the body with all that was not reached passed by."""
    return tuple(_skip(shape) for shape in body)


def _skip(shape: Shape) -> Shape:
    changed = with_bodies(shape, tuple(skipped(inner) for inner in bodies(shape)))
    return with_state(changed, State.SKIPPED) if shape.place.state is State.NOT_REACHED else changed


def handled(body: Body) -> Body:
    """Return the body, whose failure went to a handler, with that failure as one of the past."""
    return tuple(_handle(shape) for shape in body)


def _handle(shape: Shape) -> Shape:
    changed = with_bodies(shape, tuple(handled(inner) for inner in bodies(shape)))
    return with_state(changed, State.HANDLED) if shape.place.state is State.FAILED else changed


def passed(body: Body, left: bool) -> Body:
    """Return the body with the shapes done that record nothing, where the instance is known to be beyond them.

    `left` tells that the instance is beyond the body as a whole.
    """
    beyond = left
    shapes: list[Shape] = []
    for shape in reversed(body):
        shapes.append(_pass(shape, beyond))
        beyond = beyond or was_reached(shape)
    return tuple(reversed(shapes))


def _pass(shape: Shape, left: bool) -> Shape:
    match shape:
        case Choice():
            insides = tuple(passed(way.body, left and way.place.state is State.DONE) for way in shape.ways)
        case Cycle():
            began_back = any(map(was_reached, shape.back))
            insides = (passed(shape.body, left or began_back), passed(shape.back, False))
        case Handled():
            caught = bool(shape.place.at)
            insides = (passed(shape.body, left and not caught), passed(shape.handler, left and caught))
        case Part() | QueryScope():
            insides = (passed(shape.body, left),)
        case _:
            is_silent = shape.place == NOWHERE
            return with_state(shape, State.DONE) if left and is_silent else shape
    return with_bodies(shape, insides)


def was_reached(shape: Shape) -> bool:
    """Tell whether the instance was at the shape or inside it."""
    if shape.place.at or shape.place.state is State.DONE:
        return True
    return any(was_reached(inner) for body in bodies(shape) for inner in body)
