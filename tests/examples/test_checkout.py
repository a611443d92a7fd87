"""Is a cart shipped exactly when it is paid, and is the stock right whatever happens?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from operator import methodcaller
from pathlib import Path

import pytest
from returns.result import Failure, Success

from examples.checkout import (
    PAYMENT,
    STATUS,
    Cart,
    CheckoutError,
    Line,
    PaymentMissing,
    PaymentReport,
    Shipped,
    Warehouse,
    checkout_workflow,
    read_book,
)
from examples.stories import Story, ending_of, input_of, requests_of
from interpreters import UnexpectedSignal
from interpreters.machine.pending import SignalExpected, TimerRunning
from interpreters.testing import CrashAt, SimulatedInstance, Simulation

BOOK = read_book()
STORIES = {story.id: story for story in BOOK.stories}
ROOT = Path(__file__).parents[2]
MINUTES = timedelta(minutes=1)
CART = Cart("Eve", (Line("lamp", 2),), Decimal("79.80"))
PAID = PaymentReport(reference="pay-9")

Run = SimulatedInstance[CheckoutError, Shipped]


class Scene:
    """Is a checkout of one cart in a warehouse with five lamps."""

    def __init__(self) -> None:
        self.warehouse = Warehouse({"lamp": 5})
        self.workflow = checkout_workflow(self.warehouse, patience=30 * MINUTES)
        self.simulation = Simulation(self.workflow)

    def __enter__(self) -> Scene:
        self.simulation.__enter__()
        self.run: Run = self.simulation.start(self.workflow, id="c", input=CART)
        return self

    def __exit__(self, *raised: object) -> None:
        self.simulation.__exit__(None, None, None)


# The stories of the input file, undisturbed and with crashes


def checked(story: Story, disturb: Callable[[Simulation], None]) -> tuple[int, int]:
    """Play a story, check how it ends and what is left in stock, and return the commits and the crashes it took."""
    warehouse = Warehouse(dict(BOOK.stock))
    workflow = checkout_workflow(warehouse, patience=30 * MINUTES)
    with Simulation(workflow) as simulation:
        disturb(simulation)
        run = simulation.start(workflow, id=story.id, input=input_of(story, workflow))
        for key, signal, request in requests_of(story, [PAYMENT]):
            run.send(signal, request, key=key)
        simulation.advance(30 * MINUTES)
        result = run.result()
        assert ending_of(result) == story.ending
        sold = input_of(story, workflow).lines if isinstance(result, Success) else ()
        taken = {line.product: line.pieces for line in sold}
        left = {product: pieces - taken.get(product, 0) for product, pieces in BOOK.stock.items()}
        assert warehouse.stock == left
        assert warehouse.reservations == {}
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
    assert {story.ending.type for story in BOOK.stories} == {"Shipped", "SoldOut", "PaymentRefused", "PaymentMissing"}


def test_the_script_plays_all_stories_and_a_second_run_repeats_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.checkout", str(tmp_path / "checkout.db")]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60) for _ in range(2)
    )
    lines = [f"{story.id}: {story.about}: {story.ending.type}" for story in BOOK.stories]
    assert first.stdout.splitlines()[: len(lines)] == lines
    assert second.stdout == first.stdout
    assert first.stderr == second.stderr == ""


# One checkout, step by step


def test_the_goods_are_kept_until_the_last_minute() -> None:
    with Scene() as scene:
        scene.simulation.advance(29 * MINUTES)
        assert scene.warehouse.stock == {"lamp": 3}
        assert scene.run.query(STATUS) == "waiting for a payment of 79.80"
        assert {type(waiting) for waiting in scene.run.pending} == {SignalExpected, TimerRunning}
        scene.simulation.advance(1 * MINUTES)
        assert scene.warehouse.stock == {"lamp": 5}
        assert scene.run.result() == Failure(PaymentMissing(CART.price))


def test_the_deadline_stays_where_it_was_after_a_crash() -> None:
    with Scene() as scene:
        scene.simulation.advance(20 * MINUTES)
        scene.simulation.crash()
        scene.simulation.advance(10 * MINUTES)
        assert scene.run.result() == Failure(PaymentMissing(CART.price))


def test_a_payment_withdraws_the_deadline() -> None:
    with Scene() as scene:
        scene.simulation.advance(29 * MINUTES)
        assert scene.run.signal(PAYMENT, PAID) == "noted for Eve: pay-9"
        assert scene.run.result() == Success(Shipped("Eve", "pay-9", "parcel for Eve"))
        assert scene.run.query(STATUS) == "on the way: parcel for Eve"
        assert scene.run.record.wake_up is None


def test_a_payment_that_comes_too_late_is_refused() -> None:
    with Scene() as scene:
        scene.simulation.advance(30 * MINUTES)
        with pytest.raises(UnexpectedSignal):
            scene.run.signal(PAYMENT, PAID)


def test_what_the_journal_says_when_no_payment_came() -> None:
    with Scene() as scene:
        scene.simulation.advance(30 * MINUTES)
        assert [entry.address for entry in scene.run.history if entry.address] == [
            "saga/reserve_stock",
            "saga/payment due[deadline]/deadline",
            "saga/payment due[deadline]/deadline",
            "saga[undo 1]/give_back",
        ]
