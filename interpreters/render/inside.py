"""What is inside a shape, and how does it stand? Questions about the shapes of a drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import attrs

from interpreters.render.drawing import (
    Alarm,
    Assembly,
    Body,
    Choice,
    ComputeStep,
    Cycle,
    Dynamic,
    Enclosure,
    EventChoice,
    Gate,
    Handled,
    Held,
    More,
    Multiple,
    Part,
    Place,
    PureStep,
    QueryScope,
    Shape,
    Split,
    Stage,
    StateGraph,
    Undoable,
    Watching,
    Way,
)
from interpreters.render.progress import ACTIVE, State, most_urgent

_Piece = TypeVar("_Piece", Way, Stage, Held)


def bodies(shape: Shape) -> tuple[Body, ...]:
    """Return the bodies directly inside a shape, in the order in which they are drawn."""
    match shape:
        case Split():
            return tuple(way.body for way in _ways_of(shape))
        case Choice() | EventChoice():
            return tuple(way.body for way in shape.ways)
        case Cycle():
            return (shape.body, shape.back)
        case Handled():
            return (shape.body, shape.handler)
        case QueryScope() | Part() | Enclosure():
            return (shape.body,)
        case Multiple():
            return tuple(way.body for way in (*shape.elements, *shape.sides))
        case Watching():
            return (shape.body, *(body for alarm in shape.alarms for body in (alarm.trigger, alarm.body)))
        case Gate():
            return (shape.body, shape.otherwise)
        case Assembly():
            return (shape.body, *(held.body for held in shape.meetings))
        case Undoable():
            return (shape.body, shape.undo)
        case StateGraph():
            return tuple(stage.body for stage in shape.stages)
        case _:
            return ()


def with_bodies(shape: Shape, changed: Sequence[Body]) -> Shape:
    """Return the shape with other bodies, given in the order of `bodies`."""
    match shape:
        case Split():
            count = len(shape.ways)
            tail = None if shape.tail is None else attrs.evolve(shape.tail, body=changed[count])
            return attrs.evolve(shape, ways=_rebuilt(shape.ways, changed[:count]), tail=tail)
        case Choice() | EventChoice():
            return attrs.evolve(shape, ways=_rebuilt(shape.ways, changed))
        case Cycle():
            return attrs.evolve(shape, body=changed[0], back=changed[1])
        case Handled():
            return attrs.evolve(shape, body=changed[0], handler=changed[1])
        case QueryScope() | Part() | Enclosure():
            return attrs.evolve(shape, body=changed[0])
        case Multiple():
            count = len(shape.elements)
            elements, sides = _rebuilt(shape.elements, changed[:count]), _rebuilt(shape.sides, changed[count:])
            return attrs.evolve(shape, elements=elements, sides=sides)
        case Watching():
            pairs = zip(shape.alarms, changed[1::2], changed[2::2], strict=True)
            alarms = tuple(attrs.evolve(alarm, trigger=trigger, body=body) for alarm, trigger, body in pairs)
            return attrs.evolve(shape, body=changed[0], alarms=alarms)
        case Gate():
            return attrs.evolve(shape, body=changed[0], otherwise=changed[1])
        case Assembly():
            return attrs.evolve(shape, body=changed[0], meetings=_rebuilt(shape.meetings, changed[1:]))
        case Undoable():
            return attrs.evolve(shape, body=changed[0], undo=changed[1])
        case StateGraph():
            return attrs.evolve(shape, stages=_rebuilt(shape.stages, changed))
        case _:
            return shape


def _ways_of(split: Split) -> tuple[Way, ...]:
    return split.ways if split.tail is None else (*split.ways, split.tail)


def _rebuilt(pieces: Sequence[_Piece], changed: Sequence[Body]) -> tuple[_Piece, ...]:
    return tuple(attrs.evolve(piece, body=body) for piece, body in zip(pieces, changed, strict=True))


def handlers(handled: Handled) -> tuple[Body, tuple[Handled, ...]]:
    """Return the part that may fail, and what has a handler for it: several, where they stand behind one another.

    The first is the innermost. Each but the first is also a handler of those before it.
    """
    found = [handled]
    body = handled.body
    while len(body) == 1 and isinstance(body[0], Handled):
        found.append(body[0])
        body = body[0].body
    return body, tuple(reversed(found))


def may_fail(body: Body) -> bool:
    """Tell whether there is anything in a body but pure functions and constants, which cannot fail."""
    return any(not isinstance(shape, ComputeStep | PureStep) for shape in body)


# States


def with_state(shape: Shape, state: State) -> Shape:
    """Return the shape in another state."""
    return attrs.evolve(shape, place=attrs.evolve(shape.place, state=state))


def with_states(shape: Shape, change: Callable[[State], State]) -> Shape:
    """Return the shape with its own state changed, and those of its ways, stages and handlers."""

    def place(of: Place) -> Place:
        return attrs.evolve(of, state=change(of.state))

    changed = attrs.evolve(shape, place=place(shape.place))
    match changed:
        case Split():
            ways = tuple(attrs.evolve(way, place=place(way.place)) for way in changed.ways)
            tail = None if changed.tail is None else attrs.evolve(changed.tail, place=place(changed.tail.place))
            return attrs.evolve(changed, ways=ways, tail=tail)
        case Choice() | EventChoice():
            ways = tuple(attrs.evolve(way, place=place(way.place)) for way in changed.ways)
            return attrs.evolve(changed, ways=ways)
        case Multiple():
            elements = tuple(attrs.evolve(way, place=place(way.place)) for way in changed.elements)
            sides = tuple(attrs.evolve(way, place=place(way.place)) for way in changed.sides)
            return attrs.evolve(changed, elements=elements, sides=sides)
        case Watching():
            alarms = tuple(attrs.evolve(alarm, place=place(alarm.place)) for alarm in changed.alarms)
            return attrs.evolve(changed, alarms=alarms)
        case Assembly():
            meetings = tuple(attrs.evolve(held, place=place(held.place)) for held in changed.meetings)
            return attrs.evolve(changed, meetings=meetings)
        case StateGraph():
            stages = tuple(attrs.evolve(stage, place=place(stage.place)) for stage in changed.stages)
            return attrs.evolve(changed, stages=stages)
        case Undoable():
            return attrs.evolve(changed, undone=place(changed.undone))
        case _:
            return changed


def active_state(body: Body) -> State | None:
    """Return the most urgent state of the places that the instance is at in this body, or None if it is elsewhere."""
    return most_urgent(_active_states(body))


def _active_states(body: Body) -> Iterator[State]:
    for shape in body:
        if shape.place.state in ACTIVE:
            yield shape.place.state
        for inner in bodies(shape):
            yield from _active_states(inner)


def standing(body: Body) -> State:
    """Return how far the instance is in this body: the state of the last of its shapes that was reached."""
    for shape in reversed(body):
        state = _standing(shape)
        if state not in (State.NOT_REACHED, State.SKIPPED):
            return state
    return State.NOT_REACHED


def _standing(shape: Shape) -> State:
    match shape:
        case QueryScope() | Undoable():
            return standing(shape.body)
        case Enclosure() if not shape.place.address:
            return standing(shape.body)
        case Handled():
            return ended(shape.handler) if shape.place.at else standing(shape.body)
        case Choice():
            # A branch is done as soon as it has chosen; how far the instance is tells the arm.
            taken = (way for way in shape.ways if way.place.state is State.DONE)
            return next((ended(way.body) for way in taken), shape.place.state)
        case _:
            return shape.place.state


def ended(body: Body) -> State:
    """Return how far the instance is in a body that it has begun: in one that records nothing, it is done."""
    state = standing(body)
    return State.DONE if state is State.NOT_REACHED else state


def was_reached(shape: Shape) -> bool:
    """Tell whether the instance was at the shape or inside it."""
    if shape.place.at or shape.place.state in (State.DONE, State.FAILED, State.HANDLED):
        return True
    return any(was_reached(inner) for body in bodies(shape) for inner in body)


def has_fired(alarms: Sequence[Alarm], watch: object) -> bool:
    """Tell whether a handler of this kind has begun to run."""
    return any(alarm.fired for alarm in alarms if alarm.watch is watch)


# Sizes


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
            case (
                Choice()
                | Cycle()
                | Handled()
                | QueryScope()
                | Part()
                | Split()
                | EventChoice()
                | Multiple()
                | Watching()
                | Enclosure()
                | Gate()
                | Assembly()
                | Undoable()
                | StateGraph()
            ):
                count += sum(map(step_count, bodies(shape)))
            case _:
                count += 1
    return count


def more(body: Body) -> More:
    """Return what stands for a body that is left out."""
    return More(step_count(body), Place(state=active_state(body) or _passed(body)))


def _passed(body: Body) -> State:
    states = {shape.place.state for shape in body}
    return states.pop() if len(states) == 1 else State.DONE if State.DONE in states else State.NOT_REACHED
