"""Which rules are there? A rule is added by its line in `CHECKS`, `ADVICE` or `NOTES`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from interpreters.lint.clashing_definitions import clashing_definitions
from interpreters.lint.clashing_names import clashing_names
from interpreters.lint.clashing_types import clashing_types
from interpreters.lint.crossed_locks import crossed_locks
from interpreters.lint.dead_handlers import dead_handlers
from interpreters.lint.decided_at_once import decided_at_once
from interpreters.lint.drafts import drafts
from interpreters.lint.endless_recursion import endless_recursion
from interpreters.lint.endless_states import endless_states
from interpreters.lint.finding import Finding, Level, Rule
from interpreters.lint.idle_milestones import idle_milestones
from interpreters.lint.locating import Check
from interpreters.lint.lost_arrivals import lost_arrivals
from interpreters.lint.lost_leaves import lost_leaves
from interpreters.lint.lost_recursion import lost_recursion
from interpreters.lint.lost_undos import lost_undos
from interpreters.lint.needless_handlers import needless_handlers
from interpreters.lint.numbered_names import numbered_names
from interpreters.lint.shared_signals import shared_signals
from interpreters.lint.spinning import spinning
from interpreters.lint.undeclared_events import undeclared_events
from interpreters.lint.unkept_types import unkept_types
from interpreters.lint.unreachable_states import unreachable_states
from interpreters.lint.unretried_undos import unretried_undos
from interpreters.lint.unsatisfiable_joins import unsatisfiable_joins
from interpreters.machine.questions import Itself
from wio.workflow import Workflow

CHECKS: tuple[Check, ...] = (
    clashing_names,
    spinning,
    decided_at_once,
    dead_handlers,
    unreachable_states,
    unsatisfiable_joins,
)
"""Are the rules about structure; their errors, and those of `lost_recursion` and `lost_arrivals`, are `problems`."""

NOTES: tuple[Rule, ...] = (numbered_names, unretried_undos)
"""Are those that tell only what is good to know."""

ADVICE: tuple[Rule, ...] = (
    unkept_types,
    drafts,
    undeclared_events,
    clashing_types,
    clashing_definitions,
    shared_signals,
    crossed_locks,
    needless_handlers,
    endless_states,
    endless_recursion,
    idle_milestones,
    lost_leaves,
    lost_undos,
    *NOTES,
)
"""Are the others. `unkept_types` is one of them, since a runtime may have a codec that keeps more."""

ABOUT_JSON: tuple[Rule, ...] = (unkept_types, undeclared_events, clashing_types)
"""Are those that look at types as `JsonCodec` keeps them, without names of its own for classes."""

RULES: tuple[Rule, ...] = (*CHECKS, lost_recursion, lost_arrivals, *ADVICE)

_WORST_FIRST = {level: rank for rank, level in enumerate(Level)}


def lint(workflow: Workflow[Any, Any, Any], rules: tuple[Rule, ...] = RULES) -> tuple[Finding, ...]:
    """Return what the rules find, the worst first."""
    findings = [finding for rule in rules for finding in rule(workflow)]
    return tuple(sorted(findings, key=lambda finding: _WORST_FIRST[finding.level]))


def doubts(workflow: Workflow[Any, Any, Any], *, in_json: bool = True) -> tuple[Finding, ...]:
    """Return what is worse than a note and no `problems`: what a strict runtime refuses, the worst first.

    `in_json` tells that values are kept by a `JsonCodec` that was given no names.
    """
    return _doubts(Itself(workflow), in_json)


@lru_cache(maxsize=256)
def _doubts(itself: Itself, in_json: bool) -> tuple[Finding, ...]:
    refused = problems(itself.workflow)
    left_out = NOTES if in_json else (*NOTES, *ABOUT_JSON)
    found = lint(itself.workflow, tuple(rule for rule in RULES if rule not in left_out))
    return tuple(one for one in found if one.level is not Level.INFO and one not in refused)


def problems(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Return the errors in the structure of a workflow, with which no runtime takes it. No function is called."""
    return _problems(Itself(workflow))


@lru_cache(maxsize=256)
def _problems(itself: Itself) -> tuple[Finding, ...]:
    workflow = itself.workflow
    return (
        *(error for check in CHECKS for error in check.errors(workflow)),
        *lost_recursion(workflow),
        *lost_arrivals(workflow),
    )
