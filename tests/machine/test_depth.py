"""May a workflow be as long, as deep and as shared as it likes, at Python's default recursion limit?"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from returns.result import Success

from interpreters.machine.pending import EffectToRun, Outcome, pending
from interpreters.machine.questions import drafts, nodes_in
from interpreters.machine.recovery import recover
from interpreters.machine.turn import Turn
from journals.entries import Entry
from tests.machine.driving import begun, ran, waiting
from wio import WIO, Workflow, branch, catch, compute, draft, fail, loop, pure, run_io, when

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
