"""What do a scope and its handlers consist of?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wio import (
    InvalidDefinition,
    Signal,
    alongside,
    compute,
    interrupt,
    on_cancel,
    pure,
    receive_signal,
    run_io,
    scope,
    timeout,
    wait,
)
from wio.nodes import Handler, Timing, Wait, Watch, Watched, node_of

STOP = Signal("stop", request=int, response=int)
a = run_io(abs, name="a")
stop = receive_signal(STOP, max, respond=max)
tell = compute(str)


def watched(program: Any) -> Watched:
    node = node_of(program)
    assert isinstance(node, Watched)
    return node


def parts(handler: Handler) -> tuple[object, ...]:
    return (handler.watch, handler.trigger, handler.body, handler.name)


def test_a_scope_holds_its_body_and_its_handlers_in_order() -> None:
    node = watched(
        scope(a, interrupt(stop), alongside(wait(timedelta(1)), pure(1)), on_cancel(tell), name="s", description="d")
    )
    assert (node.base, node.name, node.description) == (a, "s", "d")
    assert [parts(handler) for handler in node.handlers] == [
        (Watch.INTERRUPT, stop, None, "stop"),
        (Watch.ALONGSIDE, wait(timedelta(1)), pure(1), "wait"),
        (Watch.CANCEL, None, tell, "on cancel"),
    ]


def test_a_handler_is_called_like_its_trigger_or_what_it_is_told() -> None:
    assert interrupt(stop, tell).handler.name == "stop"
    assert interrupt(stop >> a, tell, name="other").handler.name == "other"
    assert interrupt(pure(1)).handler.name == "interrupt"
    assert alongside(pure(1), pure(2)).handler.name == "alongside"
    assert alongside(stop, pure(2), name="again").handler.name == "again"
    assert on_cancel(tell, name="clean up").handler.name == "clean up"


def test_handlers_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidDefinition, match="Two handlers of 'order' are called 'stop'"):
        scope(a, interrupt(stop), alongside(stop, pure(1)), name="order")
    assert scope(a, interrupt(stop), alongside(stop, pure(1), name="again"))


def test_a_timeout_is_a_scope_that_a_wait_interrupts() -> None:
    node = watched(timeout(a, timedelta(1), tell, name="soon"))
    (handler,) = node.handlers
    trigger = Wait(timedelta(1), Timing.DURATION, name="deadline")
    assert parts(handler) == (Watch.INTERRUPT, trigger, tell, "deadline")
    assert (node.base, node.name) == (a, "soon")


def test_a_timeout_may_be_computed() -> None:
    (handler,) = watched(timeout(a, timedelta)).handlers
    assert parts(handler) == (Watch.INTERRUPT, Wait(timedelta, Timing.DURATION, name="deadline"), None, "deadline")


def test_what_is_no_duration_is_refused() -> None:
    wrong: Any = 3
    with pytest.raises(InvalidDefinition, match="3 is no duration"):
        timeout(a, wrong)
