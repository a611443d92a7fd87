"""How is the data of an instance deleted from a SQLite file? Overwritten in place, with what lay in freed pages."""

from __future__ import annotations

import sqlite3

from journals.entries import Payload, Status
from journals.errors import UnknownInstance
from journals.scrubbing import Scrub, check_scrubbable
from journals.sqlite.writing import transaction

_WHICH = "SELECT last_seq, status, owner FROM wio_instances WHERE id = ?"
_LEAVE = """UPDATE wio_entries SET type = ?, version = ?, payload = ?,
        response_type = ?, response_version = ?, response = ?, key = NULL
    WHERE instance_id = ? AND seq = ?"""
_FORGET = (
    "DELETE FROM wio_messages WHERE instance_id = ?",
    "DELETE FROM wio_attributes WHERE instance_id = ?",
    "DELETE FROM wio_outbox WHERE instance_id = ? AND lane = ''",
    "DELETE FROM wio_deliveries WHERE instance_id = ? AND lane = ''",
    "UPDATE wio_outbox SET payload = 'null' WHERE instance_id = ?",
    "UPDATE wio_deliveries SET error = '' WHERE instance_id = ? AND error IS NOT NULL",
    "UPDATE wio_changes SET detail = '' WHERE instance_id = ? AND detail <> ''",
)


def scrub_in(connection: sqlite3.Connection, scrub: Scrub, journal: str) -> None:
    """Leave of some entries what is given, and nothing of what lies beside them. Raises what `Journal.scrub` does."""
    (before,) = connection.execute("PRAGMA secure_delete").fetchone()
    connection.execute("PRAGMA secure_delete = ON")
    try:
        with transaction(connection):
            _scrub(connection, scrub, journal)
    finally:
        connection.execute(f"PRAGMA secure_delete = {int(before)}")


def _scrub(connection: sqlite3.Connection, scrub: Scrub, journal: str) -> None:
    row = connection.execute(_WHICH, (scrub.instance_id,)).fetchone()
    if row is None:
        raise UnknownInstance(scrub.instance_id, journal)
    last_seq, status, owner = row  # only a member's epoch is ever there
    check_scrubbable(scrub, last_seq, Status(status), is_owner=owner == scrub.owner)
    connection.executemany(
        _LEAVE,
        [(*_cells(left.payload), *_cells(left.response), scrub.instance_id, left.seq) for left in scrub.entries],
    )
    for forget in _FORGET:
        connection.execute(forget, (scrub.instance_id,))


def _cells(payload: Payload | None) -> tuple[str | None, int | None, str | None]:
    return (None, None, None) if payload is None else (payload.type, payload.version, payload.text)
