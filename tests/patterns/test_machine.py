"""Does every workflow pattern do on the pure machine what its scenarios say, also when it is recovered in between?"""

from __future__ import annotations

import pytest

from interpreters.machine.questions import nodes_in
from tests.patterns.edges import EDGES, Edge
from tests.patterns.machine_driver import MachineDriver
from tests.patterns.playing import check, comparing, recovering
from tests.patterns.programs import PROGRAMS, Work, workflow_of
from tests.patterns.scenarios import SCENARIOS, Line

PATTERNS = [
    pytest.param(PROGRAMS[scenario.number].root, line, id=f"{scenario.number}: {line.text}")
    for scenario in SCENARIOS
    if scenario.number in PROGRAMS
    for line in scenario.lines
]


def _params(*edges: Edge) -> list[object]:
    return [pytest.param(edge.root, line, id=f"{edge.name}: {line.text}") for edge in edges for line in edge.lines]


@pytest.mark.parametrize(("root", "line"), [*PATTERNS, *_params(*EDGES)])
def test_the_journal_leads_to_where_the_instance_is(root: Work, line: Line) -> None:
    workflow = workflow_of(root)
    check(MachineDriver(workflow, None, comparing(workflow)), line)


@pytest.mark.parametrize(("root", "line"), [*PATTERNS, *_params(*EDGES)])
def test_the_instance_is_recovered_after_every_event(root: Work, line: Line) -> None:
    workflow = workflow_of(root)
    check(MachineDriver(workflow, None, recovering(workflow)), line)


@pytest.mark.parametrize("number", PROGRAMS)
def test_the_operator_is_in_the_tree(number: str) -> None:
    program = PROGRAMS[number]
    assert any(isinstance(node, program.node) for node in nodes_in(program.root))
