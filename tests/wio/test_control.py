"""How do the inner nodes choose, repeat, recover and answer? Numbers are those of the behaviours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from returns.maybe import Maybe, Nothing, Some
from returns.result import Failure, Result, Success

from interpreters import UnexpectedQuery, UserFunctionRaised, answer
from interpreters.machine.pending import EffectToRun, Outcome, Pending, SignalExpected, TimerRunning, pending
from interpreters.machine.recovery import recover
from interpreters.machine.turn import Turn
from interpreters.testing import Simulation
from journals.entries import Entry
from tests.machine.driving import begun, fired, ran, signalled
from tests.machine.programs import AT
from wio import (
    WIO,
    Caught,
    GivenUp,
    InvalidDefinition,
    NoArmMatched,
    Query,
    Retry,
    Signal,
    Workflow,
    branch,
    catch,
    check,
    compute,
    fail,
    handle_signal,
    loop,
    pure,
    query,
    repeat_while,
    retrying,
    run_io,
    wait,
    when,
    when_some,
)
from wio.nodes import Retrying


def ask(number: int) -> int:
    return number


def plus(number: int, event: int) -> int:
    return number + event


@attrs.frozen
class TooMuch:
    by: int


@attrs.frozen
class Broken:
    why: str


def limited(number: int, event: int) -> Result[int, TooMuch]:
    return Success(number + event) if event < 100 else Failure(TooMuch(event))


def breaks(number: int, event: int) -> Result[int, Broken]:
    return Success(number + event) if event < 100 else Failure(Broken(f"{number}"))


ADD = Signal("add", request=int, response=int)
CANCEL = Signal("cancel", request=str, response=str)


def take(number: int, request: int) -> int:
    del number
    return request


add = handle_signal(ADD, take, plus, respond=plus)
step = run_io(ask, plus, name="step")
other = run_io(ask, plus, name="other")


def workflow(root: WIO[int, Any, Any]) -> Workflow[int, Any, Any]:
    return Workflow("w", version=1, input=int, root=root)


def started(root: WIO[int, Any, Any], value: int = 0) -> Turn:
    return begun(workflow(root), value)


def at(waiting: Pending) -> str:
    assert not isinstance(waiting, Outcome), waiting
    return waiting.address


def is_large(number: int) -> bool:
    return number > 10


def is_small(number: int) -> bool:
    return number < 3


def excess(number: int) -> Maybe[int]:
    return Some(number - 10) if number > 10 else Nothing


# Choice


def test_a_condition_picks_an_arm_which_shows_in_the_addresses() -> None:
    """43."""
    chosen = branch(when(is_large) >> step | when(is_small) >> other, default=add, name="size")
    assert at(started(chosen, 11).pending[0]) == "size[is_large]/step"
    assert at(started(chosen, 1).pending[0]) == "size[is_small]/other"
    assert at(started(chosen, 5).pending[0]) == "size[default]/add"


def test_the_first_arm_that_yields_is_taken() -> None:
    both = branch(when(is_large, name="a") >> pure("a") | when(is_large, name="b") >> pure("b"), default=pure("c"))
    assert started(both, 11).pending[0] == Outcome(Success("a"), recorded=True)


def test_an_arm_may_take_what_its_guard_finds() -> None:
    found = branch(when_some(excess) >> compute(str), default=compute(repr))
    assert started(found, 13).pending[0] == Outcome(Success("3"), recorded=True)
    assert started(found, 3).pending[0] == Outcome(Success("3"), recorded=True)


def test_the_picked_arm_stays_picked_after_replay() -> None:
    """43: the value is recorded, so the question gets the same answer."""
    chosen = step >> branch(when(is_large) >> step, default=other)
    first = started(chosen)
    second = ran(first, 50)
    assert at(second.pending[0]) == "branch[is_large]/step"
    assert pending(recover(workflow(chosen), [*first.entries, *second.entries])) == second.pending


def test_only_the_chosen_arms_signal_shows() -> None:
    """44."""
    cancel = handle_signal(CANCEL, lambda _, text: text, lambda number, _: number, respond=lambda _, text: text)
    waiting = started(branch(when(is_large) >> add, default=cancel), 20).pending[0]
    assert isinstance(waiting, SignalExpected)
    assert waiting.node.signal == ADD


def test_without_a_match_the_branch_fails() -> None:
    """45: R: it does not hang."""
    unmatched = branch(when(is_large) >> step, name="size")
    assert started(unmatched, 1).pending[0] == Outcome(Failure(NoArmMatched("size", 1)), recorded=True)
    mended = unmatched.handle_error(catch(NoArmMatched, compute(lambda caught: caught.error.branch)))
    assert started(mended, 1).pending[0] == Outcome(Success("size"), recorded=True)


def test_after_a_branch_names_count_in_the_scope_outside() -> None:
    chosen = (
        step >> branch(when(is_large) >> step, default=step) >> step >> branch(when(is_large) >> step, default=step)
    )
    here = started(chosen)
    addresses = [at(here.pending[0])]
    for _ in range(3):
        here = ran(here, 1)
        addresses.append(at(here.pending[0]))
    assert addresses == ["step", "branch[default]/step", "step#2", "branch#2[default]/step"]


def test_arms_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidDefinition, match="'is_large'"):
        branch(when(is_large) >> step | when(is_large) >> other)
    with pytest.raises(InvalidDefinition, match="'default'"):
        branch(when(is_large, name="default") >> step)


@pytest.mark.parametrize("guard", [lambda _: 1, lambda _: None, lambda _: "yes"])
def test_a_guard_that_answers_neither_yes_nor_no_is_an_error(guard: Any) -> None:
    with pytest.raises(UserFunctionRaised, match="a bool or a Maybe"):
        started(branch(when(guard) >> pure(1), default=pure(2)))


# Repetition


def is_ten(number: int) -> bool:
    return number >= 10


def over_ten(number: int) -> Maybe[str]:
    return Some(f"{number}") if number >= 10 else Nothing


def test_a_pure_loop_goes_forward_to_its_end() -> None:
    """46."""
    counted = loop(compute(lambda number: number + 1), until=is_ten)
    assert started(counted).pending[0] == Outcome(Success(10), recorded=True)


def test_a_body_runs_once_at_least_and_a_pre_test_body_perhaps_never() -> None:
    assert started(loop(compute(lambda number: number + 1), until=is_ten), 50).pending[0] == Outcome(Success(51), True)
    assert started(repeat_while(is_small, step), 50).pending[0] == Outcome(Success(50), recorded=True)


def test_a_pre_test_loop_asks_before_each_round() -> None:
    here = started(repeat_while(is_small, step, name="fill"))
    assert at(here.pending[0]) == "fill[1]/step"
    here = ran(here, 2)
    assert at(here.pending[0]) == "fill[2]/step"
    assert ran(here, 2).pending[0] == Outcome(Success(4), recorded=True)


def test_with_a_way_back_the_order_is_body_back_body() -> None:
    """47, 48, 50: both may run effects and take signals; the way back belongs to the round before it."""
    here = started(loop(step, until=is_ten, back=add >> other))
    places = [at(here.pending[0])]
    for move in (ran, signalled, ran):
        here = move(here, 2)
        places.append(at(here.pending[0]))
    assert places == ["loop[1]/step", "loop[1]/add", "loop[1]/other", "loop[2]/step"]
    assert ran(here, 20).pending[0] == Outcome(Success(26), recorded=True)


def test_an_error_in_the_body_or_on_the_way_back_leaves_the_loop() -> None:
    """49: with the state so far."""
    risky = run_io(ask, limited, name="risky")
    state = compute(lambda caught: caught.state)
    in_body = loop(step >> risky, until=is_ten).handle_error(state)
    assert ran(ran(started(in_body), 4), 100).pending[0] == Outcome(Success(4), recorded=True)
    on_way_back = loop(step, until=is_ten, back=risky).handle_error(state)
    assert ran(ran(started(on_way_back), 4), 100).pending[0] == Outcome(Success(4), recorded=True)


def test_a_loop_may_end_with_what_its_question_finds() -> None:
    """51: the output changes its type."""
    assert ran(started(loop(step, until=over_ten)), 12).pending[0] == Outcome(Success("12"), recorded=True)


def test_each_delivery_of_a_signal_feeds_the_next_round() -> None:
    """28."""
    adding = workflow(loop(add, until=is_ten))
    with Simulation(adding) as simulation:
        run = simulation.start(adding, id="i", input=0)
        assert [run.signal(ADD, 4, key=f"{number}") for number in range(3)] == [4, 8, 12]
        assert run.result() == Success(12)
        assert run.signal(ADD, 4, key="1") == 8


def test_a_timer_in_a_loop_starts_anew_each_round() -> None:
    """36: in the body and on the way back."""
    day = timedelta(days=1)
    here = started(loop(step >> wait(day), until=is_ten, back=wait(2 * day, name="rest")))
    here = ran(here, 1)
    assert here.pending[0] == TimerRunning("loop[1]/wait", AT + day)
    here = fired(here, AT + day)
    assert here.pending[0] == TimerRunning("loop[1]/rest", AT + 3 * day)
    here = ran(fired(here, AT + 4 * day), 1, AT + 5 * day)
    assert here.pending[0] == TimerRunning("loop[2]/wait", AT + 6 * day)


def test_nested_loops_have_nested_addresses() -> None:
    here = started(loop(loop(step, until=lambda number: number % 2 == 0, name="inner"), until=is_ten, name="outer"))
    places = []
    for event in (1, 1, 3):
        places.append(at(here.pending[0]))
        here = ran(here, event)
    assert places == ["outer[1]/inner[1]/step", "outer[1]/inner[2]/step", "outer[2]/inner[1]/step"]
    assert at(here.pending[0]) == "outer[2]/inner[2]/step"


def test_after_a_loop_names_count_in_the_scope_outside() -> None:
    ended_loop = step >> loop(step, until=is_ten) >> step >> repeat_while(is_small, step)
    here = started(ended_loop)
    places = [at(here.pending[0])]
    for event in (1, 9, -10):
        here = ran(here, event)
        places.append(at(here.pending[0]))
    assert places == ["step", "loop[1]/step", "step#2", "loop#2[1]/step"]


def test_an_error_leaves_the_scope_of_its_loop() -> None:
    failing = loop(run_io(ask, limited, name="risky"), until=is_ten)
    rescue = run_io(lambda caught: caught.error.by, name="rescue")
    here = ran(started(failing.handle_error(rescue) >> step), 100)
    assert at(here.pending[0]) == "!error/rescue"
    assert at(ran(here, 1).pending[0]) == "step"


# Errors

risky = run_io(ask, limited, name="risky")


def test_an_error_after_a_pure_value_an_effect_and_a_signal_is_handled() -> None:
    """38: and the handler sees the input, the error and the latest value."""
    judged = handle_signal(ADD, take, limited, respond=plus)
    seen = compute(lambda caught: caught)
    assert started((step >> check(too_much)).handle_error(seen), 1).pending[0] == EffectToRun(
        "step", "step", ask, (1,), attempt=1
    )
    checked = ran(started((step >> check(too_much)).handle_error(seen), 1), 2)
    assert checked.pending[0] == ended(Caught(1, TooMuch(3), 3))
    risked = ran(ran(started((step >> risky).handle_error(seen), 1), 2), 100)
    assert risked.pending[0] == ended(Caught(1, TooMuch(100), 3))
    assert signalled(ran(started((step >> judged).handle_error(seen), 1), 2), 100).pending[0] == ended(
        Caught(1, TooMuch(100), 3)
    )
    assert started(fail(TooMuch(1)).handle_error(seen), 7).pending[0] == ended(Caught(7, TooMuch(1), 7))


def too_much(number: int) -> Result[int, TooMuch]:
    return Failure(TooMuch(number))


def ended(value: object) -> Outcome:
    return Outcome(Success(value), recorded=True)


def test_a_handler_with_an_effect_waits_for_it() -> None:
    """39: in a scope of its own."""
    rescued = risky.handle_error(run_io(lambda caught: caught.input, name="rescue"))
    here = ran(started(rescued, 5), 100)
    assert at(here.pending[0]) == "!error/rescue"
    assert ran(here, 6).pending[0] == ended(6)


def test_a_handlers_signal_is_expected_only_after_the_failure() -> None:
    """40."""
    retry = handle_signal(ADD, lambda _, number: number, lambda _, number: number, respond=lambda _, number: number)
    here = started(risky.handle_error(catch(TooMuch, retry)))
    assert isinstance(here.pending[0], EffectToRun)
    here = ran(here, 100)
    assert isinstance(here.pending[0], SignalExpected)
    assert here.pending[0].address == "!TooMuch/add"


def test_a_handler_of_one_type_lets_the_others_pass() -> None:
    """42: they stay in the error channel, for the next handler outside."""
    inner = risky.handle_error(catch(Broken, pure("broken")))
    assert ran(started(inner), 100).pending[0] == Outcome(Failure(TooMuch(100)), recorded=True)
    outer = inner.handle_error(catch(TooMuch, pure("too much")))
    assert ran(started(outer), 100).pending[0] == ended("too much")


def test_the_nearest_handler_of_the_type_takes_the_error() -> None:
    both = risky.handle_error(catch(TooMuch, pure("inner"))).handle_error(catch(TooMuch, pure("outer")))
    assert ran(started(both), 100).pending[0] == ended("inner")


def test_an_error_in_a_handler_goes_further_out() -> None:
    inner = risky.handle_error(catch(TooMuch, fail(Broken("handler"))))
    assert ran(started(inner), 100).pending[0] == Outcome(Failure(Broken("handler")), recorded=True)
    assert ran(started(inner.handle_error(pure("outside"))), 100).pending[0] == ended("outside")


def test_after_a_handled_error_the_workflow_goes_on() -> None:
    mended = risky.handle_error(compute(lambda caught: caught.input)) >> step
    here = ran(started(mended, 5), 100)
    assert here.pending[0] == EffectToRun("step", "step", ask, (5,), attempt=1)


def test_an_exception_is_not_a_domain_error() -> None:
    """15: no handler sees it."""

    def raises(number: int) -> int:
        raise OSError(number)

    guarded = workflow(run_io(raises).handle_error(pure("handled")))
    with Simulation(guarded) as simulation:
        run = simulation.start(guarded, id="i", input=1)
        assert run.record.status.value == "paused"


def test_handlers_of_one_type_are_told_apart_by_their_occurrence() -> None:
    rescue = run_io(lambda caught: caught.input, name="rescue")
    here = ran(started(risky.handle_error(rescue) >> risky.handle_error(rescue)), 100)
    assert at(here.pending[0]) == "!error/rescue"
    here = ran(ran(here, 1), 100)
    assert at(here.pending[0]) == "!error#2/rescue"


@pytest.mark.parametrize("on", [int | str, list[int], "TooMuch", (TooMuch, Broken)])
def test_errors_are_caught_by_one_class(on: Any) -> None:
    with pytest.raises(InvalidDefinition, match="catch"):
        catch(on, pure(1))


# Queries

STATUS = Query("status", response=str)
DETAIL = Query("detail", response=str)


def outer_view(number: object) -> str:
    return f"outer {number}"


def inner_view(number: object) -> str:
    return f"inner {number}"


def told(here: Turn, question: Query[str] = STATUS) -> str:
    return answer(here.execution, question)


def test_a_query_sees_the_latest_value_of_its_part_and_answers_after_the_end() -> None:
    here = started(query(STATUS, outer_view, step >> other), 1)
    assert told(here) == "outer 1"
    here = ran(here, 10)
    assert told(here) == "outer 11"
    here = ran(here, 100)
    assert isinstance(here.pending[0], Outcome)
    assert told(here) == "outer 111"


def test_the_nearest_query_around_the_active_place_answers() -> None:
    here = started(query(STATUS, outer_view, step >> query(STATUS, inner_view, other) >> step))
    assert told(here) == "outer 0"
    here = ran(here, 1)
    assert told(here) == "inner 1"
    here = ran(here, 1)
    assert told(here) == "outer 2"


def test_a_part_that_has_ended_answers_with_its_last_value() -> None:
    here = ran(started(query(DETAIL, inner_view, step) >> other), 5)
    assert told(here, DETAIL) == "inner 5"
    assert told(ran(here, 7), DETAIL) == "inner 5"


def test_after_a_failure_the_query_shows_the_state_before_it() -> None:
    here = ran(ran(started(query(STATUS, outer_view, step >> risky)), 5), 100)
    assert here.pending[0] == Outcome(Failure(TooMuch(100)), recorded=True)
    assert told(here) == "outer 5"


def test_in_a_loop_the_query_sees_each_round() -> None:
    here = started(loop(query(STATUS, outer_view, step), until=is_ten))
    assert told(ran(here, 3)) == "outer 3"
    assert told(ran(ran(here, 3), 4)) == "outer 7"


def test_a_query_that_nobody_answers_is_refused() -> None:
    here = started(query(STATUS, outer_view, step) >> other)
    with pytest.raises(UnexpectedQuery, match="'detail' at 'step'"):
        told(here, DETAIL)
    with pytest.raises(UnexpectedQuery, match="'status' at 'other'"):
        told(started(other >> query(STATUS, outer_view, step)))


def test_a_query_records_nothing_and_its_error_changes_nothing() -> None:
    def raises(number: object) -> str:
        raise KeyError(number)

    asked = workflow(query(STATUS, raises, add))
    with Simulation(asked) as simulation:
        run = simulation.start(asked, id="i", input=0)
        before = run.history
        with pytest.raises(UserFunctionRaised, match="raises"):
            run.query(STATUS)
        assert run.history == before
        assert run.signal(ADD, 3) == 3


# Dynamic continuation


def test_flat_map_picks_the_next_step_from_the_result() -> None:
    """6: effects and signals work on both sides."""
    here = started(step.flat_map(lambda number: add if number > 5 else other))
    assert at(ran(here, 9).pending[0]) == "add"
    assert at(ran(here, 1).pending[0]) == "other"
    first = signalled(started(add.flat_map(lambda _: step)), 9)
    assert first.pending[0] == EffectToRun("step", "step", ask, (9,), attempt=1)


def test_bind_gives_the_original_input_again() -> None:
    here = ran(started(step.bind(lambda _: other), 3), 10)
    assert here.pending[0] == EffectToRun("other", "other", ask, (3,), attempt=1)


@pytest.mark.parametrize("made", [None, 3, "step", step.__class__])
def test_a_continuation_that_makes_no_program_is_an_error(made: Any) -> None:
    with pytest.raises(UserFunctionRaised, match="a WIO"):
        ran(started(step.flat_map(lambda _: made)), 1)


def test_a_rescue_that_makes_no_program_is_an_error() -> None:
    wrong: Any = 3
    with pytest.raises(UserFunctionRaised, match="not a program"):
        started(fail(1).lash(lambda _: wrong))


def test_map_and_transforms_change_output_and_input() -> None:
    """7, 8."""
    assert ran(started(step.map(str)), 5).pending[0] == ended("5")
    assert ran(started(step.transform_input(lambda number: number * 100), 2), 5).pending[0] == ended(205)


def test_the_original_input_is_there_after_a_partly_executed_base() -> None:
    """9: after a recovery too."""
    transformed = (step >> other).transform_output(lambda given, made: (given, made))
    entries: list[Entry] = []
    here = started(transformed, 7)
    for event in (1, 2):
        entries.extend(here.entries)
        here = ran(here, event)
    assert here.pending[0] == ended((7, 10))
    half_way = recover(workflow(transformed), entries)
    assert pending(half_way)[0] == EffectToRun("other", "other", ask, (8,), attempt=1)


# Technical errors


def give_up(number: int, problem: GivenUp) -> Result[int, Broken]:
    return Success(number) if problem.attempts < 5 else Failure(Broken(problem.message))


def test_a_part_may_have_a_policy_and_a_way_to_give_up() -> None:
    policy = Retry(attempts=3)
    assert retrying(step >> other, policy) == Retrying(step >> other, policy, None)
    assert retrying(step >> other, policy, give_up) == Retrying(step >> other, policy, give_up)
