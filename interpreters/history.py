"""How is a journal told to people? As rows: one for each entry, or one for each thing that happened to an activity."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import cast

import attrs

from interpreters.machine.recorded import Decided, Loss
from journals.entries import Entry, Kind, Payload


@attrs.frozen
class ActivityRow:
    """Is one line of the life of an instance: a number from 0, what happened, to what, and with which result."""

    seq: int
    event: str
    subject: str


def activities(workflow: str, entries: Iterable[Entry]) -> tuple[ActivityRow, ...]:
    """Return the life of an instance in the words of workflow engines: scheduled, started, completed, failed.

    The journal does not spend entries on scheduling and starting: a step is scheduled and started as soon as the
    entry before it is stored, and an attempt that was lost is recorded as such. This spells all of it out.
    """
    rows = [row for entry in entries for row in _rows_of(workflow, entry)]
    numbered = _retries_marked(rows)
    return tuple(ActivityRow(number, event, subject) for number, (event, subject) in enumerate(numbered))


def _rows_of(workflow: str, entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield the events of an entry: what happened, the activity's address, and the result."""
    address, recorded = entry.address, _read(entry.payload)
    result = _worded(recorded)
    match entry.kind:
        case Kind.STARTED:
            yield "workflow started", "", workflow
        case Kind.EVENT:
            yield from _attempt(address, "activity completed", result)
        case Kind.ATTEMPT_LOST:
            yield from _attempt(address, "activity failed", _loss(recorded))
        case Kind.ATTEMPT_FAILED:
            yield from _attempt(address, "activity failed", _problem(recorded))
            yield from _decided(recorded, address)
        case Kind.SIGNAL:
            yield "signal received", address, f"{address} {result}"
        case Kind.SIGNAL_KEPT:
            yield "signal kept", address, f"{address} {result}"
        case Kind.SIGNAL_TAKEN:
            yield "signal taken", address, f"{address} {result}"
        case Kind.TIMER_SET:
            yield "timer started", address, f"{address} {result}"
        case Kind.TIMER_FIRED:
            yield "timer fired", address, address
        case Kind.PAUSED | Kind.RESUMED if not address:
            yield f"workflow {entry.kind.value}", address, _said_by(recorded) + _parked(_read(entry.response))
        case Kind.WENT_BACK:
            yield "workflow went back", address, _said_by(recorded)
        case Kind.PAUSED:
            yield "workflow paused", address, f"{address} {_problem(recorded)}"
        case Kind.RESUMED:
            yield "workflow resumed", address, _with_note(address, recorded)
        case Kind.COMPLETED:
            yield "workflow completed", "", result
        case Kind.FAILED:
            yield "workflow failed", "", result
        case Kind.CANCELLED:
            yield "workflow cancelled", "", workflow
        case Kind.CANCELLING:
            yield "cancel requested", "", _with_note(workflow, recorded)
        case Kind.DATA_DELETION_REQUESTED:
            yield "data deletion requested", "", _said_by(recorded)
        case Kind.RETRIED | Kind.TASK_STARTED | Kind.TASK_HEARTBEAT | Kind.TASK_RELEASED:
            yield entry.kind.value.replace("_", " "), address, _with_note(address, recorded)
        case Kind.TASK_SKIPPED | Kind.TASK_DELEGATED:
            told = _with_note(f"{address} {result}", _read(entry.response))
            yield entry.kind.value.replace("_", " "), address, told
        case Kind.ELEMENTS:
            yield "elements recorded", address, f"{address} {result}"
        case Kind.ATTRIBUTES:
            yield "attributes set", address, f"{address} {result}"
        case Kind.CHILD_LEFT:
            yield "child left", address, address
        case _:
            yield entry.kind.value.replace("_", " "), address, f"{address} {result}"


def _attempt(address: str, end: str, result: str) -> Iterator[tuple[str, str, str]]:
    yield "activity scheduled", address, ""
    yield "activity started", address, ""
    yield end, address, result


def _decided(recorded: object, address: str) -> Iterator[tuple[str, str, str]]:
    """Yield what was decided about a step that is not tried again by itself."""
    match recorded:
        case {"decided": Decided.GIVE_UP.value}:
            yield "activity given up", address, address
        case {"decided": Decided.FAIL.value}:
            yield "workflow failing", address, address
        case {"retry_at": None}:
            yield "workflow paused", address, address
        case _:
            pass


def _said_by(recorded: object) -> str:
    """Return where an operator let the instance go back to, if he did, who he is, and why."""
    match recorded:
        case {"address": str(address), "by": str(by), "text": str(text)}:
            return f"to {address} {_by(by, text)}"
        case {"by": str(by), "text": str(text)}:
            return _by(by, text)
        case _:
            return "by somebody"


def _with_note(told: str, recorded: object) -> str:
    """Return what is told with who said so, and why, where somebody did."""
    match recorded:
        case {"by": str(), "text": str()}:
            return f"{told} {_said_by(recorded)}"
        case _:
            return told


def _parked(recorded: object) -> str:
    """Return why an instance was parked that somebody resumed, if it was."""
    match recorded:
        case {"reason": str(reason)}:
            return f" (was parked: {' '.join(reason.split())})"
        case _:
            return ""


def _by(by: str, text: str) -> str:
    return f"by {by or 'somebody'}{f': {text}' if text else ''}"


def _loss(recorded: object) -> str:
    match recorded:
        case {"reason": Loss.STOP.value}:
            return "(stopped before completion)"
        case _:
            return "(crashed before completion)"


def _problem(recorded: object) -> str:
    """Return the error in a failed attempt or a pause, without its traceback."""
    match recorded:
        case {"error": {"type": str(type), "message": str(message)}}:
            return f"({type}: {message})"
        case _:
            return f"({_worded(recorded)})"


def _read(payload: Payload | None) -> object:
    """Return a payload as plain data, or its text as it is when a codec made something else than JSON of it."""
    if payload is None:
        return None
    try:
        return cast(object, json.loads(payload.text))
    except ValueError:
        return payload.text


def _worded(value: object) -> str:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return "{" + ", ".join(f"{name}: {_worded(inner)}" for name, inner in fields.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_worded(inner) for inner in cast("list[object]", value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _retries_marked(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    failed: set[str] = set()
    for event, address, result in rows:
        again = " (retries)" if address in failed else ""
        yield event, result or f"{address}{again}"
        if event == "activity failed":
            failed.add(address)
