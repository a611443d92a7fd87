"""May a workflow be as long, as deep and as shared as it likes, at Python's default recursion limit?"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs
import pytest
from returns.result import Failure, Result, Success

from interpreters.machine.execution import CANCELLED
from interpreters.machine.pending import EffectToRun, Outcome, answer, pending
from interpreters.machine.questions import drafts, nodes_in
from interpreters.machine.recording import due_of_attempt
from interpreters.machine.recovery import recover
from interpreters.machine.turn import Turn
from journals.entries import Entry
from tests.machine.driving import AT, begun, cancelled, ran, signalled, waiting
from tests.machine.programs import AREAS, ASK, MEETINGS, NEAR, describes
from wio import (
    WIO,
    Rest,
    Workflow,
    branch,
    catch,
    compute,
    critical,
    draft,
    fail,
    first_of,
    for_each,
    gather,
    hold,
    interrupt,
    loop,
    meet,
    on_cancel,
    parallel,
    pure,
    query,
    race,
    receive_signal,
    region,
    run_io,
    saga,
    scope,
    undoable,
    when,
)
from wio import Done as Undone
from wio import recursive as recursive_part

LONG = 100_000


def ask(number: int) -> int:
    return number


def plus(number: int, event: int) -> int:
    return number + event


step = run_io(ask, plus, name="step")


def left(length: int) -> WIO[int, Any, int]:
    program = step
    for _ in range(length - 1):
        program = program >> step
    return program


def right(length: int) -> WIO[int, Any, int]:
    program = step
    for _ in range(length - 1):
        program = step >> program
    return program


def looped(length: int) -> WIO[int, Any, int]:
    return loop(step, until=lambda number: number >= length)


def recursive(length: int) -> WIO[int, Any, int]:
    def again(number: int) -> WIO[int, Any, int]:
        return pure(number) if number >= length else step.flat_map(again)

    return step.flat_map(again)


def workflow(program: WIO[int, Any, Any]) -> Workflow[int, Any, Any]:
    return Workflow("long", version=1, input=int, root=program)


def turns(program: WIO[int, Any, Any]) -> Iterator[Turn]:
    """Yield each turn of a run from 0, in which every effect brings a 1; nothing of it is kept."""
    here = begun(workflow(program), 0)
    while True:
        yield here
        if not isinstance(waiting(here), EffectToRun):
            return
        here = ran(here, 1)


def entries(program: WIO[int, Any, Any]) -> Iterator[Entry]:
    for turn in turns(program):
        yield from turn.entries


@pytest.fixture(autouse=True)
def recursion_limit() -> None:
    """The limit is Python's own, whatever a plugin may have set."""
    assert sys.getrecursionlimit() <= 1_000


@pytest.mark.parametrize("chain", [left, right, looped, recursive])
def test_a_chain_of_100_000_steps_runs_and_is_recovered(chain: Callable[[int], WIO[int, Any, int]]) -> None:
    program = chain(LONG)
    last: Entry | None = None

    def streamed() -> Iterator[Entry]:
        nonlocal last
        for entry in entries(program):
            last = entry
            yield entry

    ended = recover(workflow(program), streamed())
    assert pending(ended) == (Outcome(Success(LONG), recorded=True),)
    assert last is not None
    assert last.seq == LONG + 2


@pytest.mark.parametrize("chain", [left, right])
def test_a_chain_of_100_000_steps_is_an_ordinary_value(chain: Callable[[int], WIO[int, Any, int]]) -> None:
    one, other = chain(LONG), chain(LONG)
    assert one == other
    assert one != one >> step
    assert hash(one) == hash(other)
    assert repr(one) == f"<WIO {'step ' * 12}...>"
    assert sum(1 for _ in nodes_in(one)) == LONG
    assert drafts(workflow(one)) == ()


def test_whether_an_attempt_is_limited_is_told_at_once_in_a_chain_of_100_000_steps() -> None:
    workflow = Workflow("long", version=1, input=int, root=left(LONG))
    execution = begun(workflow, 0).execution
    began = time.perf_counter()
    for _ in range(10_000):
        assert due_of_attempt(execution, "step", AT) is None
    assert time.perf_counter() - began < 5, "The time grows with what comes after a step."


def test_a_long_chain_has_short_addresses() -> None:
    here = begun(workflow(left(50)), 0)
    for _ in range(49):
        here = ran(here, 1)
    assert here.entries[-1].address == "step#49"
    *_, last = turns(recursive(50))
    assert last.entries[0].address == "step#50"
    *_, last = turns(looped(50))
    assert last.entries[0].address == "loop[50]/step"


