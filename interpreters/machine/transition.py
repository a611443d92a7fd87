"""What does an entry make of an execution? The one transition, for live runs, signals, replay and recovery alike.

    begin(workflow, input) -> Execution          the first entry
    apply(execution, entry) -> Execution         every other entry

There is no second way to move. An entry that fits no place raises `JournalMismatch`; it is never skipped.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import attrs
from msgspec.structs import replace
from returns.result import Failure, Success

from interpreters.errors import JournalMismatch, WrongPayload
from interpreters.machine.addresses import Scope
from interpreters.machine.advance import advance, leave_checkpoint, walk
from interpreters.machine.branches import open_each
from interpreters.machine.calling import call
from interpreters.machine.checkpoints import Checkpointed, forget_inside, form_of, part_of
from interpreters.machine.children import close_child, leave_child
from interpreters.machine.elements import decoded_elements
from interpreters.machine.execution import (
    ALONE,
    CANCELLED,
    NO_JOINTS,
    ROOT,
    Active,
    Ahead,
    AttemptFailed,
    AttemptLost,
    Attempts,
    Bond,
    Cancelled,
    ChildEnd,
    ChildEnded,
    ChildLink,
    ChildStarted,
    Claim,
    Deadline,
    Decided,
    Ended,
    Execution,
    GaveUp,
    Halt,
    Kept,
    Offer,
    Onward,
    Parent,
    Parked,
    Paused,
    Strand,
    Taken,
    TimerSet,
    Unread,
)
from interpreters.machine.joints import begin_work
from interpreters.machine.latest import latest_in
from interpreters.machine.locking import gate, is_blocked
from interpreters.machine.mailbox import give_back, without
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.places import passes_over, place_at, place_over
from interpreters.machine.questions import facts_of
from interpreters.machine.trying import given_up_with, gives_up
from interpreters.machine.withdrawing import withdraw, withdraw_drain
from interpreters.machine.words import expectation
from journals.codecs import Codec, CodecError, JsonCodec
from journals.entries import Entry, Kind, Payload
from wio.forms import drawn_form, event_form
from wio.nodes import (
    Checkpoint,
    ForEach,
    HandleSignal,
    Loop,
    Machine,
    OfferTask,
    Record,
    Recovered,
    RunChild,
    RunIO,
    Wait,
    node_of,
)
from wio.retries import GivenUp
from wio.workflow import Workflow

A = TypeVar("A")
T = TypeVar("T")

JSON: Codec = JsonCodec()
MAILBOX = "mailbox:"
"""Starts the address of a signal that was kept; the signal's name follows."""

_START = "its start as entry 1"
_EVENT = Kind.EVENT
_ENDS = frozenset({Kind.COMPLETED, Kind.FAILED, Kind.CANCELLED})
_NOWHERE: Map[Active | Parked] = Map()
_UNREAD = Unread()


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
    before = Execution(workflow, codec, 0, _NOWHERE, NO_JOINTS, (), (), ALONE, (), None, (), id, parent, recovering)
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
        raise JournalMismatch(_label(workflow), started.seq, started.kind.value, started.address, _START)
    parent = None if started.response is None else _parent(codec, started)
    input = _decoded(codec, started, workflow.input)
    return begin(workflow, input, codec, observe, id=id, parent=parent, recovering=recovering)


def no_start(workflow: Workflow[Any, Any, Any]) -> JournalMismatch:
    """Return the error that says that a journal is empty."""
    return JournalMismatch(_label(workflow), 1, "nothing", "", _START)


def _parent(codec: Codec, started: Entry) -> Parent:
    return cast(Parent, _decoded(codec, attrs.evolve(started, payload=started.response), Parent))


