"""Wrong programs with child instances. Both checkers must report each marked line, and no other."""

from __future__ import annotations

from typing import Never

from tests.typing import shop
from tests.typing.shop import Declined, Order, OutOfStock, Reserved
from wio import WIO, Workflow, child, compute, pure, run_io, start_child

reserved = run_io(shop.reserve, shop.in_stock)
counting = Workflow("counting", version=1, input=Order, root=compute(shop.number_in))
reserving = Workflow("reserving", version=1, input=Order, root=reserved)

no_result_type = child(counting)  # must fail
wrong_result_type = child(counting, result=str)  # must fail
no_error_type = child(reserving, result=Reserved)  # must fail
wrong_error_type = child(reserving, result=Reserved, error=Declined)  # must fail
not_a_workflow = child(reserved, result=Reserved)  # must fail
wrong_input = child(counting, result=int, input=shop.number_in)  # must fail
wrong_id = child(counting, result=int, id=shop.number_in)  # must fail
wrong_policy = child(counting, result=int, on_close="cancel")  # must fail
child_of_another_input = reserved >> child(counting, result=int)  # must fail
output_of_child: WIO[Order, Never, str] = child(counting, result=int)  # must fail
error_of_child: WIO[Order, Declined, Reserved] = child(reserving, result=Reserved, error=OutOfStock)  # must fail
start_of_another_input = reserved >> start_child(counting)  # must fail
wrong_start_id = start_child(counting, id=shop.number_in)  # must fail
wrong_start_input = start_child(counting, input=shop.number_in)  # must fail
output_of_start: WIO[Order, Never, int] = start_child(counting)  # must fail
start_is_no_program = start_child(pure(3))  # must fail
