"""Which entry records what has just happened? Stimuli become entries here; time and chance come in as data.

Each function returns the entry that would follow; nothing has moved until `apply` has taken it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast
from uuid import UUID

from interpreters.errors import NotActive, NotDue, UserFunctionRaised, WrongPayload, WrongReturn
from interpreters.machine.calling import call
from interpreters.machine.elements import encoded_elements
from interpreters.machine.execution import (
    Active,
    AttemptFailed,
    AttemptLost,
    Attempts,
    Claim,
    Deadline,
    Execution,
    Loss,
    Note,
    Offer,
    Paused,
    Problem,
    TimerSet,
    Unrecorded,
)
from interpreters.machine.places import place_at
from interpreters.machine.transition import JSON, MAILBOX, end_kind
from interpreters.machine.trying import gives_up, policy_of
from interpreters.machine.words import expectation
from journals.codec_errors import form_name
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind, Payload
from wio.forms import drawn_form, event_form
from wio.names import name_of
from wio.nodes import Drawn, ForEach, HandleSignal, Node, OfferTask, Record, RunIO, Timing, Wait
from wio.signals import Signal
from wio.workflow import Workflow

Chance: TypeAlias = Callable[[], float]
"""Draws a random number in [0, 1): chance comes into the machine as data, like time."""

_LONGEST_TRACEBACK = 20_000
_LONGEST_MESSAGE = 10_000


def started_entry(workflow: Workflow[Any, Any, Any], input: object, at: datetime, codec: Codec = JSON) -> Entry:
    """Return the first entry of an instance. Raises `WrongPayload` when the input cannot be kept."""
    payload = _given(codec, input, workflow.input, f"The input of workflow {workflow.name!r}")
    return Entry(1, Kind.STARTED, "", payload, at)


def event_entry(execution: Execution, address: str, event: object, at: datetime) -> Entry:
    """Return the entry of an effect's event. Raises `WrongPayload` when the event cannot be kept."""
    active = _active(execution, address, RunIO)
    payload = _encoded(execution.codec, event, event_form(cast(RunIO, active.node)), _event_of(active))
    return Entry(execution.seq + 1, Kind.EVENT, address, payload, at)


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


def failure_entry(execution: Execution, address: str, error: BaseException, at: datetime, drawn: float) -> Entry:
    """Return the entry of a failed attempt of an effect.

    The retry policy around the step gives the time of the next attempt; `drawn` in [0, 1) is the chance for its jitter.
    Errors of the program itself (a value that cannot be kept, a handler that raises) are never retried.
    """
    active = _active(execution, address, RunIO, HandleSignal)
    attempts = cast(Attempts, active.standing)
    retry = policy_of(execution.joints, active)
    of_program = isinstance(error, WrongPayload | UserFunctionRaised)
    delay = None if retry is None or of_program else retry.delay(attempts.failed + 1, drawn)
    given_up = delay is None and not of_program and gives_up(execution.joints, active)
    retry_at = None if delay is None else _later(at, delay)
    failed = AttemptFailed(attempts.ended + 1, problem_of(error), retry_at, given_up)
    return _machine_entry(execution, Kind.ATTEMPT_FAILED, address, failed, at)


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


def resume_entry(execution: Execution, address: str, at: datetime) -> Entry:
    """Return the entry that lets a paused place go on, with a fresh retry policy."""
    _active(execution, address)
    return Entry(execution.seq + 1, Kind.RESUMED, address, None, at)


def cancel_entry(execution: Execution, at: datetime) -> Entry:
    """Return the entry of the command to cancel the instance."""
    return Entry(execution.seq + 1, Kind.CANCELLING, "", None, at)


# Tasks


def claimed_entry(execution: Execution, address: str, by: str, at: datetime) -> Entry:
    """Return the entry of the claim of a task."""
    _active(execution, address, OfferTask)
    return _machine_entry(execution, Kind.TASK_CLAIMED, address, Claim(by), at)


def noted_entry(execution: Execution, address: str, kind: Kind, by: str, text: str, at: datetime) -> Entry:
    """Return the entry of a start, a sign of life or a release of a task."""
    _active(execution, address, OfferTask)
    return _machine_entry(execution, kind, address, Note(by, text), at)


def delegated_entry(execution: Execution, address: str, to: object, at: datetime) -> Entry:
    """Return the entry with which a task is offered to somebody else. Raises `WrongPayload`."""
    active = _active(execution, address, OfferTask)
    return Entry(execution.seq + 1, Kind.TASK_DELEGATED, address, _addressee(execution.codec, to, active), at)


