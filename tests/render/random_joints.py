"""Which programs of several threads do the laws of pictures range over? Every joint, scope and state machine.

The functions in them are real, so that the machine can run them; every part takes and gives a number.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from returns.result import Success

from wio import (
    WIO,
    Goto,
    Meeting,
    Region,
    Rest,
    Retry,
    Signal,
    Stop,
    Task,
    alongside,
    arrive,
    branch,
    compute,
    critical,
    decline,
    during,
    first_of,
    for_each,
    gather,
    hold,
    interrupt,
    leave,
    machine,
    meet,
    multi_merge,
    now,
    on_cancel,
    parallel,
    receive_signal,
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

AnyProgram = WIO[Any, Any, Any]
_TASK = Task("approve", version=2, input=int, output=int)
_MORE = Signal("more", request=int, response=int)
_STOP = Signal("stop", request=int, response=int)
_REGION = Region("order", result=int)
_MEETING = Meeting("tea", brings=int, needs={"x": 1, "y": 2})
_NAMES = ("a", 'say "hi"', "x & y", "日本", "back\\slash", "stock")

names = st.sampled_from(_NAMES)


def _is_even(value: object) -> bool:
    return isinstance(value, int) and value % 2 == 0


def _is_third(value: object) -> bool:
    return isinstance(value, int) and value % 3 == 0


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _more(value: int) -> int:
    return value + 1


def _one_per_unit(value: int) -> list[int]:
    return list(range(value % 4))


def _two_there(results: Any) -> bool:
    return len(results) >= 2


def _to_other(name: str) -> Callable[[int], Any]:
    return lambda value: Stop(value) if value % 3 == 0 else Goto(name, value)


def _step(name: str) -> AnyProgram:
    return run_io(_more, name=name, event=int)


number = compute(_number)


def _signal(signal: Any, name: str) -> AnyProgram:
    return receive_signal(signal, lambda _, request: _number(request), respond=lambda *_: 0, name=name)


leaves = st.one_of(
    st.builds(lambda name: task(_TASK, _number, name=name), names),
    st.builds(lambda name: now(lambda value, _: _number(value), name=name), names),
    st.just(leave(_REGION, _number)),
    st.builds(lambda name: _signal(_STOP, name), names),
)


def _parallel(one: AnyProgram, other: AnyProgram, guarded: bool, join: Any, rest: Rest, name: str) -> AnyProgram:
    second: Any = when(_is_even, name="even") >> other if guarded else other.named("other")
    options: Any = {} if join is None else {"join": join, "rest": rest}
    joined: AnyProgram = parallel(one.named("one"), second, name=name, **options)
    return joined >> number


def _merge(one: AnyProgram, other: AnyProgram, tail: AnyProgram, guarded: bool, join: Any) -> AnyProgram:
    second: Any = when(_is_even, name="even") >> other if guarded else other.named("other")
    options: Any = {} if join is None else {"join": join}
    merged: AnyProgram = multi_merge(one.named("one"), second, each=tail, name="merged", **options)
    return merged >> number


def _for_each(body: AnyProgram, at_once: int | None, join: Any, adds: bool, finishes: bool, name: str) -> AnyProgram:
    more = {"add": _signal(_MORE, "more")} if adds else {}
    end = {"finish": _signal(_STOP, "enough")} if finishes else {}
    options: Any = {"at_once": at_once, "join": join, "element": int, "name": name, **more, **end}
    joined: AnyProgram = for_each(_one_per_unit, body, **options)
    return joined >> number


def _scope(body: AnyProgram, handler: AnyProgram, interrupts: bool, name: str) -> AnyProgram:
    trigger = wait(timedelta(days=1), name="deadline")
    runs: Any = number >> handler
    first = interrupt(trigger, runs) if interrupts else alongside(trigger, number >> _step("remind"))
    watched: AnyProgram = scope(
        body, first, interrupt(_signal(_STOP, "stop")), on_cancel(number >> _step("log")), name=name
    )
    return watched >> number


def _machine(one: AnyProgram, other: AnyProgram, computed: bool, name: str) -> AnyProgram:
    def first(value: int) -> str:
        return "b" if _is_even(value) else "a"

    states = state("a", one >> compute(_to_other("b")), to=("b",)) | state(
        "b", _step("begin") >> other >> compute(_to_other("a")), to=("a", "b")
    )
    made: AnyProgram = machine(states, start=first if computed else "a", name=name)
    return made


def _recursive(one: AnyProgram, other: AnyProgram) -> AnyProgram:
    def build(again: AnyProgram) -> AnyProgram:
        deeper = when(_is_third, name="third") >> other
        return _step("enter") >> one >> branch(deeper, default=_step("down") >> again) >> _step("leave")

    # What comes behind keeps the name: the calls inside are by it.
    return recursive("walk", build) >> number


def _gather(one: AnyProgram, other: AnyProgram, then: AnyProgram, name: str) -> AnyProgram:
    second = other >> arrive(_MEETING, "y") >> branch(when(_is_even) >> arrive(_MEETING, "y"), default=number)
    body: Any = parallel(one >> arrive(_MEETING, "x"), second.named("second"), decline(_MEETING, "y"))
    made: AnyProgram = gather(body, meet(_MEETING, number >> then), name=name)
    return made >> number


def _undo(action: AnyProgram, undo: AnyProgram) -> AnyProgram:
    return undoable(action, compute(lambda done: _number(done.output)) >> undo)


def many(programs: st.SearchStrategy[AnyProgram]) -> st.SearchStrategy[AnyProgram]:
    """Return a strategy of the operators whose branches are not all written, of programs made of the given ones."""
    flags = st.booleans()
    each = st.builds(
        _for_each, programs, st.sampled_from([None, 1, 2]), st.sampled_from([None, 1]), flags, flags, names
    )
    return each | st.builds(_merge, programs, programs, programs, flags, st.sampled_from([None, 0, 1]))


def larger(programs: st.SearchStrategy[AnyProgram]) -> list[st.SearchStrategy[AnyProgram]]:
    """Return a strategy for each operator, of programs made of the given ones."""
    joins = st.sampled_from([None, 0, 1, 2, _two_there])
    flags = st.booleans()
    return [
        st.builds(_parallel, programs, programs, flags, joins, st.sampled_from(Rest), names),
        many(programs),
        st.builds(
            lambda one, other, name: first_of(one.named("one"), other.named("other"), name=name),
            programs,
            programs,
            names,
        ),
        st.builds(_scope, programs, programs, flags, names),
        st.builds(lambda body: region(_REGION, body), programs),
        st.builds(critical, names, programs),
        st.builds(hold, names, programs),
        st.builds(during, names, programs, programs),
        st.builds(_gather, programs, programs, programs, names),
        st.builds(_undo, programs, programs),
        st.builds(lambda body, name: saga(body, name=name), programs, names),
        st.builds(_machine, programs, programs, flags, names),
        st.builds(_recursive, programs, programs),
        st.builds(lambda body: retrying(body, Retry(attempts=2), lambda *_: Success(0)), programs),
    ]
