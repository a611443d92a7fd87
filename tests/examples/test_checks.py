"""Is a customer approved exactly when all checks, or a person in their place, approve?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from operator import methodcaller
from pathlib import Path

import pytest
from returns.result import Failure, Success

from examples.checks import (
    INPUT,
    REVIEW,
    STATUS,
    Application,
    Approved,
    Offices,
    Pace,
    Rejected,
    RejectedByCheck,
    RejectedInReview,
    Review,
    Verdict,
    checks_workflow,
    read_book,
)
from examples.stories import Story, ending_of, input_of, requests_of
from interpreters import UnexpectedSignal
from interpreters.machine.pending import SignalExpected, TimerRunning
from interpreters.testing import CrashAt, NotAnswered, SimulatedInstance, Simulation

PACE = Pace()
BOOK = read_book(INPUT)
STORIES = {story.id: story for story in BOOK.stories}
ROOT = Path(__file__).parents[2]
MINUTES = timedelta(minutes=1)
P, A, R, U = Verdict.PENDING, Verdict.APPROVED, Verdict.REJECTED, Verdict.UNSURE

Run = SimulatedInstance[Rejected, Approved]


class Scene:
    """Is some offices, their workflow, and a simulation of it, in which the application of one customer has begun."""

    def __init__(self, **verdicts: tuple[Verdict, ...]) -> None:
        self.application = Application("zoe", tuple(verdicts))
        self.offices = Offices({"zoe": verdicts})
        self.workflow = checks_workflow(self.offices, PACE)
        self.simulation = Simulation(self.workflow)

    def __enter__(self) -> Scene:
        self.simulation.__enter__()
        self.run: Run = self.simulation.start(self.workflow, id="z", input=self.application)
        return self

    def __exit__(self, *raised: object) -> None:
        self.simulation.__exit__(None, None, None)

    def asked(self, check: str) -> int:
        return self.offices.asked.count(("zoe", check))

    @property
    def status(self) -> dict[str, str]:
        return self.run.query(STATUS)


# The stories of the input file, undisturbed and with crashes


def checked(story: Story, disturb: Callable[[Simulation], None]) -> tuple[int, int]:
    """Play a story, check how it ends, and return the commits and the crashes it took."""
    offices = Offices(BOOK.verdicts)
    workflow = checks_workflow(offices, PACE)
    with Simulation(workflow) as simulation:
        disturb(simulation)
        run = simulation.start(workflow, id=story.id, input=input_of(story, workflow))
        for key, signal, request in requests_of(story, [REVIEW]):
            run.send(signal, request, key=key)
        simulation.advance(2 * PACE.deadline)
        assert ending_of(run.result()) == story.ending
        return simulation.commits, simulation.crashes


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("story", BOOK.stories, ids=STORIES)
def test_a_story_ends_as_expected_with_a_crash_at_any_commit_too(story: Story, side: CrashAt) -> None:
    commits, _ = checked(story, lambda _: None)
    for commit in range(1, commits + 1):
        _, crashes = checked(story, methodcaller("crash_at", commit, side))
        assert crashes == 1, f"commit {commit} of {commits}"


def test_every_ending_occurs_in_the_stories() -> None:
    assert {story.ending.type for story in BOOK.stories} == {"Approved", "RejectedByCheck", "RejectedInReview"}


# One application, step by step


def test_all_checks_approve() -> None:
    with Scene(fraud=(A,), credit=(A,)) as scene:
        assert scene.run.result() == Success(Approved("zoe", "the checks"))
        assert scene.status == {"the checks": "approved"}


def test_checks_are_asked_again_each_by_itself_until_they_are_complete() -> None:
    with Scene(fraud=(A,), credit=(P, A), address=(P, P, A)) as scene:
        assert scene.status == {"fraud": "approved", "credit": "pending", "address": "pending"}
        scene.simulation.advance(PACE.between)
        assert scene.status == {"fraud": "approved", "credit": "approved", "address": "pending"}
        scene.simulation.advance(PACE.between)
        assert scene.run.result() == Success(Approved("zoe", "the checks"))
    assert [scene.asked(check) for check in ("fraud", "credit", "address")] == [1, 2, 3]


def test_waiting_survives_a_crash_with_its_deadlines() -> None:
    with Scene(fraud=(A,), credit=(P,)) as scene:
        scene.simulation.advance(4 * MINUTES)
        before = scene.run.pending
        assert [type(waiting) for waiting in before] == [TimerRunning, TimerRunning]
        scene.simulation.crash()
        assert scene.run.pending == before
        scene.simulation.advance(5 * MINUTES)
        assert (scene.asked("fraud"), scene.asked("credit")) == (1, 1)
        scene.simulation.advance(1 * MINUTES)
        assert (scene.asked("fraud"), scene.asked("credit")) == (1, 2)


def test_the_first_rejection_rejects_and_nobody_is_asked_any_more() -> None:
    with Scene(fraud=(P,), credit=(P, R), address=(A,)) as scene:
        scene.simulation.advance(PACE.between)
        assert scene.run.result() == Failure(RejectedByCheck("credit"))
        asked = len(scene.offices.asked)
        scene.simulation.advance(PACE.deadline)
        assert len(scene.offices.asked) == asked


@pytest.mark.parametrize("verdict", [A, R])
def test_after_the_deadline_a_person_decides_for_the_checks_that_are_late(verdict: Verdict) -> None:
    with Scene(fraud=(P,), credit=(A,), address=(P,)) as scene:
        with pytest.raises(NotAnswered):
            scene.run.result()
        scene.simulation.advance(PACE.deadline)
        (waiting,) = scene.run.pending
        assert isinstance(waiting, SignalExpected)
        assert waiting.address == "decided[undecided]/review"
        assert scene.status == {"fraud": "in review", "address": "in review"}
        scene.simulation.crash()
        said = scene.run.signal(REVIEW, Review(verdict, "Olga"))
        assert said == f"{verdict.value} in place of fraud, address"
        if verdict is A:
            assert scene.run.result() == Success(Approved("zoe", "Olga"))
        else:
            assert scene.run.result() == Failure(RejectedInReview(("fraud", "address"), "Olga"))


def test_a_check_that_is_unsure_comes_to_a_person_as_soon_as_the_others_are_complete() -> None:
    with Scene(fraud=(U,), credit=(P, A)) as scene:
        assert scene.status == {"fraud": "unsure", "credit": "pending"}
        scene.simulation.advance(PACE.between)
        assert scene.status == {"fraud": "in review"}
        scene.run.signal(REVIEW, Review(A, "Olga"))
        assert scene.run.result() == Success(Approved("zoe", "Olga"))


def test_where_the_checks_decide_no_person_is_asked() -> None:
    with Scene(fraud=(A,)) as scene, pytest.raises(UnexpectedSignal):
        scene.run.signal(REVIEW, Review(R, "Olga"))


def test_the_script_plays_all_stories_and_a_second_run_repeats_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.checks", str(tmp_path / "checks.db")]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60) for _ in range(2)
    )
    rows = first.stdout.splitlines()[2 : 2 + len(BOOK.stories)]
    assert all(row.endswith("| yes |") for row in rows)
    assert "checks v1" in first.stdout
    assert second.stdout == first.stdout
