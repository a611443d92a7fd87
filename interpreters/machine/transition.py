"""What does an entry make of an execution? The one transition, for live runs, signals, replay and recovery alike.

    begin(workflow, input) -> Execution          the first entry
    apply(execution, entry) -> Execution         every other entry

There is no second way to move. An entry that fits no place raises `JournalMismatch`; it is never skipped.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

from msgspec.structs import replace

from interpreters.errors import InstanceExists, JournalMismatch
from interpreters.machine.addresses import Scope
from interpreters.machine.advance import advance
from interpreters.machine.branches import open_each
from interpreters.machine.elements import decoded_elements
from interpreters.machine.entries.attempts import count_attempt, retry_now, runs_effect
from interpreters.machine.entries.checkpoints import on_checkpoint, on_old, pass_over
from interpreters.machine.entries.children import on_child
from interpreters.machine.entries.ends import cancel, record_end
from interpreters.machine.entries.holding import WHILE_HELD, hold, let_go
from interpreters.machine.entries.moves import decoded, decoded_own, folded, label, mismatch, moved, stayed
from interpreters.machine.entries.signals import keep_signal, take_kept
from interpreters.machine.entries.tasks import on_task
from interpreters.machine.execution import (
    ALONE,
    NO_JOINTS,
    ROOT,
    Active,
    Attempts,
    Bond,
    ChildLink,
    Deadline,
    Execution,
    Parked,
    Standing,
    Strand,
    Unrecorded,
)
from interpreters.machine.locking import is_blocked
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.places import place_at, place_over
from interpreters.machine.questions import facts_of
from interpreters.machine.recorded import Parent, Paused, TimerSet
from interpreters.machine.trail import trailed
from interpreters.machine.watching import undo_again
from interpreters.machine.words import expectation
from journals.codecs import Codec, JsonCodec
from journals.entries import Entry, Kind
from wio.forms import drawn_form, event_form
from wio.nodes import (
    Checkpoint,
    ForEach,
    HandleSignal,
    Loop,
    Machine,
    OfferTask,
    Publish,
    Record,
    Recovered,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    Wait,
    node_of,
)
from wio.workflow import Workflow

A = TypeVar("A")

JSON: Codec = JsonCodec()

_START = "its start as entry 1"
_ENDS = frozenset({Kind.COMPLETED, Kind.FAILED, Kind.CANCELLED})
_NOWHERE: Map[Active | Parked] = Map()


def begin(
    workflow: Workflow[A, Any, Any],
    input: A,
    codec: Codec = JSON,
    observe: Observer | None = None,
    *,
    id: str = "",
    parent: Parent | None = None,
    recovering: bool = False,
) -> Execution:
    """Return the execution after its first entry. Raises `UserFunctionRaised` or `DraftReached`.

    The ids of children are made of `id`, the instance's own. For `recovering` see `Execution`.
    """
    facts = facts_of(workflow)
    trail = () if facts.records else None
    before = Execution(
        workflow, facts, codec, 0, _NOWHERE, NO_JOINTS, (), (), ALONE, (), None, (), id, parent, recovering, None, trail
    )
    moving = Moving(before, None, observe)
    moving.todo.append(Strand(node_of(workflow.root), input, None, Scope(), None, ROOT))
    advance(moving)
    return moving.moved()


def begin_from(
    workflow: Workflow[Any, Any, Any],
    started: Entry,
    codec: Codec = JSON,
    observe: Observer | None = None,
    *,
    id: str = "",
    recovering: bool = False,
) -> Execution:
    """Return the execution after a recorded first entry. Raises `JournalMismatch` or `WrongPayload`."""
    if started.kind is not Kind.STARTED or started.seq != 1 or started.address:
        raise JournalMismatch(label(workflow), started.seq, started.kind.value, started.address, _START)
    parent = None if started.response is None else _parent(codec, started)
    input = decoded(codec, started, workflow.input)
    return begin(workflow, input, codec, observe, id=id, parent=parent, recovering=recovering)


def no_start(workflow: Workflow[Any, Any, Any]) -> JournalMismatch:
    """Return the error that says that a journal is empty."""
    return JournalMismatch(label(workflow), 1, "nothing", "", _START)


def _parent(codec: Codec, started: Entry) -> Parent:
    return cast(Parent, decoded(codec, replace(started, payload=started.response), Parent))


def apply(execution: Execution, entry: Entry, observe: Observer | None = None) -> Execution:
    """Return the execution after one more entry.

    Raises `JournalMismatch` when the entry fits no place, `WrongPayload` when its payload cannot be decoded there,
    and `UserFunctionRaised` when a pure function raises. The given execution is unchanged and still good.
    """
    after = _applied(execution, entry, observe)
    if execution.trail is None or not (execution.trail or after.joints):
        return after
    return replace(after, trail=trailed(execution, after, entry))


def _applied(execution: Execution, entry: Entry, observe: Observer | None) -> Execution:
    if entry.seq != execution.seq + 1:
        raise mismatch(execution, entry, f"entry {execution.seq + 1} next")
    kind = entry.kind
    active = place_at(execution, entry.address)
    if active is None:
        skipping = place_over(execution, entry.address) if execution.recovering else None
        return _apply_to_whole(execution, entry, observe) if skipping is None else pass_over(execution, skipping, entry)
    node = active.node
    does_not_fit = (kind is Kind.RESUMED) is (active.problem is None) or active.gated
    if execution.held is not None and kind not in WHILE_HELD:
        raise mismatch(execution, entry, expectation(execution))
    if does_not_fit and not isinstance(node, Recovered):
        raise mismatch(execution, entry, expectation(execution))
    match kind:
        # The commonest entry by far comes first.
        case Kind.EVENT if isinstance(node, RunIO):
            event = decoded(execution.codec, entry, event_form(node))
            return moved(execution, active, *folded(node, active, event), observe)
        case Kind.EVENT if isinstance(node, Record):
            return moved(execution, active, decoded(execution.codec, entry, drawn_form(node)), None, observe)
        case Kind.PUBLISHED if isinstance(node, Publish):
            return moved(execution, active, active.value, None, observe)
        case Kind.ATTRIBUTES if isinstance(node, SetAttributes):
            return moved(execution, active, active.value, None, observe)
        case Kind.SIGNAL if isinstance(node, HandleSignal) and not is_blocked(execution, active):
            event = decoded(execution.codec, entry, event_form(node))
            return moved(execution, active, *folded(node, active, event), observe)
        case Kind.SIGNAL_TAKEN if isinstance(node, HandleSignal):
            return take_kept(execution, active, node, entry)
        case Kind.TIMER_SET | Kind.TIMER_FIRED if isinstance(node, Wait):
            return _time(execution, active, entry, observe)
        case Kind.ELEMENTS if isinstance(node, ForEach):
            return _open_each(execution, active, node, entry, observe)
        case Kind.ATTEMPT_FAILED | Kind.ATTEMPT_LOST if runs_effect(active):
            return count_attempt(execution, active, entry, observe)
        case Kind.RETRIED if runs_effect(active):
            return retry_now(execution, active, entry)
        case Kind.PAUSED | Kind.RESUMED if not isinstance(node, Recovered):
            return _pause_or_resume(execution, active, entry, observe)
        case _ if isinstance(node, OfferTask):
            return on_task(execution, active, node, entry, observe)
        case _ if isinstance(node, RunChild):
            return on_child(execution, active, node, entry, observe)
        case Kind.CHECKPOINT if isinstance(node, Checkpoint | Loop | Machine):
            return on_checkpoint(execution, active, node, entry, observe)
        case _ if isinstance(node, Recovered):
            return on_old(execution, active, node, entry, observe)
        case _:
            raise mismatch(execution, entry, expectation(execution))


def _apply_to_whole(execution: Execution, entry: Entry, observe: Observer | None) -> Execution:
    """Apply an entry that concerns no place: a signal to keep, a command to the whole instance, the end."""
    ended = execution.outcome
    if entry.kind is Kind.SIGNAL_KEPT:
        return keep_signal(execution, entry, observe)
    if entry.kind is Kind.CANCELLING and not entry.address and ended is None:
        return cancel(execution, observe)
    if entry.kind is Kind.PAUSED and not entry.address and ended is None and execution.held is None:
        return hold(execution, entry)
    if entry.kind is Kind.RESUMED and not entry.address and not (ended is not None and ended.recorded):
        return let_go(replace(execution, seq=entry.seq, touched=()))
    if entry.kind in _ENDS and ended is not None:
        return record_end(execution, ended, entry)
    raise mismatch(execution, entry, expectation(execution))


# Time and other things that are recorded


def _time(execution: Execution, active: Active, entry: Entry, observe: Observer | None) -> Execution:
    deadline = active.standing
    if not isinstance(deadline, Deadline) or (entry.kind is Kind.TIMER_SET) is not (deadline.due is None):
        raise mismatch(execution, entry, expectation(execution))
    if entry.kind is Kind.TIMER_SET:
        due = decoded_own(execution, entry, TimerSet).due
        return stayed(execution, replace(active, standing=Deadline(due)))
    return moved(execution, active, active.value, None, observe)


def _open_each(
    execution: Execution, active: Active, node: ForEach, entry: Entry, observe: Observer | None
) -> Execution:
    items = decoded_elements(execution, active, node, entry)
    moving = Moving(execution, active, observe)
    open_each(moving, node, active.address, active.value, active.scope, active.frames, active.home, items)
    advance(moving)
    return moving.moved()


def _pause_or_resume(execution: Execution, active: Active, entry: Entry, observe: Observer | None) -> Execution:
    if entry.kind is Kind.PAUSED:
        return stayed(execution, replace(active, problem=decoded_own(execution, entry, Paused).error))
    if isinstance(active.node, Saga):
        return _undo_again(execution, active, observe)
    return stayed(execution, replace(active, standing=_rested(active), problem=None))


def _rested(active: Active) -> Standing:
    """Return how a place stands after a resume: with a fresh retry policy, and a child under an id made anew."""
    standing, problem = active.standing, active.problem
    if isinstance(standing, Attempts):
        return Attempts(standing.ended)
    is_taken = problem is not None and problem.type == InstanceExists.__name__
    if is_taken and isinstance(standing, ChildLink) and standing.bond is Bond.STEP:
        return Unrecorded()
    return standing


def _undo_again(execution: Execution, active: Active, observe: Observer | None) -> Execution:
    moving = Moving(execution, active, observe)
    undo_again(moving, active)
    advance(moving)
    return moving.moved()
