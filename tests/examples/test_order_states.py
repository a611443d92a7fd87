"""Does an order get where it should, by no other ways than those that its states declare?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from operator import methodcaller
from pathlib import Path
from typing import Never

import attrs
import pytest
from returns.result import Success

from examples.order_states import STATUS, Charge, Order, Shop, Status, order_states_workflow, read_book
from interpreters.testing import CrashAt, SimulatedInstance, Simulation
from journals.entries import Entry

BOOK = read_book()
ORDERS = {order.id: order for order in BOOK.orders}
ENDS = {
    "o-1": (Status.FULFILLED, 0),
    "o-2": (Status.FULFILLED, 2),
    "o-3": (Status.CANCELLED, 3),
    "o-4": (Status.UNAVAILABLE, 0),
    "o-5": (Status.FULFILLED, 0),
    "o-6": (Status.FULFILLED, 2),
}
DAY = timedelta(days=1)
ROOT = Path(__file__).parents[2]


class Scene:
    """Is a shop, its workflow, and a simulation of it, in which one order has begun."""

    def __init__(self, order: Order, disturb: Callable[[Simulation], None] = lambda _: None) -> None:
        self.order = order
        self.shop = Shop(BOOK.cards, BOOK.stock)
        self.workflow = order_states_workflow(self.shop, before_retry=DAY)
        self.simulation = Simulation(self.workflow)
        self.disturb = disturb

    def __enter__(self) -> Scene:
        self.simulation.__enter__()
        self.disturb(self.simulation)
        self.run: SimulatedInstance[Never, Order] = self.simulation.start(
            self.workflow, id=self.order.id, input=self.order
        )
        return self

    def __exit__(self, *raised: object) -> None:
        self.simulation.__exit__(None, None, None)

    def play(self) -> Order:
        while self.simulation.advance_to_next():
            pass
        return self.run.result().unwrap()


def addresses(entries: Iterable[Entry]) -> list[str]:
    return [entry.address for entry in entries if entry.address]


@pytest.mark.parametrize("order", BOOK.orders, ids=ORDERS)
def test_an_order_of_the_input_file_ends_as_expected(order: Order) -> None:
    with Scene(order) as scene:
        end = scene.play()
    assert (end.status, end.declined) == ENDS[order.id]
    assert attrs.evolve(end, status=order.status, declined=order.declined) == order


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("order", BOOK.orders, ids=ORDERS)
def test_a_crash_at_any_commit_changes_nothing(order: Order, side: CrashAt) -> None:
    with Scene(order) as undisturbed:
        end = undisturbed.play()
        commits = undisturbed.simulation.commits
    for commit in range(1, commits + 1):
        with Scene(order, methodcaller("crash_at", commit, side)) as scene:
            assert scene.play() == end
            assert scene.simulation.crashes == 1
            assert scene.shop.charges == undisturbed.shop.charges
            assert scene.shop.stock == undisturbed.shop.stock


def test_a_declined_payment_is_tried_again_every_day() -> None:
    with Scene(ORDERS["o-2"]) as scene:
        assert scene.run.query(STATUS) is Status.UNPAID
        scene.simulation.advance(DAY - timedelta(seconds=1))
        assert list(scene.shop.charges.values()) == [Charge.DECLINED]
        scene.simulation.advance(timedelta(seconds=1))
        assert list(scene.shop.charges.values()) == [Charge.DECLINED, Charge.DECLINED]
        scene.simulation.crash()
        assert scene.run.query(STATUS) is Status.UNPAID
        scene.simulation.advance(DAY)
        assert scene.run.query(STATUS) is Status.FULFILLED
        assert list(dict.fromkeys(addresses(scene.run.history))) == [
            "order[OrderCreated]/charge",
            "order[PaymentFailed]/wait",
            "order[PaymentFailed]/charge",
            "order[PaymentFailed#2]/wait",
            "order[PaymentFailed#2]/charge",
            "order[PaymentProcessed]/reserve",
            "order[InventoryReserved]/send",
        ]


def test_an_order_that_was_paid_elsewhere_is_taken_over_where_it_stands() -> None:
    with Scene(ORDERS["o-5"]) as scene:
        assert scene.run.result() == Success(attrs.evolve(ORDERS["o-5"], status=Status.FULFILLED))
        assert scene.shop.charges == {}
        assert addresses(scene.run.history) == ["order[PaymentProcessed]/reserve", "order[InventoryReserved]/send"]


@pytest.mark.parametrize("status", [Status.FULFILLED, Status.CANCELLED])
def test_an_order_that_has_ended_stays_as_it_is(status: Status) -> None:
    order = attrs.evolve(ORDERS["o-1"], status=status)
    with Scene(order) as scene:
        assert scene.run.result() == Success(order)
        assert addresses(scene.run.history) == []


def test_the_script_moves_all_orders_and_a_second_run_repeats_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.order_states", str(tmp_path / "order_states.db")]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60) for _ in range(2)
    )
    assert first.stdout.splitlines()[2 : 2 + len(ENDS)] == [
        f"| {id} | {ORDERS[id].customer} | {ORDERS[id].status} | {status} | {declined} |"
        for id, (status, declined) in ENDS.items()
    ]
    assert "order_states v1" in first.stdout
    assert second.stdout == first.stdout
