"""How does a step write through SQLAlchemy's ORM in the transaction of its event? By a session on the lent connection.

    async def book(order: Order, connection: AsyncConnection[Any]) -> Booked:
        async with session_on(connection) as session:
            session.add(Booking(order.id))
        return Booked(order.id)

The engine opens, commits, rolls back and closes nothing: all that is the runtime's. The session works in a savepoint,
so that its `commit` and `rollback` mean what they say, inside of the runtime's transaction.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

_LENT: ContextVar[AsyncConnection[Any]] = ContextVar("lent_connection")


class Borrowing(PGDialectAsync_psycopg):
    """Leaves the transaction, and the connection, to the one that has lent it."""

    supports_statement_cache = True

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type[Borrowing]:  # noqa: ARG003
        """Return this one: SQLAlchemy asks again for what is awaited."""
        return cls

    def do_commit(self, dbapi_connection: Any) -> None:
        """Do nothing: the runtime commits."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Do nothing: the runtime rolls back what the effect's error ends."""

    def do_close(self, dbapi_connection: Any) -> None:
        """Do nothing: the connection goes back to the runtime."""


async def _lent(*_: Any, **__: Any) -> AsyncConnection[Any]:
    return _LENT.get()


@cache
def _engine() -> AsyncEngine:
    """Return the one engine, which opens no connection itself."""
    registry.register("postgresql.borrowing", __name__, "Borrowing")
    return create_async_engine(
        "postgresql+borrowing://", async_creator=_lent, poolclass=NullPool, use_native_hstore=False
    )


@asynccontextmanager
async def session_on(connection: AsyncConnection[Any]) -> AsyncGenerator[AsyncSession, None]:
    """Give a session on the connection of a step in a transaction; what it holds is written when it ends well."""
    token = _LENT.set(connection)
    try:
        async with (
            _engine().connect() as borrowed,
            AsyncSession(borrowed, join_transaction_mode="create_savepoint", expire_on_commit=False) as session,
        ):
            yield session
            await session.commit()
    finally:
        _LENT.reset(token)
