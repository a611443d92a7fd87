"""Is this file a journal, and how does one become a journal? The tables of `SqliteJournal`.

Times are texts in UTC of one width, so that they sort and can be read: 2026-01-31T12:00:00.000000+00:00.

Processes of the release before run on after a migration, and miss nothing: it adds tables, indexes, and columns that
have a default.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import timedelta
from pathlib import Path

from journals.errors import JournalUnavailable, NewerSchema, NotAJournal
from journals.sqlite.feed import FEED
from journals.sqlite.writing import transaction

SCHEMA_VERSION = 2
"""Is the version of the tables below, as kept in `wio_meta`."""

STORED_VERSION = "SELECT value FROM wio_meta WHERE name = 'schema_version'"
"""Asks which version a file has."""

APPLICATION_ID = 0x77696F00
"""Is the mark of a wio journal in the header of the file, "wio" and a zero byte."""

_VERSION_1 = (
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
    "INSERT INTO wio_meta VALUES ('schema_version', 1)",
    f"PRAGMA application_id = {APPLICATION_ID}",
)

# Many processes: who they are, what they own, and what they say to each other. Epochs and numbers are never used again.
_VERSION_2 = (
    "ALTER TABLE wio_instances ADD COLUMN owner INTEGER",
    "ALTER TABLE wio_instances ADD COLUMN deaths INTEGER",
    "ALTER TABLE wio_instances ADD COLUMN shared INTEGER",
    "ALTER TABLE wio_instances ADD COLUMN died_at INTEGER",
    "ALTER TABLE wio_instances ADD COLUMN tried_by INTEGER",
    "ALTER TABLE wio_instances ADD COLUMN tried_with INTEGER",
    """CREATE TABLE wio_members (
        epoch INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        process TEXT NOT NULL,
        knows TEXT NOT NULL,
        joined_at TEXT NOT NULL,
        alive_until TEXT NOT NULL
    )""",
    """CREATE TABLE wio_messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        instance_id TEXT NOT NULL,
        operation TEXT NOT NULL,
        name TEXT NOT NULL,
        type TEXT,
        version INTEGER,
        payload TEXT,
        key TEXT NOT NULL,
        sent_at TEXT NOT NULL,
        answered_at TEXT,
        answer_type TEXT,
        answer_version INTEGER,
        answer TEXT,
        UNIQUE (instance_id, key)
    )""",
    """CREATE TABLE wio_notices (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        about TEXT NOT NULL,
        at TEXT NOT NULL
    )""",
    # Of all versions, the version is 0.
    """CREATE TABLE wio_disabled (
        workflow TEXT NOT NULL,
        version INTEGER NOT NULL,
        by_whom TEXT NOT NULL,
        reason TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (workflow, version)
    ) WITHOUT ROWID""",
    "CREATE TABLE wio_hooks (workflow TEXT PRIMARY KEY, changes TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE wio_outbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        lane TEXT NOT NULL,
        instance_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        topic TEXT NOT NULL,
        type TEXT NOT NULL,
        version INTEGER NOT NULL,
        payload TEXT NOT NULL,
        at TEXT NOT NULL
    )""",
    """CREATE TABLE wio_deliveries (
        lane TEXT NOT NULL,
        instance_id TEXT NOT NULL,
        due TEXT NOT NULL,
        claimed INTEGER,
        failures INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        PRIMARY KEY (instance_id, lane)
    ) WITHOUT ROWID""",
    "CREATE INDEX wio_outbox_in_order ON wio_outbox (instance_id, lane, number)",
    "CREATE INDEX wio_deliveries_due ON wio_deliveries (lane, due)",
    *FEED,
    # A step of an owner writes none of these indexes.
    """CREATE INDEX wio_ready ON wio_instances (workflow, version, wake_up)
        WHERE owner IS NULL AND wake_up IS NOT NULL AND finished_at IS NULL""",
    "CREATE INDEX wio_by_workflow ON wio_instances (workflow, version, id) WHERE finished_at IS NULL",
    "CREATE INDEX wio_owned ON wio_instances (owner) WHERE owner IS NOT NULL",
    "CREATE INDEX wio_ended ON wio_instances (workflow, finished_at) WHERE finished_at IS NOT NULL",
    "CREATE INDEX wio_open ON wio_messages (instance_id, id) WHERE answered_at IS NULL",
    "CREATE INDEX wio_answered ON wio_messages (answered_at) WHERE answered_at IS NOT NULL",
    # What was under way when nobody owned anything is looked at once, by whoever knows its workflow.
    """UPDATE wio_instances SET wake_up = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
        WHERE status = 'running' OR (status = 'waiting' AND wake_up IS NULL)""",
    # Searches go by the phase, which steps leave alone; see `journals.search_sql`.
    "ALTER TABLE wio_instances ADD COLUMN phase TEXT NOT NULL DEFAULT 'active'",
    "UPDATE wio_instances SET phase = status WHERE status NOT IN ('running', 'waiting')",
    "CREATE INDEX wio_by_phase ON wio_instances (phase, started_at, id)",
    "CREATE INDEX wio_seldom ON wio_instances (phase, id) WHERE phase NOT IN ('active', 'completed')",
    "CREATE INDEX wio_by_workflow_and_phase ON wio_instances (workflow, phase, started_at, id)",
    """CREATE TABLE wio_attributes (
        instance_id TEXT NOT NULL,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        value TEXT NOT NULL,
        started_at TEXT NOT NULL,
        PRIMARY KEY (instance_id, name)
    ) WITHOUT ROWID""",
    "CREATE INDEX wio_by_value ON wio_attributes (name, value, started_at, instance_id)",
    "UPDATE wio_meta SET value = 2 WHERE name = 'schema_version'",
)

MIGRATIONS = (_VERSION_1, _VERSION_2)
"""Lead from each version of the schema to the next one, from an empty file on."""


def prepare(connection: sqlite3.Connection, path: Path, patience: timedelta) -> None:
    """Make an empty file a journal, bring an older one up to date, and check any other, which stays as it is.

    Several processes may do this to one file at once. Raises `NotAJournal` or `NewerSchema`.
    """
    _version(connection, path)
    _write_ahead(connection, path, patience)
    with transaction(connection):
        for migration in MIGRATIONS[_version(connection, path) :]:
            for statement in migration:
                connection.execute(statement)
        # BEGIN is content with a read-only file; a write that changes nothing is not.
        connection.execute("DELETE FROM wio_meta WHERE FALSE")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the schema, or 0 for an empty file."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "wio_meta" in tables:
        return checked_version(connection, str(path))
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if tables or application_id not in (0, APPLICATION_ID):
        raise NotAJournal(f"{path} is the database of another application. Nothing was changed. Choose another path.")
    return 0


def checked_version(connection: sqlite3.Connection, journal: str) -> int:
    """Return the version of the schema of a file. Raises `NewerSchema`, or `NotAJournal` where there is none."""
    row = connection.execute(STORED_VERSION).fetchone()
    version = None if row is None else row[0]
    if not isinstance(version, int) or version < 1:
        raise NotAJournal(f"{journal} has a table wio_meta, but no version of wio's schema in it. Choose another path.")
    if version > SCHEMA_VERSION:
        raise NewerSchema(journal, version, SCHEMA_VERSION)
    return version


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
