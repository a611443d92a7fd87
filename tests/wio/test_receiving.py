"""What do steps consist of that wait for somebody outside?"""

from __future__ import annotations

from typing import Any

import pytest

from wio import InvalidDefinition, Signal, Task, handle_signal, receive_signal, task
from wio.nodes import HandleSignal, OfferTask, node_of

PAID = Signal("paid", request=int, response=int, correlation=str)
STOP = Signal("stop", request=int, response=int)
PACK = Task("pack", input=int, output=int)


def offered(program: Any) -> OfferTask:
    node = node_of(program)
    assert isinstance(node, OfferTask)
    return node


def expected(program: Any) -> HandleSignal:
    node = node_of(program)
    assert isinstance(node, HandleSignal)
    return node


# Signals of one key


def test_a_step_takes_the_requests_of_the_key_that_it_makes_of_its_input() -> None:
    node = expected(handle_signal(PAID, max, min, respond=max, match=str, name="pay", description="Waits.", event=int))
    assert (node.signal, node.effect, node.handler, node.respond, node.match) == (PAID, max, min, max, str)
    assert (node.name, node.description, node.event) == ("pay", "Waits.", int)
    node = expected(receive_signal(PAID, min, respond=max, match=str, name="pay", description="Waits."))
    assert (node.signal, node.handler, node.respond, node.match) == (PAID, min, max, str)
    assert (node.name, node.description, node.event) == ("pay", "Waits.", int)
    assert node.effect("state", "request") == "request"


def test_without_a_match_a_step_takes_every_request() -> None:
    assert expected(receive_signal(PAID, min, respond=max)).match is None
    assert expected(handle_signal(STOP, max, min, respond=max)).match is None


def test_a_match_without_a_correlation_is_refused() -> None:
    for build in (
        lambda: receive_signal(STOP, min, respond=max, match=str),
        lambda: handle_signal(STOP, max, min, respond=max, match=str),
    ):
        with pytest.raises(
            InvalidDefinition, match=r"Signal\('stop'\) has a key.* Signal\('stop', correlation=\.\.\.\)"
        ):
            build()


# Tasks


def test_a_task_is_offered_to_nobody_in_particular() -> None:
    node = offered(task(PACK, abs))
    assert (node.task, node.send, node.handler, node.to) == (PACK, abs, None, None)
    assert (node.name, node.description) == ("pack", "")


def test_a_task_has_a_handler_and_a_name_of_its_own() -> None:
    node = offered(task(PACK, abs, max, name="pack again", description="Packs."))
    assert (node.handler, node.name, node.description) == (max, "pack again", "Packs.")


@pytest.mark.parametrize("to", ["ann", "", ["ann", "bob"], ("ann",), {"role": "packer"}])
def test_a_task_is_offered_to_what_is_given(to: Any) -> None:
    node = offered(task(PACK, abs, to=to))
    assert node.to is not None
    assert node.to("any value") == to
    assert node == task(PACK, abs, to=to) != task(PACK, abs, to="nobody")


def test_to_whom_a_task_is_offered_may_be_computed() -> None:
    node = offered(task(PACK, abs, to=str))
    assert node.to is str
