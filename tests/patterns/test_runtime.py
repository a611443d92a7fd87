"""Does every workflow pattern do by a runtime on each journal what its scenarios say, by a new process each time?"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from journals import InMemoryJournal, Journal, SqliteJournal
from journals.postgres import PostgresJournal
from journals.sqlite import Durability
from tests.patterns.playing import check
from tests.patterns.programs import Work, workflow_of
from tests.patterns.runtime_driver import RuntimeDriver, opened
from tests.patterns.scenarios import Line
from tests.patterns.test_machine import PATTERNS
from tests.postgres_server import new_database

_IDS = itertools.count(1)


@attrs.frozen
class Place:
    """Is an open journal, and the event loop that it belongs to."""

    runner: asyncio.Runner
    journal: Journal

    def play(self, root: Work, line: Line) -> None:
        check(RuntimeDriver(self.runner, self.journal, workflow_of(root), None, f"i{next(_IDS)}"), line)


@pytest.fixture(scope="module")
def memory() -> Iterator[Place]:
    journal = InMemoryJournal()
    with opened(journal) as runner:
        yield Place(runner, journal)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path: Path = tmp_path_factory.mktemp("patterns") / "journal.db"
    journal = SqliteJournal(path, durability=Durability.NORMAL)
    with opened(journal) as runner:
        yield Place(runner, journal)


@pytest.fixture(scope="module")
def postgres(postgres_admin_dsn: str, postgres_template: str) -> Iterator[Place]:
    with new_database(postgres_admin_dsn, f"patterns_{secrets.token_hex(6)}", postgres_template) as dsn:
        journal = PostgresJournal(dsn)
        with opened(journal) as runner:
            yield Place(runner, journal)


@pytest.mark.parametrize(("root", "line"), PATTERNS)
def test_in_memory(memory: Place, root: Work, line: Line) -> None:
    memory.play(root, line)


@pytest.mark.parametrize(("root", "line"), PATTERNS)
def test_on_sqlite(sqlite: Place, root: Work, line: Line) -> None:
    sqlite.play(root, line)


@pytest.mark.parametrize(("root", "line"), PATTERNS)
def test_on_postgres(postgres: Place, root: Work, line: Line) -> None:
    postgres.play(root, line)
