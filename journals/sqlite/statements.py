"""What does `SqliteJournal` say to its database? Functions of a connection, without threads or event loops."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from journals.entries import UNFINISHED, Commit, Entry, InstanceRecord
from journals.errors import Conflict, JournalError, NotOwner, UnknownInstance, WorkflowDisabled
from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS, entries_of, entry_of, entry_row, record_of
from journals.search_sql import phase_of
from journals.sqlite.mail import pass_on
from journals.sqlite.search import write_labels
from journals.sqlite.sharing import is_member
from journals.sqlite.workflows import which_disabled
from journals.sqlite.writing import text_of

_ENTRY = ", ".join(ENTRY_COLUMNS)
_RECORD = ", ".join(RECORD_COLUMNS)

_START = f"""INSERT INTO wio_instances ({_RECORD}, finished_at, phase) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING"""
_START_OWNED = f"""INSERT INTO wio_instances ({_RECORD}, finished_at, phase, owner)
    SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM wio_members WHERE epoch = ?)
    ON CONFLICT (id) DO NOTHING"""
_GO_ON = """UPDATE wio_instances
    SET workflow = ?, version = ?, status = ?, last_seq = ?, wake_up = ?, detail = ?, updated_at = ?
    WHERE id = ? AND last_seq = ? AND owner IS ? AND finished_at IS NULL AND phase = ?"""
_TURN = """UPDATE wio_instances
    SET workflow = ?, version = ?, status = ?, last_seq = ?, wake_up = ?, detail = ?, updated_at = ?,
        finished_at = ?, phase = ?, owner = ?
    WHERE id = ? AND last_seq = ? AND owner IS ? AND finished_at IS NULL"""
# Who has ended is nobody's: no member goes on with it, but who is none may.
_REOPEN = """UPDATE wio_instances
    SET workflow = ?, version = ?, status = ?, last_seq = ?, wake_up = ?, detail = ?, updated_at = ?,
        finished_at = ?, phase = ?
    WHERE id = ? AND last_seq = ? AND finished_at IS NOT NULL"""
_APPEND = f"""INSERT INTO wio_entries (instance_id, token, {_ENTRY})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_TOKEN = "SELECT token FROM wio_entries WHERE instance_id = ? AND seq = ?"
_OWNER = "SELECT owner FROM wio_instances WHERE id = ?"
_LAST_SEQ = "SELECT last_seq FROM wio_instances WHERE id = ?"
_READ = f"SELECT {_ENTRY} FROM wio_entries WHERE instance_id = ? AND seq > ? ORDER BY seq LIMIT ?"
_FIND = f"SELECT {_RECORD} FROM wio_instances WHERE id = ?"
# Left alone, SQLite would go backwards through all entries of the instance.
_FIND_KEY = f"""SELECT {_ENTRY} FROM wio_entries INDEXED BY wio_keys
    WHERE instance_id = ? AND key = ? ORDER BY seq DESC LIMIT 1"""


def store(connection: sqlite3.Connection, commits: Sequence[Commit], journal: str) -> list[JournalError | None]:
    """Store commits of different instances in one transaction; give for each None, or why it was not stored.

    The guard of a commit comes before its entries, so a commit that loses has written nothing.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        answers = store_each(connection, commits, journal)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return answers


def store_each(connection: sqlite3.Connection, commits: Sequence[Commit], journal: str) -> list[JournalError | None]:
    """Do the same within a transaction that somebody else commits."""
    answers: list[JournalError | None] = []
    rows: list[tuple[Any, ...]] = []
    won: list[Commit] = []
    for commit in commits:
        if _won(connection, commit):
            rows.extend(_entry_rows(commit))
            won.append(commit)
            answers.append(None)
        else:
            answers.append(_why_lost(connection, commit, journal))
    connection.executemany(_APPEND, rows)
    pass_on(connection, won)
    write_labels(connection, won)
    return answers


def _won(connection: sqlite3.Connection, commit: Commit) -> bool:
    """Write the record of the instance if it still ends where the commit expects, and is still whose it says."""
    at = text_of(commit.at)
    finished_at = None if commit.status in UNFINISHED else at
    last_seq = commit.expected + len(commit.entries)
    wake_up = None if commit.wake_up is None else text_of(commit.wake_up)
    state = (commit.workflow, commit.version, commit.status.value, last_seq, wake_up, commit.detail)
    phase = phase_of(commit.status)
    if commit.expected == 0:
        return _started(connection, commit, (commit.instance_id, *state, at, at, finished_at, phase))
    guard = (commit.instance_id, commit.expected, commit.owner)
    if finished_at is None and connection.execute(_GO_ON, (*state, at, *guard, phase)).rowcount == 1:
        return True
    owner = commit.owner if finished_at is None else None
    if connection.execute(_TURN, (*state, at, finished_at, phase, owner, *guard)).rowcount == 1:
        return True
    if commit.owner is not None:
        return False
    return connection.execute(_REOPEN, (*state, at, finished_at, phase, *guard[:2])).rowcount == 1


def _started(connection: sqlite3.Connection, commit: Commit, row: tuple[Any, ...]) -> bool:
    if which_disabled(connection, commit.workflow, commit.version) is not None:
        return False
    if commit.owner is None:
        return connection.execute(_START, row).rowcount == 1
    owner = commit.owner if commit.status in UNFINISHED else None
    return connection.execute(_START_OWNED, (*row, owner, commit.owner)).rowcount == 1


def _entry_rows(commit: Commit) -> list[tuple[Any, ...]]:
    """Return the rows of a commit's entries. The first has the token: a repeated commit begins at the same `seq`."""
    token: str | None = commit.token
    rows: list[tuple[Any, ...]] = []
    for entry in commit.entries:
        rows.append((commit.instance_id, token, *entry_row(entry, text_of)))
        token = None
    return rows