def answered_entry(execution: Execution, address: str, kind: Kind, answer: object, at: datetime) -> Entry:
    """Return the entry with the output of a task, or with its declared error. Raises `WrongPayload`."""
    active = _active(execution, address, OfferTask)
    task = cast(OfferTask, active.node).task
    failed = kind is Kind.TASK_FAILED
    if failed and task.error is None:
        raise WrongPayload(f"The error of task {task.name!r}", "it declares none: Task(..., error=...)")
    what = f"The {'error' if failed else 'output'} of task {task.name!r} at {address!r}"
    payload = _given(execution.codec, answer, task.error if failed else task.output, what)
    return Entry(execution.seq + 1, kind, address, payload, at)


def _offered_entry(execution: Execution, active: Active, node: OfferTask, at: datetime) -> Entry:
    codec, task = execution.codec, node.task
    sent = call(node.send, active.address, active.value)
    payload = _encoded(codec, sent, task.input, f"The input of task {task.name!r} at {active.address!r}")
    to = None if node.to is None else _addressee(codec, call(node.to, active.address, active.value), active)
    return Entry(execution.seq + 1, Kind.TASK_OFFERED, active.address, payload, at, response=to)


def _addressee(codec: Codec, to: object, active: Active) -> Payload:
    return _encoded(codec, to, None, f"To whom the task at {active.address!r} is offered")


# What follows without waiting


def following_entry(execution: Execution, prefix: str, at: datetime, chance: Chance) -> Entry | None:
    """Return what a thread needs to have recorded before anything can happen there; None if nothing.

    It is a deadline, elements, an offer, a time or a number. Where the user's function for it raises, or what that
    returns cannot be kept, it is the entry that pauses the place.
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
    value = ended.outcome.unwrap() if kind is Kind.COMPLETED else ended.outcome.failure()
    return Entry(execution.seq + 1, kind, "", _described(execution.codec, value), at)


def _needed(execution: Execution, active: Active, at: datetime, chance: Chance) -> Entry | None:
    """Return what a place needs to have recorded before anything can happen there, or None."""
    node, standing = active.node, active.standing
    match standing:
        case Deadline(None) if isinstance(node, Wait):
            due = TimerSet(_deadline(node, active, at))
            return _machine_entry(execution, Kind.TIMER_SET, active.address, due, at)
        case Offer(None) if isinstance(node, OfferTask):
            return _offered_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, ForEach):
            elements = encoded_elements(execution, active, node)
            return Entry(execution.seq + 1, Kind.ELEMENTS, active.address, elements, at)
        case Unrecorded() if isinstance(node, Record):
            payload = execution.codec.encode(_drawn(node, at, chance), drawn_form(node))
            return Entry(execution.seq + 1, Kind.EVENT, active.address, payload, at)
        case _:
            return None


def _drawn(node: Record, at: datetime, chance: Chance) -> object:
    match node.drawn:
        case Drawn.NOW:
            return at
        case Drawn.RANDOM:
            return chance()
        case Drawn.UUID:
            return UUID(bytes=bytes(int(chance() * 256) for _ in range(16)), version=4)


def problem_of(error: BaseException) -> Problem:
    """Return an error as data, with a bounded message and traceback."""
    lines = "".join(traceback.format_exception(error))
    return Problem(type(error).__name__, _clean(str(error))[:_LONGEST_MESSAGE], _clean(lines[-_LONGEST_TRACEBACK:]))


def _clean(text: str) -> str:
    """Replace what JSON or a database cannot hold: lone surrogates and NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _deadline(node: Wait, active: Active, at: datetime) -> datetime:
    moment = call(node.moment, active.address, active.value) if callable(node.moment) else node.moment
    if node.timing is Timing.DURATION and isinstance(moment, timedelta):
        return _later(at, moment)
    if node.timing is Timing.INSTANT and isinstance(moment, datetime) and moment.tzinfo is not None:
        return _in_utc(moment)
    wanted = "a timedelta" if node.timing is Timing.DURATION else "a datetime with a time zone (.replace(tzinfo=UTC))"
    raise WrongReturn(name_of(cast(Any, node.moment), "The function"), active.address, moment, wanted)


def _later(at: datetime, delay: timedelta) -> datetime:
    """Add without overflow: what lies beyond the calendar never comes."""
    try:
        return at + delay
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo) if delay > timedelta(0) else at


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
        return codec.encode(_clean(f"{type(value).__name__}: {value!r}"), str)


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


def _encoded(codec: Codec, value: object, form: object | None, place: str) -> Payload:
    try:
        return codec.encode(value, form)
    except CodecError as error:
        raise WrongPayload(place, str(error)) from error


def _event_of(active: Active) -> str:
    return f"The event of step {active.address!r}"


def _active(execution: Execution, address: str, *kinds: type[Node]) -> Active:
    active = place_at(execution, address)
    if active is None or (kinds and not isinstance(active.node, kinds)):
        raise NotActive(expectation(execution))
    return active
