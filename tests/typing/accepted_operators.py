"""Right programs of several threads, states and watchers, and the types that both checkers infer for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Never, assert_type
from uuid import UUID

from returns.maybe import Maybe
from returns.result import Failure, Success

from tests.typing import shop
from tests.typing.shop import (
    APPROVE,
    BILL,
    CANCEL,
    INSPECT,
    MORE,
    PACK,
    PARCEL,
    WHOLE,
    Approve,
    Cancelled,
    Charged,
    Declined,
    Order,
    OutOfStock,
    Reserved,
    Shipped,
)
from wio import (
    WIO,
    Exceeded,
    Goto,
    On,
    Region,
    Rest,
    Retry,
    Signal,
    Signed,
    States,
    Stop,
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
    wait,
    when,
    when_some,
)

reserved = run_io(shop.reserve, shop.in_stock)
charged = run_io(shop.charge, shop.is_paid)
declined = (reserved >> charged).named("declined")
counted = run_io(shop.number_in)
large = run_io(shop.is_large, name="ask")
texts = compute(shop.customer_of)
counted_2 = counted.named("count again")
large_2 = large.named("ask again")
cancel = receive_signal(CANCEL, shop.cancelled, respond=shop.confirm)
cancel_or_fail = receive_signal(CANCEL, shop.cancelled_or_out, respond=shop.confirm)

# Parallel: plain outputs in the order of the branches

assert_type(parallel(counted, large), WIO[Order, Never, tuple[int, bool]])
assert_type(parallel(counted, pure("x")), WIO[Order, Never, tuple[int, str]])
assert_type(parallel(reserved, counted), WIO[Order, OutOfStock, tuple[Reserved, int]])
assert_type(parallel(counted, reserved), WIO[Order, OutOfStock, tuple[int, Reserved]])
assert_type(
    parallel(reserved, declined, counted),
    WIO[Order, OutOfStock | Declined, tuple[Reserved, Charged, int]],
)
assert_type(parallel(counted, large, texts), WIO[Order, Never, tuple[int, bool, str]])
assert_type(parallel(counted, large, texts, counted_2), WIO[Order, Never, tuple[int, bool, str, int]])
assert_type(parallel(counted, large, texts, reserved), WIO[Order, OutOfStock, tuple[int, bool, str, Reserved]])
assert_type(
    parallel(counted, large, texts, counted_2, large_2),
    WIO[Order, Never, tuple[int, bool, str, int, bool]],
)
assert_type(
    parallel(reserved, large, texts, counted, declined),
    WIO[Order, OutOfStock | Declined, tuple[Reserved, bool, str, int, Charged]],
)
assert_type(
    parallel(counted, large, texts, counted_2, large_2, texts),
    WIO[Order, Never, tuple[int, bool, str, int, bool, str]],
)
assert_type(
    parallel(counted, large, texts, counted_2, large_2, declined),
    WIO[Order, OutOfStock | Declined, tuple[int, bool, str, int, bool, Charged]],
)
many = [counted, counted_2]
assert_type(parallel(*many), WIO[Order, Never, tuple[int, ...]])
assert_type(parallel(*[reserved]), WIO[Order, OutOfStock, tuple[Reserved, ...]])
assert_type(parallel(counted, pure(2), pure(3), pure(4), pure(5), pure(6), pure(7)), WIO[Order, Never, tuple[int, ...]])
assert_type(
    parallel(counted, large, merge=shop.seen_meanwhile, name="both", description="Looks twice."),
    WIO[Order, Never, tuple[int, bool]],
)
assert_type(
    parallel(counted, large, merge=lambda order, latest: (order.number, latest)), WIO[Order, Never, tuple[int, bool]]
)

# Multi-merge: the outputs are those of the continuation

twice = compute(shop.doubled)
as_text = compute(shop.shown)
assert_type(multi_merge(counted, counted_2, each=twice), WIO[Order, Never, tuple[int, ...]])
assert_type(multi_merge(counted, texts, each=as_text), WIO[Order, Never, tuple[str, ...]])
assert_type(multi_merge(counted, texts, large, each=as_text), WIO[Order, Never, tuple[str, ...]])
assert_type(multi_merge(counted, pure(3), each=twice), WIO[Order, Never, tuple[int, ...]])
assert_type(multi_merge(reserved, declined, each=pure(3)), WIO[Order, OutOfStock | Declined, tuple[int, ...]])
small = run_io(shop.doubled, shop.double_if_small, name="small")
assert_type(multi_merge(counted, counted_2, each=small), WIO[Order, Declined, tuple[int, ...]])
assert_type(
    multi_merge(reserved.map(shop.always_one), counted, each=small), WIO[Order, OutOfStock | Declined, tuple[int, ...]]
)
assert_type(multi_merge(counted, counted_2, each=wait(timedelta(1))), WIO[Order, Never, tuple[int, ...]])
assert_type(multi_merge(*[counted], each=twice), WIO[Order, Never, tuple[int, ...]])
assert_type(multi_merge(counted, counted_2, each=twice, join=1), WIO[Order, Never, tuple[Maybe[int], ...]])
assert_type(
    multi_merge(reserved, when(shop.is_large) >> declined, each=pure(3)),
    WIO[Order, OutOfStock | Declined, tuple[Maybe[int], ...]],
)

# Parallel: with a join, or with a guard, all outputs are `Maybe`

assert_type(parallel(counted, large, join=1), WIO[Order, Never, tuple[Maybe[int], Maybe[bool]]])
assert_type(
    parallel(reserved, declined, join=1, rest=Rest.CANCEL),
    WIO[Order, OutOfStock | Declined, tuple[Maybe[Reserved], Maybe[Charged]]],
)
assert_type(parallel(counted, large, join=shop.first_branch_done), WIO[Order, Never, tuple[Maybe[int], Maybe[bool]]])
assert_type(
    parallel(counted, large, join=lambda results: len(results) > 1), WIO[Order, Never, tuple[Maybe[int], Maybe[bool]]]
)
assert_type(parallel(*many, join=1), WIO[Order, Never, tuple[Maybe[int], ...]])
assert_type(parallel(when(shop.is_large) >> counted, large), WIO[Order, Never, tuple[Maybe[int], Maybe[bool]]])
assert_type(
    parallel(reserved, when(shop.is_large) >> large),
    WIO[Order, OutOfStock, tuple[Maybe[Reserved], Maybe[bool]]],
)
assert_type(
    parallel(when(shop.is_large) >> reserved, when_some(shop.reserved_before) >> charged),
    WIO[Order, OutOfStock | Declined, tuple[Maybe[Reserved], Maybe[Charged]]],
)
assert_type(
    parallel(when(shop.is_large) >> reserved, large, counted, join=2, rest=Rest.BLOCK),
    WIO[Order, OutOfStock, tuple[Maybe[Reserved], Maybe[bool], Maybe[int]]],
)
assert_type(
    parallel(when(shop.is_large) >> counted, large, texts),
    WIO[Order, Never, tuple[Maybe[int], Maybe[bool], Maybe[str]]],
)
assert_type(
    parallel(counted, large, texts, when(shop.is_small) >> reserved),
    WIO[Order, OutOfStock, tuple[Maybe[int], Maybe[bool], Maybe[str], Maybe[Reserved]]],
)
assert_type(
    parallel(counted, large, texts, counted_2, join=2),
    WIO[Order, Never, tuple[Maybe[int], Maybe[bool], Maybe[str], Maybe[int]]],
)
assert_type(
    parallel(counted, large, texts, counted_2, large_2, join=2),
    WIO[Order, Never, tuple[Maybe[int], Maybe[bool], Maybe[str], Maybe[int], Maybe[bool]]],
)
assert_type(
    parallel(counted, large, texts, reserved, declined, join=2),
    WIO[Order, OutOfStock | Declined, tuple[Maybe[int], Maybe[bool], Maybe[str], Maybe[Reserved], Maybe[Charged]]],
)
assert_type(
    parallel(counted, large, texts, counted_2, large_2, texts, join=2),
    WIO[Order, Never, tuple[Maybe[int], Maybe[bool], Maybe[str], Maybe[int], Maybe[bool], Maybe[str]]],
)
assert_type(
    parallel(reserved, large, texts, counted, declined, texts, join=2),
    WIO[
        Order,
        OutOfStock | Declined,
        tuple[Maybe[Reserved], Maybe[bool], Maybe[str], Maybe[int], Maybe[Charged], Maybe[str]],
    ],
)
assert_type(
    parallel(*(when(shop.is_large, name=f"{number}") >> counted for number in range(3))),
    WIO[Order, Never, tuple[Maybe[int], ...]],
)

# One of several

assert_type(race(counted, large), WIO[Order, Never, int | bool])
assert_type(race(reserved, declined), WIO[Order, OutOfStock | Declined, Reserved | Charged])
assert_type(race(counted, large, texts), WIO[Order, Never, int | bool | str])
assert_type(race(reserved, declined, texts), WIO[Order, OutOfStock | Declined, Reserved | Charged | str])
assert_type(race(counted, large, texts, reserved), WIO[Order, OutOfStock, int | bool | str | Reserved])
assert_type(race(counted, large, texts, texts, texts), WIO[Order, Never, int | bool | str])
assert_type(race(reserved, large, texts, texts, texts, texts), WIO[Order, OutOfStock, Reserved | bool | str])
assert_type(race(*many), WIO[Order, Never, int])
assert_type(first_of(cancel, counted), WIO[Order, Never, Cancelled | int])
assert_type(first_of(cancel, wait(timedelta(1)) >> texts), WIO[Order, Never, Cancelled | str])
assert_type(first_of(cancel_or_fail, declined), WIO[Order, OutOfStock | Declined, Cancelled | Charged])
assert_type(first_of(cancel, counted, texts), WIO[Order, Never, Cancelled | int | str])
assert_type(first_of(cancel, counted, texts, reserved), WIO[Order, OutOfStock, Cancelled | int | str | Reserved])
assert_type(first_of(cancel, counted, texts, texts, texts), WIO[Order, Never, Cancelled | int | str])
assert_type(
    first_of(cancel, counted, texts, texts, texts, declined),
    WIO[Order, OutOfStock | Declined, Cancelled | int | str | Charged],
)
assert_type(first_of(*many, name="any"), WIO[Order, Never, int])

# For each

double = run_io(shop.doubled)
double_small = run_io(shop.doubled, shop.double_if_small)
more = receive_signal(MORE, shop.one_more, respond=shop.thank_for_more)
more_or_fail = receive_signal(MORE, shop.one_more_if_there, respond=shop.thank_for_more)
assert_type(for_each(shop.numbers, double), WIO[Order, Never, dict[str, int]])
assert_type(for_each(shop.numbers, double_small), WIO[Order, Declined, dict[str, int]])
assert_type(
    for_each(shop.numbers, double, key=shop.key_of, join=1, rest=Rest.CANCEL, at_once=2, element=int),
    WIO[Order, Never, dict[str, int]],
)
assert_type(for_each(shop.numbers, double, merge=shop.seen_meanwhile), WIO[Order, Never, dict[str, int]])
assert_type(for_each(shop.numbers, double, key=lambda number: str(number)), WIO[Order, Never, dict[str, int]])
assert_type(for_each(shop.numbers, double, add=more), WIO[Order, Never, dict[str, int]])
assert_type(for_each(shop.numbers, double, add=more, finish=cancel), WIO[Order, Never, dict[str, int]])
assert_type(for_each(shop.numbers, double, finish=wait(timedelta(1))), WIO[Order, Never, dict[str, int]])
assert_type(for_each(shop.numbers, double, add=more_or_fail), WIO[Order, OutOfStock, dict[str, int]])
assert_type(for_each(shop.numbers, double_small, add=more_or_fail), WIO[Order, Declined | OutOfStock, dict[str, int]])
assert_type(for_each(shop.numbers, double, add=more, finish=cancel_or_fail), WIO[Order, OutOfStock, dict[str, int]])
assert_type(
    for_each(shop.numbers, double_small, finish=cancel_or_fail), WIO[Order, Declined | OutOfStock, dict[str, int]]
)
assert_type(
    for_each(shop.numbers, for_each(range, double_small), add=more, finish=cancel),
    WIO[Order, Declined, dict[str, dict[str, int]]],
)

# Named states

new = state("new", run_io(shop.reserve, shop.go_on_after), to="paid")
paid = state("paid", run_io(shop.end_or_go_back), to=["new"])
shipped = state("shipped", reserved >> wait(timedelta(1)) >> compute(shop.order_again) >> compute(shop.end))
assert_type(new, States[Order, Never, Never])
assert_type(paid, States[Order, Never, int])
assert_type(shipped, States[Order, OutOfStock, str])
assert_type(new | paid, States[Order, Never, int])
assert_type(machine(new | paid | shipped, start="new"), WIO[Order, OutOfStock, int | str])
assert_type(machine(new | paid, start=shop.first_state), WIO[Order, Never, int])
assert_type(machine(new, paid, start="new", name="order", description="Goes."), WIO[Order, Never, int])
assert_type(machine(state("new", compute(shop.go_on)), paid, start="new"), WIO[Order, Never, int])
assert_type(Goto("new", 3), Goto[int])
assert_type(Stop("x"), Stop[str])

# Scopes

assert_type(interrupt(cancel), On[Order, Never, Cancelled])
assert_type(interrupt(cancel, compute(shop.apologise_for)), On[Order, Never, str])
assert_type(interrupt(cancel, check(shop.give_reason)), On[Order, Declined, str])
assert_type(interrupt(cancel_or_fail, check(shop.give_reason)), On[Order, OutOfStock | Declined, str])
assert_type(alongside(cancel, compute(shop.note)), On[Order, Never, Never])
assert_type(alongside(cancel_or_fail, run_io(shop.note)), On[Order, OutOfStock, Never])
assert_type(alongside(cancel_or_fail, check(shop.give_reason)), On[Order, OutOfStock | Declined, Never])
assert_type(on_cancel(run_io(shop.clean_up)), On[Order, Never, Never])
assert_type(on_cancel(pure(None)), On[object, Never, Never])
assert_type(scope(counted, interrupt(cancel)), WIO[Order, Never, int | Cancelled])
assert_type(scope(reserved, interrupt(cancel, pure("gone"))), WIO[Order, OutOfStock, Reserved | str])
assert_type(scope(counted, interrupt(cancel, check(shop.give_reason)), name="guarded"), WIO[Order, Declined, int | str])
assert_type(
    scope(counted, interrupt(cancel), alongside(more, compute(shop.note_more)), name="guarded", description="Guards."),
    WIO[Order, Never, int | Cancelled],
)
assert_type(
    scope(reserved, interrupt(cancel, check(shop.give_reason)), on_cancel(run_io(shop.clean_up))),
    WIO[Order, OutOfStock | Declined, Reserved | str],
)
assert_type(
    scope(counted, interrupt(cancel), interrupt(texts, name="b"), on_cancel(pure(None))),
    WIO[Order, Never, int | Cancelled | str],
)
assert_type(
    scope(counted, interrupt(reserved, name="a"), interrupt(declined, name="b"), on_cancel(pure(None))),
    WIO[Order, OutOfStock | Declined, int | Reserved | Charged],
)
assert_type(
    scope(counted, interrupt(cancel), interrupt(texts, name="b"), on_cancel(pure(None)), interrupt(large, name="c")),
    WIO[Order, Never, int | Cancelled | str | bool],
)
assert_type(
    scope(counted, interrupt(cancel), interrupt(texts, name="b"), on_cancel(pure(None)), interrupt(declined, name="c")),
    WIO[Order, OutOfStock | Declined, int | Cancelled | str | Charged],
)
assert_type(
    scope(counted, *[interrupt(cancel, name=f"{number}") for number in range(5)]), WIO[Order, Never, int | Cancelled]
)
assert_type(timeout(counted, timedelta(1)), WIO[Order, Never, int | Order])
assert_type(timeout(reserved, lambda order: timedelta(order.number)), WIO[Order, OutOfStock, Reserved | Order])
assert_type(timeout(counted, timedelta(1), compute(shop.too_late)), WIO[Order, Never, int])
assert_type(
    timeout(counted, timedelta(1), task(PACK, shop.number_in).transform_input(lambda late: late.input)),
    WIO[Order, Never, int | Reserved],
)
assert_type(timeout(reserved, timedelta(1), pure("late"), name="soon"), WIO[Order, OutOfStock, Reserved | str])
assert_type(
    timeout(reserved, timedelta(1), check(shop.too_late_error)), WIO[Order, OutOfStock | Declined, Reserved | int]
)

# Parts that are not one subtree

assert_type(WHOLE, Region[Shipped])
assert_type(region(WHOLE, declined >> run_io(shop.ship)), WIO[Order, OutOfStock | Declined, Shipped])
assert_type(leave(WHOLE, shop.shipment), WIO[Order, Never, Order])
assert_type(critical("stock", reserved), WIO[Order, OutOfStock, Reserved])
assert_type(hold("open", reserved), WIO[Order, OutOfStock, Reserved])
assert_type(during("open", counted, otherwise=texts), WIO[Order, Never, int | str])
assert_type(during("open", counted, otherwise=reserved), WIO[Order, OutOfStock, int | Reserved])
assert_type(during("open", reserved, otherwise=declined), WIO[Order, OutOfStock | Declined, Reserved | Charged])
assert_type(during("open", counted, otherwise=wait(timedelta(1))), WIO[Order, Never, int | Order])

# Meetings

assert_type(arrive(PARCEL, "item"), WIO[Reserved, Never, Reserved])
assert_type(counted >> decline(PARCEL, "item"), WIO[Order, Never, int])
assert_type(decline(PARCEL, "item") >> counted, WIO[Order, Never, int])
assert_type(
    gather(reserved >> arrive(PARCEL, "box"), meet(PARCEL, compute(shop.packed))), WIO[Order, OutOfStock, Reserved]
)
assert_type(gather(counted, meet(PARCEL, compute(shop.packed))), WIO[Order, Never, int])
assert_type(gather(counted, meet(PARCEL, check(shop.packed_or_out))), WIO[Order, OutOfStock, int])
assert_type(
    gather(counted, meet(PARCEL, check(shop.packed_or_out)), meet(BILL, check(shop.billed_or_declined)), name="g"),
    WIO[Order, OutOfStock | Declined, int],
)

# Undoing

assert_type(undoable(reserved, run_io(shop.release)), WIO[Order, OutOfStock, Reserved])
assert_type(undoable(reserved, run_io(shop.release_anything)), WIO[Order, OutOfStock, Reserved])
assert_type(undoable(reserved, pure(None)), WIO[Order, OutOfStock, Reserved])
assert_type(saga(undoable(reserved, run_io(shop.release)) >> charged), WIO[Order, OutOfStock | Declined, Charged])

# Retries

retry = Retry(attempts=3)
assert_type(
    Retry(
        on=(OSError, TimeoutError),
        fail_on=(PermissionError,),
        attempt_timeout=timedelta(seconds=5),
        overall=timedelta(hours=1),
        exceeded=Exceeded.FAIL,
    ),
    Retry,
)
assert_type(retrying(reserved, retry), WIO[Order, OutOfStock, Reserved])
assert_type(retrying(counted, retry, shop.go_without), WIO[Order, OutOfStock, int | str])
assert_type(retrying(declined, retry, shop.go_without), WIO[Order, OutOfStock | Declined, Charged | str])
assert_type(retrying(counted, retry, shop.go_without_always), WIO[Order, Never, int | str])
assert_type(retrying(counted, retry, shop.go_without_spelled_out), WIO[Order, OutOfStock, int | str])
assert_type(retrying(declined, retry, shop.go_without_spelled_out), WIO[Order, OutOfStock | Declined, Charged | str])
assert_type(retrying(counted, retry, shop.give_in), WIO[Order, Never, int | str])
assert_type(retrying(reserved, retry, shop.give_in), WIO[Order, OutOfStock, Reserved | str])
assert_type(retrying(counted, retry, shop.fail_with), WIO[Order, Declined, int])
assert_type(retrying(reserved, retry, shop.fail_with), WIO[Order, OutOfStock | Declined, Reserved])
assert_type(retrying(reserved, retry, shop.fail_with_annotated), WIO[Order, OutOfStock | Declined, Reserved])
assert_type(retrying(counted, retry, lambda _, problem: Failure(Declined(problem.type))), WIO[Order, Declined, int])
assert_type(
    retrying(reserved, retry, lambda _, problem: Failure(Declined(problem.type))),
    WIO[Order, OutOfStock | Declined, Reserved],
)
assert_type(retrying(counted, retry, lambda _, problem: Success(problem.type)), WIO[Order, Never, int | str])
assert_type(retrying(reserved, retry, lambda _, problem: Success(problem.type)), WIO[Order, OutOfStock, Reserved | str])
assert_type(
    retrying(reserved, retry, lambda order, problem: Success(order.number) if order.number else Failure(problem.type)),
    WIO[Order, OutOfStock | str, Reserved | int],
)

# Tasks

assert_type(PACK, Task[int, Reserved, Never])
assert_type(INSPECT, Task[int, Reserved, Declined])
assert_type(task(PACK, shop.number_in), WIO[Order, Never, Reserved])
assert_type(task(PACK.signed, shop.number_in), WIO[Order, Never, Signed[Reserved]])
assert_type(task(PACK, shop.number_in, shop.number_of), WIO[Order, Never, int])
assert_type(task(PACK, shop.number_in, shop.in_stock), WIO[Order, OutOfStock, Reserved])
assert_type(task(INSPECT, shop.number_in), WIO[Order, Declined, Reserved])
assert_type(task(INSPECT, shop.number_in, shop.number_of), WIO[Order, Declined, int])
assert_type(task(INSPECT, shop.number_in, shop.in_stock), WIO[Order, Declined | OutOfStock, Reserved])
assert_type(task(PACK, shop.number_in, shop.sold_out), WIO[Order, OutOfStock, Never])
assert_type(task(INSPECT, shop.number_in, shop.spelled_out), WIO[Order, Declined | OutOfStock, int])
assert_type(task(PACK, shop.number_in, to="packers"), WIO[Order, Never, Reserved])
assert_type(task(PACK, shop.number_in, to=["ann", "bob"], name="p"), WIO[Order, Never, Reserved])
assert_type(task(PACK, shop.number_in, to={"role": "packer", "level": 3}), WIO[Order, Never, Reserved])
assert_type(task(PACK, shop.number_in, to=lambda _: Approve("ann")), WIO[Order, Never, Reserved])
assert_type(task(PACK, shop.number_in, to=shop.customer_of), WIO[Order, Never, Reserved])
assert_type(task(PACK, shop.number_in, shop.number_of, to=lambda order: order.number), WIO[Order, Never, int])

# Signals of one key

assert_type(CANCEL, Signal[Approve, str])
assert_type(
    receive_signal(CANCEL, shop.cancelled, respond=shop.confirm, match=shop.customer_of), WIO[Order, Never, Cancelled]
)
assert_type(
    receive_signal(CANCEL, shop.cancelled_or_out, respond=shop.confirm, match=lambda order: str(order.number)),
    WIO[Order, OutOfStock, Cancelled],
)
assert_type(
    handle_signal(CANCEL, shop.cancelled, shop.cancelled_number, respond=shop.thanks, match=shop.customer_of),
    WIO[Order, Never, int],
)
assert_type(
    handle_signal(APPROVE, shop.approve, shop.approved, respond=shop.thank, name="a", event=shop.Approved),
    WIO[Charged, Never, Charged],
)

# What is drawn once

assert_type(now(), WIO[object, Never, datetime])
assert_type(now(shop.age), WIO[Order, Never, float])
assert_type(random_number(), WIO[object, Never, float])
assert_type(random_number(shop.lucky), WIO[Order, Never, bool])
assert_type(new_uuid(), WIO[object, Never, UUID])
assert_type(new_uuid(shop.identified), WIO[Order, Never, str])
assert_type(reserved >> now(), WIO[Order, OutOfStock, datetime])

# What is published

assert_type(publish("orders", shop.number_in), WIO[Order, Never, Order])
assert_type(publish("orders", shop.number_in, name="tell", event=int), WIO[Order, Never, Order])
assert_type(reserved >> publish("reserved", shop.is_heavy), WIO[Order, OutOfStock, Reserved])
# What an instance is found by

assert_type(set_attributes(stage="new") >> reserved, WIO[Order, OutOfStock, Reserved])
assert_type(set_attributes(stage="new", number=shop.number), WIO[Order, Never, Order])
assert_type(reserved >> set_attributes(stage="reserved", old=None), WIO[Order, OutOfStock, Reserved])

# Calls

workflow = Workflow("order", version=1, input=Order, root=declined)
assert_type(call(workflow), WIO[Order, OutOfStock | Declined, Charged])
assert_type(recursive("down", shop.countdown), WIO[Order, OutOfStock, int])

# In a transaction

assert_type(run_in_transaction(shop.book), WIO[Order, Never, Reserved])
assert_type(run_in_transaction(shop.book_future), WIO[Order, Never, Reserved])
assert_type(run_in_transaction(shop.book, shop.number_of), WIO[Order, Never, int])
assert_type(run_in_transaction(shop.book_future, shop.number_of), WIO[Order, Never, int])
assert_type(run_in_transaction(shop.book, shop.in_stock), WIO[Order, OutOfStock, Reserved])
assert_type(run_in_transaction(shop.book_future, shop.in_stock), WIO[Order, OutOfStock, Reserved])
assert_type(run_in_transaction(shop.book, name="book", retry=Retry(attempts=3)), WIO[Order, Never, Reserved])
