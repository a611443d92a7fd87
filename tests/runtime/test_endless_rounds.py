"""What becomes of an instance that goes round without waiting? It pauses as for any pure function that raises."""

from __future__ import annotations

import pytest

from interpreters import InstancePaused
from interpreters.errors import EndlessRounds
from interpreters.testing import Simulation
from journals.entries import Kind, Status
from tests.runtime.running import APPROVE, DAY, STATE, Approval, answering, approval, workflow
from wio import WIO, alongside, branch, compute, run_io, scope, wait, when


def no(_: object) -> bool:
    """Refuse."""
    return False


step = run_io(abs, name="step")
hasty = branch(when(no) >> step, default=compute(abs))
spinning: WIO[int, object, int] = scope(step, alongside(hasty, compute(str), name="again"), name="watch")


def test_start_raises_and_stores_nothing() -> None:
    doubtful = workflow(spinning)
    with Simulation(doubtful) as simulation:
        with pytest.raises(EndlessRounds, match=r"watch\[again"):
            simulation.start(doubtful, id="i", input=1)
        assert simulation.commits == 0


def test_behind_an_effect_the_instance_pauses_and_goes_on_when_it_is_mended() -> None:
    doubtful = workflow(step >> spinning)
    with Simulation(doubtful) as simulation:
        run = simulation.start(doubtful, id="i", input=1)
        assert run.record.status is Status.PAUSED
        with pytest.raises(InstancePaused, match=r"watch\[again"):
            run.result()
        assert [entry.kind for entry in run.history] == [Kind.STARTED, Kind.ATTEMPT_FAILED]


def test_behind_a_timer_the_instance_pauses() -> None:
    doubtful = workflow(wait(DAY) >> spinning)
    with Simulation(doubtful) as simulation:
        run = simulation.start(doubtful, id="i", input=1)
        simulation.advance(DAY)
        with pytest.raises(InstancePaused, match=r"watch\[again"):
            run.result()
        assert run.history[-1].kind is Kind.PAUSED


def test_behind_a_signal_the_sender_is_told() -> None:
    doubtful = workflow(answering(approval() >> compute(len) >> spinning))
    with Simulation(doubtful) as simulation:
        run = simulation.start(doubtful, id="i", input=1)
        with pytest.raises(EndlessRounds, match=r"watch\[again"):
            run.signal(APPROVE, Approval("ada"))
        assert run.query(STATE) == "at 1"
