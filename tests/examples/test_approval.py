"""Is an expense approved by two different people, and is nobody's silence the end of it?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure, Success

from examples.approval import (
    Approved,
    Case,
    Decision,
    Expense,
    Rejected,
    Run,
    approval,
    inbox,
    perform,
    play,
    read_book,
)
from examples.stories import ending_of
from interpreters.errors import TaskRefused
from interpreters.testing import CrashAt, Simulation
from journals.entries import Kind

BOOK = read_book()
STORIES = {case.id: case for case in BOOK.stories}
ROOT = Path(__file__).parents[2]
HOURS = timedelta(hours=1)
EXPENSE = Expense("Tom", "lunch", Decimal("20.00"))
MANAGERS = "first approval/ask managers"
DIRECTORS = "first approval[too late]/ask directors"
FINANCE = "second approval[1]/ask finance"
FINANCE_AGAIN = "second approval[2]/ask finance"


@contextmanager
def begun() -> Generator[tuple[Simulation, Run], None, None]:
    with Simulation(approval) as simulation:
        yield simulation, simulation.start(approval, id="a", input=EXPENSE)


def approve(run: Run, address: str, by: str) -> None:
    run.complete(address, Decision(approved=True), by=by)


def offered(run: Run) -> dict[str, Any]:
    return {each.address: each.to for each in run.tasks}


# The stories of the input file, undisturbed and with crashes


@pytest.mark.parametrize("case", BOOK.stories, ids=STORIES)
def test_a_story_ends_as_expected(case: Case) -> None:
    with Simulation(approval) as simulation:
        assert ending_of(play(simulation, case, BOOK.staff).result()) == case.ending


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("case", BOOK.stories, ids=STORIES)
def test_a_crash_at_any_commit_changes_nothing(case: Case, side: CrashAt) -> None:
    with Simulation(approval) as simulation:
        entries = played(simulation, case)
        commits = simulation.commits
    for commit in range(1, commits + 1):
        with Simulation(approval) as simulation:
            simulation.crash_at(commit, side)
            again = [entry for entry in played(simulation, case) if entry[1] is not Kind.ATTEMPT_LOST]
            assert again == entries
            assert simulation.crashes == 1, f"commit {commit} of {commits}"


def played(simulation: Simulation, case: Case) -> list[tuple[str, Kind]]:
    """Play a story, check how it ends, and return where what happened.

    Somebody whose answer was recorded, but who did not hear of it, asks again and is told so.
    """
    refusals: list[str] = []
    begin = simulation.clock.now()
    run = simulation.start(approval, id=case.id, input=case.expense)
    for act in case.acts:
        simulation.advance_to(begin + act.after_hours * HOURS)
        try:
            perform(run, act, BOOK.staff[act.who])
        except TaskRefused as refused:
            refusals.append(refused.reason)
    assert refusals in ([], ["it has been completed"][: simulation.crashes])
    assert ending_of(run.result()) == case.ending
    return [(entry.address, entry.kind) for entry in run.history]


def test_the_script_plays_all_stories() -> None:
    command = [sys.executable, "-m", "examples.approval"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    lines = run.stdout.splitlines()
    assert all(f"{case.id}: {case.about}" in lines for case in BOOK.stories)
    assert "     2h Lea finds nothing to approve" in lines
    assert run.stderr == ""


# Separation of duties


def test_whoever_has_approved_is_not_offered_the_second_approval() -> None:
    with begun() as (_, run):
        assert offered(run) == {MANAGERS: {"group": "managers", "but_not": ["Tom"]}}
        approve(run, MANAGERS, "Lea")
        assert offered(run) == {FINANCE: {"group": "finance", "but_not": ["Tom", "Lea"]}}
        assert inbox(run, "Lea", BOOK.staff["Lea"]) == []
        assert [each.address for each in inbox(run, "Finn", BOOK.staff["Finn"])] == [FINANCE]


def test_what_somebody_has_claimed_is_in_no_other_inbox() -> None:
    with begun() as (_, run):
        approve(run, MANAGERS, "Lea")
        run.claim(FINANCE, by="Finn")
        assert inbox(run, "Gil", BOOK.staff["Gil"]) == []
        assert len(inbox(run, "Finn", BOOK.staff["Finn"])) == 1
        with pytest.raises(TaskRefused, match="Finn has claimed it"):
            approve(run, FINANCE, "Gil")


def test_the_workflow_counts_nobody_twice_even_if_the_inbox_is_passed_by() -> None:
    with begun() as (simulation, run):
        approve(run, MANAGERS, "Lea")
        approve(run, FINANCE, "Lea")
        assert offered(run) == {FINANCE_AGAIN: {"group": "finance", "but_not": ["Tom", "Lea"]}}
        simulation.crash()
        approve(run, FINANCE_AGAIN, "Tom")
        approve(run, FINANCE_AGAIN.replace("2", "3"), "Finn")
        assert run.result() == Success(Approved(("Lea", "Finn")))


def test_the_second_may_reject_as_well() -> None:
    with begun() as (_, run):
        approve(run, MANAGERS, "Lea")
        run.complete(FINANCE, Decision(approved=False), by="Finn")
        assert run.result() == Failure(Rejected("Finn"))


# Reminders and escalation


def test_managers_are_reminded_every_day_until_a_director_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with begun() as (simulation, run):
        reminders: list[int] = []
        for _ in range(4):
            simulation.advance(24 * HOURS)
            reminders.append(len(capsys.readouterr().out.splitlines()))
        assert reminders == [1, 1, 0, 0]
        assert offered(run) == {DIRECTORS: {"group": "directors", "but_not": ["Tom"]}}


def test_a_manager_is_too_late_when_a_director_has_been_asked() -> None:
    with begun() as (simulation, run):
        run.claim(MANAGERS, by="Lea")
        simulation.advance(59 * HOURS)
        assert list(offered(run)) == [MANAGERS]
        simulation.crash()
        simulation.advance(1 * HOURS)
        with pytest.raises(TaskRefused, match="it was withdrawn"):
            approve(run, MANAGERS, "Lea")
        approve(run, DIRECTORS, "Gil")
        approve(run, FINANCE, "Finn")
        assert run.result() == Success(Approved(("Gil", "Finn")))


def test_an_approval_ends_the_reminders(capsys: pytest.CaptureFixture[str]) -> None:
    with begun() as (simulation, run):
        approve(run, MANAGERS, "Lea")
        simulation.advance(240 * HOURS)
        assert capsys.readouterr().out == ""
        assert list(offered(run)) == [FINANCE]


def test_only_the_expense_goes_out() -> None:
    with begun() as (_, run):
        (task,) = run.tasks
        assert task.input == EXPENSE
