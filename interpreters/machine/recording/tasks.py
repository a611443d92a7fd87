"""Which entry records what has become of a task?"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from interpreters.errors import WrongPayload
from interpreters.machine.calling import call
from interpreters.machine.execution import (
    Active,
    Execution,
)
from interpreters.machine.recorded import (
    Claim,
    Note,
    Offered,
)
from interpreters.machine.recording.payloads import active_at, given_payload, machine_entry, made_payload, note_payload
from journals.codecs import Codec
from journals.entries import Entry, Kind, Payload
from wio.nodes import (
    OfferTask,
)

_TASK_INPUT = "Let `send` return what Task(input=...) declares, or declare what it returns."


def claimed_entry(execution: Execution, address: str, by: str, at: datetime) -> Entry:
    """Return the entry of the claim of a task."""
    active_at(execution, address, OfferTask)
    return machine_entry(execution, Kind.TASK_CLAIMED, address, Claim(by), at)


def noted_entry(execution: Execution, address: str, kind: Kind, by: str, text: str, at: datetime) -> Entry:
    """Return the entry of a start, a sign of life or a release of a task."""
    active_at(execution, address, OfferTask)
    return machine_entry(execution, kind, address, Note(by, text), at)


def delegated_entry(execution: Execution, address: str, to: object, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry with which a task is offered to somebody else. Raises `WrongPayload`."""
    active = active_at(execution, address, OfferTask)
    whom = _addressee(execution.codec, to, active)
    return Entry(
        execution.seq + 1, Kind.TASK_DELEGATED, address, whom, at, response=note_payload(execution.codec, note)
    )


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
    active = active_at(execution, address, OfferTask)
    task = cast(OfferTask, active.node).task
    failed = kind is Kind.TASK_FAILED
    if failed and task.error is None:
        raise WrongPayload(f"The error of task {task.name!r}", "it declares none: Task(..., error=...)")
    what = f"The {'error' if failed else 'output'} of task {task.name!r} at {address!r}"
    payload = given_payload(execution.codec, answer, task.error if failed else task.output, what)
    return Entry(execution.seq + 1, kind, address, payload, at, key, note_payload(execution.codec, note))


def offered_entry(execution: Execution, active: Active, node: OfferTask, at: datetime) -> Entry:
    codec, task = execution.codec, node.task
    sent = call(node.send, active.address, active.value)
    payload = made_payload(codec, sent, task.input, _input_of(task.name, active), _TASK_INPUT)
    to = None if node.to is None else _addressee(codec, call(node.to, active.address, active.value), active)
    offered = codec.encode(Offered(task.name, task.version, to), Offered)
    return Entry(execution.seq + 1, Kind.TASK_OFFERED, active.address, payload, at, response=offered)


def _input_of(task: str, active: Active) -> str:
    return f"The input of task {task!r} at {active.address!r}"


def _addressee(codec: Codec, to: object, active: Active) -> Payload:
    return made_payload(codec, to, None, f"To whom the task at {active.address!r} is offered", "Give plain JSON.")
