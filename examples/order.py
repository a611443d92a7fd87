"""How is an order paid and shipped, although the process may be killed at any moment?

    ChargeCreditCard ──> Shipping ──> Fulfilled
      └─> CardDeclined      └─> ShippingFailed ──> Refund ──> OrderRefunded

    python -m examples.order [JOURNAL]

runs the order of `order.json` on a SQLite journal, `order.db` unless it is told another. Kill it while it prints
`running Shipping` and start it again: it goes on with the shipment, and does not charge the card a second time.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Never, TypeAlias

import attrs
import msgspec
from returns.result import Failure, Result, Success

from interpreters import Runtime
from interpreters.history import ActivityRow, activities
from interpreters.render import draw, to_text
from interpreters.tracing import progress
from journals.sqlite import SqliteJournal
from wio import Caught, Query, Workflow, catch, query, run_io

INPUT = Path(__file__).with_name("order.json")
CARD_LIMIT = 5_000.0
MOST_PIECES = 10

# What flows through the workflow


@attrs.frozen
class OrderRequest:
    """Is what a customer wants to buy."""

    customer: str
    product: str
    amount: float
    quantity: int


@attrs.frozen
class Paid:
    """Is an order whose price was charged."""

    request: OrderRequest
    charge_id: str


@attrs.frozen
class Fulfilled:
    """Is the outcome of an order that went well."""

    charge_id: str
    tracking_id: str


@attrs.frozen
class Refunding:
    """Is an order whose price must be given back, and why."""

    request: OrderRequest
    charge_id: str
    reason: str


# What may go wrong


@attrs.frozen
class CardDeclined:
    """Says that the card was not charged."""

    reason: str


@attrs.frozen
class ShippingFailed:
    """Says that the carrier does not take a parcel that is paid."""

    charge_id: str
    reason: str


@attrs.frozen
class OrderRefunded:
    """Says that the order failed, and that the customer has the money back."""

    reason: str
    refund_id: str


# Events: what the journal keeps


@attrs.frozen
class CardCharged:
    """Records a charge."""

    charge_id: str


@attrs.frozen
class ChargeDeclined:
    """Records that the bank does not charge the card."""

    reason: str


@attrs.frozen
class PackageShipped:
    """Records that the carrier has the parcel."""

    tracking_id: str


@attrs.frozen
class ShipmentDeclined:
    """Records that the carrier does not want the parcel."""

    reason: str


@attrs.frozen
class CardRefunded:
    """Records that a charge was given back."""

    refund_id: str


# Effects: each stands for a call of some service; it runs again only when its event was not recorded


async def charge_credit_card(request: OrderRequest) -> CardCharged | ChargeDeclined:
    """Call the bank."""
    print("running ChargeCreditCard", flush=True)
    if request.amount > CARD_LIMIT:
        return ChargeDeclined(f"more than {CARD_LIMIT:.2f}")
    return CardCharged("ch_123")


@attrs.frozen
class Carrier:
    """Takes parcels, each after a while."""

    delay: timedelta

    async def ship(self, paid: Paid) -> PackageShipped | ShipmentDeclined:
        """Call the carrier."""
        print("running Shipping", flush=True)
        await asyncio.sleep(self.delay.total_seconds())
        if paid.request.quantity > MOST_PIECES:
            return ShipmentDeclined(f"more than {MOST_PIECES} pieces")
        return PackageShipped("tr_456")


async def refund(refunding: Refunding) -> CardRefunded:
    """Call the bank again."""
    print("running Refund", flush=True)
    return CardRefunded(f"re_{refunding.charge_id}")


# Handlers: pure functions that fold an event into what flows on


def paid(request: OrderRequest, event: CardCharged | ChargeDeclined) -> Result[Paid, CardDeclined]:
    """Return the order with its charge, or why there is none."""
    match event:
        case CardCharged(charge_id):
            return Success(Paid(request, charge_id))
        case ChargeDeclined(reason):
            return Failure(CardDeclined(reason))


def shipped(paid: Paid, event: PackageShipped | ShipmentDeclined) -> Result[Fulfilled, ShippingFailed]:
    """Return the outcome, or why there is no shipment."""
    match event:
        case PackageShipped(tracking_id):
            return Success(Fulfilled(paid.charge_id, tracking_id))
        case ShipmentDeclined(reason):
            return Failure(ShippingFailed(paid.charge_id, reason))


def refunding(caught: Caught[OrderRequest, ShippingFailed]) -> Refunding:
    """Return what the refund needs to know of the failure."""
    return Refunding(caught.input, caught.error.charge_id, caught.error.reason)


def refunded(refunding: Refunding, event: CardRefunded) -> Result[Never, OrderRefunded]:
    """Return the failure of an order that cost nothing in the end."""
    return Failure(OrderRefunded(refunding.reason, event.refund_id))


# The workflow

OrderState: TypeAlias = OrderRequest | Paid | Refunding | Fulfilled

STATUS = Query("status", response=str)


def status(state: OrderState) -> str:
    """Tell a customer how far the order is."""
    match state:
        case OrderRequest():
            return f"charging {state.amount:.2f} to the card of {state.customer}"
        case Paid():
            return f"shipping {state.request.quantity} x {state.request.product}"
        case Refunding():
            return f"giving back {state.request.amount:.2f}: {state.reason}"
        case Fulfilled():
            return f"shipped as {state.tracking_id}"


def order_workflow(carrier: Carrier) -> Workflow[OrderRequest, CardDeclined | OrderRefunded, Fulfilled]:
    """Return the workflow of an order that a carrier ships."""
    charge = run_io(charge_credit_card, paid, name="ChargeCreditCard")
    ship = run_io(carrier.ship, shipped, name="Shipping")
    give_back = run_io(refund, refunded, name="Refund").transform_input(refunding)
    return Workflow(
        "Order",
        version=1,
        input=OrderRequest,
        root=query(STATUS, status, (charge >> ship).handle_error(catch(ShippingFailed, give_back))),
    )


order = order_workflow(Carrier(delay=timedelta(seconds=0.3)))

# The script


def read_request(path: Path = INPUT) -> OrderRequest:
    """Return the order in a JSON file."""
    return msgspec.json.decode(path.read_bytes(), type=OrderRequest)


def print_table(rows: Iterable[ActivityRow]) -> None:
    """Print what happened as a table in Markdown."""
    print("| seq | event type | result |")
    print("|---|---|---|")
    for row in rows:
        result = row.subject.replace("|", r"\|")
        print(f"| {row.seq} | {row.event} | {result} |")


async def main(journal: Path) -> None:
    """Run the order, or go on with it, and print what the journal says of it."""
    async with Runtime(SqliteJournal(journal), [order]) as runtime:
        instance = await runtime.start(order, id="order-1", input=read_request())
        print(await instance.result())
        entries = await instance.history()
    print_table(activities(order.name, entries))
    print(to_text(draw(order, progress=progress(order, entries))), end="")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "order.db")))
