"""How does a program publish? What goes out is recorded where it is reached, and the value passes unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from returns.result import Success

from interpreters.machine.execution import Active
from interpreters.machine.pending import PausedAt
from interpreters.machine.recording import event_entry
from interpreters.machine.transition import apply, begin_from
from interpreters.machine.turn import Turn, first_turn, turn
from journals.entries import Kind, Payload
from tests.machine.programs import AT
from wio import InvalidDefinition, Workflow, publish, run_io
from wio.forms import message_form
from wio.nodes import Publish


def placed(order: str) -> dict[str, str]:
    return {"order": order}


def refuses(order: str) -> str:
    raise ValueError(order)


def not_there(order: str) -> "Unknown":  # type: ignore[name-defined]  # noqa: F821, UP037
    return order


def started(root: Any) -> Turn:
    return first_turn(Workflow("w", version=1, input=str, root=root), "a book", AT)


def test_a_publish_step_is_named_after_its_function() -> None:
    assert publish("orders", placed) == Publish("orders", placed, name="placed")
    assert publish("orders", lambda order: order).name == "publish"  # type: ignore[attr-defined]
    assert publish("a/b", placed, name="n", description="Tells.", event=dict) == Publish(
        "a/b", placed, name="n", description="Tells.", form=dict
    )


@pytest.mark.parametrize("topic", ["", "  ", "a\nb", "x" * 201, 3])
def test_what_can_be_no_topic_is_refused(topic: Any) -> None:
    with pytest.raises(InvalidDefinition, match="topic"):
        publish(topic, placed)


@pytest.mark.parametrize(
    ("step", "form"),
    [
        (publish("t", placed), dict[str, str]),
        (publish("t", lambda order: order), None),
        (publish("t", placed, event=str), str),
        (publish("t", placed, event=object), None),
    ],
)
def test_the_type_of_a_message_is_declared_or_annotated(step: Any, form: object) -> None:
    assert message_form(step) == form


def test_an_annotation_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="the type of its message is unknown"):
        message_form(publish("t", not_there))  # type: ignore[arg-type]


def test_a_message_is_recorded_where_it_is_reached_and_the_value_passes() -> None:
    first = started(run_io(str.upper, event=str) >> publish("orders", placed) >> run_io(len))
    second = turn(first.execution, event_entry(first.execution, "upper", "A BOOK", AT), AT)
    assert [(entry.kind, entry.address) for entry in second.entries] == [
        (Kind.EVENT, "upper"),
        (Kind.PUBLISHED, "placed"),
    ]
    published = second.entries[1]
    assert published.payload == Payload("dict", 1, '{"order":"A BOOK"}')
    assert published.response == Payload("wio.Topic", 1, '{"topic":"orders"}')
    (active,) = (place for _, place in second.execution.threads.items())
    assert isinstance(active, Active)
    assert (active.address, active.value) == ("len", "A BOOK")


def test_a_replay_asks_the_function_nothing() -> None:
    asked: list[str] = []

    def told(order: str) -> str:
        asked.append(order)
        return order

    live = started(publish("orders", told))
    replayed = begin_from(live.execution.workflow, live.entries[0])
    for entry in live.entries[1:]:
        replayed = apply(replayed, entry)
    assert asked == ["a book"]
    assert replayed.outcome is not None
    assert replayed.outcome.outcome == Success("a book")


@pytest.mark.parametrize("message", [refuses, lambda _: object()])
def test_a_message_that_cannot_be_made_pauses_the_place(message: Any) -> None:
    (paused,) = started(publish("orders", message, name="tell")).pending
    assert isinstance(paused, PausedAt)
    assert paused.address == "tell"
