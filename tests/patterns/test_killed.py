"""Does every workflow pattern do what its scenarios say when the runtime that plays it is killed, wherever that be?"""

from __future__ import annotations

import itertools

import pytest

from journals import InMemoryJournal
from tests.patterns.edges import EDGES
from tests.patterns.killed_driver import Kill, KilledDriver, Kills
from tests.patterns.playing import check
from tests.patterns.programs import Work, workflow_of
from tests.patterns.runtime_driver import opened
from tests.patterns.scenarios import Line
from tests.patterns.test_machine import PATTERNS
from tests.patterns.test_runtime import Place, postgres, sqlite

__all__ = ("postgres", "sqlite")

_IDS = itertools.count(1)
LINES = [
    *PATTERNS,
    *(pytest.param(edge.root, line, id=f"{edge.name}: {line.text}") for edge in EDGES for line in edge.lines),
]


def _played(place: Place, root: Work, line: Line, kills: Kills) -> KilledDriver:
    driver = KilledDriver(place.runner, place.journal, workflow_of(root), None, f"k{next(_IDS)}", kills)
    try:
        check(driver, line)
    finally:
        driver.stop()
    return driver


def _never(_event: int) -> None:
    return None


def _in_every(kill: Kill) -> Kills:
    return lambda _event: kill


def _turn_about(event: int) -> Kill:
    return tuple(Kill)[event % 3]


def _in_every_third(event: int) -> Kill | None:
    """Let each process live through some events, and die each time in another way."""
    return tuple(Kill)[event // 3 % 3] if event % 3 == 2 else None


@pytest.mark.parametrize(("root", "line"), LINES)
def test_in_memory(root: Work, line: Line) -> None:
    journal = InMemoryJournal()
    with opened(journal) as runner:
        place = Place(runner, journal)
        assert _played(place, root, line, _never).killed == 0
        _played(place, root, line, _in_every(Kill.AT_REST))
        _played(place, root, line, _in_every_third)
        for kill in (Kill.BEFORE_COMMIT, Kill.AFTER_COMMIT):
            assert _played(place, root, line, _in_every(kill)).killed


@pytest.mark.parametrize(("root", "line"), LINES)
def test_on_sqlite(sqlite: Place, root: Work, line: Line) -> None:
    for kill in (Kill.BEFORE_COMMIT, Kill.AFTER_COMMIT):
        assert _played(sqlite, root, line, _in_every(kill)).killed


@pytest.mark.parametrize(("root", "line"), PATTERNS)
def test_on_postgres(postgres: Place, root: Work, line: Line) -> None:
    assert _played(postgres, root, line, _turn_about).killed
