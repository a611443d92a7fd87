"""How do changes get into the feed of a SQLite file, and who follows them? Functions of a connection.

Triggers write them, which exist while somebody follows. Nobody else writes in a transaction, so the number of a change
is its place in the feed.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from journals.changes import Change, change_of
from journals.errors import FollowedElsewhere, UnknownSubscriber
from journals.feed import Subscriber
from journals.sqlite.writing import transaction

_TOLD_AT_ONCE = 1_000
_NOW = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"

FEED = (
    # Every subscriber is told of what is for ''; other changes tell one how things stood when it was new.
    """CREATE TABLE wio_changes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        subscriber TEXT NOT NULL DEFAULT '',
        instance_id TEXT NOT NULL,
        workflow TEXT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT,
        before TEXT,
        last_seq INTEGER NOT NULL,
        detail TEXT NOT NULL,
        at TEXT NOT NULL
    )""",
    "CREATE INDEX wio_changes_in_order ON wio_changes (subscriber, number)",
    "CREATE INDEX wio_changes_by_instance ON wio_changes (instance_id) WHERE detail <> ''",
    """CREATE TABLE wio_subscribers (
        name TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        told_until TEXT,
        follower TEXT NOT NULL
    ) WITHOUT ROWID""",
)
"""Creates the tables of the feed."""

_NOTE = "INSERT INTO wio_changes (instance_id, workflow, version, status, before, last_seq, detail, at) VALUES "
_TELL = f"INSERT INTO wio_notices (kind, about, at) VALUES ('changed', '', {_NOW})"
_ON = (
    f"""CREATE TRIGGER wio_started AFTER INSERT ON wio_instances BEGIN
        {_NOTE} (new.id, new.workflow, new.version, new.status, NULL, new.last_seq, new.detail, new.updated_at);
        {_TELL};
    END""",
    f"""CREATE TRIGGER wio_changed AFTER UPDATE OF status ON wio_instances WHEN old.status <> new.status
        AND NOT (old.status IN ('running', 'waiting') AND new.status IN ('running', 'waiting')) BEGIN
        {_NOTE} (new.id, new.workflow, new.version, new.status, old.status, new.last_seq, new.detail, new.updated_at);
        {_TELL};
    END""",
    f"""CREATE TRIGGER wio_removed AFTER DELETE ON wio_instances BEGIN
        {_NOTE} (old.id, old.workflow, old.version, NULL, old.status, old.last_seq, old.detail, {_NOW});
        {_TELL};
    END""",
)
_OFF = ("DROP TRIGGER wio_started", "DROP TRIGGER wio_changed", "DROP TRIGGER wio_removed", "DELETE FROM wio_changes")

_POSITION = "SELECT position FROM wio_subscribers WHERE name = ?"
_IS_FOLLOWED = "SELECT EXISTS (SELECT 1 FROM wio_subscribers)"
_LATEST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'wio_changes'"
_ADD = "INSERT INTO wio_subscribers (name, position, told_until, follower) VALUES (?, ?, '', ?)"
_FOLLOW = "UPDATE wio_subscribers SET follower = ? WHERE name = ? AND follower <> ?"
_FOLLOWER = "SELECT follower FROM wio_subscribers WHERE name = ?"
_REMOVE = "DELETE FROM wio_subscribers WHERE name = ?"
_FORGET = "DELETE FROM wio_changes WHERE subscriber = ?"
_TOLD_UNTIL = "SELECT told_until FROM wio_subscribers WHERE name = ?"
_PAGE = """SELECT id, workflow, version, status, last_seq, detail, updated_at FROM wio_instances
    WHERE id > ? ORDER BY id LIMIT ?"""
_SAY = """INSERT INTO wio_changes (subscriber, instance_id, workflow, version, status, last_seq, detail, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_SAID = "UPDATE wio_subscribers SET told_until = ? WHERE name = ?"
_OF_ONE = """SELECT instance_id, workflow, version, status, before, last_seq, detail, at, number
    FROM wio_changes INDEXED BY wio_changes_in_order WHERE subscriber = ? AND number > ? ORDER BY number LIMIT ?"""
_PASS = "UPDATE wio_subscribers SET position = max(position, min(?, ?)) WHERE name = ?"
_LEAST = "SELECT min(position) FROM wio_subscribers"
_PRUNE = "DELETE FROM wio_changes WHERE subscriber = ? AND number <= ?"
_ALL = """SELECT s.name, s.position, (
        SELECT count(*) FROM wio_changes AS c WHERE c.subscriber IN ('', s.name) AND c.number > s.position
    ) FROM wio_subscribers AS s ORDER BY s.name"""


def subscribe(connection: sqlite3.Connection, name: str, follower: str) -> int:
    """Return where a subscriber stands; a new one stands at the end, and is to be told of all instances."""
    with transaction(connection):
        found = connection.execute(_POSITION, (name,)).fetchone()
        if found is not None:
            connection.execute(_FOLLOW, (follower, name, follower))
            return int(found[0])
        if not connection.execute(_IS_FOLLOWED).fetchone()[0]:
            for trigger in _ON:
                connection.execute(trigger)
        (latest,) = connection.execute(_LATEST).fetchone()
        connection.execute(_ADD, (name, latest, follower))
        return int(latest)


def tell(connection: sqlite3.Connection, name: str) -> bool:
    """Tell a new subscriber how some more instances stand. Return whether there may be others."""
    with transaction(connection):
        row = connection.execute(_TOLD_UNTIL, (name,)).fetchone()
        if row is None or row[0] is None:
            return False
        page = connection.execute(_PAGE, (row[0], _TOLD_AT_ONCE)).fetchall()
        connection.executemany(_SAY, [(name, *each) for each in page])
        connection.execute(_SAID, (page[-1][0] if page else None, name))
        return bool(page)


def unsubscribe(connection: sqlite3.Connection, name: str) -> bool:
    """Forget a subscriber; with the last one the feed ends. Return whether there was one."""
    with transaction(connection):
        if connection.execute(_REMOVE, (name,)).rowcount == 0:
            return False
        connection.execute(_FORGET, (name,))
        if not connection.execute(_IS_FOLLOWED).fetchone()[0]:
            for statement in _OFF:
                connection.execute(statement)
        return True


def changes(connection: sqlite3.Connection, after: int, most: int, name: str) -> tuple[Change, ...]:
    """Return changes, those that are for one subscriber only included."""
    found = [row for who in dict.fromkeys(("", name)) for row in connection.execute(_OF_ONE, (who, after, most))]
    in_order = sorted(found, key=lambda row: int(row[-1]))[:most]
    return tuple(change_of(row, datetime.fromisoformat) for row in in_order)


def passed(connection: sqlite3.Connection, name: str, follower: str, cursor: int, journal: str) -> None:
    """Let a subscriber stand at a cursor, and delete what all have passed.

    Raises `UnknownSubscriber` or `FollowedElsewhere`.
    """
    with transaction(connection):
        follows = connection.execute(_FOLLOWER, (name,)).fetchone()
        if follows is None:
            raise UnknownSubscriber(name, journal)
        if follows[0] != follower:
            raise FollowedElsewhere(name, journal)
        (latest,) = connection.execute(_LATEST).fetchone()
        connection.execute(_PASS, (cursor, latest, name))
        connection.execute(_PRUNE, (name, cursor))
        connection.execute(_PRUNE, ("", *connection.execute(_LEAST).fetchone()))


def subscribers(connection: sqlite3.Connection) -> tuple[Subscriber, ...]:
    """Return who follows, by name."""
    return tuple(Subscriber(*row) for row in connection.execute(_ALL))
