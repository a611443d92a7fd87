"""Does the ORM write in the transaction of a step's event, and does its own commit commit nothing?"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from returns.result import Success
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from examples.borrowed_session import session_on
from interpreters import InstancePaused, Runtime
from journals.postgres import PostgresJournal
from tests.runtime.running import NO_GRACE, run, workflow
from wio import run_in_transaction


class Base(DeclarativeBase):
    """Is the root of the mapped classes."""


class Booking(Base):
    """Is a row of the user's."""

    __tablename__ = "bookings"
    id: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE bookings (id text PRIMARY KEY, amount int)")
    return postgres_dsn


def rows(dsn: str) -> list[tuple[Any, ...]]:
    """Return what was written."""
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT id, amount FROM bookings ORDER BY id").fetchall()


async def result(dsn: str, effect: Any) -> Any:
    """Return what an instance of one step ends with."""
    flow = workflow(run_in_transaction(effect, event=int, name="book"))
    async with Runtime(PostgresJournal(dsn), [flow], grace=NO_GRACE) as runtime:
        return await (await runtime.start(flow, id="a", input=5)).result()


def test_the_session_writes_in_the_transaction_of_the_step(dsn: str) -> None:
    async def book(value: int, connection: AsyncConnection[Any]) -> int:
        async with session_on(connection) as session:
            session.add(Booking(id="one", amount=value))
            await session.commit()
            session.add(Booking(id="two", amount=value))
            await session.rollback()
            session.add(Booking(id="three", amount=value))
        assert rows(dsn) == []  # for others there is nothing yet
        async with session_on(connection) as session:
            return len((await session.scalars(select(Booking))).all())

    assert run(result(dsn, book)) == Success(2)
    assert rows(dsn) == [("one", 5), ("three", 5)]


def test_what_was_committed_in_the_session_goes_when_the_step_fails(dsn: str) -> None:
    async def book(value: int, connection: AsyncConnection[Any]) -> int:
        async with session_on(connection) as session:
            session.add(Booking(id="one", amount=value))
            await session.commit()
        raise OSError("no")

    with pytest.raises(InstancePaused, match="OSError"):
        run(result(dsn, book))
    assert rows(dsn) == []


def test_a_conflict_that_the_session_meets_is_tried_again_unseen(dsn: str) -> None:
    """The error of the driver is found below SQLAlchemy's."""
    runs: list[int] = []

    async def book(value: int, connection: AsyncConnection[Any]) -> int:
        runs.append(value)
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        async with session_on(connection) as session:
            found = await session.get(Booking, "one")
            assert found is not None
            if len(runs) == 1:
                with psycopg.connect(dsn) as other:
                    other.execute("UPDATE bookings SET amount = 7")
            found.amount += value
        return found.amount

    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO bookings VALUES ('one', 1)")
    assert run(result(dsn, book)) == Success(12)
    assert (rows(dsn), len(runs)) == ([("one", 12)], 2)
