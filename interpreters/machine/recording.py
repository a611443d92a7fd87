"""Which entry records what has just happened? Stimuli become entries here; time and chance come in as data.

Each function returns the entry that would follow; nothing has moved until `apply` has taken it.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast
from uuid import UUID

import attrs
from returns.result import Success

from interpreters.errors import ChildWithoutResult, NotActive, NotDue, UserFunctionRaised, WrongPayload, WrongReturn
from interpreters.machine.attributes import attributes_at
from interpreters.machine.calling import call
from interpreters.machine.checkpoints import Checkpointed, form_of, is_complete, key_of, part_of
from interpreters.machine.elements import encoded_elements
from interpreters.machine.entries.attempts import runs_effect
from interpreters.machine.entries.ends import end_kind
from interpreters.machine.entries.signals import MAILBOX
from interpreters.machine.execution import (
    Active,
    Attempts,
    Bond,
    ChildLink,
    Deadline,
    Execution,
    GaveUp,
    Going,
    Offer,
    Unrecorded,
)
from interpreters.machine.locking import is_blocked
from interpreters.machine.mailbox import kept_for
from interpreters.machine.pending import Outcome
from interpreters.machine.places import place_at
from interpreters.machine.recorded import (
    AttemptFailed,
    AttemptLost,
    ChildEnd,
    ChildEnded,
    ChildStarted,
    Claim,
    Loss,
    Note,
    Offered,
    Onward,
    Parent,
    Paused,
    Problem,
    Taken,
    TimerSet,
    Topic,
    WasParked,
    storable,
)
from interpreters.machine.trail import last_beside
from interpreters.machine.transition import JSON
from interpreters.machine.trying import attempt_due, decision, gives_up, later
from interpreters.machine.words import expectation
from journals.codec_errors import form_name
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind, Payload
from journals.ports import LONGEST_ID
from wio.forms import drawn_form, event_form, message_form
from wio.names import name_of
from wio.nodes import (
    Checkpoint,
    Drawn,
    ForEach,
    HandleSignal,
    Loop,
    Machine,
    Node,
    OfferTask,
    Publish,
    Record,
    RunChild,
    RunIO,
    SetAttributes,
    Timing,
    Wait,
)
from wio.signals import Signal
from wio.workflow import Workflow

Chance: TypeAlias = Callable[[], float]
"""Draws a random number in [0, 1): chance comes into the machine as data, like time."""

_LONGEST_TRACEBACK = 20_000
_LONGEST_MESSAGE = 10_000
_DIGEST_CHARACTERS = 32
_TASK_INPUT = "Let `send` return what Task(input=...) declares, or declare what it returns."
_CHILD_VALUE = "Declare what it ends with: child(..., result=..., error=...)."
_CHECKPOINT = "Declare the type of what flows there: checkpoint(..., result=...), loop(..., checkpoint=...)."


def started_entry(
    workflow: Workflow[Any, Any, Any], input: object, at: datetime, codec: Codec = JSON, parent: Parent | None = None
) -> Entry:
    """Return the first entry of an instance. Raises `WrongPayload` when the input cannot be kept."""
    payload = _given(codec, input, workflow.input, f"The input of workflow {workflow.name!r}")
    return Entry(1, Kind.STARTED, "", payload, at, response=None if parent is None else codec.encode(parent, Parent))


def event_entry(execution: Execution, address: str, event: object, at: datetime) -> Entry:
    """Return the entry of an effect's event. Raises `WrongPayload` when the event cannot be kept."""
    return event_entry_at(execution, _active(execution, address, RunIO), event, at)


def event_entry_at(execution: Execution, active: Active, event: object, at: datetime) -> Entry:
    """Return the same for the place itself, which runs an effect."""
    codec, node = execution.codec, cast(RunIO, active.node)
    try:
        payload = codec.encode(event, event_form(node))
    except CodecError as error:
        raise WrongPayload(_event_of(active), str(error)) from error
    return Entry(execution.seq + 1, Kind.EVENT, active.address, payload, at)


