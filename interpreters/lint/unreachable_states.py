"""Into which states can a machine never come?"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey, reachable
from wio.nodes import Machine


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        if isinstance(node, Machine):
            yield from _faults(node)


def _faults(machine: Machine) -> Iterator[Fault]:
    reached = {state.name for state in reachable(machine)}
    for state in machine.states:
        if state.name not in reached:
            message = (
                f"cannot be reached from {machine.start!r}, where the machine starts. Declare it as a target of a state"
                " that is, state(..., to=...), or leave it out."
            )
            yield Fault(machine, message, part=state.name)


unreachable_states = Check("unreachable-state", _all)
"""Finds the states to which no way leads from the start, where the start is given by its name."""