def apply(execution: Execution, entry: Entry, observe: Observer | None = None) -> Execution:
    """Return the execution after one more entry.

    Raises `JournalMismatch` when the entry fits no place, `WrongPayload` when its payload cannot be decoded there,
    and `UserFunctionRaised` when a pure function raises. The given execution is unchanged and still good.
    """
    if entry.seq != execution.seq + 1:
        raise mismatch(execution, entry, f"entry {execution.seq + 1} next")
    kind = entry.kind
    active = place_at(execution, entry.address)
    if active is None:
        skipping = place_over(execution, entry.address) if execution.recovering else None
        return (
            _apply_to_whole(execution, entry, observe) if skipping is None else _pass_over(execution, skipping, entry)
        )
    node = active.node
    does_not_fit = (kind is Kind.RESUMED) is (active.problem is None) or active.gated
    if does_not_fit and not isinstance(node, Recovered):
        raise mismatch(execution, entry, expectation(execution))
    match kind:
        # The commonest entry by far comes first.
        case Kind.EVENT if isinstance(node, RunIO):
            event = _decoded(execution.codec, entry, event_form(node))
            return _moved(execution, active, *folded(node, active, event), observe)
        case Kind.EVENT if isinstance(node, Record):
            return _moved(execution, active, _decoded(execution.codec, entry, drawn_form(node)), None, observe)
        case Kind.SIGNAL if isinstance(node, HandleSignal) and not is_blocked(execution, active):
            event = _decoded(execution.codec, entry, event_form(node))
            return _moved(execution, active, *folded(node, active, event), observe)
        case Kind.SIGNAL_TAKEN if isinstance(node, HandleSignal):
            return _take_kept(execution, active, node, entry)
        case Kind.TIMER_SET | Kind.TIMER_FIRED if isinstance(node, Wait):
            return _time(execution, active, entry, observe)
        case Kind.ELEMENTS if isinstance(node, ForEach):
            return _open_each(execution, active, node, entry, observe)
        case Kind.ATTEMPT_FAILED | Kind.ATTEMPT_LOST if runs_effect(active):
            return _count_attempt(execution, active, entry, observe)
        case Kind.PAUSED | Kind.RESUMED if not isinstance(node, Recovered):
            return _pause_or_resume(execution, active, entry)
        case _ if isinstance(node, OfferTask):
            return _on_task(execution, active, node, entry, observe)
        case _ if isinstance(node, RunChild):
            return _on_child(execution, active, node, entry, observe)
        case Kind.CHECKPOINT if isinstance(node, Checkpoint | Loop | Machine):
            return _on_checkpoint(execution, active, node, entry, observe)
        case _ if isinstance(node, Recovered):
            return _on_old(execution, active, node, entry, observe)
        case _:
            raise mismatch(execution, entry, expectation(execution))


def _apply_to_whole(execution: Execution, entry: Entry, observe: Observer | None) -> Execution:
    """Apply an entry that concerns no place: a signal to keep, a cancel, the end."""
    ended = execution.outcome
    if entry.kind is Kind.SIGNAL_KEPT:
        return _keep_signal(execution, entry, observe)
    if entry.kind is Kind.CANCELLING and not entry.address and ended is None:
        return _cancel(execution, observe)
    if entry.kind in _ENDS and ended is not None:
        return _record_end(execution, ended, entry)
    raise mismatch(execution, entry, expectation(execution))


def mismatch(execution: Execution, entry: Entry, expected: str) -> JournalMismatch:
    """Return the error that says that an entry does not fit."""
    return JournalMismatch(_label(execution.workflow), entry.seq, entry.kind.value, entry.address, expected)


def _label(workflow: Workflow[Any, Any, Any]) -> str:
    return f"workflow {workflow.name!r} version {workflow.version}"


def _decoded(codec: Codec, entry: Entry, form: object | None) -> Any:
    if entry.payload is None:
        raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", "It has no payload.")
    try:
        return codec.decode(entry.payload, form)
    except CodecError as error:
        raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", str(error)) from error


def _decoded_own(execution: Execution, entry: Entry, form: type[T]) -> T:
    """Decode what the machine itself wrote. Anything else is an entry of another kind, so it does not fit."""
    try:
        return cast(T, _decoded(execution.codec, entry, form))
    except WrongPayload as error:
        raise mismatch(execution, entry, expectation(execution)) from error


