"""Right programs, and the types that both checkers infer for them without any annotation on the user's side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Never, assert_type

from returns.result import Failure, Result, Success

from interpreters import BlockingRuntime, Instance, Runtime
from interpreters.runtime.blocking import BlockingInstance
from interpreters.testing import SimulatedInstance, Simulation
from journals import InMemoryJournal
from tests.typing import shop
from tests.typing.shop import (
    APPROVE,
    STATUS,
    Approve,
    Charged,
    Declined,
    Order,
    OutOfStock,
    Reserved,
    Shipped,
)
from wio import (
    WIO,
    NoArmMatched,
    Workflow,
    branch,
    catch,
    check,
    compute,
    draft,
    fail,
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

# Effects of every kind, with handlers of every kind

assert_type(run_io(shop.reserve), WIO[Order, Never, Reserved])
assert_type(run_io(shop.reserve_soon), WIO[Order, Never, Reserved])
assert_type(run_io(shop.reserve_io), WIO[Order, Never, Reserved])
assert_type(run_io(shop.reserve_future), WIO[Order, Never, Reserved])
assert_type(run_io(shop.reserve_io_result), WIO[Order, Never, Reserved])
assert_type(run_io(shop.reserve_future_result), WIO[Order, Never, Reserved])

assert_type(run_io(shop.reserve, shop.number_of), WIO[Order, Never, int])
assert_type(run_io(shop.reserve_soon, shop.number_of), WIO[Order, Never, int])
assert_type(run_io(shop.reserve_io, shop.number_of), WIO[Order, Never, int])
assert_type(run_io(shop.reserve_future, shop.number_of), WIO[Order, Never, int])

reserved = run_io(shop.reserve, shop.in_stock)
assert_type(reserved, WIO[Order, OutOfStock, Reserved])
assert_type(run_io(shop.reserve_soon, shop.in_stock), WIO[Order, OutOfStock, Reserved])
assert_type(run_io(shop.reserve_io, shop.in_stock), WIO[Order, OutOfStock, Reserved])
assert_type(run_io(shop.reserve_future, shop.in_stock), WIO[Order, OutOfStock, Reserved])
assert_type(run_io(shop.reserve_io_result, shop.in_stock), WIO[Order, OutOfStock, Reserved])
assert_type(run_io(shop.reserve_future_result, shop.in_stock), WIO[Order, OutOfStock, Reserved])

# Handlers that always end in the same way, or say in which ways they may end

assert_type(run_io(shop.reserve, shop.sold_out), WIO[Order, OutOfStock, Never])
assert_type(run_io(shop.reserve_soon, shop.sold_out), WIO[Order, OutOfStock, Never])
assert_type(run_io(shop.reserve, shop.sure), WIO[Order, Never, int])
assert_type(run_io(shop.reserve, shop.spelled_out), WIO[Order, OutOfStock, int])
assert_type(run_io(shop.reserve_future, shop.spelled_out), WIO[Order, OutOfStock, int])

# Sequences widen the error channel

charged = run_io(shop.charge, shop.is_paid)
shipped = run_io(shop.ship)
assert_type(reserved >> charged, WIO[Order, OutOfStock | Declined, Charged])
assert_type(reserved.and_then(charged), WIO[Order, OutOfStock | Declined, Charged])
order = reserved >> charged >> shipped
assert_type(order, WIO[Order, OutOfStock | Declined, Shipped])
assert_type(reserved >> pure(3), WIO[Order, OutOfStock, int])
assert_type(reserved >> fail(Declined("no")), WIO[Order, OutOfStock | Declined, Never])
assert_type(compute(shop.is_large), WIO[Order, Never, bool])
assert_type(reserved.map(shop.charge), WIO[Order, OutOfStock, Charged])
assert_type(reserved.transform_output(shop.number_of), WIO[Order, OutOfStock, int])
assert_type(charged.transform_input(shop.reserve), WIO[Order, Declined, Charged])
assert_type(reserved.flat_map(shop.next_program), WIO[Order, OutOfStock | Declined, int])
assert_type(reserved.bind(shop.same_environment), WIO[Order, OutOfStock | Declined, int])
assert_type(order.named("order"), WIO[Order, OutOfStock | Declined, Shipped])
assert_type(reserved.apply(pure(shop.order_again)), WIO[Order, OutOfStock, Order])
assert_type(WIO.from_value(3), WIO[object, Never, int])
assert_type(draft("pack", input=Order, output=Reserved), WIO[Order, Never, Reserved])
assert_type(draft("pack", input=Order, output=Reserved, error=OutOfStock), WIO[Order, OutOfStock, Reserved])
assert_type(draft("pack", input=Order, output=Reserved) >> charged, WIO[Order, Declined, Charged])

# Waits pass the type on

assert_type(reserved >> wait(timedelta(1)), WIO[Order, OutOfStock, Reserved])
assert_type(reserved >> wait(timedelta(1)) >> charged, WIO[Order, OutOfStock | Declined, Charged])
assert_type(wait(timedelta(1)) >> reserved, WIO[Order, OutOfStock, Reserved])
assert_type(reserved >> wait(timedelta(1)) >> wait(timedelta(1)), WIO[Order, OutOfStock, Reserved])
assert_type(reserved >> (wait(timedelta(1)) >> wait(timedelta(1))), WIO[Order, OutOfStock, Reserved])
assert_type(reserved >> wait_until(datetime(2026, 1, 1, tzinfo=UTC)), WIO[Order, OutOfStock, Reserved])
assert_type(wait_until(shop.following_day), WIO[Order, Never, Order])
assert_type(reserved >> wait(timedelta(1)).named("cool down"), WIO[Order, OutOfStock, Reserved])
assert_type(reserved.and_then(wait(timedelta(1))), WIO[Order, OutOfStock, Reserved])

# Errors

assert_type(order.handle_error(catch(Declined, compute(shop.refund))), WIO[Order, OutOfStock, Shipped | str])
assert_type(order.handle_error(catch(OutOfStock, compute(shop.restock))), WIO[Order, Declined, Shipped | int])
assert_type(order.handle_error(compute(shop.apologise)), WIO[Order, Never, Shipped | bool])
assert_type(
    order.handle_error(catch(Declined, compute(shop.refund))).handle_error(catch(OutOfStock, compute(shop.restock))),
    WIO[Order, Never, Shipped | str | int],
)

assert_type(reserved.handle_error(catch(OutOfStock, pure("none"))), WIO[Order, Never, Reserved | str])
assert_type(order.handle_error(catch(OutOfStock, pure("none"))), WIO[Order, Declined, Shipped | str])
assert_type(order.handle_error(catch(OutOfStock, fail(3))), WIO[Order, Declined | int, Shipped])
assert_type(order.handle_error(catch(OutOfStock, compute(shop.number_out))), WIO[Order, Declined, Shipped | int])
assert_type(order.handle_error(pure(3)), WIO[Order, Never, Shipped | int])
assert_type(catch(OutOfStock, compute(shop.restock))(reserved), WIO[Order, Never, Reserved | int])
assert_type(reserved.handle_error(check(shop.wait_for)), WIO[Order, Declined, Reserved])
assert_type(reserved.alt(shop.declined_instead), WIO[Order, Declined, Reserved])
assert_type(reserved.lash(shop.reserved_instead), WIO[Order, Declined, Reserved])
assert_type(reserved.handle_error(check(lambda caught: Failure(caught.error.number))), WIO[Order, int, Reserved])
guarded = reserved.handle_error(catch(OutOfStock, pure("none")))
assert_type(guarded.map(repr), WIO[Order, Never, str])

# Signals

approved = handle_signal(APPROVE, shop.approve, shop.approved, respond=shop.thank)
assert_type(approved, WIO[Charged, Never, Charged])
assert_type(handle_signal(APPROVE, shop.approve, shop.count, respond=shop.thank), WIO[Charged, Never, int])
assert_type(order.map(shop.shipped_number), WIO[Order, OutOfStock | Declined, int])

# Choice

large = when(shop.is_large) >> reserved
small = when(shop.is_small) >> (reserved >> charged)
assert_type(branch(large, default=pure(3)), WIO[Order, OutOfStock, Reserved | int])
assert_type(branch(large | small, default=pure(3)), WIO[Order, OutOfStock | Declined, Reserved | Charged | int])
assert_type(branch(large), WIO[Order, OutOfStock | NoArmMatched, Reserved])
assert_type(
    branch(when_some(shop.reserved_before) >> charged, default=reserved >> charged),
    WIO[Order, OutOfStock | Declined, Charged],
)

# Repetition

round_ = run_io(shop.reserve, shop.again)
assert_type(loop(round_, until=shop.is_done), WIO[Order, Never, Order])
assert_type(loop(round_, until=shop.number_found), WIO[Order, Never, int])
assert_type(loop(reserved, until=shop.is_reserved, back=compute(shop.order_again)), WIO[Order, OutOfStock, Reserved])
assert_type(repeat_while(shop.is_small, round_), WIO[Order, Never, Order])

# Queries, workflows, instances

answered = query(STATUS, shop.describe, order)
assert_type(answered, WIO[Order, OutOfStock | Declined, Shipped])
workflow = Workflow("order", version=1, input=Order, root=answered)
assert_type(workflow, Workflow[Order, OutOfStock | Declined, Shipped])


# Workflows that take more, or end with less, fit where others are wanted

paying = Workflow("paying", version=1, input=Reserved, root=charged)
anything = Workflow("anything", version=1, input=object, root=pure(3))
OF_ONE_INPUT = [workflow, Workflow("reserve", version=1, input=Order, root=reserved)]
OF_MANY_INPUTS = (workflow, paying)
ANNOTATED: list[Workflow[Never, object, object]] = [workflow, paying]
any_end: Workflow[Order, object, object] = workflow
any_order: Workflow[Order, object, int] = anything


def check_number(number: int) -> Result[str, Declined]:
    raise NotImplementedError(number)


assert_type(check(check_number), WIO[int, Declined, str])
succeeding_or_not: WIO[Order, str, int] = check(lambda order: Success(1) if order.number else Failure("none"))
always_failing: WIO[Order, str, Never] = check(lambda order: Failure(f"{order.number}"))
never_failing: WIO[Order, Never, int] = check(lambda order: Success(order.number))


def runtimes(journal: InMemoryJournal) -> list[Runtime]:
    direct = Runtime(journal, [workflow, paying])
    return [direct, *(Runtime(journal, some) for some in (OF_ONE_INPUT, OF_MANY_INPUTS, ANNOTATED))]


async def started(runtime: Runtime) -> Instance[object, object]:
    return await runtime.start(workflow, id="o", input=Order(3))


def started_blocking(runtime: BlockingRuntime) -> BlockingInstance[object, object]:
    return runtime.start(workflow, id="o", input=Order(3))


def simulated(simulation: Simulation) -> SimulatedInstance[object, object]:
    return simulation.start(workflow, id="o", input=Order(3))


async def use(runtime: Runtime) -> None:
    instance = await runtime.start(workflow, id="o", input=Order(3))
    assert_type(instance, Instance[OutOfStock | Declined, Shipped])
    assert_type(await instance.result(), Result[Shipped, OutOfStock | Declined])
    assert_type(await instance.signal(APPROVE, Approve("me")), str)
    assert_type(await instance.query(STATUS), str)


def use_blocking() -> None:
    with BlockingRuntime(Runtime(InMemoryJournal(), [workflow])) as runtime:
        instance = runtime.start(workflow, id="o", input=Order(3))
        assert_type(instance.result(), Result[Shipped, OutOfStock | Declined])
        assert_type(instance.signal(APPROVE, Approve("me"), timeout=timedelta(seconds=1)), str)
        assert_type(instance.query(STATUS), str)


def simulate() -> None:
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="o", input=Order(3))
        assert_type(run, SimulatedInstance[OutOfStock | Declined, Shipped])
        assert_type(run.result(), Result[Shipped, OutOfStock | Declined])


def total(root: WIO[Order, Never, Shipped]) -> WIO[Order, OutOfStock, object]:
    """A program that cannot fail fits where one may, and one with a narrower output where a wider is wanted."""
    return root
