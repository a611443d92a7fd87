"""Which rules are there? A rule is added by its line in `RULES`."""

from __future__ import annotations

from typing import Any

from interpreters.lint.clashing_types import clashing_types
from interpreters.lint.drafts import drafts
from interpreters.lint.finding import Finding, Level, Rule
from interpreters.lint.numbered_names import numbered_names
from interpreters.lint.undeclared_events import undeclared_events
from interpreters.lint.unkept_types import unkept_types
from wio.workflow import Workflow

RULES: tuple[Rule, ...] = (
    unkept_types,
    drafts,
    undeclared_events,
    clashing_types,
    numbered_names,
)

_WORST_FIRST = {level: rank for rank, level in enumerate(Level)}


def lint(workflow: Workflow[Any, Any, Any], rules: tuple[Rule, ...] = RULES) -> tuple[Finding, ...]:
    """Return what the rules find, the worst first."""
    findings = [finding for rule in rules for finding in rule(workflow)]
    return tuple(sorted(findings, key=lambda finding: _WORST_FIRST[finding.level]))
