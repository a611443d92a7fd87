"""Do several branches go on with one continuation, each with a run of its own?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from returns.maybe import Nothing, Some
from returns.result import Failure, Success

from interpreters.testing import Simulation
from wio import (
    WIO,
    InvalidDefinition,
    Query,
    Rest,
    Task,
    Workflow,
    compute,
    fail,
    multi_merge,
    pure,
    query,
    run_io,
    task,
    wait,
    when,
)
from wio.nodes import Parallel, children, node_of, same_structure

WORK = Task("work", input=int, output=int)


def item(name: str) -> WIO[int, Any, int]:
    return task(WORK, compute_send, name=name)


def compute_send(number: int) -> int:
    return number


def shown(number: int) -> str:
    return f"<{number}>"


def is_large(number: int) -> bool:
    return number > 9


def flow(root: WIO[int, Any, Any]) -> Workflow[int, Any, Any]:
    return Workflow("flow", version=1, input=int, root=root)


def test_the_continuation_is_once_in_the_tree() -> None:
    a, b, tail = item("a"), item("b"), item("tail")
    merged = multi_merge(a, b, each=tail)
    node = node_of(merged)
    assert isinstance(node, Parallel)
    assert (node.each, node.name, node.join, node.maybe) == (tail, "merge", None, False)
    assert children(merged) == (a, b, tail)
    assert same_structure(merged, multi_merge(a, b, each=item("tail")))
    assert merged != multi_merge(a, b, each=item("another"))


def test_every_branch_goes_on_at_once_with_a_run_of_its_own() -> None:
    merged = flow(multi_merge(item("a"), item("b"), each=item("tail").map(shown)))
    with Simulation(merged) as simulation:
        run = simulation.start(merged, id="m", input=1)
        run.complete("merge[b]/b", 20, by="ann")
        assert {each.address for each in run.tasks} == {"merge[a]/a", "merge[b]/tail"}
        run.complete("merge[a]/a", 10, by="ann")
        assert {each.address for each in run.tasks} == {"merge[a]/tail", "merge[b]/tail"}
        run.complete("merge[b]/tail", 21, by="ann")
        run.complete("merge[a]/tail", 11, by="ann")
        assert run.result() == Success(("<11>", "<21>"))


def test_a_name_of_the_continuation_counts_on_in_the_scope_of_its_branch() -> None:
    step = run_io(shown, name="tail", event=str)
    merged = flow(multi_merge(pure(1) >> step >> pure(2), pure(3).named("b"), each=step))
    with Simulation(merged) as simulation:
        run = simulation.start(merged, id="m", input=1)
        assert run.result() == Success(("<2>", "<3>"))
        at = {entry.address for entry in run.history if entry.address}
        assert at == {"merge[tail]/tail", "merge[tail]/tail#2", "merge[b]/tail"}


def test_guards_and_joins_make_the_outputs_maybe() -> None:
    guarded = flow(multi_merge(when(is_large) >> pure(1), pure(2), each=compute(shown)))
    with Simulation(guarded) as simulation:
        assert simulation.start(guarded, id="m", input=1).result() == Success((Nothing, Some("<2>")))
    first = flow(multi_merge(item("a"), item("b"), each=compute(shown), join=1, rest=Rest.CANCEL))
    with Simulation(first) as simulation:
        run = simulation.start(first, id="m", input=1)
        run.complete("merge[b]/b", 7, by="ann")
        assert run.result() == Success((Nothing, Some("<7>")))


def test_a_run_that_fails_fails_the_whole_and_the_other_runs_are_withdrawn() -> None:
    merged = flow(multi_merge(pure(1), item("b"), each=wait(timedelta(days=1)) >> fail("no")))
    with Simulation(merged) as simulation:
        run = simulation.start(merged, id="m", input=1)
        simulation.advance(timedelta(days=1))
        assert run.result() == Failure("no")


def test_a_query_sees_the_branches_and_their_continuations() -> None:
    latest = Query("latest", response=dict[str, int])
    both = multi_merge(item("a"), item("b"), each=item("tail"), merge=lambda _, inside: dict(inside))
    asked = flow(query(latest, lambda state: state if isinstance(state, dict) else {}, both))
    with Simulation(asked) as simulation:
        run = simulation.start(asked, id="m", input=1)
        run.complete("merge[b]/b", 20, by="ann")
        assert run.query(latest) == {"a": 1, "b": 20}


def test_what_is_no_program_or_no_join_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="is not a program"):
        multi_merge(item("a"), each=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    with pytest.raises(InvalidDefinition, match="'merge' would wait for ever"):
        multi_merge(item("a"), each=item("b"), join=2)
    with pytest.raises(InvalidDefinition, match="no branches"):
        multi_merge(each=item("b"))
