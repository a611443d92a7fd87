"""Does the picture of a stuck instance say that it is stuck, and why?"""

from __future__ import annotations

from interpreters.render import draw, to_text
from interpreters.testing import Simulation
from interpreters.tracing import progress
from wio import Workflow, during, pure


def test_it_is_said_at_the_top() -> None:
    workflow = Workflow("waits", version=1, input=int, root=during("open", pure(1), pure(2)))
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="a", input=7)
        first = to_text(draw(workflow, progress=progress(workflow, run.history))).splitlines()[0]
    assert first.endswith("✗ stuck: open waits for milestone open, which nothing reaches")
