"""Who runs which instances of a SQLite file? Functions of a connection: members, claims and what is given back.

An instance has the epoch of its owner in its row, and only a member's epoch is ever there: whoever takes a member out
gives back in the same transaction what it owned. So a commit that finds its epoch in the row needs to ask no more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from journals.entries import Entry, InstanceRecord
from journals.errors import CorruptEntry, NotOwner, OwnedElsewhere, UnknownInstance
from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS, entries_of, record_of
from journals.sharing import MOST_ENTRIES_CLAIMED, Claimed, Claims, MemberRecord, Released
from journals.sqlite.deaths import HAS_MAIL, count_death
from journals.sqlite.mail import has_mail
from journals.sqlite.notices import DELIVER, WORK, tell
from journals.sqlite.schema import SCHEMA_VERSION, STORED_VERSION, checked_version
from journals.sqlite.writing import text_of, text_of_now, transaction

Known: TypeAlias = Sequence[tuple[str, int]]
"""Are the workflows and versions that a member runs."""

_RECORD = ", ".join(RECORD_COLUMNS)

# A newer release may have migrated the file since this process has opened it. Then nobody joins.
_JOIN = f"""INSERT INTO wio_members (name, process, knows, joined_at, alive_until)
    SELECT ?, ?, ?, ?, ? WHERE ({STORED_VERSION}) <= {SCHEMA_VERSION}"""
_RENEW = "UPDATE wio_members SET alive_until = ? WHERE epoch = ?"
_IS_MEMBER = "SELECT EXISTS (SELECT 1 FROM wio_members WHERE epoch = ?)"
_OTHERS = "SELECT epoch, process, alive_until FROM wio_members WHERE epoch <> ?"
_ALIVE = "SELECT epoch, name, knows, joined_at, alive_until FROM wio_members WHERE alive_until >= ? ORDER BY epoch"
_TAKE_OUT = "DELETE FROM wio_members WHERE epoch = ? AND alive_until = coalesce(?, alive_until)"
_GIVE_BACK_ALL = f"""UPDATE wio_instances INDEXED BY wio_owned SET owner = NULL, wake_up = CASE
        WHEN status = 'running' OR {HAS_MAIL} THEN updated_at ELSE wake_up END
    WHERE owner = ?"""
_READY = """SELECT wake_up, id FROM wio_instances INDEXED BY wio_ready
    WHERE workflow = ? AND version = ? AND owner IS NULL AND wake_up IS NOT NULL AND finished_at IS NULL
    ORDER BY wake_up, id LIMIT ?"""
_OWN = "UPDATE wio_instances SET owner = ? WHERE id = ?"
_CLAIMED = f"SELECT {_RECORD}, deaths, shared, owner, finished_at FROM wio_instances WHERE id = ?"
_ENTRIES = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM wio_entries WHERE instance_id = ? ORDER BY seq"
_RELEASE = """UPDATE wio_instances SET owner = NULL, wake_up = CASE WHEN ? THEN updated_at ELSE ? END
    WHERE id = ? AND owner = ?"""
_OWNER = "SELECT owner FROM wio_instances WHERE id = ?"


def join(
    connection: sqlite3.Connection,
    name: str,
    process: str,
    knows: Known,
    now: datetime,
    alive_until: datetime,
    journal: str,
) -> int:
    """Add a member and return its epoch. Raises `NewerSchema` when a newer release has migrated the file meanwhile."""
    row = (name, process, json.dumps(list(knows)), text_of(now), text_of(alive_until))
    joined = connection.execute(_JOIN, row)
    if joined.rowcount != 1:
        checked_version(connection, journal)
    assert joined.lastrowid is not None
    return joined.lastrowid


def renew(connection: sqlite3.Connection, epoch: int, alive_until: datetime) -> bool:
    """Prolong the lease of a member. Return whether it still is one."""
    return connection.execute(_RENEW, (text_of(alive_until), epoch)).rowcount == 1


def is_member(connection: sqlite3.Connection, epoch: int) -> bool:
    """Tell whether the member with this epoch still is one."""
    return bool(connection.execute(_IS_MEMBER, (epoch,)).fetchone()[0])


def others(connection: sqlite3.Connection, epoch: int) -> list[tuple[int, str, str]]:
    """Return epoch, process and end of the lease of all other members."""
    return connection.execute(_OTHERS, (epoch,)).fetchall()


def take_out(connection: sqlite3.Connection, epochs: Iterable[tuple[int, str | None]]) -> None:
    """Take members out, and give back at once what they own.

    Those have died whose lease still ends when it did; with None for that, a member has left.
    """
    with transaction(connection):
        taken_out = [each for each in epochs if connection.execute(_TAKE_OUT, each).rowcount]
        for epoch, until in taken_out:
            if until is not None:
                count_death(connection, epoch, text_of_now())
            connection.execute(_GIVE_BACK_ALL, (epoch,))
        if taken_out:
            tell(connection, [WORK, DELIVER])


def members(connection: sqlite3.Connection) -> tuple[MemberRecord, ...]:
    """Return those whose lease holds, in the order of their epochs."""
    return tuple(
        MemberRecord(
            epoch,
            name,
            tuple((workflow, version) for workflow, version in json.loads(knows)),
            datetime.fromisoformat(joined_at),
            datetime.fromisoformat(alive_until),
        )
        for epoch, name, knows, joined_at, alive_until in connection.execute(_ALIVE, (text_of_now(),))
    )


def owner(connection: sqlite3.Connection, instance_id: str, journal: str) -> int | None:
    """Return the epoch of who owns an instance, or None. Raises `UnknownInstance`."""
    row = connection.execute(_OWNER, (instance_id,)).fetchone()
    if row is None:
        raise UnknownInstance(instance_id, journal)
    return None if row[0] is None else int(row[0])


def claim(connection: sqlite3.Connection, epoch: int, knows: Known, most: int, now: datetime) -> Claims:
    """Let a member own what is ready. It writes only when something is."""
    at = text_of(now)
    due, rest = _ready(connection, epoch, knows, most, at)
    if not due:
        return Claims((), rest)
    with transaction(connection):
        due, rest = _ready(connection, epoch, knows, most, at)
        connection.executemany(_OWN, [(epoch, instance_id) for instance_id in due])
        return Claims(tuple(_claimed_all(connection, due)), rest)


def _ready(
    connection: sqlite3.Connection, epoch: int, knows: Known, most: int, at: str
) -> tuple[list[str], datetime | None]:
    """Return up to `most` instances that are due, those that wait longest first, and when the next one is."""
    if not is_member(connection, epoch):
        return [], None
    ready: list[tuple[str, str]] = []
    for workflow, version in knows:
        ready.extend(connection.execute(_READY, (workflow, version, most + 1)))
    ready.sort()
    due = [instance_id for wake_up, instance_id in ready[:most] if wake_up <= at]
    rest = ready[len(due) :]
    return due, datetime.fromisoformat(rest[0][0]) if rest else None


def _claimed_all(connection: sqlite3.Connection, instance_ids: Iterable[str]) -> Iterable[Claimed]:
    for instance_id in instance_ids:
        *row, deaths, shared, _owner, _finished_at = connection.execute(_CLAIMED, (instance_id,)).fetchone()
        try:
            yield _claimed(connection, record_of(row, datetime.fromisoformat), deaths, shared)
        except CorruptEntry:
            continue  # It stays owned, and keeps no others from being claimed; `find` says what is wrong with it.


def claim_instance(connection: sqlite3.Connection, epoch: int, instance_id: str, journal: str) -> Claimed:
    """Let a member own an instance that nobody else owns. Raises `UnknownInstance` or `OwnedElsewhere`."""
    with transaction(connection):
        found = connection.execute(_CLAIMED, (instance_id,)).fetchone()
        if found is None:
            raise UnknownInstance(instance_id, journal)
        *row, deaths, shared, owned_by, finished_at = found
        record = record_of(row, datetime.fromisoformat)
        if owned_by not in (None, epoch):
            raise OwnedElsewhere(instance_id, owned_by)
        if finished_at is None and owned_by is None:
            if not is_member(connection, epoch):
                raise NotOwner(instance_id, record.last_seq, epoch)
            connection.execute(_OWN, (epoch, instance_id))
        return _claimed(connection, record, deaths, shared)


def _claimed(connection: sqlite3.Connection, record: InstanceRecord, deaths: int | None, shared: int | None) -> Claimed:
    entries: tuple[Entry, ...] | None = None
    if record.last_seq <= MOST_ENTRIES_CLAIMED:
        entries = _entries(connection, record)
    return Claimed(record, entries, has_mail(connection, record.id), deaths or 0, shared or 0)


def _entries(connection: sqlite3.Connection, record: InstanceRecord) -> tuple[Entry, ...] | None:
    rows = connection.execute(_ENTRIES, (record.id,)).fetchall()
    try:
        return entries_of(record.id, rows, datetime.fromisoformat, after=0, least=record.last_seq)
    except CorruptEntry:
        return None  # Who reads them is told so, for this instance alone.


def release(connection: sqlite3.Connection, epoch: int, released: Sequence[Released]) -> None:
    """Give instances of a member back; one with messages can be claimed at once."""
    with transaction(connection):
        wakes = False
        for each in released:
            wake_up = None if each.wake_up is None else text_of(each.wake_up)
            asked = has_mail(connection, each.instance_id)
            is_given = connection.execute(_RELEASE, (asked, wake_up, each.instance_id, epoch)).rowcount == 1
            wakes = wakes or (is_given and (asked or wake_up is not None))
        if wakes:
            tell(connection, [WORK])
