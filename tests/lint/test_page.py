"""Does the page about lint name every rule, with its levels, and does every rule have its fixtures?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interpreters.lint import RULES, Finding, Level
from interpreters.lint.finding import Rule
from tests.lint import test_rules, test_structure
from wio import WIO, Workflow

PAGE = Path(__file__).parents[2] / "docs" / "lint.md"
ROW = re.compile(r"^\| `(?P<rule>[a-z-]+)` \| (?P<levels>[a-z, ]+) \| (?P<means>.+) \| (?P<todo>.+) \|$", re.MULTILINE)


def _fixtures(rule: Rule) -> Iterator[tuple[Finding, ...]]:
    """Yield what a rule finds in each of its fixtures."""
    roots: list[tuple[Rule, WIO[Any, Any, Any]]] = [
        *((of, root) for of, root, _ in test_structure.FIXTURES),
        *((of, root) for of, root, _ in test_rules.FIXTURES),
    ]
    for of, root in roots:
        if of is rule:
            yield rule(Workflow("sample", version=1, input=str, root=root))


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_a_fixture_that_trips_it_and_one_that_does_not(rule: Rule) -> None:
    found = list(_fixtures(rule))
    assert any(found)
    assert not all(found)
    assert len({one.rule for findings in found for one in findings}) == 1


def test_the_page_has_every_rule_in_order_with_its_levels() -> None:
    told = [(row["rule"], row["levels"]) for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    assert told == [_name_and_levels(rule) for rule in RULES]


def _name_and_levels(rule: Rule) -> tuple[str, str]:
    found = [one for findings in _fixtures(rule) for one in findings]
    levels = [level.value for level in Level if any(one.level is level for one in found)]
    return found[0].rule, ", ".join(levels)


def test_the_page_says_of_every_rule_what_it_means_and_what_to_do() -> None:
    for row in ROW.finditer(PAGE.read_text(encoding="utf-8")):
        assert row["means"].strip()
        assert row["todo"].strip()