def signal_entry(execution: Execution, address: str, event: object, key: str | None, at: datetime) -> Entry:
    """Return the entry of a handled signal: its event and its response.

    Raises `WrongPayload` when one of them cannot be kept, and `UserFunctionRaised` when `respond` raises.
    """
    active = _active(execution, address, HandleSignal)
    node = cast(HandleSignal, active.node)
    codec = execution.codec
    payload = _encoded(codec, event, event_form(node), _event_of(active))
    folded = codec.decode(payload, event_form(node))
    response = call(node.respond, active.address, active.value, folded)
    answered = _given(codec, response, node.signal.response, f"The response to signal {node.signal.name!r}")
    return Entry(execution.seq + 1, Kind.SIGNAL, address, payload, at, key, answered)


def kept_entry(execution: Execution, signal: Signal[Any, Any], request: object, key: str | None, at: datetime) -> Entry:
    """Return the entry of a signal that came early and is kept. Raises `WrongPayload`."""
    payload = request_payload(execution.codec, signal, request)
    return Entry(execution.seq + 1, Kind.SIGNAL_KEPT, MAILBOX + signal.name, payload, at, key)


def failure_entry(
    execution: Execution,
    address: str,
    error: BaseException,
    at: datetime,
    drawn: float,
    *,
    began: datetime | None = None,
    cause: BaseException | None = None,
) -> Entry:
    """Return the entry of a failed attempt of an effect, with what was decided about it; see `decision`.

    `began` is the time at which the attempt began, None for `at`. `cause` is the error whose class decides, None for
    the one that is recorded.
    """
    active = _active(execution, address, RunIO, HandleSignal)
    follows = decision(execution.joints, active, cause or error, began or at, at, drawn)
    attempt = cast(Attempts, active.standing).ended + 1
    failed = AttemptFailed(
        attempt, problem_of(error), follows.retry_at, follows.decided, follows.until, follows.resume_at
    )
    return _machine_entry(execution, Kind.ATTEMPT_FAILED, address, failed, at)


def due_of_attempt(execution: Execution, address: str, began: datetime) -> datetime | None:
    """Return when an attempt of an effect that has begun is to be broken off, or None; see `attempt_due`."""
    if not execution.facts.has_policies:  # to look for one around a step of a long chain takes long
        return None
    active = place_at(execution, address)
    return None if active is None or not runs_effect(active) else attempt_due(execution.joints, active, began)


def lost_entry(execution: Execution, address: str, reason: Loss, at: datetime) -> Entry:
    """Return the entry of an attempt of an effect whose end is unknown."""
    active = _active(execution, address, RunIO, HandleSignal)
    lost = AttemptLost(cast(Attempts, active.standing).ended + 1, reason)
    return _machine_entry(execution, Kind.ATTEMPT_LOST, address, lost, at)


def fired_entry(execution: Execution, address: str, at: datetime) -> Entry:
    """Return the entry of the end of a wait. Raises `NotDue` before its deadline."""
    active = _active(execution, address, Wait)
    due = cast(Deadline, active.standing).due
    if due is None or at < due:
        raise NotDue(active.address, due)
    return Entry(execution.seq + 1, Kind.TIMER_FIRED, address, None, at)


def pause_entry(execution: Execution, address: str, error: BaseException, at: datetime) -> Entry:
    """Return the entry that pauses the instance at a place."""
    _active(execution, address)
    return _machine_entry(execution, Kind.PAUSED, address, Paused(problem_of(error)), at)


