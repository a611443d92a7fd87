"""Does the page of the faults name each of them, and for each a test that exists, says what must hold, and on what?"""

from __future__ import annotations

import re
from functools import cache

import pytest

from docs.snippets import ROOT

ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = ROW.findall((ROOT / "docs" / "faults.md").read_text(encoding="utf-8"))
FUNCTION = re.compile(
    r'^(?P<marks>(?:@[^\n]*\n(?:[ )\]][^\n]*\n)*)*)(?:async )?def (?P<name>\w+)\((?P<taken>[^"]*?)\) -> [^\n]*:\n'
    r'(?P<body>(?:    """(?P<said>.+?)""")?.*?)(?=^\S|\Z)',
    re.MULTILINE | re.DOTALL,
)
STORES = {"M": r'InMemoryJournal|Simulation|"memory"', "S": "Sqlite|sqlite", "P": "Postgres|postgres"}
IMPORTED = re.compile(r"^from (tests\.[\w.]+) import", re.MULTILINE)
MOST = 60


@cache
def text(path: str) -> str:
    """Return what stands in a file."""
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def functions(path: str) -> dict[str, re.Match[str]]:
    """Return the functions of a file by their names."""
    return {found["name"]: found for found in FUNCTION.finditer(text(path))}


def stores(path: str, name: str) -> set[str]:
    """Return the stores that a test runs on: those that it names, or the fixtures and functions that it takes do.

    A test of pure functions has none.
    """
    own = functions(path)
    known = functions("tests/conftest.py")
    for module in IMPORTED.findall(text(path)):
        imported = f"{module.replace('.', '/')}.py"
        known = known | (functions(imported) if (ROOT / imported).exists() else {})
    known = known | own
    told, seen, ahead = "", set[str](), {name}
    while ahead:
        seen |= ahead
        found = [known[each] for each in ahead]
        read = "".join(each["marks"] + each["taken"] + each["body"] for each in found)
        told += read
        if "indirect=True" in read:  # the mark says which of those of a fixture it takes
            break
        given = " ".join(each["taken"] for each in found if each["name"] == name or "fixture" in each["marks"])
        fixtures = set(re.findall(r"(\w+):", given)) & set(known)
        ahead = fixtures | (set(re.findall(r"(\w+)\(", read)) & set(own)) - seen
    return {store for store, names in STORES.items() if re.search(names, told)}


def test_every_fault_has_its_row() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, MOST + 1))


@pytest.mark.parametrize("row", ROWS, ids=[number for number, *_ in ROWS])
def test_each_row_names_tests_that_exist_and_say_it_or_why_there_is_none(row: tuple[str, str, str, str]) -> None:
    _, _, tests, shown = row
    named = TEST.findall(tests)
    if not named:
        assert tests.startswith("does not apply")
        return
    assert [name for path, name in named if name not in functions(path)] == []
    assert [name for path, name in named if not functions(path)[name]["said"]] == [], "a docstring says what must hold"
    assert shown.split() == [each for each in STORES if any(each in stores(path, name) for path, name in named)]
