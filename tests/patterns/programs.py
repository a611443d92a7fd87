"""Which program is each workflow pattern? One operator, whose structure is in the tree, carries it.

The items of a scenario are tasks that go out with their label, so a label may depend on data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeAlias

import attrs

from wio import (
    WIO,
    Early,
    Goto,
    Meeting,
    Region,
    Rest,
    Signal,
    Stop,
    Task,
    Workflow,
    alongside,
    arrive,
    branch,
    critical,
    decline,
    during,
    first_of,
    for_each,
    gather,
    hold,
    interrupt,
    leave,
    loop,
    machine,
    meet,
    multi_merge,
    parallel,
    pure,
    receive_signal,
    recursive,
    region,
    saga,
    scope,
    state,
    task,
    timeout,
    undoable,
    wait,
    when,
)
from wio.nodes import (
    AndThen,
    Branch,
    Critical,
    During,
    FirstOf,
    ForEach,
    Gathering,
    HandleError,
    HandleSignal,
    InRegion,
    Loop,
    Machine,
    Parallel,
    Recursive,
    Saga,
    Watched,
)

Work: TypeAlias = WIO[Any, Any, Any]

UNIT = timedelta(seconds=1)


def item(name: str, label: Callable[[Any], str] | None = None, *, keep: bool = False) -> Work:
    """Return the task of that name, which goes out with its label; it ends with its output, or keeps its input."""
    work = Task(name, input=str, output=str, error=str)
    send = label or _always(name)
    return task(work, send, _input) if keep else task(work, send)


def _always(label: str) -> Callable[[Any], str]:
    return lambda _: label


def _input(value: Any, _output: str) -> Any:
    return value


def told(name: str, early: Early = Early.REFUSE) -> Work:
    """Return the step that waits for a signal and ends with what it brings."""
    return receive_signal(
        Signal(name, request=str, response=str, early=early), lambda _, said: said, respond=lambda _, said: said
    )


A, B, C, D, E, F = (item(name) for name in "ABCDEF")
UNDO_A, UNDO_B = item("uA"), item("uB")
R = item("R", lambda element: f"R{element}")


def elements(*some: str) -> Callable[[object], Iterable[str]]:
    """Return the function of these elements."""

    def of(_value: object) -> Iterable[str]:
        return some

    return of


def letters(text: str) -> Iterable[str]:
    """Return each letter as an element."""
    return text


ONE_TO_THREE = elements("1", "2", "3")
ONE_AND_TWO = elements("1", "2")


def workflow_of(root: Work) -> Workflow[Any, Any, Any]:
    """Return a program as a workflow, whose input counts for nothing."""
    return Workflow("pattern", version=1, input=object, root=root)


@attrs.frozen
class Program:
    """Is the program of a pattern: how its operator is written, the node that it makes, and the whole.

    Where no single operator is the pattern, it is not direct.
    """

    operator: str
    node: type[Any]
    root: Work
    direct: bool = True

    @property
    def result(self) -> str:
        """Is how far the pattern is supported."""
        return "direct" if self.direct else "composed"

    @property
    def workflow(self) -> Workflow[Any, Any, Any]:
        """Is the program as a workflow."""
        return workflow_of(self.root)


def _says(said: str) -> Callable[[str], bool]:
    return lambda value: value == said


def _has(letter: str) -> Callable[[str], bool]:
    return lambda value: letter in value


def _multi_choice() -> Work:
    return A >> parallel(when(_has("b"), name="b") >> B, when(_has("c"), name="c") >> C)


def _cycles() -> Work:
    return machine(
        state("a", A.map(lambda said: Goto("b" if said == "b" else "c", said)), to=["b", "c"])
        | state("b", B.map(lambda said: Goto("c", said)), to="c")
        | state("c", C.map(lambda said: Goto(said, said) if said in ("a", "b") else Stop(said)), to=["a", "b"]),
        start="a",
    )


def _levels() -> Work:
    first = item("A", lambda level: f"A{level}", keep=True)
    last = item("B", lambda level: f"B{level}", keep=True)

    def level(again: Work) -> Work:
        deeper = again.transform_input(_one_less).transform_output(_input)
        return branch(when(_is_positive) >> (first >> deeper >> last), default=pure(0))

    return pure(2) >> recursive("f", level)


def _one_less(level: int) -> int:
    return level - 1


def _is_positive(level: int) -> bool:
    return level > 0


def _both_good(results: Any) -> bool:
    return list(results.values()).count("good") >= 2


AREA = Region("r", result=str)
CASE = Region("case", result=str)
CAR = Meeting("car", brings=str, needs={"e": 1, "c": 1})
BATCH = Meeting("batch", brings=str, needs={"v": 3})
BOTH = Meeting("both", brings=str, needs={"b": 1, "c": 1})


def _generalized() -> Work:
    engines = for_each(ONE_AND_TWO, A >> arrive(CAR, "e"), key=str, name="engines")
    chassis = for_each(ONE_AND_TWO, B >> arrive(CAR, "c"), key=str, name="chassis")
    return gather(parallel(engines, chassis), meet(CAR, D))


def _local() -> Work:
    """Return two ways that are no branches of one join: C may also stop, and go on with E instead."""
    way_b = branch(when(_has("b"), name="b") >> (B >> arrive(BOTH, "b")), default=decline(BOTH, "b"))
    after_c = branch(when(_says("stop"), name="stop") >> (decline(BOTH, "c") >> E), default=arrive(BOTH, "c"))
    way_c = branch(when(_has("c"), name="c") >> (C >> after_c), default=decline(BOTH, "c"))
    return gather(A >> parallel(way_b.named("b"), way_c.named("c")), meet(BOTH, D))


def _general() -> Work:
    """Return a way that may go round, and says itself when it no longer leads to the meeting."""
    ways = machine(
        state("c", C.map(lambda said: Goto(said or "in", said)), to=["again", "out", "in"])
        | state("again", pure(None).map(lambda _: Goto("c", "")), to="c")
        | state("out", decline(BOTH, "c") >> E.map(Stop))
        | state("in", arrive(BOTH, "c").map(Stop)),
        start="c",
    )
    return gather(parallel(B >> arrive(BOTH, "b"), ways), meet(BOTH, D))


PROGRAMS: dict[str, Program] = {
    "1": Program("a >> b", AndThen, A >> B),
    "2": Program("parallel(a, b)", Parallel, parallel(A, B, C)),
    "3": Program("parallel(a, b) >> c", Parallel, parallel(A, B) >> C),
    "4": Program(
        "branch(when(...) >> a, default=b)", Branch, A >> branch(when(_says("hi"), name="hi") >> B, default=C)
    ),
    "5": Program("branch(...) >> c", Branch, A >> branch(when(_says("x"), name="x") >> B, default=C) >> D),
    "6": Program("parallel(when(...) >> a, when(...) >> b)", Parallel, _multi_choice()),
    "7": Program("parallel(when(...) >> a, ...) >> c", Parallel, _multi_choice() >> D),
    "8": Program("multi_merge(a, b, each=c)", Parallel, multi_merge(A, B, each=D)),
    "9": Program("parallel(a, b, join=1)", Parallel, parallel(A, B, C, join=1) >> D),
    "10": Program("machine(state(...), state(...), start=...)", Machine, _cycles()),
    "11": Program("parallel(a, join=0) >> b", Parallel, parallel(A, join=0) >> B),
    "12": Program("for_each(..., join=0)", ForEach, for_each(ONE_TO_THREE, R, key=str, join=0) >> D),
    "13": Program("for_each(...)", ForEach, for_each(ONE_TO_THREE, R, key=str) >> D),
    "14": Program("for_each(...)", ForEach, A >> for_each(letters, R, key=str) >> D),
    "15": Program("for_each(..., add=signal)", ForEach, for_each(ONE_AND_TWO, R, key=str, add=told("more")) >> D),
    "16": Program("first_of(a, b, c)", FirstOf, first_of(A >> B, told("s") >> C, wait(5 * UNIT) >> D)),
    "17": Program(
        "critical(lock, a)",
        Critical,
        parallel(critical("m", A) >> critical("m", B), critical("m", C)) >> D,
    ),
    "18": Program(
        "hold(milestone, a), during(milestone, b, c)",
        During,
        parallel(A >> hold("open", told("close")) >> B, during("open", C, E)),
    ),
    "19": Program("scope(a, interrupt(signal, b))", Watched, scope(A, interrupt(told("stop"), B)) >> D),
    "20": Program("cancel", Parallel, parallel(A, B >> C) >> D),
    "21": Program("loop(a, until=...)", Loop, loop(A, until=_says("ok")) >> D),
    "22": Program("recursive(name, ...)", Recursive, _levels()),
    "23": Program("receive_signal(...), Early.REFUSE", HandleSignal, A >> told("s") >> B),
    "24": Program("receive_signal(...), Early.KEEP", HandleSignal, A >> told("s", Early.KEEP) >> B),
    "25": Program(
        "region(r, a), leave(r, ...)",
        InRegion,
        parallel(A >> region(AREA, B) >> C, region(AREA, D), E >> leave(AREA, str) >> F),
    ),
    "26": Program(
        "scope(for_each(...), interrupt(signal))",
        Watched,
        scope(for_each(ONE_TO_THREE, R, key=str) >> D, interrupt(told("stop"))),
    ),
    "27": Program(
        "for_each(..., finish=signal)",
        ForEach,
        for_each(ONE_TO_THREE, R, key=str, finish=told("enough")) >> item("D", lambda results: f"D{len(results)}"),
    ),
    "28": Program(
        "parallel(a, b, join=1, rest=Rest.BLOCK)",
        Parallel,
        loop(parallel(A, B, join=1, rest=Rest.BLOCK) >> D, until=_says("ok")),
    ),
    "29": Program(
        "parallel(a, b, join=1, rest=Rest.CANCEL)", Parallel, parallel(A, B, C, join=1, rest=Rest.CANCEL) >> D
    ),
    "30": Program("parallel(a, b, c, join=2)", Parallel, parallel(A, B, C, join=2) >> D),
    "31": Program(
        "parallel(a, b, c, join=2, rest=Rest.BLOCK)",
        Parallel,
        loop(parallel(A, B, C, join=2, rest=Rest.BLOCK) >> D, until=_says("ok")),
    ),
    "32": Program(
        "parallel(a, b, c, join=2, rest=Rest.CANCEL)", Parallel, parallel(A, B, C, join=2, rest=Rest.CANCEL) >> D
    ),
    "33": Program("gather(a, meet(m, b)), arrive(m, p)", Gathering, _generalized()),
    "34": Program("for_each(..., join=2)", ForEach, for_each(ONE_TO_THREE, R, key=str, join=2) >> D),
    "35": Program(
        "for_each(..., join=2, rest=Rest.CANCEL)",
        ForEach,
        for_each(ONE_TO_THREE, R, key=str, join=2, rest=Rest.CANCEL) >> D,
    ),
    "36": Program(
        "for_each(..., join=function, add=signal)",
        ForEach,
        for_each(ONE_AND_TWO, R, key=str, join=_both_good, add=told("more")) >> D,
    ),
    "37": Program("gather(a, meet(m, b)), arrive(m, p), decline(m, p)", Gathering, _local()),
    "38": Program("gather(a, meet(m, b)), arrive(m, p), decline(m, p)", Gathering, _general(), direct=False),
    "39": Program("critical(lock, a)", Critical, parallel(critical("m", A >> B), critical("m", C >> D), E)),
    "40": Program("critical(lock, a)", Critical, parallel(critical("m", A), critical("m", B), critical("m", C)) >> D),
    "41": Program(
        "gather(a, meet(m, b)), arrive(m, p)",
        Gathering,
        gather(for_each(elements(*"123456"), A >> arrive(BATCH, "v"), key=str), meet(BATCH, D)),
    ),
    "42": Program("for_each(..., join=0)", ForEach, A >> for_each(lambda _: range(3), B >> C, join=0)),
    "43": Program(
        "region(r, everything), leave(r, ...)",
        InRegion,
        region(CASE, parallel(A >> leave(CASE, str), B >> C) >> D),
    ),
    "SFF-CWC-COM": Program(
        "saga(undoable(a, undo) >> b).handle_error(c)",
        Saga,
        saga(undoable(A, E) >> B).handle_error(F) >> D,
    ),
    "SRS-CWC-NIL": Program("a.handle_error(a)", HandleError, A.handle_error(A) >> D),
    "SFF-RCC-COM": Program("saga(undoable(a, undo) >> b)", Saga, saga(undoable(A, E) >> B)),
    "SCE-CWC-COM": Program("scope(a, alongside(wait, b))", Watched, scope(A, alongside(wait(5 * UNIT), B)) >> D),
    "SFF-CWC-NIL": Program("timeout(a, duration)", Watched, timeout(A, 5 * UNIT) >> D),
    "saga": Program(
        "saga(undoable(a, undo) >> undoable(b, undo) >> c)",
        Saga,
        saga(undoable(A, UNDO_A) >> undoable(B, UNDO_B) >> C).handle_error(pure(None)),
    ),
}
