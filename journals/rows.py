"""How does an entry lie in the columns of a table? What the adapters for SQL databases share.

An adapter gives the functions that turn its kind of time into a `datetime` and back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from journals.entries import Entry, InstanceRecord, Kind, Payload, Status
from journals.errors import CorruptEntry
from journals.labels import LabelRow, Labels, labels_of
from journals.search import Count, counted

ENTRY_COLUMNS = (
    "seq",
    "kind",
    "address",
    "type",
    "version",
    "payload",
    "recorded_at",
    "key",
    "response_type",
    "response_version",
    "response",
)
"""Are the columns of an entry, in the order of an `EntryRow`, without the instance it belongs to."""

RECORD_COLUMNS = (
    "id",
    "workflow",
    "version",
    "status",
    "last_seq",
    "wake_up",
    "detail",
    "started_at",
    "updated_at",
)
"""Are the columns of an instance's record, in the order in which `record_of` takes them."""

Row: TypeAlias = Sequence[Any]
EntryRow: TypeAlias = tuple[
    int, str, str, str | None, int | None, str | None, Any, str | None, str | None, int | None, str | None
]

_KINDS = {kind.value: kind for kind in Kind}


def entry_row(entry: Entry, time: Callable[[datetime], Any]) -> EntryRow:
    """Return an entry as a row of `ENTRY_COLUMNS`; `time` makes what the store holds as its time."""
    payload, response = entry.payload, entry.response
    return (
        entry.seq,
        entry.kind.value,
        entry.address,
        None if payload is None else payload.type,
        None if payload is None else payload.version,
        None if payload is None else payload.text,
        time(entry.recorded_at),
        entry.key,
        None if response is None else response.type,
        None if response is None else response.version,
        None if response is None else response.text,
    )


def entry_of(instance_id: str, row: Row, time: Callable[[Any], datetime]) -> Entry:
    """Return the entry that lies in a row of `ENTRY_COLUMNS`. Raises `CorruptEntry`."""
    seq, kind_text, address, type_, version, text, recorded_at, key, response_type, response_version, response = row
    kind = _KINDS.get(kind_text)
    if kind is None:
        raise CorruptEntry(instance_id, seq, f"its kind {kind_text!r} is unknown")
    try:
        moment = time(recorded_at)
    except (TypeError, ValueError) as error:
        raise CorruptEntry(instance_id, seq, f"its recorded_at {recorded_at!r} is not a time") from error
    if moment.tzinfo is None:
        raise CorruptEntry(instance_id, seq, f"its recorded_at {recorded_at!r} has no time zone")
    return Entry(
        seq,
        kind,
        address,
        _payload_of(instance_id, seq, type_, version, text),
        moment,
        key,
        _payload_of(instance_id, seq, response_type, response_version, response),
    )


def entries_of(
    instance_id: str,
    rows: Iterable[Row],
    time: Callable[[Any], datetime],
    *,
    after: int,
    least: int,
) -> tuple[Entry, ...]:
    """Return the entries that lie in rows, which are in the order of `seq` and begin at `after` + 1.

    `least` is how many there must be, as far as the instance's record knows. Raises `CorruptEntry` for a gap.
    """
    entries: list[Entry] = []
    for seq, row in enumerate(rows, after + 1):
        if row[0] != seq:
            raise CorruptEntry(instance_id, seq, f"it is missing, and entry {row[0]} follows")
        entries.append(entry_of(instance_id, row, time))
    if len(entries) < least:
        raise CorruptEntry(instance_id, after + len(entries) + 1, "it is missing at the end")
    return tuple(entries)


def record_of(row: Row, time: Callable[[Any], datetime]) -> InstanceRecord:
    """Return the record that lies in a row of `RECORD_COLUMNS`. Raises `CorruptEntry`."""
    id_, workflow, version, status, last_seq, wake_up, detail, started_at, updated_at = row
    try:
        return InstanceRecord(
            id_,
            workflow,
            version,
            Status(status),
            last_seq,
            None if wake_up is None else time(wake_up),
            detail,
            time(started_at),
            time(updated_at),
        )
    except (TypeError, ValueError) as error:
        raise CorruptEntry(id_, last_seq, f"the record of the instance is damaged ({error})") from error


def counts_of(rows: Iterable[Row]) -> tuple[Count, ...]:
    """Return the counts that lie in rows of a workflow, a status and a number."""
    return counted((workflow, Status(status), number) for workflow, status, number in rows)


def labels_by_id(rows: Iterable[Row], instance_ids: Sequence[str]) -> tuple[Labels, ...]:
    """Return the labels of instances, in their order, that lie in rows of an id and a label."""
    found: dict[str, list[LabelRow]] = {}
    for instance_id, *row in rows:
        name, type_, value = row
        found.setdefault(instance_id, []).append((name, type_, value))
    return tuple(labels_of(found.get(instance_id, ())) for instance_id in instance_ids)


def _payload_of(instance_id: str, seq: int, type_: Any, version: Any, text: Any) -> Payload | None:
    if text is None and type_ is None and version is None:
        return None
    if not (isinstance(text, str) and isinstance(type_, str) and isinstance(version, int)):
        raise CorruptEntry(instance_id, seq, "its payload is not a text with a type and a version")
    return Payload(type_, version, text)
