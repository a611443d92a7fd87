"""Right programs with child instances. Both checkers must accept each line, and infer what is asserted."""

from __future__ import annotations

from typing import Never, assert_type

from tests.typing import shop
from tests.typing.shop import Charged, Declined, Order, OutOfStock, Reserved
from wio import WIO, ParentClose, Workflow, child, compute, pure, run_io, start_child

reserved = run_io(shop.reserve, shop.in_stock)
counting = Workflow("counting", version=1, input=Order, root=compute(shop.number_in))
reserving = Workflow("reserving", version=1, input=Order, root=reserved)
paying = Workflow("paying", version=1, input=Order, root=reserved >> run_io(shop.charge, shop.is_paid))
unit = Workflow("unit", version=1, input=Order, root=pure(None))

assert_type(counting, Workflow[Order, Never, int])
assert_type(child(counting, result=int), WIO[Order, Never, int])
assert_type(child(counting, result=int, id=shop.customer_of, on_close=ParentClose.WAIT), WIO[Order, Never, int])
assert_type(child(counting, result=int, input=shop.order_again), WIO[Reserved, Never, int])
assert_type(child(unit, result=type(None)), WIO[Order, Never, None])
assert_type(child(reserving, result=Reserved, error=OutOfStock), WIO[Order, OutOfStock, Reserved])
assert_type(child(paying, result=Charged, error=OutOfStock | Declined), WIO[Order, OutOfStock | Declined, Charged])
assert_type(
    child(reserving, result=Reserved, error=OutOfStock, input=shop.order_again), WIO[Reserved, OutOfStock, Reserved]
)
assert_type(
    reserved >> child(counting, result=int, input=shop.order_again, id=lambda got: f"{got.number}"),
    WIO[Order, OutOfStock, int],
)
assert_type(start_child(paying), WIO[Order, Never, Order])
assert_type(start_child(paying, input=shop.order_again, name="pay"), WIO[Reserved, Never, Reserved])
assert_type(reserved >> start_child(counting, input=shop.order_again), WIO[Order, OutOfStock, Reserved])
