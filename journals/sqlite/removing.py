"""Who has ended in a SQLite file, and how is all that is kept of an instance deleted? Functions of a connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from journals.ended import PEACE, Ended
from journals.entries import Entry, InstanceRecord
from journals.errors import CorruptEntry
from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS, entry_of, record_of
from journals.sqlite.writing import text_of, transaction

_OF_AN_INSTANCE = ("wio_attributes", "wio_entries", "wio_messages")
"""Are the tables with what else is kept of an instance, under its `instance_id`."""

_FIRST = len(RECORD_COLUMNS)
_ENTRY = ", ".join(f"e.{column}" for column in ENTRY_COLUMNS)

_HAS_NEWS = """EXISTS (SELECT 1 FROM wio_messages AS m
    WHERE m.instance_id = i.id AND coalesce(m.answered_at, m.sent_at) > ?)"""
# A name is looked for behind the one before: as many looks as there are workflows, however many instances they have.
_NAMES = """WITH RECURSIVE names (name) AS (
        SELECT min(workflow) FROM wio_instances INDEXED BY wio_ended WHERE finished_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(workflow) FROM wio_instances INDEXED BY wio_ended
            WHERE finished_at IS NOT NULL AND workflow > name)
        FROM names WHERE name IS NOT NULL
    )
    SELECT name FROM names WHERE name IS NOT NULL"""
_FIND_ENDED = f"""SELECT {", ".join(f"i.{column}" for column in RECORD_COLUMNS)}, {_ENTRY}, {_HAS_NEWS}
    FROM (SELECT * FROM wio_instances INDEXED BY wio_ended
        WHERE workflow = ? AND finished_at IS NOT NULL AND finished_at < ? AND (finished_at, id) > (?, ?)
        ORDER BY finished_at, id LIMIT ?) AS i
    LEFT JOIN wio_entries AS e ON e.instance_id = i.id AND e.seq = 1"""
_FIND_UNFINISHED = """SELECT i.id FROM json_each(?) AS wanted
    CROSS JOIN wio_instances AS i ON i.id = wanted.value AND i.finished_at IS NULL"""
_REMOVE = f"DELETE FROM wio_instances AS i WHERE id = ? AND finished_at = ? AND last_seq = ? AND NOT {_HAS_NEWS}"


def find_ended(
    connection: sqlite3.Connection,
    before: datetime,
    workflows: frozenset[str] | None,
    after: InstanceRecord | None,
    most: int,
) -> tuple[Ended, ...]:
    """Return who ended before a time, the earliest first."""
    names = [name for (name,) in connection.execute(_NAMES)] if workflows is None else sorted(workflows)
    behind = ("", "") if after is None else (text_of(after.updated_at), after.id)
    found: list[Ended] = []
    for name in names:
        rows = connection.execute(_FIND_ENDED, (_since(), name, text_of(before), *behind, most))
        found.extend(_ended(row) for row in rows)
    found.sort(key=lambda each: (each.record.updated_at, each.record.id))
    return tuple(found[:most])


def _ended(row: tuple[object, ...]) -> Ended:
    record = record_of(row[:_FIRST], datetime.fromisoformat)
    first: Entry | None = None
    with suppress(CorruptEntry):  # Who reads the entries is told so.
        first = entry_of(record.id, row[_FIRST:-1], datetime.fromisoformat)
    return Ended(record, first, bool(row[-1]))


def find_unfinished(connection: sqlite3.Connection, instance_ids: Sequence[str]) -> frozenset[str]:
    """Return which of these instances go on."""
    return frozenset(name for (name,) in connection.execute(_FIND_UNFINISHED, (json.dumps(list(instance_ids)),)))


def remove(connection: sqlite3.Connection, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
    """Delete instances that are still as their records say, with all that is kept of them."""
    with transaction(connection):
        removed = [
            record.id
            for record in records
            if connection.execute(_REMOVE, (record.id, text_of(record.updated_at), record.last_seq, _since())).rowcount
        ]
        for table in _OF_AN_INSTANCE:
            connection.executemany(f"DELETE FROM {table} WHERE instance_id = ?", [(each,) for each in removed])
    return tuple(removed)


def _since() -> str:
    return text_of(datetime.now(UTC) - PEACE)
