"""Which workflows, journals and times does a runtime not take at all?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from interpreters import Runtime, UnsoundWorkflow
from interpreters.lint import Level, lint
from interpreters.testing import Simulation
from journals import InMemoryJournal
from journals.codecs import JsonCodec
from tests.runtime.running import virtual, workflow
from wio import InvalidDefinition, alongside, for_each, loop, now, pure, recursive, run_io, scope, start_child


@attrs.frozen
class Secret:
    """Cannot be kept: JSON would leave its field out."""

    _secret: str


step = run_io(abs, event=int)


def test_a_workflow_that_would_spin_is_refused_with_the_place() -> None:
    spinning = workflow(scope(run_io(abs), alongside(pure(1), pure(2), name="again"), name="watch"))
    with pytest.raises(UnsoundWorkflow, match=r"watch\[again\]"):
        Runtime(InMemoryJournal(), [spinning])


def test_a_sound_workflow_is_taken() -> None:
    Runtime(InMemoryJournal(), [workflow(run_io(abs))])


def test_workflows_may_come_in_any_collection() -> None:
    one, other = workflow(run_io(abs)), workflow(run_io(abs), name="other")
    Runtime(InMemoryJournal(), (each for each in (one, other)))
    Runtime(InMemoryJournal(), {"one": one, "other": other}.values())


@pytest.fixture(name="said")
def _said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.DEBUG)

    def said() -> list[str]:
        records = [one for one in caplog.records if one.name.startswith("wio")]
        assert all((one.name, one.levelno) == ("wio.runtime", logging.WARNING) for one in records)
        return [one.getMessage() for one in records]

    return said


def test_what_nothing_can_end_is_refused_and_what_a_function_may_end_is_told(
    said: Callable[[], list[str]],
) -> None:
    with pytest.raises(UnsoundWorkflow, match=r"down: runs itself again without waiting"):
        Runtime(InMemoryJournal(), [workflow(recursive("down", lambda again: now() >> again))])
    assert said() == []
    busy = workflow(loop(now().map(str), until=bool, name="poll"))
    with pytest.raises(UnsoundWorkflow, match=r"poll: goes round without waiting"):
        Runtime(InMemoryJournal(), [busy], strict=True)
    Runtime(InMemoryJournal(), [busy])
    (line,) = said()
    assert line.startswith("Workflow flow version 1, at poll: goes round without waiting for anything.")


def test_what_waits_on_some_ways_only_is_warned_of(said: Callable[[], list[str]]) -> None:
    Runtime(InMemoryJournal(), [workflow(loop(for_each(list, run_io(abs)), until=bool, name="poll"), version=3)])
    (line,) = said()
    assert line.startswith("Workflow flow version 3, at poll: may go round without waiting for anything.")
    assert line.endswith(" (spinning)")


def test_what_is_doubtful_of_the_whole_or_of_a_child_is_said_too(said: Callable[[], list[str]]) -> None:
    inside = workflow(step.handle_error(step), name="inside")
    Runtime(InMemoryJournal(), [workflow(step >> start_child(inside))])
    (line,) = said()
    assert line.startswith("Workflow inside version 1, at !error: handles the errors of a part that cannot fail.")


def test_each_doubt_is_said_once_however_often_a_workflow_comes(said: Callable[[], list[str]]) -> None:
    doubtful = workflow(step.handle_error(step))
    runtime = Runtime(InMemoryJournal(), [doubtful, doubtful, workflow(start_child(doubtful), name="parent")])
    assert len(said()) == 1
    assert runtime is not None


def test_very_many_doubts_are_counted_in_the_end(said: Callable[[], list[str]]) -> None:
    many = step
    for _ in range(149):
        many = many >> step.handle_error(step).named("part")
    Runtime(InMemoryJournal(), [workflow(many)])
    *lines, last = said()
    assert len(lines) == 100
    assert last == "Workflow flow version 1: 49 more warnings; lint(workflow) returns them all"


def test_notes_and_sound_workflows_are_not_spoken_of(said: Callable[[], list[str]]) -> None:
    noted = workflow(step >> step)
    assert [finding.level for finding in lint(noted)] == [Level.INFO]
    Runtime(InMemoryJournal(), [noted], strict=True)
    assert said() == []


def test_a_strict_runtime_refuses_what_is_doubtful(said: Callable[[], list[str]]) -> None:
    doubtful = workflow(step.handle_error(step))
    with pytest.raises(UnsoundWorkflow, match=r"!error: handles the errors of a part that cannot fail"):
        Runtime(InMemoryJournal(), [doubtful], strict=True)
    with pytest.raises(UnsoundWorkflow, match="!error"), Simulation(doubtful, strict=True):
        pass
    with Simulation(workflow(step), strict=True):
        assert said() == []


def test_types_are_doubted_only_where_the_rules_know_the_codec(said: Callable[[], list[str]]) -> None:
    secret = workflow(run_io(lambda _: Secret("s"), name="hide", event=Secret))
    plain = workflow(run_io(lambda _: 1, name="one"))
    names = JsonCodec(names={Secret: "secret"})
    Runtime(InMemoryJournal(), [secret], codec=names, strict=True)
    Runtime(InMemoryJournal(), [secret])
    Runtime(InMemoryJournal(), [plain], codec=names, strict=True)
    assert said() == []
    Runtime(InMemoryJournal(), [plain], codec=JsonCodec())
    (line,) = said()
    assert line.endswith(" (undeclared-event)")
    with pytest.raises(UnsoundWorkflow, match="hide: event"):
        Runtime(InMemoryJournal(), [secret], strict=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (workflow(run_io(abs)), r"Workflow\('flow', version=1.* is no collection of workflows"),
        (7, "workflows=7 is no collection of workflows"),
        ([run_io(abs)], "is no Workflow"),
        ("flow", "'f' is no Workflow"),
    ],
)
def test_what_is_no_collection_of_workflows_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InvalidDefinition, match=said) as refused:
        Runtime(InMemoryJournal(), given)
    assert "Runtime(journal, [workflow])" in str(refused.value)


@pytest.mark.parametrize("given", ["x.db", None, InMemoryJournal, [workflow(run_io(abs))]])
def test_what_is_no_journal_is_refused(given: Any) -> None:
    with pytest.raises(InvalidDefinition, match=r"is no journal\. Give one, such as SqliteJournal") as refused:
        Runtime(given, [workflow(run_io(abs))])
    assert f"journal={given!r:.50}" in str(refused.value)


def test_a_grace_that_is_no_timedelta_is_refused() -> None:
    seconds: Any = 10
    with pytest.raises(InvalidDefinition, match=r"grace=10 is no timedelta. Give one: timedelta\(seconds=5\)"):
        virtual(InMemoryJournal(), workflow(run_io(abs)), grace=seconds)
