"""Is the place shown where something failed that records nothing?"""

from __future__ import annotations

from typing import Any

import pytest

from interpreters.render import Elements, Mark, Progress, Reached, State, draw, to_text
from interpreters.render.drawing import CheckStep, Choice, Cycle, Drawing, FailEnd, Multiple, Part, Split
from tests.render.sample_workflows import AnyProgram, function, never, signal_step, step
from tests.render.test_walk import shapes
from wio import branch, check, compute, fail, for_each, loop, parallel, when


def failed(program: AnyProgram, *trace: Any) -> Drawing:
    return draw(program, progress=Progress(trace, Mark(State.FAILED, "why")))


def found(drawing: Drawing) -> list[tuple[str, State, str]]:
    """Return the name, the state and the note of each check."""
    checks = (shape for shape in shapes(drawing.body) if isinstance(shape, CheckStep))
    return [(shape.name, shape.place.state, shape.place.note) for shape in checks]


def valid(name: str = "valid") -> AnyProgram:
    return check(never, name=name)


def only(drawing: Drawing, kind: type[Any]) -> Any:
    (shape,) = (shape for shape in shapes(drawing.body) if isinstance(shape, kind))
    return shape


def test_the_check_behind_the_last_record_has_failed() -> None:
    drawing = failed(valid("first") >> step("a") >> compute(never) >> valid() >> step("b"), Reached("a"))
    assert found(drawing) == [("first", State.DONE, ""), ("valid", State.FAILED, "")]
    assert "✗ failed" in to_text(drawing).splitlines()[-2]


def test_where_it_may_be_one_of_several_each_says_so() -> None:
    drawing = failed(step("a") >> valid("x") >> valid("y"), Reached("a"))
    assert found(drawing) == [("x", State.FAILED, "one of 2"), ("y", State.FAILED, "one of 2")]


def test_no_check_is_blamed_for_a_step() -> None:
    drawing = failed(step("a") >> valid() >> step("b"), Reached("a"), Reached("b", State.FAILED))
    assert found(drawing) == [("valid", State.DONE, "")]
    beside = parallel(step("a") >> valid(), step("b"))
    drawing = failed(beside, Reached("parallel[a]/a"), Reached("parallel[b]/b", State.FAILED))
    assert found(drawing) == [("valid", State.DONE, "")]


def test_no_check_is_blamed_in_an_instance_that_did_not_fail() -> None:
    program = step("a") >> valid()
    for outcome in (State.DONE, State.RUNNING, State.CANCELLED):
        drawing = draw(program, progress=Progress((Reached("a"),), Mark(outcome)))
        assert found(drawing)[0][1] in (State.DONE, State.NOT_REACHED)


def test_a_check_whose_failure_was_handled_says_so() -> None:
    program = (step("a") >> valid() >> step("b")).handle_error(step("c"))
    drawing = draw(program, progress=Progress((Reached("a"), Reached("!error/c")), Mark(State.DONE)))
    assert found(drawing) == [("valid", State.HANDLED, "")]


def test_a_check_that_was_passed_before_a_handled_failure_is_done() -> None:
    program = (valid() >> step("a")).handle_error(step("c"))
    trace = (Reached("a", State.FAILED), Reached("!error/c"))
    drawing = draw(program, progress=Progress(trace, Mark(State.DONE)))
    assert found(drawing) == [("valid", State.DONE, "")]


def test_the_parts_around_it_have_failed_too() -> None:
    drawing = failed(
        (step("a") >> loop(step("b") >> valid(), until=never)).named("part"),
        Reached("part/a"),
        Reached("part/loop[2]/b"),
    )
    assert found(drawing) == [("valid", State.FAILED, "")]
    assert {only(drawing, kind).place.state for kind in (Part, Cycle)} == {State.FAILED}


def test_the_end_of_an_arm_and_a_branch_without_a_way_can_fail() -> None:
    arm = when(bool, name="x") >> fail("bad")
    taken = failed(step("a") >> branch(arm, default=step("b")), Reached("a"), Reached("branch[x]"))
    assert only(taken, FailEnd).place.state is State.FAILED
    none = failed(step("a") >> branch(arm), Reached("a"))
    assert (only(none, Choice).place.state, only(none, FailEnd).place.state) == (State.FAILED, State.NOT_REACHED)


def test_of_branches_that_which_was_not_withdrawn_has_failed() -> None:
    program = parallel(step("a") >> valid("x"), signal_step("b") >> valid("y"))
    drawing = failed(program, Reached("parallel[a]/a"), Reached("parallel[b]/b", State.WITHDRAWN))
    assert found(drawing) == [("x", State.FAILED, ""), ("y", State.SKIPPED, "")]
    split = only(drawing, Split)
    assert [split.place.state, *(way.place.state for way in split.ways)] == [
        State.FAILED,
        State.FAILED,
        State.WITHDRAWN,
    ]


@pytest.mark.parametrize(("elements", "state"), [(2, State.FAILED), (9, State.DONE)])
def test_an_element_is_only_blamed_where_all_are_drawn(elements: int, state: State) -> None:
    program = for_each(function("pages"), step("a") >> valid(), element=int)
    trace = [Reached(f"each[{number}]/a", State.WITHDRAWN) for number in range(1, elements)]
    drawing = failed(program, Elements("each", elements), Reached("each[0]/a"), *trace)
    assert only(drawing, Multiple).elements[0].body[1].place.state is state
