"""Which rows stand for a shape in a terminal? A row for each, with the rows of what is inside it below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from interpreters.render.drawing import (
    NOWHERE,
    AgainStep,
    Alarm,
    ArriveStep,
    Assembly,
    AttributesStep,
    Body,
    CheckStep,
    ChildStep,
    Choice,
    ComputeStep,
    Cycle,
    DraftStep,
    Dynamic,
    Enclosure,
    EventChoice,
    FailEnd,
    Gate,
    Handled,
    Held,
    LeaveStep,
    More,
    Multiple,
    OldStep,
    Part,
    Place,
    PublishStep,
    PureStep,
    QueryScope,
    RecordStep,
    Shape,
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
from interpreters.render.inside import handlers
from interpreters.render.progress import State
from interpreters.render.wording import (
    CHECKPOINT,
    attributes_words,
    child_words,
    count_words,
    effect_words,
    enclosure_words,
    handler_words,
    kind_beside,
    machine_words,
    runs_words,
)
from wio.nodes import Watch


@attrs.frozen
class Row:
    """Is one line: what stands in the tree, what kind of thing it is, how far it is, and the rows below it."""

    label: str
    kind: str = ""
    place: Place = NOWHERE
    below: Rows = ()


Rows: TypeAlias = "tuple[Row, ...]"

_NOTHING = (Row("(nothing)"),)


def rows_of(body: Body) -> Rows:
    """Return the rows of a body."""
    return tuple(row for shape in body for row in _rows_of_shape(shape))


def _rows_or_none(body: Body) -> Rows:
    """Return the rows of a body; where there are none, one that says so."""
    return rows_of(body) or _NOTHING


def _rows_of_shape(shape: Shape) -> Rows:
    match shape:
        case Step():
            return (Row(shape.name, effect_words(shape.retry, shape.transactional), shape.place),)
        case SignalStep():
            return (Row(shape.name, f"signal {shape.signal}", shape.place),)
        case WaitStep():
            return (Row(shape.name, f"timer {shape.moment}", shape.place),)
        case DraftStep():
            return (Row(shape.name, "draft", shape.place),)
        case RecordStep():
            return (Row(shape.name, shape.drawn.value, shape.place),)
        case PublishStep():
            return (Row(shape.name, f"topic {shape.topic}", shape.place),)
        case AttributesStep():
            return (Row(shape.name, attributes_words(shape.attributes), shape.place),)
        case OldStep():
            return (Row(shape.name, "of an older version", shape.place),)
        case TaskStep():
            to = f", to {shape.to}" if shape.to else ""
            return (Row(shape.name, f"task {shape.task} v{shape.version}{to}", shape.place),)
        case ChildStep():
            kind = ", ".join(filter(None, (child_words(shape.workflow, shape.version, shape.waits), shape.close)))
            return (Row(shape.name, kind, shape.place),)
        case LeaveStep():
            return (Row(f"leave {shape.region}", "", shape.place),)
        case ArriveStep():
            word = "arrive" if shape.comes else "decline"
            return (Row(f"{word} {shape.meeting}", f"as {shape.party}", shape.place),)
        case AgainStep():
            return (Row(f"↺ {shape.name}", "again", shape.place),)
        case ComputeStep():
            return (Row(shape.name, kind_beside(shape.name, "compute"), shape.place),)
        case CheckStep():
            return (Row(shape.name, "check", shape.place),)
        case PureStep():
            return (Row(f"pure {shape.value}", "", shape.place),)
        case FailEnd():
            return (Row(f"fail {shape.error}", "", shape.place),)
        case Dynamic():
            return (Row(f"→ {shape.function}", "goes on with" if shape.expanded else "dynamic", shape.place),)
        case More():
            return (Row(count_words(shape.steps), "", shape.place),)
        case Choice():
            return (Row(f"◇ {shape.name}", "branch", shape.place, _ways(shape)),)
        case Cycle():
            return _cycle_rows(shape)
        case Handled():
            return _handled_rows(shape)
        case QueryScope():
            return (Row(f"query {shape.query}", "", shape.place, rows_of(shape.body)),)
        case Part():
            return (Row(shape.name, "part", shape.place, rows_of(shape.body)),)
        case Split():
            kind = ", ".join(filter(None, (shape.join, shape.rest))) or "parallel"
            return (Row(f"∥ {shape.name}", kind, shape.place, (*_way_rows(shape.ways), *_tail_rows(shape))),)
        case EventChoice():
            return (Row(f"◈ {shape.name}", "first of", shape.place, _way_rows(shape.ways)),)
        case Multiple():
            return (_multiple_row(shape),)
        case Watching():
            alarms = tuple(map(_alarm_row, shape.alarms))
            below = (*_rows_or_none(shape.body), *alarms)
            return (Row(shape.name, kind_beside(shape.name, shape.kind), shape.place, below),)
        case Enclosure():
            name, kind = enclosure_words(shape.fence, shape.name)
            return (Row(name, kind, shape.place, _rows_or_none(shape.body)),)
        case Gate():
            other = Row("otherwise", "", NOWHERE, _rows_or_none(shape.otherwise))
            below = (*_rows_or_none(shape.body), other)
            return (Row(shape.milestone, "during milestone", shape.place, below),)
        case Assembly():
            below = (*_rows_or_none(shape.body), *map(_held_row, shape.meetings))
            return (Row(shape.name, kind_beside(shape.name, "gather"), shape.place, below),)
        case Undoable():
            return _undoable_rows(shape)
        case StateGraph():
            kind = ", ".join(machine_words(shape))
            return (Row(shape.name, kind, shape.place, tuple(map(_stage_row, shape.stages))),)


def _ways(choice: Choice) -> Rows:
    ways = tuple(Row(f"[{way.name}]", "", way.place, _rows_or_none(way.body)) for way in choice.ways)
    return (*ways, Row("[otherwise]", "", NOWHERE, (Row("fail NoArmMatched"),))) if choice.open_ended else ways


def _handled_rows(handled: Handled) -> Rows:
    body, found = handlers(handled)
    rows = [Row("try", "", NOWHERE, _rows_or_none(body))]
    for number, each in enumerate(found):
        words = handler_words(found[:number])
        rows.append(Row(f"on {each.error}", words, each.place, _rows_or_none(each.handler)))
    return tuple(rows)


def _cycle_rows(cycle: Cycle) -> Rows:
    back = (Row("and back", "", NOWHERE, rows_of(cycle.back)),) if cycle.back else ()
    earlier: Rows = ()
    if cycle.rounds > 1:
        rounds = "round 1" if cycle.rounds == 2 else f"rounds 1-{cycle.rounds - 1}"
        earlier = (Row(rounds, "", Place(state=State.DONE)),)
    place = cycle.place
    if cycle.rounds:
        note = f"round {cycle.rounds}" + (f", {place.note}" if place.note else "")
        place = attrs.evolve(place, note=note)
    kind = f"loop {cycle.until}" + (f", {CHECKPOINT}" if cycle.checkpoint else "")
    return (Row(f"↻ {cycle.name}", kind, place, (*earlier, *rows_of(cycle.body), *back)),)


def _way_rows(ways: Sequence[Way]) -> Rows:
    return tuple(Row(f"[{way.name}]", "if" if way.guarded else "", way.place, _rows_or_none(way.body)) for way in ways)


def _tail_rows(split: Split) -> Rows:
    if split.tail is None:
        return ()
    place = attrs.evolve(split.tail.place, note=split.runs)
    return (Row("each of them", "goes on", place, _rows_or_none(split.tail.body)),)


def _multiple_row(multiple: Multiple) -> Row:
    below: list[Row] = []
    for way in multiple.elements:
        rows = _rows_or_none(way.body)
        below.extend((Row(f"[{way.name}]", "", way.place, rows),) if way.name else rows)
    for side in multiple.sides:
        words = "adds elements" if side.name == "add" else "finishes it"
        below.append(Row(side.name, words, side.place, _rows_or_none(side.body)))
    kind = ", ".join(filter(None, ("for each", multiple.rule)))
    notes = ", ".join(filter(None, (multiple.counts, multiple.place.note)))
    return Row(f"||| {multiple.name}", kind, attrs.evolve(multiple.place, note=notes), tuple(below))


_ALARMS = {Watch.INTERRUPT: "interrupts", Watch.ALONGSIDE: "alongside", Watch.CANCEL: "when cancelled"}


def _alarm_row(alarm: Alarm) -> Row:
    place = alarm.place
    place = attrs.evolve(place, note=", ".join(filter(None, (place.note, runs_words(alarm)))))
    body = rows_of(alarm.body)
    label = alarm.name if alarm.watch is Watch.CANCEL else f"on {alarm.name}"
    return Row(label, _ALARMS[alarm.watch], place, (*rows_of(alarm.trigger), *body) or _NOTHING)


def _held_row(held: Held) -> Row:
    place = held.place
    if held.runs > 1:
        place = attrs.evolve(place, note=", ".join(filter(None, (f"run {held.runs}", place.note))))
    return Row(f"◆ {held.name}", f"meeting of {held.needs}", place, _rows_or_none(held.body))


def _undoable_rows(undoable: Undoable) -> Rows:
    """Return the rows of an action, with its undo below the last of them, or below one for all of them."""
    undo = Row("undo", "", undoable.undone, _rows_or_none(undoable.undo))
    rows = _rows_or_none(undoable.body)
    if len(rows) == 1:
        return (attrs.evolve(rows[0], below=(*rows[0].below, undo)),)
    return (Row("action", "", NOWHERE, (*rows, undo)),)


def _stage_row(stage: Stage) -> Row:
    place = stage.place
    if stage.visits > 1:
        place = attrs.evolve(place, note=", ".join(filter(None, (f"visit {stage.visits}", place.note))))
    to = f"to {', '.join(stage.to)}" if stage.to else ""
    ends = "ends" if stage.may_stop else ""
    kind = ", or ".join(filter(None, (to, ends)))
    return Row(f"[{stage.name}]", kind, place, rows_of(stage.body) if ends else _rows_or_none(stage.body))
