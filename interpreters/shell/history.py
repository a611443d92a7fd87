"""The command `wio history`: what does a journal hold of an instance? It needs no workflow."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from interpreters.history import ActivityRow
from interpreters.history import activities as activities_of
from interpreters.runtime.journal.reading import read_all
from interpreters.shell import options
from interpreters.shell.complaints import one_line
from interpreters.shell.endings import payload_as_json
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, print_json, print_table, time_words
from journals.archives import read_archived
from journals.entries import Entry, InstanceRecord, Kind, Payload
from journals.ports import Journal

Activities: TypeAlias = Annotated[
    bool, Parameter(negative="", help="Tell it in the words of workflow engines: scheduled, started, completed.")
]
Full: TypeAlias = Annotated[
    bool, Parameter(negative="", help="Cut no payload, on a terminal either; elsewhere none is cut anyway.")
]


def history(
    *,
    id: options.InstanceId,
    journal: options.JournalUrl,
    activities: Activities = False,
    full: Full = False,
    json: options.AsJson = False,
) -> None:
    """Print what the journal holds of an instance, entry by entry."""
    record, entries = asyncio.run(_history(journal_at(journal), id))
    _print(record, entries, activities, json, full)


def archived(
    file: Annotated[Path, Parameter(help="The .jsonl file of an instance that was archived when it was removed.")],
    /,
    *,
    activities: Activities = False,
    full: Full = False,
    json: options.AsJson = False,
) -> None:
    """Print what the file of an archived instance holds, entry by entry, as history does for a journal."""
    record, entries = read_archived(file)
    _print(record, entries, activities, json, full)


def _print(record: InstanceRecord, entries: tuple[Entry, ...], activities: bool, json: bool, full: bool) -> None:
    if activities:
        print_activities(activities_of(record.workflow, entries), json, full)
    elif json:
        print_json([_entry_as_json(entry) for entry in entries])
    else:
        print_entries(entries, full)


async def _history(journal: Journal, id: str) -> tuple[InstanceRecord, tuple[Entry, ...]]:
    async with journal:
        return await journal.find(id), await read_all(journal, id)


def print_entries(entries: tuple[Entry, ...], full: bool = False) -> None:
    """Print entries as a table."""
    print_table(_ENTRY_COLUMNS, [_entry_row(entry) for entry in entries], full)


_ENTRY_COLUMNS = (
    Column("seq", "dim"),
    Column("recorded at (UTC)", "dim"),
    Column("kind"),
    Column("address", "bold"),
    Column("key"),
    Column("payload", cut=True),
)


def _entry_row(entry: Entry) -> tuple[str, ...]:
    answered = "" if entry.response is None else f" -> {_response_words(entry.response)}"
    return (
        str(entry.seq),
        time_words(entry.recorded_at),
        entry.kind.value,
        entry.address,
        entry.key or "",
        _recorded_words(entry) + answered,
    )


_OWN_WORDS = frozenset(
    {
        *(Kind.ATTEMPT_FAILED, Kind.PAUSED, Kind.RESUMED, Kind.RETRIED, Kind.WENT_BACK, Kind.CANCELLING),
        *(Kind.TASK_STARTED, Kind.TASK_HEARTBEAT, Kind.TASK_RELEASED, Kind.DATA_DELETION_REQUESTED),
    }
)
"""Are the kinds of entries whose payloads are wio's own, and said in words."""


def _recorded_words(entry: Entry) -> str:
    """Return what was recorded; of an error its type, its message and what was decided: its traceback fills pages."""
    if entry.kind in _OWN_WORDS and entry.payload is not None:
        match payload_as_json(entry.payload):
            case {"type": "wio.WentBack", "value": {"address": str(address), "by": str(by), "text": str(text)}}:
                return f"to {address} {_said_words(by, text)}"
            case {"type": "wio.Note", "value": {"by": str(by), "text": str(text)}}:
                return _said_words(by, text)
            case {"value": {"error": {"type": str(type), "message": str(message)}, "decided": str(decided)}}:
                return f"{type}: {message} -> {decided}"
            case {"value": {"error": {"type": str(type), "message": str(message)}}}:
                return f"{type}: {message}"
            case _:
                pass
    return _payload_words(entry.payload)


def _response_words(response: Payload) -> str:
    """Return what stands beside what was recorded; of an offered task which it is, and to whom it is offered."""
    match payload_as_json(response):
        case {"type": "wio.Offered", "value": {"task": str(task), "version": int(version), "to": {"text": str(to)}}}:
            return f"task {task} v{version}, to {to}"
        case {"type": "wio.Offered", "value": {"task": str(task), "version": int(version)}}:
            return f"task {task} v{version}"
        case {"type": "wio.Note", "value": {"by": str(by), "text": str(text)}}:
            return _said_words(by, text)
        case {"type": "wio.WasParked", "value": {"reason": str(reason)}}:
            return f"was parked: {one_line(reason)}"
        case _:
            return _payload_words(response)


def _said_words(by: str, text: str) -> str:
    return "".join((f"by {by}" if by else "by somebody", f": {text}" if text else ""))


def _payload_words(payload: Payload | None) -> str:
    return "" if payload is None else f"{payload.type} {payload.text}"


def _entry_as_json(entry: Entry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "recorded_at": entry.recorded_at.isoformat(),
        "kind": entry.kind.value,
        "address": entry.address,
        "key": entry.key,
        "payload": payload_as_json(entry.payload),
        "response": payload_as_json(entry.response),
    }


def print_activities(rows: tuple[ActivityRow, ...], json: bool = False, full: bool = False) -> None:
    """Print the rows of activities as a table or as JSON."""
    if json:
        print_json([{"seq": row.seq, "event": row.event, "result": row.subject} for row in rows])
    else:
        print_table(_ACTIVITY_COLUMNS, [(str(row.seq), row.event, row.subject) for row in rows], full)


_ACTIVITY_COLUMNS = (Column("seq", "dim"), Column("event type"), Column("result", cut=True))
