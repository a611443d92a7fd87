"""How is an instance started within a transaction of the caller's? By the statement of a commit, on their connection.

A connection is psycopg's, of either kind, or what SQLAlchemy has over one; SQLAlchemy itself is not imported here.
What is asked is said once, as a generator, for the callers that block and for those that do not. The answers come in
binary form, since times as text depend on what the session is set to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import datetime
from typing import Any, TypeAlias, TypeGuard

import attrs
from psycopg import AsyncConnection, AsyncRawCursor, Connection, RawCursor, errors
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from journals.entries import Commit
from journals.errors import NotAJournal, WorkflowDisabled, WrongConnection
from journals.postgres.batches import question_of
from journals.postgres.statements import Statements
from journals.postgres.values import Parameters, time_of
from journals.postgres.workflows import disabled_in
from journals.rows import entry_of, record_of
from journals.transactions import Begun
from journals.validation import validate
from journals.workflows import disabled_by

_Row: TypeAlias = tuple[Any, ...]
_Asking: TypeAlias = Generator[tuple[bytes, Parameters], list[_Row], Begun | None]
_NOW = "SELECT clock_timestamp()"
_LOST = (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)


@attrs.frozen
class Within:
    """Starts instances on connections of others, in the tables of one schema."""

    statements: Statements
    disabled: bytes
    schema: str
    limit_bytes: int

    def now(self, connection: object) -> datetime:
        """Return the time by the database's clock. See `Transactions.now`."""
        driver = _blocking(connection)
        _check_transaction(driver)
        (now,) = RawCursor(driver, row_factory=tuple_row).execute(_NOW, prepare=False, binary=True)
        return time_of(now[0])

    def start(self, connection: object, commit: Commit) -> Begun | None:
        """Store a commit that starts an instance. See `Transactions.start`."""
        validate(commit, self.limit_bytes)
        return self._start_on(_blocking(connection), commit)

    async def start_async(self, connection: object, commit: Commit) -> Begun | None:
        """Do the same on a connection of either kind. See `Transactions.start_async`."""
        validate(commit, self.limit_bytes)
        driver = await _either(connection)
        if isinstance(driver, Connection):
            return await asyncio.to_thread(self._start_on, driver, commit)
        _check_transaction(driver)
        cursor = AsyncRawCursor(driver, row_factory=tuple_row)
        asking = self._asking(commit)
        try:
            question, parameters = next(asking)
            while True:
                await cursor.execute(question, parameters, prepare=False, binary=True)
                question, parameters = asking.send(await cursor.fetchall())
        except StopIteration as stop:
            return _begun(stop)
        except _LOST as error:
            raise self._not_there(error) from error

    def _start_on(self, driver: Connection[Any], commit: Commit) -> Begun | None:
        _check_transaction(driver)
        cursor = RawCursor(driver, row_factory=tuple_row)
        asking = self._asking(commit)
        try:
            question, parameters = next(asking)
            while True:
                cursor.execute(question, parameters, prepare=False, binary=True)
                question, parameters = asking.send(cursor.fetchall())
        except StopIteration as stop:
            return _begun(stop)
        except _LOST as error:
            raise self._not_there(error) from error

    def _asking(self, commit: Commit) -> _Asking:
        """Ask for an instance to be started, and for the one that is there when there is one.

        Where another transaction is just starting one of the same id, the first question waits for its end.
        """
        while True:
            won = yield question_of(self.statements, [commit])
            if any(row[0] == commit.instance_id for row in won):
                return None
            records = yield self.statements.find, (commit.instance_id,)
            entries = yield self.statements.read, (commit.instance_id, "0", "1")
            if records and entries:
                return Begun(record_of(records[0], time_of), entry_of(commit.instance_id, entries[0][1:], time_of))
            rule = disabled_by(disabled_in((yield self.disabled, ())), commit.workflow, commit.version)
            if rule is not None:
                raise WorkflowDisabled(commit.instance_id, rule)
            # else it was removed, or enabled, just now

    def _not_there(self, error: Exception) -> NotAJournal:
        return NotAJournal(
            f"The database of this connection has no journal in schema {self.schema!r} ({error}). Nothing was stored."
            " Give a connection to the journal's database; the tables are there once the journal has been opened."
        )


def _begun(stop: StopIteration) -> Begun | None:
    begun: Begun | None = stop.value
    return begun


def _check_transaction(driver: Connection[Any] | AsyncConnection[Any]) -> None:
    """Refuse a connection without a transaction, on which the start would be stored at once and for good."""
    if driver.autocommit and driver.info.transaction_status is TransactionStatus.IDLE:
        raise WrongConnection(
            "The connection is in autocommit mode, outside of a transaction: the start could not be rolled back. Begin"
            " one, such as by `with connection.transaction():`, or start the instance without `within`."
        )


def _blocking(connection: object) -> Connection[Any]:
    over: Any = connection
    if _blocks(over):
        return over
    if _is_awaited(over) or _is_async(over):
        raise WrongConnection(f"{_shown(connection)} has to be awaited. Use `await client.start(..., within=...)`.")
    if callable(getattr(over, "connection", None)):  # a Session of SQLAlchemy
        over = over.connection()
    if not callable(getattr(over, "in_transaction", None)):
        raise _wrong(connection)
    if not over.in_transaction():
        over.begin()
    driver: object = over.connection.driver_connection
    if not _blocks(driver):
        raise _wrong(connection)
    return driver


async def _either(connection: object) -> Connection[Any] | AsyncConnection[Any]:
    over: Any = connection
    if _is_awaited(over):
        return over
    if not _is_async(over):
        return _blocking(connection)
    if hasattr(over, "sync_session"):  # an AsyncSession of SQLAlchemy
        over = await over.connection()
    if not over.in_transaction():
        await over.begin()
    driver: object = (await over.get_raw_connection()).driver_connection
    if not _is_awaited(driver):
        raise _wrong(connection)
    return driver


def _blocks(connection: object) -> TypeGuard[Connection[Any]]:
    return isinstance(connection, Connection)


def _is_awaited(connection: object) -> TypeGuard[AsyncConnection[Any]]:
    return isinstance(connection, AsyncConnection)


def _is_async(over: Any) -> bool:
    """Tell whether something of SQLAlchemy's is of the kind that is awaited."""
    return hasattr(over, "sync_session") or hasattr(over, "sync_connection")


def _wrong(connection: object) -> WrongConnection:
    return WrongConnection(
        f"within={_shown(connection)} is no connection of psycopg 3, nor SQLAlchemy's over one (postgresql+psycopg://)."
        " Give the one on which your transaction is open."
    )


def _shown(connection: object) -> str:
    return f"{type(connection).__module__}.{type(connection).__qualname__}"
