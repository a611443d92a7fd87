"""Which dots, lines and boxes does a drawing become? One case for each shape, those of one thread of control here."""

from __future__ import annotations

import attrs

from interpreters.render.drawing import (
    NOWHERE,
    AgainStep,
    ArriveStep,
    Assembly,
    AttributesStep,
    CheckStep,
    ChildStep,
    Choice,
    ComputeStep,
    Cycle,
    DraftStep,
    Drawing,
    Dynamic,
    Enclosure,
    EventChoice,
    FailEnd,
    Gate,
    Handled,
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
    StateGraph,
    Step,
    TaskStep,
    Undoable,
    WaitStep,
    Watching,
)
from interpreters.render.graph import Frame, Graph, Line, Look, first_dot
from interpreters.render.inside import handlers, was_reached
from interpreters.render.laying_joints import (
    lay_arrival,
    lay_assembly,
    lay_enclosure,
    lay_event_choice,
    lay_gate,
    lay_multiple,
    lay_split,
    lay_state_graph,
    lay_undoable,
    lay_watching,
)
from interpreters.render.progress import State
from interpreters.render.sheet import End, Ends, Sheet
from interpreters.render.wording import (
    CHECKPOINT,
    attributes_words,
    child_words,
    count_words,
    effect_words,
    handler_words,
    note_words,
)
from wio.nodes import LoopTest


def graph_of(drawing: Drawing) -> Graph:
    """Return the dots, boxes and edges of a drawing."""
    sheet = Sheet(_lay)
    is_instance = drawing.outcome is not None
    begun = Place(state=State.DONE) if is_instance else NOWHERE
    ends = sheet.body(drawing.body, sheet.dot((), Look.START, "", begun))
    if ends:
        is_over = drawing.outcome is not None and drawing.outcome.state is State.DONE
        sheet.dot(sheet.merged(ends), Look.FINISH, "", begun if is_over else NOWHERE)
    title = f"{drawing.title} ({drawing.input})" if drawing.input else drawing.title
    parts = () if drawing.outcome is None else (drawing.outcome.state.value, note_words(drawing.outcome.note))
    outcome = ": ".join(part for part in parts if part)
    return Graph(title, outcome, drawing.description, is_instance, tuple(sheet.inside), tuple(sheet.edges))


def _lay(sheet: Sheet, shape: Shape, ends: Ends) -> Ends:
    match shape:
        case QueryScope():
            return sheet.framed(Frame.QUERY, f"query {shape.query}", shape.body, ends)[0]
        case Part():
            return sheet.framed(Frame.PART, shape.name, shape.body, ends, shape.place, (), shape.description)[0]
        case Handled():
            return _lay_handled(sheet, shape, ends)
        case Cycle():
            return _lay_cycle(sheet, shape, ends)
        case Watching():
            return lay_watching(sheet, shape, ends)
        case Enclosure():
            return lay_enclosure(sheet, shape, ends)
        case Multiple():
            return lay_multiple(sheet, shape, ends)
        case Gate():
            return lay_gate(sheet, shape, ends)
        case Assembly():
            return lay_assembly(sheet, shape, ends)
        case ArriveStep():
            return lay_arrival(sheet, shape, sheet.merged(ends))
        case Undoable():
            return lay_undoable(sheet, shape, ends)
        case StateGraph():
            return lay_state_graph(sheet, shape, ends)
        case Choice():
            return _lay_choice(sheet, shape, sheet.merged(ends))
        case Split():
            return lay_split(sheet, shape, sheet.merged(ends))
        case EventChoice():
            return lay_event_choice(sheet, shape, sheet.merged(ends))
        case Dynamic():
            ends = sheet.unlabelled(sheet.merged(ends))
            named = tuple(attrs.evolve(end, label=shape.function, line=Line.DYNAMIC) for end in ends)
            return named if shape.expanded else sheet.dot(named, Look.DYNAMIC, "decided at run time", shape.place)
        case FailEnd():
            sheet.dot(sheet.merged(ends), Look.FAILURE, f"fail {shape.error}", shape.place)
            return ()
        case LeaveStep():
            left = sheet.dot(sheet.merged(ends), Look.LEAVE, f"leave {shape.region}", shape.place)
            return () if shape.inside else left
        case _:
            return _lay_step(sheet, shape, sheet.merged(ends))


