"""Which entry records what has just happened? Stimuli become entries here; time and chance come in as data.

Each function returns the entry that would follow; nothing has moved until `apply` has taken it.
"""

from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from returns.result import Success

from interpreters.errors import NotActive, NotDue, UserFunctionRaised, WrongPayload, WrongReturn
from interpreters.machine.advance import call
from interpreters.machine.execution import (
    Active,
    AttemptFailed,
    AttemptLost,
    Attempts,
    Deadline,
    Ended,
    Execution,
    Loss,
    Paused,
    Problem,
    TimerSet,
)
from interpreters.machine.transition import JSON, MAILBOX
from interpreters.machine.words import expectation
from journals.codec_errors import form_name
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind, Payload
from wio.forms import event_form
from wio.names import name_of
from wio.nodes import HandleSignal, RunIO, Timing, Wait
from wio.signals import Signal
from wio.workflow import Workflow

_LONGEST_TRACEBACK = 20_000
_LONGEST_MESSAGE = 10_000


def started_entry(workflow: Workflow[Any, Any, Any], input: object, at: datetime, codec: Codec = JSON) -> Entry:
    """Return the first entry of an instance. Raises `WrongPayload` when the input cannot be kept."""
    payload = _given(codec, input, workflow.input, f"The input of workflow {workflow.name!r}")
    return Entry(1, Kind.STARTED, "", payload, at)


def event_entry(execution: Execution, event: object, at: datetime) -> Entry:
    """Return the entry of the active effect's event. Raises `WrongPayload` when the event cannot be kept."""
    active = _active(execution, RunIO)
    payload = _encoded(execution.codec, event, event_form(cast(RunIO, active.node)), _event_of(active))
    return Entry(execution.seq + 1, Kind.EVENT, active.address, payload, at)


def signal_entry(execution: Execution, event: object, key: str | None, at: datetime) -> Entry:
    """Return the entry of a handled signal: its event and its response.

    Raises `WrongPayload` when one of them cannot be kept, and `UserFunctionRaised` when `respond` raises.
    """
    active = _active(execution, HandleSignal)
    node = cast(HandleSignal, active.node)
    codec = execution.codec
    payload = _encoded(codec, event, event_form(node), _event_of(active))
    folded = codec.decode(payload, event_form(node))
    response = call(node.respond, active.address, active.value, folded)
    answered = _given(codec, response, node.signal.response, f"The response to signal {node.signal.name!r}")
    return Entry(execution.seq + 1, Kind.SIGNAL, active.address, payload, at, key, answered)


def kept_entry(execution: Execution, signal: Signal[Any, Any], request: object, key: str | None, at: datetime) -> Entry:
    """Return the entry of a signal that came early and is kept. Raises `WrongPayload`."""
    payload = request_payload(execution.codec, signal, request)
    return Entry(execution.seq + 1, Kind.SIGNAL_KEPT, MAILBOX + signal.name, payload, at, key)


def failure_entry(execution: Execution, error: BaseException, at: datetime, drawn: float) -> Entry:
    """Return the entry of a failed attempt of the active effect.

    The step's retry policy gives the time of the next attempt; `drawn` in [0, 1) is the chance for its jitter.
    Errors of the program itself (a value that cannot be kept, a handler that raises) are never retried.
    """
    active = _active(execution, RunIO, HandleSignal)
    attempts = cast(Attempts, active.standing)
    retry = active.node.retry if isinstance(active.node, RunIO) else None
    of_program = isinstance(error, WrongPayload | UserFunctionRaised)
    delay = None if retry is None or of_program else retry.delay(attempts.failed + 1, drawn)
    failed = AttemptFailed(attempts.ended + 1, problem_of(error), None if delay is None else _later(at, delay))
    return _machine_entry(execution, Kind.ATTEMPT_FAILED, active.address, failed, at)


def lost_entry(execution: Execution, reason: Loss, at: datetime) -> Entry:
    """Return the entry of an attempt of the active effect whose end is unknown."""
    active = _active(execution, RunIO, HandleSignal)
    lost = AttemptLost(cast(Attempts, active.standing).ended + 1, reason)
    return _machine_entry(execution, Kind.ATTEMPT_LOST, active.address, lost, at)


def fired_entry(execution: Execution, at: datetime) -> Entry:
    """Return the entry of the end of the active wait. Raises `NotDue` before its deadline."""
    active = _active(execution, Wait)
    due = cast(Deadline, active.standing).due
    if due is None or at < due:
        raise NotDue(active.address, due)
    return Entry(execution.seq + 1, Kind.TIMER_FIRED, active.address, None, at)


def pause_entry(execution: Execution, error: BaseException, at: datetime) -> Entry:
    """Return the entry that pauses the instance at its active place."""
    active = _active(execution, RunIO, HandleSignal, Wait)
    return _machine_entry(execution, Kind.PAUSED, active.address, Paused(problem_of(error)), at)


def resume_entry(execution: Execution, at: datetime) -> Entry:
    """Return the entry that lets a paused instance go on, with a fresh retry policy."""
    active = _active(execution, RunIO, HandleSignal, Wait)
    return Entry(execution.seq + 1, Kind.RESUMED, active.address, None, at)


def following_entry(execution: Execution, at: datetime) -> Entry | None:
    """Return what must be recorded together with the entry before: a deadline or the outcome; None if nothing.

    Raises `UserFunctionRaised` when the moment of a wait is computed and its function raises.
    """
    position = execution.position
    if isinstance(position, Ended):
        return None if position.recorded else _end_entry(execution, position, at)
    if isinstance(position.node, Wait) and cast(Deadline, position.standing).due is None and not position.problem:
        due = TimerSet(_deadline(position.node, position, at))
        return _machine_entry(execution, Kind.TIMER_SET, position.address, due, at)
    return None


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


def _end_entry(execution: Execution, ended: Ended, at: datetime) -> Entry:
    completed = isinstance(ended.outcome, Success)
    value = ended.outcome.unwrap() if completed else ended.outcome.failure()
    kind = Kind.COMPLETED if completed else Kind.FAILED
    return Entry(execution.seq + 1, kind, "", _described(execution.codec, value), at)


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


def _active(execution: Execution, *kinds: type[RunIO | HandleSignal | Wait]) -> Active:
    position = execution.position
    if isinstance(position, Ended) or not isinstance(position.node, kinds):
        raise NotActive(expectation(execution))
    return position
