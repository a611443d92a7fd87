"""What has an instance done so far? Its journal, replayed, as the progress that a picture shows.

Nothing is run: events come from the journal, and only the pure functions of the workflow are called again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace
from returns.result import Success

from interpreters.machine.children import step_of
from interpreters.machine.elements import decoded_elements
from interpreters.machine.entries.moves import folded
from interpreters.machine.execution import Active, Bond, Cancelled, ChildLink, Execution, Held, UndoFailed
from interpreters.machine.locking import blocker, joints_around
from interpreters.machine.pending import (
    ChildRunning,
    ChildToCancel,
    ChildToStart,
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
    ToRecord,
    pending,
)
from interpreters.machine.places import place_at, places
from interpreters.machine.recorded import AttemptFailed, ChildEnd, ChildEnded, Decided
from interpreters.machine.recording import told
from interpreters.machine.recovery import recover
from interpreters.machine.transition import JSON, apply
from interpreters.machine.trying import given_up_with, goes_on
from interpreters.render.progress import Continued, Elements, Happening, Mark, Progress, Reached, State, begun
from journals.codecs import Codec
from journals.entries import Entry, Kind
from wio.forms import event_form
from wio.nodes import WIO, Critical, During, FlatMap, ForEach, HandleSignal, RunChild, RunIO
from wio.workflow import Workflow

_MOST_CHARACTERS = 10_000
_LOST = frozenset({Kind.ATTEMPT_FAILED, Kind.ATTEMPT_LOST})
_ENDS = frozenset(
    {
        Kind.EVENT,
        Kind.SIGNAL,
        Kind.TIMER_FIRED,
        Kind.TASK_COMPLETED,
        Kind.TASK_FAILED,
        Kind.TASK_SKIPPED,
        Kind.CHILD_LEFT,
        Kind.CHILD_ENDED,
        Kind.CHECKPOINT,
        Kind.PUBLISHED,
        Kind.ATTRIBUTES,
    }
)


def progress(workflow: Workflow[Any, Any, Any], entries: Sequence[Entry], codec: Codec = JSON) -> Progress:
    """Return what the entries of an instance, in order from the first, say of every place in its workflow.

    Raises `JournalMismatch`, `WrongPayload` or `UserFunctionRaised` where the journal does not fit the workflow.
    """
    trace: list[Happening] = []

    def observe(dynamic: FlatMap | None, prefix: str, program: WIO[Any, Any, Any]) -> None:
        trace.append(begun(prefix, program) if dynamic is None else Continued(prefix, program))

    def applied(before: Execution, entry: Entry) -> Execution:
        earlier = len(trace)
        execution = apply(before, entry, observe)
        if entry.kind in _ENDS and entry.address == step_of(entry.address):
            trace.insert(earlier, _ended(before, entry))
        if entry.kind in _LOST and place_at(execution, entry.address) is None:
            trace.insert(earlier, _given_up(before, entry))
        if entry.kind is Kind.RESUMED and _failed_undo(before, entry):
            trace.insert(earlier, Reached(entry.address, State.FAILED))
        trace[earlier:earlier] = _elements(before, execution, entry)
        trace.extend(_withdrawn(before, execution, entry))
        return execution

    # Rounds that a recovery would leave out are shown as well, so it must not.
    execution = recover(workflow, entries, codec, jumps=False, observe=observe, applying=applied)
    waiting = pending(execution)
    standing = waiting if execution.held is None else pending(replace(execution, held=None))
    trace.extend(reached for each in standing if (reached := _present(each)) is not None)
    trace.extend(_held_up(execution))
    trace.extend(_left_behind(execution))
    return Progress(tuple(trace), _outcome(waiting))


def _elements(before: Execution, execution: Execution, entry: Entry) -> Iterator[Elements]:
    """Yield how many elements a for-each has, when an entry has begun it or has added one."""
    active = place_at(before, entry.address)
    if active is None:
        return
    if isinstance(active.node, ForEach):
        if entry.kind is Kind.ELEMENTS:
            yield Elements(entry.address, len(decoded_elements(before, active, active.node, entry)))
        return
    for joint, _ in joints_around(before.joints, active.home):
        now = execution.joints.find(joint.address)
        if isinstance(joint.node, ForEach) and now is not None and len(now.more.keys) > len(joint.more.keys):
            yield Elements(joint.address, len(now.more.keys))


def _held_up(execution: Execution) -> Iterator[Reached]:
    """Yield the places at which nothing can happen before another part frees them."""
    for active in places(execution):
        holder = blocker(execution.joints, execution.shared.locks, active.home)
        if holder is not None and isinstance(holder.node, Critical) and active.problem is None:
            yield Reached(active.address, State.WAITING, f"lock {holder.node.lock}")
    for _, joint in sorted(execution.joints.items()):
        if isinstance(joint.node, During) and joint.more == "waiting":
            yield Reached(joint.address, State.WAITING, f"milestone {joint.node.milestone}")
        for strand in joint.waiting:
            name = getattr(joint.node, "name", "")
            yield Reached(strand.scope.place(name)[0], State.WAITING, f"the rest of {joint.address}")


def _left_behind(execution: Execution) -> Iterator[Reached]:
    """Yield the steps whose children the instance still has to see to."""
    for active in places(execution):
        link, node = active.standing, active.node
        if isinstance(link, ChildLink) and isinstance(node, RunChild) and link.bond is not Bond.STEP:
            state = State.WITHDRAWN if node.waits else State.DONE
            if active.problem is None:
                yield Reached(link.step, state, f"child {_STILL[link.bond]}: {link.id}")


_STILL = {Bond.WATCH: "runs", Bond.CANCEL: "is cancelled", Bond.RELEASE: "is left alone"}


def _withdrawn(before: Execution, execution: Execution, entry: Entry) -> Iterator[Reached]:
    """Yield the places that were left without having ended."""
    for prefix in dict.fromkeys(execution.touched):
        was = before.threads.find(prefix)
        if isinstance(was, Active) and was.address != entry.address:
            now = execution.threads.find(prefix)
            if not (isinstance(now, Active) and now.address == was.address):
                yield Reached(was.address, State.WITHDRAWN)


def _ended(execution: Execution, entry: Entry) -> Reached:
    """Return what became of the active step: a failure when its handler makes one of the event."""
    active = place_at(execution, entry.address)
    if entry.kind is Kind.TASK_FAILED:
        return Reached(entry.address, State.FAILED)
    if active is not None and isinstance(active.standing, ChildLink):
        failed = entry.kind is Kind.CHILD_ENDED and _child_end(execution, entry) is not ChildEnd.COMPLETED
        return Reached(entry.address, State.FAILED if failed else State.DONE, f"child {active.standing.id}")
    if active is not None and isinstance(active.node, RunIO | HandleSignal) and entry.payload is not None:
        event = execution.codec.decode(entry.payload, event_form(active.node))
        _, failure = folded(active.node, active, event)
        if failure is not None:
            return Reached(entry.address, State.FAILED, _said(failure.failure()))
    return Reached(entry.address, State.DONE)


def _given_up(execution: Execution, entry: Entry) -> Reached:
    """Return what became of the step that an entry gives up: its failure is handled where a value takes its place."""
    active = place_at(execution, entry.address)
    failed = None if entry.payload is None else execution.codec.decode(entry.payload, AttemptFailed)
    assert active is not None
    assert isinstance(failed, AttemptFailed)
    handled = failed.decided is Decided.GIVE_UP and goes_on(execution.joints, active, given_up_with(failed))
    return Reached(entry.address, State.HANDLED if handled else State.FAILED, "given up")


def _failed_undo(execution: Execution, entry: Entry) -> bool:
    """Tell whether a resume begins an undo again, which has failed."""
    active = place_at(execution, entry.address)
    return active is not None and isinstance(active.standing, UndoFailed)


def _child_end(execution: Execution, entry: Entry) -> ChildEnd | None:
    ended = None if entry.payload is None else execution.codec.decode(entry.payload, ChildEnded)
    return ended.end if isinstance(ended, ChildEnded) else None


def _present(waiting: Pending) -> Reached | None:
    match waiting:
        case EffectToRun(address, _, _, _, attempt, not_before):
            if attempt == 1:
                return Reached(address, State.RUNNING)
            again = f", next {not_before:%Y-%m-%d %H:%M:%S} UTC" if not_before else ""
            return Reached(address, State.RETRYING, f"attempt {attempt}{again}")
        case SignalExpected(address, node):
            return Reached(address, State.WAITING, f"signal {node.signal.name}")
        case TimerRunning(address, due):
            return Reached(address, State.WAITING, f"until {due:%Y-%m-%d %H:%M:%S} UTC" if due else "")
        case TaskOffered(address, _, _, by):
            return Reached(address, State.WAITING, f"claimed by {by}" if by is not None else "offered")
        case ChildToStart(address, child) | ChildRunning(address, child) if address == child.step:
            return Reached(address, State.WAITING, f"child {child.id}")
        case ChildToStart() | ChildRunning() | ChildToCancel():
            return None
        case PausedAt(address, problem):
            return Reached(step_of(address), State.PAUSED, _said(problem))
        case ToRecord() | Held() | Outcome() | Stuck():
            return None


def _outcome(waiting: tuple[Pending, ...]) -> Mark:
    """Return the mark of the whole: its end, or what is most pressing in it."""
    marks = [_mark(each) for each in waiting]
    order = (State.PAUSED, State.RUNNING, State.RETRYING, State.WAITING)
    return next((mark for state in order for mark in marks if mark.state is state), marks[0])


def _mark(waiting: Pending) -> Mark:
    match waiting:
        case Outcome(result):
            if isinstance(result, Success):
                return Mark(State.DONE, _said(result.unwrap()))
            if isinstance(result.failure(), Cancelled):
                return Mark(State.CANCELLED)
            return Mark(State.FAILED, _said(told(result.failure())))
        case PausedAt():
            return Mark(State.PAUSED)
        case Held():
            return Mark(State.PAUSED, _said(waiting))
        case EffectToRun(attempt=1):
            return Mark(State.RUNNING)
        case EffectToRun():
            return Mark(State.RETRYING)
        case SignalExpected() | TimerRunning() | TaskOffered() | ChildToStart() | ChildRunning() | ChildToCancel():
            return Mark(State.WAITING)
        case ToRecord():
            return Mark(State.WAITING, "goes on when a process reads it")
        case Stuck(reason):
            return Mark(State.STUCK, _said(reason))


def _said(value: object) -> str:
    """Return a value as text; pictures cut it to what they have room for."""
    return f"{value}"[:_MOST_CHARACTERS]
