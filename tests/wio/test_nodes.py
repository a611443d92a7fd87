"""Is a program an ordinary value? What equality, names, pictures in words and the structure of the tree promise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from interpreters.machine.pending import Outcome
from tests.machine.driving import begun, ran
from wio import (
    WIO,
    InvalidDefinition,
    InvalidName,
    Query,
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
    when,
)
from wio.nodes import Composable, Named, Passage, children, node_of, same_structure
from wio.signals import Signal

ADD = Signal("add", request=int, response=int)
STATUS = Query("status", response=str)


def ask(number: int) -> int:
    return number


def plus(number: int, event: int) -> int:
    return number + event


def is_large(number: int) -> bool:
    return number > 10


step = run_io(ask, plus, name="step")
add = handle_signal(ADD, plus, plus, respond=plus)


def whole() -> WIO[int, Any, Any]:
    """Return a program with every node, built anew."""
    return (
        query(STATUS, str, run_io(ask, plus, name="step") >> wait(timedelta(1)))
        .flat_map(pure)
        .bind(pure)
        .map(abs)
        .apply(pure(abs))
        .alt(str)
        .lash(fail)
        .transform_input(abs)
        .transform_output(plus)
        .handle_error(catch(KeyError, pure(1)))
        .handle_error(compute(str))
        .named("part")
        >> branch(when(is_large) >> add, default=draft("later", input=int, output=int))
        >> loop(step, until=is_large, back=step)
        >> repeat_while(is_large, step)
    )


def test_programs_of_the_same_structure_are_equal() -> None:
    assert whole() == whole()
    assert hash(whole()) == hash(whole())
    assert same_structure(whole(), whole())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pure(1), pure(2)),
        (pure(1), fail(1)),
        (pure((1, 2)), pure((1, 3))),
        (pure((1, 2)), pure([1, 2])),
        (step, run_io(ask, name="step")),
        (step, step.named("other")),
        (step >> add, add >> step),
        (step >> add, step.flat_map(lambda _: add)),
        (step.flat_map(pure), step.bind(pure)),
        (wait(timedelta(1)), wait(timedelta(2))),
        (loop(step, until=is_large), repeat_while(is_large, step)),
        (loop(step, until=is_large), loop(step, until=is_large, back=step)),
        (branch(when(is_large) >> step), branch(when(is_large, name="b") >> step)),
        (branch(when(is_large) >> step), branch(when(is_large) >> step, default=step)),
        (step.handle_error(pure(1)), step.handle_error(catch(KeyError, pure(1)))),
        (step.alt(str), step.alt(repr)),
        (step.apply(pure(abs)), add.apply(pure(abs))),
        (step, 3),
        (step, None),
    ],
)
def test_programs_that_differ_are_not_equal(one: object, other: object) -> None:
    assert one != other
    assert other != one


def test_grouping_is_structure() -> None:
    """The same behaviour in another shape is another value: equality never runs anything."""
    assert (step >> add) >> step != step >> (add >> step)


def test_a_program_can_be_a_key() -> None:
    assert {whole(): "there"}[whole()] == "there"


def test_a_program_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        step.name = "other"  # type: ignore[attr-defined]


def test_building_runs_nothing() -> None:
    def never(*_: object) -> Any:
        raise AssertionError("it ran")

    built = run_io(never, never) >> compute(never) >> check(never)
    built = built.flat_map(never).bind(never).map(never).alt(never).lash(never).transform_output(never)
    built = query(STATUS, never, loop(built, until=never, back=run_io(never))) >> wait(never)
    built = branch(when(never) >> built, default=repeat_while(never, compute(never)))
    assert built == built.named("branch")
    assert repr(built)


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        (pure(3), "pure(3)"),
        (fail("no"), "fail('no')"),
        (pure("x" * 100), "pure('" + "x" * 39 + ")"),
        (step >> add, "step add<-add"),
        (step.map(abs), "step"),
        (query(STATUS, str, step), "query(status) step"),
        (step.flat_map(pure), "flat_map step"),
        (step.handle_error(catch(KeyError, pure(1))), "on KeyError step pure(1)"),
        (step.handle_error(pure(1)), "on error step pure(1)"),
        ((step >> add).named("part"), "part step add<-add"),
        (loop(step, until=is_large, back=add), "loop step add<-add"),
        (branch(when(is_large) >> step, default=add), "branch step add<-add"),
        (compute(abs), ""),
    ],
)
def test_a_program_in_words(program: WIO[Any, Any, Any], shown: str) -> None:
    assert repr(program) == f"<WIO {shown}>"


def test_children_are_in_the_order_in_which_they_are_written() -> None:
    assert children(step) == ()
    assert children(step >> add) == (step, add)
    assert children(loop(step, until=is_large, back=add)) == (step, add)
    assert children(branch(when(is_large) >> step, default=add)) == (step, add)
    assert children(step.handle_error(add)) == (step, add)
    assert children(query(STATUS, str, step)) == (step,)


# Names


def test_naming_a_step_renames_it_and_naming_a_part_makes_a_scope() -> None:
    assert step.named("other") == run_io(ask, plus, name="other")
    part = (step >> add).named("part")
    assert isinstance(node_of(part), Named)
    here = begun(Workflow("w", version=1, input=int, root=part >> part), 0)
    assert here.pending[0].address == "part/step"  # type: ignore[union-attr]
    here = ran(here, 1)
    assert here.pending[0].address == "part/add"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["", " a", "a ", "a/b", "a#2", "a[1]", "!a", "a:b", "a\n", "x" * 101])
def test_a_name_that_no_address_can_hold_is_refused(name: str) -> None:
    for program in (step, step >> add, wait(timedelta(1)), loop(step, until=is_large), compute(abs)):
        with pytest.raises(InvalidName):
            program.named(name)


def test_a_named_wait_still_passes_any_value() -> None:
    named = wait(timedelta(1)).named("cool down")
    assert isinstance(named, Passage)
    assert named == wait(timedelta(1), name="cool down")


# What is no program

WRONG: Any = 3


@pytest.mark.parametrize(
    "build",
    [
        lambda: step >> WRONG,
        lambda: step.and_then(WRONG),
        lambda: step.and_then(ask),  # type: ignore[call-overload]
        lambda: loop(WRONG, until=is_large),
        lambda: loop(step, until=is_large, back=WRONG),
        lambda: repeat_while(is_large, WRONG),
        lambda: when(is_large) >> WRONG,
        lambda: branch(when(is_large) >> step, default=WRONG),
        lambda: step.apply(WRONG),
        lambda: catch(KeyError, WRONG)(step),
        lambda: query(STATUS, str, WRONG),
        lambda: step >> Composable(),
        lambda: step >> WIO(),
    ],
)
def test_what_is_no_program_is_refused_where_it_is_built(build: Any) -> None:
    """R: it would be met only when an instance comes there."""
    with pytest.raises(InvalidDefinition, match="is not a program"):
        build()


def test_a_program_without_steps_ends_at_once() -> None:
    here = begun(Workflow("w", version=1, input=int, root=pure(1) >> compute(abs)), 0)
    assert isinstance(here.pending[0], Outcome)
