"""Which workflows do the tests of pictures draw? From small to large; every node occurs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from interpreters.render import Continued, Mark, Progress, Reached, State
from wio import (
    WIO,
    Exponential,
    Retry,
    Signal,
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
)
from wio.signals import Query

AnyProgram = WIO[Any, Any, Any]


class Order:
    """Is what the samples are about."""


class CardDeclined(Exception):
    """Is what a payment may fail with."""


class OutOfStock(Exception):
    """Is what a reservation may fail with."""


def never(*_: Any) -> Any:
    """Stand for every function of a user: drawing calls none of them."""
    raise AssertionError("a picture called a user's function")


def function(name: str) -> Any:
    """Return a function with a name, which must not be called."""

    class Named:
        __name__ = name

        def __call__(self, *_: Any) -> Any:
            return never()

        def __repr__(self) -> str:
            return str(never())

    return Named()


def step(name: str, **options: Any) -> AnyProgram:
    """Return a step whose effect must not be called."""
    return run_io(function(name), function("folded"), name=name, **options)


CONFIRM = Signal("confirm", request=int, response=str)
STATUS = Query("status", response=str)
RETRY = Retry(attempts=4, backoff=Exponential(timedelta(seconds=1)))


def signal_step(name: str = "") -> AnyProgram:
    """Return a step that waits for the signal `confirm`."""
    return handle_signal(CONFIRM, never, never, respond=never, name=name)


def small() -> Workflow[Any, Any, Any]:
    """Return five steps in a row."""
    body = step("reserve") >> step("charge", retry=RETRY) >> signal_step() >> wait(timedelta(days=3)) >> step("ship")
    return Workflow("order", version=1, input=Order, root=body)


def medium() -> Workflow[Any, Any, Any]:
    """Return about twenty shapes: a branch, a loop, a handler, a query, a draft."""
    review = branch(
        when(function("is large"), name="large") >> (step("review", retry=RETRY) >> signal_step("approve")),
        default=compute(function("accept"), name="accept"),
        name="risk",
    )
    pay = (step("reserve") >> step("charge", retry=RETRY)).handle_error(
        catch(CardDeclined, step("release") >> fail(OutOfStock()))
    )
    delivery = loop(
        step("look up parcel"), until=function("delivered"), back=wait(timedelta(hours=6), name="pause"), name="poll"
    )
    begun = check(function("valid"), name="valid") >> review >> pay
    body = begun >> delivery >> draft("invoice", input=int, output=int)
    root = query(STATUS, never, body) >> step("thank")
    return Workflow("order", version=2, input=Order, root=root, description="Takes an order to the customer.")


def every_node() -> Workflow[Any, Any, Any]:
    """Return a workflow in which every node occurs, in every form."""
    until = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    choice = branch(
        when(function("is large"), name="large") >> step("review"),
        name="risk",
    )
    counting = repeat_while(function("open"), step("collect"), name="collecting")
    packing = (draft("pack", input=int, output=int) >> pure("packed")).named("packing")
    dynamic = step("quote").flat_map(function("by carrier"))
    body = (
        compute(never)
        >> compute(function("total"), name="total")
        >> check(function("valid"), name="valid")
        >> choice
        >> counting
        >> packing
        >> wait_until(until, name="opening")
        >> wait(function("patience"))
        >> dynamic.transform_output(never)
        >> step("quote").alt(function("in words")).lash(function("another carrier"))
        >> signal_step()
    )
    guarded = body.handle_error(step("apologise").handle_error(catch(CardDeclined, fail("gave up"))))
    return Workflow("all nodes", version=3, input=Order, root=query(STATUS, never, guarded))


def large() -> Workflow[Any, Any, Any]:
    """Return about sixty shapes: the medium one in arms, parts and loops."""

    def stage(name: str) -> AnyProgram:
        choice = branch(
            (when(function("large"), name="large") >> (step(f"{name} by hand") >> signal_step(f"{name} approval")))
            | (when(function("foreign"), name="foreign") >> step(f"{name} customs"))
            | (when(function("known"), name="known") >> pure("known")),
            default=step(f"{name} automatically"),
            name=f"{name} way",
        )
        guarded = (step(f"{name} begins") >> choice >> step(f"{name} ends", retry=RETRY)).handle_error(
            catch(CardDeclined, step(f"{name} undone") >> wait(timedelta(hours=1), name=f"{name} rest"))
        )
        return guarded.named(name)

    pause = wait(timedelta(minutes=5), name="pause")
    polling = loop(stage("picking"), until=function("picked"), back=pause, name="pick")
    body = stage("payment") >> polling >> stage("packing") >> stage("delivery").handle_error(step("complain"))
    return Workflow("wholesale order", version=7, input=Order, root=query(STATUS, never, body) >> step("close"))


def medium_progress() -> Progress:
    """Return an instance of `medium` in the second round of its loop."""
    trace = (
        Reached("risk[large]/review", State.DONE, "attempt 2"),
        Reached("risk[large]/approve"),
        Reached("reserve"),
        Reached("charge"),
        Reached("poll[1]/look up parcel"),
        Reached("poll[1]/pause"),
        Reached("poll[2]/look up parcel"),
        Reached("poll[2]/pause", State.WAITING, "until 2026-11-21 09:00"),
    )
    return Progress(trace, Mark(State.WAITING, "timer pause"))


def failed_progress() -> Progress:
    """Return an instance of `medium` that took the default arm, and failed in the handler after a retry."""
    trace = (
        Reached("risk[default]"),
        Reached("reserve"),
        Reached("charge", State.DONE, "attempt 3"),
        Reached("!CardDeclined/release", State.RETRYING, "attempt 2, next 12:00: TimeoutError"),
        Reached("!CardDeclined/release"),
    )
    return Progress(trace, Mark(State.FAILED, "OutOfStock"))


def recursion() -> AnyProgram:
    """Return a step that goes on with itself."""
    return step("look").flat_map(function("again"))


def recursion_progress(rounds: int) -> Progress:
    """Return an instance of `recursion` that has gone on for some rounds."""
    here = recursion()
    trace: list[Any] = [Reached("look")]
    for number in range(2, rounds + 1):
        trace += [Continued("", here), Reached(f"look#{number}")]
    trace[-1] = Reached(f"look#{rounds}", State.RUNNING)
    return Progress(tuple(trace))
