"""Which programs do the laws of the machine range over? Trees of every node, from ints to ints, given as recipes.

A recipe is a nested tuple; `build` makes the program, so that the same program can be built twice. Every loop
in it ends after at most three rounds. What effects do is told to `RUNS`. `recipes` are of one thread of control;
`joined` of many, with all operators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import attrs
from hypothesis import strategies as st
from returns.maybe import Maybe, Nothing, Some
from returns.result import Failure, Result, Success

from wio import (
    WIO,
    Caught,
    Early,
    Exceeded,
    Exponential,
    Fixed,
    GivenUp,
    Goto,
    Interrupted,
    Linear,
    Meeting,
    ParentClose,
    Query,
    Region,
    Rest,
    Retry,
    Signal,
    Stop,
    Task,
    Workflow,
    alongside,
    arrive,
    branch,
    catch,
    check,
    checkpoint,
    child,
    compute,
    critical,
    decline,
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
    multi_merge,
    new_uuid,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    query,
    race,
    random_number,
    receive_signal,
    recovered,
    recursive,
    region,
    repeat_while,
    retrying,
    run_io,
    saga,
    scope,
    set_attributes,
    start_child,
    state,
    task,
    undoable,
    wait,
    wait_until,
    when,
    when_some,
)
from wio import Done as Undone

Recipe: TypeAlias = tuple[Any, ...]

AT = datetime(2026, 1, 1, tzinfo=UTC)
RUNS: list[str] = []
"""Is what the effects have done since somebody cleared it."""


@attrs.frozen
class Low:
    """Is one error."""

    by: int


@attrs.frozen
class High:
    """Is another error."""

    by: int


@attrs.frozen
class Done:
    """Is an event that is a class."""

    number: int


@attrs.frozen
class Round:
    """Is what flows in a loop: the rounds so far, and the value."""

    rounds: int
    value: int


ASK = Signal("ask", request=int, response=int)
TELL = Signal("tell", request=int, response=str, early=Early.KEEP)
PARITY = Signal("parity", request=int, response=int, early=Early.KEEP, correlation=lambda number: str(number % 2))
WORK = Task("work", input=int, output=int, error=Low)
WORKING: Workflow[int, Low, int] = Workflow("working", version=1, input=int, root=pure(1))
MEETINGS = {
    "one": Meeting("one", brings=int, needs={"a": 1}),
    "two": Meeting("two", brings=int, needs={"a": 2, "b": 1}),
}
AREAS = {name: Region(name, result=int) for name in ("r", "s")}
NEAR = Query("near", response=str)
FAR = Query("far", response=str)


@attrs.frozen
class Add:
    number: int

    def __call__(self, value: int) -> int:
        return _int(value) + self.number


@attrs.frozen
class Doubled:
    name: str

    def __call__(self, value: int) -> int:
        RUNS.append(self.name)
        return _int(value) * 2


@attrs.frozen
class Finished:
    name: str

    def __call__(self, value: int) -> Done:
        RUNS.append(self.name)
        return Done(_int(value) + 1)


@attrs.frozen
class Asked:
    name: str

    def __call__(self, value: int, request: int) -> int:
        RUNS.append(self.name)
        return _int(value) + request


@attrs.frozen
class Above:
    limit: int

    def __call__(self, value: int) -> bool:
        return _int(value) > self.limit


@attrs.frozen
class Found:
    limit: int

    def __call__(self, value: int) -> Maybe[int]:
        return Some(value - self.limit) if _int(value) > self.limit else Nothing


@attrs.frozen
class Checked:
    limit: int

    def __call__(self, value: int) -> Result[int, Low]:
        return Success(value) if _int(value) <= self.limit else Failure(Low(value))


@attrs.frozen
class Chosen:
    """Is a continuation: one program for even values, another for odd ones."""

    even: Recipe
    odd: Recipe

    def __call__(self, value: int) -> WIO[int, Any, int]:
        return build(self.even if _int(value) % 2 == 0 else self.odd)


@attrs.frozen
class Rescued:
    program: Recipe

    def __call__(self, error: object) -> WIO[int, Any, int]:
        del error
        return build(self.program)


@attrs.frozen
class Rounds:
    most: int

    def __call__(self, state: Round) -> bool:
        return state.rounds >= self.most


@attrs.frozen
class RoundsSome:
    most: int

    def __call__(self, state: Round) -> Maybe[Round]:
        return Some(state) if state.rounds >= self.most else Nothing


@attrs.frozen
class FewRounds:
    most: int

    def __call__(self, state: Round) -> bool:
        return state.rounds < self.most


def _int(value: object) -> int:
    assert isinstance(value, int), value
    return value


def sums(value: int, event: int) -> int:
    return value + event


def folds(value: int, event: Done) -> Result[int, High]:
    return Success(value + event.number) if event.number % 3 else Failure(High(event.number))


def responds(value: int, event: int) -> int:
    return value - event


def says(value: int, event: int) -> str:
    return f"{value}, {event}"


def judges(value: int, event: int) -> Result[int, Low]:
    return Failure(Low(event)) if event % 4 == 3 else Success(value + event)


def hours(value: int) -> timedelta:
    return timedelta(hours=abs(value) % 24)


def day(value: int) -> datetime:
    return AT + timedelta(days=abs(value) % 7)


def error_number(caught: Caught[Any, Any]) -> int:
    return getattr(caught.error, "by", 0)


def change_error(error: object) -> High:
    return High(getattr(error, "by", -1))


def starts(value: int) -> Round:
    return Round(0, _int(value))


def value_of(state: Round) -> int:
    return state.value


def next_round(state: Round, value: int) -> Round:
    return Round(state.rounds + 1, value)


def same_round(state: Round, value: int) -> Round:
    return Round(state.rounds, value)


def describes(value: object) -> str:
    return f"near {value}"


def describes_far(value: object) -> str:
    return f"far {value}"


def parity(value: int) -> str:
    return str(_int(value) % 2)


def total(outputs: object) -> int:
    """Return the sum of all numbers in what a joint ends with."""
    match outputs:
        case int():
            return outputs
        case tuple():
            return sum(total(output) for output in outputs)
        case Mapping():
            return sum(total(output) for output in outputs.values())
        case Some(output):
            return total(output)
        case _:
            return 0


def merged(value: int, latest: Mapping[str, Any]) -> str:
    return f"{value} {dict(latest)}"


def interrupted_number(interrupted: Interrupted[int, object]) -> int:
    return _int(interrupted.input)


def undone_number(done: Undone[int, int]) -> int:
    return _int(done.output)


def whole(_drawn: object) -> int:
    return 1


@attrs.frozen
class Items:
    """Makes some elements, one above the other."""

    count: int

    def __call__(self, value: int) -> list[int]:
        return [_int(value) + number for number in range(self.count)]


def thirds(element: int) -> str:
    """Return a key that some elements share."""
    return f"k{element % 3}"


@attrs.frozen
class Enough:
    """Is a join by the results so far."""

    least: int

    def __call__(self, results: Mapping[str, int]) -> bool:
        return sum(results.values()) >= self.least


@attrs.frozen
class Ends:
    """Says how to go on when a step was given up."""

    well: bool

    def __call__(self, value: int, given_up: GivenUp) -> Result[int, High]:
        return Success(value) if self.well else Failure(High(given_up.attempts))


@attrs.frozen
class Going:
    """Names the next state, or stops after some rounds."""

    to: str
    most: int

    def __call__(self, state: Round) -> Goto[Round] | Stop[int]:
        return Stop(state.value) if state.rounds >= self.most else Goto(self.to, state)


_RETRY = Retry(attempts=2, backoff=Fixed(timedelta(minutes=1)))


def build(recipe: Recipe) -> WIO[int, Any, int]:
    """Return the program of a recipe."""
    kind, *parts = recipe
    made: WIO[int, Any, int] = _LEAVES[kind](*parts) if kind in _LEAVES else _INNER[kind](*parts)
    return made


_LEAVES: dict[str, Any] = {
    "pure": pure,
    "fail low": lambda by: fail(Low(by)),
    "fail high": lambda by: fail(High(by)),
    "compute": lambda number: compute(Add(number)),
    "check": lambda limit: check(Checked(limit), name="limit"),
    "run": lambda name: run_io(Doubled(name), name=name),
    "run retried": lambda name: run_io(Doubled(name), sums, name=name, retry=_RETRY),
    "run checked": lambda name: run_io(Finished(name), folds, name=name),
    "ask": lambda name: handle_signal(ASK, Asked(name), sums, respond=responds, name=name),
    "tell": lambda name: handle_signal(TELL, Asked(name), judges, respond=says),
    "wait": lambda number: wait(timedelta(minutes=number)),
    "wait computed": lambda _: wait(hours),
    "wait until": lambda number: wait_until(AT + timedelta(hours=number), name="until"),
    "wait until computed": lambda _: wait_until(day),
    "match": lambda name: receive_signal(PARITY, sums, respond=sums, match=parity, name=name),
    "task": lambda name: task(WORK, Add(1), sums, to=parity, name=name),
    "task checked": lambda name: task(WORK, Add(1), judges, name=name),
    "child": lambda name, close: child(WORKING, result=int, error=Low, on_close=close, name=name),
    "start": lambda name, close: start_child(WORKING, on_close=close, name=name),
    "now": lambda name: now(name=name).map(whole),
    "attributes": lambda name: set_attributes(kind="odd", number=whole).named(name),
    "random": lambda name: random_number(name=name).map(whole),
    "uuid": lambda name: new_uuid(name=name).map(whole),
    "publish": lambda name: publish("news", describes, name=name),
    "leave": lambda name: leave(AREAS[name], Add(1)),
    "arrive": lambda name, party: arrive(MEETINGS[name], party),
    "decline": lambda name, party: decline(MEETINGS[name], party),
}


def _looped(body: Recipe, most: int) -> WIO[int, Any, int]:
    counted = build(body).transform_input(value_of).transform_output(next_round)
    return compute(starts) >> loop(counted, until=Rounds(most)).map(value_of)


def _looped_back(body: Recipe, back: Recipe, most: int) -> WIO[int, Any, int]:
    counted = build(body).transform_input(value_of).transform_output(next_round)
    way_back = build(back).transform_input(value_of).transform_output(same_round)
    return compute(starts) >> loop(counted, until=RoundsSome(most), back=way_back, name="poll").map(value_of)


def _repeated(body: Recipe, most: int) -> WIO[int, Any, int]:
    counted = build(body).transform_input(value_of).transform_output(next_round)
    return compute(starts) >> repeat_while(FewRounds(most), counted).map(value_of)


_INNER: dict[str, Any] = {
    "then": lambda one, other: build(one) >> build(other),
    "twice": lambda one: build(one) >> build(one),
    "flat_map": lambda one, even, odd: build(one).flat_map(Chosen(even, odd)),
    "bind": lambda one, even, odd: build(one).bind(Chosen(even, odd)),
    "map": lambda one, number: build(one).map(Add(number)),
    "apply": lambda one, number: build(one).apply(pure(Add(number))),
    "alt": lambda one: build(one).alt(change_error),
    "lash": lambda one, other: build(one).lash(Rescued(other)),
    "transform_input": lambda one, number: build(one).transform_input(Add(number)),
    "transform_output": lambda one: build(one).transform_output(sums),
    "branch": lambda one, other, limit: branch(when(Above(limit), name="big") >> build(one), default=build(other)),
    "branch some": lambda one, other, limit: branch(
        when_some(Found(limit), name="found") >> build(one) | when(Above(0), name="rest") >> build(other)
    ),
    "loop": _looped,
    "loop back": _looped_back,
    "repeat": _repeated,
    "handle": lambda one, other: build(one).handle_error(build(other).transform_input(error_number)),
    "catch": lambda one, other: build(one).handle_error(catch(Low, build(other).transform_input(error_number))),
    "near": lambda one: query(NEAR, describes, build(one)),
    "far": lambda one: query(FAR, describes_far, build(one)),
    "named": lambda one, name: build(one).named(name),
}


def _counted(body: Recipe) -> WIO[Round, Any, Round]:
    return build(body).transform_input(value_of).transform_output(next_round)


def _states(one: Recipe, other: Recipe, most: int) -> WIO[int, Any, int]:
    start = state("one", _counted(one).map(Going("two", most)), to="two")
    end = state("two", _counted(other).map(Going("one", most)), to=("one", "two"))
    return compute(starts) >> machine(start | end, start="one")


def _again(body: Recipe, most: int) -> WIO[int, Any, int]:
    def level(again: WIO[Round, Any, Round]) -> WIO[Round, Any, Round]:
        return _counted(body) >> branch(when(FewRounds(most), name="more") >> again, default=_counted(body))

    return compute(starts) >> recursive("deep", level).map(value_of)


def _parallel(
    bodies: tuple[Recipe, ...], join: Any, rest: Rest, limit: int | None, merging: bool
) -> WIO[int, Any, int]:
    programs = [build(body) for body in bodies]
    guarded = [when(Above(-9 if limit is None else limit), name="g") >> programs[0]]
    named = [program.named(f"p{number}") for number, program in enumerate(programs[1:], 1)]
    merge = merged if merging else None
    if join is None:
        return parallel(*guarded, *named, merge=merge).map(total)
    join = min(join, len(bodies)) if isinstance(join, int) else join
    return parallel(*guarded, *named, join=join, rest=rest, merge=merge).map(total)


def _merge(bodies: tuple[Recipe, ...], tail: Recipe, join: int | None, rest: Rest) -> WIO[int, Any, int]:
    named = [build(body).named(f"p{number}") for number, body in enumerate(bodies)]
    how: Any = {} if join is None else {"join": min(join, len(bodies)), "rest": rest}
    return multi_merge(*named, each=build(tail), **how).map(total)


def _each(
    body: Recipe, count: int, keyed: bool, join: Any, rest: Rest, at_once: int | None, add: Recipe, finish: Recipe
) -> WIO[int, Any, int]:
    how: Any = {} if join is None else {"join": join, "rest": rest}
    return for_each(
        Items(count),
        build(body),
        key=thirds if keyed else None,
        at_once=at_once,
        add=build(add) if add else None,
        finish=build(finish) if finish else None,
        merge=merged if count % 2 else None,
        **how,
    ).map(total)


def _scope(body: Recipe, trigger: Recipe, handler: Recipe | None, beside: Recipe, cancel: Recipe) -> WIO[int, Any, int]:
    handlers: list[Any] = []
    if handler is not None:
        reaction = build(handler).transform_input(interrupted_number) if handler else None
        handlers.append(
            interrupt(build(trigger), name="int")
            if reaction is None
            else interrupt(build(trigger), reaction, name="int")
        )
    if beside:
        handlers.append(alongside(build(trigger), build(beside).transform_input(interrupted_number), name="also"))
    if cancel:
        handlers.append(on_cancel(build(cancel).transform_input(interrupted_number)))
    return scope(build(body), *handlers)


_INNER |= {
    "machine": _states,
    "recursive": _again,
    "retrying": lambda one, policy, well: retrying(build(one), policy, *(() if well is None else (Ends(well),))),
    "run by policy": lambda name, policy: run_io(Doubled(name), sums, name=name, retry=policy),
    "parallel": _parallel,
    "merge": _merge,
    "each": _each,
    "first": lambda *bodies: first_of(*(build(body).named(f"f{number}") for number, body in enumerate(bodies))),
    "race": lambda *bodies: race(*(build(body).named(f"f{number}") for number, body in enumerate(bodies))),
    "scope": _scope,
    "region": lambda one, name: region(AREAS[name], build(one)),
    "critical": lambda one, name: critical(name, build(one)),
    "hold": lambda one, name: hold(name, build(one)),
    "during": lambda one, other, name: during(name, build(one), build(other)),
    "gather": lambda body, one, two: gather(
        build(body),
        meet(MEETINGS["one"], build(one).transform_input(total)),
        meet(MEETINGS["two"], build(two).transform_input(total)),
    ),
    "saga": lambda one: saga(build(one)),
    "undoable": lambda one, undo: undoable(build(one), build(undo).transform_input(undone_number)),
}


def _looped_checked(body: Recipe, most: int) -> WIO[int, Any, int]:
    return compute(starts) >> loop(_counted(body), until=Rounds(most), checkpoint=Round).map(value_of)


def _looped_back_checked(body: Recipe, back: Recipe, most: int) -> WIO[int, Any, int]:
    way_back = build(back).transform_input(value_of).transform_output(same_round)
    checked = loop(_counted(body), until=RoundsSome(most), back=way_back, name="poll", checkpoint=Round)
    return compute(starts) >> checked.map(value_of)


def _repeated_checked(body: Recipe, most: int) -> WIO[int, Any, int]:
    return compute(starts) >> repeat_while(FewRounds(most), _counted(body), checkpoint=Round).map(value_of)


def _states_checked(one: Recipe, other: Recipe, most: int) -> WIO[int, Any, int]:
    start = state("one", _counted(one).map(Going("two", most)), to="two")
    end = state("two", _counted(other).map(Going("one", most)), to=("one", "two"))
    return compute(starts) >> machine(start | end, start="one", checkpoint=Round)


_INNER |= {
    "checkpoint": lambda one: checkpoint(build(one), result=int),
    "loop checked": _looped_checked,
    "loop back checked": _looped_back_checked,
    "repeat checked": _repeated_checked,
    "machine checked": _states_checked,
    "old": lambda name: recovered(name, event=int, handler=sums),
}

CHECKED = frozenset({"loop", "loop back", "repeat", "machine"})
"""Are the kinds of parts that may record checkpoints of their own, as `kind checked`."""


def with_checkpoints(recipe: Recipe, choices: Iterator[int]) -> Recipe:
    """Return a recipe with checkpoints at places that the choices name: a part of it has one where they say 0."""
    kind, *parts = recipe
    inner = [_checked_part(part, choices) if isinstance(part, tuple) else part for part in parts]
    if kind in CHECKED and next(choices) < 2:
        return (f"{kind} checked", *inner)
    return ("checkpoint", (kind, *inner)) if next(choices) == 0 else (kind, *inner)


def _checked_part(part: Recipe, choices: Iterator[int]) -> Recipe:
    if part and isinstance(part[0], tuple):  # several of them
        return tuple(with_checkpoints(each, choices) for each in part)
    return with_checkpoints(part, choices) if part and isinstance(part[0], str) else part


_numbers = st.integers(-3, 9)
_names = st.sampled_from(("a", "b"))
_few = st.integers(0, 3)


def _extended(inner: st.SearchStrategy[Recipe]) -> st.SearchStrategy[Recipe]:
    return st.one_of(
        st.tuples(st.just("then"), inner, inner),
        st.tuples(st.just("twice"), inner),
        st.tuples(st.sampled_from(("flat_map", "bind")), inner, inner, inner),
        st.tuples(st.sampled_from(("map", "apply", "transform_input")), inner, _numbers),
        st.tuples(st.sampled_from(("alt", "transform_output", "near", "far")), inner),
        st.tuples(st.sampled_from(("lash", "handle", "catch")), inner, inner),
        st.tuples(st.sampled_from(("branch", "branch some")), inner, inner, _numbers),
        st.tuples(st.sampled_from(("loop", "repeat")), inner, _few),
        st.tuples(st.just("loop back"), inner, inner, _few),
        st.tuples(st.just("named"), inner, st.sampled_from(("a", "part"))),
    )


_steps = st.one_of(
    st.tuples(st.sampled_from(("run", "run retried", "run checked")), _names),
    st.tuples(st.sampled_from(("ask", "tell")), _names),
    st.tuples(st.sampled_from(("wait", "wait computed", "wait until", "wait until computed")), _few),
)
_values = st.tuples(st.sampled_from(("pure", "fail low", "fail high", "compute", "check")), _numbers)

leaves: st.SearchStrategy[Recipe] = st.one_of(_steps, _steps, _values)
_trees = st.recursive(leaves, _extended, max_leaves=12)

# Most of what goes wrong needs something before and after it.
recipes: st.SearchStrategy[Recipe] = st.one_of(
    _trees, _extended(_trees), st.builds(lambda one, two, three: ("then", one, ("then", two, three)), *[_trees] * 3)
)

# Policies

ERRORS = (ValueError, OSError, TimeoutError, PermissionError, ArithmeticError)
"""Are the errors of effects that fail. Two of them are kinds of another."""

_classes = st.lists(st.sampled_from(ERRORS), max_size=2, unique=True).map(tuple)
_minutes = st.integers(0, 3).map(lambda number: timedelta(minutes=number))

policies: st.SearchStrategy[Retry] = st.builds(
    Retry,
    attempts=st.none() | st.integers(1, 3),
    backoff=st.one_of(*(st.builds(kind, _minutes) for kind in (Fixed, Linear, Exponential))),
    ceiling=_minutes,
    jitter=st.sampled_from((0.0, 0.5)),
    on=st.none() | _classes,
    fail_on=st.just(()) | _classes,
    attempt_timeout=st.none() | st.just(timedelta(minutes=1)),
    overall=st.none() | st.just(timedelta(minutes=2)),
    exceeded=st.sampled_from(Exceeded),
)

# Many threads of control

_BLANK: Recipe = ()
_waits = st.one_of(
    st.tuples(st.sampled_from(("ask", "tell", "match", "task")), _names),
    st.tuples(st.just("wait"), _few),
)
_places = st.one_of(
    _waits,
    _steps,
    st.tuples(st.just("run by policy"), _names, policies),
    st.tuples(st.sampled_from(("task", "task checked", "now", "attributes", "random", "uuid", "publish")), _names),
    st.tuples(st.sampled_from(("child", "start")), _names, st.sampled_from(ParentClose)),
    st.tuples(st.just("leave"), st.sampled_from(("r", "s"))),
)
_joins = st.none() | st.integers(0, 3) | st.builds(Enough, st.integers(0, 30))
_rests = st.sampled_from(Rest)
_locks = st.sampled_from(("l", "k"))
_maybe_waits = st.just(_BLANK) | _waits


def _joining(inner: st.SearchStrategy[Recipe]) -> st.SearchStrategy[Recipe]:
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.tuples(st.just("then"), inner, inner),
        st.tuples(st.sampled_from(("near", "far", "saga", "saga")), inner),
        st.tuples(st.sampled_from(("handle", "catch", "undoable", "undoable")), inner, inner),
        st.tuples(st.just("machine"), inner, inner, _few),
        st.tuples(st.sampled_from(("recursive", "loop")), inner, _few),
        st.tuples(st.just("retrying"), inner, policies, st.sampled_from((None, True, False))),
        st.tuples(st.just("merge"), some, inner, st.none() | st.integers(0, 2), _rests),
        st.tuples(st.just("parallel"), some, _joins, _rests, st.none() | _numbers, st.booleans()),
        st.tuples(st.just("parallel"), some, _joins, _rests, st.none(), st.booleans()),
        st.tuples(
            st.just("each"),
            inner,
            _few,
            st.booleans(),
            _joins,
            _rests,
            st.none() | st.integers(1, 2),
            _maybe_waits,
            _maybe_waits,
        ),
        st.tuples(st.sampled_from(("first", "race")), inner, inner),
        st.tuples(st.just("scope"), inner, _waits, st.none() | st.just(_BLANK) | inner, _maybe_waits, _maybe_waits),
        st.tuples(st.just("scope"), inner, inner, st.just(_BLANK), st.just(_BLANK), _maybe_waits),
        st.tuples(st.just("region"), inner, st.sampled_from(("r", "s"))),
        st.tuples(st.sampled_from(("critical", "hold")), inner, _locks),
        st.tuples(st.just("during"), inner, inner, _locks),
    )


_forests = st.recursive(_places | _places | _values, _joining, max_leaves=10)

_arrivals = st.one_of(
    st.tuples(st.just("arrive"), st.just("one"), st.just("a")),
    st.tuples(st.sampled_from(("arrive", "arrive", "decline")), st.just("two"), st.sampled_from(("a", "b"))),
)
_arriving = st.recursive(_places | _waits | _arrivals | _arrivals, _joining, max_leaves=10)

# What follows a meeting may arrive at the other one, but not at its own: that would have no end.
_gathered: st.SearchStrategy[Recipe] = st.builds(
    lambda bodies, rest, one, two: ("gather", ("parallel", bodies, None, rest, None, True), one, two),
    st.tuples(_arriving, _arriving, _arriving),
    _rests,
    st.tuples(st.just("then"), _waits, st.tuples(st.just("arrive"), st.just("two"), st.just("b"))) | _forests,
    _forests,
)

joined: st.SearchStrategy[Recipe] = st.one_of(
    _joining(_forests),
    st.tuples(st.just("parallel"), st.tuples(_forests, _forests), st.none(), _rests, st.none(), st.just(True)),
    _gathered,
)


def workflow_of(program: WIO[int, Any, int]) -> Workflow[int, Any, int]:
    """Return a program as a workflow that takes an int."""
    return Workflow("random", version=1, input=int, root=program)
