"""What do these benchmarks ask the database itself? What a runtime would not tell, or not in time."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection


async def rows(dsn: str, question: str) -> list[tuple[Any, ...]]:
    """Return the rows that a statement gives, if it gives any."""
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        cursor = await connection.execute(question.encode())
        return await cursor.fetchall() if cursor.description else []
