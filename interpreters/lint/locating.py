"""Where does something stand that is wrong in the tree? Checks find nodes; here they get the address for it.

A part that is written into a workflow twice is wrong once, at its first place. Where nothing is wrong, no place is
looked for: a check costs one look at each node. Where parts are written into one another so often that the place is
beyond the last that is looked at, the fault is one of the whole workflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Located, first_places
from interpreters.lint.survey import Survey, survey
from wio.workflow import Workflow


@attrs.frozen(eq=False)
class Fault:
    """Is something wrong with a node, or with the part of it that has a name."""

    node: Located
    message: str
    level: Level = Level.ERROR
    part: str = ""


@attrs.frozen
class Check:
    """Is a rule that looks at nodes for themselves."""

    rule: str
    faults: Callable[[Survey], Iterable[Fault]]

    def __call__(self, workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
        """Return everything that it finds, in the order of the places."""
        return _located(workflow, self.rule, self.faults(survey(workflow)))

    def errors(self, workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
        """Return the errors that it finds."""
        found = (fault for fault in self.faults(survey(workflow)) if fault.level is Level.ERROR)
        return _located(workflow, self.rule, found)


def _located(workflow: Workflow[Any, Any, Any], rule: str, faults: Iterable[Fault]) -> tuple[Finding, ...]:
    waiting: dict[int, list[Fault]] = {}
    for fault in faults:
        waiting.setdefault(id(fault.node), []).append(fault)
    findings: list[Finding] = []
    if not waiting:
        return ()
    for place in first_places(workflow.root):
        for fault in waiting.pop(id(place.node), ()):
            findings.append(Finding(fault.level, rule, place.address + _part(fault), fault.message))
        if not waiting:
            return tuple(findings)
    far = (fault for faults in waiting.values() for fault in faults)
    return (*findings, *(Finding(fault.level, rule, "", _of_the_whole(fault)) for fault in far))


def _part(fault: Fault) -> str:
    return f"[{fault.part}]" if fault.part else ""


def _of_the_whole(fault: Fault) -> str:
    return f"Its part {fault.node.label or 'without a name'}{_part(fault)} {fault.message}"
