"""Does the walk draw what is written, at the addresses that a run records?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreters.machine.pending import EffectToRun, SignalExpected, TaskOffered, TimerRunning
from interpreters.render import Continued, Progress, Reached, State, draw, to_dot, to_json, to_mermaid, to_text
from interpreters.render.drawing import (
    MOST_DEPTH,
    Body,
    Choice,
    Cycle,
    Drawing,
    Dynamic,
    Handled,
    More,
    Place,
    Shape,
    Step,
)
from interpreters.render.inside import active_state, bodies
from interpreters.render.progress import ACTIVE
from tests.render import sample_workflows as samples
from tests.render.machine_runs import run
from tests.render.random_programs import LAW, programs, step, with_many
from wio import WIO, branch, catch, compute, fail, for_each, loop, pure, repeat_while, when

AnyProgram = WIO[Any, Any, Any]
MANY = 100_000


def shapes(body: Body) -> Iterator[Shape]:
    for shape in body:
        yield shape
        for inner in bodies(shape):
            yield from shapes(inner)


def places(drawing: Drawing) -> list[Place]:
    return [shape.place for shape in shapes(drawing.body)]


def addresses(program: AnyProgram) -> list[str]:
    return [place.address for place in places(draw(program)) if place.address]


def states(drawing: Drawing) -> dict[str, State]:
    return {place.at: place.state for place in places(drawing) if place.at}


# Addresses


def test_steps_of_one_name_are_counted_in_the_order_of_execution() -> None:
    assert addresses(step("a") >> (step("b") >> step("a"))) == ["a", "b", "a#2"]


def test_arms_count_for_themselves() -> None:
    choice = branch(when(bool, name="large") >> (step("a") >> step("a")), default=step("a"), name="risk")
    assert addresses(step("a") >> choice >> step("a")) == [
        "a",
        "risk",
        "risk[large]/a",
        "risk[large]/a#2",
        "risk[default]/a",
        "a#2",
    ]


def test_the_body_of_a_loop_and_its_way_back_share_a_round() -> None:
    assert addresses(loop(step("a"), until=bool, back=step("a"), name="poll")) == ["poll", "poll[*]/a", "poll[*]/a#2"]


def test_a_handler_is_counted_after_the_steps_it_guards() -> None:
    inner = step("a").handle_error(catch(samples.CardDeclined, step("a")))
    assert addresses(inner.handle_error(catch(samples.CardDeclined, step("b"))) >> step("a")) == [
        "!CardDeclined#2",
        "!CardDeclined",
        "a",
        "!CardDeclined/a",
        "!CardDeclined#2/b",
        "a#2",
    ]


def test_a_part_is_a_scope() -> None:
    assert addresses((step("a") >> step("b")).named("p") >> step("a")) == ["p", "p/a", "p/b", "a"]


@LAW
@given(programs())
def test_no_two_shapes_have_the_same_address(program: AnyProgram) -> None:
    found = addresses(program)
    assert len(found) == len(set(found))


# Instances


def pattern(address: str) -> str:
    """Return the address as it is in a picture without an instance: any round or element, the first run or visit."""
    rounds = re.sub(r"\[\d+\]", "[*]", address)
    return re.sub(r"#\d+\]", "]", re.sub(r"\[(undo |\+)\d+\]", r"[\1*]", rounds))


@LAW
@given(programs(dynamic=False), st.lists(st.integers(0, 100), max_size=30))
def test_a_run_without_failures_records_at_addresses_of_the_picture(program: AnyProgram, choices: list[int]) -> None:
    # After a failure fewer steps were passed than are written, a deeper level of a recursion is not written at all, and
    # the tail of a multi-merge is written once for several branches.
    made = run(program.handle_error(step("stop")), [choice - choice % 5 for choice in choices])
    if not any("!" in address or "walk/" in address or "merged[" in address for address in made.addresses):
        assert {pattern(address) for address in made.addresses} <= set(addresses(program))


@LAW
@given(programs() | with_many(), st.lists(st.integers(0, 100), max_size=30), st.booleans())
def test_whatever_an_instance_does_finds_its_place_in_the_picture(
    program: AnyProgram, choices: list[int], cancelled: bool
) -> None:
    made = run(program, choices, cancelled=cancelled)
    drawing = draw(program, progress=made.progress, most=1_000_000)
    assert drawing.unplaced == ()
    for made_in in (to_text, to_mermaid, to_dot, to_json):
        assert made_in(drawing)


def test_what_follows_a_for_each_without_elements_comes_after_it() -> None:
    program = for_each(lambda _: [], step("a"), key=str, name="a") >> pure(0).flat_map(lambda _: step("a"))
    made = run(program, [1])
    drawing = draw(program, progress=made.progress)
    assert (made.addresses, drawing.unplaced) == (("a", "a#2"), ())
    assert [shape.place.at for shape in drawing.body] == ["a", "", "", "a#2"]


def test_of_two_handlers_in_one_scope_that_one_is_reached_which_has_begun() -> None:
    program = step("a").handle_error(pure(0) >> step("b")) >> fail(samples.OutOfStock()).handle_error(
        pure(0) >> step("c")
    )
    made = run(program, [0, 1])
    drawing = draw(program, progress=made.progress)
    assert (made.addresses[:2], drawing.unplaced) == (("a", "!error/c"), ())
    first, second = drawing.body
    assert isinstance(first, Handled)
    assert isinstance(second, Handled)
    assert (first.place.state, second.place.at) == (State.SKIPPED, "!error")


@LAW
@given(programs(), st.lists(st.integers(0, 100), max_size=30))
def test_what_an_instance_waits_for_is_in_the_picture(program: AnyProgram, choices: list[int]) -> None:
    made = run(program, choices)
    drawn = states(draw(program, progress=made.progress, most=1_000_000))
    for awaited in made.waiting:
        if isinstance(awaited, EffectToRun | SignalExpected | TimerRunning | TaskOffered) and is_drawn(awaited.address):
            assert drawn[awaited.address] in ACTIVE


@LAW
@given(programs(), st.lists(st.integers(0, 100), max_size=40))
def test_an_instance_that_has_ended_is_at_no_place(program: AnyProgram, choices: list[int]) -> None:
    made = run(program, choices)
    if made.progress.outcome.state is State.DONE:
        assert active_state(draw(program, progress=made.progress).body) is None


def is_drawn(address: str) -> bool:
    """Tell whether a picture shows all that is active around an address.

    Of elements, rounds, levels of a recursion, runs of a handler that goes on alongside, and of the tail of a
    multi-merge, it shows some.
    """
    return not re.search(r"\[\d+\]|walk/walk|\[deadline|merged\[", address)


def test_the_state_of_the_latest_round_is_drawn() -> None:
    drawing = draw(samples.medium(), progress=samples.medium_progress())
    (cycle,) = (shape for shape in shapes(drawing.body) if isinstance(shape, Cycle))
    assert cycle.rounds == 2
    assert cycle.place.state is State.WAITING
    assert [shape.place.at for shape in (*cycle.body, *cycle.back)] == ["poll[2]/look up parcel", "poll[2]/pause"]


def test_an_arm_that_was_not_taken_is_skipped() -> None:
    drawing = draw(samples.medium(), progress=samples.medium_progress())
    (choice,) = (shape for shape in shapes(drawing.body) if isinstance(shape, Choice))
    assert [(way.name, way.place.state) for way in choice.ways] == [("large", State.DONE), ("default", State.SKIPPED)]


def test_a_step_passed_by_is_not_taken_for_the_one_that_has_its_address() -> None:
    program = (step("a") >> step("b")).handle_error(step("mend")) >> step("b")
    drawing = draw(program, progress=Progress((Reached("a"), Reached("!error/mend"), Reached("b", State.RUNNING))))
    handled, last = drawing.body
    assert isinstance(handled, Handled)
    assert [shape.place.state for shape in handled.body] == [State.DONE, State.SKIPPED]
    assert last.place == Place("b#2", "b", State.RUNNING)


def test_a_failure_that_was_handled_is_not_where_the_instance_is() -> None:
    program = step("a").handle_error(step("mend")) >> step("b")
    trace = (Reached("a", State.FAILED, "CardDeclined"), Reached("!error/mend"), Reached("b", State.RUNNING))
    drawing = draw(program, progress=Progress(trace))
    assert states(drawing)["a"] is State.HANDLED
    assert active_state(drawing.body) is State.RUNNING
    assert "✗ failed, handled: CardDeclined" in to_text(drawing)
    assert states(draw(program, progress=Progress(trace[:1])))["a"] is State.FAILED


def test_a_loop_without_a_round_is_passed() -> None:
    program = repeat_while(bool, step("a")) >> step("b") >> repeat_while(bool, step("a"))
    drawing = draw(program, progress=Progress((Reached("b"), Reached("loop#2[1]/a"))))
    assert drawing.unplaced == ()
    assert states(drawing) == dict.fromkeys(("loop", "b", "loop#2", "loop#2[1]/a"), State.DONE)


def test_what_records_nothing_is_done_when_the_instance_is_beyond_it() -> None:
    program = pure(1) >> step("a") >> compute(abs, name="absolute") >> step("b") >> pure(2)
    drawing = draw(program, progress=Progress((Reached("a"), Reached("b", State.RUNNING))))
    assert [shape.place.state for shape in drawing.body] == [
        State.DONE,
        State.DONE,
        State.DONE,
        State.RUNNING,
        State.NOT_REACHED,
    ]


def test_a_continuation_is_drawn_where_it_goes_on() -> None:
    program = step("a").flat_map(samples.never) >> step("a")
    trace = (Reached("a"), Continued("", step("a") >> step("c")), Reached("a#2"), Reached("c"), Reached("a#3"))
    drawing = draw(program, progress=Progress(trace))
    assert drawing.unplaced == ()
    assert [shape.place.at for shape in drawing.body] == ["a", "", "a#2", "c", "a#3"]
    assert isinstance(drawing.body[1], Dynamic)
    assert drawing.body[1].expanded


def test_alt_and_lash_are_drawn_by_the_function_of_the_user() -> None:
    drawn = to_text(draw(step("a").alt(samples.function("in words"))))
    assert re.search(r"in words +check", drawn)
    drawn = to_text(draw(step("a").lash(samples.function("by carrier"))))
    assert re.search(r"by carrier +dynamic", drawn)


def test_alt_and_lash_of_a_lambda_are_drawn_without_a_name() -> None:
    program: AnyProgram = step("a").alt(lambda error: [error]).lash(lambda error: fail(error))
    assert re.search(r"check +check", to_text(draw(program)))
    assert re.search(r"continuation +dynamic", to_text(draw(program)))


def test_what_is_not_in_the_program_is_said() -> None:
    drawing = draw(step("a"), progress=Progress((Reached("a"), Reached("gone"), Reached("gone#2"))))
    assert drawing.unplaced == ("gone", "gone#2")
    assert "not in this program: gone\n" in to_text(drawing)


# Size


def _left_nested() -> AnyProgram:
    program = step("first")
    one = step("next")
    for _ in range(MANY - 2):
        program = program >> one
    return program >> step("last")


def _right_nested() -> AnyProgram:
    program = step("last")
    one = step("next")
    for _ in range(MANY - 2):
        program = one >> program
    return step("first") >> program


@pytest.mark.parametrize("chain", [_left_nested, _right_nested])
def test_a_chain_of_any_nesting_draws_its_first_and_last_steps(chain: Any) -> None:
    assert sys.getrecursionlimit() <= 1_000
    drawing = draw(chain())
    assert len(drawing.body) <= 200
    first, last = drawing.body[0], drawing.body[-1]
    assert isinstance(first, Step)
    assert isinstance(last, Step)
    assert (first.name, last.name) == ("first", "last")
    (left_out,) = (shape for shape in drawing.body if isinstance(shape, More))
    assert left_out.steps == MANY - len(drawing.body) + 1
    for made in (to_text, to_mermaid, to_dot, to_json):
        assert made(drawing)


def test_a_long_recursion_draws_its_active_place() -> None:
    drawing = draw(samples.recursion(), progress=samples.recursion_progress(10_000), most=20)
    assert f"look#{10_000}" in states(drawing)
    assert len(list(shapes(drawing.body))) <= 20


def test_scopes_that_nest_too_deep_are_left_out() -> None:
    program = step("inmost")
    for number in range(5_000):
        program = (program >> step(f"a{number}")).handle_error(step("mend"))
    drawing = draw(program, most=100_000)
    (left_out,) = (shape for shape in shapes(drawing.body) if isinstance(shape, More))
    assert left_out.steps == 1 + 2 * (5_000 - MOST_DEPTH)
    for made in (to_text, to_mermaid, to_dot, to_json):
        assert made(drawing)
