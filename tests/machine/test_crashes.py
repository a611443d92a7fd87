"""Does a crash at any commit change anything but the effect that was under way?"""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, SignalExpected, TimerRunning
from interpreters.testing import CrashAt, SimulatedInstance, Simulation
from journals.entries import Kind
from tests.machine.driving import told
from tests.machine.programs import ASK, RUNS, TELL, Recipe, build, recipes, workflow_of

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

inputs = st.integers(-2, 9)


def _run_to_the_end(simulation: Simulation, run: SimulatedInstance[Any, Any], number: int) -> None:
    """Bring whatever the instance waits for, as long as it waits."""
    for step in range(80):
        (waiting,) = run.pending
        match waiting:
            case SignalExpected(address, node):
                signal = ASK if node.signal.name == ASK.name else TELL
                run.signal(signal, number + step % 3, key=address)
            case TimerRunning() | EffectToRun():
                assert simulation.advance_to_next()
            case PausedAt():
                run.resume()
            case Outcome():
                return
    raise AssertionError(f"{run.pending} after all that")


@attrs.frozen
class _Ran:
    result: object
    events: list[tuple[str, str, str]]
    effects: int
    commits: int
    crashes: int


def _simulated(recipe: Recipe, value: int, number: int, crash: tuple[int, CrashAt] | None = None) -> _Ran:
    RUNS.clear()
    workflow = workflow_of(build(recipe))
    with Simulation(workflow) as simulation:
        if crash is not None:
            simulation.crash_at(*crash)
        run = simulation.start(workflow, id="i", input=value)
        _run_to_the_end(simulation, run, number)
        result = run.result()
        events = [entry for entry in run.history if entry.kind is not Kind.ATTEMPT_LOST]
        return _Ran(result, told(events), len(RUNS), simulation.commits, simulation.crashes)


@LAW
@given(recipes, inputs, st.integers(0, 6))
def test_a_crash_at_any_commit_changes_nothing(recipe: Recipe, value: int, number: int) -> None:
    calm = _simulated(recipe, value, number)
    for commit in range(1, calm.commits + 1):
        for side in CrashAt:
            crashed = _simulated(recipe, value, number, (commit, side))
            assert crashed.crashes == 1
            assert crashed.result == calm.result
            assert [event[:2] for event in crashed.events] == [event[:2] for event in calm.events]
            assert calm.effects <= crashed.effects <= calm.effects + 1