def resume_entry(execution: Execution, address: str, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry that lets a paused place go on, with a fresh retry policy; at "", the instance as a whole."""
    if address:
        _active(execution, address)
    return Entry(execution.seq + 1, Kind.RESUMED, address, _noted(execution.codec, note), at)


def unparked_entry(codec: Codec, seq: int, reason: str, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry, with its number, that lets an instance go on which was parked; it need not be read for that."""
    parked = codec.encode(WasParked(storable(reason)), WasParked)
    return Entry(seq, Kind.RESUMED, "", _noted(codec, note), at, response=parked)


def retry_entry(execution: Execution, address: str, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry of the command to make the next attempt at a place now, and not when it is due."""
    _active(execution, address, RunIO, HandleSignal)
    return Entry(execution.seq + 1, Kind.RETRIED, address, _noted(execution.codec, note), at)


def hold_entry(execution: Execution, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry of the command to pause the instance."""
    return Entry(execution.seq + 1, Kind.PAUSED, "", _noted(execution.codec, note), at)


def cancel_entry(execution: Execution, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry of the command to cancel the instance."""
    return Entry(execution.seq + 1, Kind.CANCELLING, "", _noted(execution.codec, note), at)


# Tasks


def claimed_entry(execution: Execution, address: str, by: str, at: datetime) -> Entry:
    """Return the entry of the claim of a task."""
    _active(execution, address, OfferTask)
    return _machine_entry(execution, Kind.TASK_CLAIMED, address, Claim(by), at)


def noted_entry(execution: Execution, address: str, kind: Kind, by: str, text: str, at: datetime) -> Entry:
    """Return the entry of a start, a sign of life or a release of a task."""
    _active(execution, address, OfferTask)
    return _machine_entry(execution, kind, address, Note(by, text), at)


def delegated_entry(execution: Execution, address: str, to: object, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry with which a task is offered to somebody else. Raises `WrongPayload`."""
    active = _active(execution, address, OfferTask)
    whom = _addressee(execution.codec, to, active)
    return Entry(execution.seq + 1, Kind.TASK_DELEGATED, address, whom, at, response=_noted(execution.codec, note))


def answered_entry(
    execution: Execution,
    address: str,
    kind: Kind,
    answer: object,
    at: datetime,
    key: str | None = None,
    note: Note | None = None,
) -> Entry:
    """Return the entry with the output of a task, or with its declared error. Raises `WrongPayload`."""
    active = _active(execution, address, OfferTask)
    task = cast(OfferTask, active.node).task
    failed = kind is Kind.TASK_FAILED
    if failed and task.error is None:
        raise WrongPayload(f"The error of task {task.name!r}", "it declares none: Task(..., error=...)")
    what = f"The {'error' if failed else 'output'} of task {task.name!r} at {address!r}"
    payload = _given(execution.codec, answer, task.error if failed else task.output, what)
    return Entry(execution.seq + 1, kind, address, payload, at, key, _noted(execution.codec, note))


def _noted(codec: Codec, note: Note | None) -> Payload | None:
    return None if note is None else codec.encode(note, Note)


def _offered_entry(execution: Execution, active: Active, node: OfferTask, at: datetime) -> Entry:
    codec, task = execution.codec, node.task
    sent = call(node.send, active.address, active.value)
    payload = _encoded(codec, sent, task.input, _input_of(task.name, active), _TASK_INPUT)
    to = None if node.to is None else _addressee(codec, call(node.to, active.address, active.value), active)
    offered = codec.encode(Offered(task.name, task.version, to), Offered)
    return Entry(execution.seq + 1, Kind.TASK_OFFERED, active.address, payload, at, response=offered)


def _input_of(task: str, active: Active) -> str:
    return f"The input of task {task!r} at {active.address!r}"


def _addressee(codec: Codec, to: object, active: Active) -> Payload:
    return _encoded(codec, to, None, f"To whom the task at {active.address!r} is offered", "Give plain JSON.")


# Children


def child_left_entry(execution: Execution, address: str, at: datetime) -> Entry:
    """Return the entry with which an instance leaves a child: it has begun, or it was told to cancel."""
    _active(execution, address, RunChild)
    return Entry(execution.seq + 1, Kind.CHILD_LEFT, address, None, at)


def child_ended_entry(execution: Execution, address: str, outcome: Outcome, at: datetime) -> Entry:
    """Return the entry of the end of a child; it has the result, if the step waits for that.

    Raises `ChildWithoutResult` when there is none and nothing around the step says how to go on without one, and
    `WrongPayload` when it cannot be kept.
    """
    active = _active(execution, address, RunChild)
    node, link = cast(RunChild, active.node), cast(ChildLink, active.standing)
    end = _end_of(outcome)
    response = None
    if link.bond is Bond.STEP:
        if end in (ChildEnd.COMPLETED, ChildEnd.FAILED):
            response = _child_value(execution.codec, node, link, outcome, end)
        elif not gives_up(execution.joints, active):
            raise ChildWithoutResult(link.id, end.value)
    ended = execution.codec.encode(ChildEnded(link.id, end), ChildEnded)
    return Entry(execution.seq + 1, Kind.CHILD_ENDED, address, ended, at, response=response)


def child_deleted_entry(execution: Execution, address: str, error: Exception, at: datetime) -> Entry:
    """Return the entry of a child that has ended, and whose data is deleted: where it was left, nothing is to do.

    A step that still stands there needs to know more of its child, and is paused with the error.
    """
    link = cast(ChildLink, _active(execution, address, RunChild).standing)
    if link.bond is Bond.STEP:
        return pause_entry(execution, address, error, at)
    if link.bond is not Bond.WATCH:
        return child_left_entry(execution, address, at)
    ended = execution.codec.encode(ChildEnded(link.id, ChildEnd.DELETED), ChildEnded)
    return Entry(execution.seq + 1, Kind.CHILD_ENDED, address, ended, at)


def _end_of(outcome: Outcome) -> ChildEnd:
    if outcome.is_cancelled:
        return ChildEnd.CANCELLED
    if outcome.given_up is not None:
        return ChildEnd.GIVEN_UP
    return ChildEnd.COMPLETED if isinstance(outcome.result, Success) else ChildEnd.FAILED


def _child_value(codec: Codec, node: RunChild, link: ChildLink, outcome: Outcome, end: ChildEnd) -> Payload:
    if end is ChildEnd.COMPLETED:
        return _encoded(codec, outcome.result.unwrap(), node.result, f"The result of child {link.id!r}", _CHILD_VALUE)
    if node.error is None:
        failed = told(outcome.result.failure())
        reason = f"{failed!r:.200} where none is declared. Declare its type: child(..., error=...)"
        raise WrongPayload(f"The error of child {link.id!r}", reason)
    return _encoded(codec, outcome.result.failure(), node.error, f"The error of child {link.id!r}", _CHILD_VALUE)


def _child_started_entry(execution: Execution, active: Active, node: RunChild, at: datetime) -> Entry:
    codec, workflow = execution.codec, node.workflow
    input = active.value if node.input is None else call(node.input, active.address, active.value)
    given = _given(codec, input, workflow.input, f"The input of the child at {active.address!r}")
    started = ChildStarted(_child_id(execution, active, node), workflow.name, workflow.version)
    payload = codec.encode(started, ChildStarted)
    return Entry(execution.seq + 1, Kind.CHILD_STARTED, active.address, payload, at, response=given)


def _child_id(execution: Execution, active: Active, node: RunChild) -> str:
    if node.id is None:
        return shortened(f"{execution.id}:{active.address}")
    made: object = call(node.id, active.address, active.value)
    if not isinstance(made, str) or not 0 < len(made) <= LONGEST_ID or not made.isprintable():
        wanted = f"an id: a text of 1 to {LONGEST_ID} printable characters"
        raise WrongReturn(name_of(node.id, "An id"), active.address, made, wanted)
    return made


def shortened(id: str) -> str:
    """Return an id that a store can hold: of a longer one the beginning, and a digest of all of it."""
    if len(id) <= LONGEST_ID:
        return id
    digest = hashlib.sha256(id.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{id[: LONGEST_ID - _DIGEST_CHARACTERS - 1]}~{digest}"


# What follows without waiting


def following_entry(execution: Execution, prefix: str, at: datetime, chance: Chance) -> Entry | None:
    """Return what a thread needs to have recorded before anything can happen there; None if nothing.

    It is a kept signal that it takes, a deadline, elements, an offer, a child, a checkpoint, a message, a time or a
    number. Where the user's function for it raises, or what that returns cannot be kept, it is the entry that pauses
    the place.
    """
    active = execution.threads.find(prefix)
    if not isinstance(active, Active) or active.problem is not None or active.gated:
        return None
    try:
        return _needed(execution, active, at, chance)
    except (UserFunctionRaised, WrongPayload) as error:
        return pause_entry(execution, active.address, error, at)


def end_entry(execution: Execution, at: datetime) -> Entry | None:
    """Return the entry of the outcome, when there is one that is not recorded yet."""
    ended = execution.outcome
    if ended is None or ended.recorded:
        return None
    kind = end_kind(ended)
    if kind is Kind.CANCELLED:
        return Entry(execution.seq + 1, kind, "", None, at)
    value = ended.outcome.unwrap() if kind is Kind.COMPLETED else told(ended.outcome.failure())
    return Entry(execution.seq + 1, kind, "", _described(execution.codec, value), at)


def _needed(execution: Execution, active: Active, at: datetime, chance: Chance) -> Entry | None:
    """Return what a place needs to have recorded before anything can happen there, or None."""
    node, standing = active.node, active.standing
    match standing:
        case Attempts():  # the commonest by far
            return _taken_entry(execution, active, node, at) if isinstance(node, HandleSignal) else None
        case Deadline(None) if isinstance(node, Wait):
            due = TimerSet(_deadline(node, active, at))
            return _machine_entry(execution, Kind.TIMER_SET, active.address, due, at)
        case Offer(None) if isinstance(node, OfferTask):
            return _offered_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, RunChild):
            return _child_started_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, ForEach):
            elements = encoded_elements(execution, active, node)
            return Entry(execution.seq + 1, Kind.ELEMENTS, active.address, elements, at)
        case Unrecorded() | Going() if isinstance(node, Checkpoint | Loop | Machine):
            return _checkpoint_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, Record):
            payload = execution.codec.encode(_drawn(node, at, chance), drawn_form(node))
            return Entry(execution.seq + 1, Kind.EVENT, active.address, payload, at)
        case Unrecorded() if isinstance(node, Publish):
            return _published_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, SetAttributes):
            return _machine_entry(execution, Kind.ATTRIBUTES, active.address, attributes_at(active, node), at)
        case _:
            return None


