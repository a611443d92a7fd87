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
from interpreters.machine.advance import Observer, Reached, call, enter, leave
from interpreters.machine.execution import (
    Active,
    AttemptFailed,
    AttemptLost,
    Attempts,
    Deadline,
    Ended,
    Execution,
    Kept,
    Paused,
    TimerSet,
)
from interpreters.machine.questions import may_take_named
from interpreters.machine.words import expectation
from journals.codecs import Codec, CodecError, JsonCodec
from journals.entries import Entry, Kind, Payload
from wio.forms import event_form
from wio.nodes import HandleSignal, RunIO, Wait
from wio.workflow import Workflow

A = TypeVar("A")
T = TypeVar("T")

JSON: Codec = JsonCodec()
MAILBOX = "mailbox:"
"""Starts the address of a signal that was kept; the signal's name follows."""

_START = "its start as entry 1"
_EVENT = Kind.EVENT


def begin(workflow: Workflow[A, Any, Any], input: A, codec: Codec = JSON, observe: Observer | None = None) -> Execution:
    """Return the execution after its first entry. Raises `UserFunctionRaised` or `DraftReached`."""
    position, closed = enter(workflow.root, input, Scope(), None, {}, observe)
    return Execution(workflow, codec, 1, position, (), closed)


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
    position = execution.position
    # The commonest entry by far; the checks further down would let it through as well.
    if entry.kind is _EVENT and isinstance(position, Active) and position.problem is None:
        if entry.address == position.address:
            return _fold_event(execution, position, entry, observe)
        raise mismatch(execution, entry, expectation(execution))
    if entry.kind is Kind.SIGNAL_KEPT:
        return _keep_signal(execution, entry)
    if isinstance(position, Ended):
        return _record_end(execution, position, entry)
    resumes = entry.kind is Kind.RESUMED
    if entry.address != position.address or resumes is (position.problem is None):
        raise mismatch(execution, entry, expectation(execution))
    match entry.kind:
        case Kind.EVENT | Kind.SIGNAL:
            return _fold_event(execution, position, entry, observe)
        case Kind.ATTEMPT_FAILED | Kind.ATTEMPT_LOST:
            return _count_attempt(execution, position, entry)
        case Kind.TIMER_SET | Kind.TIMER_FIRED:
            return _time(execution, position, entry, observe)
        case Kind.PAUSED | Kind.RESUMED:
            return _pause_or_resume(execution, position, entry)
        case Kind.STARTED | Kind.COMPLETED | Kind.FAILED:
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


def _moved(execution: Execution, reached: Reached) -> Execution:
    position, closed = reached
    return Execution(execution.workflow, execution.codec, execution.seq + 1, position, execution.mailbox, closed)


def _stayed(execution: Execution, position: Active) -> Execution:
    return replace(execution, seq=execution.seq + 1, position=position)


def _fold_event(execution: Execution, active: Active, entry: Entry, observe: Observer | None) -> Execution:
    node = active.node
    if not isinstance(node, RunIO if entry.kind is _EVENT else HandleSignal):
        raise mismatch(execution, entry, expectation(execution))
    assert not isinstance(node, Wait)
    event = _decoded(execution.codec, entry, event_form(node))
    value, failure = folded(node, active, event)
    moved = _moved(execution, leave(active, value, failure, execution.closed, observe))
    if isinstance(node, HandleSignal) and execution.mailbox:
        return replace(moved, mailbox=_without_first(execution.mailbox, node.signal.name))
    return moved


def folded(node: RunIO | HandleSignal, active: Active, event: Any) -> tuple[Any, Failure[Any] | None]:
    """Return what the handler of a step makes of its event: the output, or the present value and the failure."""
    if node.handler is None:
        return event, None
    folded: Any = call(node.handler, active.address, active.value, event)
    # The classes are final, and isinstance is slow for them: their metaclass is that of abstract classes.
    if folded.__class__ is Failure:
        return active.value, folded
    return (folded.unwrap() if folded.__class__ is Success else folded), None


def _without_first(mailbox: tuple[Kept, ...], signal: str) -> tuple[Kept, ...]:
    """Leave out the oldest kept signal of that name: it is always the one that was handled."""
    for index, kept in enumerate(mailbox):
        if kept.signal == signal:
            return mailbox[:index] + mailbox[index + 1 :]
    return mailbox


def _keep_signal(execution: Execution, entry: Entry) -> Execution:
    signal = entry.address.removeprefix(MAILBOX)
    to_mailbox = entry.address.startswith(MAILBOX) and entry.payload is not None
    if isinstance(execution.position, Ended) or not to_mailbox or not may_take_named(execution.workflow, signal):
        raise mismatch(execution, entry, expectation(execution))
    kept = Kept(entry.seq, signal, cast(Payload, entry.payload), entry.key)
    return replace(execution, seq=entry.seq, mailbox=(*execution.mailbox, kept))


def _count_attempt(execution: Execution, active: Active, entry: Entry) -> Execution:
    attempts = active.standing
    if not isinstance(attempts, Attempts) or not _runs_effect(execution, active):
        raise mismatch(execution, entry, expectation(execution))
    ended = attempts.ended + 1
    form: type[AttemptLost | AttemptFailed] = AttemptLost if entry.kind is Kind.ATTEMPT_LOST else AttemptFailed
    ending = _decoded_own(execution, entry, form)
    if ending.attempt != ended:
        raise mismatch(execution, entry, f"the end of attempt {ended} at {active.address!r}")
    if isinstance(ending, AttemptLost):
        return _stayed(execution, replace(active, standing=attrs.evolve(attempts, ended=ended)))
    counted = Attempts(ended, attempts.failed + 1, ending.retry_at)
    problem = ending.error if ending.retry_at is None else None
    return _stayed(execution, replace(active, standing=counted, problem=problem))


def _runs_effect(execution: Execution, active: Active) -> bool:
    """Tell whether an attempt can be under way: that of a signal which comes now is its sender's affair."""
    node = active.node
    return isinstance(node, RunIO) or (
        isinstance(node, HandleSignal) and any(kept.signal == node.signal.name for kept in execution.mailbox)
    )


def _time(execution: Execution, active: Active, entry: Entry, observe: Observer | None) -> Execution:
    deadline = active.standing
    if not isinstance(active.node, Wait) or not isinstance(deadline, Deadline):
        raise mismatch(execution, entry, expectation(execution))
    if (entry.kind is Kind.TIMER_SET) is not (deadline.due is None):
        raise mismatch(execution, entry, expectation(execution))
    if entry.kind is Kind.TIMER_SET:
        due = _decoded_own(execution, entry, TimerSet).due
        return _stayed(execution, replace(active, standing=Deadline(due)))
    return _moved(execution, leave(active, active.value, None, execution.closed, observe))


def _pause_or_resume(execution: Execution, active: Active, entry: Entry) -> Execution:
    if entry.kind is Kind.PAUSED:
        return _stayed(execution, replace(active, problem=_decoded_own(execution, entry, Paused).error))
    standing = active.standing
    rested = attrs.evolve(standing, failed=0, retry_at=None) if isinstance(standing, Attempts) else standing
    return _stayed(execution, replace(active, standing=rested, problem=None))


def _record_end(execution: Execution, ended: Ended, entry: Entry) -> Execution:
    kind = Kind.COMPLETED if isinstance(ended.outcome, Success) else Kind.FAILED
    if ended.recorded or entry.kind is not kind or entry.address:
        raise mismatch(execution, entry, expectation(execution))
    return replace(execution, seq=entry.seq, position=replace(ended, recorded=True))
