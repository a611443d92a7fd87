"""How is drawn what keeps watch over a part? Scopes, regions, locks, milestones, sagas."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import attrs

from interpreters.machine.addresses import Scope, arm_scope
from interpreters.render.blaming import blamed
from interpreters.render.drawing import (
    NOWHERE,
    Alarm,
    Assembly,
    Body,
    Enclosure,
    Fence,
    Gate,
    Held,
    Place,
    Watching,
)
from interpreters.render.drawing import Undoable as UndoableShape
from interpreters.render.inside import ended, standing
from interpreters.render.passing import skipped
from interpreters.render.progress import ACTIVE, State, most_urgent
from interpreters.render.undo_runs import Acted, ended_at
from interpreters.render.walk_control import counter_inside
from interpreters.render.walker import Counter, Walker, Work, settled
from interpreters.render.wording import moment_words, needs_words, printable
from wio.nodes import (
    Critical,
    During,
    Gathering,
    Handler,
    Hold,
    InRegion,
    Saga,
    Timing,
    Undoable,
    Wait,
    Watch,
    Watched,
)

# Scopes


def visit_watched(walker: Walker, node: Watched) -> None:
    place = walker.place(node.name, may_be_silent=True)
    work: list[Work] = [*walker.inside(counter_inside(place), node.base)]
    runs = [_runs(walker, handler.name, place) for handler in node.handlers]
    for handler, begun in zip(node.handlers, runs, strict=True):
        latest = _shown_run(walker, place, begun)
        live = arm_scope(place.at, latest) if latest else None
        counter = Counter(arm_scope(place.address, handler.name), live)
        for program in (handler.trigger, handler.body):
            if program is not None:
                work.extend(walker.inside(counter, program))
    walker.later(*work, partial(_close_watched, walker, node, place, runs))


def _runs(walker: Walker, name: str, place: Place) -> tuple[str, ...]:
    return tuple(way for way in walker.ways(place) if way.partition("#")[0] == name)


def _shown_run(walker: Walker, place: Place, runs: Sequence[str]) -> str:
    """Return the run that is drawn, of a handler or a meeting, "" for none.

    It is the most urgent, else the latest that is done: what was only armed again tells less.
    """
    if walker.trail is None or not runs:
        return ""
    states = {run: walker.trail.standing(f"{place.at}[{run}]") for run in reversed(runs)}
    urgent = most_urgent(states.values())
    drawn = (run for run, state in states.items() if (state is urgent if urgent else state is State.DONE))
    return next(drawn, runs[-1])


def _close_watched(walker: Walker, node: Watched, place: Place, runs: Sequence[tuple[str, ...]]) -> None:
    parts = sum((handler.trigger is not None) + (handler.body is not None) for handler in node.handlers)
    base, *closed = walker.take_closed(1 + parts)
    waiting = iter(closed)
    alarms: list[Alarm] = []
    for handler, begun in zip(node.handlers, runs, strict=True):
        trigger = next(waiting) if handler.trigger is not None else ()
        body = next(waiting) if handler.body is not None else ()
        alarms.append(_alarm(walker, handler, place, begun, trigger, body))
    fired = [alarm for alarm in alarms if alarm.fired]
    interrupting = next((alarm for alarm in fired if alarm.watch is not Watch.ALONGSIDE), None)
    if interrupting is not None:
        # What is undone in the body goes on meanwhile.
        state = most_urgent([standing(base), interrupting.place.state]) or interrupting.place.state
        base = skipped(base)
    else:
        inner = standing(base)
        state = most_urgent([inner, *(alarm.place.state for alarm in fired)]) or inner
    description = printable(node.description)
    place = settled(place, state)
    walker.add_nested(Watching(node.name, place, base, tuple(alarms), description, _kind(node)))


def _kind(node: Watched) -> str:
    """Return what a scope is called: a timeout is one with a deadline as its only handler."""
    match node.handlers:
        case (Handler(Watch.INTERRUPT, Wait(moment, Timing.DURATION, name="deadline"), _, "deadline"),):
            return f"timeout after {moment_words(moment, Timing.DURATION).removeprefix('for ')}"
        case _:
            return "scope"


def _alarm(walker: Walker, handler: Handler, place: Place, runs: Sequence[str], trigger: Body, body: Body) -> Alarm:
    shown = _shown_run(walker, place, runs)
    if not shown:
        return Alarm(handler.watch, handler.name, trigger, body)
    has_fired = ended(trigger) is State.DONE
    at = walker.way_place(f"{place.at}[{shown}]", body if has_fired else trigger)
    # A handler that runs is armed again at once, so the trigger of the latest run has not come, unless it is shown.
    came = len(runs) - (0 if has_fired and shown == runs[-1] else 1)
    body = skipped(body) if at.state is State.WITHDRAWN and not has_fired else body
    return Alarm(handler.watch, handler.name, trigger, body, at, has_fired, came)


# Parts of which something holds as a whole


def visit_in_region(walker: Walker, node: InRegion) -> None:
    name = node.region.name
    place = walker.place(name, may_be_silent=True)
    around = attrs.evolve(walker.around, regions=(*walker.around.regions, name))
    inside = walker.inside(counter_inside(place), node.base, around=around)
    walker.later(*inside, partial(_close_enclosure, walker, Fence.REGION, name, place, ""))


def visit_critical(walker: Walker, node: Critical) -> None:
    place = walker.place(node.lock, may_be_silent=True)
    inside = walker.inside(counter_inside(place), node.base)
    walker.later(*inside, partial(_close_enclosure, walker, Fence.LOCK, node.lock, place, ""))


def visit_hold(walker: Walker, node: Hold) -> None:
    place = walker.place(node.milestone, may_be_silent=True)
    inside = walker.inside(counter_inside(place), node.base)
    walker.later(*inside, partial(_close_enclosure, walker, Fence.MILESTONE, node.milestone, place, ""))


def close_retrying(walker: Walker, policy: str) -> None:
    """Draw the frame around a part that has a policy for technical errors."""
    _close_enclosure(walker, Fence.RETRY, policy, NOWHERE, "")


def _close_enclosure(walker: Walker, fence: Fence, name: str, place: Place, description: str) -> None:
    (body,) = walker.take_closed(1)
    if place.at:
        place = settled(place, standing(body))
    walker.add_nested(Enclosure(fence, name, body, place, description))


def visit_during(walker: Walker, node: During) -> None:
    place = walker.place(node.milestone, may_be_silent=True)
    missed = "otherwise" in walker.ways(place)
    other = Counter(arm_scope(place.address, "otherwise"), arm_scope(place.at, "otherwise") if missed else None)
    inside = (*walker.inside(counter_inside(place), node.base), *walker.inside(other, node.otherwise))
    walker.later(*inside, partial(_close_during, walker, node, place, missed))


def _close_during(walker: Walker, node: During, place: Place, missed: bool) -> None:
    body, otherwise = walker.take_closed(2)
    state = ended(otherwise) if missed else standing(body)
    body = skipped(body) if missed else body
    otherwise = otherwise if missed or state is not State.DONE else skipped(otherwise)
    walker.add_nested(Gate(node.milestone, settled(place, state), body, otherwise, missed))


# Meetings


def visit_gathering(walker: Walker, node: Gathering) -> None:
    place = walker.place(node.name, may_be_silent=True)
    work: list[Work] = [*walker.inside(counter_inside(place), node.base)]
    runs = [_runs(walker, meet.meeting.name, place) for meet in node.meets]
    for meet, begun in zip(node.meets, runs, strict=True):
        latest = _shown_run(walker, place, begun)
        live = arm_scope(place.at, latest) if latest else None
        work.extend(walker.inside(Counter(arm_scope(place.address, meet.meeting.name), live), meet.body))
    walker.later(*work, partial(_close_gathering, walker, node, place, runs))


def _close_gathering(walker: Walker, node: Gathering, place: Place, runs: Sequence[tuple[str, ...]]) -> None:
    base, *bodies = walker.take_closed(1 + len(node.meets))
    meetings: list[Held] = []
    for meet, body, begun in zip(node.meets, bodies, runs, strict=True):
        shown = _shown_run(walker, place, begun)
        at = walker.way_place(f"{place.at}[{shown}]", body) if shown else NOWHERE
        meetings.append(Held(meet.meeting.name, needs_words(meet.meeting), body, at, len(begun)))
    inner = standing(base)
    state = most_urgent([inner, *(held.place.state for held in meetings if held.runs)]) or inner
    description = printable(node.description)
    walker.add_nested(Assembly(node.name, settled(place, state), base, tuple(meetings), description))


# Compensation


def visit_saga(walker: Walker, node: Saga) -> None:
    place = walker.place(node.name, may_be_silent=True)
    undos = Counter(Scope(f"{place.address}[undo *]/"), None)
    sagas = (*walker.around.sagas, place.at) if place.at else walker.around.sagas
    around = attrs.evolve(walker.around, undos=undos, sagas=sagas)
    inside = walker.inside(counter_inside(place), node.base, around=around)
    walker.later(*inside, partial(_close_saga, walker, node, place))


def _close_saga(walker: Walker, node: Saga, place: Place) -> None:
    (body,) = walker.take_closed(1)
    undos = tuple(way for way in walker.ways(place) if way.startswith("undo "))
    if place.at:
        place = settled(place, standing(body))
    if undos and walker.trail is not None:
        if place.state is not State.WITHDRAWN:
            body = blamed(body)
            place = settled(place, State.FAILED)
        state = walker.trail.standing(f"{place.at}[{undos[-1]}]")
        undone = sum(not walker.trail.has_failed(f"{place.at}[{undo}]") for undo in undos)
        note = place.note or (undos[-1] if state in ACTIVE else f"undid {undone}")
        place = attrs.evolve(place, state=state if state in ACTIVE else place.state, note=note)
    walker.add_nested(Enclosure(Fence.SAGA, node.name, body, place, printable(node.description)))


def visit_undoable(walker: Walker, node: Undoable) -> None:
    walker.later(*walker.inside(walker.counter, node.base), partial(_enter_undo, walker, node))


def _enter_undo(walker: Walker, node: Undoable) -> None:
    (body,) = walker.take_closed(1)
    around, run_at = walker.around, _undo_run(walker, node, body)
    run = Counter(Scope(), Scope(f"{run_at}/") if run_at else None)
    inside = walker.inside(run, node.undo, around=attrs.evolve(around, undos=run))
    walker.later(
        partial(_count_on, around.undos, run),
        *inside,
        partial(_count_on, run, around.undos),
        partial(_close_undoable, walker, body, run_at),
    )


def _undo_run(walker: Walker, node: Undoable, body: Body) -> str:
    """Return the scope in which the undo of an action ran, the latest of several; "" for none."""
    trail, sagas, undo = walker.trail, walker.around.sagas, id(node.undo)
    if trail is None:
        return ""
    at = ended_at(body, trail)
    if standing(body) is State.DONE:
        walker.acted.append(Acted(undo, at, sagas))
    if undo in walker.undo_runs:
        return walker.undo_runs[undo].get(at, "")
    runs = [run for run in trail.undone(undo) if run.rpartition("[")[0] in sagas]
    return runs[-1] if runs else ""


def _count_on(counted: Counter, counting: Counter) -> None:
    """Let all undos of a saga be counted together statically, while each is found where it ran last."""
    counting.static = counted.static


def _close_undoable(walker: Walker, body: Body, run_at: str) -> None:
    (undo,) = walker.take_closed(1)
    undone = walker.way_place(run_at, undo) if run_at else NOWHERE
    walker.add_nested(UndoableShape(body, undo, undone))
