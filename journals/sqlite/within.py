"""How is an instance started within a transaction of the caller's, on their connection to the journal's SQLite file?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs

from journals.entries import Commit
from journals.errors import Conflict, NotAJournal, WrongConnection
from journals.sqlite import statements
from journals.transactions import Begun
from journals.validation import validate


@attrs.frozen
class SqliteWithin:
    """Starts instances on connections of others to one file; see `journals.transactions.StartsWithin`."""

    path: Path
    limit_bytes: int
    journal: str

    def now(self, connection: object) -> datetime:
        """Return the time of this machine. See `StartsWithin.now`."""
        self._checked(connection)
        return datetime.now(UTC)

    def start(self, connection: object, commit: Commit) -> Begun | None:
        """Store a commit that starts an instance. See `StartsWithin.start`."""
        validate(commit, self.limit_bytes)
        with _plain(self._checked(connection)) as ours:
            (reason,) = statements.store_each(ours, [commit], self.journal)
            if not isinstance(reason, Conflict):
                if reason is not None:
                    raise reason
                return None
            record = statements.find(ours, commit.instance_id, self.journal)
            (started,) = statements.read_inside(ours, commit.instance_id, 0, 1, self.journal)
            return Begun(record, started)

    async def start_async(self, connection: object, commit: Commit) -> Begun | None:
        """Do the same. Such a connection belongs to its thread, so that the event loop waits."""
        return self.start(connection, commit)

    def _checked(self, connection: object) -> sqlite3.Connection:
        if not isinstance(connection, sqlite3.Connection):
            shown = f"{type(connection).__module__}.{type(connection).__qualname__}"
            raise WrongConnection(f"within={shown} is no connection of sqlite3. Give one to the file {self.path}.")
        if not self._leads_here(connection):
            raise WrongConnection(f"The connection does not lead to the file of {self.journal}. Give one that does.")
        if not connection.in_transaction and _commits_at_once(connection):
            raise WrongConnection(
                "The connection is in autocommit mode, outside of a transaction: the start could not be rolled back."
                " Execute BEGIN first, or start the instance without `within`."
            )
        with _plain(connection) as ours:
            if ours.execute("SELECT 1 FROM sqlite_master WHERE name = 'wio_instances'").fetchone() is None:
                raise NotAJournal(f"The file {self.path} holds no journal yet. Open {self.journal} once before.")
        return connection

    def _leads_here(self, connection: sqlite3.Connection) -> bool:
        with _plain(connection) as ours:
            path = next(row[2] for row in ours.execute("PRAGMA database_list") if row[1] == "main")
        return bool(path) and os.path.exists(self.path) and os.path.samefile(path, self.path)


def _commits_at_once(connection: sqlite3.Connection) -> bool:
    return connection.isolation_level is None or getattr(connection, "autocommit", -1) is True


@contextmanager
def _plain(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """Give the connection without what its owner has set for reading; afterwards it is set again."""
    row_factory, text_factory = connection.row_factory, connection.text_factory
    connection.row_factory, connection.text_factory = None, str
    try:
        yield connection
    finally:
        connection.row_factory, connection.text_factory = row_factory, text_factory