def _taken_entry(execution: Execution, active: Active, node: HandleSignal, at: datetime) -> Entry | None:
    if not execution.mailbox or active.kept is not None or is_blocked(execution, active):
        return None
    kept = kept_for(execution, active, node)
    return None if kept is None else _machine_entry(execution, Kind.SIGNAL_TAKEN, active.address, Taken(kept.seq), at)


def _checkpoint_entry(execution: Execution, active: Active, node: Checkpointed, at: datetime) -> Entry:
    codec, address, part = execution.codec, active.address, part_of(active)
    payload = _encoded(codec, active.value, form_of(node), f"The checkpoint at {address!r}", _CHECKPOINT)
    onward = Onward(tuple(kept.seq for kept in execution.mailbox))
    if execution.joints:
        onward = attrs.evolve(onward, beside=last_beside(execution, part))
    if isinstance(active.standing, Going):
        onward = attrs.evolve(onward, state=active.standing.state, visits=active.standing.visits)
    response = None if onward == _NOTHING_ELSE else codec.encode(onward, Onward)
    key = key_of(part) if is_complete(execution, active) else None
    return Entry(execution.seq + 1, Kind.CHECKPOINT, address, payload, at, key, response)


_NOTHING_ELSE = Onward()


def _published_entry(execution: Execution, active: Active, node: Publish, at: datetime) -> Entry:
    codec, address = execution.codec, active.address
    message = call(node.message, address, active.value)
    payload = _encoded(codec, message, message_form(node), f"The message of step {address!r}")
    topic = codec.encode(Topic(node.topic), Topic)
    return Entry(execution.seq + 1, Kind.PUBLISHED, address, payload, at, response=topic)


