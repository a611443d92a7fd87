"""What is each part called that runs beside others?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wio import (
    WIO,
    InvalidDefinition,
    Signal,
    catch,
    compute,
    critical,
    leave,
    loop,
    pure,
    receive_signal,
    run_io,
    wait,
    when,
    when_some,
)
from wio.branches import arms_of, first_doubled, first_name
from wio.regions import Region

STOP = Signal("stop", request=int, response=int)
step = run_io(abs, name="step")
other = run_io(abs, name="other")
stop = receive_signal(STOP, max, respond=max)


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (step, "step"),
        (step >> other, "step"),
        (step.named("part"), "part"),
        ((step >> other).named("part"), "part"),
        (stop, "stop"),
        (wait(timedelta(1)) >> step, "wait"),
        (compute(abs) >> other, "other"),
        (step.transform_input(abs), "step"),
        (compute(abs, name="double") >> other, "double"),
        (compute(abs) >> (compute(abs) >> (compute(abs) >> other)), "other"),
        (step.map(abs).flat_map(pure).handle_error(catch(KeyError, other)), "step"),
        (step.transform_output(max), "step"),
        (critical("stock", step), "step"),
        (loop(step, until=bool), "loop"),
        (pure(1), ""),
        (pure(1) >> pure(2), ""),
        (leave(Region("r", result=int), abs), ""),
    ],
)
def test_a_part_is_called_like_its_first_named_step(program: WIO[Any, Any, Any], name: str) -> None:
    assert first_name(program) == name


def test_the_first_name_is_found_at_any_depth() -> None:
    left: WIO[Any, Any, Any] = compute(abs)
    right: WIO[Any, Any, Any] = other
    for _ in range(20_000):
        left, right = left >> compute(abs), compute(abs) >> right
    assert first_name(left) == ""
    assert first_name(left >> right) == "other"


def test_arms_are_called_like_their_guards_their_steps_or_their_numbers() -> None:
    guarded = when_some(abs, name="guard") >> step
    arms = arms_of([step, pure(1), guarded, other, pure(2)], "parallel")
    assert [arm.name for arm in arms] == ["step", "2", "guard", "other", "5"]
    assert [arm.guard is None for arm in arms] == [True, True, False, True, True]
    assert [arm.body for arm in arms] == [step, pure(1), step, other, pure(2)]


@pytest.mark.parametrize(
    "branches",
    [
        [step, other, step],
        [step, when(bool, name="step") >> other],
        [other, pure(1).named("1"), pure(1).named("1")],
        [other, pure(1), run_io(abs, name="2")],
    ],
)
def test_branches_of_one_name_are_refused(branches: list[Any]) -> None:
    with pytest.raises(InvalidDefinition, match=r"Two branches of 'both' are called '(step|1|2)'.*branch\.named"):
        arms_of(branches, "both")


def test_nothing_is_no_branch() -> None:
    with pytest.raises(InvalidDefinition, match="'both' has no branches"):
        arms_of([], "both")


def test_one_branch_is_not_several_arms() -> None:
    """R: their outputs would shift those of the branches after them."""
    both = when(bool, name="yes") >> step | when(callable, name="no") >> other
    with pytest.raises(InvalidDefinition, match=r"Branch 2 of 'both' has several arms \(yes \| no\).*comma"):
        arms_of([pure(1), both], "both")


def test_a_name_is_doubled_or_not() -> None:
    assert first_doubled([]) is None
    assert first_doubled(["a", "b", "c"]) is None
    assert first_doubled(["a", "b", "c", "b", "a"]) == "b"
    assert first_doubled(str(number) for number in range(100_000)) is None
