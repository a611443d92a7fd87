"""How do others write to Postgres in the transaction of a commit? On connections that are lent to them.

    BEGIN    what the user writes    the statement of the commit    COMMIT

The statement takes the lock of the instance's row, and keeps it to the end. So whoever comes to own the instance
afterwards sees what became of the transaction, and when the answer to COMMIT is lost, a wait for that lock tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import TypeAlias

import attrs
import psycopg
from psycopg import AsyncCursor, AsyncRawCursor, errors
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from journals.entries import Commit
from journals.errors import Conflict, JournalError, JournalUnavailable, RolledBack, SpoiledTransaction
from journals.postgres.batches import Batches
from journals.postgres.connections import Connect, Connection, Connections
from journals.postgres.errors import DRIVER_ERRORS, translated
from journals.postgres.session import Session
from journals.postgres.statements import Statements
from journals.validation import validate

_CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected)
_FORBIDDEN = (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)
_TOO_LONG = (errors.IdleInTransactionSessionTimeout, errors.TransactionTimeout)
_DEEPEST = 10

Noted: TypeAlias = Callable[[Commit, Callable[[Commit], Awaitable[None]]], Awaitable[None]]


@attrs.frozen
class Storing:
    """Is what a transaction needs of its journal."""

    session: Session
    batches: Batches
    statements: Statements
    noted: Noted
    patience: timedelta
    limit_bytes: int
    journal: str

    def in_time(self) -> asyncio.Timeout:
        """Bound what is asked of the server."""
        return asyncio.timeout(self.patience.total_seconds())


class PostgresTransaction:
    """Is a transaction on a lent connection; see `journals.transactions.Transaction`."""

    def __init__(self, connection: Connection, storing: Storing) -> None:
        self.connection = connection
        self._storing = storing
        # Inside of it the driver refuses `commit()` and `rollback()`.
        self._block = connection.transaction()
        self._is_in_doubt = False
        self._stored: str | None = None

    async def begin(self) -> None:
        """Begin it."""
        async with self._storing.in_time():
            await self._block.__aenter__()

    async def end(self) -> None:
        """Roll back what was not committed. When that cannot be said any more, closing the connection does it."""
        if self.connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            rollback = psycopg.Rollback()
            async with self._storing.in_time():
                await self._block.__aexit__(psycopg.Rollback, rollback, None)

    def why_anew(self, error: Exception) -> RolledBack | None:
        """Return why the transaction is to be begun anew. See `Transaction.why_anew`."""
        causes = tuple(_causes(error))
        if any(isinstance(each, _CONFLICTS) for each in causes):
            return RolledBack(f"{self._storing.journal}: others changed the same rows ({error}). Nothing was stored.")
        if self.connection.broken and not any(isinstance(each, _TOO_LONG) for each in causes):
            return RolledBack(f"{self._storing.journal}: the connection was lost ({error}). Nothing was stored.")
        return None

    async def commit(self, commit: Commit) -> None:
        """Store a commit together with what was written, and end the transaction. See `Transaction.commit`."""
        validate(commit, self._storing.limit_bytes)
        if self._stored != commit.token:
            await self._storing.noted(commit, self._commit)
            self._stored = commit.token

    async def _commit(self, commit: Commit) -> None:
        if self._is_in_doubt:
            await self._find_out(commit)
            return
        self._check_open(commit)
        try:
            async with self._storing.in_time():
                (reason,) = await self._storing.batches.store_on([commit], self.connection)
                is_of_the_past = type(reason) is Conflict and await self._sees_the_past()
        except DRIVER_ERRORS as error:
            raise self._why_refused(error) from error
        if is_of_the_past:
            raise RolledBack(f"{self._storing.journal}: the instance has moved on meanwhile. Nothing was stored.")
        if reason is not None:
            raise reason
        is_in_doubt = False
        try:
            async with self._storing.in_time():
                await self._block.__aexit__(None, None, None)
        except DRIVER_ERRORS as error:
            if self._is_idle and isinstance(error, psycopg.Error) and error.sqlstate is not None:
                raise self._why_refused(error) from error
            is_in_doubt = True
        if is_in_doubt or not self._is_idle:
            self._is_in_doubt = True
            await self.connection.close()
            await self._find_out(commit)

    async def _sees_the_past(self) -> bool:
        """Tell whether statements see the database as it was at the first one, before other commits of the instance."""
        cursor = AsyncRawCursor(self.connection, row_factory=tuple_row)
        await cursor.execute("SELECT current_setting('transaction_isolation') <> 'read committed'", prepare=False)
        return await cursor.fetchone() == (True,)

    @property
    def _is_idle(self) -> bool:
        return self.connection.info.transaction_status is TransactionStatus.IDLE

    def _check_open(self, commit: Commit) -> None:
        """Refuse to commit what is not one transaction any more. Its effect would else be stored without its event."""
        match self.connection.info.transaction_status:
            case TransactionStatus.INTRANS:
                return
            case TransactionStatus.INERROR:
                why = "has caught an error of the database. Let it out, or use a savepoint: connection.transaction()"
            case TransactionStatus.IDLE:
                why = "has ended the transaction itself. Leave COMMIT and ROLLBACK to the runtime"
            case TransactionStatus.UNKNOWN if self.connection.broken:
                raise RolledBack(f"{self._storing.journal}: the connection was lost. Nothing was stored.")
            case _:
                why = "has closed the connection, or still uses it. Give it back open and idle"
        raise SpoiledTransaction(
            f"Instance {commit.instance_id!r}: the event cannot be stored with what was written: the effect {why}."
        )

    def _why_refused(self, error: Exception) -> JournalError:
        """Return what an error says that came before the end: nothing is stored."""
        problem = translated(error, self._storing.journal, commits=False)
        # Some constraints are checked at the end, and some triggers run then.
        if isinstance(error, (psycopg.IntegrityError, errors.RaiseException, *_TOO_LONG)):
            return SpoiledTransaction(f"What the effect has written was refused at the commit: {error}")
        if isinstance(error, _FORBIDDEN) and not self._may_nobody_write:
            return SpoiledTransaction(
                f"What the effect has set, such as a role, keeps its event from being stored: {error}. Let it write to"
                " the tables of the journal, or set it back at the end of the effect: RESET ROLE."
            )
        if isinstance(problem, JournalUnavailable) and not isinstance(error, errors.QueryCanceled):
            return RolledBack(f"{problem} The transaction was rolled back.")
        return problem

    @property
    def _may_nobody_write(self) -> bool:
        """Tell whether the server itself takes no writes, as after a failover; it says so when that changes."""
        status = self.connection.info.parameter_status
        return "on" in (status("in_hot_standby"), status("default_transaction_read_only"))

    async def _find_out(self, commit: Commit) -> None:
        """Return when the commit is stored. Raises `RolledBack` when it is not, and never will be."""

        async def asked(connection: Connection) -> dict[str, JournalError | None]:
            cursor = AsyncRawCursor(connection, row_factory=tuple_row)
            await cursor.execute(self._storing.statements.wait, (commit.instance_id,), prepare=False)
            return await self._storing.batches.why_lost([commit], connection)

        reasons = await self._storing.session.read(asked)
        if reasons[commit.instance_id] is not None:
            raise RolledBack(f"{self._storing.journal}: the connection was lost before the commit. Nothing was stored.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from: what lies over the driver wraps its errors."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


class LentConnections:
    """Lends connections for transactions, to at most `most` at a time."""

    def __init__(self, connect: Connect, most: int, storing: Storing) -> None:
        self._connections = Connections(connect, most)
        self._storing = storing

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[PostgresTransaction, None]:
        """Begin a transaction on a connection. See `Transactions.begin`."""
        async with AsyncExitStack() as borrowing:
            try:
                connection = await borrowing.enter_async_context(self._connections.borrowed())
                transaction = PostgresTransaction(connection, self._storing)
                await transaction.begin()
            except DRIVER_ERRORS as error:
                await self._connections.close_idle()
                raise translated(error, self._storing.journal, commits=False) from error
            try:
                yield transaction
            finally:
                with suppress(*DRIVER_ERRORS):
                    await transaction.end()
                connection.row_factory, connection.cursor_factory = tuple_row, AsyncCursor

    async def close(self) -> None:
        """Wait for what is lent, and close everything."""
        await self._connections.close()


@attrs.frozen
class PostgresTransactions:
    """Lets others write to a journal's database; see `journals.transactions.Transactions`."""

    lent: Callable[[], LentConnections]

    def begin(self) -> AbstractAsyncContextManager[PostgresTransaction]:
        """Begin a transaction. See `Transactions.begin`."""
        return self.lent().begin()
