"""How is a journal told to people? As rows: one for each entry, or one for each thing that happened to an activity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from journals.entries import Entry, Kind


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
    result = entry.payload.text if entry.payload else ""
    match entry.kind:
        case Kind.STARTED:
            yield "workflow started", "", workflow
        case Kind.EVENT:
            yield "activity scheduled", entry.address, ""
            yield "activity started", entry.address, ""
            yield "activity completed", entry.address, result
        case Kind.ATTEMPT_LOST:
            yield "activity scheduled", entry.address, ""
            yield "activity started", entry.address, ""
            yield "activity failed", entry.address, "(crashed before completion)"
        case Kind.ATTEMPT_FAILED:
            yield "activity scheduled", entry.address, ""
            yield "activity started", entry.address, ""
            yield "activity failed", entry.address, result
        case Kind.SIGNAL:
            yield "signal received", entry.address, result
        case Kind.SIGNAL_KEPT:
            yield "signal kept", entry.address, result
        case Kind.TIMER_SET:
            yield "timer started", entry.address, result
        case Kind.TIMER_FIRED:
            yield "timer fired", entry.address, ""
        case Kind.PAUSED:
            yield "workflow paused", entry.address, result
        case Kind.RESUMED:
            yield "workflow resumed", entry.address, ""
        case Kind.COMPLETED:
            yield "workflow completed", "", result
        case Kind.FAILED:
            yield "workflow failed", "", result


def _retries_marked(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    failed: set[str] = set()
    for event, address, result in rows:
        again = " (retries)" if address in failed else ""
        yield event, result or f"{address}{again}"
        if event == "activity failed":
            failed.add(address)
