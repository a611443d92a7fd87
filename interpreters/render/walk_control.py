"""How is one thread of control drawn? Choices, loops, handlers of errors, named states, recursion."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import attrs

from interpreters.machine.addresses import Scope, arm_scope, handler_name, part_scope
from interpreters.render.blaming import blamed
from interpreters.render.drawing import (
    ANY_ERROR,
    NOWHERE,
    AgainStep,
    Body,
    Choice,
    Cycle,
    Dynamic,
    Enclosure,
    Fence,
    Handled,
    More,
    Part,
    Place,
    Stage,
    StateGraph,
    Way,
)
from interpreters.render.inside import active_state, bodies, standing, step_count
from interpreters.render.passing import handled, skipped
from interpreters.render.progress import State
from interpreters.render.stopping import may_stop
from interpreters.render.walker import Counter, Walker, Work, settled
from interpreters.render.wording import printable, type_words, until_words
from wio.names import name_of
from wio.nodes import Branch, Checkpoint, HandleError, Loop, Machine, Named, Recur, Recursive


def counter_inside(place: Place) -> Counter:
    """Return what counts the places inside a part that is a scope as a whole."""
    return Counter(part_scope(place.address), part_scope(place.at) if place.at else None)


def go_on(walker: Walker, function: str) -> None:
    """Draw the place of a `flat_map`. What it went on with is counted, and drawn, in the same body."""
    live = walker.counter.live
    following = None if live is None or walker.trail is None else walker.trail.follow(live.prefix)
    state = State.NOT_REACHED if following is None else State.DONE
    walker.add(Dynamic(function, Place(state=state), expanded=following is not None))
    if following is not None:
        walker.later(following)


# Choices


def visit_branch(walker: Walker, node: Branch) -> None:
    place = walker.place(node.name, may_be_silent=True)
    taken = walker.way(place)
    arms = [(arm.name, arm.body) for arm in node.arms]
    if node.default is not None:
        arms.append(("default", node.default))
    work: list[Work] = []
    for name, body in arms:
        live = arm_scope(place.at, name) if name == taken else None
        work.extend(walker.inside(Counter(arm_scope(place.address, name), live), body))
    names = tuple(name for name, _ in arms)
    if taken and taken not in names:
        walker.not_in_program(f"{place.at}[{taken}]")
    walker.later(*work, partial(_close_branch, walker, node, place, names, taken))


def _close_branch(walker: Walker, node: Branch, place: Place, names: tuple[str, ...], taken: str) -> None:
    closed = walker.take_closed(len(names))
    ways = tuple(_way(name, body, taken) for name, body in zip(names, closed, strict=True))
    description = printable(node.description)
    walker.add_nested(Choice(node.name, place, ways, node.default is None, description))


def _way(name: str, body: Body, taken: str) -> Way:
    if not taken:
        return Way(name, body)
    if name == taken:
        return Way(name, body, Place(state=State.DONE))
    return Way(name, skipped(body), Place(state=State.SKIPPED))


# Loops


def visit_loop(walker: Walker, node: Loop) -> None:
    place = walker.place(node.name, may_be_silent=True)
    latest = walker.way(place) or ("1" if place.at else "")
    live = Scope(f"{place.at}[{latest}]/") if latest else None
    inside = Counter(Scope(f"{place.address}[*]/"), live)
    back = () if node.back is None else walker.inside(inside, node.back)
    rounds = int(latest) if latest.isdecimal() else 0
    close = partial(_close_loop, walker, node, place, rounds)
    walker.later(*walker.inside(inside, node.body), *back, close)


def _close_loop(walker: Walker, node: Loop, place: Place, rounds: int) -> None:
    back = () if node.back is None else walker.take_closed(1)[0]
    (body,) = walker.take_closed(1)
    place = settled(place, standing((*body, *back)))
    description, checked = printable(node.description), node.checkpoint is not None
    walker.add_nested(Cycle(node.name, place, body, back, until_words(node), node.test, rounds, description, checked))


# Errors


def visit_handle_error(walker: Walker, node: HandleError) -> None:
    walker.later(*walker.inside(walker.counter, node.base), partial(_enter_handler, walker, node))


def _enter_handler(walker: Walker, node: HandleError) -> None:
    place = walker.place(handler_name(node.on), may_be_silent=True, handler=node.handler)
    close = partial(_close_handled, walker, node, place)
    walker.later(*walker.inside(counter_inside(place), node.handler), close)


def _close_handled(walker: Walker, node: HandleError, place: Place) -> None:
    body, handler = walker.take_closed(2)
    error = ANY_ERROR if node.on is None else type_words(node.on)
    tried = handled(skipped(blamed(body))) if place.at else body
    walker.add_nested(Handled(tried, error, settled(place, standing(handler)), handler))


def visit_named(walker: Walker, node: Named) -> None:
    place = walker.place(node.name, may_be_silent=True)
    walker.later(*walker.inside(counter_inside(place), node.base), partial(_close_named, walker, node, place))


def visit_checkpoint(walker: Walker, node: Checkpoint) -> None:
    place = walker.place(node.name, may_be_silent=True)
    walker.later(*walker.inside(counter_inside(place), node.base), partial(_close_checkpoint, walker, node, place))


def _close_checkpoint(walker: Walker, node: Checkpoint, place: Place) -> None:
    (body,) = walker.take_closed(1)
    place = settled(place, standing(body))
    walker.add_nested(Enclosure(Fence.CHECKPOINT, node.name, body, place, printable(node.description)))


def _close_named(walker: Walker, node: Named, place: Place) -> None:
    (body,) = walker.take_closed(1)
    walker.add_nested(Part(node.name, settled(place, standing(body)), body, printable(node.description)))


# Named states


def visit_machine(walker: Walker, node: Machine) -> None:
    place = walker.place(node.name, may_be_silent=True)
    visits = _visits(walker.ways(place))
    work: list[Work] = []
    for state in node.states:
        latest = next(reversed(visits.get(state.name, [""])))
        live = arm_scope(place.at, latest) if latest else None
        work.extend(walker.inside(Counter(arm_scope(place.address, state.name), live), state.body))
    known = {state.name for state in node.states}
    for name in visits.keys() - known:
        walker.not_in_program(f"{place.at}[{name}]")
    walker.later(*work, partial(_close_machine, walker, node, place, visits))


def _visits(ways: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the visits of each state, such as `picked`, `picked#2`, in their order."""
    visits: dict[str, list[str]] = {}
    for way in ways:
        visits.setdefault(way.partition("#")[0], []).append(way)
    return visits