def _moved(
    execution: Execution, active: Active, value: Any, failure: Failure[Any] | None, observe: Observer | None
) -> Execution:
    """Return the execution in which a step has ended with a value, or with a failure, and its thread has gone on."""
    return _gone_on(Moving(execution, active, observe), active, value, failure)


def _gone_on(moving: Moving, active: Active, value: Any, failure: Failure[Any] | None) -> Execution:
    home = active.home
    if home.joint is not None:
        begin_work(moving, home)
    walk(moving, None, value, failure, active.scope, active.frames, home)
    if moving.todo or moving.over or moving.loose:
        advance(moving)
    return moving.moved()


def _stayed(execution: Execution, active: Active) -> Execution:
    prefix = active.home.prefix
    threads = execution.threads.with_(prefix, active)
    return replace(execution, seq=execution.seq + 1, threads=threads, touched=(prefix,))


def folded(node: RunIO | HandleSignal, active: Active, event: Any) -> tuple[Any, Failure[Any] | None]:
    """Return what the handler of a step makes of its event: the output, or the present value and the failure."""
    if node.handler is None:
        return event, None
    return outcome_of(call(node.handler, active.address, active.value, event), active.value)


def outcome_of(folded: Any, value: Any) -> tuple[Any, Failure[Any] | None]:
    """Return what a handler has returned as an output, or as the present value and a failure."""
    # The classes are final, and isinstance is slow for them: their metaclass is that of abstract classes.
    if folded.__class__ is Failure:
        return value, folded
    return (folded.unwrap() if folded.__class__ is Success else folded), None


# Signals


def _keep_signal(execution: Execution, entry: Entry, observe: Observer | None) -> Execution:
    """Keep a signal that came early. A place that waits for it takes it with an entry of its own."""
    to_mailbox = entry.address.startswith(MAILBOX) and entry.payload is not None
    ended = execution.outcome is not None
    if ended or not to_mailbox or not _is_known(execution, entry.address.removeprefix(MAILBOX)):
        raise mismatch(execution, entry, expectation(execution))
    moving = Moving(execution, None, observe)
    give_back(moving, kept_of(entry))
    advance(moving)
    return moving.moved()


def _is_known(execution: Execution, signal: str) -> bool:
    """Tell whether a signal may have been kept: for a step that there is, or that an older version had."""
    facts = facts_of(execution.workflow)
    return facts.may_take(signal) or facts.takes_old or passes_over(execution)


def _take_kept(execution: Execution, active: Active, node: HandleSignal, entry: Entry) -> Execution:
    """Let a place handle a signal that was kept: from then on it has its locks, as one has whose effect starts."""
    seq = _decoded_own(execution, entry, Taken).seq
    kept = next((each for each in execution.mailbox if each.seq == seq and each.signal == node.signal.name), None)
    if kept is None or active.kept is not None or is_blocked(execution, active):
        raise mismatch(execution, entry, expectation(execution))
    moving = Moving(execution, active)
    moving.mailbox = without(moving.mailbox, seq)
    moving.put(gate(moving, replace(active, kept=kept)))
    return moving.moved()


def kept_of(entry: Entry) -> Kept:
    """Return the signal that an entry has kept."""
    return Kept(entry.seq, entry.address.removeprefix(MAILBOX), cast(Payload, entry.payload), entry.key)


# Attempts


def runs_effect(active: Active) -> bool:
    """Tell whether an attempt can be under way: that of a signal which comes now is its sender's affair."""
    return isinstance(active.node, RunIO) or (isinstance(active.node, HandleSignal) and active.kept is not None)


