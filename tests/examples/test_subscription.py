"""Is every month billed once, on its day, for a whole year, whatever stops the process?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from returns.result import Failure, Success

from examples.stories import ending_of
from examples.subscription import (
    CANCEL,
    PAY,
    STATUS,
    Cancellation,
    Case,
    Ended,
    Lapsed,
    Office,
    Payment,
    Plan,
    Run,
    play,
    read_book,
    subscription_workflow,
)
from interpreters import UnexpectedSignal
from interpreters.testing import CrashAt, Simulation
from journals.entries import Status

BOOK = read_book()
STORIES = {case.id: case for case in BOOK.stories}
WORKFLOW = subscription_workflow(BOOK.office)
ROOT = Path(__file__).parents[2]
PLAN = Plan("Fay", Decimal("5.00"), months=12)
DAYS = timedelta(days=1)


@contextmanager
def begun(*declined: int) -> Generator[tuple[Simulation, Run], None, None]:
    """Begin a subscription on the 1st of January, with the months in which the card is declined."""
    workflow = subscription_workflow(Office({"Fay": declined}))
    with Simulation(workflow) as simulation:
        yield simulation, simulation.start(workflow, id="s", input=PLAN)


def days_of(run: Run, step: str) -> list[date]:
    return [entry.recorded_at.date() for entry in run.history if entry.address.endswith(step)]


def day(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


# The stories of the input file, undisturbed and with crashes


@pytest.mark.parametrize("case", BOOK.stories, ids=STORIES)
def test_a_story_ends_as_expected(case: Case) -> None:
    with Simulation(WORKFLOW, start=BOOK.begin) as simulation:
        assert ending_of(play(simulation, WORKFLOW, case).result()) == case.ending


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("case", BOOK.stories, ids=STORIES)
def test_a_crash_at_any_commit_of_the_year_changes_nothing(case: Case, side: CrashAt) -> None:
    with Simulation(WORKFLOW, start=BOOK.begin) as simulation:
        undisturbed = days_of(play(simulation, WORKFLOW, case), "/charge")
        commits = simulation.commits
    for commit in range(1, commits + 1):
        with Simulation(WORKFLOW, start=BOOK.begin) as simulation:
            simulation.crash_at(commit, side)
            run = play(simulation, WORKFLOW, case)
            assert ending_of(run.result()) == case.ending
            assert list(dict.fromkeys(days_of(run, "/charge"))) == undisturbed
            assert simulation.crashes == 1, f"commit {commit} of {commits}"


def test_the_script_plays_all_stories() -> None:
    command = [sys.executable, "-m", "examples.subscription"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    lines = run.stdout.splitlines()
    assert f"cancelled: {STORIES['cancelled'].about}: Ended on 2026-06-30" in lines
    assert f"cancelled unpaid: {STORIES['cancelled unpaid'].about}: Ended on 2026-05-04" in lines
    assert '2026-06-07  month[5]/reminders[2]/remind  {"number":2}' in lines
    assert run.stderr == ""


# A year, step by step


def test_a_month_is_billed_on_the_day_on_which_it_begins() -> None:
    with begun() as (simulation, run):
        simulation.advance(400 * DAYS)
        assert days_of(run, "/charge") == [date(2026, month, 1) for month in range(1, 13)]
        assert run.history[-1].recorded_at.date() == date(2027, 1, 1)
        assert run.result() == Success(Ended(12, "the term is over"))


def test_a_crash_in_the_middle_of_a_month_moves_no_bill() -> None:
    with begun() as (simulation, run):
        simulation.advance_to(day(2, 15))
        simulation.crash()
        simulation.advance_to(day(7, 15))
        assert run.query(STATUS) == "7 of 12 months paid, paid"
        assert days_of(run, "/charge") == [date(2026, month, 1) for month in range(1, 8)]


def test_the_status_through_a_month_that_is_not_paid() -> None:
    with begun(2) as (simulation, run):
        assert run.query(STATUS) == "1 of 12 months paid, paid"
        simulation.advance_to(day(2, 9))
        assert run.query(STATUS) == "1 of 12 months paid, due"
        assert days_of(run, "/remind") == [date(2026, 2, 1), date(2026, 2, 8)]
        assert run.signal(PAY, Payment("cash")) == "received: cash"
        assert run.query(STATUS) == "2 of 12 months paid, paid"
        simulation.advance_to(day(3, 1))
        assert days_of(run, "/charge")[-1] == date(2026, 3, 1)


def test_three_reminders_are_sent_and_no_more() -> None:
    with begun(1) as (simulation, run):
        simulation.advance_to(day(1, 21))
        assert run.query(STATUS) == "0 of 12 months paid, due"
        simulation.advance_to(day(1, 22))
        assert run.result() == Failure(Lapsed(0))
        assert [date.day for date in days_of(run, "/remind")] == [1, 8, 15]


def test_there_is_nothing_to_pay_by_hand_in_a_month_that_is_paid() -> None:
    with begun() as (_, run), pytest.raises(UnexpectedSignal):
        run.signal(PAY, Payment("cash"))


def test_a_cancellation_counts_at_the_end_of_the_month_even_after_a_crash() -> None:
    with begun() as (simulation, run):
        simulation.advance_to(day(3, 10))
        assert run.signal(CANCEL, Cancellation(), key="c") == "ends on 2026-04-01"
        assert run.query(STATUS) == "3 of 12 months paid, cancelled"
        simulation.crash()
        assert run.signal(CANCEL, Cancellation(), key="c") == "ends on 2026-04-01"
        simulation.advance_to(day(4, 1) - DAYS)
        assert run.record.status is Status.WAITING
        simulation.advance_to(day(4, 1))
        assert run.result() == Success(Ended(3, "the customer has cancelled"))
        assert len(days_of(run, "/charge")) == 3


def test_a_cancellation_answers_a_reminder() -> None:
    with begun(2) as (simulation, run):
        simulation.advance_to(day(2, 3))
        assert run.signal(CANCEL, Cancellation()) == "ends on 2026-02-01"
        assert run.result() == Success(Ended(1, "the customer has cancelled"))
        assert run.record.wake_up is None