def _drawn(node: Record, at: datetime, chance: Chance) -> object:
    match node.drawn:
        case Drawn.NOW:
            return at
        case Drawn.RANDOM:
            return chance()
        case Drawn.UUID:
            return UUID(bytes=bytes(int(chance() * 256) for _ in range(16)), version=4)


def told(error: object) -> object:
    """Return an error as people are told of it: of an instance that a step has failed, why the step was given up."""
    return error.given_up if isinstance(error, GaveUp) else error


def problem_of(error: BaseException) -> Problem:
    """Return an error as data, with a bounded message and traceback."""
    lines = "".join(traceback.format_exception(error))
    return Problem(type(error).__name__, storable(str(error))[:_LONGEST_MESSAGE], storable(lines[-_LONGEST_TRACEBACK:]))


def _deadline(node: Wait, active: Active, at: datetime) -> datetime:
    moment = call(node.moment, active.address, active.value) if callable(node.moment) else node.moment
    if node.timing is Timing.DURATION and isinstance(moment, timedelta):
        return later(at, moment)
    if node.timing is Timing.INSTANT and isinstance(moment, datetime) and moment.tzinfo is not None:
        return _in_utc(moment)
    wanted = "a timedelta" if node.timing is Timing.DURATION else "a datetime with a time zone (.replace(tzinfo=UTC))"
    raise WrongReturn(name_of(cast(Any, node.moment), "The function"), active.address, moment, wanted)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within a day of the calendar's first or last
        return moment


