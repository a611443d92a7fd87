"""Which shapes are left out of a large picture? Those far from the beginning, the end and the active place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from interpreters.render.drawing import Body, Choice, Drawing, EventChoice, Shape, Split, Way
from interpreters.render.inside import active_state, bodies, more, shape_count, with_bodies
from interpreters.render.progress import most_urgent
from interpreters.render.wording import ways_words

_MOST_GAPS = 2
_FEWEST_WAYS = 6


def collapsed(drawing: Drawing, most: int) -> Drawing:
    """Return the drawing with at most `most` shapes; a `More` stands where some are left out."""
    return attrs.evolve(drawing, body=_fit_body(drawing.body, most, drawing.outcome is not None))


def _fit_body(body: Body, most: int, is_instance: bool) -> Body:
    counts = [shape_count((shape,)) for shape in body]
    if sum(counts) <= most:
        return body
    active = _most_active([(shape,) for shape in body]) if is_instance else None
    kept = _kept(counts, active, most - _MOST_GAPS)
    shares = _shares([counts[index] for index in kept], most - _MOST_GAPS)
    fitted: list[Shape] = []
    behind = 0
    for index, share in zip(kept, shares, strict=True):
        fitted.extend(_gap(body[behind:index]))
        fitted.append(_fit_shape(body[index], share, is_instance))
        behind = index + 1
    return (*fitted, *_gap(body[behind:]))


def _fit_shape(shape: Shape, most: int, is_instance: bool) -> Shape:
    insides = bodies(shape)
    counts = [shape_count(inside) for inside in insides]
    if 1 + sum(counts) <= most:
        return shape
    if most - 1 < len(insides):
        fewer = _fewer_ways(shape, most - 1, is_instance)
        return more((shape,)) if fewer is None else _fit_shape(fewer, most, is_instance)
    shares = _shares(counts, most - 1)
    fitted = tuple(_fit_body(inside, share, is_instance) for inside, share in zip(insides, shares, strict=True))
    return with_bodies(shape, fitted)


def _fewer_ways(shape: Shape, most: int, is_instance: bool) -> Shape | None:
    """Return a shape of very many ways with the middle ones as one; None when there is no room for even a few."""
    if not isinstance(shape, Choice | Split | EventChoice) or most < _FEWEST_WAYS:
        return None
    ways = shape.ways
    active = _most_active([way.body for way in ways]) if is_instance else None
    kept = set(_kept([1] * len(ways), active, most - _MOST_GAPS))
    left_out = [index for index in range(len(ways)) if index not in kept]
    behind = tuple(inner for index in left_out for inner in ways[index].body)
    place = attrs.evolve(ways[left_out[0]].place, at="", note="")
    rest = Way(ways_words(len(left_out)), (more(behind),) if behind else (), place)
    before, after = ways[: left_out[0]], [ways[index] for index in sorted(kept) if index > left_out[0]]
    return attrs.evolve(shape, ways=(*before, rest, *after))


def _most_active(parts: Sequence[Body]) -> int | None:
    """Return the index of the part that somebody may have to look after first, None when none is active."""
    states = [active_state(part) for part in parts]
    urgent = most_urgent(state for state in states if state is not None)
    return None if urgent is None else states.index(urgent)


def _gap(left_out: Body) -> Body:
    return left_out if shape_count(left_out) <= 1 else (more(left_out),)


def _kept(counts: Sequence[int], active: int | None, most: int) -> list[int]:
    """Return the indexes of the shapes that stay. A large shape is counted as the third that it may shrink to."""
    kept: set[int] = set()
    room = most
    for index in _by_interest(len(counts), active):
        if index in kept:
            continue
        room -= min(counts[index], max(most // 3, 1))
        if room < 0:
            break
        kept.add(index)
    return sorted(kept)


def _by_interest(count: int, active: int | None) -> Iterator[int]:
    for distance in range(count):
        near: Iterable[int] = (active - distance, active + distance) if active is not None else ()
        yield from (index for index in (*near, distance, count - 1 - distance) if 0 <= index < count)


def _shares(counts: Sequence[int], most: int) -> list[int]:
    """Return how many shapes each may have: the small ones all of theirs, the large ones an even part of the rest."""
    shares = [0] * len(counts)
    from_small = sorted(range(len(counts)), key=counts.__getitem__)
    for waiting, index in zip(range(len(counts), 0, -1), from_small, strict=True):
        shares[index] = min(counts[index], most // waiting)
        most -= shares[index]
    return shares
