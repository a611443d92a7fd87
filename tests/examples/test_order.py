"""Does the order of the example survive everything, and does its journal read as promised?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from returns.result import Failure, Result, Success

from examples.order import (
    CARD_LIMIT,
    MOST_PIECES,
    STATUS,
    CardDeclined,
    Carrier,
    Fulfilled,
    OrderRefunded,
    OrderRequest,
    order_workflow,
    print_table,
    read_request,
)
from interpreters import answer, recover
from interpreters.history import activities
from interpreters.testing import CrashAt, SimulatedInstance, Simulation
from journals.entries import Entry

WORKFLOW = order_workflow(Carrier(delay=timedelta(0)))
REQUEST = read_request()
TOO_MANY = attrs.evolve(REQUEST, quantity=MOST_PIECES + 1)
TOO_DEAR = attrs.evolve(REQUEST, amount=CARD_LIMIT + 1)
FULFILLED = Success(Fulfilled("ch_123", "tr_456"))
REFUNDED = Failure(OrderRefunded("more than 10 pieces", "re_ch_123"))
DECLINED = Failure(CardDeclined("more than 5000.00"))
ROOT = Path(__file__).parents[2]

UNDISTURBED = """\
| seq | event type | result |
|---|---|---|
| 0 | workflow started | Order |
| 1 | activity scheduled | ChargeCreditCard |
| 2 | activity started | ChargeCreditCard |
| 3 | activity completed | {charge_id: "ch_123"} |
| 4 | activity scheduled | Shipping |
| 5 | activity started | Shipping |
| 6 | activity completed | {tracking_id: "tr_456"} |
| 7 | workflow completed | {charge_id: "ch_123", tracking_id: "tr_456"} |
"""
CRASHED = """\
| seq | event type | result |
|---|---|---|
| 0 | workflow started | Order |
| 1 | activity scheduled | ChargeCreditCard |
| 2 | activity started | ChargeCreditCard |
| 3 | activity completed | {charge_id: "ch_123"} |
| 4 | activity scheduled | Shipping |
| 5 | activity started | Shipping |
| 6 | activity failed | (crashed before completion) |
| 7 | activity scheduled | Shipping (retries) |
| 8 | activity started | Shipping (retries) |
| 9 | activity completed | {tracking_id: "tr_456"} |
| 10 | workflow completed | {charge_id: "ch_123", tracking_id: "tr_456"} |
"""


def start(simulation: Simulation, request: OrderRequest) -> SimulatedInstance[CardDeclined | OrderRefunded, Fulfilled]:
    return simulation.start(WORKFLOW, id="order-1", input=request)


def table(entries: Iterable[Entry], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    print_table(activities("Order", entries))
    return capsys.readouterr().out


def test_the_input_file_has_the_order() -> None:
    assert OrderRequest("Bob", "widget-1000", 1000.0, 2) == REQUEST


def test_the_table_of_an_undisturbed_order(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulation(WORKFLOW) as simulation:
        run = start(simulation, REQUEST)
        assert run.result() == FULFILLED
        assert capsys.readouterr().out == "running ChargeCreditCard\nrunning Shipping\n"
        assert table(run.history, capsys) == UNDISTURBED


def test_the_table_of_an_order_that_crashed_while_shipping(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulation(WORKFLOW) as simulation:
        simulation.crash_at(3, CrashAt.BEFORE)
        run = start(simulation, REQUEST)
        assert run.result() == FULFILLED
        assert simulation.crashes == 1
        assert capsys.readouterr().out == "running ChargeCreditCard\nrunning Shipping\nrunning Shipping\n"
        assert table(run.history, capsys) == CRASHED


def test_a_real_kill_while_shipping(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.order", str(tmp_path / "order.db")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        lines = [killed.stdout.readline(), killed.stdout.readline()]
        killed.kill()
    assert lines == ["running ChargeCreditCard\n", "running Shipping\n"]
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert again.stdout.startswith("running Shipping\n")
    assert "running ChargeCreditCard" not in again.stdout
    assert CRASHED in again.stdout


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize(
    ("request_", "commits", "outcome"),
    [(REQUEST, 3, FULFILLED), (TOO_MANY, 4, REFUNDED), (TOO_DEAR, 2, DECLINED)],
    ids=["fulfilled", "refunded", "declined"],
)
def test_a_crash_at_any_commit_changes_nothing(
    request_: OrderRequest, commits: int, outcome: Result[Fulfilled, CardDeclined | OrderRefunded], side: CrashAt
) -> None:
    with Simulation(WORKFLOW) as simulation:
        assert start(simulation, request_).result() == outcome
        assert simulation.commits == commits
    for commit in range(1, commits + 1):
        with Simulation(WORKFLOW) as simulation:
            simulation.crash_at(commit, side)
            run = start(simulation, request_)
            assert run.result() == outcome
            assert simulation.crashes == 1


def test_a_declined_shipment_is_refunded(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulation(WORKFLOW) as simulation:
        run = start(simulation, TOO_MANY)
        assert run.result() == REFUNDED
        assert [entry.address for entry in run.history if entry.address] == [
            "ChargeCreditCard",
            "Shipping",
            "!ShippingFailed/Refund",
        ]
    assert capsys.readouterr().out.splitlines()[-1] == "running Refund"


def test_a_declined_card_passes_the_refund_by(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulation(WORKFLOW) as simulation:
        assert start(simulation, TOO_DEAR).result() == DECLINED
    assert capsys.readouterr().out == "running ChargeCreditCard\n"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (REQUEST, ["charging 1000.00 to the card of Bob", "shipping 2 x widget-1000", "shipped as tr_456"]),
        (
            TOO_MANY,
            [
                "charging 1000.00 to the card of Bob",
                "shipping 11 x widget-1000",
                "giving back 1000.00: more than 10 pieces",
            ],
        ),
        (TOO_DEAR, ["charging 5001.00 to the card of Bob"]),
    ],
    ids=["fulfilled", "refunded", "declined"],
)
def test_the_status_after_every_entry(request_: OrderRequest, said: list[str]) -> None:
    with Simulation(WORKFLOW) as simulation:
        run = start(simulation, request_)
        entries = run.history
        assert run.query(STATUS) == said[-1]
    statuses = [answer(recover(WORKFLOW, entries[:known]), STATUS) for known in range(1, len(entries) + 1)]
    assert list(dict.fromkeys(statuses)) == said