def _why_lost(connection: sqlite3.Connection, commit: Commit, journal: str) -> JournalError | None:
    """Return None for a commit that was stored before."""
    row = connection.execute(_TOKEN, (commit.instance_id, commit.expected + 1)).fetchone()
    if row is not None and row[0] == commit.token:
        return None
    found = connection.execute(_OWNER, (commit.instance_id,)).fetchone()
    if found is None and commit.expected:
        return UnknownInstance(commit.instance_id, journal)
    if _is_anothers(connection, commit, found):
        return NotOwner(commit.instance_id, commit.expected, commit.owner)
    disabled = None if found is not None else which_disabled(connection, commit.workflow, commit.version)
    if disabled is not None:
        return WorkflowDisabled(commit.instance_id, disabled)
    return Conflict(commit.instance_id, commit.expected)


def _is_anothers(connection: sqlite3.Connection, commit: Commit, found: tuple[int | None] | None) -> bool:
    """Tell whether a commit names an owner who is no member, or not that of the instance it goes on with."""
    if commit.owner is not None and not is_member(connection, commit.owner):
        return True
    return commit.expected != 0 and found is not None and found[0] != commit.owner


def read(connection: sqlite3.Connection, instance_id: str, after: int, most: int, journal: str) -> tuple[Entry, ...]:
    """Return entries. Raises `UnknownInstance` or `CorruptEntry`."""
    with _snapshot(connection):
        return read_inside(connection, instance_id, after, most, journal)


def read_inside(
    connection: sqlite3.Connection, instance_id: str, after: int, most: int, journal: str
) -> tuple[Entry, ...]:
    """Return the same within a transaction."""
    last_seq = _last_seq(connection, instance_id, journal)
    rows = connection.execute(_READ, (instance_id, after, most)).fetchall()
    return entries_of(instance_id, rows, datetime.fromisoformat, after=after, least=min(most, last_seq - after))


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Generator[None]:
    """Let all that is read inside be of one moment: an instance that is removed meanwhile is still read whole."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


def find(connection: sqlite3.Connection, instance_id: str, journal: str) -> InstanceRecord:
    """Return a record. Raises `UnknownInstance`."""
    row = connection.execute(_FIND, (instance_id,)).fetchone()
    if row is None:
        raise UnknownInstance(instance_id, journal)
    return record_of(row, datetime.fromisoformat)


def find_key(connection: sqlite3.Connection, instance_id: str, key: str, journal: str) -> Entry | None:
    """Return the last entry under a key. Raises `UnknownInstance`."""
    row = connection.execute(_FIND_KEY, (instance_id, key)).fetchone()
    if row is not None:
        return entry_of(instance_id, row, datetime.fromisoformat)
    _last_seq(connection, instance_id, journal)
    return None


def _last_seq(connection: sqlite3.Connection, instance_id: str, journal: str) -> int:
    row = connection.execute(_LAST_SEQ, (instance_id,)).fetchone()
    if row is None:
        raise UnknownInstance(instance_id, journal)
    return int(row[0])
