"""How does what was published leave a SQLite file? Functions of a connection; see `journals.outbox`.

Nobody else writes in a transaction, so a row in `wio_deliveries` is there exactly when there are messages for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from journals.entries import Commit, Payload, Published
from journals.outbox import MOST_AT_ONCE, Delivered, Deliveries, Delivery, Undelivered
from journals.sqlite.notices import DELIVER, Told
from journals.sqlite.writing import text_of, transaction

_PUT = """INSERT INTO wio_outbox (lane, instance_id, seq, topic, type, version, payload, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_QUEUE = """INSERT INTO wio_deliveries (lane, instance_id, due) VALUES (?, ?, ?)
    ON CONFLICT (lane, instance_id) DO NOTHING"""
_IS_MEMBER = "SELECT EXISTS (SELECT 1 FROM wio_members WHERE epoch = ?)"
_DUE = """SELECT due, lane, instance_id, failures FROM wio_deliveries INDEXED BY wio_deliveries_due
    WHERE lane = ? AND due <= ? AND instance_id NOT IN (SELECT value FROM json_each(?))
        AND (claimed IS NULL OR claimed = ? OR claimed NOT IN (SELECT epoch FROM wio_members))
    ORDER BY due LIMIT ?"""
_NEXT = "SELECT min(due) FROM wio_deliveries WHERE lane = ? AND due > ?"
_CLAIM = "UPDATE wio_deliveries SET claimed = ? WHERE lane = ? AND instance_id = ?"
_MESSAGES = """SELECT number, seq, topic, type, version, payload, at FROM wio_outbox
    WHERE lane = ? AND instance_id = ? ORDER BY number LIMIT ?"""
_DELETE = "DELETE FROM wio_outbox WHERE lane = ? AND instance_id = ? AND number <= ?"
_CLOSE = """DELETE FROM wio_deliveries WHERE lane = ? AND instance_id = ? AND NOT EXISTS (
        SELECT 1 FROM wio_outbox AS o WHERE o.lane = wio_deliveries.lane AND o.instance_id = wio_deliveries.instance_id
    )"""
_KEEP = """UPDATE wio_deliveries SET claimed = NULL, due = coalesce(?, due), error = ?,
        failures = CASE WHEN ? IS NULL THEN 0 WHEN ? > 0 THEN 1 ELSE failures + 1 END
    WHERE lane = ? AND instance_id = ? AND claimed = ?"""
_ALL = """SELECT d.instance_id, d.lane, count(*), min(o.at), d.failures, d.due, d.error
    FROM wio_deliveries AS d JOIN wio_outbox AS o ON o.lane = d.lane AND o.instance_id = d.instance_id
    GROUP BY d.lane, d.instance_id ORDER BY min(o.at), d.instance_id, d.lane LIMIT ?"""


def put(connection: sqlite3.Connection, commit: Commit, told: list[Told]) -> None:
    """Keep what a commit publishes, and add to `told` that there is something. For use inside its transaction."""
    for each in commit.published:
        payload, at = each.payload, text_of(each.at)
        row = (each.lane, each.instance_id, each.seq, each.topic, payload.type, payload.version, payload.text, at)
        connection.execute(_PUT, row)
        connection.execute(_QUEUE, (each.lane, each.instance_id, at))
    told.append(DELIVER)


def deliveries(
    connection: sqlite3.Connection, epoch: int, lanes: Sequence[str], most: int, holding: str, now: datetime
) -> Deliveries:
    """Let a member deliver; `holding` is a JSON list of instances. It writes only when there is something."""
    at = text_of(now)
    if not _due(connection, epoch, lanes, most, holding, at):
        return Deliveries((), _next(connection, lanes, at))
    with transaction(connection):
        found: list[Delivery] = []
        for _, lane, instance_id, failures in _due(connection, epoch, lanes, most, holding, at):
            connection.execute(_CLAIM, (epoch, lane, instance_id))
            found.append(Delivery(instance_id, lane, _messages(connection, lane, instance_id), failures))
        return Deliveries(tuple(found), _next(connection, lanes, at))


def _due(
    connection: sqlite3.Connection, epoch: int, lanes: Sequence[str], most: int, holding: str, at: str
) -> list[tuple[str, str, str, int]]:
    if not connection.execute(_IS_MEMBER, (epoch,)).fetchone()[0]:
        return []
    found: list[tuple[str, str, str, int]] = []
    for lane in lanes:
        found.extend(connection.execute(_DUE, (lane, at, holding, epoch, most)))
    return sorted(found)[:most]


def _next(connection: sqlite3.Connection, lanes: Sequence[str], at: str) -> datetime | None:
    times = [connection.execute(_NEXT, (lane, at)).fetchone()[0] for lane in lanes]
    return min((datetime.fromisoformat(time) for time in times if time is not None), default=None)


def _messages(connection: sqlite3.Connection, lane: str, instance_id: str) -> tuple[Published, ...]:
    return tuple(
        Published(instance_id, seq, topic, Payload(type_, version, text), datetime.fromisoformat(at), lane, number)
        for number, seq, topic, type_, version, text, at in connection.execute(
            _MESSAGES, (lane, instance_id, MOST_AT_ONCE)
        )
    )


def delivered(connection: sqlite3.Connection, epoch: int, ended: Sequence[Delivered]) -> None:
    """Delete what has arrived. Who does not deliver any more deletes it, too, but says nothing of the rest."""
    with transaction(connection):
        for each in ended:
            key = (each.lane, each.instance_id)
            connection.execute(_DELETE, (*key, each.through))
            retry_at = None if each.retry_at is None else text_of(each.retry_at)
            connection.execute(_KEEP, (retry_at, each.error, each.error, each.through, *key, epoch))
            connection.execute(_CLOSE, key)


def undelivered(connection: sqlite3.Connection, most: int) -> tuple[Undelivered, ...]:
    """Return what waits, the oldest first."""
    return tuple(
        Undelivered(
            instance_id,
            lane,
            count,
            datetime.fromisoformat(oldest),
            failures,
            None if error is None else datetime.fromisoformat(due),
            error,
        )
        for instance_id, lane, count, oldest, failures, due, error in connection.execute(_ALL, (most,))
    )
