"""How is something written to a SQLite file? In one transaction, with its times as texts in UTC that sort."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Write all that is done inside, or nothing. Nobody else writes meanwhile, so what is read there still holds."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def text_of(moment: datetime) -> str:
    """Return a time as the file holds it."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(timespec="microseconds")


def text_of_now() -> str:
    """Return the time of this machine, whose processes share the file, as the file holds it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
