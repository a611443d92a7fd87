"""Wrong programs. Both checkers must report each marked line, and no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Never

from returns.result import Failure, Success

from interpreters import BlockingRuntime, Instance, Runtime
from interpreters.runtime.blocking import BlockingInstance
from interpreters.testing import SimulatedInstance
from tests.typing import shop
from tests.typing.shop import APPROVE, STATUS, Approve, Declined, Order, OutOfStock, Reserved, Shipped
from wio import (
    WIO,
    Workflow,
    branch,
    catch,
    check,
    compute,
    draft,
    handle_signal,
    loop,
    pure,
    query,
    repeat_while,
    run_io,
    wait,
    wait_until,
    when,
    when_some,
)

reserved = run_io(shop.reserve, shop.in_stock)
charged = run_io(shop.charge, shop.is_paid)
shipped = run_io(shop.ship)
order = reserved >> charged >> shipped
round_ = run_io(shop.reserve, shop.again)

# Sequences

wrong_order = charged >> reserved  # must fail
wrong_order_2 = reserved.and_then(shipped)  # must fail
wrong_after_wait = reserved >> wait(timedelta(1)) >> shipped  # must fail
wrong_before_wait = reserved >> (wait(timedelta(1)) >> shipped)  # must fail
not_a_program = reserved >> 3  # must fail
another_effect = run_io(shop.number_in) >> run_io(shop.charge)  # must fail: expected "Callable[[int], AnyEvent]"
another_effect_2 = run_io(shop.number_in) >> wait(timedelta(1)) >> run_io(shop.reserve_soon)  # must fail: AnyEvent
wrong_continuation = charged.flat_map(shop.next_program)  # must fail
wrong_environment = charged.bind(shop.same_environment)  # must fail
wrong_map = reserved.map(shop.ship)  # must fail
wrong_input = charged.transform_input(shop.ship)  # must fail
wrong_output = charged.transform_output(shop.number_of)  # must fail
wrong_function = reserved.apply(pure(shop.ship))  # must fail
wrong_name = reserved.named(3)  # must fail
wrong_value: WIO[Order, Never, str] = WIO.from_value(3)  # must fail
wrong_time = wait_until(timedelta(1))  # must fail
wrong_computed_time = wait_until(shop.is_large)  # must fail
time_of_another_input = charged >> wait_until(shop.following_day)  # must fail
after_wait_until = reserved >> wait_until(datetime(2026, 1, 1, tzinfo=UTC)) >> shipped  # must fail
after_draft = draft("pack", input=Order, output=Reserved) >> shipped  # must fail
before_draft = charged >> draft("pack", input=Order, output=Reserved)  # must fail
draft_without_output = draft("pack", input=Order)  # must fail
draft_of_no_type = draft("pack", input=Order, output=3)  # must fail
error_of_draft: WIO[Order, Never, int] = draft("pack", input=Order, output=int, error=OutOfStock)  # must fail

# Errors

unhandled: WIO[Order, Never, Shipped] = order  # must fail
half_handled: WIO[Order, Never, Shipped | str] = order.handle_error(catch(Declined, compute(shop.refund)))  # must fail
wrong_handler = order.handle_error(catch(OutOfStock, compute(shop.refund)))  # must fail
wrong_handler_of_all = order.handle_error(compute(shop.refund))  # must fail
wrong_change = charged.alt(shop.declined_instead)  # must fail
wrong_rescue = charged.lash(shop.reserved_instead)  # must fail
handler_of_another_input = charged.handle_error(catch(Declined, compute(shop.refund)))  # must fail

# Steps

wrong_event = run_io(shop.reserve, shop.is_paid)  # must fail
wrong_event_2 = run_io(shop.reserve_soon, shop.is_paid)  # must fail
after_handler = run_io(shop.reserve, shop.spelled_out) >> shipped  # must fail
after_check = reserved.map(shop.reserved_number) >> check(shop.yes_or_no) >> shipped  # must fail
error_of_handler: WIO[Order, Never, int] = run_io(shop.reserve, shop.spelled_out)  # must fail
output_of_handler: WIO[Order, OutOfStock, str] = run_io(shop.reserve, shop.spelled_out)  # must fail
error_of_check: WIO[Order, Never, int] = check(lambda o: Success(1) if o.number else Failure("none"))  # must fail
output_of_check: WIO[Order, str, str] = check(lambda o: Success(1) if o.number else Failure("none"))  # must fail
check_of_maybe = check(shop.reserved_before)  # must fail

# Signals and queries

wrong_request = handle_signal(APPROVE, shop.number_of, shop.count, respond=shop.thank)  # must fail
wrong_fold = handle_signal(APPROVE, shop.approve, shop.is_paid, respond=shop.thank)  # must fail
wrong_response = handle_signal(APPROVE, shop.approve, shop.count, respond=shop.count)  # must fail
wrong_answer = query(STATUS, shop.describe_number, order)  # must fail
wrong_state = query(STATUS, shop.describe_wrongly, order)  # must fail

# Choice and repetition

wrong_arms = when(shop.is_large) >> reserved | when(shop.is_heavy) >> charged  # must fail
wrong_arm = when(shop.is_large) >> charged  # must fail
wrong_default = branch(when(shop.is_large) >> reserved, default=charged)  # must fail
wrong_found = when_some(shop.reserved_before) >> shipped  # must fail
not_found = when_some(shop.is_large) >> reserved  # must fail
finds_in_another = branch(when_some(shop.reserved_before) >> charged, default=charged)  # must fail
may_not_match: WIO[Order, OutOfStock, Reserved] = branch(when(shop.is_large) >> reserved)  # must fail
wrong_round = loop(reserved, until=shop.is_reserved)  # must fail
wrong_way_back = loop(reserved, until=shop.is_reserved, back=shipped)  # must fail
wrong_question = loop(round_, until=shop.is_reserved)  # must fail
wrong_repetition = repeat_while(shop.is_large, reserved)  # must fail
wrong_condition = repeat_while(shop.is_heavy, round_)  # must fail

# Workflows and instances

wrong_root = Workflow("order", version=1, input=Reserved, root=order)  # must fail
workflow = Workflow("order", version=1, input=Order, root=order)


async def use(runtime: Runtime) -> None:
    await runtime.start(workflow, id="o", input=Reserved(3))  # must fail
    instance = await runtime.start(workflow, id="o", input=Order(3))
    await instance.signal(APPROVE, Order(3))  # must fail
    number: int = await instance.signal(APPROVE, Approve("me"))  # must fail
    answer: int = await instance.query(STATUS)  # must fail
    await instance.query(APPROVE)  # must fail
    await instance.signal(STATUS, Approve("me"))  # must fail
    print(number, answer)


def use_blocking(runtime: BlockingRuntime) -> None:
    instance = runtime.start(workflow, id="o", input=Reserved(3))  # must fail
    instance.signal(APPROVE, Order(3))  # must fail


def attach(instance: Instance[Declined, Shipped]) -> Instance[Never, Shipped]:
    return instance  # must fail


def attach_2(instance: Instance[Declined, object]) -> Instance[Declined, Shipped]:
    return instance  # must fail


def attach_blocking(instance: BlockingInstance[object, Shipped]) -> BlockingInstance[Declined, Shipped]:
    return instance  # must fail


def attach_simulated(instance: SimulatedInstance[Declined, object]) -> SimulatedInstance[Declined, Shipped]:
    return instance  # must fail


takes_anything: Workflow[object, object, object] = workflow  # must fail
ends_with_less: Workflow[Order, OutOfStock | Declined, Reserved] = workflow  # must fail
fails_with_less: Workflow[Order, OutOfStock, Shipped] = workflow  # must fail


def narrowed(program: WIO[Order, OutOfStock, object]) -> WIO[Order, OutOfStock, Shipped]:
    return program  # must fail


def widened(program: WIO[Order, Never, Shipped]) -> WIO[object, Never, Shipped]:
    return program  # must fail
