"""What became of an instance, in an exit code, in words and as JSON?"""

from __future__ import annotations

import json

from interpreters.shell.exit_codes import DONE, FAILED, PAUSED, WAITING
from journals.entries import InstanceRecord, Kind, Payload, Status
from journals.ports import Journal
from journals.run_states import run_state

_RUNS = "runs "

EXIT_CODES = {
    Status.COMPLETED: DONE,
    Status.FAILED: FAILED,
    Status.INITIATED: WAITING,
    Status.WAITING: WAITING,
    Status.RUNNING: WAITING,
    Status.PAUSED: PAUSED,
    Status.STUCK: PAUSED,
    Status.CANCELLED: FAILED,
    Status.DATA_DELETION_REQUESTED: WAITING,
    Status.DATA_DELETED: DONE,
}


async def outcome_of(journal: Journal, record: InstanceRecord) -> Payload | None:
    """Return the value or the error with which an instance has ended, or None while it has not."""
    entries = await journal.read(record.id, after=record.last_seq - 1, most=1)
    return entries[0].payload if entries and entries[0].kind in (Kind.COMPLETED, Kind.FAILED) else None


def in_words(record: InstanceRecord, outcome: Payload | None) -> str:
    """Return one sentence for people."""
    match record.status:
        case Status.COMPLETED | Status.FAILED:
            ended = f"{record.id} {record.status.value}"
            return ended if outcome is None else f"{ended} with {outcome.type} {outcome.text}"
        case Status.CANCELLED:
            return f"{record.id} cancelled"
        case Status.STUCK:
            return f"{record.id} is {record.detail}"
        case Status.PAUSED:
            parked = "paused: " if is_parked(record) else ""
            return f"{record.id} is {parked}{record.detail}"
        case Status.DATA_DELETION_REQUESTED:
            return f"{record.id} waits for its data to be deleted"
        case Status.DATA_DELETED:
            return f"{record.id} ended; its data is deleted"
        case Status.INITIATED | Status.WAITING | Status.RUNNING:
            return f"{record.id} {detail_words(record) or record.status.value}"


def is_parked(record: InstanceRecord) -> bool:
    """Tell whether an instance is paused because its journal does not fit its workflow."""
    return record.status is Status.PAUSED and not record.detail.startswith("paused")


def detail_words(record: InstanceRecord) -> str:
    """Return what the record says of the present. It cannot know whether the process that began a step still lives."""
    detail = record.detail
    if not detail.startswith(_RUNS):
        return detail
    if record.status is Status.RUNNING:
        return f"began {detail.removeprefix(_RUNS)}; no end recorded"
    return f"{detail} next"


def as_json(record: InstanceRecord, outcome: Payload | None) -> dict[str, object]:
    """Return what a program needs to know. `outcome` is None while the instance has not ended."""
    return {
        "id": record.id,
        "workflow": record.workflow,
        "version": record.version,
        "state": run_state(record.status).value,
        "status": record.status.value,
        "detail": detail_words(record),
        "wake_up": None if record.goes_on_at is None else record.goes_on_at.isoformat(),
        "entries": record.last_seq,
        "started_at": record.started_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "outcome": payload_as_json(outcome),
    }


def payload_as_json(payload: Payload | None) -> dict[str, object] | None:
    """Return a payload with its text as JSON, or as text when a codec made it something else."""
    if payload is None:
        return None
    try:
        value: object = json.loads(payload.text)
    except ValueError:
        value = payload.text
    return {"type": payload.type, "version": payload.version, "value": value}
