"""What does an entry make of an execution? The one transition, for live runs, signals, replay and recovery alike.

    begin(workflow, input) -> Execution          the first entry
    apply(execution, entry) -> Execution         every other entry

There is no second way to move. An entry that fits no place raises `JournalMismatch`; it is never skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

import attrs
from msgspec.structs import replace
from returns.result import Failure, Success

from interpreters.errors import JournalMismatch, WrongPayload
from interpreters.machine.addresses import Scope
from interpreters.machine.advance import advance, walk
from interpreters.machine.branches import open_each
from interpreters.machine.calling import call
from interpreters.machine.elements import decoded_elements
from interpreters.machine.execution import (
    ALONE,
    CANCELLED,
    NO_JOINTS,
    ROOT,
    Active,
    AttemptFailed,
    AttemptLost,
    Attempts,
    Cancelled,
    Claim,
    Deadline,
    Ended,
    Execution,
    GaveUp,
    Kept,
    Offer,
    Parked,
    Paused,
    Strand,
    TimerSet,
)
from interpreters.machine.joints import begin_work
from interpreters.machine.latest import latest_in
from interpreters.machine.locking import is_blocked
from interpreters.machine.mailbox import give_back
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.places import place_at
from interpreters.machine.questions import may_take_named
from interpreters.machine.trying import gives_up
from interpreters.machine.withdrawing import withdraw, withdraw_drain
from interpreters.machine.words import expectation
from journals.codecs import Codec, CodecError, JsonCodec
from journals.entries import Entry, Kind, Payload
from wio.forms import drawn_form, event_form
from wio.nodes import ForEach, HandleSignal, OfferTask, Record, RunIO, Wait, node_of
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


def begin(workflow: Workflow[A, Any, Any], input: A, codec: Codec = JSON, observe: Observer | None = None) -> Execution:
    """Return the execution after its first entry. Raises `UserFunctionRaised` or `DraftReached`."""
    before = Execution(workflow, codec, 0, _NOWHERE, NO_JOINTS, (), {}, ALONE, (), None, ())
    moving = Moving(before, None, observe)
    moving.todo.append(Strand(node_of(workflow.root), input, None, Scope(), None, ROOT))
    advance(moving)
    return moving.moved()


def recover(workflow: Workflow[Any, Any, Any], entries: Iterable[Entry], codec: Codec = JSON) -> Execution:
    """Return the execution that a whole journal leads to. `entries` start with the first. Raises like `apply`."""
    following = iter(entries)
    started = next(following, None)
    if started is None:
        raise JournalMismatch(_label(workflow), 1, "nothing", "", _START)
    execution = begin_from(workflow, started, codec)
    for entry in following:
        execution = apply(execution, entry)
    return execution


def begin_from(
    workflow: Workflow[Any, Any, Any], started: Entry, codec: Codec = JSON, observe: Observer | None = None
) -> Execution:
    """Return the execution after a recorded first entry. Raises `JournalMismatch` or `WrongPayload`."""
    if started.kind is not Kind.STARTED or started.seq != 1 or started.address:
        raise JournalMismatch(_label(workflow), started.seq, started.kind.value, started.address, _START)
    return begin(workflow, _decoded(codec, started, workflow.input), codec, observe)


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
        return _apply_to_whole(execution, entry)
    if (kind is Kind.RESUMED) is (active.problem is None) or active.gated:
        raise mismatch(execution, entry, expectation(execution))
    node = active.node
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
        case Kind.TIMER_SET | Kind.TIMER_FIRED if isinstance(node, Wait):
            return _time(execution, active, entry, observe)
        case Kind.ELEMENTS if isinstance(node, ForEach):
            return _open_each(execution, active, node, entry, observe)
        case Kind.ATTEMPT_FAILED | Kind.ATTEMPT_LOST if runs_effect(active):
            return _count_attempt(execution, active, entry, observe)
        case Kind.PAUSED | Kind.RESUMED:
            return _pause_or_resume(execution, active, entry)
        case _ if isinstance(node, OfferTask):
            return _on_task(execution, active, node, entry, observe)
        case _:
            raise mismatch(execution, entry, expectation(execution))


def _apply_to_whole(execution: Execution, entry: Entry) -> Execution:
    """Apply an entry that concerns no place: a signal to keep, a cancel, the end."""
    ended = execution.outcome
    if entry.kind is Kind.SIGNAL_KEPT:
        return _keep_signal(execution, entry)
    if entry.kind is Kind.CANCELLING and not entry.address and ended is None:
        return _cancel(execution)
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
    moving = Moving(execution, active, observe)
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


def _keep_signal(execution: Execution, entry: Entry) -> Execution:
    """Keep a signal that came early; or give it to a place that has come to wait for it and takes it."""
    signal = entry.address.removeprefix(MAILBOX)
    to_mailbox = entry.address.startswith(MAILBOX) and entry.payload is not None
    ended = execution.outcome is not None
    if ended or not to_mailbox or not may_take_named(execution.workflow, signal):
        raise mismatch(execution, entry, expectation(execution))
    moving = Moving(execution)
    give_back(moving, Kept(entry.seq, signal, cast(Payload, entry.payload), entry.key))
    advance(moving)
    return moving.moved()


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
    if ending.retry_at is None and ending.gives_up:
        if not gives_up(execution.joints, active):
            raise mismatch(execution, entry, expectation(execution))
        given_up = GivenUp(ending.error.type, ending.error.message, ended)
        return _moved(execution, active, active.value, Failure(GaveUp(given_up)), observe)
    counted = Attempts(ended, attempts.failed + 1, ending.retry_at)
    problem = ending.error if ending.retry_at is None else None
    return _stayed(execution, replace(active, standing=counted, problem=problem))


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


# The whole


def _pause_or_resume(execution: Execution, active: Active, entry: Entry) -> Execution:
    if entry.kind is Kind.PAUSED:
        return _stayed(execution, replace(active, problem=_decoded_own(execution, entry, Paused).error))
    standing = active.standing
    rested = attrs.evolve(standing, failed=0, retry_at=None) if isinstance(standing, Attempts) else standing
    again = replace(active, standing=rested, problem=None)
    if not isinstance(active.node, HandleSignal) or active.kept is not None:
        return _stayed(execution, again)
    moving = Moving(execution)
    moving.put(again)
    moving.loose = True  # a signal for it may have been kept meanwhile
    advance(moving)
    return moving.moved()


def _cancel(execution: Execution) -> Execution:
    """Withdraw everything; what has to be undone is undone first."""
    moving = Moving(execution)
    state = latest_in(execution.threads, execution.joints, ROOT.prefix)
    drains, moving.drains = moving.drains, ()
    for address in drains:
        withdraw_drain(moving, address)
    if not withdraw(moving, ROOT.prefix):
        before = None if execution.ended is None else execution.ended.state
        moving.ended = Ended(CANCELLED, before if state is None else state[0])
    advance(moving)
    return moving.moved()


def end_kind(ended: Ended) -> Kind:
    """Return the kind of the entry that records the end of an instance."""
    if isinstance(ended.outcome, Success):
        return Kind.COMPLETED
    return Kind.CANCELLED if isinstance(ended.outcome.failure(), Cancelled) else Kind.FAILED


def _record_end(execution: Execution, ended: Ended, entry: Entry) -> Execution:
    if ended.recorded or entry.kind is not end_kind(ended) or entry.address:
        raise mismatch(execution, entry, expectation(execution))
    return replace(execution, seq=entry.seq, ended=replace(ended, recorded=True), touched=())
