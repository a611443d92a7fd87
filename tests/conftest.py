"""Which fixtures do all tests share? Those of the Postgres server, and the stores that processes can share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tests.postgres_server"]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a store of the test's own is: a file, or a DSN."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.db")
    return str(request.getfixturevalue("postgres_dsn"))
