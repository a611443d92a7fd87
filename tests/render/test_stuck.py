"""Does the picture of a stuck instance say that it is stuck, and why?"""

from __future__ import annotations

from datetime import timedelta

from interpreters.render import draw, to_text
from interpreters.testing import Simulation
from interpreters.tracing import progress
from wio import Workflow, during, pure, set_attributes, wait


def test_it_is_said_at_the_top() -> None:
    workflow = Workflow("waits", version=1, input=int, root=during("open", pure(1), pure(2)))
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="a", input=7)
        first = to_text(draw(workflow, progress=progress(workflow, run.history))).splitlines()[0]
    assert first.endswith("✗ stuck: open waits for milestone open, which nothing reaches")


def test_what_only_has_to_be_recorded_is_not_stuck() -> None:
    root = wait(timedelta(days=1)) >> set_attributes(stage="new")
    workflow = Workflow("goes_back", version=1, input=int, root=root)
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="a", input=7)
        simulation.advance(timedelta(days=1))
        run_to = [entry.kind.value for entry in run.history].index("attributes")
        first = to_text(draw(workflow, progress=progress(workflow, run.history[:run_to]))).splitlines()[0]
    assert first.endswith("◌ waiting: goes on when a process reads it")
