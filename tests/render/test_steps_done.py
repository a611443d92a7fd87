"""Has each step that has been recorded its mark in the picture, also one that only records?"""

from __future__ import annotations

from interpreters.render import draw, to_text
from interpreters.testing import Simulation
from interpreters.tracing import progress
from wio import Workflow, new_uuid, now, publish, random_number, set_attributes


def test_what_only_records_is_done_when_that_is_recorded() -> None:
    root = now() >> random_number() >> new_uuid() >> publish("lots", str, name="tell") >> set_attributes(stage="new")
    workflow = Workflow("records", version=1, input=int, root=root)
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="a", input=7)
        lines = to_text(draw(workflow, progress=progress(workflow, run.history))).splitlines()[1:]
    assert len(lines) == 5
    assert [line for line in lines if not line.endswith("✓ done")] == []
