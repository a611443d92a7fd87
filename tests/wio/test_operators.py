"""Are programs of several threads, states and watchers ordinary values? Their equality, words and structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Result, Success

from wio import (
    WIO,
    Done,
    GivenUp,
    Goto,
    Interrupted,
    InvalidDefinition,
    InvalidName,
    Region,
    Rest,
    Retry,
    Signal,
    Stop,
    Task,
    Workflow,
    alongside,
    call,
    compute,
    critical,
    during,
    first_of,
    for_each,
    hold,
    interrupt,
    leave,
    machine,
    new_uuid,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    race,
    random_number,
    receive_signal,
    recursive,
    region,
    retrying,
    run_io,
    saga,
    scope,
    state,
    task,
    timeout,
    undoable,
    wait,
    when,
)
from wio.nodes import children, same_structure

STOP = Signal("stop", request=int, response=int, correlation=str)
PACK = Task("pack", input=int, output=int)
WHOLE = Region("whole", result=int)
RETRY = Retry(attempts=3)
SOON = timedelta(1)


def ask(number: int) -> int:
    return number


def plus(number: int, event: int) -> int:
    return number + event


def is_large(number: int) -> bool:
    return number > 10


def up_to(number: int) -> range:
    return range(number)


def seen(number: int, latest: Mapping[str, Any]) -> object:
    return number, latest


def go(number: int) -> Goto[int]:
    return Goto("b", number)


def end(number: int) -> Stop[int]:
    return Stop(number)


def tell(_: Interrupted[int, int]) -> int:
    return 0


def undo(_: Done[int, int]) -> None:
    return


def give_up(number: int, _: GivenUp) -> Result[int, str]:
    return Success(number)


def again(itself: WIO[int, str, int]) -> WIO[int, str, int]:
    return b >> itself


a = run_io(ask, name="a")
b = run_io(ask, plus, name="b")
stop = receive_signal(STOP, plus, respond=plus)

BUILDERS: dict[str, Callable[[], WIO[int, Any, Any]]] = {
    "parallel a b": lambda: parallel(a, b),
    "parallel b a": lambda: parallel(b, a),
    "both a b": lambda: parallel(a, b, name="both"),
    "parallel a b ": lambda: parallel(a, b, join=1),
    "parallel a b  ": lambda: parallel(a, b, join=1, rest=Rest.CANCEL),
    "parallel a b   ": lambda: parallel(a, b, merge=seen),
    "parallel a b    ": lambda: parallel(when(is_large) >> a, b),
    "race a b": lambda: race(a, b),
    "first a b": lambda: first_of(a, b),
    "each a": lambda: for_each(up_to, a),
    "each a ": lambda: for_each(up_to, a, key=str),
    "each a  ": lambda: for_each(up_to, a, join=2),
    "each a   ": lambda: for_each(up_to, a, join=2, rest=Rest.BLOCK),
    "each a    ": lambda: for_each(up_to, a, at_once=2),
    "each a     ": lambda: for_each(up_to, a, element=int),
    "each a      ": lambda: for_each(up_to, a, merge=seen),
    "each a stop<-stop": lambda: for_each(up_to, a, add=stop),
    "each a stop<-stop ": lambda: for_each(up_to, a, finish=stop),
    "each a stop<-stop wait": lambda: for_each(up_to, a, add=stop, finish=wait(SOON)),
    "machine a a": lambda: machine(state("a", a.map(go), to="b") | state("b", a.map(end)), start="a"),
    "machine a a ": lambda: machine(state("a", a.map(go), to=["b", "a"]) | state("b", a.map(end)), start="a"),
    "machine a a  ": lambda: machine(state("a", a.map(go), to="b") | state("b", a.map(end)), start="b"),
    "machine a a   ": lambda: machine(state("a", a.map(go), to="b") | state("b", a.map(end)), start=str),
    "down b again down": lambda: recursive("down", again),
    "w a": lambda: call(Workflow("w", version=1, input=int, root=a)),
    "scope a stop<-stop": lambda: scope(a, interrupt(stop)),
    "scope a stop<-stop ": lambda: scope(a, interrupt(stop, compute(tell))),
    "scope a stop<-stop  ": lambda: scope(a, alongside(stop, compute(tell))),
    "scope a b": lambda: scope(a, on_cancel(b.transform_input(str))),
    "timeout a deadline": lambda: timeout(a, SOON),
    "timeout a deadline pure(0)": lambda: timeout(a, SOON, pure(0)),
    "region(whole) a": lambda: region(WHOLE, a),
    "leave(whole)": lambda: leave(WHOLE, ask),
    "leave(whole) ": lambda: leave(WHOLE, abs),
    "critical(stock) a": lambda: critical("stock", a),
    "hold(open) a": lambda: hold("open", a),
    "during(open) a b": lambda: during("open", a, b),
    "a b": lambda: undoable(a, b.transform_input(undo)),
    "saga a b": lambda: saga(undoable(a, b.transform_input(undo))),
    "a": lambda: retrying(a, RETRY),
    "a ": lambda: retrying(a, Retry(attempts=4)),
    "a  ": lambda: retrying(a, RETRY, give_up),
    "pack": lambda: task(PACK, ask),
    "pack ": lambda: task(PACK, ask, plus),
    "pack  ": lambda: task(PACK, ask, to="ann"),
    "pack   ": lambda: task(PACK, ask, to="bob"),
    "pack    ": lambda: task(PACK, ask, to=str),
    "stop<-stop": lambda: receive_signal(STOP, plus, respond=plus, match=str),
    "stop<-stop ": lambda: receive_signal(STOP, plus, respond=plus),
    "now": lambda: now(),
    "now ": lambda: now(lambda number, _: number),
    "random number": lambda: random_number(),
    "new UUID": lambda: new_uuid(),
    "ask": lambda: publish("news", ask),
}
"""Builds programs that all differ, by what is shown of each and as many spaces as are needed to tell them apart."""


@pytest.mark.parametrize("shown", BUILDERS)
def test_a_program_in_words(shown: str) -> None:
    assert repr(BUILDERS[shown]()) == f"<WIO {shown.rstrip()}>"


@pytest.mark.parametrize("shown", [shown for shown in BUILDERS if shown != "now "])
def test_programs_that_are_built_alike_are_equal(shown: str) -> None:
    build = BUILDERS[shown]
    assert build() == build()
    assert hash(build()) == hash(build())
    assert same_structure(build(), build())


def test_programs_that_are_built_in_other_ways_are_not() -> None:
    for one, build in BUILDERS.items():
        for other, build_other in BUILDERS.items():
            assert one == other or build() != build_other(), (one, other)


@pytest.mark.parametrize(
    ("program", "inside"),
    [
        (parallel(a, when(is_large) >> b), (a, b)),
        (first_of(a, b), (a, b)),
        (for_each(up_to, a, add=stop, finish=b), (a, stop, b)),
        (machine(state("x", a.map(go)) | state("y", b.map(end)), start="x"), (a.map(go), b.map(end))),
        (scope(a, interrupt(stop, compute(tell)), on_cancel(pure(1))), (a, stop, compute(tell), pure(1))),
        (scope(a, interrupt(stop)), (a, stop)),
        (region(WHOLE, a), (a,)),
        (leave(WHOLE, ask), ()),
        (critical("stock", a), (a,)),
        (hold("open", a), (a,)),
        (during("open", a, b), (a, b)),
        (undoable(a, pure(1)), (a, pure(1))),
        (saga(a), (a,)),
        (retrying(a, RETRY, give_up), (a,)),
        (task(PACK, ask, plus, to=str), ()),
        (now(), ()),
        (publish("news", ask), ()),
        (call(Workflow("w", version=1, input=int, root=a)), (a,)),
    ],
)
def test_children_are_in_the_order_in_which_they_are_written(
    program: WIO[Any, Any, Any], inside: tuple[WIO[Any, Any, Any], ...]
) -> None:
    assert children(program) == inside


def test_a_recursive_part_holds_itself_by_its_name() -> None:
    (body,) = children(recursive("down", again))
    first, itself = children(body)
    assert first == b
    assert children(itself) == ()


@pytest.mark.parametrize("build", BUILDERS.values())
def test_naming_an_operator_renames_it_or_makes_a_scope_of_it(build: Callable[[], WIO[Any, Any, Any]]) -> None:
    program = build()
    named = program.named("other")
    assert repr(named).startswith("<WIO other")
    assert children(named) in (children(program), (program,))


def test_building_runs_nothing() -> None:
    def never(*_: object) -> Any:
        raise AssertionError("it ran")

    body = run_io(never, never)
    for built in (
        parallel(when(never, name="g") >> body, body, join=never, merge=never),
        race(body.named("x"), body),
        for_each(never, body, key=never, join=never, merge=never, add=body, finish=body),
        machine(state("s", body, to="s"), start=never),
        scope(body, interrupt(receive_signal(STOP, never, respond=never, match=never), body), on_cancel(body)),
        timeout(body, never, body),
        during("m", hold("n", critical("l", region(WHOLE, body))), leave(WHOLE, never)),
        saga(undoable(body, body)),
        retrying(body, RETRY, never),
        task(PACK, never, never, to=never),
        now(never) >> random_number(never) >> new_uuid(never),
        publish("news", never),
    ):
        assert built != built.flat_map(never)
        assert repr(built)


# What no operator takes

WRONG: Any = 3


@pytest.mark.parametrize(
    "build",
    [
        lambda: parallel(a, WRONG),
        lambda: parallel(a, WRONG, join=1),
        lambda: race(WRONG, a),
        lambda: first_of(a, WRONG),
        lambda: for_each(up_to, WRONG),
        lambda: for_each(up_to, a, add=WRONG),
        lambda: for_each(up_to, a, finish=WRONG),
        lambda: machine(state("a", WRONG), start="a"),
        lambda: recursive("r", lambda _: WRONG),
        lambda: scope(WRONG, interrupt(a)),
        lambda: scope(a, interrupt(WRONG)),
        lambda: scope(a, interrupt(stop, WRONG)),
        lambda: scope(a, alongside(WRONG, compute(tell))),
        lambda: scope(a, on_cancel(WRONG)),
        lambda: timeout(WRONG, SOON),
        lambda: timeout(a, SOON, WRONG),
        lambda: region(WHOLE, WRONG),
        lambda: critical("stock", WRONG),
        lambda: hold("open", WRONG),
        lambda: during("open", WRONG, b),
        lambda: during("open", a, WRONG),
        lambda: undoable(WRONG, b),
        lambda: undoable(a, WRONG),
        lambda: saga(WRONG),
        lambda: retrying(WRONG, RETRY),
    ],
)
def test_what_is_no_program_is_refused_where_it_is_built(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidDefinition, match="is not a program"):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: parallel(a, b, merge=WRONG),
        lambda: for_each(WRONG, a),
        lambda: for_each(up_to, a, key=WRONG),
        lambda: for_each(up_to, a, merge=WRONG),
        lambda: leave(WHOLE, WRONG),
        lambda: retrying(a, RETRY, WRONG),
        lambda: task(PACK, WRONG),
        lambda: task(PACK, ask, WRONG),
        lambda: receive_signal(STOP, plus, respond=plus, match=WRONG),
        lambda: Signal("s", request=int, response=int, correlation=WRONG),
        lambda: now(WRONG),
        lambda: publish("news", WRONG),
    ],
)
def test_what_cannot_be_called_is_refused_where_it_is_built(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidDefinition, match="cannot be called"):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: parallel(a, b, name="a/b"),
        lambda: race(a, b, name="a/b"),
        lambda: first_of(a, b, name="a/b"),
        lambda: for_each(up_to, a, name="a/b"),
        lambda: machine(state("a", a.map(end)), start="a", name="a/b"),
        lambda: state("a/b", a.map(end)),
        lambda: recursive("a/b", again),
        lambda: scope(a, interrupt(stop), name="a/b"),
        lambda: interrupt(stop, name="a/b"),
        lambda: alongside(stop, compute(tell), name="a/b"),
        lambda: on_cancel(pure(1), name="a/b"),
        lambda: timeout(a, SOON, name="a/b"),
        lambda: Region("a/b", result=int),
        lambda: critical("a/b", a),
        lambda: hold("a/b", a),
        lambda: during("a/b", a, b),
        lambda: saga(a, name="a/b"),
        lambda: Task("a/b", input=int, output=int),
        lambda: task(PACK, ask, name="a/b"),
        lambda: now(name="a/b"),
        lambda: publish("news", ask, name="a/b"),
        lambda: random_number(name=""),
        lambda: new_uuid(name="a/b"),
    ],
)
def test_a_name_that_no_address_can_hold_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidName):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: region(WRONG, a),
        lambda: leave(WRONG, ask),
        lambda: task(WRONG, ask),
        lambda: retrying(a, WRONG),
        lambda: receive_signal(WRONG, plus, respond=plus),
    ],
)
def test_what_is_of_another_kind_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidDefinition, match=r"3 is no (Region|Task|Retry|Signal)"):
        build()
