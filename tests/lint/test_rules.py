"""Does each rule speak where it should, and keep silent where it should?"""

from __future__ import annotations

import time
from typing import Any

import attrs
import pytest

from interpreters.lint import RULES, Level, lint
from interpreters.lint.clashing_types import clashing_types
from interpreters.lint.drafts import drafts
from interpreters.lint.finding import Rule
from interpreters.lint.numbered_names import numbered_names
from interpreters.lint.undeclared_events import undeclared_events
from interpreters.lint.unkept_types import unkept_types
from wio import WIO, Signal, Workflow, child, draft, handle_signal, run_io, start_child


@attrs.frozen
class Order:
    """Is an input that can be kept."""

    item: str


@attrs.frozen
class Charged:
    """Is an event that can be kept."""

    receipt: str


@attrs.frozen
class Private:
    """Cannot be kept: JSON would leave its field out."""

    _secret: str


class Elsewhere:
    """Holds a class whose name is taken."""

    @attrs.frozen
    class Charged:
        """Is another event of the same name."""

        amount: int


def charge(_: object) -> Charged:
    """Declare an event that can be kept."""
    return Charged("r")


def charge_elsewhere(_: object) -> Elsewhere.Charged:
    """Declare an event whose name is taken."""
    return Elsewhere.Charged(1)


def charge_either(_: object) -> Charged | Elsewhere.Charged:
    """Declare two classes that a journal could not tell apart."""
    return Charged("r")


def hide(_: object) -> Private:
    """Declare an event that cannot be kept."""
    return Private("s")


def say_nothing(_: object) -> Any:
    """Declare nothing."""


def say_something_unknown(_: object) -> Unknown:  # type: ignore[name-defined]  # noqa: F821
    """Declare a type that does not exist."""


def asking(request: Any, response: Any) -> WIO[Any, Any, Any]:
    """Return a step that waits for a signal with these types."""
    signal: Signal[Any, Any] = Signal("ask", request=request, response=response)
    return handle_signal(signal, lambda _, text: text, lambda _, text: text, respond=lambda _, text: text, event=str)


def workflow(root: WIO[Any, Any, Any], input: Any = Order) -> Workflow[Any, Any, Any]:
    """Return a workflow for a rule to look at."""
    return Workflow("sample", version=1, input=input, root=root)


CLEAN = workflow((run_io(charge) >> run_io(charge).named("again")).named("payment") >> asking(str, str))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_silent_on_a_clean_workflow(rule: Rule) -> None:
    assert rule(CLEAN) == ()


FIXTURES: list[tuple[Rule, WIO[Any, Any, Any], list[tuple[str, str, str]]]] = [
    (drafts, draft("ship", input=Order, output=Charged), [("warning", "draft", "ship")]),
    (drafts, run_io(charge), []),
    (
        drafts,
        (run_io(charge) >> draft("ship", input=Charged, output=Charged)).named("part"),
        [("warning", "draft", "part/ship")],
    ),
    (numbered_names, run_io(charge) >> run_io(charge), [("note", "numbered-name", "charge#2")]),
    (numbered_names, run_io(charge) >> run_io(charge).named("again"), []),
    (undeclared_events, run_io(say_nothing), [("warning", "undeclared-event", "say_nothing")]),
    (undeclared_events, run_io(lambda _: 1, event=int), []),
    (undeclared_events, run_io(len), []),
    (undeclared_events, run_io(time.time), [("warning", "undeclared-event", "time")]),
    (undeclared_events, run_io(say_something_unknown), []),
    (unkept_types, run_io(hide), [("error", "unkept-type", "hide")]),
    (unkept_types, run_io(charge_either), [("error", "unkept-type", "charge_either")]),
    (unkept_types, run_io(say_something_unknown), [("error", "unkept-type", "say_something_unknown")]),
    (unkept_types, run_io(say_nothing), []),
    (unkept_types, asking(Private, str), [("error", "unkept-type", "ask")]),
    (unkept_types, asking(str, Private), [("error", "unkept-type", "ask")]),
    (unkept_types, child(workflow(run_io(hide)), result=Private), [("error", "unkept-type", "sample")]),
    (unkept_types, start_child(workflow(run_io(hide))), []),
    (
        clashing_types,
        run_io(charge) >> run_io(charge_elsewhere),
        [("warning", "clashing-types", "charge_elsewhere")],
    ),
    (clashing_types, run_io(charge) >> run_io(hide) >> run_io(charge), []),
]


@pytest.mark.parametrize(("rule", "root", "found"), FIXTURES)
def test_a_rule_finds_what_it_is_for(rule: Rule, root: WIO[Any, Any, Any], found: list[tuple[str, str, str]]) -> None:
    assert [(one.level.value, one.rule, one.address) for one in rule(workflow(root))] == found


def test_an_input_that_cannot_be_kept_is_an_error_of_the_whole() -> None:
    (finding,) = unkept_types(workflow(run_io(charge), Private))
    assert (finding.level, finding.address) == (Level.ERROR, "")
    assert "'_secret'" in finding.message


def test_a_step_that_is_written_twice_is_reported_once() -> None:
    step = run_io(say_nothing)
    assert len(undeclared_events(workflow(step >> step))) == 1


def test_a_message_says_what_to_do() -> None:
    root = run_io(hide) >> run_io(charge) >> run_io(charge_elsewhere) >> run_io(say_nothing) >> run_io(say_nothing)
    findings = lint(workflow(root >> draft("ship", input=object, output=Charged)))
    assert {finding.rule for finding in findings} == {
        "unkept-type",
        "draft",
        "undeclared-event",
        "clashing-types",
        "numbered-name",
    }
    assert all(finding.message.endswith(".") and ". " in finding.message for finding in findings)


def test_a_lambda_without_a_name_is_named_by_its_line() -> None:
    line = charge.__code__.co_firstlineno
    effect = eval(compile("\n" * line + "lambda _: None", "/shop/orders.py", "eval"))
    for root in (
        run_io(effect),
        run_io(charge).named("step") >> run_io(effect, event=str),
        run_io(effect, event=Private),
    ):
        *_, finding = lint(workflow(root))
        assert f"It is the lambda at orders.py:{line + 1}; name=... gives it a name." in finding.message
    assert all("lambda" not in one.message for one in lint(workflow(run_io(effect, name="charge"))))


def test_the_worst_comes_first() -> None:
    root = run_io(say_nothing) >> run_io(say_nothing) >> run_io(hide)
    found = lint(workflow(root), RULES[::-1])
    assert [finding.level.value for finding in found] == ["error", "warning", "warning", "note"]
