"""What does a line make of a program? Played on the pure machine, and compared with what the line says."""

from __future__ import annotations

from typing import Any

from interpreters.machine.execution import Execution
from interpreters.machine.pending import pending
from interpreters.machine.recovery import recover
from journals.entries import Entry
from tests.patterns.driving import Driver, play
from tests.patterns.machine_driver import AfterTurn
from tests.patterns.notation import tokens
from tests.patterns.scenarios import Line
from tests.patterns.state import state_of
from wio import Workflow


def check(driver: Driver, line: Line) -> None:
    """Play a line. Raises `AssertionError` where the instance differs from it, or refuses something else."""
    refused = play(driver, tokens(line.text))
    assert tuple(each.text for each in refused) == line.refused, [str(each.error) for each in refused]


def comparing(workflow: Workflow[Any, Any, Any]) -> AfterTurn:
    """Recover after every turn, compare all that there is, and go on with the one that was not recovered."""

    def compare(execution: Execution, entries: tuple[Entry, ...]) -> Execution:
        recovered = recover(workflow, entries)
        assert pending(recovered) == pending(execution)
        assert state_of(recovered) == state_of(execution)
        return execution

    return compare


def recovering(workflow: Workflow[Any, Any, Any]) -> AfterTurn:
    """Throw every execution away, and go on with the one that its journal leads to."""
    return lambda _execution, entries: recover(workflow, entries)