def _close_machine(walker: Walker, node: Machine, place: Place, visits: dict[str, list[str]]) -> None:
    closed = walker.take_closed(len(node.states))
    went = tuple(way.partition("#")[0] for way in walker.ways(place))
    stages: list[Stage] = []
    for state, body in zip(node.states, closed, strict=True):
        here = visits.get(state.name, [])
        at = NOWHERE
        if here:
            at = walker.way_place(f"{place.at}[{here[-1]}]", body)
            at = at if state.name == went[-1] else attrs.evolve(at, state=State.DONE, note="")
        stages.append(Stage(state.name, body, state.to, at, len(here), not state.to or may_stop(state.body)))
    latest = next((stage.place.state for stage in stages if went and stage.name == went[-1]), State.NOT_REACHED)
    computed = not isinstance(node.start, str)
    start = node.start if isinstance(node.start, str) else printable(name_of(node.start, "its input"))
    description, checked = printable(node.description), node.checkpoint is not None
    place = settled(place, latest)
    walker.add_nested(StateGraph(node.name, place, tuple(stages), start, computed, went, description, checked))


# Recursion


def visit_recursive(walker: Walker, node: Recursive) -> None:
    place = walker.place(node.name, may_be_silent=True)
    recursive = (*walker.around.recursive, (node, walker.depth + 1))
    around = attrs.evolve(walker.around, recursive=recursive, level=1)
    inside = walker.inside(counter_inside(place), node.body, around=around)
    walker.later(*inside, partial(_close_recursive, walker, node, place))


def _close_recursive(walker: Walker, node: Recursive, place: Place) -> None:
    (body,) = walker.take_closed(1)
    place = settled(place, standing(body))
    walker.add_nested(Enclosure(Fence.RECURSIVE, node.name, body, place, printable(node.description)))


def visit_recur(walker: Walker, node: Recur) -> None:
    place = walker.place(node.of, may_be_silent=True)
    around = walker.around
    index = next((i for i, (part, _) in reversed([*enumerate(around.recursive)]) if part.name == node.of), None)
    if index is None or not place.at:
        walker.add(AgainStep(node.of, place))
        return
    part, depth = around.recursive[index]
    # The levels of one recursion do not make the picture deeper (see `_shallow`); those of two in each other may.
    begun_at = depth if around.again <= {node.of} else None
    level = around.level + 1
    again = attrs.evolve(around, recursive=around.recursive[: index + 1], again=around.again | {node.of}, level=level)
    inside = walker.inside(counter_inside(place), part.body, depth=begun_at, around=again)
    walker.later(*inside, partial(_close_recur, walker, node, place, level))


def _close_recur(walker: Walker, node: Recur, place: Place, level: int) -> None:
    (body,) = walker.take_closed(1)
    inner = _innermost(body, node.of)
    if inner is not None:
        # Only the first level and the innermost are shown: those between are the same again.
        left_out = step_count(body) - step_count((inner,))
        shapes = (More(left_out, Place(state=State.DONE)), inner) if left_out else (inner,)
        walker.add(*shapes)
        return
    note = place.note or f"level {level}"
    place = attrs.evolve(settled(place, standing(body)), note=note)
    walker.add_nested(Enclosure(Fence.AGAIN, node.of, body, place))


def _innermost(body: Body, name: str) -> Enclosure | None:
    """Return the level of a recursion inside another one: that at which the instance is, else the latest."""
    levels = list(_levels(body, name))
    active = (level for level in levels if active_state((level,)) is not None)
    return next(active, levels[-1] if levels else None)


def _levels(body: Body, name: str) -> Iterator[Enclosure]:
    for shape in body:
        if isinstance(shape, Enclosure) and shape.fence is Fence.AGAIN and shape.name == name:
            yield shape
            continue
        for inner in bodies(shape):
            yield from _levels(inner, name)
