"""Right checkpoints, and the types that both checkers infer for them without any annotation on the user's side."""

from __future__ import annotations

from datetime import timedelta
from typing import Never, assert_type

from tests.typing import shop
from tests.typing.shop import Charged, Declined, Order, OutOfStock, Reserved
from wio import (
    WIO,
    branch,
    checkpoint,
    compute,
    loop,
    machine,
    pure,
    recovered,
    repeat_while,
    run_io,
    state,
    wait,
    when,
)

reserved = run_io(shop.reserve, shop.in_stock)
charged = run_io(shop.charge, shop.is_paid)
round_ = run_io(shop.reserve, shop.again)
either = branch(when(shop.is_large) >> reserved, default=compute(shop.number_in))
new = state("new", run_io(shop.reserve, shop.go_on_after), to="paid")
paid = state("paid", run_io(shop.end_or_go_back), to=["new"])

# Around a part: the output as it is

assert_type(checkpoint(reserved, result=Reserved), WIO[Order, OutOfStock, Reserved])
assert_type(checkpoint(reserved >> charged, result=Charged, name="pay"), WIO[Order, OutOfStock | Declined, Charged])
assert_type(checkpoint(reserved >> wait(timedelta(1)), result=Reserved), WIO[Order, OutOfStock, Reserved])
assert_type(checkpoint(compute(shop.numbers), result=list[int]), WIO[Order, Never, list[int]])
assert_type(checkpoint(either, result=Reserved | int), WIO[Order, OutOfStock, Reserved | int])
assert_type(checkpoint(either, result=int | Reserved), WIO[Order, OutOfStock, Reserved | int])
assert_type(checkpoint(pure(3), result=int), WIO[object, Never, int])
assert_type(checkpoint(pure(None), result=type(None)), WIO[object, Never, None])
assert_type(reserved >> checkpoint(charged, result=Charged), WIO[Order, OutOfStock | Declined, Charged])
assert_type(checkpoint(checkpoint(reserved, result=Reserved), result=Reserved), WIO[Order, OutOfStock, Reserved])

# In a loop: what flows into each next round

assert_type(loop(round_, until=shop.is_done, checkpoint=Order), WIO[Order, Never, Order])
assert_type(loop(round_, until=shop.is_done, checkpoint=None), WIO[Order, Never, Order])
assert_type(loop(round_, until=shop.number_found, checkpoint=Order), WIO[Order, Never, int])
assert_type(loop(round_, until=shop.is_done, back=wait(timedelta(1)), checkpoint=Order), WIO[Order, Never, Order])
assert_type(loop(round_, until=shop.number_found, back=wait(timedelta(1)), checkpoint=Order), WIO[Order, Never, int])
assert_type(
    loop(reserved, until=shop.is_reserved, back=compute(shop.order_again), checkpoint=Order),
    WIO[Order, OutOfStock, Reserved],
)
assert_type(loop(pure(3), until=lambda number: number > 3), WIO[int, Never, int])
assert_type(loop(pure(3), until=lambda number: number > 3, checkpoint=int), WIO[int, Never, int])
assert_type(loop(compute(shop.next_mark), until=shop.is_mark, checkpoint=int | str), WIO[int | str, Never, int | str])
assert_type(repeat_while(shop.is_small, round_, checkpoint=Order), WIO[Order, Never, Order])
assert_type(repeat_while(shop.is_small, round_, checkpoint=None), WIO[Order, Never, Order])


def sometimes(kept: bool) -> None:
    kind = Order if kept else None
    assert_type(loop(round_, until=shop.is_done, checkpoint=kind), WIO[Order, Never, Order])
    assert_type(repeat_while(shop.is_small, round_, checkpoint=kind), WIO[Order, Never, Order])
    assert_type(machine(new | paid, start="new", checkpoint=kind), WIO[Order, Never, int])


# In a machine: what flows from state to state

assert_type(machine(new | paid, start="new", checkpoint=Order), WIO[Order, Never, int])
assert_type(machine(new | paid, start=shop.first_state, checkpoint=None, name="m"), WIO[Order, Never, int])
assert_type(machine(new, paid, start="new", checkpoint=Order, description="Goes."), WIO[Order, Never, int])

# What an older version has recorded

assert_type(recovered("reserve", event=Reserved, handler=shop.again), WIO[Order, Never, Order])
assert_type(recovered("reserve", event=Reserved | Charged, handler=shop.again_of_either), WIO[Order, Never, Order])
assert_type(recovered("reserve", event=Reserved, handler=shop.again_of_either), WIO[Order, Never, Order])
assert_type(recovered("wait", event=type(None), handler=shop.as_before), WIO[Order, Never, Order])
assert_type(recovered("reserve", event=Reserved, handler=shop.again) >> reserved, WIO[Order, OutOfStock, Reserved])
