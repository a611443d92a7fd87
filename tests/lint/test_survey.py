"""Does the survey tell rightly how parts may end, at once or later?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from returns.result import Success

from interpreters.lint.survey import survey
from interpreters.machine.transition import begin
from interpreters.machine.turn import first_turn
from tests.machine.programs import AT, Recipe, build, joined, recipes, workflow_of
from wio import (
    WIO,
    GivenUp,
    Goto,
    Region,
    Rest,
    Retry,
    Stop,
    Task,
    Workflow,
    alongside,
    branch,
    catch,
    check,
    checkpoint,
    compute,
    during,
    fail,
    first_of,
    for_each,
    hold,
    interrupt,
    leave,
    loop,
    machine,
    new_uuid,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    random_number,
    recursive,
    region,
    repeat_while,
    retrying,
    run_io,
    saga,
    scope,
    state,
    task,
    undoable,
    wait,
    wait_until,
    when,
)
from wio.nodes import ForEach, Leave, Node, Parallel

Program = WIO[Any, Any, Any]


def yes(_: object) -> bool:
    """Is every condition."""
    return True


def on(value: Any) -> Goto[Any] | Stop[Any]:
    """Go anywhere."""
    return Stop(value)


def given_up(value: Any, _: GivenUp) -> Success[Any]:
    """Go on with the value."""
    return Success(value)


AREA = Region("area", result=int)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
done: Program = compute(int)
step: Program = run_io(len)
risky: Program = run_io(len, lambda _, count: count, name="risky")
bad: Program = fail(1)
judged: Program = check(lambda value: Success(value))
paused: Program = wait(timedelta(1))
maybe: Program = branch(when(yes) >> step, default=done)


def recursing(*, to: Program, again_first: bool = False) -> Program:
    """Return a recursion that ends in `to`."""
    return recursive(
        "down", lambda again: branch(when(yes) >> (again >> step if again_first else step >> again), default=to)
    )


def machine_of(first: Program, second: Program) -> Program:
    """Return a machine of two states, one after the other."""
    return machine(state("one", first.map(on), to="two") | state("two", second.map(on)), start="one")


def told(program: Program, *, in_rounds: bool = False) -> str:
    """Return the ways of a program as words: E and F at once, e and f later, and a dot where there is a step."""
    workflow = Workflow("sample", version=1, input=object, root=program)
    surveyed = survey(workflow)
    ways = surveyed.in_rounds(workflow.root) if in_rounds else surveyed.of(workflow.root)
    held = (ways.ends_at_once, ways.ends_later, ways.fails_at_once, ways.fails_later, ways.has_step)
    letters = zip("EeFf.", held, strict=True)
    return "".join(letter for letter, holds in letters if holds)


@pytest.mark.parametrize(
    ("program", "ways"),
    [
        (pure(1), "E"),
        (done, "E"),
        (leave(AREA, yes), "E"),
        (bad, "F"),
        (judged, "EF"),
        (step, "e."),
        (risky, "ef."),
        (paused, "e."),
        (new_uuid(), "e."),
        (publish("news", str), "e."),
        (task(Task("t", input=str, output=str), str), "e."),
        (task(Task("t", input=str, output=str, error=str), str), "ef."),
        (done >> step, "e."),
        (step >> bad, "f."),
        (bad >> step, "F"),
        (judged >> step, "eF."),
        (step >> judged, "ef."),
        (done.flat_map(lambda _: step), "ef."),
        (maybe, "Ee."),
        (branch(when(yes) >> step), "eF."),
        (loop(done, until=yes, back=step), "Ee."),
        (loop(step, until=yes, back=bad), "ef."),
        (repeat_while(yes, step), "Ee."),
        (machine_of(step, done), "e."),
        (machine_of(done, step), "Ee."),
        (machine_of(step, bad), "ef."),
        (recursing(to=done), "Ee."),
        (recursing(to=bad), "Ff."),
        (recursing(to=done, again_first=True), "Ee."),
        (recursive("down", lambda again: step >> again), "."),
        (recursive("down", lambda again: again), ""),
        (retrying(step, Retry()), "e."),
        (retrying(step, Retry(), given_up), "ef."),
        (risky.handle_error(done), "e."),
        (risky.handle_error(catch(ValueError, done)), "ef."),
        (judged.handle_error(step), "Ee."),
        (step.handle_error(done), "e."),
        (parallel(step, done), "e."),
        (parallel(done, done), "E"),
        (parallel(step, bad), "F."),
        (parallel(step, done, join=1), "Ee."),
        (parallel(step, paused, join=0), "E."),
        (parallel(when(yes) >> step, done), "Ee."),
        (parallel(step, paused, join=yes, rest=Rest.CANCEL), "e."),
        (for_each(list, done), "e."),
        (for_each(list, bad), "ef."),
        (for_each(list, done, add=risky), "ef."),
        (first_of(step, risky), "ef."),
        (scope(step, interrupt(paused, bad)), "ef."),
        (scope(step, alongside(paused, judged)), "ef."),
        (scope(recursive("down", lambda again: step >> again), alongside(paused, step)), "."),
        (scope(done, interrupt(paused, bad)), "E"),
        (region(AREA, step >> bad), "ef."),
        (region(AREA, done), "E"),
        (region(AREA, parallel(step, leave(AREA, yes))), "Ee."),
        (region(AREA, parallel(step, paused >> leave(AREA, yes))), "e."),
        (region(AREA, machine_of(step >> leave(AREA, yes), done)), "e."),
        (hold("mark", step), "e."),
        (during("mark", step, done), "Ee."),
        (saga(undoable(step, bad)), "e."),
        (saga(undoable(done, step) >> bad), "Ff."),
        (saga(undoable(done, step)), "E"),
        (saga(undoable(done, done) >> bad), "F"),
        (region(AREA, saga(undoable(done, step) >> leave(AREA, yes))), "Ee."),
        (region(AREA, scope(leave(AREA, yes), on_cancel(step))), "Ee."),
        (region(AREA, scope(done, on_cancel(step))), "E"),
    ],
)
def test_the_ways_of_each_node(program: Program, ways: str) -> None:
    assert told(program) == ways


@pytest.mark.parametrize(
    ("program", "ways"),
    [
        (step, "e."),
        (paused, "e."),
        (now(), "E"),
        (random_number() >> new_uuid(), "E"),
        (now() >> bad, "F"),
        (wait(timedelta(0)) >> judged, "EF"),
        (wait(timedelta(-1)), "E"),
        (wait(lambda _: timedelta(0)), "e."),
        (wait_until(NOON), "E"),
        (wait_until(lambda _: NOON), "e."),
        (parallel(step, now(), join=1), "Ee."),
        (parallel(step, now(), join=1, rest=Rest.BLOCK), "e."),
        (parallel(when(yes) >> step, now(), join=1, rest=Rest.BLOCK), "Ee."),
        (for_each(list, step), "Ee."),
        (for_each(list, now()), "E"),
        (for_each(list, step, join=0), "E."),
        (for_each(list, step, join=0, rest=Rest.BLOCK), "Ee."),
        (for_each(list, bad, add=step), "EF."),
        (scope(wait(timedelta(0)), interrupt(now() >> bad)), "EF"),
        (scope(now() >> step, alongside(paused, bad)), "ef."),
        (recursive("down", lambda again: now() >> again), ""),
        (checkpoint(step, result=int), "e."),
        (checkpoint(done, result=int), "E"),
    ],
)
def test_the_ways_of_what_is_passed_again_and_again(program: Program, ways: str) -> None:
    assert told(program, in_rounds=True) == ways


def test_which_recursions_are_reached_again() -> None:
    down: list[Program] = []

    def build(again: Program) -> Program:
        down.append(branch(when(yes) >> again, default=step >> again))
        return down[0]

    workflow = Workflow("sample", version=1, input=object, root=recursive("down", build))
    inside, whole = survey(workflow).of(down[0]), survey(workflow).of(workflow.root)
    assert (inside.again_at_once, inside.again_later) == ({"down"}, {"down"})
    assert (whole.again_at_once, whole.again_later) == (set(), set())


def test_equal_workflows_of_other_nodes_have_surveys_of_their_own() -> None:
    one, other = (Workflow("sample", version=1, input=object, root=run_io(len) >> run_io(len)) for _ in range(2))
    assert one == other
    assert survey(one) is survey(one)
    assert survey(one).of(one.root) == survey(other).of(other.root)


def test_every_node_is_there_once_after_those_inside_of_it() -> None:
    twice = step >> done
    workflow = Workflow("sample", version=1, input=object, root=twice >> twice)
    assert [type(node).__name__ for node in survey(workflow).nodes] == ["RunIO", "Compute", "AndThen", "AndThen"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(recipes | joined, st.integers(-3, 9))
def test_a_run_begins_in_one_of_the_ways(recipe: Recipe, value: int) -> None:
    workflow = workflow_of(build(recipe))
    assume(not survey(workflow).is_dynamic)
    ways = survey(workflow).of(workflow.root)
    ended = begin(workflow, value).outcome
    if ended is None:
        assert ways.has_step
    elif isinstance(ended.outcome, Success):
        assert ways.ends_at_once
    else:
        assert ways.fails_at_once


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(recipes | joined, st.integers(-3, 9))
def test_what_ends_in_its_first_turn_may_end_without_waiting(recipe: Recipe, value: int) -> None:
    workflow = workflow_of(build(recipe))
    surveyed = survey(workflow)
    assume(not surveyed.is_dynamic and not any(map(_ends_otherwise, surveyed.nodes)))
    ways = surveyed.in_rounds(workflow.root)
    ended = first_turn(workflow, value, AT, chance=lambda: 0.5).execution.outcome
    if ended is not None:
        assert ways.ends_at_once if isinstance(ended.outcome, Success) else ways.fails_at_once


def _ends_otherwise(node: Node) -> bool:
    """Tell whether a node ends parts that are anywhere else, or waits in the second round only."""
    return isinstance(node, Leave) or (isinstance(node, Parallel | ForEach) and node.rest is Rest.BLOCK)
