"""Which shapes did an instance pass, or pass by, although nothing is recorded there?"""

from __future__ import annotations

import attrs

from interpreters.render.drawing import (
    NOWHERE,
    Alarm,
    Assembly,
    Body,
    Choice,
    Cycle,
    Enclosure,
    EventChoice,
    Fence,
    Gate,
    Handled,
    Held,
    Multiple,
    Part,
    Place,
    QueryScope,
    Shape,
    Split,
    Stage,
    StateGraph,
    Undoable,
    Watching,
    Way,
)
from interpreters.render.inside import (
    bodies,
    has_fired,
    was_reached,
    with_bodies,
    with_state,
    with_states,
)
from interpreters.render.progress import ACTIVE, State
from wio.nodes import Watch


def skipped(body: Body) -> Body:
    """Return the body with all that was not reached passed by."""
    return _changed(passed(body, False), State.NOT_REACHED, State.SKIPPED)


def handled(body: Body) -> Body:
    """Return the body, whose failure went to a handler, with that failure as one of the past."""
    return _changed(body, State.FAILED, State.HANDLED)


def _changed(body: Body, old: State, new: State) -> Body:
    def change(state: State) -> State:
        return new if state is old else state

    return tuple(
        with_states(with_bodies(shape, tuple(_changed(inner, old, new) for inner in bodies(shape))), change)
        for shape in body
    )


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
        case Handled() if left and not shape.place.at:
            return with_state(with_bodies(shape, (passed(shape.body, True), skipped(shape.handler))), State.SKIPPED)
        case Handled():
            insides = (passed(shape.body, False), passed(shape.handler, left))
        case Part() | QueryScope():
            insides = (passed(shape.body, left),)
        case Split() if left and not shape.place.at:
            # Nothing was recorded there: no guard was true.
            return _changed((with_state(shape, State.DONE),), State.NOT_REACHED, State.SKIPPED)[0]
        case Split():
            tail = () if shape.tail is None else (_piece(shape.tail),)
            return _gone_on(with_bodies(shape, (*map(_piece, shape.ways), *tail)), left)
        case EventChoice():
            return _gone_on(with_bodies(shape, tuple(map(_piece, shape.ways))), left)
        case Multiple():
            return _gone_on(with_bodies(shape, tuple(map(_piece, (*shape.elements, *shape.sides)))), left)
        case Watching():
            stays = left and not has_fired(shape.alarms, Watch.INTERRUPT)
            alarms = (inside for alarm in shape.alarms for inside in _alarm(alarm))
            return _gone_on(with_bodies(shape, (passed(shape.body, stays), *alarms)), left)
        case Enclosure():
            was_left = shape.place.state is State.WITHDRAWN
            return _gone_on(with_bodies(shape, (passed(shape.body, left and not was_left),)), left)
        case Gate():
            insides = (passed(shape.body, left and not shape.missed), passed(shape.otherwise, left and shape.missed))
            return _gone_on(with_bodies(shape, insides), left)
        case Assembly():
            insides = (passed(shape.body, left), *map(_piece, shape.meetings))
            return _gone_on(with_bodies(shape, insides), left)
        case Undoable():
            insides = (passed(shape.body, left), passed(shape.undo, shape.undone.state is State.DONE))
        case StateGraph():
            return _gone_on(with_bodies(shape, tuple(map(_piece, shape.stages))), left)
        case _:
            is_silent = shape.place == NOWHERE
            return with_state(shape, State.DONE) if left and is_silent else shape
    return with_bodies(shape, insides)


def _piece(piece: Way | Stage | Held) -> Body:
    return passed(piece.body, piece.place.state is State.DONE)


def _alarm(alarm: Alarm) -> tuple[Body, Body]:
    return (passed(alarm.trigger, alarm.fired), passed(alarm.body, alarm.place.state is State.DONE))


def _gone_on(shape: Shape, left: bool) -> Shape:
    """Return the shape as done where the instance is beyond it, though something in it may go on or was withdrawn."""
    place = shape.place
    if not (left and place.at) or place.state is State.DONE:
        return shape
    note = place.note or _left_over(shape, place)
    return attrs.evolve(shape, place=attrs.evolve(place, state=State.DONE, note=note))


def _left_over(shape: Shape, place: Place) -> str:
    if place.state in ACTIVE:
        return "others go on"
    return "left" if isinstance(shape, Enclosure) and shape.fence is Fence.REGION else ""
