"""How does one process that shares a SQLite file hear of what another has written? By notices in a table.

A notice is written in the transaction of what it tells of. Who listens looks whether the file has changed, which costs
no statement on a table, and reads the notices after the last one it knows. They are kept for a minute.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from journals.sharing import Answered, Changed, Mail, Notice, Rested, ToDeliver, Work
from journals.sqlite.writing import text_of, text_of_now

Told: TypeAlias = tuple[str, str]
"""Is a notice to be written: what kind, and what it is about."""

WORK: Told = ("work", "")
DELIVER: Told = ("deliver", "")

_KEPT = timedelta(minutes=1)
_MOST_PRUNED = 5_000
_PRUNED_EVERY = 1_024

_TELL = "INSERT INTO wio_notices (kind, about, at) VALUES (?, ?, ?)"
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'wio_notices'"
# Mail is heard by the owner of when it was sent, whose instance may have ended since, and by that of when it is read.
_OWNER = "(SELECT owner FROM wio_instances WHERE id = substr(about, instr(about, ' ') + 1))"
_HEARD = f"""SELECT seq, kind, about FROM wio_notices
    WHERE seq > ? AND (kind <> 'mail' OR ? IN (CAST(about AS INTEGER), {_OWNER})) ORDER BY seq"""
_OVERHEARD = (
    "SELECT seq, kind, about FROM wio_notices WHERE seq > ? AND kind IN ('answered', 'rested', 'changed') ORDER BY seq"
)
_LAST_OLD = """SELECT max(seq), count(*) FROM (SELECT seq, at FROM wio_notices ORDER BY seq LIMIT ?) WHERE at < ?"""
_PRUNE = "DELETE FROM wio_notices WHERE seq <= ?"


def mail_for(owner: int, instance_id: str) -> Told:
    """Return the notice that there is a message for an owned instance."""
    return ("mail", f"{owner} {instance_id}")


def answered(message_id: int) -> Told:
    """Return the notice that a message has its answer."""
    return ("answered", str(message_id))


def rested(instance_id: str) -> Told:
    """Return the notice that an instance has ended, or is paused or stuck."""
    return ("rested", instance_id)


def tell(connection: sqlite3.Connection, told: Iterable[Told]) -> None:
    """Write notices, each of them once. For use inside a transaction."""
    at = text_of_now()
    for kind, about in dict.fromkeys(told):
        seq = connection.execute(_TELL, (kind, about, at)).lastrowid
        if seq is not None and seq % _PRUNED_EVERY == 0:
            prune(connection)  # also where nobody is a member, whose heart would do it


def last_notice(connection: sqlite3.Connection) -> int:
    """Return the number of the last notice that was written, or 0."""
    row = connection.execute(_LAST).fetchone()
    return 0 if row is None else int(row[0])


def heard(connection: sqlite3.Connection, after: int, epoch: int | None) -> tuple[int, tuple[Notice, ...]]:
    """Return the number of the last notice after another one, and what a member, or a mere listener, hears of them."""
    if epoch is None:
        rows = connection.execute(_OVERHEARD, (after,)).fetchall()
    else:
        rows = connection.execute(_HEARD, (after, epoch)).fetchall()
    notices = dict.fromkeys(_notice(kind, about) for _, kind, about in rows)
    return (rows[-1][0] if rows else after), tuple(notices)


def _notice(kind: str, about: str) -> Notice:
    match kind:
        case "mail":
            return Mail(about.partition(" ")[2])
        case "answered":
            return Answered(int(about))
        case "rested":
            return Rested(about)
        case "changed":
            return Changed()
        case "deliver":
            return ToDeliver()
        case _:
            return Work()


def prune(connection: sqlite3.Connection) -> None:
    """Delete what everybody has heard long ago."""
    before = text_of(datetime.now(UTC) - _KEPT)
    count = _MOST_PRUNED
    while count == _MOST_PRUNED:
        last, count = connection.execute(_LAST_OLD, (_MOST_PRUNED, before)).fetchone()
        if count:
            connection.execute(_PRUNE, (last,))