@pytest.mark.parametrize("chain", [looped, recursive])
def test_memory_does_not_grow_with_the_rounds(chain: Callable[[int], WIO[int, Any, int]]) -> None:
    short, long = _peak(chain(500)), _peak(chain(5_000))
    assert long < short + 20_000


def _peak(program: WIO[int, Any, int]) -> int:
    """Return the most bytes in use during a run whose entries nobody keeps."""
    for _ in turns(recursive(3)):
        pass
    tracemalloc.start()
    for _ in turns(program):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _guarded(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    return program.handle_error(catch(KeyError, pure(-1)))


def _named(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    return program.named("p")


def _chosen(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    return branch(when(bool, name="yes") >> pure(0), default=program, name="b")


def _mapped(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    return program.transform_output(plus)


def _applied(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    return program.apply(pure(abs))


def _bound(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    return program.bind(pure)


def _looped_once(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    return loop(program, until=_always, name="l")


def _always(number: int) -> bool:
    return number == number


SCOPES = [_guarded, _named, _chosen, _mapped, _applied, _bound, _looped_once]


def _nested(
    scope: Callable[[WIO[int, Any, int]], WIO[int, Any, int]], inside: WIO[int, Any, int]
) -> WIO[int, Any, int]:
    for _ in range(2_000):
        inside = scope(inside)
    return inside


@pytest.mark.parametrize("scope", SCOPES)
def test_2_000_nested_scopes(scope: Callable[[WIO[int, Any, int]], WIO[int, Any, int]]) -> None:
    one, other = _nested(scope, step), _nested(scope, step)
    assert one == other
    assert one != _nested(scope, pure(0))
    assert repr(one)
    assert pending(recover(workflow(one), entries(other))) == (Outcome(Success(1), recorded=True),)


def test_an_error_comes_out_of_2_000_handlers() -> None:
    *_, last = turns(_nested(_guarded, step >> fail("lost")))
    ended = waiting(last)
    assert isinstance(ended, Outcome)
    assert ended.result.failure() == "lost"


def _doubled(program: WIO[int, Any, int]) -> WIO[int, Any, int]:
    for _ in range(40):
        program = program >> program
    return program


@pytest.mark.parametrize(
    "leaf",
    [
        step,
        compute(abs),
        draft("later", input=int, output=int),
        pure(1),
        step.map(abs),
        compute(abs).transform_output(plus),
    ],
)
def test_a_part_used_2_to_the_40_times_costs_nothing(leaf: WIO[int, Any, int]) -> None:
    one, other = _doubled(leaf), _doubled(leaf)
    assert one == other
    assert one != _doubled(fail(0))
    assert len(repr(one)) < 500
    assert len(list(nodes_in(one))) < 50
    assert len(drafts(workflow(one))) <= 1


def test_a_part_used_2_to_the_40_times_runs() -> None:
    here = begun(workflow(_doubled(step)), 0)
    for _ in range(5):
        here = ran(here, 1)
    effect = waiting(here)
    assert isinstance(effect, EffectToRun)
    assert effect.address == "step#6"


# Joints inside one another

Program: TypeAlias = WIO[int, Any, int]
Nesting: TypeAlias = Callable[[Program], Program]

LEVELS = 1_000
"""Is how deep a recursion goes here: as deep as Python's own stack, which has no room then for a call a level."""


def folded(number: int, event: int) -> Result[int, str]:
    return Failure("lost") if event < 0 else Success(number + event)


def effect(name: str) -> Program:
    return run_io(ask, folded, name=name, event=int)


def asked(name: str) -> WIO[object, Any, int]:
    return receive_signal(ASK, lambda _, request: request, respond=lambda *_: 0, name=name)


UNDONE: list[int] = []
"""Is what the undos were given since somebody cleared it."""


def undone(done: Undone[int, int]) -> None:
    UNDONE.append(done.output)


def _first(outputs: tuple[Any, ...]) -> int:
    return int(outputs[0])


def _any(outputs: Mapping[str, int]) -> int:
    return next(iter(outputs.values()))


def _merged(_: int, latest: Mapping[str, int]) -> int:
    return min(latest.values(), default=0)


def _in_parallel(program: Program) -> Program:
    return parallel(program, effect("e"), name="p", merge=_merged).map(_first)


def _in_for_each(program: Program) -> Program:
    return for_each(lambda number: (number,), program, name="p", merge=_merged, element=int).map(_any)


def _in_choice(program: Program) -> Program:
    return first_of(program, effect("e"), name="p")


def _in_race(program: Program) -> Program:
    return race(program, effect("e"), name="p")


def _in_scope(program: Program) -> Program:
    return scope(program, interrupt(asked("i")), name="p")


def _with_cancel_handler(program: Program) -> Program:
    return scope(program, on_cancel(pure(0), name="c"), name="p")


def _in_region(program: Program) -> Program:
    return region(AREAS["r"], program)


def _in_critical(program: Program) -> Program:
    return critical("p", program)


def _in_hold(program: Program) -> Program:
    return hold("p", program)


def _in_gathering(program: Program) -> Program:
    return gather(program, meet(MEETINGS["one"], pure(0)), name="p")


def _in_saga(program: Program) -> Program:
    return saga(undoable(compute(abs), compute(undone)) >> program, name="p")


def _draining(program: Program) -> Program:
    return parallel(program, pure(0), name="p", join=1, rest=Rest.DRAIN) >> pure(0) >> effect("e")


JOINTS: tuple[Nesting, ...] = (
    _in_parallel,
    _in_for_each,
    _in_choice,
    _in_race,
    _in_scope,
    _with_cancel_handler,
    _in_region,
    _in_critical,
    _in_hold,
    _in_gathering,
    _in_saga,
)


def nested_joints(joint: Nesting, depth: int) -> Program:
    program = effect("s")
    for _ in range(depth):
        program = joint(program)
    return program


def recurring(joint: Nesting) -> Program:
    """Return a recursion as deep as its input says, in which each level is inside a joint."""

    def level(again: Program) -> Program:
        return branch(when(_positive, name="y") >> joint(compute(_less) >> again), default=effect("s"), name="b")

    return recursive_part("r", level)


def _positive(number: int) -> bool:
    return number > 0


def _less(number: int) -> int:
    return number - 1


@attrs.frozen
class Nest:
    """Is an instance in which joints are inside one another, with a query and an interrupt around and a step beside."""

    workflow: Workflow[int, Any, Any]
    here: Turn

    def address(self, ending: str) -> str:
        """Return where the effect with an ending of its address is to run."""
        effects = (each for each in pending(self.here.execution) if isinstance(each, EffectToRun))
        return next(each.address for each in effects if each.address.endswith(ending))


def nest(program: Program, number: int) -> Nest:
    beside = parallel(program, effect("beside"), name="top", merge=_merged).map(_first)
    around = scope(beside, interrupt(asked("stop")), name="top")
    root = workflow(query(NEAR, describes, around))
    return Nest(root, begun(root, number))


def result(here: Turn) -> Result[Any, Any]:
    ended = waiting(here)
    assert isinstance(ended, Outcome)
    return ended.result


@pytest.fixture(scope="module", params=JOINTS)
def deep(request: pytest.FixtureRequest) -> Nest:
    return nest(recurring(request.param), LEVELS)


def test_a_recursion_of_any_depth_is_cancelled(deep: Nest) -> None:
    assert result(cancelled(deep.here)) is CANCELLED


def test_a_recursion_of_any_depth_is_withdrawn_when_a_branch_beside_fails(deep: Nest) -> None:
    assert result(ran(deep.here, -1, address=deep.address("/beside"))) == Failure("lost")


def test_a_recursion_of_any_depth_is_interrupted(deep: Nest) -> None:
    assert result(signalled(deep.here, 7, address="top[stop]/stop")) == Success(7)


def test_a_failure_comes_out_of_a_recursion_of_any_depth(deep: Nest) -> None:
    assert result(ran(deep.here, -1, address=deep.address("/s"))) == Failure("lost")


def test_a_query_around_a_recursion_of_any_depth_is_answered(deep: Nest) -> None:
    # A race merges nothing: its latest value is its input.
    assert answer(deep.here.execution, NEAR) in ("near 0", f"near {LEVELS}")


@pytest.mark.parametrize("joint", [joint for joint in (*JOINTS, _draining) if joint is not _in_hold])
def test_3_000_joints_inside_one_another_are_cancelled_and_recovered(joint: Nesting) -> None:
    """No recursion, and no work that grows with the square."""
    deep = nest(nested_joints(joint, 3_000), 1)
    here = cancelled(deep.here)
    assert result(here) is CANCELLED
    assert pending(recover(deep.workflow, (*deep.here.entries, *here.entries))) == here.pending


def test_sagas_inside_one_another_are_undone_from_the_inside() -> None:
    here = begun(workflow(recurring(_in_saga)), LEVELS)
    UNDONE.clear()
    assert result(cancelled(here)) is CANCELLED
    assert list(range(1, LEVELS + 1)) == UNDONE