def _count_attempt(execution: Execution, active: Active, entry: Entry, observe: Observer | None) -> Execution:
    attempts = active.standing
    assert isinstance(attempts, Attempts)
    ended = attempts.ended + 1
    form: type[AttemptLost | AttemptFailed] = AttemptLost if entry.kind is Kind.ATTEMPT_LOST else AttemptFailed
    ending = _decoded_own(execution, entry, form)
    if ending.attempt != ended:
        raise mismatch(execution, entry, f"the end of attempt {ended} at {active.address!r}")
    if isinstance(ending, AttemptLost):
        return _stayed(execution, replace(active, standing=attrs.evolve(attempts, ended=ended)))
    given_up = GaveUp(given_up_with(ending))
    match ending.decided:
        case Decided.FAIL:
            return _fail(execution, active, given_up, observe)
        case Decided.GIVE_UP:
            if not gives_up(execution.joints, active):
                raise mismatch(execution, entry, expectation(execution))
            return _moved(execution, active, active.value, Failure(given_up), observe)
        case Decided.RETRY | Decided.PAUSE:
            counted = Attempts(ended, attempts.failed + 1, ending.retry_at, ending.until)
            problem = ending.error if ending.retry_at is None else None
            return _stayed(execution, replace(active, standing=counted, problem=problem))


def _fail(execution: Execution, active: Active, given_up: GaveUp, observe: Observer | None) -> Execution:
    """Withdraw everything, as a cancel does, and let the instance end as failed."""
    moving = Moving(execution, active, observe)
    moving.share(failing=given_up)
    _withdraw_all(moving, execution)
    if moving.threads.find(active.home.prefix) is active:  # it belongs to an undo, or to the handler of a cancel
        walk(moving, None, active.value, CANCELLED, active.scope, active.frames, active.home)
    advance(moving)
    return moving.moved()


# Time and other things that are recorded


def _time(execution: Execution, active: Active, entry: Entry, observe: Observer | None) -> Execution:
    deadline = active.standing
    if not isinstance(deadline, Deadline) or (entry.kind is Kind.TIMER_SET) is not (deadline.due is None):
        raise mismatch(execution, entry, expectation(execution))
    if entry.kind is Kind.TIMER_SET:
        due = _decoded_own(execution, entry, TimerSet).due
        return _stayed(execution, replace(active, standing=Deadline(due)))
    return _moved(execution, active, active.value, None, observe)


def _open_each(
    execution: Execution, active: Active, node: ForEach, entry: Entry, observe: Observer | None
) -> Execution:
    items = decoded_elements(execution, active, node, entry)
    moving = Moving(execution, active, observe)
    open_each(moving, node, active.address, active.value, active.scope, active.frames, active.home, items)
    advance(moving)
    return moving.moved()


# Tasks


def _on_task(
    execution: Execution, active: Active, node: OfferTask, entry: Entry, observe: Observer | None
) -> Execution:
    """Return the execution after one event in the life of a task, as far as it is at that point."""
    offer = active.standing
    assert isinstance(offer, Offer)
    kind = entry.kind
    if kind is Kind.TASK_OFFERED and offer.sent is None and entry.payload is not None:
        return _stayed(execution, replace(active, standing=Offer(entry.payload, entry.response)))
    if offer.sent is None or is_blocked(execution, active):
        raise mismatch(execution, entry, expectation(execution))
    is_claimed = offer.by is not None
    if kind is Kind.TASK_CLAIMED and not is_claimed:
        by = _decoded_own(execution, entry, Claim).by
        moving = Moving(execution, active, observe)
        begin_work(moving, active.home)
        moving.put(replace(active, standing=attrs.evolve(offer, by=by)))
        advance(moving)
        return moving.moved()
    if kind is Kind.TASK_STARTED and is_claimed and not offer.started:
        return _stayed(execution, replace(active, standing=attrs.evolve(offer, started=True)))
    if kind is Kind.TASK_HEARTBEAT and is_claimed:
        return _stayed(execution, active)
    if kind is Kind.TASK_RELEASED and is_claimed:
        return _stayed(execution, replace(active, standing=attrs.evolve(offer, by=None, started=False)))
    if kind is Kind.TASK_DELEGATED:
        return _stayed(execution, replace(active, standing=Offer(offer.sent, entry.payload)))
    if (kind is Kind.TASK_COMPLETED and is_claimed) or kind is Kind.TASK_SKIPPED:
        output = _decoded(execution.codec, entry, node.task.output)
        result = output if node.handler is None else call(node.handler, active.address, active.value, output)
        return _moved(execution, active, *outcome_of(result, active.value), observe)
    if kind is Kind.TASK_FAILED and is_claimed and node.task.error is not None:
        error = _decoded(execution.codec, entry, node.task.error)
        return _moved(execution, active, active.value, Failure(error), observe)
    raise mismatch(execution, entry, expectation(execution))


