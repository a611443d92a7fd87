"""Does a crash at any commit change anything where many threads are under way, whatever the operators?"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import attrs
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from interpreters.errors import InstanceEnded, InstancePaused, NotPaused, TaskRefused, UserFunctionRaised
from interpreters.lint.rules import problems
from interpreters.machine.pending import (
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
)
from interpreters.testing import CrashAt, SimulatedInstance, Simulation
from journals.entries import Kind
from tests.machine.programs import RUNS, Recipe, build, joined, workflow_of
from wio import Rest, Workflow

LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

_MOST_STEPS = 40
_MOST_COMMITS = 25
_BESIDE = (Kind.ATTEMPT_LOST, Kind.CANCELLING, Kind.RESUMED, Kind.PAUSED)
"""Are kinds of entries of which a crash may bring more: a lost attempt, a command that is given once more, and a pause
that follows when a resume has helped nothing."""


@attrs.frozen
class _Ran:
    end: str
    entries: Counter[tuple[str, str]]
    effects: int
    lost: int
    commits: int


def _brought(run: SimulatedInstance[Any, Any], simulation: Simulation, waiting: Pending, step: int) -> None:
    """Bring something for which an instance waits; once more, it would bring the same again."""
    chance = random.Random(step)
    number = chance.randrange(9)
    match waiting:
        case SignalExpected(address, node):
            run.send(node.signal, number, key=f"{step} {address}")
        case TimerRunning() | EffectToRun():
            assert simulation.advance_to_next()
        case TaskOffered(address, by=None) if number % 3 == 0:
            run.claim(address, by="ann")
        case TaskOffered(address):
            run.complete(address, number, by="ann", key=f"{step}")
        case PausedAt():
            run.resume()
        case Stuck():
            run.cancel()
        case _:
            simulation.advance_to_next()


def _ran(workflow: Workflow[Any, Any, Any], value: int, crash: tuple[int, CrashAt] | None = None) -> _Ran:
    RUNS.clear()
    with Simulation(workflow) as simulation:
        if crash is not None:
            simulation.crash_at(*crash)
        run = simulation.start(workflow, id="i", input=value)
        recorded = tries = 0
        for _ in range(_MOST_STEPS):
            ready = run.pending
            if isinstance(ready[0], Outcome):
                break
            # What comes next depends on what is recorded, not on how often something was tried.
            now = sum(entry.kind not in _BESIDE for entry in run.history)
            recorded, tries = now, tries + 1 if now == recorded else 0
            try:
                _brought(run, simulation, ready[(recorded + tries) % len(ready)], 100 * recorded + tries)
            # It was recorded before the crash, or a function of the program raises on it.
            except (InstanceEnded, InstancePaused, NotPaused, TaskRefused, UserFunctionRaised):
                continue
        entries = Counter((entry.kind.value, entry.address) for entry in run.history if entry.kind not in _BESIDE)
        lost = sum(entry.kind is Kind.ATTEMPT_LOST for entry in run.history)
        last = run.pending[0]
        end = str(last.result) if isinstance(last, Outcome) else "under way"
        return _Ran(end, entries, len(RUNS), lost, simulation.commits)


_RACING = ("run", "run retried", "run checked", "run by policy", "child", "start", "now", "random", "uuid", "publish")
"""Are kinds of steps that end by themselves: which of several does first, is nobody's promise."""


def _by_hand(recipe: Any) -> Any:
    """Return a recipe in which nothing ends by itself, so that only what the test brings decides."""
    if not isinstance(recipe, tuple):
        return recipe
    if recipe and recipe[0] in _RACING:
        return ("task", "a")
    return tuple(_by_hand(part) for part in recipe)


_RESUMED_TWICE = ("each", ("ask", "a"), 3, True, None, Rest.CANCEL, None, ("wait", 1), ())


@LAW
@given(joined.map(_by_hand), st.integers(-2, 9))
@example(("then", ("ask", "a"), _RESUMED_TWICE), 0)
def test_a_crash_at_any_commit_changes_neither_the_end_nor_what_is_recorded(recipe: Recipe, value: int) -> None:
    """Random trees and random stimuli, with a crash at every commit."""
    workflow = workflow_of(build(recipe))
    assume(not problems(workflow))
    calm = _ran(workflow, value)
    assume(calm.end != "under way" and calm.commits <= _MOST_COMMITS)
    for commit in range(1, calm.commits + 1):
        for side in CrashAt:
            crashed = _ran(workflow, value, (commit, side))
            assert crashed.end == calm.end
            assert crashed.entries == calm.entries
            # The effect of a signal that comes now is not recorded before it has ended: there the sender knows.
            assert calm.effects <= crashed.effects <= calm.effects + max(1, crashed.lost)
