"""Does the page of the faults name each of them, and for each a test that exists and says what must hold?"""

from __future__ import annotations

import re
from functools import cache

import pytest

from docs.snippets import ROOT

ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = ROW.findall((ROOT / "docs" / "faults.md").read_text(encoding="utf-8"))
DOCSTRING = re.compile(r'^def (\w+)\([^"]*?\) -> None:\n(?:    """(.+?)""")?', re.MULTILINE | re.DOTALL)
MOST = 60


@cache
def docstrings(path: str) -> dict[str, str | None]:
    """Return the tests of a file with their docstrings."""
    return {name: said or None for name, said in DOCSTRING.findall((ROOT / path).read_text(encoding="utf-8"))}


def test_every_fault_has_its_row() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, MOST + 1))


@pytest.mark.parametrize("row", ROWS, ids=[number for number, *_ in ROWS])
def test_each_row_names_tests_that_exist_and_say_it_or_why_there_is_none(row: tuple[str, str, str, str]) -> None:
    _, _, tests, stores = row
    named = TEST.findall(tests)
    if not named:
        assert tests.startswith("does not apply")
        return
    assert set(stores.split()) <= {"M", "S", "P"}
    assert stores.split()
    found = {name: docstrings(path).get(name, "missing") for path, name in named}
    assert [name for name, said in found.items() if said == "missing"] == []
    assert [name for name, said in found.items() if not said] == [], "a docstring says what must hold"
