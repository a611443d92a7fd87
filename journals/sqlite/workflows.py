"""Which workflows may start, and which can nobody run, in a SQLite file? Functions of a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice

from journals.entries import InstanceRecord
from journals.rows import RECORD_COLUMNS, record_of
from journals.sqlite.sharing import members
from journals.sqlite.writing import text_of_now, transaction
from journals.workflows import Disabled, Hooked, Unfinished, hook_rows, hooks_in, in_order

_RECORD = ", ".join(RECORD_COLUMNS)
_OPEN = "FROM wio_instances INDEXED BY wio_by_workflow WHERE finished_at IS NULL"

_DISABLE = """INSERT INTO wio_disabled (workflow, version, by_whom, reason, at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (workflow, version) DO UPDATE
    SET by_whom = excluded.by_whom, reason = excluded.reason, at = excluded.at"""
_ENABLE = "DELETE FROM wio_disabled WHERE workflow = ? AND (version = ? OR ? IS NULL)"
_DISABLED = "SELECT workflow, version, by_whom, reason, at FROM wio_disabled"
_NOTE_HOOKS = """INSERT INTO wio_hooks (workflow, changes) VALUES (?, ?)
    ON CONFLICT (workflow) DO UPDATE SET changes = excluded.changes"""
_HOOKED = "SELECT workflow, changes FROM wio_hooks"
_WHICH = f"{_DISABLED} WHERE workflow = ? AND version IN (0, ?) ORDER BY version LIMIT 1"
_NEXT = f"SELECT workflow, version {_OPEN} AND (workflow, version) > (?, ?) ORDER BY workflow, version LIMIT 1"
_COUNT = f"SELECT count(*) FROM (SELECT 1 {_OPEN} AND workflow = ? AND version = ? LIMIT ?)"
_OF_ONE = f"SELECT {_RECORD} {_OPEN} AND workflow = ? AND version = ? AND id > ? ORDER BY id LIMIT ?"


def disable(connection: sqlite3.Connection, workflow: str, version: int | None, by: str, reason: str) -> None:
    """Let nothing start any more of a workflow."""
    connection.execute(_DISABLE, (workflow, version or 0, by, reason, text_of_now()))


def enable(connection: sqlite3.Connection, workflow: str, version: int | None) -> bool:
    """Take back what was disabled. Return whether it was."""
    return connection.execute(_ENABLE, (workflow, version, version)).rowcount > 0


def disabled(connection: sqlite3.Connection) -> tuple[Disabled, ...]:
    """Return what is disabled."""
    return in_order(map(_disabled, connection.execute(_DISABLED)))


def which_disabled(connection: sqlite3.Connection, workflow: str, version: int) -> Disabled | None:
    """Return what keeps a version of a workflow from being started, or None."""
    row = connection.execute(_WHICH, (workflow, version)).fetchone()
    return None if row is None else _disabled(row)


def _disabled(row: tuple[str, int, str, str, str]) -> Disabled:
    workflow, version, by, reason, at = row
    return Disabled(workflow, version or None, by, reason, datetime.fromisoformat(at))


def note_hooks(connection: sqlite3.Connection, hooks: Sequence[Hooked]) -> None:
    """Note for which changes of workflows there are hooks."""
    with transaction(connection):
        connection.executemany(_NOTE_HOOKS, hook_rows(hooks))


def hooked(connection: sqlite3.Connection) -> tuple[Hooked, ...]:
    """Return which workflows have hooks, and for which changes."""
    return hooks_in(connection.execute(_HOOKED).fetchall())


def unfinished(connection: sqlite3.Connection, most: int) -> tuple[Unfinished, ...]:
    """Return which workflows have unfinished instances, and how many."""
    return tuple(
        Unfinished(workflow, version, connection.execute(_COUNT, (workflow, version, most)).fetchone()[0])
        for workflow, version in _kinds(connection)
    )


def stranded(connection: sqlite3.Connection, after: str, most: int) -> tuple[InstanceRecord, ...]:
    """Return unfinished instances that no member knows, in the order of their ids."""
    known = {each for member in members(connection) for each in member.knows}
    lost = [each for each in _kinds(connection) if each not in known]
    found = (connection.execute(_OF_ONE, (*each, after, most)).fetchall() for each in lost)
    in_turn = merge(*found, key=lambda row: str(row[0]))
    return tuple(record_of(row, datetime.fromisoformat) for row in islice(in_turn, most))


def _kinds(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Yield the workflows and versions that have unfinished instances; each is one step in the index."""
    kind: tuple[str, int] | None = connection.execute(_NEXT, ("", 0)).fetchone()
    while kind is not None:
        yield kind
        kind = connection.execute(_NEXT, kind).fetchone()
