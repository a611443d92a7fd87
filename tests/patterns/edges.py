"""What happens where operators meet, and at their edges? Programs beyond the patterns, in the same notation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs

from tests.patterns.programs import (
    BOTH,
    CAR,
    ONE_AND_TWO,
    ONE_TO_THREE,
    UNDO_A,
    UNDO_B,
    A,
    B,
    C,
    D,
    E,
    F,
    R,
    Work,
    elements,
    item,
    told,
)
from tests.patterns.scenarios import Line
from wio import (
    Early,
    Meeting,
    Region,
    Rest,
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
    meet,
    multi_merge,
    on_cancel,
    parallel,
    pure,
    race,
    recursive,
    region,
    saga,
    scope,
    undoable,
    wait,
    when,
)

UNIT = timedelta(seconds=1)
AREA = Region("r", result=str)
ALONE = Meeting("alone", brings=object, needs={"x": 1})


@attrs.frozen
class Edge:
    """Is a program and the ways through it."""

    name: str
    root: Work
    lines: tuple[Line, ...]


def _edge(name: str, root: Work, *lines: Line | str) -> Edge:
    return Edge(name, root, tuple(line if isinstance(line, Line) else Line(line) for line in lines))


def _is_ok(value: object) -> bool:
    return value == "ok"


def _any_ok(results: Any) -> bool:
    return "ok" in results.values()


def _is_again(value: object) -> bool:
    return value == "again"


def _never(_value: object) -> bool:
    return False


def _one_less(level: int) -> int:
    return level - 1


def _is_positive(level: int) -> bool:
    return level > 0


def _level(again: Work) -> Work:
    deeper: Work = again.transform_input(_one_less)
    both: Work = parallel(item("A", lambda level: f"A{level}"), deeper)
    return branch(when(_is_positive) >> both, default=pure(0))


told_car: Work = C >> branch(when(_is_again, name="again") >> arrive(ALONE, "x"), default=arrive(CAR, "c"))

EDGES = (
    _edge("parallel: no guard yields", parallel(when(_never, name="n") >> A, when(_never, name="m") >> B) >> D, "{D}"),
    _edge(
        "parallel: a join by the results",
        parallel(A, B, C, join=_any_ok) >> D,
        "A! {B C} B!ok {C D} D! C! => done",
        "A! B! C! {D} D! => done",
    ),
    _edge("parallel: a failure is caught", parallel(A, B).handle_error(C) >> D, "B? A#x {C} C! {D} D! => done"),
    _edge("parallel: the rest of a join may fail", parallel(A, B, join=1) >> C, "A! {B C} B#x {C} C! => done"),
    _edge(
        "parallel: the rest of a join belongs to the instance",
        scope(parallel(A, B, join=1) >> C, interrupt(told("stop"), D)) >> E,
        "A! C! {B E} E! {B} => running B! => done",
        "A! C! {B E} ^ {} => cancelled",
    ),
    _edge(
        "multi-merge: one run fails",
        multi_merge(A, B, each=C).handle_error(D) >> E,
        "A! {B C} C#x {D} D! {E} E! => done",
    ),
    _edge(
        "multi-merge: only those that are chosen",
        A >> multi_merge(when(_never, name="n") >> B, C, each=D) >> E,
        "A! {C} C! {D} D! {E} E! => done",
    ),
    _edge(
        "multi-merge: nobody waits for the runs",
        multi_merge(A, B, each=C, join=0) >> D,
        "{A B D} D! A! {B C} B! {C C} C! {C} => running C! => done",
    ),
    _edge("race: the first to complete", race(A >> B, C) >> D, "{A C} A! {B C} C! {D} D! => done", "A#x {} => failed"),
    _edge("first of: nested", first_of(first_of(A, B).named("inner"), C), "{A B C} A? {A*} A! => done", "C! => done"),
    _edge("first of: a branch is parallel", first_of(parallel(A, B), C) >> D, "B? {A B*} A! B! {D} D! => done"),
    _edge("for each: nothing", for_each(elements(), R, key=str, join=2) >> D, "{D} D! => done"),
    _edge("for each: fewer than the join", for_each(ONE_AND_TWO, R, key=str, join=5) >> D, "R1! R2! {D} D! => done"),
    _edge(
        "for each: a bound",
        for_each(ONE_TO_THREE, R, key=str, at_once=2) >> D,
        "{R1 R2} R2! {R1 R3} R1! R3! {D} D! => done",
    ),
    _edge(
        "for each: a key twice",
        for_each(ONE_AND_TWO, R, key=str, add=told("more")) >> D,
        Line("@more=1 {R1 R2} @more=3 {R1 R2 R3} => running", ("@more=1",)),
    ),
    _edge(
        "for each: nested",
        for_each(ONE_AND_TWO, for_each(lambda one: [f"{one}a", f"{one}b"], R, key=str), key=str) >> D,
        "{R1a R1b R2a R2b} R1a! R2b! R2a! R1b! {D} D! => done",
    ),
    _edge("critical: once more inside", critical("m", critical("m", A) >> B), "A! B! => done"),
    _edge(
        "critical: in a choice",
        parallel(first_of(critical("m", A), B), critical("m", C)),
        "{A B C} A? {A*} A! {C} C! => done",
        "C? {B C*} B! C! => done",
    ),
    _edge(
        "critical: a signal",
        parallel(A >> critical("m", told("s")) >> C, critical("m", B)),
        Line("B? A! @s B! @s {C} C! => done", ("@s",)),
    ),
    _edge(
        "milestone: what has begun goes on",
        parallel(A >> hold("o", told("close")), during("o", parallel(B, C), D)),
        "A! {B C} B? @close {B* C} B! C! => done",
        "A! {B C} @close {D} D! => done",
    ),
    _edge("milestone: nobody reaches it", parallel(A, during("o", D, E)), "A! {} => stuck => running ^ => cancelled"),
    _edge("milestone: two that hold", parallel(hold("o", A), hold("o", B), during("o", D, E)), "A! {B D} B! {E}"),
    _edge(
        "scope: alongside, any number of times",
        scope(A, alongside(told("t"), B)) >> D,
        "@t @t {A B B} A! {B B} B! {B} B! {D} D! => done",
        Line("A! {D} @t D! => done", ("@t",)),
        "@t {A B} B#x {} => failed",
    ),
    _edge(
        "scope: alongside, and interrupted",
        scope(A, alongside(told("t"), B), interrupt(told("stop"), C)) >> D,
        "@t {A B} @stop {C} C! {D} D! => done",
        Line("@t A! {B} @stop B! {D} => running", ("@stop",)),
    ),
    _edge(
        "scope: a task interrupts",
        scope(A, interrupt(B, C)) >> D,
        "{A B} B? {A B*} A! {D} D! => done",
        "B! {C} C! D! => done",
    ),
    _edge(
        "scope: a handler for being cancelled",
        scope(A, on_cancel(B)) >> C,
        "^ {B} => running B! {} => cancelled",
        "A! {C} ^ {} => cancelled",
    ),
    _edge("region: left from inside", region(AREA, A >> leave(AREA, str) >> B) >> C, "A! {C} C! => done"),
    _edge("region: left where it is not", A >> leave(AREA, str) >> B, "A! {B} B! => done"),
    _edge(
        "region: a saga in it",
        parallel(region(AREA, saga(undoable(A, UNDO_A) >> B)) >> C, D >> leave(AREA, str)),
        "A! D! {uA} uA! {C} C! => done",
    ),
    _edge(
        "saga: parallel branches",
        saga(parallel(undoable(A, UNDO_A), undoable(B, UNDO_B)) >> C),
        "B! A! C#x {uA} uA! {uB} uB! => failed",
        "A! B#x {uA} uA! => failed",
    ),
    _edge(
        "saga: one that ended well in another",
        saga(saga(undoable(A, UNDO_A) >> B) >> undoable(C, UNDO_B) >> D),
        "A! B! C! D#x {uB} uB! {uA} uA! => failed",
        "A! B#x {uA} uA! {} => failed",
    ),
    _edge(
        "saga: interrupted",
        scope(saga(undoable(A, UNDO_A) >> B), interrupt(told("stop"), C)) >> D,
        Line("A! {B} @stop {uA} @stop uA! {C} C! {D} D! => done", ("@stop",)),
        "A! @stop {uA} ^ {uA} uA! {} => cancelled",
    ),
    _edge(
        "saga: cancelled while it undoes",
        saga(undoable(A, UNDO_A) >> undoable(B, UNDO_B) >> C),
        "A! B! C#no {uB} ^ {uB} uB! {uA} uA! => cancelled",
    ),
    _edge(
        "saga: an undo fails",
        saga(undoable(A, UNDO_A) >> undoable(B, UNDO_B) >> C).handle_error(D),
        "A! B! C#no uB#x {} => failed ~ {uB} => running uB#x {} ~ {uB} uB! {uA} uA#x {} ~ {uA} uA! {D} D! => done",
        "A! B! ^ uB#x {} => failed ~ {uB} uB! {uA} uA! {} => cancelled",
        "A! B! C#no uB#x ^ {} => failed ~ {uB} uB! {uA} uA! {} => cancelled",
        Line("~ A! B! C#no ~ uB#x ~ {uB} ~ uB! {uA} uA! {D}", ("~", "~", "~")),
    ),
    _edge(
        "saga: an undo fails in a branch",
        parallel(saga(undoable(A, UNDO_A) >> B).handle_error(C), D >> E),
        "A! B#x {D uA} uA#x {D} => failed D! {E} E! {} => failed ~ {uA} uA! {C} C! => done",
        "A! B#x uA#x D#y {} => failed ~ {uA} uA! {} => failed",
    ),
    _edge(
        "saga: an undo fails when it is interrupted",
        scope(saga(undoable(A, UNDO_A) >> B), interrupt(told("stop"), C)) >> D,
        Line("A! @stop uA#x {} => failed @stop ~ {uA} uA! {C} C! {D} D! => done", ("@stop",)),
    ),
    _edge(
        "saga: an undo fails in another saga",
        saga(undoable(A, UNDO_A) >> saga(undoable(B, UNDO_B) >> C).handle_error(D) >> E),
        "A! B! C#x uB#x {} => failed ~ {uB} uB! {D} D! {E} E#x {uA} uA! => failed",
        "A! B! ^ {uB} uB#x {} => failed ~ {uB} uB! {uA} uA! {} => cancelled",
    ),
    _edge(
        "saga: an undo fails in a region that is left",
        parallel(region(AREA, saga(undoable(A, UNDO_A) >> B)) >> C, D >> leave(AREA, str)),
        "A! D! {uA} uA#x {} => failed ~ {uA} uA! {C} C! => done",
    ),
    _edge("recursion: in a branch", pure(2) >> recursive("f", _level) >> B, "{A1 A2} A1! A2! {B} B! => done"),
    _edge(
        "signal: two wait, one is served",
        parallel(told("s").named("x") >> A, told("s").named("y") >> B),
        Line("{} @s {A} @s {A B} @s A! B! => done", ("@s",)),
    ),
    _edge(
        "signal: kept, in the order of arrival",
        A >> told("s", Early.KEEP) >> item("B", str) >> told("s", Early.KEEP).named("t") >> item("C", str),
        "@s=B1 @s=C2 A! {B1} B1! {C2} C2! => done",
    ),
    _edge(
        "time: what is due first",
        parallel(wait(5 * UNIT).named("v") >> A, wait(3 * UNIT).named("w") >> B),
        "+3 {B} +2 {A B} A! B! => done",
    ),
    _edge(
        "critical: reached while the lock is taken",
        parallel(A >> critical("m", C), critical("m", B)),
        "B? {A B*} A! {B*} B! {C} C! => done",
    ),
    _edge(
        "critical: a wait has the lock",
        parallel(critical("m", wait(5 * UNIT) >> A), critical("m", B)),
        "{} +5 {A} A! {B} B! => done",
    ),
    _edge(
        "critical: in opposite order",
        parallel(critical("m", A >> critical("n", B)), critical("n", C >> critical("m", D))),
        "A? C? A! C! {} => stuck ^ => cancelled",
    ),
    _edge(
        "first of: the other has a handler for being cancelled",
        first_of(scope(A, on_cancel(B)), C) >> D,
        "C? {B C*} B! {C*} C! {D} D! => done",
        "C? ^ {B} B! => cancelled",
    ),
    _edge(
        "milestone: what it offered has a handler for being cancelled",
        parallel(hold("o", A), during("o", scope(B, on_cancel(C)), D)),
        "A! {C} C! {D} D! => done",
    ),
    _edge(
        "scope: a trigger has a handler for being cancelled",
        scope(A, interrupt(scope(B, on_cancel(C)).named("inner"), D), alongside(told("t"), F)) >> E,
        "@t {A B F} A! {C F} C! F! {E} E! => done",
        "@t A! {C F} ^ {C} C! => cancelled",
    ),
    _edge(
        "for each: blocked",
        loop(for_each(ONE_AND_TWO, R, key=str, join=1, rest=Rest.BLOCK) >> D, until=_is_ok),
        "R1! D! {R2} R2! {R1 R2} R2! {D R1} D!ok {R1} R1! => done",
    ),
    _edge(
        "parallel: blocked inside of another",
        loop(parallel(parallel(A, B, join=1, rest=Rest.BLOCK).named("inner"), C) >> D, until=_is_ok),
        "A! C! D! {B C} B! {A B C} C! A! {B D} D!ok {B} B! => done",
    ),
    _edge(
        "race: the rest of a join in the loser",
        race(parallel(A, B, join=1) >> C, D) >> E,
        "A! {B C D} D! {E} E! => done",
    ),
    _edge(
        "scope: the rest of a join in what is interrupted",
        scope(parallel(A, B, join=1) >> C, interrupt(told("stop"), D)) >> E,
        "A! {B C} @stop {D} D! {E} E! => done",
    ),
    _edge(
        "saga: the rest of a join in what is undone",
        saga(parallel(undoable(A, UNDO_A), undoable(B, UNDO_B), join=1) >> C),
        "A! {B C} C#x {uA} uA! {} => failed",
    ),
    _edge(
        "for each: what adds has a handler for being cancelled",
        for_each(ONE_AND_TWO, R, key=str, add=scope(B, on_cancel(C))) >> E,
        "R1! R2! {C} C! {E} E! => done",
    ),
    _edge(
        "for each: a bound, and a rest",
        for_each(ONE_TO_THREE, R, key=str, at_once=1, join=1) >> D,
        "{R1} R1! {D R2} R2! {D R3} R3! D! => done",
    ),
    _edge(
        "gather: the body ends first, and gives its output",
        gather(parallel(A >> arrive(CAR, "e"), B >> arrive(CAR, "c")), meet(CAR, C >> E)) >> D,
        "A! B! {C} C! {E} E! {D} D! => done",
        "A! B! C! {E} ^ {} => cancelled",
        "A! B#x {} => failed",
    ),
    _edge(
        "gather: what is held, arrives at another meeting and again at its own",
        gather(A >> arrive(ALONE, "x") >> arrive(CAR, "e") >> B, meet(CAR, D), meet(ALONE, told_car)) >> E,
        "A! {B C} B! {C} C!again {C} C! {D} D! {E} E! => done",
        "A! {B C} C! {B D} D#x {} => failed",
    ),
    _edge(
        "gather: interrupted, with a meeting under way",
        scope(gather(A >> arrive(ALONE, "x") >> B, meet(ALONE, C)), interrupt(told("stop"), D)) >> E,
        "A! {B C} @stop {D} D! {E} E! => done",
        "A! {B C} B! {C} @stop {D} D! E! => done",
    ),
    _edge(
        "gather: the nearest one",
        gather(
            gather(A >> arrive(ALONE, "x") >> arrive(CAR, "e"), meet(ALONE, B)).named("inner") >> arrive(CAR, "c"),
            meet(ALONE, C),
            meet(CAR, D),
        ),
        "A! {B} B! {D} D! => done",
    ),
    _edge(
        "gather: what drains arrives, and later to no effect",
        gather(parallel(A, B >> arrive(ALONE, "x"), join=1) >> C, meet(ALONE, D)) >> E,
        "A! {B C} B! {C D} C! {D} D! {E} E! => done",
        "A! C! {B E} B! {E} E! => done",
    ),
    _edge(
        "gather: a saga in what is held",
        gather(A >> arrive(ALONE, "x") >> E, meet(ALONE, saga(undoable(B, UNDO_A) >> C))) >> D,
        "A! {B E} B! {C E} C#x {E uA} uA! {} => failed",
        "A! B! E#x {uA} uA! {} => failed",
        "A! B! ^ {uA} uA! {} => cancelled",
    ),
    _edge(
        "gather: an undo arrives",
        gather(saga(undoable(A, UNDO_A >> arrive(ALONE, "x")) >> B).handle_error(C), meet(ALONE, D)),
        "A! B#x {uA} uA! {C D} C! {D} D! => done",
    ),
    _edge(
        "gather: nobody comes, and later somebody does",
        gather(
            parallel(decline(BOTH, "b") >> A >> arrive(BOTH, "b"), decline(BOTH, "c") >> B >> decline(BOTH, "c")),
            meet(BOTH, D),
        ),
        "{A B} B! {A} A! {D} D! => done",
    ),
    _edge(
        "gather: what is undone when it is interrupted, holds no meeting",
        scope(gather(saga(undoable(A, UNDO_A >> arrive(ALONE, "x")) >> B), meet(ALONE, D)), interrupt(told("stop"), C)),
        "A! {B} @stop {uA} uA! {C} C! => done",
    ),
    _edge(
        "gather: branches begin before what is held, and before what follows them",
        gather(
            A >> parallel(arrive(ALONE, "x"), told("s", Early.KEEP) >> B, join=1) >> told("s", Early.KEEP) >> C,
            meet(ALONE, D),
        ),
        "@s=1 A! {B D} @s=2 {B C D} B! C! D! => done",
    ),
)
