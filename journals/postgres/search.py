"""How does Postgres spell a search?"""

from __future__ import annotations

from datetime import UTC, datetime

from psycopg import sql

from journals.search_sql import Dialect, SqlValue


def dialect(schema: str) -> Dialect:
    """Return how it is spelled for a schema."""
    name = sql.Identifier(schema).as_string()
    return Dialect(f"{name}.instances", f"{name}.attributes", _parameter, "strpos", "NOT i.finished")


def _parameter(number: int, type_: str) -> str:
    return f"${number}::{type_}"


def text_of(value: SqlValue) -> str:
    """Return a parameter as it travels."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
