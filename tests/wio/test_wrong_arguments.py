"""Does every constructor refuse an argument of a wrong type, where it is built, and say what to give?"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NewType, Optional, TypeAlias, Union

import attrs
import pytest
from typing_extensions import TypeAliasType

import wio
from wio import (
    Arms,
    Early,
    Exceeded,
    Exponential,
    Fixed,
    Goto,
    Guard,
    InvalidDefinition,
    InvalidName,
    Linear,
    Meeting,
    Meets,
    On,
    ParentClose,
    Pause,
    Query,
    Region,
    Rest,
    Retry,
    Signal,
    States,
    Stop,
    Task,
    Workflow,
    alongside,
    arrive,
    branch,
    call,
    catch,
    check,
    checkpoint,
    child,
    compute,
    critical,
    decline,
    draft,
    during,
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
    run_in_transaction,
    run_io,
    saga,
    scope,
    set_attributes,
    start_child,
    state,
    task,
    timeout,
    undoable,
    wait,
    wait_until,
    when,
    when_some,
)


@attrs.frozen
class Argument:
    """Is a right value of an argument, and wrong ones: what somebody might take for it."""

    right: Any
    wrong: tuple[Any, ...]


Arguments: TypeAlias = Mapping[str, Argument]


def function(value: Any) -> Any:
    return value


def other_function(value: Any) -> Any:
    return value


STEP = run_io(function)
OTHER = run_io(other_function)
WORKFLOW = Workflow("workflow", version=1, input=str, root=STEP)
SIGNAL = Signal("signal", request=str, response=str, correlation=str)
TASK = Task("task", input=str, output=str)
REGION = Region("region", result=str)
MEETING = Meeting("meeting", brings=str, needs={"party": 1})
RETRY = Retry(attempts=3)
GUARDED = when(function) >> STEP
STATE = state("state", STEP, to="state")
ON = interrupt(STEP)
MEET = meet(MEETING, STEP)
DAY = timedelta(days=1)


def but(argument: Argument, right: Any) -> Argument:
    """Return the argument with another right value."""
    return attrs.evolve(argument, right=right)


def or_none(argument: Argument) -> Argument:
    """Return the argument for a parameter that may be None."""
    return attrs.evolve(argument, wrong=tuple(value for value in argument.wrong if value is not None))


NAME = Argument("name", (None, 0, 3, True, b"name", ["name"], function, "a/b"))
NEEDED_NAME = Argument("name", (*NAME.wrong, ""))
TOPIC = Argument("a/topic", (None, 0, 3, True, b"topic", ["topic"], "", " ", function))
TEXT = Argument("text", (None, 0, 3, True, b"text", ["text"], function))
PROGRAM = Argument(STEP, (None, 0, 3, "step", str, function, WORKFLOW, GUARDED, ON, [STEP]))
FUNCTION = Argument(function, (None, 0, 3, "function", [function], STEP, WORKFLOW))
TYPE = Argument(str, (None, 0, 3, True, "str", "poll", (int, str), [int], function, STEP, {}))
EVENT = or_none(TYPE)
ATTRIBUTE = Argument("Ann", (b"Ann", ["Ann"], 2**63, float("inf"), datetime(2026, 1, 1), "x" * 201, STEP))
COUNT = Argument(1, (0, -1, 1.0, True, "1", [1], function, None))
JOIN = Argument(1, (-1, 1.0, "1", True, [1], STEP))
REST = Argument(Rest.CANCEL, ("cancel", 0, 3, True, Rest, Early.KEEP))
DURATION = Argument(DAY, (None, 0, 3, 1.5, "3d", datetime(2026, 1, 1, tzinfo=UTC), [DAY], STEP))
POSITIVE = or_none(attrs.evolve(DURATION, wrong=(*DURATION.wrong, timedelta(0), function)))
RETRY_POLICY = Argument(RETRY, (None, 0, 3, "3", True, Retry, Fixed(DAY), DAY))
KEY = or_none(FUNCTION)


def enum_argument(right: enum.Enum) -> Argument:
    return Argument(right, (None, 0, 3, True, right.value, right.name, type(right), Watching.ONE))


class Watching(enum.Enum):
    ONE = "one"


def of(right: Any) -> Argument:
    """Return the argument that has to be of the class of a value: a signal, a task."""
    return Argument(right, (None, 0, 3, "name", True, type(right), function, STEP))


NAMED: Arguments = {"name": NAME, "description": TEXT}
HANDLER = or_none(PROGRAM)
STEPPING: Arguments = {**NAMED, "event": EVENT}
STARTING: Arguments = {
    "workflow": of(WORKFLOW),
    "id": KEY,
    "input": KEY,
    "on_close": enum_argument(ParentClose.WAIT),
    **NAMED,
}
GUARDED_BRANCH = Argument(GUARDED, (None, 0, 3, "step", str, function, WORKFLOW, ON, [STEP]))
ARMS = Argument(GUARDED, (None, 0, 3, "step", function, STEP, when(function), [GUARDED]))
ERRORS = Argument((OSError,), (0, 3, True, "OSError", OSError, [OSError], ("OSError",), OSError()))
CLASS = Argument(OSError, (None, 0, "OSError", OSError(), (OSError,), OSError | ValueError))
PARTY = Argument("party", (None, 0, 3, True, b"party", "", "door", function))
MILESTONE = Argument("milestone", NEEDED_NAME.wrong)
DELAY = attrs.evolve(DURATION, wrong=(*DURATION.wrong, function, timedelta(-1)))
FRACTION = Argument(0.5, (None, "0.5", True, 2, -1, float("nan"), function))
START = Argument("state", (None, 0, 3, True, b"state", "elsewhere", "", [function], STEP))
TARGETS = Argument("state", (None, 0, 3, True, b"state", [3], ["state", None], "", function, STEP))
NEEDS = Argument({"party": 1}, (None, 0, 3, "party", ["party"], {}, {3: 1}, {"party": "1"}, {"party": 0}, {"": 1}))
YES_OR_NO = Argument(True, (None, 0, 1, "yes", function))
TO = Argument("somebody", (0, 3, True, b"somebody", STEP, {1, 2}, object()))

FORM: Mapping[str, tuple[Callable[..., object], Arguments]] = {
    "Arms": (Arms, {"arms": Argument(GUARDED.arms, (None, 0, 3, STEP, GUARDED, [GUARDED], (STEP,)))}),
    "Catch": (wio.Catch, {"on": CLASS, "handler": PROGRAM}),
    "Guard": (Guard, {"condition": FUNCTION, "name": NEEDED_NAME}),
    "Meets": (Meets, {"meet": Argument(MEET.meet, (None, 0, 3, STEP, MEETING, MEET))}),
    "On": (On, {"handler": Argument(ON.handler, (None, 0, 3, STEP, function, ON))}),
    "States": (States, {"states": Argument(STATE.states, (None, 0, 3, STEP, STATE, [STATE], (STEP,)))}),
    "Fixed": (Fixed, {"delay": DELAY}),
    "Pause": (Pause, {"resume_after": Argument(DAY, (None, 0, 3, "1h", timedelta(0), -DAY, DAY.total_seconds()))}),
    "Linear": (Linear, {"delay": DELAY}),
    "Exponential": (
        Exponential,
        {"delay": DELAY, "factor": Argument(2, (None, "2", True, 0, -1, float("inf"), float("nan"), function))},
    ),
    "Retry": (
        Retry,
        {
            "attempts": or_none(COUNT),
            "backoff": Argument(Fixed(DAY), (None, 0, 3, "fixed", Fixed, DAY, function)),
            "ceiling": DELAY,
            "jitter": FRACTION,
            "on": ERRORS,
            "fail_on": attrs.evolve(ERRORS, wrong=(*ERRORS.wrong, None)),
            "attempt_timeout": POSITIVE,
            "overall": POSITIVE,
            "exceeded": enum_argument(Exceeded.FAIL),
        },
    ),
    "Goto": (Goto, {"state": TEXT, "value": Argument(1, ())}),
    "Stop": (Stop, {"value": Argument(1, ())}),
    "Meeting": (Meeting, {"name": NEEDED_NAME, "brings": TYPE, "needs": NEEDS}),
    "Query": (Query, {"name": NEEDED_NAME, "response": TYPE}),
    "Region": (Region, {"name": NEEDED_NAME, "result": TYPE}),
    "Signal": (
        Signal,
        {
            "name": NEEDED_NAME,
            "request": TYPE,
            "response": TYPE,
            "early": enum_argument(Early.KEEP),
            "correlation": KEY,
        },
    ),
    "Task": (
        Task,
        {"name": NEEDED_NAME, "version": COUNT, "input": TYPE, "output": TYPE, "error": EVENT, "signs": YES_OR_NO},
    ),
    "Workflow": (
        Workflow,
        {"name": NEEDED_NAME, "version": COUNT, "input": TYPE, "root": PROGRAM, "description": TEXT},
    ),
    "alongside": (alongside, {"trigger": PROGRAM, "handler": PROGRAM, "name": NAME}),
    "arrive": (arrive, {"at": of(MEETING), "party": PARTY}),
    "branch": (branch, {"arms": ARMS, "default": HANDLER, **NAMED}),
    "call": (call, {"workflow": of(WORKFLOW)}),
    "catch": (catch, {"on": CLASS, "handler": PROGRAM}),
    "check": (check, {"function": FUNCTION, **NAMED}),
    "checkpoint": (checkpoint, {"body": PROGRAM, "result": TYPE, **NAMED}),
    "child": (child, {**STARTING, "result": TYPE, "error": EVENT}),
    "compute": (compute, {"function": FUNCTION, **NAMED}),
    "critical": (critical, {"lock": NEEDED_NAME, "body": PROGRAM}),
    "decline": (decline, {"at": of(MEETING), "party": PARTY}),
    "draft": (draft, {"name": NEEDED_NAME, "input": TYPE, "output": TYPE, "error": EVENT, "description": TEXT}),
    "during": (during, {"milestone": MILESTONE, "body": PROGRAM, "otherwise": PROGRAM}),
    "fail": (wio.fail, {"error": Argument(1, ())}),
    "first_of": (first_of, {"branches": but(GUARDED_BRANCH, STEP), **NAMED}),
    "for_each": (
        for_each,
        {
            "items": FUNCTION,
            "body": PROGRAM,
            "key": KEY,
            "join": JOIN,
            "rest": REST,
            "at_once": or_none(COUNT),
            "add": HANDLER,
            "finish": HANDLER,
            "element": EVENT,
            "merge": KEY,
            **NAMED,
        },
    ),
    "gather": (
        gather,
        {"body": PROGRAM, "meets": Argument(MEET, (None, 0, 3, "meeting", MEETING, STEP, function, ON)), **NAMED},
    ),
    "handle_signal": (
        handle_signal,
        {
            "signal": of(SIGNAL),
            "effect": FUNCTION,
            "handler": FUNCTION,
            "respond": FUNCTION,
            "match": KEY,
            **STEPPING,
        },
    ),
    "hold": (hold, {"milestone": MILESTONE, "body": PROGRAM}),
    "interrupt": (interrupt, {"trigger": PROGRAM, "handler": HANDLER, "name": NAME}),
    "leave": (leave, {"of": of(REGION), "result": FUNCTION}),
    "loop": (loop, {"body": PROGRAM, "until": FUNCTION, "back": HANDLER, "checkpoint": EVENT, **NAMED}),
    "machine": (
        machine,
        {
            "states": Argument(STATE, (None, 0, 3, "state", STEP, function, ON, [STATE])),
            "start": START,
            "checkpoint": EVENT,
            **NAMED,
        },
    ),
    "meet": (meet, {"at": of(MEETING), "then": PROGRAM}),
    "multi_merge": (
        multi_merge,
        {"branches": GUARDED_BRANCH, "each": PROGRAM, "join": JOIN, "rest": REST, "merge": KEY, **NAMED},
    ),
    "new_uuid": (new_uuid, {"handler": KEY, **NAMED}),
    "now": (now, {"handler": KEY, **NAMED}),
    "on_cancel": (on_cancel, {"handler": PROGRAM, "name": NAME}),
    "parallel": (parallel, {"branches": GUARDED_BRANCH, "join": JOIN, "rest": REST, "merge": KEY, **NAMED}),
    "publish": (publish, {"topic": TOPIC, "message": FUNCTION, **STEPPING}),
    "pure": (pure, {"value": Argument(1, ())}),
    "query": (query, {"question": of(Query("query", response=str)), "answer": FUNCTION, "base": PROGRAM}),
    "race": (race, {"branches": but(GUARDED_BRANCH, STEP), **NAMED}),
    "random_number": (random_number, {"handler": KEY, **NAMED}),
    "receive_signal": (
        receive_signal,
        {"signal": of(SIGNAL), "handler": FUNCTION, "respond": FUNCTION, "match": KEY, **NAMED},
    ),
    "recovered": (recovered, {"name": NEEDED_NAME, "event": TYPE, "handler": FUNCTION, "description": TEXT}),
    "recursive": (recursive, {"name": NEEDED_NAME, "build": FUNCTION, "description": TEXT}),
    "region": (region, {"of": of(REGION), "body": PROGRAM}),
    "repeat_while": (repeat_while, {"condition": FUNCTION, "body": PROGRAM, "checkpoint": EVENT, **NAMED}),
    "retrying": (retrying, {"body": PROGRAM, "retry": RETRY_POLICY, "give_up": KEY}),
    "run_in_transaction": (
        run_in_transaction,
        {"effect": FUNCTION, "handler": KEY, "retry": or_none(RETRY_POLICY), **STEPPING},
    ),
    "run_io": (run_io, {"effect": FUNCTION, "handler": KEY, "retry": or_none(RETRY_POLICY), **STEPPING}),
    "saga": (saga, {"body": PROGRAM, **NAMED}),
    "scope": (
        scope,
        {"body": PROGRAM, "handlers": Argument(ON, (None, 0, 3, "handler", STEP, function, GUARDED, [ON])), **NAMED},
    ),
    "start_child": (start_child, STARTING),
    "set_attributes": (set_attributes, {"attributes": ATTRIBUTE}),
    "state": (state, {"name": NEEDED_NAME, "body": PROGRAM, "to": TARGETS}),
    "task": (task, {"task": of(TASK), "send": FUNCTION, "handler": KEY, "to": TO, **NAMED}),
    "timeout": (
        timeout,
        {"body": PROGRAM, "after": DURATION, "otherwise": HANDLER, "name": NAME},
    ),
    "undoable": (undoable, {"action": PROGRAM, "undo": PROGRAM}),
    "wait": (wait, {"duration": DURATION, **NAMED}),
    "wait_until": (
        wait_until,
        {
            "time": Argument(
                datetime(2026, 1, 1, tzinfo=UTC), (None, 0, 3, "tomorrow", datetime(2026, 1, 1), DAY, STEP)
            ),
            **NAMED,
        },
    ),
    "when": (when, {"guard": FUNCTION, "name": NAME}),
    "when_some": (when_some, {"guard": FUNCTION, "name": NAME}),
}


def built(constructor: str, /, **changed: Any) -> object:
    """Build something with its right arguments, but for those that are changed."""
    build, arguments = FORM[constructor]
    given = {argument: changed.get(argument, value.right) for argument, value in arguments.items()}
    parameters = inspect.signature(build).parameters
    by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    in_order = [parameter for parameter, kind in parameters.items() if kind.kind not in by_name]
    return build(*(given[each] for each in in_order), **{each: given[each] for each in given if each not in in_order})


Number = NewType("Number", int)


@pytest.mark.parametrize(
    "form",
    [
        int,
        type(None),
        list[int],
        int | str,
        list,
        dict[str, tuple[int, ...]],
        Any,
        Optional[int],  # noqa: UP045
        Union[int, str],  # noqa: UP007
        Literal["a"],
        Annotated[int, "above zero"],
        Number,
        TypeAliasType("Numbers", list[int]),
    ],
)
def test_every_way_to_write_a_type_is_taken(form: Any) -> None:
    assert loop(STEP, until=function, checkpoint=form) != loop(STEP, until=function)
    assert checkpoint(STEP, result=form) == checkpoint(STEP, result=form)


def wrong_arguments() -> Iterator[Any]:
    for name, (_, arguments) in FORM.items():
        for argument, value in arguments.items():
            for number, wrong in enumerate(value.wrong):
                yield pytest.param(name, argument, wrong, id=f"{name}-{argument}-{number}")


@pytest.mark.parametrize("name", FORM)
def test_right_arguments_are_taken(name: str) -> None:
    build, arguments = FORM[name]
    built(name)
    assert arguments.keys() == inspect.signature(build).parameters.keys()


@pytest.mark.parametrize(("name", "argument", "wrong"), tuple(wrong_arguments()))
def test_a_wrong_argument_is_refused_with_its_value_and_what_to_give(name: str, argument: str, wrong: Any) -> None:
    with pytest.raises((InvalidDefinition, InvalidName)) as refused:
        built(name, **{argument: wrong})
    message = str(refused.value)
    assert any(repr(named)[:60] in message for named in (wrong, *_parts_of(wrong)))
    assert any(word in message for word in ("Give", "Make", "Build", "Choose"))


def _parts_of(value: Any) -> Iterator[Any]:
    """Return the parts of a collection: a message may name the one that is wrong."""
    if isinstance(value, list | tuple | dict):
        yield from value


METHODS: Mapping[str, tuple[Callable[[Any], object], Argument]] = {
    "step >> it": (lambda it: STEP >> it, PROGRAM),
    "wait >> it": (lambda it: wait(DAY) >> it, PROGRAM),
    "guard >> it": (lambda it: when(function) >> it, PROGRAM),
    "arms | it": (lambda it: GUARDED | it, but(ARMS, when(other_function) >> STEP)),
    "states | it": (lambda it: STATE | it, Argument(state("other", STEP), (None, 0, 3, "state", STEP, GUARDED, ON))),
    "and_then": (STEP.and_then, PROGRAM),
    "flat_map": (STEP.flat_map, FUNCTION),
    "bind": (STEP.bind, FUNCTION),
    "map": (STEP.map, FUNCTION),
    "apply": (STEP.apply, PROGRAM),
    "alt": (STEP.alt, FUNCTION),
    "lash": (STEP.lash, FUNCTION),
    "transform_input": (STEP.transform_input, FUNCTION),
    "transform_output": (STEP.transform_output, FUNCTION),
    "handle_error": (STEP.handle_error, PROGRAM),
    "named": (STEP.named, NEEDED_NAME),
    "named part": ((STEP >> OTHER).named, NEEDED_NAME),
    "described": (lambda it: STEP.named("step", it), TEXT),
    "described part": (lambda it: (STEP >> OTHER).named("part", it), TEXT),
}


@pytest.mark.parametrize(
    ("method", "wrong"), [(method, wrong) for method, (_, argument) in METHODS.items() for wrong in argument.wrong]
)
def test_a_wrong_argument_of_a_method_is_refused_too(method: str, wrong: Any) -> None:
    call_with, argument = METHODS[method]
    call_with(argument.right)
    with pytest.raises((InvalidDefinition, InvalidName)) as refused:
        call_with(wrong)
    assert repr(wrong)[:60] in str(refused.value)


def test_a_function_is_no_error_handler() -> None:
    """Only a program is one, or what `catch` makes."""
    with pytest.raises(InvalidDefinition, match=r"function.* is not a program\. Make the function a program: run_io"):
        STEP.handle_error(function)
    assert STEP.handle_error(catch(OSError, OTHER)) != STEP.handle_error(OTHER)


# What wio gives to the functions of its users
NOT_BUILT_BY_USERS = {"WIO", "Caught", "Done", "GivenUp", "Interrupted", "NoArmMatched", "Signed"}


def test_every_constructor_is_tried() -> None:
    made = {
        name
        for name in wio.__all__
        if callable(value := getattr(wio, name))
        and not (isinstance(value, type) and issubclass(value, enum.Enum | Exception))
    }
    assert made - FORM.keys() == NOT_BUILT_BY_USERS
