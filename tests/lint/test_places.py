"""At which addresses does the walk of the rules find the nodes? At those that a run and a picture give them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from interpreters.lint.places import places
from interpreters.machine.transition import begin
from interpreters.render import draw
from wio import WIO, Signal, Workflow, branch, catch, draft, fail, handle_signal, loop, pure, run_io, wait, when


def effect(value: object) -> str:
    """Is the effect of all steps."""
    return str(value)


def yes(_: object) -> bool:
    """Is the guard of all arms."""
    return True


def addresses(program: WIO[Any, Any, Any]) -> list[str]:
    """Return the addresses of a program in the order in which they are written."""
    return [place.address for place in places(program)]


step = run_io(effect)
answered = handle_signal(
    Signal("ask", request=str, response=str), lambda _, text: text, lambda _, text: text, respond=lambda _, text: text
)

SAMPLES: list[tuple[WIO[Any, Any, Any], list[str]]] = [
    (pure(1) >> step.map(len), ["effect"]),
    (step >> step >> step, ["effect", "effect#2", "effect#3"]),
    (answered >> wait(timedelta(days=1)) >> draft("ship", input=str, output=str), ["ask", "wait", "ship"]),
    (
        branch(when(yes) >> step, default=step.named("other")) >> step,
        ["branch", "branch[yes]/effect", "branch[default]/other", "effect"],
    ),
    (loop(step, until=yes, back=step) >> step, ["loop", "loop[*]/effect", "loop[*]/effect#2", "effect"]),
    (
        (step >> fail(ValueError())).handle_error(catch(ValueError, step)).handle_error(step) >> step,
        ["effect", "!ValueError", "!ValueError/effect", "!error", "!error/effect", "effect#2"],
    ),
    ((step >> step).named("part") >> step, ["part", "part/effect", "part/effect#2", "effect"]),
    (step.flat_map(lambda _: step) >> step, ["effect", "effect#2"]),
]


@pytest.mark.parametrize(("program", "expected"), SAMPLES)
def test_each_place_has_its_address(program: WIO[Any, Any, Any], expected: list[str]) -> None:
    assert addresses(program) == expected


@pytest.mark.parametrize(("program", "_"), SAMPLES)
def test_the_addresses_are_those_of_the_picture(program: WIO[Any, Any, Any], _: list[str]) -> None:
    drawn = repr(draw(program))
    assert all(f"Place(address={address!r}" in drawn for address in addresses(program))


def test_a_run_begins_at_the_first_address() -> None:
    program = (step >> step).named("part")
    workflow = Workflow("sample", version=1, input=int, root=program)
    position: Any = begin(workflow, 1).position
    assert position.address == addresses(program)[1]


def test_a_long_chain_is_walked_without_recursion() -> None:
    program: WIO[Any, Any, Any] = step
    for _ in range(5_000):
        program = step >> program
    assert addresses(program)[-1] == "effect#5001"
