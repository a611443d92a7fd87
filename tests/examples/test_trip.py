"""Is a trip booked completely or not at all, and cancelled in the reverse of the order in which it was booked?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path

import pytest
from returns.result import Success

from examples.stories import Story, ending_of, input_of
from examples.trip import Companies, read_book, steps_of, trip_workflow
from interpreters.testing import CrashAt, Simulation

BOOK = read_book()
STORIES = {story.id: story for story in BOOK.stories}
ROOT = Path(__file__).parents[2]
STEPS = {
    "booked": ["book_flight", "book_hotel", "book_car", "charge"],
    "no car": ["book_flight", "book_hotel", "book_car", "cancel_hotel", "cancel_flight"],
    "slow hotel": [
        *("book_flight", "book_car", "book_hotel", "charge"),
        *("cancel_hotel", "cancel_car", "cancel_flight"),
    ],
    "slow car": [
        *("book_flight", "book_hotel", "book_car", "charge"),
        *("cancel_car", "cancel_hotel", "cancel_flight"),
    ],
    "no flight": ["book_flight"],
}


def checked(story: Story, disturb: Callable[[Simulation], None]) -> tuple[list[str], int, int]:
    """Play a story, check how it ends, and return what was done, the commits and the crashes it took."""
    companies = Companies(BOOK.worlds)
    workflow = trip_workflow(companies)
    with Simulation(workflow) as simulation:
        disturb(simulation)
        trip = input_of(story, workflow)
        run = simulation.start(workflow, id=story.id, input=trip)
        result = run.result()
        assert ending_of(result) == story.ending
        if isinstance(result, Success):
            assert set(companies.booked) == set(result.unwrap().references)
            assert companies.paid == {trip.traveller: result.unwrap().price}
        else:
            assert companies.booked == {}
            assert companies.paid == {}
        return steps_of(run.history), simulation.commits, simulation.crashes


@pytest.mark.parametrize("story", BOOK.stories, ids=STORIES)
def test_a_trip_is_cancelled_in_reverse_order_of_completion(story: Story) -> None:
    steps, _, crashes = checked(story, lambda _: None)
    assert steps == STEPS[story.id]
    assert crashes == 0


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("story", BOOK.stories, ids=STORIES)
def test_a_crash_at_any_commit_changes_nothing(story: Story, side: CrashAt) -> None:
    _, commits, _ = checked(story, lambda _: None)
    for commit in range(1, commits + 1):
        steps, _, crashes = checked(story, methodcaller("crash_at", commit, side))
        assert crashes == 1, f"commit {commit} of {commits}"
        assert sorted(steps) == sorted(STEPS[story.id])
        assert cancelled(steps) == [service for service in reversed(booked(steps)) if service in cancelled(steps)]


def booked(steps: list[str]) -> list[str]:
    return [step.removeprefix("book_") for step in steps if step.startswith("book_")]


def cancelled(steps: list[str]) -> list[str]:
    return [step.removeprefix("cancel_") for step in steps if step.startswith("cancel_")]


def test_the_script_plays_all_stories_and_a_second_run_repeats_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.trip", str(tmp_path / "trip.db")]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60) for _ in range(2)
    )
    lines = [f"{story.id}: {' -> '.join(STEPS[story.id])} -> {story.ending.type}" for story in BOOK.stories]
    assert first.stdout.splitlines()[: len(lines)] == lines
    assert second.stdout == first.stdout
    assert first.stderr == second.stderr == ""
