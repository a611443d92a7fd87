"""Is what goes round without waiting stopped, with an error that names the place? Whatever lint may say of it."""

from __future__ import annotations

from typing import Any

import pytest

from interpreters.errors import EndlessRounds, UserFunctionRaised
from interpreters.machine.advance import MOST_ROUNDS
from interpreters.machine.execution import Execution
from interpreters.machine.recording import event_entry
from interpreters.machine.turn import MOST_FOLLOWING, Turn, first_turn, turn
from tests.machine.programs import AT
from wio import (
    WIO,
    Goto,
    Stop,
    Workflow,
    alongside,
    branch,
    compute,
    for_each,
    loop,
    machine,
    now,
    pure,
    recursive,
    run_io,
    scope,
    state,
    when,
)

Program = WIO[Any, Any, Any]


def no(_: object) -> bool:
    """Refuse."""
    return False


def yes(_: object) -> bool:
    """Let in."""
    return True


def same(number: int) -> int:
    """Change nothing."""
    return number


def plus_one(number: int) -> int:
    """Count."""
    return number + 1


def stays(number: int) -> Goto[int] | Stop[int]:
    """Never stop."""
    return Goto("a", number)


def goes_on(number: int) -> Program:
    """Never end."""
    return pure(number).flat_map(goes_on)


def drawn() -> float:
    """Draw a number."""
    return 0.5


step: Program = run_io(same, name="step")
done: Program = compute(same)
hasty: Program = branch(when(no) >> step, default=done)


def begun(root: Program) -> Turn:
    """Begin an instance."""
    return first_turn(Workflow("endless", version=1, input=int, root=root), 1, AT, chance=drawn)


@pytest.mark.parametrize(
    ("root", "address"),
    [
        ((done >> loop(done, until=no, name="poll")).named("part"), "part/poll"),
        (machine(state("a", done.map(stays), to="a"), start="a", name="order"), "order"),
        (pure(1).flat_map(goes_on).named("part"), "part"),
        (scope(step, alongside(hasty, done, name="again"), name="watch"), "watch[again#"),
        (for_each(lambda _: [1], step, add=hasty, name="each"), "each[+"),
    ],
)
def test_rounds_within_one_transition_are_bounded(root: Program, address: str) -> None:
    with pytest.raises(EndlessRounds, match="without waiting for anything") as raised:
        begun(root)
    assert raised.value.address.startswith(address)
    assert raised.value.address in str(raised.value)
    assert isinstance(raised.value, UserFunctionRaised)


def test_a_recursion_is_stopped_before_its_addresses_fill_the_memory() -> None:
    with pytest.raises(EndlessRounds) as raised:
        begun(recursive("down", lambda again: branch(when(yes) >> again, default=step)))
    assert raised.value.address.startswith("down/branch[yes]/down/")
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize(
    ("root", "address"),
    [
        (loop(now().map(same), until=no, name="poll"), "poll["),
        (loop(done, until=no, checkpoint=int, name="poll"), "poll["),
    ],
)
def test_entries_within_one_turn_are_bounded(root: Program, address: str) -> None:
    with pytest.raises(EndlessRounds, match="without waiting for anything") as raised:
        begun(root)
    assert raised.value.address.startswith(address)


def test_just_as_many_rounds_and_entries_as_there_may_be_are_fine() -> None:
    counted = loop(compute(plus_one), until=lambda number: number > MOST_ROUNDS)
    drawing = loop(now(lambda number, _: number + 1), until=lambda number: number > MOST_FOLLOWING)
    for root in (counted, drawing):
        assert begun(root).execution.outcome is not None


def test_rounds_that_wait_are_not_counted_together() -> None:
    inner = loop(compute(plus_one), until=lambda number: number % 600_000 == 0)
    halves = loop(inner >> step, until=no)
    here = begun(halves)
    for _ in range(2):
        here = ran(here.execution)
    assert here.execution.outcome is None


def ran(execution: Execution) -> Turn:
    """Bring the event of the only effect."""
    (pending,) = (place for place in execution.threads.values())
    address = getattr(pending, "address", "")
    return turn(execution, event_entry(execution, address, 1, AT), AT, drawn)
