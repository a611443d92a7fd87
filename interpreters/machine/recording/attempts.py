"""Which entry records how an attempt has ended, or that a signal has come?"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from interpreters.errors import WrongPayload
from interpreters.machine.calling import call
from interpreters.machine.entries.attempts import runs_effect
from interpreters.machine.entries.signals import MAILBOX
from interpreters.machine.execution import (
    Active,
    Attempts,
    Execution,
)
from interpreters.machine.places import place_at
from interpreters.machine.recorded import (
    AttemptFailed,
    AttemptLost,
    Loss,
)
from interpreters.machine.recording.payloads import (
    active_at,
    given_payload,
    machine_entry,
    made_payload,
    problem_of,
    request_payload,
)
from interpreters.machine.trying import attempt_due, decision
from journals.codecs import CodecError
from journals.entries import Entry, Kind
from wio.forms import event_form
from wio.nodes import (
    HandleSignal,
    RunIO,
)
from wio.signals import Signal


def event_entry(execution: Execution, address: str, event: object, at: datetime) -> Entry:
    """Return the entry of an effect's event. Raises `WrongPayload` when the event cannot be kept."""
    return event_entry_at(execution, active_at(execution, address, RunIO), event, at)


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
    active = active_at(execution, address, HandleSignal)
    node = cast(HandleSignal, active.node)
    codec = execution.codec
    payload = made_payload(codec, event, event_form(node), _event_of(active))
    folded = codec.decode(payload, event_form(node))
    response = call(node.respond, active.address, active.value, folded)
    answered = given_payload(codec, response, node.signal.response, f"The response to signal {node.signal.name!r}")
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
    active = active_at(execution, address, RunIO, HandleSignal)
    follows = decision(execution.joints, active, cause or error, began or at, at, drawn)
    attempt = cast(Attempts, active.standing).ended + 1
    failed = AttemptFailed(
        attempt, problem_of(error), follows.retry_at, follows.decided, follows.until, follows.resume_at
    )
    return machine_entry(execution, Kind.ATTEMPT_FAILED, address, failed, at)


def due_of_attempt(execution: Execution, address: str, began: datetime) -> datetime | None:
    """Return when an attempt of an effect that has begun is to be broken off, or None; see `attempt_due`."""
    if not execution.facts.has_policies:  # to look for one around a step of a long chain takes long
        return None
    active = place_at(execution, address)
    return None if active is None or not runs_effect(active) else attempt_due(execution.joints, active, began)


def lost_entry(execution: Execution, address: str, reason: Loss, at: datetime) -> Entry:
    """Return the entry of an attempt of an effect whose end is unknown."""
    active = active_at(execution, address, RunIO, HandleSignal)
    lost = AttemptLost(cast(Attempts, active.standing).ended + 1, reason)
    return machine_entry(execution, Kind.ATTEMPT_LOST, address, lost, at)


def _event_of(active: Active) -> str:
    return f"The event of step {active.address!r}"
