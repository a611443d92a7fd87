"""Which steps do the typing fixtures compose? Those of a small shop, written as a user would."""

from __future__ import annotations

import attrs
from returns.future import FutureResultE, future_safe
from returns.io import IOResultE, impure_safe
from returns.maybe import Maybe, Nothing, Some
from returns.result import Failure, Result, Success

from wio import WIO, Caught, Query, Signal, pure


@attrs.frozen
class Order:
    number: int


@attrs.frozen
class Reserved:
    number: int


@attrs.frozen
class Charged:
    number: int


@attrs.frozen
class Shipped:
    number: int


@attrs.frozen
class OutOfStock:
    number: int


@attrs.frozen
class Declined:
    reason: str


@attrs.frozen
class Approve:
    by: str


@attrs.frozen
class Approved:
    by: str


APPROVE = Signal("approve", request=Approve, response=str)
STATUS = Query("status", response=str)


def reserve(order: Order) -> Reserved:
    return Reserved(order.number)


async def reserve_soon(order: Order) -> Reserved:
    return Reserved(order.number)


@impure_safe
def reserve_io(order: Order) -> Reserved:
    return Reserved(order.number)


@future_safe
async def reserve_future(order: Order) -> Reserved:
    return Reserved(order.number)


def reserve_io_result(order: Order) -> IOResultE[Reserved]:
    return reserve_io(order)


def reserve_future_result(order: Order) -> FutureResultE[Reserved]:
    return reserve_future(order)


def in_stock(order: Order, reserved: Reserved) -> Result[Reserved, OutOfStock]:
    return Success(reserved) if order.number else Failure(OutOfStock(order.number))


def number_of(order: Order, reserved: Reserved) -> int:
    return order.number + reserved.number


def charge(reserved: Reserved) -> Charged:
    return Charged(reserved.number)


def is_paid(reserved: Reserved, charged: Charged) -> Result[Charged, Declined]:
    return Success(charged) if reserved.number else Failure(Declined("no"))


def ship(charged: Charged) -> Shipped:
    return Shipped(charged.number)


def approve(charged: Charged, request: Approve) -> Approved:
    return Approved(f"{request.by} for {charged.number}")


def thank(charged: Charged, approved: Approved) -> str:
    return f"thanks, {approved.by}: {charged.number}"


def approved(charged: Charged, approved: Approved) -> Charged:
    return Charged(charged.number + len(approved.by))


def count(charged: Charged, approved: Approved) -> int:
    return charged.number + len(approved.by)


def refund(caught: Caught[Order, Declined]) -> str:
    return caught.error.reason


def restock(caught: Caught[Order, OutOfStock]) -> int:
    return caught.error.number


def number_out(caught: Caught[object, OutOfStock]) -> int:
    return caught.error.number


def apologise(caught: Caught[Order, OutOfStock | Declined]) -> bool:
    return caught.input.number > 0


def is_large(order: Order) -> bool:
    return order.number > 100


def is_small(order: Order) -> bool:
    return order.number < 10


def reserved_before(order: Order) -> Maybe[Reserved]:
    return Some(Reserved(order.number)) if order.number else Nothing


def is_heavy(reserved: Reserved) -> bool:
    return reserved.number > 100


def shipped_number(shipped: Shipped) -> int:
    return shipped.number


def next_program(reserved: Reserved) -> WIO[Reserved, Declined, int]:
    return pure(reserved.number)


def same_environment(reserved: Reserved) -> WIO[Order, Declined, int]:
    return pure(reserved.number)


def text_of(number: int) -> str:
    return str(number)


def describe(state: Order | Reserved | Charged | Shipped | Approved) -> str:
    return repr(state)


def describe_number(state: Order | Reserved | Charged | Shipped) -> int:
    return state.number


def describe_wrongly(state: str) -> str:
    return state


def again(order: Order, reserved: Reserved) -> Order:
    return Order(order.number + reserved.number)


def is_done(order: Order) -> bool:
    return order.number > 10


def number_found(order: Order) -> Maybe[int]:
    return Some(order.number) if order.number > 10 else Nothing


def is_reserved(reserved: Reserved) -> bool:
    return reserved.number > 10


def order_again(reserved: Reserved) -> Order:
    return Order(reserved.number)


def number_in(order: Order) -> int:
    return order.number


def reserved_number(reserved: Reserved) -> int:
    return reserved.number


def out_or_declined(reserved: Reserved) -> WIO[Order, OutOfStock | Declined, int]:
    return pure(reserved.number)
