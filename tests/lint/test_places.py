"""At which addresses does the walk of the rules find the nodes? At those that a run and a picture give them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from interpreters.lint.places import places
from interpreters.machine.pending import pending
from interpreters.machine.transition import begin
from interpreters.render import draw
from wio import (
    WIO,
    Goto,
    Meeting,
    Region,
    Retry,
    Signal,
    Stop,
    Task,
    Workflow,
    alongside,
    arrive,
    branch,
    catch,
    critical,
    draft,
    during,
    fail,
    first_of,
    for_each,
    gather,
    handle_signal,
    hold,
    interrupt,
    leave,
    loop,
    machine,
    meet,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    recursive,
    region,
    retrying,
    run_io,
    saga,
    scope,
    state,
    task,
    undoable,
    wait,
    when,
)
from wio.nodes import Arrive, Leave, Undoable


def effect(value: object) -> str:
    """Is the effect of all steps."""
    return str(value)


def yes(_: object) -> bool:
    """Is the guard of all arms."""
    return True


def addresses(program: WIO[Any, Any, Any]) -> list[str]:
    """Return the addresses of what records, in the order in which they are written."""
    return [place.address for place in places(program) if not isinstance(place.node, Leave | Arrive | Undoable)]


AREA = Region("area", result=str)
MEETING = Meeting("tea", brings=object, needs={"x": 1})
Program = WIO[Any, Any, Any]
step: Program = run_io(effect)
a, b, undo = step.named("a"), step.named("b"), step.named("undo")
answered: Program = handle_signal(
    Signal("ask", request=str, response=str), lambda _, text: text, lambda _, text: text, respond=lambda _, text: text
)
asked: Program = task(Task("approve", input=str, output=str), effect)
stages = state("new", step.map(lambda said: Goto("paid", said)), to="paid") | state("paid", step.map(Stop))
watched = scope(a, interrupt(answered, step >> answered), alongside(b, b, name="also"), on_cancel(step))

SAMPLES: list[tuple[WIO[Any, Any, Any], list[str]]] = [
    (pure(1) >> step.map(len), ["effect"]),
    (step >> step >> step, ["effect", "effect#2", "effect#3"]),
    (answered >> wait(timedelta(days=1)) >> draft("ship", input=str, output=str), ["ask", "wait", "ship"]),
    (asked >> now(), ["approve", "now"]),
    (publish("news", str) >> asked, ["str", "approve"]),
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
    (retrying(step, Retry(attempts=2)) >> step, ["effect", "effect#2"]),
    (
        machine(stages, start="new") >> step,
        ["machine", "machine[new]/effect", "machine[paid]/effect", "effect"],
    ),
    (
        recursive("down", lambda again: step >> branch(when(yes) >> again, default=step)) >> step,
        ["down", "down/effect", "down/branch", "down/branch[yes]/down", "down/branch[default]/effect", "effect"],
    ),
    (
        parallel(step, when(yes) >> (a >> a)) >> step,
        ["parallel", "parallel[effect]/effect", "parallel[yes]/a", "parallel[yes]/a#2", "effect"],
    ),
    (first_of(a, b) >> a, ["first", "first[a]/a", "first[b]/b", "a"]),
    (
        for_each(str, step, add=answered, finish=asked) >> step,
        ["each", "each[*]/effect", "each[+*]/ask", "each[finish]/approve", "effect"],
    ),
    (
        watched >> step,
        [
            "scope",
            "scope/a",
            "scope[ask]/ask",
            "scope[ask]/effect",
            "scope[ask]/ask#2",
            "scope[also]/b",
            "scope[also]/b#2",
            "scope[on cancel]/effect",
            "effect",
        ],
    ),
    (
        region(AREA, critical("lock", hold("mark", step >> leave(AREA, effect)))) >> step,
        ["area", "area/lock", "area/lock/mark", "area/lock/mark/effect", "effect"],
    ),
    (during("mark", step, step) >> step, ["mark", "mark/effect", "mark[otherwise]/effect", "effect"]),
    (
        saga(undoable(a, undo) >> parallel(undoable(b, undoable(undo, undo)), a)) >> a,
        [
            "saga",
            "saga/a",
            "saga[undo *]/undo",
            "saga/parallel",
            "saga/parallel[b]/b",
            "saga[undo *]/undo#2",
            "saga[undo *]/undo#3",
            "saga/parallel[a]/a",
            "a",
        ],
    ),
    (undoable(a, undo) >> a, ["a", "[undo *]/undo", "a#2"]),
]


@pytest.mark.parametrize(("program", "expected"), SAMPLES)
def test_each_place_has_its_address(program: WIO[Any, Any, Any], expected: list[str]) -> None:
    assert addresses(program) == expected


@pytest.mark.parametrize(("program", "_"), SAMPLES)
def test_the_addresses_are_those_of_the_picture(program: WIO[Any, Any, Any], _: list[str]) -> None:
    drawn = repr(draw(program))
    assert all(f"Place(address={address!r}" in drawn for address in addresses(program))


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ((step >> step).named("part"), ["part/effect"]),
        (parallel(a, b), ["parallel[a]/a", "parallel[b]/b"]),
        (first_of(a, b), ["first[a]/a", "first[b]/b"]),
        (watched, ["scope/a", "scope[also]/b", "scope[ask]/ask"]),
        (machine(stages, start="new"), ["machine[new]/effect"]),
        (recursive("down", lambda again: branch(when(yes) >> (a >> again))), ["down/branch[yes]/a"]),
        (region(AREA, critical("lock", hold("mark", a))), ["area/lock/mark/a"]),
        (parallel(hold("mark", a), during("mark", b, b)), ["parallel[a]/mark/a", "parallel[b]/mark/b"]),
        (saga(undoable(a, undo)), ["saga/a"]),
        (gather(arrive(MEETING, "x") >> a, meet(MEETING, b >> a)), ["gather/a", "gather[tea]/b"]),
    ],
)
def test_a_run_begins_at_such_addresses(program: WIO[Any, Any, Any], expected: list[str]) -> None:
    workflow = Workflow("sample", version=1, input=int, root=program)
    reached: list[str] = [getattr(each, "address", "") for each in pending(begin(workflow, 1))]
    assert reached == expected
    assert set(expected) <= set(addresses(program))


def test_what_records_nothing_stands_in_its_scope() -> None:
    program = (leave(AREA, effect) >> arrive(MEETING, "x") >> undoable(a, undo)).named("part")
    found = [place.address for place in places(program) if isinstance(place.node, Leave | Arrive | Undoable)]
    assert found == ["part", "part", "part"]


def test_a_long_chain_is_walked_without_recursion() -> None:
    program: WIO[Any, Any, Any] = step
    for _ in range(5_000):
        program = step >> program
    assert addresses(program)[-1] == "effect#5001"
