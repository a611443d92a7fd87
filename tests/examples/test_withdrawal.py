"""Does money leave an account exactly when it should, whatever happens on the way?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure, Success

from examples.bank import SimulatedBank, Verdict, World
from examples.stories import Story, ending_of, input_of, read_book, requests_of
from examples.withdrawal import INPUT, Pace, withdrawal_workflow
from examples.withdrawal_values import (
    CHOOSE,
    CREATE,
    EXECUTION_COMPLETED,
    OVERVIEW,
    REVIEW,
    SIGNALS,
    Account,
    Cancelled,
    Choice,
    Completed,
    CreateWithdrawal,
    ExecutionReport,
    ExecutionStatus,
    Overview,
    Rejected,
    RejectedInChecks,
    Review,
    ReviewVerdict,
    Status,
)
from interpreters import InstancePaused, NotHandled, UnexpectedSignal, answer, recover
from interpreters.machine.pending import EffectToRun, SignalExpected, TimerRunning
from interpreters.testing import CrashAt, NotAnswered, SimulatedInstance, Simulation
from journals.entries import Kind
from wio import Workflow

PACE = Pace()
BOOK = read_book(INPUT)
STORIES = {story.id: story for story in BOOK.stories}
ROOT = Path(__file__).parents[2]
MINUTES = timedelta(minutes=1)
SUCCEEDED = ExecutionReport(ExecutionStatus.SUCCEEDED)
COMPLETED = Completed(Decimal("100.00"), "Zoe", Decimal("1.00"), "transfer to Zoe")

Run = SimulatedInstance[Rejected, Completed]
Withdrawals = Workflow[Account, Rejected, Completed]


class Scene:
    """Is a simulated bank, its workflow, and a simulation of it, for one account called `a`."""

    def __init__(self, **world: Any) -> None:
        self.bank = SimulatedBank({"a": World(Decimal("1000.00"), **world)})
        self.workflow = withdrawal_workflow(self.bank, PACE)
        self.simulation = Simulation(self.workflow)

    def __enter__(self) -> Scene:
        self.simulation.__enter__()
        self.run: Run = self.simulation.start(self.workflow, id="w", input=Account("a"))
        return self

    def __exit__(self, *raised: Any) -> None:
        self.simulation.__exit__(*raised)

    def create(self) -> str:
        return self.run.signal(CREATE, CreateWithdrawal(Decimal("100.00"), "Zoe"))

    @property
    def overview(self) -> Overview:
        return self.run.query(OVERVIEW)


def overview(status: Status, **more: Any) -> Overview:
    return Overview(status, Decimal("100.00"), "Zoe", Decimal("1.00"), **more)


# The stories of the input file, undisturbed and with crashes


def play(simulation: Simulation, workflow: Withdrawals, story: Story) -> Run:
    run = simulation.start(workflow, id=story.id, input=input_of(story, workflow))
    for key, signal, request in requests_of(story, SIGNALS):
        run.send(signal, request, key=key)
    while simulation.advance_to_next():
        pass
    return run


def checked(story: Story, disturb: Callable[[Simulation], None]) -> tuple[int, int]:
    """Play a story, check how it ends and where the money is, and return the commits and the crashes it took."""
    bank = SimulatedBank(BOOK.worlds)
    workflow = withdrawal_workflow(bank, PACE)
    with Simulation(workflow) as simulation:
        disturb(simulation)
        result = play(simulation, workflow, story).result()
        assert ending_of(result) == story.ending
        assert bank.on_hold == {}
        taken = result.unwrap().amount + result.unwrap().fee if isinstance(result, Success) else Decimal(0)
        (account,) = story.input.values()
        assert bank.balances[account] == BOOK.worlds[account].balance - taken
        return simulation.commits, simulation.crashes


@pytest.mark.parametrize("story", BOOK.stories, ids=STORIES)
def test_a_story_ends_as_expected(story: Story) -> None:
    commits, crashes = checked(story, lambda _: None)
    assert commits > 1
    assert crashes == 0


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("story", BOOK.stories, ids=STORIES)
def test_a_crash_at_any_commit_changes_nothing(story: Story, side: CrashAt) -> None:
    commits, _ = checked(story, lambda _: None)
    for commit in range(1, commits + 1):
        _, crashes = checked(story, methodcaller("crash_at", commit, side))
        assert crashes == 1, f"commit {commit} of {commits}"


def test_every_ending_occurs_in_the_stories() -> None:
    assert {story.ending.type for story in BOOK.stories} == {
        "Completed",
        "RejectedInValidation",
        "RejectedInFunds",
        "RejectedInChecks",
        "RejectedInInitiation",
        "RejectedInConfirmation",
        "Cancelled",
    }


def test_the_script_plays_all_stories_and_a_second_run_repeats_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.withdrawal", str(tmp_path / "withdrawal.db")]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60) for _ in range(2)
    )
    rows = first.stdout.splitlines()[2 : 2 + len(BOOK.stories)]
    assert all(row.endswith("| yes |") for row in rows)
    assert "withdrawal v1" in first.stdout
    assert second.stdout == first.stdout
    assert "BankUnavailable" in first.stderr
    assert second.stderr == ""


# The way of one withdrawal, step by step


def test_the_way_of_a_withdrawal_that_goes_well() -> None:
    with Scene() as scene:
        assert scene.overview == Overview(Status.NEW)
        assert scene.create() == "accepted"
        assert scene.overview == overview(Status.FUNDS_ON_HOLD)
        assert list(scene.bank.on_hold.values()) == [("a", Decimal("101.00"))]
        assert scene.run.signal(CHOOSE, Choice.CONFIRM) == f"noted: {Choice.CONFIRM}"
        assert scene.overview == overview(Status.EXECUTING)
        assert scene.run.signal(EXECUTION_COMPLETED, SUCCEEDED).startswith("noted: ")
        assert scene.overview == overview(Status.COMPLETED)
        assert scene.run.result() == Success(COMPLETED)


def test_what_is_known_after_every_entry() -> None:
    with Scene() as scene:
        scene.create()
        scene.run.signal(CHOOSE, Choice.CONFIRM)
        scene.run.signal(EXECUTION_COMPLETED, SUCCEEDED)
        entries = scene.run.history
        executions = [recover(scene.workflow, entries[:known]) for known in range(1, len(entries) + 1)]
    assert [answer(execution, OVERVIEW).status for execution in executions] == [
        Status.NEW,
        Status.REQUESTED,
        Status.PRICED,
        Status.CHECKING,
        Status.FUNDS_ON_HOLD,
        Status.FUNDS_ON_HOLD,
        Status.EXECUTING,
        Status.EXECUTING,
        Status.COMPLETED,
        Status.COMPLETED,
    ]


def test_what_is_known_after_a_rejection() -> None:
    with Scene() as scene:
        answered = scene.run.signal(CREATE, CreateWithdrawal(Decimal("-1"), "Zoe"))
        assert answered == "rejected: the amount is -1, not more than 0"
        assert scene.overview.status is Status.REQUESTED
    with Scene() as scene:
        scene.create()
        scene.run.signal(CHOOSE, Choice.CANCEL)
        assert scene.overview == overview(Status.CANCELLING)


def test_checks_are_asked_again_until_they_are_decided() -> None:
    with Scene(verdicts={"fraud": (Verdict.PENDING, Verdict.PENDING, Verdict.APPROVED)}) as scene:
        scene.create()
        assert scene.overview == overview(Status.CHECKING, undecided=("fraud",))
        scene.simulation.advance(10 * MINUTES)
        assert isinstance(scene.run.pending[0], TimerRunning)
        scene.simulation.advance(19 * MINUTES)
        assert scene.overview.status is Status.CHECKING
        scene.simulation.advance(1 * MINUTES)
        assert scene.overview == overview(Status.FUNDS_ON_HOLD)
        asked = [entry.address for entry in scene.run.history if entry.address.endswith("ask_checks")]
        assert asked == [f"checks[{number}]/ask_checks" for number in (1, 2, 3)]


@pytest.mark.parametrize("verdict", ReviewVerdict)
def test_an_operator_decides_what_stays_open(verdict: ReviewVerdict) -> None:
    with Scene(verdicts={"fraud": (Verdict.PENDING,), "sanctions": (Verdict.PENDING,)}) as scene:
        scene.create()
        scene.simulation.advance(30 * MINUTES)
        assert scene.overview == overview(Status.CHECKING, undecided=("fraud", "sanctions"))
        waiting = scene.run.pending[0]
        assert isinstance(waiting, SignalExpected)
        assert waiting.address == "decided[undecided]/review"
        scene.run.signal(REVIEW, Review(verdict, "Olga"))
        if verdict is ReviewVerdict.APPROVE:
            assert scene.overview == overview(Status.FUNDS_ON_HOLD)
        else:
            assert scene.run.result() == Failure(RejectedInChecks(("fraud", "sanctions"), "Olga"))
            assert scene.bank.on_hold == {}


def test_a_rejection_by_a_check_ends_the_asking_and_frees_the_money() -> None:
    with Scene(verdicts={"fraud": (Verdict.PENDING,), "sanctions": (Verdict.REJECTED,)}) as scene:
        scene.create()
        assert scene.run.result() == Failure(RejectedInChecks(("sanctions",)))
        assert scene.run.history[-2].address == "!error/cancel_hold"
        assert scene.bank.on_hold == {}


def test_cancelling_while_the_workflow_waits_for_it() -> None:
    with Scene() as scene:
        scene.create()
        assert scene.run.signal(CHOOSE, Choice.CANCEL) == f"noted: {Choice.CANCEL}"
        assert scene.run.result() == Failure(Cancelled("Zoe"))
        assert scene.bank.on_hold == {}


def test_cancelling_while_the_checks_run_counts_when_they_are_done() -> None:
    with Scene(verdicts={"fraud": (Verdict.PENDING, Verdict.APPROVED)}) as scene:
        scene.create()
        with pytest.raises(NotAnswered):
            scene.run.signal(CHOOSE, Choice.CANCEL, key="c")
        assert scene.overview.status is Status.CHECKING
        assert scene.run.history[-1].kind is Kind.SIGNAL_KEPT
        scene.simulation.advance(10 * MINUTES)
        assert scene.run.result() == Failure(Cancelled("Zoe"))
        assert scene.run.signal(CHOOSE, Choice.CANCEL, key="c") == f"noted: {Choice.CANCEL}"
        assert scene.bank.on_hold == {}


def test_cancelling_comes_too_late_when_the_transfer_has_begun() -> None:
    with Scene() as scene:
        scene.create()
        scene.run.signal(CHOOSE, Choice.CONFIRM)
        scene.run.send(CHOOSE, Choice.CANCEL, key="late")
        scene.run.signal(EXECUTION_COMPLETED, SUCCEEDED)
        assert scene.run.result() == Success(COMPLETED)
        with pytest.raises(NotHandled):
            scene.run.signal(CHOOSE, Choice.CANCEL, key="late")
        with pytest.raises(UnexpectedSignal):
            scene.run.signal(CHOOSE, Choice.CANCEL)


def test_an_outage_delays_the_transfer() -> None:
    with Scene(outages=2) as scene:
        scene.create()
        scene.run.signal(CHOOSE, Choice.CONFIRM)
        scene.simulation.advance(29 * MINUTES)
        waiting = scene.run.pending[0]
        assert isinstance(waiting, EffectToRun)
        assert waiting.attempt == 3
        scene.simulation.advance(1 * MINUTES)
        assert scene.overview == overview(Status.EXECUTING)


def test_a_long_outage_pauses_the_withdrawal_until_somebody_resumes_it() -> None:
    with Scene(outages=PACE.most_attempts) as scene:
        scene.create()
        scene.run.signal(CHOOSE, Choice.CONFIRM)
        scene.simulation.advance(timedelta(days=1))
        with pytest.raises(InstancePaused, match="outage 5 of 5"):
            scene.run.result()
        assert scene.overview == overview(Status.FUNDS_ON_HOLD)
        scene.run.resume()
        scene.run.signal(EXECUTION_COMPLETED, SUCCEEDED)
        assert scene.run.result() == Success(COMPLETED)
