"""Is this file a journal, and how does one become a journal? The tables of `SqliteJournal`.

Times are texts in UTC of one width, so that they sort and can be read: 2026-01-31T12:00:00.000000+00:00.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import timedelta
from pathlib import Path

from journals.errors import JournalUnavailable, NewerSchema, NotAJournal

SCHEMA_VERSION = 1
"""Is the version of the tables below, as kept in `wio_meta`."""

_APPLICATION_ID = 0x77696F00
"""Is the mark of a wio journal in the header of the file, "wio" and a zero byte."""

_TABLES = (
    "CREATE TABLE wio_meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
    """CREATE TABLE wio_instances (
        id TEXT PRIMARY KEY,
        workflow TEXT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        last_seq INTEGER NOT NULL,
        wake_up TEXT,
        detail TEXT NOT NULL,
        started_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        finished_at TEXT
    ) WITHOUT ROWID""",
    """CREATE TABLE wio_entries (
        instance_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        address TEXT NOT NULL,
        type TEXT,
        version INTEGER,
        payload TEXT,
        recorded_at TEXT NOT NULL,
        key TEXT,
        response_type TEXT,
        response_version INTEGER,
        response TEXT,
        token TEXT,
        PRIMARY KEY (instance_id, seq)
    ) WITHOUT ROWID""",
    # A commit that leaves `finished_at` alone does not write this index: a third fewer pages for a short commit.
    "CREATE INDEX wio_unfinished ON wio_instances (id) WHERE finished_at IS NULL",
    "CREATE INDEX wio_keys ON wio_entries (instance_id, key) WHERE key IS NOT NULL",
    f"INSERT INTO wio_meta VALUES ('schema_version', {SCHEMA_VERSION})",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)


def prepare(connection: sqlite3.Connection, path: Path, patience: timedelta) -> None:
    """Make an empty file a journal, and check any other. Changes nothing in a file that is not one.

    Several processes may do this to one file at once. Raises `NotAJournal` or `NewerSchema`.
    """
    _is_new(connection, path)
    _write_ahead(connection, path, patience)
    connection.execute("BEGIN IMMEDIATE")
    if _is_new(connection, path):
        for statement in _TABLES:
            connection.execute(statement)
    # BEGIN is content with a read-only file; a write that changes nothing is not.
    connection.execute("DELETE FROM wio_meta WHERE FALSE")
    connection.execute("COMMIT")


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "wio_meta" in tables:
        _check_version(connection, path)
        return False
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if tables or application_id not in (0, _APPLICATION_ID):
        raise NotAJournal(f"{path} is the database of another application. Nothing was changed. Choose another path.")
    return True


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    row = connection.execute("SELECT value FROM wio_meta WHERE name = 'schema_version'").fetchone()
    version = None if row is None else row[0]
    if not isinstance(version, int) or version < 1:
        raise NotAJournal(f"{path} has a table wio_meta, but no version of wio's schema in it. Choose another path.")
    if version > SCHEMA_VERSION:
        raise NewerSchema(str(path), version, SCHEMA_VERSION)


def _write_ahead(connection: sqlite3.Connection, path: Path, patience: timedelta) -> None:
    """Turn on the write-ahead log. SQLite does not wait for a lock here, so this waits itself."""
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise JournalUnavailable(
                f"{path} cannot have a write-ahead log (its journal mode stays {mode!r}), as on some network file"
                " systems. Put the journal on a local disk."
            )
        return