# Children


def _on_child(
    execution: Execution, active: Active, node: RunChild, entry: Entry, observe: Observer | None
) -> Execution:
    """Return the execution after one event in the life of a child, as far as it is at that point."""
    link, kind = active.standing, entry.kind
    if not isinstance(link, ChildLink):
        if kind is not Kind.CHILD_STARTED or entry.response is None:
            raise mismatch(execution, entry, expectation(execution))
        started = _decoded_own(execution, entry, ChildStarted)
        link = ChildLink(started.id, started.workflow, started.version, entry.response, active.address)
        return _stayed(execution, replace(active, standing=link))
    awaits_end = node.waits if link.bond is Bond.STEP else link.bond is Bond.WATCH
    if kind is not (Kind.CHILD_ENDED if awaits_end else Kind.CHILD_LEFT):
        raise mismatch(execution, entry, expectation(execution))
    moving = Moving(execution, active, observe)
    if link.bond is not Bond.STEP:
        close_child(moving, active)
        return moving.moved()
    if not awaits_end:
        leave_child(moving, active, node, link)
        return _gone_on(moving, active, active.value, None)
    return _gone_on(moving, active, *_child_outcome(execution, active, node, entry))


def _child_outcome(
    execution: Execution, active: Active, node: RunChild, entry: Entry
) -> tuple[Any, Failure[Any] | None]:
    ended = _decoded_own(execution, entry, ChildEnded)
    match ended.end:
        case ChildEnd.COMPLETED:
            return _decoded(execution.codec, attrs.evolve(entry, payload=entry.response), node.result), None
        case ChildEnd.FAILED if node.error is not None:
            error = _decoded(execution.codec, attrs.evolve(entry, payload=entry.response), node.error)
            return active.value, Failure(error)
        case ChildEnd.CANCELLED | ChildEnd.GIVEN_UP if gives_up(execution.joints, active):
            given_up = GivenUp("ChildWithoutResult", f"Child {ended.id!r} {ended.end.value}.", 1)
            return active.value, Failure(GaveUp(given_up))
        case _:
            raise mismatch(execution, entry, expectation(execution))


# Checkpoints, and what older versions have recorded


def _on_checkpoint(
    execution: Execution, active: Active, node: Checkpointed, entry: Entry, observe: Observer | None
) -> Execution:
    """Go on with a recorded value, whether all that led to it has been applied or was passed over."""
    value = _decoded(execution.codec, entry, form_of(node))
    onward = onward_of(execution, entry)
    if isinstance(node, Machine) and all(state.name != onward.state for state in node.states):
        raise mismatch(execution, entry, f"state {onward.state!r} in {part_of(active)!r}, which has no such state")
    moving = Moving(execution, active, observe)
    if isinstance(active.standing, Ahead) and not passes_over(execution, but=active):
        moving.mailbox = tuple(kept for kept in moving.mailbox if kept.seq in onward.kept)
    forget_inside(moving, part_of(active))
    if active.home.joint is not None:
        begin_work(moving, active.home)
    following = leave_checkpoint(moving, node, active.address, value, onward, active.scope, active.frames)
    walk(moving, *following, active.home)
    advance(moving)
    return moving.moved()


def onward_of(execution: Execution, entry: Entry) -> Onward:
    """Return what is recorded beside the value of a checkpoint."""
    if entry.response is None:
        return Onward()
    return _decoded_own(execution, attrs.evolve(entry, payload=entry.response), Onward)


