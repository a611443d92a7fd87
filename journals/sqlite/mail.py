"""How do messages reach an instance in a SQLite file, and answers those who asked? Functions of a connection.

A message for an instance that somebody owns is told to its owner; for one that is nobody's, it makes it claimable.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from journals.entries import RESTING, UNFINISHED, Commit, Message, Payload
from journals.errors import UnknownInstance
from journals.sharing import Posted, Unanswered
from journals.sqlite.notices import WORK, Told, answered, mail_for, rested, tell
from journals.sqlite.outbox import put as publish
from journals.sqlite.writing import text_of, text_of_now, transaction

_KEPT = timedelta(hours=1)
_MOST_FORGOTTEN = 500

_PUT = """INSERT INTO wio_messages (instance_id, operation, name, type, version, payload, key, sent_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (instance_id, key) DO NOTHING"""
_DROP = "DELETE FROM wio_messages WHERE instance_id = ? AND key = ?"
_NUMBER = "SELECT id FROM wio_messages WHERE instance_id = ? AND key = ?"
_WHOSE = "SELECT owner, finished_at FROM wio_instances WHERE id = ?"
_HAS_MAIL = """SELECT EXISTS (SELECT 1 FROM wio_messages INDEXED BY wio_open
    WHERE instance_id = ? AND answered_at IS NULL)"""
_HAS_ANY = "SELECT EXISTS (SELECT 1 FROM wio_messages INDEXED BY wio_open WHERE answered_at IS NULL)"
# "At once" is a time that has been, by the clock of whoever has committed: that may be another than this one's.
_WAKE = """UPDATE wio_instances SET wake_up = updated_at
    WHERE id = ? AND owner IS NULL AND finished_at IS NULL AND (wake_up IS NULL OR wake_up > updated_at)"""
_OPEN = """SELECT m.instance_id, m.operation, m.name, m.type, m.version, m.payload, m.key, m.id
    FROM json_each(?) AS wanted
    CROSS JOIN wio_instances AS i ON i.id = wanted.value AND (i.owner = ? OR i.finished_at IS NOT NULL)
    CROSS JOIN wio_messages AS m INDEXED BY wio_open ON m.instance_id = i.id AND m.answered_at IS NULL
    ORDER BY m.id"""
_UNANSWERED = """SELECT instance_id, operation, name, type, version, payload, key, id, sent_at
    FROM wio_messages INDEXED BY wio_open WHERE instance_id = ? AND answered_at IS NULL ORDER BY id LIMIT ?"""
_ANSWER = """UPDATE wio_messages SET answered_at = ?, answer_type = ?, answer_version = ?, answer = ?
    WHERE id = ? AND answered_at IS NULL"""
_ANSWER_TO = "SELECT answer_type, answer_version, answer FROM wio_messages WHERE id = ? AND answered_at IS NOT NULL"
_FORGET_ANSWERED = """DELETE FROM wio_messages WHERE id IN (SELECT id FROM wio_messages INDEXED BY wio_answered
    WHERE answered_at IS NOT NULL AND answered_at < ? LIMIT ?)"""
_FORGET_UNREAD = """DELETE FROM wio_messages WHERE id IN (SELECT m.id FROM wio_messages AS m INDEXED BY wio_open
    WHERE m.answered_at IS NULL AND m.sent_at < ?
        AND NOT EXISTS (SELECT 1 FROM wio_instances AS i WHERE i.id = m.instance_id AND i.finished_at IS NULL)
    LIMIT ?)"""


def pass_on(connection: sqlite3.Connection, commits: Sequence[Commit]) -> None:
    """Put the mail of commits where it belongs, and tell whom they concern. For use inside their transaction."""
    told: list[Told] = []
    loose: list[str] = []
    for commit in commits:
        if commit.done:
            connection.executemany(_DROP, [(commit.instance_id, key) for key in commit.done])
        for message in commit.mail:
            put(connection, message, told, commit.owner)
        if commit.published:
            publish(connection, commit, told)
        if commit.status in RESTING:
            told.append(rested(commit.instance_id))
        if commit.owner is None and commit.status in UNFINISHED:
            loose.append(commit.instance_id)
            if commit.expected == 0 or commit.wake_up is not None:
                told.append(WORK)
    if loose:
        _wake_those_with_mail(connection, loose, told)
    if told:
        tell(connection, told)


def _wake_those_with_mail(connection: sqlite3.Connection, instance_ids: Sequence[str], told: list[Told]) -> None:
    """Undo that a commit to an instance of nobody's lets it sleep, where a message is waiting for it."""
    if connection.execute(_HAS_ANY).fetchone()[0]:
        for instance_id in instance_ids:
            if has_mail(connection, instance_id):
                connection.execute(_WAKE, (instance_id,))
                told.append(WORK)


def post(connection: sqlite3.Connection, message: Message, journal: str) -> Posted:
    """Store a message. One for an instance that has ended is not stored. Raises `UnknownInstance`."""
    with transaction(connection):
        row = connection.execute(_WHOSE, (message.instance_id,)).fetchone()
        if row is None:
            raise UnknownInstance(message.instance_id, journal)
        if row[1] is not None:
            return Posted(_number(connection, message), is_over=True)
        told: list[Told] = []
        put(connection, message, told)
        tell(connection, told)
        return Posted(_number(connection, message), is_over=False)


def put(connection: sqlite3.Connection, message: Message, told: list[Told], sender: int | None = None) -> None:
    """Store a message once, and add to `told` who is to hear of it, also when it is sent again. For use inside a
    transaction.
    """
    payload = message.payload
    content = (None, None, None) if payload is None else (payload.type, payload.version, payload.text)
    now = text_of_now()
    row = (message.instance_id, message.operation, message.name, *content, message.key, now)
    is_new = connection.execute(_PUT, row).rowcount == 1
    if not is_new and not has_mail(connection, message.instance_id):
        return
    whose = connection.execute(_WHOSE, (message.instance_id,)).fetchone()
    if whose is None or whose[1] is not None:
        return
    if whose[0] is None:
        connection.execute(_WAKE, (message.instance_id,))
        told.append(WORK)
    elif not (message.quiet and whose[0] == sender):
        told.append(mail_for(whose[0], message.instance_id))


def _number(connection: sqlite3.Connection, message: Message) -> int:
    row = connection.execute(_NUMBER, (message.instance_id, message.key)).fetchone()
    return 0 if row is None else int(row[0])


def has_mail(connection: sqlite3.Connection, instance_id: str) -> bool:
    """Tell whether an instance has messages without an answer."""
    return bool(connection.execute(_HAS_MAIL, (instance_id,)).fetchone()[0])


def messages(connection: sqlite3.Connection, epoch: int, instance_ids: Sequence[str]) -> tuple[Message, ...]:
    """Return the messages without an answer for instances that are owned under an epoch, or have ended."""
    rows = connection.execute(_OPEN, (json.dumps(sorted(set(instance_ids))), epoch)).fetchall()
    return tuple(_message(row) for row in rows)


def unanswered(connection: sqlite3.Connection, instance_id: str, most: int) -> tuple[Unanswered, ...]:
    """Return the first messages without an answer for an instance, and when they were stored."""
    rows = connection.execute(_UNANSWERED, (instance_id, max(0, most))).fetchall()
    return tuple(Unanswered(_message(row[:-1]), datetime.fromisoformat(row[-1])) for row in rows)


def _message(row: tuple[Any, ...]) -> Message:
    instance_id, operation, name, type_, version, text, key, number = row
    return Message(instance_id, operation, name, _payload(type_, version, text), key, number)


def answer(connection: sqlite3.Connection, answers: Sequence[tuple[int, Payload]]) -> None:
    """Store answers to messages that have none yet."""
    with transaction(connection):
        now = text_of_now()
        told: list[Told] = []
        for number, payload in answers:
            row = (now, payload.type, payload.version, payload.text, number)
            if connection.execute(_ANSWER, row).rowcount:
                told.append(answered(number))
        tell(connection, told)


def answer_to(connection: sqlite3.Connection, message_id: int) -> Payload | None:
    """Return the answer to a message, or None."""
    row = connection.execute(_ANSWER_TO, (message_id,)).fetchone()
    return None if row is None else _payload(*row)


def forget_old(connection: sqlite3.Connection) -> None:
    """Delete messages that were answered long ago, or that nobody will read, as their instance is over; some a time."""
    before = text_of(datetime.now(UTC) - _KEPT)
    for forget in (_FORGET_ANSWERED, _FORGET_UNREAD):
        while connection.execute(forget, (before, _MOST_FORGOTTEN)).rowcount == _MOST_FORGOTTEN:
            pass


def _payload(type_: str | None, version: int | None, text: str | None) -> Payload | None:
    if type_ is None or version is None or text is None:
        return None
    return Payload(type_, version, text)
