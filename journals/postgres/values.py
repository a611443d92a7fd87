"""How do values travel to Postgres? Those of a batch of commits as one array for each column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias, cast

import msgspec

from journals.entries import RESTING, UNFINISHED, Commit, Message, Published
from journals.labels import label_rows
from journals.postgres.notices import texts_of
from journals.rows import ENTRY_COLUMNS, entry_row

Parameters: TypeAlias = tuple[str | None, ...]
"""Are the columns of a batch. None is one without a value; Postgres makes it as long as the others."""

_Cell: TypeAlias = str | int | bool | datetime | None

_TEXT = {str}
_AS_IN_JSON = {int, bool, datetime, type(None)}
_ENCODER = msgspec.json.Encoder(enc_hook=datetime.isoformat)  # of subclasses of datetime


def commit_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return the parameters of the statement that stores a batch. Raises `OverflowError` for a time out of range."""
    records = zip(*map(_record_row, commits), strict=True)
    rows = [
        (commit.instance_id, commit.token, *entry_row(entry, _in_utc)) for commit in commits for entry in commit.entries
    ]
    columns = zip(*rows, strict=True) if rows else [()] * (2 + len(ENTRY_COLUMNS))
    return (*map(_column, records), *map(_column, columns))


def _record_row(commit: Commit) -> tuple[_Cell, ...]:
    return (
        commit.instance_id,
        commit.workflow,
        commit.version,
        commit.expected,
        commit.expected + len(commit.entries),
        commit.status.value,
        commit.status not in UNFINISHED,
        None if commit.wake_up is None else _in_utc(commit.wake_up),
        commit.detail,
        _in_utc(commit.at),
        commit.owner,
    )


def telling_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return what the statement that stores a batch and tells of it takes besides those parameters."""
    rows = [(commit.instance_id, *_message_row(message)) for commit in commits for message in commit.mail]
    columns = zip(*rows, strict=True) if rows else [()] * 8
    done = [(commit.instance_id, key) for commit in commits for key in commit.done]
    whose, keys = zip(*done, strict=True) if done else ((), ())
    resting = array(status.value for status in RESTING)
    return (array(texts_of(commits)), *map(array, columns), resting, array(whose), array(keys))


def publishing_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return what the statement that publishes takes besides all of those parameters."""
    rows = [_published_row(published) for commit in commits for published in commit.published]
    return tuple(map(array, zip(*rows, strict=True)))


def _published_row(published: Published) -> tuple[_Cell, ...]:
    payload = published.payload
    what = (published.instance_id, published.lane, published.seq, published.topic)
    return (*what, payload.type, payload.version, payload.text, _in_utc(published.at))


def labelling_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return what the statement that stores a batch with its labels takes besides all of those."""
    rows = [(commit.instance_id, *row) for commit in commits for row in label_rows(commit)]
    return tuple(map(array, zip(*rows, strict=True) if rows else [()] * 4))


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


def _column(cells: Sequence[_Cell]) -> str | None:
    return None if cells and cells[0] is None and cells.count(None) == len(cells) else array(cells)


def loser_parameters(commits: Sequence[Commit]) -> Parameters:
    """Return the parameters of the statement that asks why commits were not stored."""
    return (
        array(commit.instance_id for commit in commits),
        array(commit.expected for commit in commits),
        array(commit.token for commit in commits),
        array(commit.owner for commit in commits),
    )


def array(values: Iterable[_Cell]) -> str:
    r"""Return a column as Postgres writes arrays; the driver's own way takes several times as long.

    >>> print(array(["plain", 'a "quote"']), array(["plain", None]), array([7, None, True]))
    {"plain","a \"quote\""} {"plain",NULL} {7,null,true}
    """
    cells = list(values)
    kinds = {*map(type, cells)}
    if kinds == _TEXT:
        return _texts(cast(list[str], cells))
    if kinds <= _AS_IN_JSON or not any(issubclass(kind, str) for kind in kinds):
        return "{" + _ENCODER.encode(cells)[1:-1].decode() + "}"
    return "{" + ",".join(map(_element, cells)) + "}"


def _texts(texts: Sequence[str]) -> str:
    """Return texts as an array; all are quoted at once, with a character between them that Postgres does not take."""
    together = "\0".join(texts)
    if together.count("\0") != len(texts) - 1:
        return "{" + ",".join(map(_element, texts)) + "}"
    if "\\" in together or '"' in together:
        together = _escaped(together)
    return '{"' + together.replace("\0", '","') + '"}'


def _element(cell: _Cell) -> str:
    return "NULL" if cell is None else f'"{_escaped(str(cell))}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def time_of(moment: datetime) -> datetime:
    """Return a time as the driver gives it, in the zone of the session, as an aware UTC time."""
    return moment.astimezone(UTC)


def storable(text: str) -> bool:
    """Return whether Postgres can hold a text: it has no NUL character and no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
