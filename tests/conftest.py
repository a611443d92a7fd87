"""Which fixtures do all tests share? Those of the Postgres server, and the stores that processes can share."""

from __future__ import annotations

from pathlib import Path

import pytest

from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal

pytest_plugins = ["tests.postgres_server"]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a store of the test's own is: a file, or a DSN."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.db")
    return str(request.getfixturevalue("postgres_dsn"))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """Return an empty journal, which keeps its content when it is closed and opened again."""
    if request.param == "memory":
        return InMemoryJournal()
    if request.param == "sqlite":
        return SqliteJournal(tmp_path / "journal.db")
    return PostgresJournal(request.getfixturevalue("postgres_dsn"))