def _described(codec: Codec, value: object) -> Payload:
    """Encode an outcome for people. It is never decoded: whoever asks for the result gets it by replay."""
    try:
        return codec.encode(value, type(value))
    except CodecError:
        return codec.encode(storable(f"{type(value).__name__}: {value!r}"), str)


def _machine_entry(execution: Execution, kind: Kind, address: str, value: object, at: datetime) -> Entry:
    return Entry(execution.seq + 1, kind, address, execution.codec.encode(value, type(value)), at)


def request_payload(codec: Codec, signal: Signal[Any, Any], request: object) -> Payload:
    """Return a signal's request as a payload. Raises `WrongPayload` when it is not of the declared type."""
    return _given(codec, request, signal.request, f"The request of signal {signal.name!r}")


def _given(codec: Codec, value: object, form: object, place: str) -> Payload:
    """Encode what a caller gave. The codec's own advice is for the authors of effects, so it is left out."""
    try:
        return codec.encode(value, form)
    except CodecError as error:
        reason = f"a {type(value).__name__} where {form_name(form)} is declared: {error.reason}"
        raise WrongPayload(place, f"{reason}. Give a {form_name(form)}") from error


def _encoded(codec: Codec, value: object, form: object | None, place: str, way_out: str | None = None) -> Payload:
    """Encode what a function of the workflow made. A codec's own way out is for effects; others bring theirs."""
    try:
        return codec.encode(value, form)
    except CodecError as error:
        raise WrongPayload(place, str(error) if way_out is None else f"{error.reason}. {way_out}") from error


def _event_of(active: Active) -> str:
    return f"The event of step {active.address!r}"


def _active(execution: Execution, address: str, *kinds: type[Node]) -> Active:
    active = place_at(execution, address)
    if active is None or (kinds and not isinstance(active.node, kinds)):
        raise NotActive(expectation(execution))
    return active