def _lay_step(
    sheet: Sheet,
    shape: Step
    | SignalStep
    | WaitStep
    | DraftStep
    | RecordStep
    | PublishStep
    | AttributesStep
    | OldStep
    | TaskStep
    | ChildStep
    | AgainStep
    | ComputeStep
    | CheckStep
    | PureStep
    | More,
    ends: Ends,
) -> Ends:
    match shape:
        case Step():
            words = effect_words(shape.retry, shape.transactional)
            return sheet.dot(ends, Look.EFFECT, shape.name, shape.place, (words,), shape.description)
        case SignalStep():
            detail = "signal" if shape.signal == shape.name else f"signal {shape.signal}"
            return sheet.dot(ends, Look.SIGNAL, shape.name, shape.place, (detail,), shape.description)
        case WaitStep():
            return sheet.dot(ends, Look.TIMER, shape.name, shape.place, (shape.moment,), shape.description)
        case DraftStep():
            return sheet.dot(ends, Look.DRAFT, shape.name, shape.place, ("draft",), shape.description)
        case RecordStep():
            detail = "" if shape.drawn.value == shape.name else shape.drawn.value
            return sheet.dot(ends, Look.RECORD, shape.name, shape.place, (detail,), shape.description)
        case PublishStep():
            return sheet.dot(ends, Look.RECORD, shape.name, shape.place, (f"topic {shape.topic}",), shape.description)
        case AttributesStep():
            sets = attributes_words(shape.attributes)
            return sheet.dot(ends, Look.RECORD, shape.name, shape.place, (sets,), shape.description)
        case OldStep():
            return sheet.dot(ends, Look.RECORD, shape.name, shape.place, ("of an older version",), shape.description)
        case TaskStep():
            details = (f"task {shape.task} v{shape.version}", f"to {shape.to}" if shape.to else "")
            return sheet.dot(ends, Look.TASK, shape.name, shape.place, details, shape.description)
        case ChildStep():
            details = (child_words(shape.workflow, shape.version, shape.waits), shape.close)
            return sheet.dot(ends, Look.CHILD, shape.name, shape.place, details, shape.description)
        case AgainStep():
            return sheet.dot(ends, Look.AGAIN, shape.name, shape.place, ("again",))
        case ComputeStep():
            return sheet.dot(ends, Look.COMPUTE, shape.name, shape.place, (), shape.description)
        case CheckStep():
            return sheet.dot(ends, Look.CHECK, shape.name, shape.place, (), shape.description)
        case PureStep():
            return sheet.dot(ends, Look.VALUE, f"pure {shape.value}", shape.place)
        case More():
            return sheet.dot(ends, Look.MORE, count_words(shape.steps), shape.place)


def _lay_choice(sheet: Sheet, choice: Choice, ends: Ends) -> Ends:
    ends = sheet.dot(ends, Look.CHOICE, choice.name, choice.place, (), choice.description)
    left: list[End] = []
    for way in choice.ways:
        start = tuple(attrs.evolve(end, label=way.name, open=way.place.state is State.DONE) for end in ends)
        left.extend(sheet.body(way.body, start))
    if choice.open_ended:
        start = tuple(attrs.evolve(end, label="otherwise", open=False) for end in ends)
        sheet.dot(start, Look.FAILURE, "fail NoArmMatched")
    return tuple(left)


def _lay_cycle(sheet: Sheet, cycle: Cycle, ends: Ends) -> Ends:
    place = cycle.place
    is_over = place.state is State.DONE
    details = (cycle.until, CHECKPOINT if cycle.checkpoint else "", f"round {cycle.rounds}" if cycle.rounds else "")
    if cycle.test is LoopTest.BEFORE:
        place = attrs.evolve(place, state=State.DONE) if place.at else place
        (test,) = top = sheet.dot(sheet.merged(ends), Look.LOOP, cycle.name, place, details, cycle.description)
        begun = attrs.evolve(test, label="repeat", open=cycle.rounds > 0)
        going_back = sheet.body(cycle.body, (begun,))
    else:
        top = sheet.dot(ends, Look.MERGE, "", Place(state=State.DONE if place.at else State.NOT_REACHED))
        goes_back = cycle.rounds > 1 or any(map(was_reached, cycle.back))
        tested = State.DONE if is_over or goes_back else State.NOT_REACHED
        ends = sheet.merged(sheet.body(cycle.body, top))
        place = attrs.evolve(place, state=tested)
        (test,) = sheet.dot(ends, Look.LOOP, cycle.name, place, details, cycle.description)
        repeat = attrs.evolve(test, label="repeat", line=Line.BACK, open=goes_back)
        going_back = sheet.body(cycle.back, (repeat,))
    for end in sheet.merged(going_back):
        sheet.join(attrs.evolve(end, line=Line.BACK), top[0].tail)
    return (attrs.evolve(test, label="done", open=is_over),)


def _lay_handled(sheet: Sheet, handled: Handled, ends: Ends) -> Ends:
    body, found = handlers(handled)
    ends, box = sheet.framed(Frame.TRY, "", body, ends)
    left = list(ends)
    for number, each in enumerate(found):
        went = bool(each.place.at)
        leave = End(first_dot(box).id, "", Line.ERROR, went, box.id)
        words = handler_words(found[:number])
        details = () if words == "handler" else (words,)
        (caught,) = sheet.dot((leave,), Look.CATCH, f"on {each.error}", each.place, details)
        left.extend(sheet.body(each.handler, (attrs.evolve(caught, line=Line.ERROR, open=went),)))
    return tuple(left)
