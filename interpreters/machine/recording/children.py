"""Which entry records what has become of a child?"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import cast

from returns.result import Success

from interpreters.errors import ChildWithoutResult, WrongPayload, WrongReturn
from interpreters.machine.calling import call
from interpreters.machine.execution import (
    Active,
    Bond,
    ChildLink,
    Execution,
)
from interpreters.machine.pending import Outcome
from interpreters.machine.recorded import (
    ChildEnd,
    ChildEnded,
    ChildStarted,
)
from interpreters.machine.recording.commands import pause_entry
from interpreters.machine.recording.payloads import active_at, given_payload, made_payload, told
from interpreters.machine.trying import gives_up
from journals.codecs import Codec
from journals.entries import Entry, Kind, Payload
from journals.ports import LONGEST_ID
from wio.names import name_of
from wio.nodes import (
    RunChild,
)

_DIGEST_CHARACTERS = 32

_CHILD_VALUE = "Declare what it ends with: child(..., result=..., error=...)."


def child_left_entry(execution: Execution, address: str, at: datetime) -> Entry:
    """Return the entry with which an instance leaves a child: it has begun, or it was told to cancel."""
    active_at(execution, address, RunChild)
    return Entry(execution.seq + 1, Kind.CHILD_LEFT, address, None, at)


def child_ended_entry(execution: Execution, address: str, outcome: Outcome, at: datetime) -> Entry:
    """Return the entry of the end of a child; it has the result, if the step waits for that.

    Raises `ChildWithoutResult` when there is none and nothing around the step says how to go on without one, and
    `WrongPayload` when it cannot be kept.
    """
    active = active_at(execution, address, RunChild)
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
    link = cast(ChildLink, active_at(execution, address, RunChild).standing)
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
        return made_payload(
            codec, outcome.result.unwrap(), node.result, f"The result of child {link.id!r}", _CHILD_VALUE
        )
    if node.error is None:
        failed = told(outcome.result.failure())
        reason = f"{failed!r:.200} where none is declared. Declare its type: child(..., error=...)"
        raise WrongPayload(f"The error of child {link.id!r}", reason)
    return made_payload(codec, outcome.result.failure(), node.error, f"The error of child {link.id!r}", _CHILD_VALUE)


def child_started_entry(execution: Execution, active: Active, node: RunChild, at: datetime) -> Entry:
    codec, workflow = execution.codec, node.workflow
    input = active.value if node.input is None else call(node.input, active.address, active.value)
    given = given_payload(codec, input, workflow.input, f"The input of the child at {active.address!r}")
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
