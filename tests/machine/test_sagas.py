"""What becomes of a saga one of whose undos fails? It pauses there, and the rest of its list waits for a resume."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from returns.result import Failure, Result, Success

from interpreters import recover
from interpreters.errors import JournalMismatch
from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, pending
from interpreters.machine.transition import apply
from interpreters.machine.turn import Turn
from journals.entries import Kind
from tests.machine import driving
from tests.machine.driving import begun
from tests.machine.invariants import broken, shape
from tests.machine.programs import ASK, AT, workflow_of
from wio import (
    WIO,
    Done,
    Exceeded,
    GivenUp,
    Rest,
    Retry,
    checkpoint,
    compute,
    fail,
    first_of,
    interrupt,
    parallel,
    pure,
    race,
    receive_signal,
    retrying,
    run_io,
    saga,
    scope,
    undoable,
    wait,
)

Program: TypeAlias = WIO[Any, Any, Any]
Happening: TypeAlias = Callable[[Turn], Turn]


@attrs.frozen
class Bad:
    """Is the error of a step that has brought a negative number."""

    number: int


def act(given: object) -> int:
    return 1 if given is None else 2


def settle(_: object, number: int) -> Result[int, Bad]:
    return Failure(Bad(number)) if number < 0 else Success(number)


def step(name: str, retry: Retry | None = None) -> Program:
    return run_io(act, settle, name=name, event=int, retry=retry)


def done(name: str, retry: Retry | None = None) -> Program:
    """Return a step with an undo, which is called `u` and its name."""
    return undoable(step(name), step(f"u{name}", retry))


def trip(last: str = "c") -> Program:
    return saga(done("a") >> done("b") >> step(last))


# What happens


def event(address: str, number: int = 1) -> Happening:
    return lambda here: driving.ran(here, number, address=address)


def raises(address: str, error: Exception) -> Happening:
    return lambda here: driving.failed(here, error, address=address)


def resume(address: str) -> Happening:
    return lambda here: driving.resumed(here, address=address)


def stop(address: str) -> Happening:
    return lambda here: driving.signalled(here, 1, address=address)


def cancel(here: Turn) -> Turn:
    return driving.cancelled(here)


def story(root: Program, *happenings: Happening) -> Turn:
    """Return the last turn of a story in which the process dies after everything that happens."""
    workflow = workflow_of(root)
    here = begun(workflow, 1)
    entries = here.entries
    for happening in happenings:
        here = happening(here)
        entries = (*entries, *here.entries)
        recovered = recover(workflow, entries)
        assert broken(here.execution) == []
        assert shape(recovered) == shape(here.execution)
        assert pending(recovered) == pending(here.execution)
        here = Turn(recovered, here.entries, here.touched)
    return here


def at(here: Turn) -> list[str]:
    """Return where something can happen."""
    return [waiting.address for waiting in pending(here.execution) if isinstance(waiting, EffectToRun)]


def paused(here: Turn) -> PausedAt:
    """Return the only place that is paused."""
    (found,) = [waiting for waiting in pending(here.execution) if isinstance(waiting, PausedAt)]
    return found


def ended(here: Turn) -> Outcome:
    (end,) = pending(here.execution)
    assert isinstance(end, Outcome)
    return end


A_AND_B = event("saga/a"), event("saga/b")
UNDOING = *A_AND_B, event("saga/c", -1)
NOT_UNDONE = *UNDOING, event("saga[undo 1]/ub", -2)


# An undo that fails with an error


def test_it_pauses_the_instance_at_the_saga() -> None:
    here = story(trip(), *NOT_UNDONE)
    assert [entry.kind for entry in here.entries] == [Kind.EVENT]
    assert paused(here).address == "saga[undo 1]"
    assert paused(here).problem.type == "UndoFailed"
    because = "The undo ub failed with Bad(number=-2). It ran because of Bad(number=-1)"
    assert paused(here).problem.message == because
    assert paused(here).remaining == ("ua",)


def test_no_handler_of_errors_takes_it() -> None:
    assert paused(story(trip().handle_error(pure(0)), *NOT_UNDONE)).address == "saga[undo 1]"


def test_a_resume_begins_it_anew_and_then_the_rest_runs() -> None:
    here = story(trip(), *NOT_UNDONE, resume("saga[undo 1]"))
    assert at(here) == ["saga[undo 2]/ub"]
    (waiting,) = pending(here.execution)
    assert isinstance(waiting, EffectToRun)
    assert waiting.arguments == (Done(1, 1),)
    (entry,) = here.entries
    assert (entry.kind, entry.address, entry.payload) == (Kind.RESUMED, "saga[undo 1]", None)
    rest = event("saga[undo 2]/ub"), event("saga[undo 3]/ua")
    assert ended(story(trip(), *NOT_UNDONE, resume("saga[undo 1]"), *rest)).result == Failure(Bad(-1))


def test_it_may_fail_again_and_so_may_the_next_one() -> None:
    again = *NOT_UNDONE, resume("saga[undo 1]"), event("saga[undo 2]/ub", -3)
    assert paused(story(trip(), *again)).address == "saga[undo 2]"
    last = *again, resume("saga[undo 2]"), event("saga[undo 3]/ub"), event("saga[undo 4]/ua", -4)
    here = story(trip(), *last)
    assert (paused(here).address, paused(here).remaining) == ("saga[undo 4]", ())
    assert ended(story(trip(), *last, resume("saga[undo 4]"), event("saga[undo 5]/ua"))).result == Failure(Bad(-1))


def test_one_that_records_nothing_pauses_as_well() -> None:
    def refuse(finished: Done[int, int]) -> Program:
        return fail(Bad(finished.output))

    same: Program = compute(lambda finished: finished)
    root = saga(undoable(step("a"), same.flat_map(refuse)) >> step("b"))
    here = story(root, event("saga/a", 7), event("saga/b", -1))
    assert (paused(here).address, "Bad(number=7)" in paused(here).problem.message) == ("saga[undo 1]", True)
    here = story(root, event("saga/a", 7), event("saga/b", -1), resume("saga[undo 1]"))
    assert paused(here).address == "saga[undo 2]"


def test_nothing_else_can_be_recorded_there() -> None:
    here = story(trip(), *NOT_UNDONE)
    (resumed,) = driving.resumed(here, address="saga[undo 1]").entries
    for wrong in (
        replace(resumed, kind=Kind.EVENT),
        replace(resumed, kind=Kind.PAUSED),
        replace(resumed, address="saga[undo 2]"),
        replace(resumed, address="saga"),
    ):
        with pytest.raises(JournalMismatch, match="a resume at 'saga\\[undo 1\\]'"):
            apply(here.execution, wrong)


def test_what_drained_in_it_is_withdrawn() -> None:
    undo = parallel(step("x"), step("y"), join=1) >> step("z")
    root = saga(undoable(step("a"), undo) >> step("b"))
    here = story(
        root,
        event("saga/a"),
        event("saga/b", -1),
        event("saga[undo 1]/parallel[x]/x"),
        event("saga[undo 1]/z", -2),
    )
    assert at(here) == []
    assert paused(here).address == "saga[undo 1]"


def test_its_steps_are_named_by_the_undo() -> None:
    root = saga(undoable(step("a"), step("first") >> step("second")) >> step("b"))
    here = story(root, event("saga/a"), event("saga/b", -1), event("saga[undo 1]/first", -2))
    assert paused(here).problem.message.startswith("The undo first second failed with Bad(number=-2).")


# Why the saga undoes


@pytest.mark.parametrize("before", [A_AND_B, NOT_UNDONE], ids=["before", "while it is paused"])
def test_after_a_cancel_the_rest_is_undone_as_well(before: tuple[Happening, ...]) -> None:
    failed = (*before, cancel) if before is NOT_UNDONE else (*before, cancel, event("saga[undo 1]/ub", -2))
    here = story(trip(), *failed)
    assert (paused(here).address, paused(here).remaining) == ("saga[undo 1]", ("ua",))
    rest = resume("saga[undo 1]"), event("saga[undo 2]/ub"), event("saga[undo 3]/ua")
    assert ended(story(trip(), *failed, *rest)).is_cancelled


def test_a_cancel_is_the_cause_that_it_names() -> None:
    here = story(trip(), *A_AND_B, cancel, event("saga[undo 1]/ub", -2))
    assert paused(here).problem.message.endswith("It ran because the saga was withdrawn")


def test_an_interrupt_waits_until_all_is_undone() -> None:
    halt: Program = receive_signal(ASK, lambda _, number: number, respond=lambda *_: 0, name="halt")
    root = scope(trip(), interrupt(halt, step("d"), name="stop"))
    failed = (
        event("scope/saga/a"),
        event("scope/saga/b"),
        stop("scope[stop]/halt"),
        event("scope/saga[undo 1]/ub", -2),
    )
    assert paused(story(root, *failed)).address == "scope/saga[undo 1]"
    rest = resume("scope/saga[undo 1]"), event("scope/saga[undo 2]/ub"), event("scope/saga[undo 3]/ua")
    assert at(story(root, *failed, *rest)) == ["scope[stop]/d"]


def test_the_other_branches_go_on() -> None:
    root = parallel(trip().handle_error(pure(0)), step("d") >> step("e"))
    inside = "parallel[saga]/saga"
    failed = (
        event(f"{inside}/a"),
        event(f"{inside}/b"),
        event(f"{inside}/c", -1),
        event(f"{inside}[undo 1]/ub", -2),
        event("parallel[d]/d"),
    )
    here = story(root, *failed)
    assert (paused(here).address, at(here)) == (f"{inside}[undo 1]", ["parallel[d]/e"])
    rest = (
        event("parallel[d]/e"),
        resume(f"{inside}[undo 1]"),
        event(f"{inside}[undo 2]/ub"),
        event(f"{inside}[undo 3]/ua"),
    )
    assert ended(story(root, *failed, *rest)).result == Success((0, 1))


def test_a_branch_that_was_withdrawn_waits_for_it() -> None:
    root = race(trip(), step("d")) >> step("e")
    failed = (
        event("race[saga]/saga/a"),
        event("race[d]/d"),
        event("race[saga]/saga[undo 1]/ua", -2),
    )
    assert (paused(story(root, *failed)).address, at(story(root, *failed))) == ("race[saga]/saga[undo 1]", [])
    rest = resume("race[saga]/saga[undo 1]"), event("race[saga]/saga[undo 2]/ua")
    assert at(story(root, *failed, *rest)) == ["e"]


def test_so_does_the_loser_of_a_choice() -> None:
    losing = saga(undoable(pure(1), step("u")) >> step("x"))
    root = first_of(losing, step("d") >> step("e")) >> step("f")
    failed = event("first[d]/d"), event("first[saga]/saga[undo 1]/u", -2)
    here = story(root, *failed)
    assert (paused(here).address, at(here)) == ("first[saga]/saga[undo 1]", ["first[d]/e"])
    rest = event("first[d]/e"), resume("first[saga]/saga[undo 1]"), event("first[saga]/saga[undo 2]/u")
    assert at(story(root, *failed, *rest)) == ["f"]


def test_what_drained_is_not_lost() -> None:
    root = saga(parallel(done("a") >> trip("x"), step("d"), join=1, rest=Rest.DRAIN) >> step("e"))
    inside = "saga/parallel[a]/saga"
    failed = (
        event("saga/parallel[a]/a"),
        event(f"{inside}/a"),
        event("saga/parallel[d]/d"),
        event("saga/e", -1),
        event(f"{inside}[undo 1]/ua", -2),
    )
    here = story(root, *failed)
    assert (paused(here).address, at(here)) == (f"{inside}[undo 1]", ["saga[undo 1]/ua"])
    rest = event("saga[undo 1]/ua"), resume(f"{inside}[undo 1]"), event(f"{inside}[undo 2]/ua")
    assert ended(story(root, *failed, *rest)).result == Failure(Bad(-1))


def test_the_saga_around_undoes_when_the_one_inside_has() -> None:
    root = saga(done("o") >> trip())
    failed = (
        event("saga/o"),
        event("saga/saga/a"),
        event("saga/saga/b"),
        event("saga/saga/c", -1),
        event("saga/saga[undo 1]/ub", -2),
    )
    here = story(root, *failed)
    assert (paused(here).address, paused(here).remaining) == ("saga/saga[undo 1]", ("ua",))
    rest = resume("saga/saga[undo 1]"), event("saga/saga[undo 2]/ub"), event("saga/saga[undo 3]/ua")
    assert at(story(root, *failed, *rest)) == ["saga[undo 1]/uo"]
    assert ended(story(root, *failed, *rest, event("saga[undo 1]/uo"))).result == Failure(Bad(-1))


def test_an_undo_of_a_saga_that_ended_well_is_one_of_the_list_around_it() -> None:
    root = saga(saga(done("a") >> done("b")) >> done("c") >> step("d"))
    failed = (
        event("saga/saga/a"),
        event("saga/saga/b"),
        event("saga/c"),
        event("saga/d", -1),
        event("saga[undo 1]/uc"),
        event("saga[undo 2]/ub", -2),
    )
    here = story(root, *failed)
    assert (paused(here).address, paused(here).remaining) == ("saga[undo 2]", ("ua",))
    rest = resume("saga[undo 2]"), event("saga[undo 3]/ub"), event("saga[undo 4]/ua")
    assert ended(story(root, *failed, *rest)).result == Failure(Bad(-1))


def test_an_undo_may_be_a_saga_with_a_list_of_its_own() -> None:
    root = saga(done("o") >> done("a") >> undoable(step("b"), trip("x")) >> step("c"))
    inside = "saga[undo 1]/saga"
    undoing = event("saga/o"), *UNDOING
    failed = (*undoing, event(f"{inside}/a"), event(f"{inside}/b"), event(f"{inside}/x", -3))
    here = story(root, *failed, event(f"{inside}[undo 1]/ub", -4))
    assert (paused(here).address, paused(here).remaining) == (f"{inside}[undo 1]", ("ua",))
    undone = event(f"{inside}[undo 1]/ub"), event(f"{inside}[undo 2]/ua")
    here = story(root, *failed, *undone)
    assert (paused(here).address, paused(here).remaining) == ("saga[undo 1]", ("ua", "uo"))
    assert at(story(root, *failed, *undone, resume("saga[undo 1]"))) == ["saga[undo 2]/saga/a"]


def test_in_a_part_with_a_checkpoint_it_is_the_same() -> None:
    root = checkpoint(trip().handle_error(pure(0)), result=int, name="part") >> step("d")
    failed = (
        event("part/saga/a"),
        event("part/saga/b"),
        event("part/saga/c", -1),
        event("part/saga[undo 1]/ub", -2),
    )
    assert paused(story(root, *failed)).address == "part/saga[undo 1]"
    rest = resume("part/saga[undo 1]"), event("part/saga[undo 2]/ub"), event("part/saga[undo 3]/ua")
    assert at(story(root, *failed, *rest)) == ["d"]


def test_it_is_found_among_many_threads() -> None:
    others = [step(f"s{number}") for number in range(8)]
    root = parallel(trip(), *others)
    inside = "parallel[saga]/saga"
    failed = (
        event(f"{inside}/a"),
        event(f"{inside}/b"),
        *(event(f"parallel[s{number}]/s{number}") for number in range(4)),
        cancel,
    )
    assert at(story(root, *failed)) == [f"{inside}[undo 1]/ub"]
    many = parallel(*(trip().named(f"t{number}") for number in range(6)))
    places = [f"parallel[t{number}]/t{number}" for number in range(6)]
    each_failed = [happening for place in places for happening in (event(f"{place}/a"), event(f"{place}/b"))]
    withdrawn = *each_failed, cancel, *(event(f"{place}[undo 1]/ub", -2) for place in places)
    here = story(many, *withdrawn)
    assert [waiting.address for waiting in pending(here.execution) if isinstance(waiting, PausedAt)] == [
        f"{place}[undo 1]" for place in places
    ]
    assert at(story(many, *withdrawn, resume(f"{places[3]}[undo 1]"))) == [f"{places[3]}[undo 2]/ub"]


# An undo that is technically failing


def test_the_rest_is_named_where_an_undo_is_paused() -> None:
    here = story(trip(), *UNDOING, raises("saga[undo 1]/ub", OSError("gone")))
    assert (paused(here).address, paused(here).remaining) == ("saga[undo 1]/ub", ("ua",))
    last = event("saga[undo 1]/ub"), raises("saga[undo 2]/ua", OSError("gone"))
    assert paused(story(trip(), *UNDOING, *last)).remaining == ()


def test_nothing_is_named_where_nothing_is_undone() -> None:
    assert paused(story(trip(), *A_AND_B, raises("saga/c", OSError("gone")))).remaining == ()


def test_an_undo_that_is_given_up_by_a_part_around_its_saga_pauses_there() -> None:
    policy = Retry(attempts=1)
    root = retrying(trip(), policy, lambda _, given_up: Success(given_up.attempts))
    here = story(root, *UNDOING, raises("saga[undo 1]/ub", OSError("gone")))
    assert paused(here).address == "saga[undo 1]"
    assert "failed with OSError: gone, in attempt 1." in paused(here).problem.message
    assert paused(here).remaining == ("ua",)


def failing(after: Exceeded = Exceeded.FAIL) -> Retry:
    return Retry(attempts=1, exceeded=after)


def given_up(here: Turn) -> GivenUp:
    told = ended(here).given_up
    assert told is not None
    return told


def test_one_that_fails_the_instance_names_what_is_not_undone() -> None:
    root = saga(done("a") >> done("b", failing()) >> step("c"))
    here = story(root, *UNDOING, raises("saga[undo 1]/ub", OSError("gone")))
    assert given_up(here) == GivenUp("OSError", "gone", 1, ("ua",))


def test_the_saga_around_it_is_undone_and_not_named() -> None:
    root = saga(done("o") >> saga(done("a") >> done("b", failing()) >> step("c")))
    undoing = (
        event("saga/o"),
        event("saga/saga/a"),
        event("saga/saga/b"),
        event("saga/saga/c", -1),
        raises("saga/saga[undo 1]/ub", OSError("gone")),
    )
    assert at(story(root, *undoing)) == ["saga[undo 1]/uo"]
    assert given_up(story(root, *undoing, event("saga[undo 1]/uo"))).remaining == ("ua",)


def test_all_lists_are_named_that_are_given_up() -> None:
    inner = saga(done("a") >> done("x", failing()) >> step("y"))
    root = saga(done("o") >> undoable(step("b"), inner) >> step("c"))
    inside = "saga[undo 1]/saga"
    here = story(
        root,
        event("saga/o"),
        event("saga/b"),
        event("saga/c", -1),
        event(f"{inside}/a"),
        event(f"{inside}/x"),
        event(f"{inside}/y", -2),
        raises(f"{inside}[undo 1]/ux", OSError("gone")),
    )
    assert given_up(here).remaining == ("ua", "uo")


def test_a_step_in_an_undo_that_drains_gives_up_nothing() -> None:
    undo = parallel(step("x"), step("y", failing()), join=1) >> step("z")
    root = saga(done("a") >> undoable(step("b"), undo) >> step("c"))
    undoing = *UNDOING, event("saga[undo 1]/parallel[x]/x"), raises("saga[undo 1]/parallel[y]/y", OSError("gone"))
    assert at(story(root, *undoing)) == ["saga[undo 1]/z"]
    here = story(root, *undoing, event("saga[undo 1]/z"), event("saga[undo 2]/ua"))
    assert given_up(here) == GivenUp("OSError", "gone", 1)


def test_all_is_named_where_several_fail_the_instance() -> None:
    part = saga(done("a") >> done("b", failing()) >> wait(1_000_000 * AT.resolution, name="long"))
    root = parallel(part.named("x"), part.named("y"))
    one, other = (f"parallel[{name}]/{name}" for name in "xy")
    happened = (
        event(f"{one}/a"),
        event(f"{one}/b"),
        event(f"{other}/a"),
        event(f"{other}/b"),
        cancel,
        raises(f"{one}[undo 1]/ub", OSError("gone")),
        raises(f"{other}[undo 1]/ub", OSError("gone")),
    )
    assert given_up(story(root, *happened)).remaining == ("ua", "ua")


def test_a_step_that_fails_the_instance_leaves_nothing_undone() -> None:
    root = saga(done("a") >> step("c", failing()))
    here = story(root, event("saga/a"), raises("saga/c", OSError("gone")), event("saga[undo 1]/ua"))
    assert given_up(here) == GivenUp("OSError", "gone", 1)


# Whatever happens

Shape: TypeAlias = tuple[Any, ...]


def built(shape: Shape, names: Iterator[int]) -> Program:
    """Return a program in which every action has an undo and a name of its own."""
    kind, *parts = shape
    inside = [built(part, names) for part in parts]
    match kind:
        case "act":
            return done(f"{next(names)}")
        case "then":
            return inside[0] >> inside[1]
        case "parallel":
            return parallel(*(part.named(f"p{index}") for index, part in enumerate(inside)))
        case "handled":
            return saga(inside[0]).handle_error(pure(0))
        case _:
            return saga(inside[0])


SHAPES = st.recursive(
    st.just(("act",)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(("then", "then", "parallel")), inner, inner),
        st.tuples(st.sampled_from(("saga", "handled")), inner),
    ),
    max_leaves=6,
)


CANCEL = -3


@settings(deadline=None)
@given(SHAPES, st.lists(st.tuples(st.integers(0, 9), st.integers(CANCEL, 3)), max_size=30))
def test_all_that_was_done_is_undone_once_and_nothing_else(shape: Shape, choices: list[tuple[int, int]]) -> None:
    here = begun(workflow_of(saga(built(shape, itertools.count()) >> step("x"))), 1)
    ended_well: Counter[str] = Counter()
    left = iter(choices)
    while not isinstance((ready := pending(here.execution))[0], Outcome):
        chosen, number = next(left, (0, 1))
        waiting = ready[chosen % len(ready)]
        if number == CANCEL:
            here = cancel(here)
        elif isinstance(waiting, PausedAt):
            here = driving.resumed(here, address=waiting.address)
        elif isinstance(waiting, EffectToRun):
            name = waiting.address.rpartition("/")[2]
            number = -1 if name == "x" else number or 1
            here = driving.ran(here, number, address=waiting.address)
            ended_well[name] += number > 0
    acted = {name: count for name, count in ended_well.items() if not name.startswith("u")}
    undone = {name.removeprefix("u"): count for name, count in ended_well.items() if name.startswith("u")}
    assert Counter(acted) == Counter(undone)
