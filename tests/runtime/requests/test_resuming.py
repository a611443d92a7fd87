"""Does a step that has failed too often pause with the count, and go on by itself when its policy says so?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstancePaused
from interpreters.testing import START, Simulation, VirtualClock
from journals.entries import Kind, Status
from journals.memory import InMemoryJournal
from tests.runtime.running import Effect, kinds, rounds, run, virtual, workflow
from wio import Exceeded, Fixed, Pause, Retry, parallel, retrying, run_io
from wio.errors import InvalidDefinition

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DOWN = OSError("down")


def policy(exceeded: Any) -> Retry:
    return Retry(attempts=2, backoff=Fixed(SECOND), exceeded=exceeded)


def test_a_pause_says_after_how_many_errors_in_a_row() -> None:
    flow = workflow(run_io(Effect(DOWN), name="s", event=int, retry=policy(Exceeded.PAUSE)))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        simulation.advance(SECOND)
        assert instance.record.detail == "paused at s after 2 errors: OSError: down"
        assert instance.record.wake_up is None
        instance.resume()
        simulation.advance(SECOND)
        assert instance.record.detail == "paused at s after 2 errors: OSError: down"


@pytest.mark.parametrize("crashes", [False, True])
def test_a_pause_ends_by_itself_and_the_count_begins_anew(crashes: bool) -> None:
    """At the time that was recorded, also after a restart; then it may pause again."""
    effect = Effect(DOWN, DOWN, DOWN, DOWN, 7)
    flow = workflow(run_io(effect, name="s", event=int, retry=policy(Pause(resume_after=HOUR))))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        simulation.advance(SECOND)
        until = START + SECOND + HOUR
        for resumes in (1, 2):
            assert instance.record.status is Status.PAUSED
            assert instance.record.detail == (
                f"paused at s after 2 errors: OSError: down; goes on at {until:%Y-%m-%d %H:%M:%S} UTC"
            )
            assert instance.record.wake_up == until
            with pytest.raises(InstancePaused, match="OSError: down"):
                instance.result()
            if crashes:
                simulation.crash()
            simulation.advance(HOUR - SECOND / 2)
            assert effect.runs == 2 * resumes
            simulation.advance(SECOND / 2)
            assert effect.runs == 2 * resumes + 1
            if resumes == 1:
                simulation.advance(SECOND)
                until += SECOND + HOUR
        assert instance.result() == Success(7)
        failed, resumed = Kind.ATTEMPT_FAILED, Kind.RESUMED
        assert [entry.kind for entry in instance.history] == [
            *(Kind.STARTED, failed, failed, resumed, failed, failed, resumed),
            *(Kind.EVENT, Kind.COMPLETED),
        ]


def test_another_runtime_resumes_what_the_first_has_left_paused() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        flow = workflow(run_io(Effect(DOWN, 7), name="s", event=int, retry=Retry(attempts=1, exceeded=Pause(HOUR))))
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.idle()
            assert (await (await runtime.instance(flow, "a")).record()).status is Status.PAUSED
            clock.set(START + HOUR)
            await rounds()
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(7)
            assert (await kinds(instance)).count(Kind.RESUMED) == 1

    run(main())


def test_an_operator_may_be_first() -> None:
    flow = workflow(run_io(Effect(DOWN, 7), name="s", event=int, retry=Retry(attempts=1, exceeded=Pause(HOUR))))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        instance.resume()
        assert instance.result() == Success(7)
        simulation.advance(2 * HOUR)
        assert [entry.kind for entry in instance.history].count(Kind.RESUMED) == 1


def test_a_pause_of_one_branch_holds_up_no_other_and_resumes_only_its_own() -> None:
    paused = run_io(Effect(DOWN, 7), name="s", event=int, retry=Retry(attempts=1, exceeded=Pause(HOUR)))
    other = run_io(Effect(DOWN), name="t", event=int, retry=Retry(attempts=1))
    flow = workflow(parallel(paused, other))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        simulation.advance(HOUR)
        resumed = [entry.address for entry in instance.history if entry.kind is Kind.RESUMED]
        assert resumed == ["parallel[s]/s"]
        assert instance.record.detail == "paused at parallel[t]/t: OSError: down"


def test_who_says_how_to_go_on_comes_first_and_an_error_of_the_program_is_not_resumed() -> None:
    step = run_io(Effect(DOWN), name="s", event=int, retry=Retry(attempts=1, exceeded=Pause(HOUR)))
    flow = workflow(retrying(step, Retry(), lambda value, _: Success(value)))
    bad = workflow(run_io(Effect(1), fold, name="s", event=int, retry=policy(Pause(HOUR))), name="bad")
    with Simulation(flow, bad) as simulation:
        assert simulation.start(flow, id="a", input=1).result() == Success(1)
        assert simulation.start(bad, id="b", input=1).record.wake_up is None


def fold(_value: int, _event: int) -> int:
    raise ValueError("a fault of the program")


@pytest.mark.parametrize("after", [timedelta(0), 5, None])
def test_a_pause_that_cannot_be_is_refused_where_it_is_written(after: Any) -> None:
    with pytest.raises(InvalidDefinition, match="resume_after"):
        Pause(resume_after=after)
    with pytest.raises(InvalidDefinition, match="Pause"):
        policy(HOUR)
