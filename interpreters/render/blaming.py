"""Where did a part fail, when no step says so? At a check, a constant failure or a branch without a way.

Nothing is recorded there. But the instance went no further than its last record, so that only what follows at once can
have failed. Where that may be several things, each says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

import attrs

from interpreters.render.drawing import (
    ANY_ERROR,
    Body,
    CheckStep,
    Choice,
    ComputeStep,
    Cycle,
    Enclosure,
    EventChoice,
    FailEnd,
    Gate,
    Handled,
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
from interpreters.render.inside import bodies, has_fired, was_reached, with_bodies
from interpreters.render.progress import State
from wio.nodes import Watch

_Piece = TypeVar("_Piece", Way, Stage)
_Found: TypeAlias = "tuple[tuple[Shape, ...], bool]"
"""Are the shapes that may have failed, and whether the instance may also have gone on behind them."""

_ON: _Found = ((), True)
_STOPPED: _Found = ((), False)
_ENDED = frozenset({State.FAILED, State.HANDLED, State.WITHDRAWN})


def blamed(body: Body) -> Body:
    """Return the body of a part that failed, with the failure where it arose."""
    if _is_told(body):
        return body
    suspects = {id(shape) for shape in _followed(body)[0]}
    return _marked(body, suspects) if suspects else body


def _is_told(body: Body) -> bool:
    return any(shape.place.state is State.FAILED or any(map(_is_told, bodies(shape))) for shape in body)


# Who may have failed?


def _followed(body: Body) -> _Found:
    """Follow an instance from the last shape that it reached."""
    last = max((index for index, shape in enumerate(body) if was_reached(shape)), default=-1)
    found: list[Shape] = []
    for index, shape in enumerate(body[max(last, 0) :], max(last, 0)):
        shapes, goes_on = _within(shape) if index == last else _ahead(shape)
        found.extend(shapes)
        if not goes_on:
            return tuple(found), False
    return tuple(found), True


def _within(shape: Shape) -> _Found:
    """Look into a shape that was reached."""
    if shape.place.state in _ENDED and not any(bodies(shape)):
        return _STOPPED
    match shape:
        case Choice():
            return _any_of(way.body for way in shape.ways if way.place.state is State.DONE)
        case Multiple() if shape.is_whole:
            ways = shape.elements
            return _any_of(way.body for way in ways if way.place.at and way.place.state is not State.WITHDRAWN)
        case Split() | EventChoice():
            return _any_of(way.body for way in shape.ways if way.place.at and way.place.state is not State.WITHDRAWN)
        case Cycle():
            return _followed((*shape.body, *shape.back))
        case StateGraph():
            return _any_of(stage.body for stage in shape.stages if shape.went[-1:] == (stage.name,))
        case Handled() if shape.place.at:
            return _followed(shape.handler)
        case Watching() if has_fired(shape.alarms, Watch.INTERRUPT):
            return _any_of(alarm.body for alarm in shape.alarms if alarm.fired and alarm.watch is Watch.INTERRUPT)
        case Watching():
            return _followed(shape.body)
        case Gate():
            return _followed(shape.otherwise if shape.missed else shape.body)
        case Handled() | Part() | QueryScope() | Enclosure() | Undoable():
            return _ahead(shape)
        case _:
            return _ON


def _ahead(shape: Shape) -> _Found:
    """Look at a shape, in which nothing need be recorded before it fails."""
    match shape:
        case CheckStep():
            return (shape,), True
        case FailEnd():
            return (shape,), False
        case Choice():
            return ((shape,), False) if shape.open_ended else _STOPPED
        case Handled():
            return _ON if shape.error == ANY_ERROR else _followed(shape.body)
        case Part() | QueryScope() | Enclosure() | Undoable():
            return _followed(shape.body)
        case ComputeStep() | PureStep():
            return _ON
        case _:
            return _STOPPED


def _any_of(inside: Iterable[Body]) -> _Found:
    found = [_followed(body) for body in inside]
    return tuple(shape for shapes, _ in found for shape in shapes), all(goes_on for _, goes_on in found)


# Marks


def _marked(body: Body, suspects: set[int]) -> Body:
    return tuple(_marked_shape(shape, suspects) for shape in body)


def _marked_shape(shape: Shape, suspects: set[int]) -> Shape:
    if id(shape) in suspects:
        note = "" if len(suspects) == 1 else f"one of {len(suspects)}"
        return attrs.evolve(shape, place=attrs.evolve(shape.place, state=State.FAILED, note=note))
    inside = bodies(shape)
    if not any(_suspects_in(body, suspects) for body in inside):
        return shape
    is_certain = sum(_suspects_in(body, suspects) for body in inside) == len(suspects)
    marked = with_bodies(shape, tuple(_marked(body, suspects) for body in inside))
    match marked:
        case Choice():
            return marked
        case Split() | EventChoice():
            marked = attrs.evolve(marked, ways=_failed_pieces(shape, marked.ways, suspects))
        case Multiple():
            marked = attrs.evolve(marked, elements=_failed_pieces(shape, marked.elements, suspects))
        case StateGraph():
            marked = attrs.evolve(marked, stages=_failed_pieces(shape, marked.stages, suspects))
        case _:
            pass
    return attrs.evolve(marked, place=_failed(marked.place)) if is_certain else marked


def _failed_pieces(before: Shape, pieces: tuple[_Piece, ...], suspects: set[int]) -> tuple[_Piece, ...]:
    holding = [_suspects_in(body, suspects) == len(suspects) for body in bodies(before)]
    return tuple(
        attrs.evolve(piece, place=_failed(piece.place)) if holds else piece
        for piece, holds in zip(pieces, holding, strict=False)
    )


def _suspects_in(body: Body, suspects: set[int]) -> int:
    return sum(
        (id(shape) in suspects) + sum(_suspects_in(inner, suspects) for inner in bodies(shape)) for shape in body
    )


def _failed(place: Place) -> Place:
    is_over = place.state in (State.DONE, State.WITHDRAWN)
    return attrs.evolve(place, state=State.FAILED) if place.at and is_over else place