_FOLDED = frozenset(
    {Kind.EVENT, Kind.SIGNAL, Kind.TIMER_FIRED, Kind.TASK_COMPLETED, Kind.TASK_SKIPPED, Kind.CHECKPOINT}
)
_BESIDE = frozenset(
    {
        Kind.SIGNAL_TAKEN,
        Kind.ATTEMPT_FAILED,
        Kind.ATTEMPT_LOST,
        Kind.TIMER_SET,
        Kind.TASK_OFFERED,
        Kind.TASK_CLAIMED,
        Kind.TASK_STARTED,
        Kind.TASK_HEARTBEAT,
        Kind.TASK_RELEASED,
        Kind.TASK_DELEGATED,
        Kind.PAUSED,
        Kind.RESUMED,
    }
)


def _on_old(execution: Execution, active: Active, node: Recovered, entry: Entry, observe: Observer | None) -> Execution:
    """Fold what an older version has recorded; what it recorded before that at the same place is passed over."""
    if entry.kind in _FOLDED:
        event = None if entry.payload is None else _decoded(execution.codec, entry, node.event)
        value: Any = call(node.handler, active.address, active.value, event)
        return _moved(execution, active, value, None, observe)
    if entry.kind in _BESIDE:
        stayed = _stayed(execution, replace(active, standing=_UNREAD))
        mailbox = stayed.mailbox
        if entry.kind is Kind.SIGNAL_TAKEN:
            mailbox = without(mailbox, _decoded_own(execution, entry, Taken).seq)
        return replace(stayed, mailbox=mailbox, halt=Halt(active.home.prefix))
    raise mismatch(execution, entry, expectation(execution))


_BEGINNING = _FOLDED | {Kind.TASK_CLAIMED, Kind.TASK_FAILED, Kind.CHILD_LEFT, Kind.CHILD_ENDED}


def _pass_over(execution: Execution, skipping: Active, entry: Entry) -> Execution:
    """Pass over an entry inside a part whose checkpoint comes later: it tells no more than that something began."""
    moving = Moving(execution)
    if skipping.home.joint is not None and (entry.kind in _BEGINNING or _gives_up(execution, entry)):
        begin_work(moving, skipping.home)
        advance(moving)
    return moving.moved()


def _gives_up(execution: Execution, entry: Entry) -> bool:
    if entry.kind is not Kind.ATTEMPT_FAILED:
        return False
    return _decoded_own(execution, entry, AttemptFailed).decided is Decided.GIVE_UP


# The whole


def _pause_or_resume(execution: Execution, active: Active, entry: Entry) -> Execution:
    if entry.kind is Kind.PAUSED:
        return _stayed(execution, replace(active, problem=_decoded_own(execution, entry, Paused).error))
    standing = active.standing
    rested = Attempts(standing.ended) if isinstance(standing, Attempts) else standing
    return _stayed(execution, replace(active, standing=rested, problem=None))


def _cancel(execution: Execution, observe: Observer | None) -> Execution:
    """Withdraw everything; what has to be undone is undone first."""
    moving = Moving(execution, None, observe)
    _withdraw_all(moving, execution)
    advance(moving)
    return moving.moved()


def _withdraw_all(moving: Moving, execution: Execution) -> None:
    state = latest_in(execution.threads, execution.joints, ROOT.prefix)
    drains, moving.drains = moving.drains, ()
    for address in drains:
        withdraw_drain(moving, address)
    if not withdraw(moving, ROOT.prefix):
        failing = moving.shared.failing
        before = None if execution.ended is None else execution.ended.state
        moving.ended = Ended(CANCELLED if failing is None else Failure(failing), before if state is None else state[0])


def end_kind(ended: Ended) -> Kind:
    """Return the kind of the entry that records the end of an instance."""
    if isinstance(ended.outcome, Success):
        return Kind.COMPLETED
    return Kind.CANCELLED if isinstance(ended.outcome.failure(), Cancelled) else Kind.FAILED


def _record_end(execution: Execution, ended: Ended, entry: Entry) -> Execution:
    if ended.recorded or entry.kind is not end_kind(ended) or entry.address:
        raise mismatch(execution, entry, expectation(execution))
    return replace(execution, seq=entry.seq, ended=replace(ended, recorded=True), touched=())
