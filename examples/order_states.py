"""How does an order move from status to status, with its payment tried again, as the graph that it is?

    OrderCreated  ──> PaymentProcessed, PaymentFailed
    PaymentFailed ──> PaymentProcessed, PaymentFailed once more, OrderCancelled
    PaymentProcessed ──> InventoryReserved, InventoryFailed
    InventoryReserved ──> OrderFulfilled

Each status is a state of a machine: it has one step to do, and declares to which states that may lead. An order starts
in the status that it has, so one that was paid elsewhere is taken over where it stands.

    python -m examples.order_states [JOURNAL]

moves all orders of `order_states.json` on a SQLite journal, `order_states.db` unless it is told another.
"""

from __future__ import annotations

import asyncio
import enum
import sys
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Never

import attrs
import msgspec

from interpreters import Runtime, effect_context
from interpreters.render import draw, to_text
from interpreters.tracing import progress
from journals.sqlite import SqliteJournal
from wio import Goto, Query, Stop, Workflow, compute, machine, query, run_io, state, wait

INPUT = Path(__file__).with_name("order_states.json")
MOST_CHARGES = 3

# What flows through the workflow


class Status(enum.StrEnum):
    """Says where an order stands: the states of the machine."""

    CREATED = "OrderCreated"
    PAID = "PaymentProcessed"
    UNPAID = "PaymentFailed"
    RESERVED = "InventoryReserved"
    UNAVAILABLE = "InventoryFailed"
    FULFILLED = "OrderFulfilled"
    CANCELLED = "OrderCancelled"


@attrs.frozen
class Order:
    """Is what a customer wants, and where that stands. `declined` is how many charges the bank has declined."""

    id: str
    customer: str
    product: str
    quantity: int
    price: Decimal
    status: Status = Status.CREATED
    declined: int = 0


# Events: what the journal keeps


class Charge(enum.Enum):
    """Records what the bank said to a charge."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class Reservation(enum.Enum):
    """Records whether the goods were there."""

    RESERVED = "reserved"
    OUT_OF_STOCK = "out of stock"


@attrs.frozen
class Sent:
    """Records under which number a parcel travels."""

    parcel: str


@attrs.frozen
class Refunded:
    """Records how much was given back."""

    money: Decimal


# Effects: calls of a shop, which recognises a repeated call by its idempotency key


class Shop:
    """Is a shop in memory. `cards` is how often the card of a customer is declined first, `stock` what is there."""

    def __init__(self, cards: Mapping[str, int], stock: Mapping[str, int]) -> None:
        self._cards = cards
        self.stock = dict(stock)
        self.charges: dict[str, Charge] = {}
        self.reservations: dict[str, Reservation] = {}

    async def charge(self, order: Order) -> Charge:
        """Charge the card of the customer, once for each key."""
        key = effect_context().idempotency_key
        declined = order.declined < self._cards[order.customer]
        return self.charges.setdefault(key, Charge.DECLINED if declined else Charge.ACCEPTED)

    async def reserve(self, order: Order) -> Reservation:
        """Take the goods off the stock, once for each key."""
        key = effect_context().idempotency_key
        if key not in self.reservations:
            is_there = self.stock[order.product] >= order.quantity
            self.stock[order.product] -= order.quantity if is_there else 0
            self.reservations[key] = Reservation.RESERVED if is_there else Reservation.OUT_OF_STOCK
        return self.reservations[key]

    async def send(self, order: Order) -> Sent:
        """Send a parcel."""
        return Sent(f"parcel of {order.id}")

    async def refund(self, order: Order) -> Refunded:
        """Give the money back."""
        return Refunded(order.price)


# Handlers: pure functions that fold an event and say where the order goes on


def moved(order: Order, status: Status) -> Goto[Order]:
    """Let an order go on in a status."""
    return Goto(status, attrs.evolve(order, status=status))


def charged(order: Order, event: Charge) -> Goto[Order]:
    """Go on with a paid order; one whose card was declined is tried again, or cancelled in the end."""
    if event is Charge.ACCEPTED:
        return moved(order, Status.PAID)
    order = attrs.evolve(order, declined=order.declined + 1)
    return moved(order, Status.UNPAID if order.declined < MOST_CHARGES else Status.CANCELLED)


def reserved(order: Order, event: Reservation) -> Goto[Order]:
    """Go on with an order whose goods are there, or are not."""
    return moved(order, Status.RESERVED if event is Reservation.RESERVED else Status.UNAVAILABLE)


def sent(order: Order, _: Sent) -> Goto[Order]:
    """Go on with an order whose parcel is on its way."""
    return moved(order, Status.FULFILLED)


def refunded(order: Order, _: Refunded) -> Stop[Order]:
    """End with an order that has its money back."""
    return Stop(order)


def ended(order: Order) -> Stop[Order]:
    """End with the order as it is."""
    return Stop(order)


def status_of(order: Order) -> Status:
    """Tell where an order stands."""
    return order.status


# The workflow

STATUS = Query("status", response=Status)


def order_states_workflow(shop: Shop, before_retry: timedelta) -> Workflow[Order, Never, Order]:
    """Return the workflow of the orders of one shop."""
    charge = run_io(shop.charge, charged)
    states = (
        state(Status.CREATED, charge, to=(Status.PAID, Status.UNPAID))
        | state(Status.UNPAID, wait(before_retry) >> charge, to=(Status.PAID, Status.UNPAID, Status.CANCELLED))
        | state(Status.PAID, run_io(shop.reserve, reserved), to=(Status.RESERVED, Status.UNAVAILABLE))
        | state(Status.RESERVED, run_io(shop.send, sent), to=Status.FULFILLED)
        | state(Status.UNAVAILABLE, run_io(shop.refund, refunded))
        | state(Status.FULFILLED, compute(ended))
        | state(Status.CANCELLED, compute(ended))
    )
    return Workflow(
        "order_states",
        version=1,
        input=Order,
        root=query(STATUS, status_of, machine(states, start=status_of, name="order")),
    )


order_states = order_states_workflow(Shop({}, {}), timedelta(days=1))
"""Is for pictures and checks, which sell nothing."""

# The script


@attrs.frozen
class Book:
    """Is the input file: what the shop is like, and its orders."""

    cards: Mapping[str, int]
    stock: Mapping[str, int]
    orders: tuple[Order, ...]


def read_book(path: Path = INPUT) -> Book:
    """Return what a JSON file holds."""
    return msgspec.json.decode(path.read_bytes(), type=Book)


async def main(journal: Path) -> None:
    """Move all orders to their ends, print these, and the picture of the one whose card was declined twice."""
    book = read_book()
    quick = order_states_workflow(Shop(book.cards, book.stock), before_retry=timedelta(milliseconds=50))
    async with Runtime(SqliteJournal(journal), [quick]) as runtime:
        instances = [await runtime.start(quick, id=order.id, input=order) for order in book.orders]
        print("| order | of | from | to | declined |")
        print("|---|---|---|---|---|")
        for order, instance in zip(book.orders, instances, strict=True):
            end = (await instance.result()).unwrap()
            print(f"| {end.id} | {end.customer} | {order.status} | {end.status} | {end.declined} |")
        entries = await (await runtime.instance(quick, "o-2")).history()
    print(to_text(draw(quick, progress=progress(quick, entries))), end="")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "order_states.db")))
