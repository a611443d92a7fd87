"""How are instances found in a SQLite file, and where do their tags and attributes lie?"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from journals.entries import Commit, InstanceRecord
from journals.labels import Labels, label_rows
from journals.rows import Row, counts_of, labels_by_id, record_of
from journals.search import Count, Cursor, Order, Search
from journals.search_sql import Dialect, Statement, counting, found
from journals.sqlite.writing import text_of

_LABEL = """INSERT INTO wio_attributes (instance_id, name, type, value, started_at)
    SELECT ?, ?, ?, ?, started_at FROM wio_instances WHERE id = ?
    ON CONFLICT (instance_id, name) DO UPDATE SET type = excluded.type, value = excluded.value"""
_UNLABEL = "DELETE FROM wio_attributes WHERE instance_id = ? AND name = ?"
_LABELS = "SELECT instance_id, name, type, value FROM wio_attributes WHERE instance_id = ?"


def _parameter(number: int, _type: str) -> str:
    return f":p{number}"


_DIALECT = Dialect("wio_instances", "wio_attributes", _parameter, "instr", "i.finished_at IS NULL")


def write_labels(connection: sqlite3.Connection, commits: Sequence[Commit]) -> None:
    """Write the tags and attributes of commits, within their transaction."""
    for commit in commits:
        if commit.tags or commit.attributes:
            id = commit.instance_id
            for name, type_, value in label_rows(commit):
                if type_ is None:
                    connection.execute(_UNLABEL, (id, name))
                else:
                    connection.execute(_LABEL, (id, name, type_, value, id))


def find_all(
    connection: sqlite3.Connection, search: Search, order: Order, after: Cursor | None, most: int
) -> tuple[InstanceRecord, ...]:
    """Return the records of a page."""
    rows = _rows(connection, found(_DIALECT, search, order, after, most))
    return tuple(record_of(row, datetime.fromisoformat) for row in rows)


def count(connection: sqlite3.Connection, search: Search) -> tuple[Count, ...]:
    """Return how many instances fit a search, by workflow and status."""
    return counts_of(_rows(connection, counting(_DIALECT, search)))


def labels(connection: sqlite3.Connection, instance_ids: Sequence[str]) -> tuple[Labels, ...]:
    """Return the labels of instances, in their order."""
    rows = [row for each in dict.fromkeys(instance_ids) for row in connection.execute(_LABELS, (each,))]
    return labels_by_id(rows, instance_ids)


def _rows(connection: sqlite3.Connection, statement: Statement) -> list[Row]:
    text, values = statement
    parameters = {
        f"p{number}": text_of(value) if isinstance(value, datetime) else value
        for number, value in enumerate(values, start=1)
    }
    return connection.execute(text, parameters).fetchall()
