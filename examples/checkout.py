"""How is a shopping cart bought, although payments are refused or never come?

    saga: reserve_stock  (undo: give_back)  ->  payment, within a deadline  ->  ship
             └─> SoldOut                          ├─> PaymentRefused
                                                  └─> PaymentMissing

Whatever fails after the stock was reserved, the saga gives the stock back. No step has to think of it.

    python -m examples.checkout [JOURNAL]

plays all stories of `checkout.json` on a SQLite journal, `checkout.db` unless it is told another.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Never, TypeAlias

import attrs
import msgspec
from returns.result import Failure, Result, Success

from examples.stories import Story, ending_of, play
from interpreters import Runtime, effect_context
from interpreters.render import draw, to_text
from interpreters.tracing import progress
from journals.sqlite import SqliteJournal
from wio import (
    Done,
    Early,
    Interrupted,
    Query,
    Signal,
    Workflow,
    check,
    query,
    receive_signal,
    run_io,
    saga,
    timeout,
    undoable,
)

INPUT = Path(__file__).with_name("checkout.json")

# What flows through the workflow


@attrs.frozen
class Line:
    """Is one line of a cart."""

    product: str
    pieces: int


@attrs.frozen
class Cart:
    """Is what a customer wants to buy, and what it costs in all."""

    customer: str
    lines: tuple[Line, ...]
    price: Decimal


@attrs.frozen
class Reserved:
    """Is a cart whose goods are kept for the customer."""

    cart: Cart
    reservation: str


@attrs.frozen
class Paid:
    """Is a cart that has been paid."""

    reserved: Reserved
    payment: str


@attrs.frozen
class Shipped:
    """Is the outcome of a checkout that went well."""

    customer: str
    payment: str
    parcel: str


# What may go wrong


@attrs.frozen
class SoldOut:
    """Says which product there is too little of."""

    product: str


@attrs.frozen
class PaymentRefused:
    """Says why the bank does not pay."""

    reason: str


@attrs.frozen
class PaymentMissing:
    """Says how much nobody has paid in time."""

    price: Decimal


CheckoutError: TypeAlias = SoldOut | PaymentRefused | PaymentMissing

# Signals and queries


@attrs.frozen
class PaymentReport:
    """Is what the payment provider reports: the reference of a payment, or why there is none."""

    reference: str = ""
    refusal: str = ""


PAYMENT = Signal("payment", request=PaymentReport, response=str, early=Early.KEEP)
STATUS = Query("status", response=str)

# Events: what the journal keeps


@attrs.frozen
class StockReserved:
    """Records a reservation."""

    reservation: str


@attrs.frozen
class StockTooLow:
    """Records that nothing was reserved, and for which product."""

    product: str


@attrs.frozen
class StockGivenBack:
    """Records the end of a reservation."""

    reservation: str


@attrs.frozen
class ParcelSent:
    """Records a shipment."""

    parcel: str


# Effects


@attrs.define
class Warehouse:
    """Keeps goods. It knows a repeated request by its idempotency key, so a crash reserves nothing twice."""

    stock: dict[str, int]
    reservations: dict[str, Cart] = attrs.field(factory=dict[str, Cart])

    async def reserve_stock(self, cart: Cart) -> StockReserved | StockTooLow:
        """Take the goods of a cart off the shelves, all or none."""
        key = effect_context().idempotency_key
        if key not in self.reservations:
            for line in cart.lines:
                if self.stock[line.product] < line.pieces:
                    return StockTooLow(line.product)
            self._move(cart, -1)
            self.reservations[key] = cart
        return StockReserved(key)

    async def give_back(self, done: Done[Cart, Reserved]) -> StockGivenBack:
        """Put the goods back."""
        cart = self.reservations.pop(done.output.reservation, None)
        if cart is not None:
            self._move(cart, +1)
        return StockGivenBack(done.output.reservation)

    async def ship(self, paid: Paid) -> ParcelSent:
        """Hand the goods to the carrier."""
        self.reservations.pop(paid.reserved.reservation, None)
        return ParcelSent(f"parcel for {paid.reserved.cart.customer}")

    def _move(self, cart: Cart, direction: int) -> None:
        for line in cart.lines:
            self.stock[line.product] += direction * line.pieces


# Handlers: pure functions that fold an event into what flows on


def reserved(cart: Cart, event: StockReserved | StockTooLow) -> Result[Reserved, SoldOut]:
    """Return the cart with its reservation, or what is missing."""
    match event:
        case StockReserved(reservation):
            return Success(Reserved(cart, reservation))
        case StockTooLow(product):
            return Failure(SoldOut(product))


def paid(reserved: Reserved, report: PaymentReport) -> Result[Paid, PaymentRefused]:
    """Return the cart with its payment, or why there is none."""
    if report.refusal:
        return Failure(PaymentRefused(report.refusal))
    return Success(Paid(reserved, report.reference))


def missing(late: Interrupted[Reserved, Reserved]) -> Result[Never, PaymentMissing]:
    """Return the failure of a cart for which nobody has paid in time."""
    return Failure(PaymentMissing(late.input.cart.price))


def shipped(paid: Paid, event: ParcelSent) -> Shipped:
    """Return the outcome."""
    return Shipped(paid.reserved.cart.customer, paid.payment, event.parcel)


def thanks(reserved: Reserved, report: PaymentReport) -> str:
    """Tell the payment provider what becomes of its report."""
    return f"noted for {reserved.cart.customer}: {report.refusal or report.reference}"


# The workflow

CheckoutState: TypeAlias = Cart | Reserved | Paid | Shipped | Done[Cart, Reserved]


def status(state: CheckoutState) -> str:
    """Tell a customer how far the checkout is."""
    match state:
        case Cart():
            return "looking for the goods"
        case Reserved():
            return f"waiting for a payment of {state.cart.price}"
        case Paid():
            return "packing"
        case Shipped():
            return f"on the way: {state.parcel}"
        case Done():
            return "putting the goods back"


def checkout_workflow(warehouse: Warehouse, patience: timedelta) -> Workflow[Cart, CheckoutError, Shipped]:
    """Return the workflow of checkouts that wait so long for a payment."""
    reserve = undoable(run_io(warehouse.reserve_stock, reserved), run_io(warehouse.give_back))
    payment = timeout(receive_signal(PAYMENT, paid, respond=thanks), patience, check(missing), name="payment due")
    return Workflow(
        "checkout",
        version=1,
        input=Cart,
        root=query(STATUS, status, saga(reserve >> payment >> run_io(warehouse.ship, shipped))),
    )


checkout = checkout_workflow(Warehouse({}), patience=timedelta(minutes=30))
"""Is for pictures and checks, which reserve nothing."""

# The script


@attrs.frozen
class Book:
    """Is the input file: the stock at the beginning, and the stories."""

    stock: Mapping[str, int]
    stories: tuple[Story, ...]


def read_book(path: Path = INPUT) -> Book:
    """Return what is in a JSON file."""
    return msgspec.json.decode(path.read_bytes(), type=Book)


async def main(journal: Path) -> None:
    """Play all stories at once, print how they end, and the picture of the one in which no payment came."""
    book = read_book()
    quick = checkout_workflow(Warehouse(dict(book.stock)), patience=timedelta(milliseconds=300))
    async with Runtime(SqliteJournal(journal), [quick]) as runtime:
        instances = await asyncio.gather(*(play(runtime, quick, story, [PAYMENT]) for story in book.stories))
        for story, instance in zip(book.stories, instances, strict=True):
            ending = ending_of(await instance.result())
            print(f"{story.id}: {story.about}: {ending.type}")
        entries = await (await runtime.instance(quick, "forgotten")).history()
    print(to_text(draw(quick, progress=progress(quick, entries))), end="")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "checkout.db")))
