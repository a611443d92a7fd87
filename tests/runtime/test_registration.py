"""Which workflows does a runtime not take at all?"""

from __future__ import annotations

import pytest

from interpreters import Runtime, UnsoundWorkflow
from journals import InMemoryJournal
from tests.runtime.running import workflow
from wio import alongside, pure, run_io, scope


def test_a_workflow_that_would_spin_is_refused_with_the_place() -> None:
    spinning = workflow(scope(run_io(abs), alongside(pure(1), pure(2), name="again"), name="watch"))
    with pytest.raises(UnsoundWorkflow, match=r"watch\[again\]"):
        Runtime(InMemoryJournal(), [spinning])


def test_a_sound_workflow_is_taken() -> None:
    Runtime(InMemoryJournal(), [workflow(run_io(abs))])
