"""Wrong programs of several threads, states and watchers. Both checkers must report each marked line, and no other.

mypy finds a branch of another input where the program is put to use: its inputs have nothing in common, so it takes
none. That is why such lines go on from `start`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Never

from returns.maybe import Maybe

from tests.typing import shop
from tests.typing.shop import (
    BILL,
    CANCEL,
    INSPECT,
    MORE,
    PACK,
    PARCEL,
    WHOLE,
    Cancelled,
    Charged,
    Declined,
    Order,
    OutOfStock,
    Reserved,
)
from wio import (
    WIO,
    Meeting,
    Region,
    Rest,
    Retry,
    Task,
    Workflow,
    alongside,
    arrive,
    call,
    check,
    compute,
    critical,
    decline,
    during,
    fail,
    first_of,
    for_each,
    gather,
    handle_signal,
    hold,
    interrupt,
    leave,
    machine,
    meet,
    multi_merge,
    new_uuid,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    race,
    random_number,
    receive_signal,
    recursive,
    region,
    retrying,
    run_in_transaction,
    run_io,
    saga,
    scope,
    set_attributes,
    state,
    task,
    timeout,
    undoable,
    when,
)

start = compute(shop.order_again)
reserved = run_io(shop.reserve, shop.in_stock)
charged = run_io(shop.charge, shop.is_paid)
counted = run_io(shop.number_in)
large = run_io(shop.is_large)
heavy = compute(shop.is_heavy)
cancel = receive_signal(CANCEL, shop.cancelled, respond=shop.confirm)

# Parallel

branch_of_another_input = start >> parallel(counted, heavy)  # must fail
guard_of_another_input = start >> parallel(counted, when(shop.is_heavy) >> heavy)  # must fail
body_of_another_input = parallel(counted, when(shop.is_large) >> heavy)  # must fail
sixth_of_another_input = start >> parallel(counted, large, counted, large, counted, heavy)  # must fail
not_a_branch = parallel(counted, 3)  # must fail
outputs_in_another_order: WIO[Order, Never, tuple[bool, int]] = parallel(counted, large)  # must fail
too_few_outputs: WIO[Order, Never, tuple[int]] = parallel(counted, large)  # must fail
error_forgotten: WIO[Order, Never, tuple[int, Reserved]] = parallel(counted, reserved)  # must fail
joined_is_maybe: WIO[Order, Never, tuple[int, bool]] = parallel(counted, large, join=1)  # must fail
guarded_is_maybe: WIO[Order, Never, tuple[int, bool]] = parallel(counted, when(shop.is_large) >> large)  # must fail
all_is_not_maybe: WIO[Order, Never, tuple[Maybe[int], Maybe[bool]]] = parallel(counted, large)  # must fail
wrong_join = parallel(counted, large, join="all")  # must fail
wrong_join_function = parallel(counted, large, join=shop.is_large)  # must fail
wrong_rest = parallel(counted, large, join=1, rest="cancel")  # must fail
wrong_merge = parallel(counted, large, merge=shop.number_of)  # must fail
unknown_option = parallel(counted, large, joined=1)  # must fail

# Multi-merge

continued_from_another_output = multi_merge(counted, large, each=heavy)  # must fail
second_output_refused = multi_merge(counted, start, each=compute(shop.doubled))  # must fail
merged_outputs: WIO[Order, Never, tuple[str, ...]] = multi_merge(counted, each=compute(shop.doubled))  # must fail
error_of_the_tail: WIO[Order, Never, tuple[int, ...]] = multi_merge(counted, each=fail("x"))  # must fail
without_a_tail = multi_merge(counted, large)  # must fail

# One of several

racing_another_input = start >> race(counted, heavy)  # must fail
race_of_others: WIO[Order, Never, int] = race(counted, large, reserved)  # must fail
first_of_another_input = start >> first_of(cancel, heavy)  # must fail
first_of_others: WIO[Order, Never, Cancelled] = first_of(cancel, counted)  # must fail
guarded_choice = first_of(cancel, when(shop.is_large) >> counted)  # must fail
race_with_a_rest = race(counted, large, rest=Rest.CANCEL)  # must fail
guarded_race = race(counted, when(shop.is_large) >> counted)  # must fail

# For each

wrong_element = for_each(shop.numbers, counted)  # must fail
no_collection = for_each(shop.number_in, compute(shop.doubled))  # must fail
wrong_key = for_each(shop.numbers, compute(shop.doubled), key=shop.doubled)  # must fail
wrong_element_type = for_each(shop.numbers, compute(shop.doubled), element=str)  # must fail
wrong_addition = for_each(shop.numbers, compute(shop.doubled), add=cancel)  # must fail
wrong_bound = for_each(shop.numbers, compute(shop.doubled), at_once="2")  # must fail
wrong_results: WIO[Order, Never, list[int]] = for_each(shop.numbers, compute(shop.doubled))  # must fail
wrong_finish = start >> for_each(shop.numbers, compute(shop.doubled), finish=charged)  # must fail

# Named states

state_without_end = state("new", counted)  # must fail
state_for_another_input = state("new", compute(shop.go_on_wrongly))  # must fail
state_for_another_input_2 = state("new", compute(shop.end_or_go_on_wrongly))  # must fail
new = state("new", compute(shop.go_on), to="paid")
paid = state("paid", compute(shop.end_or_go_back), to="new")
wrong_target = state("new", compute(shop.go_on), to=3)  # must fail
wrong_start = machine(new | paid, start=shop.number_in)  # must fail
start_of_another_input = machine(new | paid, start=shop.is_heavy)  # must fail
wrong_result: WIO[Order, Never, str] = machine(new | paid, start="new")  # must fail
no_state = machine(counted, start="new")  # must fail

# Scopes

wrong_trigger_type = interrupt(cancel, compute(shop.too_late))  # must fail
wrong_trigger_type_alongside = alongside(cancel, compute(shop.too_late))  # must fail
handler_without_interrupted = interrupt(cancel, counted)  # must fail
handler_of_cancel_that_fails = on_cancel(check(shop.too_late_error))  # must fail
handler_is_no_program = interrupt(cancel, shop.note)  # must fail
no_handler = scope(counted, cancel)  # must fail
scope_of_another_input = start >> scope(heavy, interrupt(cancel))  # must fail
another_scope: WIO[Order, Never, int] = scope(counted, interrupt(cancel))  # must fail
error_of_handler: WIO[Order, Never, int | str] = scope(counted, interrupt(cancel, check(shop.give_reason)))  # must fail
wrong_duration = timeout(counted, 3)  # must fail
duration_of_another_input = start >> timeout(counted, shop.age_of_reserved)  # must fail
wrong_otherwise = start >> timeout(counted, timedelta(1), compute(shop.apologise_for))  # must fail
otherwise_without_interrupted = timeout(counted, timedelta(1), run_io(shop.number_in))  # must fail: Interrupted[Order
otherwise_without_interrupted_2 = timeout(counted, timedelta(1), task(PACK, shop.number_in))  # must fail: Interrupted
may_time_out: WIO[Order, Never, int] = timeout(counted, timedelta(1))  # must fail

# Parts that are not one subtree

wrong_region = region(WHOLE, counted)  # must fail
wrong_leave = leave(WHOLE, shop.number_in)  # must fail
leaving_ends_nothing: WIO[Order, Never, int] = leave(WHOLE, shop.shipment)  # must fail
region_of_no_type = Region("whole", result=3)  # must fail
wrong_critical: WIO[Order, Never, str] = critical("stock", counted)  # must fail
wrong_lock = critical(3, counted)  # must fail
wrong_hold: WIO[Order, Never, str] = hold("open", counted)  # must fail
wrong_during = start >> during("open", counted, otherwise=heavy)  # must fail
may_be_over: WIO[Order, Never, int] = during("open", counted, otherwise=pure("x"))  # must fail

# Meetings

brings_another = counted >> arrive(PARCEL, "item")  # must fail
meets_without_brought = meet(PARCEL, counted)  # must fail
meets_of_another = meet(BILL, compute(shop.packed))  # must fail
declines_no_meeting = decline(WHOLE, "item")  # must fail
declining_party_is_no_name = decline(PARCEL, 1)  # must fail
after_decline = counted >> decline(PARCEL, "item") >> heavy  # must fail
party_is_no_name = arrive(PARCEL, 1)  # must fail
needs_no_numbers = Meeting("parcel", brings=int, needs=["box"])  # must fail
brings_no_type = Meeting("parcel", needs={"box": 1})  # must fail
error_of_meeting: WIO[Order, Never, int] = gather(counted, meet(PARCEL, check(shop.packed_or_out)))  # must fail
no_meeting = gather(counted, counted)  # must fail
wrong_gather: WIO[Order, Never, Reserved] = gather(counted, meet(PARCEL, compute(shop.packed)))  # must fail

# Undoing

undo_of_another_output = undoable(reserved, run_io(shop.unship))  # must fail
undo_of_another_input = undoable(charged, run_io(shop.release))  # must fail
undo_that_can_fail = undoable(reserved, check(shop.release_or_fail))  # must fail
undo_without_done = undoable(reserved, counted)  # must fail
wrong_saga: WIO[Order, Never, Reserved] = saga(undoable(reserved, pure(None)))  # must fail

# Retries

retry = Retry(attempts=3)
wrong_policy = retrying(counted, 3)  # must fail
no_classes = Retry(on="OSError")  # must fail
no_tuple = Retry(on=OSError)  # must fail
no_failing_class = Retry(fail_on=(OSError(),))  # must fail
no_duration = Retry(attempt_timeout=5)  # must fail
nothing_exceeded = Retry(exceeded="fail")  # must fail
wrong_give_up = retrying(reserved, retry, shop.in_stock)  # must fail
give_up_of_another_input = retrying(charged, retry, shop.go_without)  # must fail
error_of_give_up: WIO[Order, Never, int | str] = retrying(counted, retry, shop.go_without)  # must fail
perhaps = retrying(counted, retry, shop.give_up_perhaps)  # must fail: expected "Callable[[Order, GivenUp], AnyResult]"
outside = retrying(counted, retry, shop.give_up_outside)  # must fail
error_of_give_up_2: WIO[Order, OutOfStock, Reserved | str] = retrying(reserved, retry, shop.fail_with)  # must fail
error_of_give_up_3: WIO[Order, Never, int | str] = retrying(counted, retry, shop.go_without_spelled_out)  # must fail
output_of_give_up_2: WIO[Order, OutOfStock, int] = retrying(counted, retry, shop.go_without_spelled_out)  # must fail
output_of_give_up: WIO[Order, OutOfStock, int] = retrying(counted, retry, shop.go_without)  # must fail

# Tasks

wrong_send = task(PACK, shop.customer_of)  # must fail
wrong_task_output = task(PACK, shop.number_in, shop.is_paid)  # must fail
handler_of_another_input = start >> task(PACK, shop.number_in, shop.is_paid)  # must fail
error_of_task: WIO[Order, Never, Reserved] = task(INSPECT, shop.number_in)  # must fail
error_of_task_2: WIO[Order, OutOfStock, Reserved] = task(INSPECT, shop.number_in, shop.in_stock)  # must fail
wrong_receiver = start >> task(PACK, shop.number_in, to=shop.is_heavy)  # must fail
no_task = task(CANCEL, shop.number_in)  # must fail
task_without_output = Task("pack", input=int)  # must fail

# Signals of one key

wrong_match = receive_signal(CANCEL, shop.cancelled, respond=shop.confirm, match=shop.number_in)  # must fail
fold = shop.cancelled_number
match = shop.text_of
match_of_another = start >> handle_signal(CANCEL, shop.cancelled, fold, respond=shop.thanks, match=match)  # must fail
wrong_request = receive_signal(MORE, shop.cancelled, respond=shop.confirm)  # must fail

# What is drawn once

wrong_time = now(shop.lucky)  # must fail
wrong_number = random_number(shop.age)  # must fail
wrong_identity = new_uuid(shop.age)  # must fail
wrong_drawn: WIO[Order, Never, int] = now()  # must fail

# What is published

message_of_another = charged >> publish("orders", shop.number_in)  # must fail
topic_that_is_none = publish(shop.number_in, shop.number_in)  # must fail
# What an instance is found by

wrong_value = set_attributes(numbers=[1, 2])  # must fail
wrong_function = set_attributes(order=shop.reserve)  # must fail
attribute_of_another = reserved >> set_attributes(number=shop.number)  # must fail

# Calls

workflow = Workflow("order", version=1, input=Order, root=reserved)
wrong_call = charged >> call(workflow)  # must fail
error_of_call: WIO[Order, Declined, Reserved] = call(workflow)  # must fail
call_of_a_program = call(reserved)  # must fail
wrong_recursion: WIO[Charged, OutOfStock, int] = recursive("down", shop.countdown)  # must fail
not_recursive = recursive("down", shop.number_in)  # must fail

# In a transaction

without_connection = run_in_transaction(shop.reserve_soon)  # must fail
not_awaited = run_in_transaction(shop.book_at_once)  # must fail
wrong_booked = run_in_transaction(shop.book, shop.is_paid)  # must fail
error_of_booking: WIO[Order, Never, Reserved] = run_in_transaction(shop.book, shop.in_stock)  # must fail
booked_after = charged >> run_in_transaction(shop.book)  # must fail
with_a_connection = run_io(shop.book)  # must fail
