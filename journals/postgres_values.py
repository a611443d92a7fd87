"""How do values travel to Postgres? Those of a batch of commits as one array for each column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from journals.entries import UNFINISHED, Commit, Message
from journals.postgres_notices import RESTING, texts_of
from journals.rows import ENTRY_COLUMNS, entry_row

Parameters: TypeAlias = tuple[str, ...]


def commit_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return the parameters of the statement that stores a batch. Raises `OverflowError` for a time out of range."""
    records = map(array, zip(*map(_record_row, commits), strict=True))
    rows = [
        (commit.instance_id, commit.token, *entry_row(entry, time_text))
        for commit in commits
        for entry in commit.entries
    ]
    columns = zip(*rows, strict=True) if rows else [()] * (2 + len(ENTRY_COLUMNS))
    return (*records, *map(array, columns))


def _record_row(commit: Commit) -> tuple[str | int | None, ...]:
    return (
        commit.instance_id,
        commit.workflow,
        commit.version,
        commit.expected,
        commit.expected + len(commit.entries),
        commit.status.value,
        "f" if commit.status in UNFINISHED else "t",
        None if commit.wake_up is None else time_text(commit.wake_up),
        commit.detail,
        time_text(commit.at),
        commit.owner,
    )


def telling_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return what the statement that stores a batch and tells of it takes besides those parameters."""
    rows = [(commit.instance_id, *_message_row(message)) for commit in commits for message in commit.mail]
    columns = zip(*rows, strict=True) if rows else [()] * 8
    return (array(texts_of(commits)), *map(array, columns), array(status.value for status in RESTING))


def message_parameters(message: Message) -> tuple[str | None, ...]:
    """Return the parameters of the statement that posts a message."""
    return tuple(None if value is None else str(value) for value in _message_row(message))


def _message_row(message: Message) -> tuple[str | int | None, ...]:
    payload = message.payload
    return (
        message.instance_id,
        message.operation,
        message.name,
        *((None, None, None) if payload is None else (payload.type, payload.version, payload.text)),
        message.key,
    )


def loser_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return the parameters of the statement that asks why commits were not stored."""
    return (
        array(commit.instance_id for commit in commits),
        array(commit.expected for commit in commits),
        array(commit.token for commit in commits),
        array(commit.owner for commit in commits),
    )


def array(values: Iterable[str | int | None]) -> str:
    r"""Return a column as Postgres writes arrays; the driver's own way takes several times as long.

    >>> print(array(["plain", 'a "quote"', None, 7]))
    {"plain","a \"quote\"",NULL,7}
    """
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: str | int | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


def time_text(moment: datetime) -> str:
    """Return an aware time as Postgres reads it under every setting of the session."""
    return moment.isoformat() if moment.tzinfo is UTC else moment.astimezone(UTC).isoformat()


def time_of(moment: datetime) -> datetime:
    """Return a time as the driver gives it, in the zone of the session, as an aware UTC time."""
    return moment.astimezone(UTC)


def storable(text: str) -> bool:
    """Return whether Postgres can hold a text: it has no NUL character and no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
