"""Which steps do the typing fixtures compose? Those of a small shop, written as a user would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Never
from uuid import UUID

import attrs
from psycopg import AsyncConnection, Connection
from returns.future import FutureResultE, future_safe
from returns.io import IOResultE, IOSuccess, impure_safe
from returns.maybe import Maybe, Nothing, Some
from returns.result import Failure, Result, Success

from wio import WIO, Caught, Done, GivenUp, Goto, Interrupted, Meeting, Query, Region, Signal, Stop, Task, pure


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


@attrs.frozen
class Cancelled:
    by: str


APPROVE = Signal("approve", request=Approve, response=str)
CANCEL = Signal("cancel", request=Approve, response=str, correlation=lambda request: request.by)
MORE = Signal("more", request=int, response=str)
PACK = Task("pack", input=int, output=Reserved)
INSPECT = Task("inspect", input=int, output=Reserved, error=Declined)
WHOLE = Region("whole", result=Shipped)
PARCEL = Meeting("parcel", brings=Reserved, needs={"box": 1, "item": 2})
BILL = Meeting("bill", brings=Charged, needs={"charge": 1})
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


def sold_out(order: Order, reserved: Reserved) -> Failure[OutOfStock]:
    return Failure(OutOfStock(order.number + reserved.number))


def sure(order: Order, reserved: Reserved) -> Success[int]:
    return Success(order.number + reserved.number)


def spelled_out(order: Order, reserved: Reserved) -> Success[int] | Failure[OutOfStock]:
    return sure(order, reserved) if order.number else sold_out(order, reserved)


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


def wait_for(caught: Caught[Order, OutOfStock]) -> Failure[Declined]:
    return Failure(Declined(f"{caught.error.number}"))


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


def again_of_either(order: Order, old: Reserved | Charged) -> Order:
    return Order(order.number + old.number)


def as_before(order: Order, _: None) -> Order:
    return order


def is_done(order: Order) -> bool:
    return order.number > 10


def number_found(order: Order) -> Maybe[int]:
    return Some(order.number) if order.number > 10 else Nothing


def is_reserved(reserved: Reserved) -> bool:
    return reserved.number > 10


def following_day(order: Order) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(order.number)


def next_mark(mark: int | str) -> int | str:
    return mark


def is_mark(mark: int | str) -> bool:
    return mark == "end"


def order_again(reserved: Reserved) -> Order:
    return Order(reserved.number)


def number_in(order: Order) -> int:
    return order.number


def yes_or_no(number: int) -> Success[int] | Failure[OutOfStock]:
    return Success(number) if number else Failure(OutOfStock(number))


def reserved_number(reserved: Reserved) -> int:
    return reserved.number


def declined_instead(error: OutOfStock) -> Declined:
    return Declined(str(error.number))


def reserved_instead(error: OutOfStock) -> WIO[Order, Declined, Reserved]:
    return pure(Reserved(error.number))


def out_or_declined(reserved: Reserved) -> WIO[Order, OutOfStock | Declined, int]:
    return pure(reserved.number)


def customer_of(order: Order) -> str:
    return f"customer {order.number}"


def cancelled(order: Order, request: Approve) -> Cancelled:
    return Cancelled(f"{request.by} of {order.number}")


def cancelled_or_out(order: Order, request: Approve) -> Result[Cancelled, OutOfStock]:
    return Success(Cancelled(request.by)) if order.number else Failure(OutOfStock(0))


def confirm(order: Order, request: Approve) -> str:
    return f"{request.by}: {order.number}"


def cancelled_number(order: Order, cancelled: Cancelled) -> int:
    return order.number + len(cancelled.by)


def thanks(order: Order, cancelled: Cancelled) -> str:
    return f"{order.number} {cancelled.by}"


def one_more(order: Order, request: int) -> int:
    return order.number + request


def one_more_if_there(order: Order, request: int) -> Result[int, OutOfStock]:
    return Success(request) if order.number else Failure(OutOfStock(request))


def thank_for_more(order: Order, request: int) -> str:
    return f"{order.number} {request}"


def first_branch_done(results: Mapping[str, object]) -> bool:
    return "first" in results


def seen_meanwhile(order: Order, latest: Mapping[str, object]) -> str:
    return f"{order.number}: {latest}"


def numbers(order: Order) -> list[int]:
    return list(range(order.number))


def always_one(_: object) -> int:
    return 1


def shown(value: int | str) -> str:
    return str(value)


def doubled(number: int) -> int:
    return 2 * number


def double_if_small(number: int, doubled: int) -> Result[int, Declined]:
    return Success(doubled) if number < 10 else Failure(Declined("large"))


def key_of(number: int) -> str:
    return f"item {number}"


def apologise_for(interrupted: Interrupted[Order, Cancelled]) -> str:
    return f"{interrupted.input.number} {interrupted.trigger.by}"


def note(interrupted: Interrupted[object, Cancelled]) -> None:
    print(interrupted.trigger.by)


def note_more(interrupted: Interrupted[Order, int]) -> None:
    print(interrupted.trigger)


def give_reason(interrupted: Interrupted[Order, Cancelled]) -> Result[str, Declined]:
    return Failure(Declined(interrupted.trigger.by))


def too_late(interrupted: Interrupted[Order, Order]) -> int:
    return interrupted.trigger.number


def too_late_error(interrupted: Interrupted[Order, Order]) -> Result[int, Declined]:
    return Failure(Declined(str(interrupted.trigger.number)))


def age_of_reserved(reserved: Reserved) -> timedelta:
    return timedelta(reserved.number)


def clean_up(interrupted: Interrupted[Order, None]) -> None:
    print(interrupted.input.number)


def release(done: Done[Order, Reserved]) -> None:
    print(done.input.number, done.output.number)


def release_anything(done: Done[object, Reserved]) -> None:
    print(done.output.number)


def unship(done: Done[Order, Shipped]) -> None:
    print(done.output.number)


def release_or_fail(done: Done[Order, Reserved]) -> Result[None, Declined]:
    return Failure(Declined(str(done.output.number)))


def go_on(order: Order) -> Goto[Order]:
    return Goto("paid", order)


def go_on_after(order: Order, reserved: Reserved) -> Goto[Order]:
    return Goto("paid", Order(order.number + reserved.number))


def end_or_go_back(order: Order) -> Goto[Order] | Stop[int]:
    return Stop(order.number) if order.number else Goto("new", order)


def end(order: Order) -> Stop[str]:
    return Stop(str(order.number))


def go_on_wrongly(order: Order) -> Goto[Reserved]:
    return Goto("paid", Reserved(order.number))


def end_or_go_on_wrongly(order: Order) -> Goto[Reserved] | Stop[int]:
    return Stop(order.number) if order.number else Goto("paid", Reserved(0))


def first_state(order: Order) -> str:
    return "new" if order.number else "paid"


def shipment(order: Order) -> Shipped:
    return Shipped(order.number)


def age(order: Order, at: datetime) -> float:
    return order.number + at.timestamp()


def number(order: Order) -> int:
    return order.number


def lucky(order: Order, number: float) -> bool:
    return number > order.number


def identified(order: Order, identity: UUID) -> str:
    return f"{order.number} {identity}"


def go_without(order: Order, problem: GivenUp) -> Result[str, OutOfStock]:
    return Success(problem.message) if order.number else Failure(OutOfStock(problem.attempts))


def go_without_always(order: Order, problem: GivenUp) -> Result[str, Never]:
    return Success(f"{order.number} {problem.type}")


def go_without_spelled_out(order: Order, problem: GivenUp) -> Success[str] | Failure[OutOfStock]:
    return Success(problem.message) if order.number else Failure(OutOfStock(problem.attempts))


def give_in(order: Order, problem: GivenUp) -> Success[str]:
    return Success(f"{order.number} {problem.type}")


def fail_with(order: Order, problem: GivenUp) -> Failure[Declined]:
    return Failure(Declined(f"{order.number} {problem.type}"))


def fail_with_annotated(order: Order, problem: GivenUp) -> Result[Never, Declined]:
    return fail_with(order, problem)


def give_up_perhaps(order: Order, problem: GivenUp) -> Maybe[int]:
    return Some(order.number + problem.attempts)


def give_up_outside(order: Order, problem: GivenUp) -> IOResultE[int]:
    return IOSuccess(order.number + problem.attempts)


def countdown(again: WIO[Order, OutOfStock, int]) -> WIO[Order, OutOfStock, int]:
    return again


def packed(brought: Mapping[str, tuple[Reserved, ...]]) -> int:
    return len(brought)


def packed_or_out(brought: Mapping[str, tuple[Reserved, ...]]) -> Result[int, OutOfStock]:
    return Success(len(brought))


def billed_or_declined(brought: Mapping[str, tuple[Charged, ...]]) -> Result[int, Declined]:
    return Success(len(brought))


async def book(order: Order, connection: AsyncConnection[Any]) -> Reserved:
    await connection.execute("INSERT INTO booked VALUES (%s)", [order.number])
    return Reserved(order.number)


@future_safe
async def book_future(order: Order, connection: AsyncConnection[Any]) -> Reserved:
    return await book(order, connection)


def book_at_once(order: Order, connection: Connection[Any]) -> Reserved:
    connection.execute("INSERT INTO booked VALUES (%s)", [order.number])
    return Reserved(order.number)
