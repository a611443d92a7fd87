"""Wrong checkpoints. Both checkers must report each marked line, and no other.

A narrower type they cannot tell apart: see `docs/operators/checkpoint.md`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Never

from tests.typing import shop
from tests.typing.shop import Charged, Order, OutOfStock, Reserved
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
states = new | paid
pause = wait(timedelta(days=1))
again = compute(shop.order_again)

# Around a part

wrong_result = checkpoint(reserved, result=Charged)  # must fail
no_result = checkpoint(reserved)  # must fail
result_is_no_type = checkpoint(reserved, result=3)  # must fail
result_is_true = checkpoint(reserved, result=True)  # must fail
result_of_input = checkpoint(reserved, result=Order)  # must fail
wider_result = checkpoint(reserved, result=object)  # must fail
number_as_float = checkpoint(compute(shop.number_in), result=float)  # must fail
other_elements = checkpoint(compute(shop.numbers), result=list[str])  # must fail
wrong_union = checkpoint(reserved, result=Order | Charged)  # must fail
wider_union = checkpoint(reserved, result=Reserved | None)  # must fail
half_of_union = checkpoint(either, result=Reserved | Charged)  # must fail
constant = checkpoint(pure(3), result=str)  # must fail
around_no_program = checkpoint(shop.number_in, result=int)  # must fail
wrong_order = charged >> checkpoint(reserved, result=Reserved)  # must fail
error_of_checkpoint: WIO[Order, Never, Reserved] = checkpoint(reserved, result=Reserved)  # must fail

# In a loop

wrong_round = loop(round_, until=shop.is_done, checkpoint=Reserved)  # must fail
round_is_no_type = loop(round_, until=shop.is_done, checkpoint=True)  # must fail
wrong_union_of_rounds = loop(round_, until=shop.is_done, checkpoint=Reserved | Charged)  # must fail
wider_round = loop(round_, until=shop.is_done, checkpoint=Order | None)  # must fail
end_of_loop = loop(round_, until=shop.number_found, checkpoint=int)  # must fail
wrong_behind_wait = pause >> loop(round_, until=shop.is_done, back=pause, checkpoint=Reserved)  # must fail
wrong_behind_wait_2 = pause >> loop(round_, until=shop.number_found, back=pause, checkpoint=int)  # must fail
wrong_behind_wait_3 = loop(reserved, until=shop.is_reserved, back=pause).named("poll")  # must fail
output_of_body = loop(reserved, until=shop.is_reserved, back=again, checkpoint=Reserved)  # must fail
wrong_repetition = repeat_while(shop.is_small, round_, checkpoint=Reserved)  # must fail
wrong_repetition_2 = repeat_while(shop.is_small, round_, checkpoint=Order | Reserved)  # must fail

# In a machine

wrong_state = machine(states, start="new", checkpoint=Reserved)  # must fail
wrong_states = machine(new, paid, start="new", checkpoint=int)  # must fail
wrong_union_of_states = machine(states, start="new", checkpoint=Order | int)  # must fail
state_is_no_type = machine(states, start="new", checkpoint="order")  # must fail

# What an older version has recorded

wrong_event = recovered("reserve", event=Charged, handler=shop.again)  # must fail
wrong_union_of_events = recovered("reserve", event=Reserved | Charged, handler=shop.again)  # must fail
another_value = recovered("reserve", event=Reserved, handler=shop.number_of)  # must fail
no_event = recovered("reserve", handler=shop.again)  # must fail
event_is_no_type = recovered("reserve", event=3, handler=shop.again)  # must fail
of_another_input: WIO[Reserved, OutOfStock, Order] = recovered("r", event=Reserved, handler=shop.again)  # must fail
