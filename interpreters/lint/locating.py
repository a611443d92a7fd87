"""Where does something stand that is wrong in the tree? Checks find nodes; here they get the address for it.

A part that is written into a workflow twice is wrong once, at its first place. Where nothing is wrong, no place is
looked for: a check costs one look at each node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Located, places
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
    for place in places(workflow.root):
        for fault in waiting.pop(id(place.node), ()):
            address = f"{place.address}[{fault.part}]" if fault.part else place.address
            findings.append(Finding(fault.level, rule, address, fault.message))
        if not waiting:
            break
    return tuple(findings)
