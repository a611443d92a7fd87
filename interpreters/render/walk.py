"""What does a workflow look like? One walk over its tree, which calls none of the user's functions.

A chain of any length is one flat body. Places are counted as a run counts them (`interpreters.machine.addresses`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

import attrs

from interpreters.render.blaming import blamed
from interpreters.render.collapse import collapsed
from interpreters.render.drawing import (
    ArriveStep,
    AttributesStep,
    Body,
    CheckStep,
    ChildStep,
    ComputeStep,
    DraftStep,
    Drawing,
    FailEnd,
    LeaveStep,
    OldStep,
    PublishStep,
    PureStep,
    QueryScope,
    RecordStep,
    SignalStep,
    Step,
    TaskStep,
    WaitStep,
)
from interpreters.render.passing import passed
from interpreters.render.progress import Progress, State
from interpreters.render.trail import Trail
from interpreters.render.undo_runs import shared_runs
from interpreters.render.walk_branches import visit_first_of, visit_for_each, visit_parallel
from interpreters.render.walk_control import (
    go_on,
    visit_branch,
    visit_checkpoint,
    visit_handle_error,
    visit_loop,
    visit_machine,
    visit_named,
    visit_recur,
    visit_recursive,
)
from interpreters.render.walk_scopes import (
    close_retrying,
    visit_critical,
    visit_during,
    visit_gathering,
    visit_hold,
    visit_in_region,
    visit_saga,
    visit_undoable,
    visit_watched,
)
from interpreters.render.walker import Walker
from interpreters.render.wording import (
    close_words,
    moment_words,
    policy_words,
    printable,
    retry_words,
    to_words,
    type_words,
    value_words,
)
from wio.names import name_of
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Arrive,
    Branch,
    Check,
    Checkpoint,
    Compute,
    Critical,
    Draft,
    During,
    Fail,
    FirstOf,
    FlatMap,
    ForEach,
    Gathering,
    HandleError,
    HandleSignal,
    Hold,
    InRegion,
    Leave,
    Loop,
    Machine,
    Named,
    OfferTask,
    Parallel,
    Publish,
    Pure,
    Record,
    Recovered,
    Recur,
    Recursive,
    Retrying,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    TransformOutput,
    Undoable,
    Wait,
    Watched,
    node_of,
)
from wio.workflow import Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")


def draw(program: WIO[A, E, B] | Workflow[A, E, B], *, progress: Progress | None = None, most: int = 200) -> Drawing:
    """Return the picture of a program, or of an instance of it when its progress is given.

    Of more than `most` shapes (at least 10) the first, the last and those around the active place are shown.
    """
    root = program.root if isinstance(program, Workflow) else program
    walker, body = _walked(root, progress)
    drawing = Drawing("", body, unplaced=walker.unplaced())
    if progress is not None:
        body = blamed(body) if progress.outcome.state is State.FAILED else body
        body = passed(body, progress.outcome.state is State.DONE)
        outcome = attrs.evolve(progress.outcome, note=printable(progress.outcome.note))
        drawing = attrs.evolve(drawing, body=body, outcome=outcome)
    drawing = collapsed(drawing, max(most, 10))
    if not isinstance(program, Workflow):
        return attrs.evolve(drawing, title=name_of_root(program))
    return attrs.evolve(
        drawing,
        title=f"{program.name} v{program.version}",
        input=type_words(program.input),
        description=printable(program.description),
    )


def _walked(root: WIO[Any, Any, Any], progress: Progress | None) -> tuple[Walker, Body]:
    trail = None if progress is None else Trail(progress)
    walker = Walker(trail, _visit)
    body = walker.walk(root)
    if progress is None or trail is None:
        return walker, body
    shared = shared_runs(walker.acted, trail)
    if not shared:
        return walker, body
    walker = Walker(Trail(progress), _visit, shared)
    return walker, walker.walk(root)


def name_of_root(program: WIO[Any, Any, Any]) -> str:
    """Return a title for a program that is not a workflow yet."""
    return program.name if isinstance(program, Named) else "program"


def _visit(walker: Walker, program: WIO[Any, Any, Any]) -> None:
    node = node_of(program)
    match node:
        case Pure(value):
            walker.add(PureStep(value_words(value)))
        case Fail(error):
            walker.add(FailEnd(value_words(error)))
        case Compute():
            if node.name:
                walker.add(ComputeStep(node.name, description=printable(node.description)))
        case Check(function):
            name = node.name or printable(name_of(function, "check"))
            walker.add(CheckStep(name, description=printable(node.description)))
        case RunIO() | HandleSignal() | Wait() | Draft() | Record() | SetAttributes() | Publish():
            _visit_step(walker, node)
        case OfferTask() | RunChild():
            _visit_step(walker, node)
        case Leave(region):
            walker.add(LeaveStep(region.name, region.name in walker.around.regions))
        case Arrive(meeting, party, comes):
            walker.add(ArriveStep(meeting.name, party, comes))
        case AndThen(first, second):
            walker.later(first, second)
        case FlatMap(base, continuation):
            walker.later(base, partial(go_on, walker, printable(name_of(continuation, "continuation"))))
        case TransformOutput(base):
            walker.later(base)
        case Branch():
            visit_branch(walker, node)
        case Loop():
            visit_loop(walker, node)
        case Machine():
            visit_machine(walker, node)
        case Recursive():
            visit_recursive(walker, node)
        case Recur():
            visit_recur(walker, node)
        case Retrying(base, retry, give_up):
            close = partial(close_retrying, walker, policy_words(retry, give_up))
            walker.later(*walker.inside(walker.counter, base), close)
        case HandleError():
            visit_handle_error(walker, node)
        case Answer(query, _, base):
            walker.later(*walker.inside(walker.counter, base), partial(_close_query, walker, query.name))
        case Named():
            visit_named(walker, node)
        case Parallel():
            visit_parallel(walker, node)
        case ForEach():
            visit_for_each(walker, node)
        case FirstOf():
            visit_first_of(walker, node)
        case Watched():
            visit_watched(walker, node)
        case InRegion():
            visit_in_region(walker, node)
        case Critical():
            visit_critical(walker, node)
        case Hold():
            visit_hold(walker, node)
        case During():
            visit_during(walker, node)
        case Gathering():
            visit_gathering(walker, node)
        case Undoable():
            visit_undoable(walker, node)
        case Saga():
            visit_saga(walker, node)
        case Checkpoint():
            visit_checkpoint(walker, node)
        case Recovered():
            place = walker.place(node.name, may_be_silent=True)
            walker.add(OldStep(node.name, place, printable(node.description)))


def _visit_step(
    walker: Walker,
    node: RunIO | HandleSignal | Wait | Draft | Record | SetAttributes | Publish | OfferTask | RunChild,
) -> None:
    name, place, description = node.name, walker.place(node.name), printable(node.description)
    match node:
        case RunIO():
            walker.add(Step(name, place, retry_words(node.retry), description, node.transactional))
        case HandleSignal(signal):
            walker.add(SignalStep(name, place, signal.name, description))
        case Wait(moment, timing):
            walker.add(WaitStep(name, place, moment_words(moment, timing), description))
        case Draft():
            walker.add(DraftStep(name, place, description))
        case Record(drawn):
            walker.add(RecordStep(name, place, drawn, description))
        case Publish(topic):
            walker.add(PublishStep(name, place, printable(topic), description))
        case SetAttributes(attributes):
            names = tuple(printable(attribute) for attribute, _ in attributes)
            walker.add(AttributesStep(name, place, names, description))
        case OfferTask(task):
            walker.add(TaskStep(name, place, task.name, task.version, to_words(node.to), description))
        case RunChild(workflow):
            close = close_words(node.on_close)
            walker.add(ChildStep(name, place, workflow.name, workflow.version, node.waits, close, description))


def _close_query(walker: Walker, name: str) -> None:
    (body,) = walker.take_closed(1)
    walker.add_nested(QueryScope(name, body))
