"""How are joins, scopes, regions, undos and state machines laid down as dots, lines and boxes?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from interpreters.render.drawing import (
    NOWHERE,
    Alarm,
    ArriveStep,
    Assembly,
    Body,
    ChildStep,
    DraftStep,
    Enclosure,
    EventChoice,
    Fence,
    Gate,
    Held,
    Multiple,
    Part,
    Place,
    QueryScope,
    SignalStep,
    Split,
    Stage,
    StateGraph,
    Step,
    TaskStep,
    Undoable,
    WaitStep,
    Watching,
    Way,
)
from interpreters.render.graph import Box, Frame, Line, Look, first_dot
from interpreters.render.inside import active_state
from interpreters.render.progress import State
from interpreters.render.sheet import End, Ends, Sheet, gone
from interpreters.render.wording import enclosure_words, kind_beside, machine_words, runs_words
from wio.nodes import Watch

_FENCES: Mapping[Fence, Frame] = {
    Fence.REGION: Frame.REGION,
    Fence.LOCK: Frame.LOCK,
    Fence.MILESTONE: Frame.MILESTONE,
    Fence.SAGA: Frame.SAGA,
    Fence.CHECKPOINT: Frame.CHECKPOINT,
    Fence.RETRY: Frame.RETRY,
    Fence.RECURSIVE: Frame.RECURSIVE,
    Fence.AGAIN: Frame.RECURSIVE,
}
_LINES: Mapping[Watch, tuple[Line, str]] = {
    Watch.INTERRUPT: (Line.INTERRUPT, "interrupts"),
    Watch.ALONGSIDE: (Line.ALONGSIDE, "alongside"),
    Watch.CANCEL: (Line.CANCEL, "on cancel"),
}


# Branches


def lay_split(sheet: Sheet, split: Split, ends: Ends) -> Ends:
    (top,) = sheet.dot(ends, Look.SPLIT, split.name, _begun(split.place, split.ways), (), split.description)
    left: list[End] = []
    for way in split.ways:
        left.extend(sheet.merged(sheet.body(way.body, (_into(top, way),))))
    if not left:
        return ()
    if split.tail is not None:
        left = list(_lay_tail(sheet, split.tail, split.runs, tuple(left)))
    is_over = split.place.state is State.DONE
    place = Place(state=State.DONE, note=split.place.note) if is_over else NOWHERE
    return sheet.dot(left, Look.JOIN, ", ".join(filter(None, (split.join, split.rest))), place)


def _lay_tail(sheet: Sheet, tail: Way, runs: str, ends: Ends) -> Ends:
    left, _ = sheet.framed(Frame.EACH, "each of them", tail.body, ends, tail.place, ("goes on", runs))
    return gone(left, tail.place)


def lay_event_choice(sheet: Sheet, choice: EventChoice, ends: Ends) -> Ends:
    place = _begun(choice.place, choice.ways)
    (top,) = sheet.dot(ends, Look.FIRST, choice.name, place, ("first of",), choice.description)
    left: list[End] = []
    for way in choice.ways:
        left.extend(sheet.body(way.body, (_into(top, way),)))
    return tuple(left)


def _begun(place: Place, ways: tuple[Way, ...]) -> Place:
    """Return the place where ways begin: it is done when they have begun, and what is active is inside them."""
    has_begun = any(way.place.at for way in ways)
    return attrs.evolve(place, state=State.DONE, note="") if has_begun else place


def _into(top: End, way: Way) -> End:
    """Return the line into a way. It is labelled unless the name is that of the step which it leads to."""
    first = getattr(way.body[0], "name", "") if way.body else ""
    label = f"[{way.name}]" if way.guarded else "" if way.name == first else way.name
    return attrs.evolve(top, label=label, open=bool(way.place.at))


# Elements


def lay_multiple(sheet: Sheet, multiple: Multiple, ends: Ends) -> Ends:
    title = f"||| {multiple.name}"
    details = ("for each" + (f", {multiple.rule}" if multiple.rule else ""), multiple.counts)

    def inside(begun: Ends) -> Ends:
        return _lay_elements(sheet, multiple, begun)

    left, _ = sheet.framed(Frame.EACH, title, inside, ends, multiple.place, details, multiple.description)
    return gone(left, multiple.place)


def _lay_elements(sheet: Sheet, multiple: Multiple, ends: Ends) -> Ends:
    if len(multiple.elements) + len(multiple.sides) > 1:
        ends = sheet.merge_dot(ends)
    left: list[End] = []
    boxes: list[Box] = []
    for way in multiple.elements:
        begun = tuple(attrs.evolve(end, open=bool(way.place.at)) for end in ends)
        ended, box = sheet.framed(Frame.ELEMENT, way.name, way.body, begun, way.place)
        left.extend(ended)
        boxes.append(box)
    for side in multiple.sides:
        label = "adds one" if side.name == "add" else "finishes"
        beside = tuple(attrs.evolve(end, line=Line.ALONGSIDE, open=bool(side.place.at)) for end in ends)
        ended = sheet.body(side.body, beside) if side.body else sheet.merge_dot(beside)
        ended = tuple(attrs.evolve(end, label=label) for end in sheet.merged(ended))
        if side.name != "add":
            left.extend(ended)
            continue
        for end in ended:
            sheet.join(attrs.evolve(end, line=Line.ALONGSIDE), first_dot(boxes[0]).id, boxes[0].id)
    return tuple(left)


# Scopes


def lay_watching(sheet: Sheet, watching: Watching, ends: Ends) -> Ends:
    beside = (body for alarm in watching.alarms for body in (alarm.trigger, alarm.body))
    place = _place_of_box(watching.place, beside)
    details = (kind_beside(watching.name, watching.kind),)
    ends, box = sheet.framed(Frame.SCOPE, watching.name, watching.body, ends, place, details, watching.description)
    left = list(ends)
    for alarm in watching.alarms:
        handled = _lay_alarm(sheet, alarm, box)
        if alarm.watch is Watch.INTERRUPT:
            left.extend(handled)
    return tuple(left)


def _place_of_box(place: Place, beside: Iterable[Body]) -> Place:
    """Return the place of a box around a part. The instance is not at it while it is at what is laid down beside it."""
    return attrs.evolve(place, state=State.DONE) if any(map(active_state, beside)) else place


def _lay_alarm(sheet: Sheet, alarm: Alarm, box: Box) -> Ends:
    line, word = _LINES[alarm.watch]
    shapes = (*alarm.trigger, *alarm.body)
    is_named = alarm.watch is Watch.CANCEL or any(alarm.name == getattr(shape, "name", "") for shape in shapes[:1])
    title = word if is_named else f"{word}: {alarm.name}"
    return sheet.body(shapes, _leaving(sheet, box, line, title, bool(alarm.place.at), (runs_words(alarm),)))


def _leaving(sheet: Sheet, box: Box, line: Line, title: str, went: bool, details: tuple[str, ...] = ()) -> Ends:
    """Return the end of a line that leaves a box from anywhere inside, with words on why."""
    place = Place(state=State.DONE) if went else NOWHERE
    leave = End(first_dot(box).id, "", line, went, box.id)
    (watch,) = sheet.dot((leave,), Look.WATCH, title, place, details)
    return (attrs.evolve(watch, line=line, open=went),)


# Parts of which something holds as a whole


def lay_enclosure(sheet: Sheet, enclosure: Enclosure, ends: Ends) -> Ends:
    name, kind = enclosure_words(enclosure.fence, enclosure.name)
    frame = _FENCES[enclosure.fence]
    ends, _ = sheet.framed(frame, name, enclosure.body, ends, enclosure.place, (kind,), enclosure.description)
    return gone(ends, enclosure.place)


def lay_gate(sheet: Sheet, gate: Gate, ends: Ends) -> Ends:
    place = _place_of_box(gate.place, (gate.otherwise,))
    ends, box = sheet.framed(Frame.MILESTONE, gate.milestone, gate.body, ends, place, ("during milestone",))
    other = _leaving(sheet, box, Line.INTERRUPT, f"{gate.milestone} is over", gate.missed)
    return (*ends, *sheet.body(gate.otherwise, other))


# Meetings


def lay_arrival(sheet: Sheet, arrive: ArriveStep, ends: Ends) -> Ends:
    title = f"{'arrive' if arrive.comes else 'decline'} {arrive.meeting}"
    (end,) = sheet.dot(ends, Look.ARRIVE, title, arrive.place, (f"as {arrive.party}",))
    open_ = arrive.place.state is State.DONE
    sheet.arrivals.append((arrive.meeting, attrs.evolve(end, line=Line.ARRIVAL, open=open_, went=True)))
    return (end,)


def lay_assembly(sheet: Sheet, assembly: Assembly, ends: Ends) -> Ends:
    details = (kind_beside(assembly.name, "gather"),)
    before, sheet.arrivals = sheet.arrivals, []

    def inside(begun: Ends) -> Ends:
        left = sheet.body(assembly.body, begun) if assembly.body else sheet.merge_dot(begun)
        bars = {held.name: _lay_meeting(sheet, held) for held in assembly.meetings}
        for meeting, end in sheet.arrivals:
            if meeting in bars:
                sheet.join(end, bars[meeting])
        sheet.arrivals = [(meeting, end) for meeting, end in sheet.arrivals if meeting not in bars]
        return left

    left, _ = sheet.framed(Frame.GATHER, assembly.name, inside, ends, assembly.place, details, assembly.description)
    sheet.arrivals = before + sheet.arrivals
    return gone(left, assembly.place)


def _lay_meeting(sheet: Sheet, held: Held) -> str:
    """Lay down a bar and what follows it. Return the dot at which the lines of those end who arrive."""
    place = Place(state=State.DONE) if held.place.at else NOWHERE
    details = (f"meeting of {held.needs}", f"run {held.runs}" if held.runs > 1 else "")
    (bar,) = sheet.dot((), Look.MEETING, held.name, place, details)
    sheet.body(held.body, (bar,))
    return bar.tail


# Compensation


def lay_undoable(sheet: Sheet, undoable: Undoable, ends: Ends) -> Ends:
    ends = sheet.merged(ends)
    if _is_one_thing(undoable):
        ends = sheet.body(undoable.body, ends)
        action = sheet.inside[-1]
    else:
        ends, action = sheet.framed(Frame.ACTION, "", undoable.body, ends)
    tail, box = (first_dot(action).id, action.id) if isinstance(action, Box) else (action.id, "")
    undo = (End(tail, "", Line.UNDO, bool(undoable.undone.at), box, went=True),)
    sheet.framed(Frame.UNDO, "undo", undoable.undo, undo, undoable.undone)
    return ends


def _is_one_thing(undoable: Undoable) -> bool:
    """Tell whether the action is drawn as one dot or box; otherwise a box is drawn around it."""
    whole = (Step, SignalStep, WaitStep, TaskStep, ChildStep, DraftStep, Part, Enclosure, QueryScope)
    return len(undoable.body) == 1 and isinstance(undoable.body[0], whole)


# Named states


def lay_state_graph(sheet: Sheet, graph: StateGraph, ends: Ends) -> Ends:
    ends = sheet.merged(ends)
    laid: list[tuple[Box, Ends]] = []

    def inside(_: Ends) -> Ends:
        for stage in graph.stages:
            left, box = sheet.framed(Frame.STATE, stage.name, stage.body, (), stage.place, _visits(stage))
            laid.append((box, left))
        _join_stages(sheet, graph, laid)
        return ()

    _, box = sheet.framed(Frame.MACHINE, graph.name, inside, (), graph.place, machine_words(graph), graph.description)
    _enter(sheet, graph, ends, box, laid)
    is_over = graph.place.state is State.DONE
    return tuple(
        attrs.evolve(end, label="", box=state.id, open=is_over and graph.went[-1:] == (stage.name,), went=True)
        for stage, (state, left) in zip(graph.stages, laid, strict=True)
        for end in left
        if stage.may_stop
    )


def _visits(stage: Stage) -> tuple[str, ...]:
    return (f"visit {stage.visits}",) if stage.visits > 1 else ()


def _enter(sheet: Sheet, graph: StateGraph, ends: Ends, box: Box, laid: list[tuple[Box, Ends]]) -> None:
    start = graph.went[0] if graph.went else "" if graph.computed else graph.start
    index = next((i for i, stage in enumerate(graph.stages) if stage.name == start), None)
    target = box if index is None else laid[index][0]
    for end in ends:
        sheet.join(attrs.evolve(end, went=bool(graph.went)), first_dot(target).id, target.id)


def _join_stages(sheet: Sheet, graph: StateGraph, laid: list[tuple[Box, Ends]]) -> None:
    index = {stage.name: number for number, stage in enumerate(graph.stages)}
    steps = set(zip(graph.went, graph.went[1:], strict=False))
    for number, stage in enumerate(graph.stages):
        box, left = laid[number]
        for target in stage.to:
            line = Line.FLOW if index[target] > number else Line.BACK
            head = laid[index[target]][0]
            for end in left:
                went = attrs.evolve(end, line=line, open=(stage.name, target) in steps, went=True)
                if target == stage.name:
                    sheet.join(went, first_dot(head).id)
                else:
                    sheet.join(attrs.evolve(went, box=box.id), first_dot(head).id, head.id)
