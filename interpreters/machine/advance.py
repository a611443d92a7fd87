"""How far does an instance get without a new entry? The walk from one recorded place to the next.

The walk goes into programs until it meets a step, and comes out of frames with a value or a failure until
one of them leads into a program again. It calls the user's pure functions and nothing else. It is a loop,
so neither a long chain nor a long history can exhaust Python's stack.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from returns.maybe import Maybe, Some
from returns.result import Failure, Result, Success

from interpreters.errors import DraftReached, UserFunctionRaised, WrongReturn
from interpreters.machine.addresses import Scope, arm_scope, handler_name, part_scope, round_scope
from interpreters.machine.execution import Active, Attempts, Closed, ClosedQueries, Deadline, Ended, Position
from interpreters.machine.frames import (
    Answering,
    Continuing,
    Finishing,
    Following,
    Frame,
    Frames,
    Guarding,
    Leaving,
    Repeating,
)
from wio.control import NoArmMatched
from wio.names import name_of
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Branch,
    Caught,
    Check,
    Compute,
    Draft,
    Fail,
    Feed,
    FlatMap,
    Function,
    HandleError,
    HandleSignal,
    Loop,
    LoopTest,
    Named,
    Node,
    Pure,
    RunIO,
    TransformOutput,
    Wait,
    node_of,
)

Observer: TypeAlias = Callable[[FlatMap | None, str, WIO[Any, Any, Any]], None]
"""Is told of each program that a continuation made, and of each arm and handler that was taken.

It gets the dynamic node (None for an arm or a handler), the prefix of the addresses there, and the program."""

Reached: TypeAlias = tuple[Position, ClosedQueries]
_Inside: TypeAlias = tuple[Any, "Failure[Any] | None", Scope, Frames]
_Outside: TypeAlias = tuple["Node | None", Any, "Failure[Any] | None", Scope, Frames, ClosedQueries]

_FRESH = Attempts()
_NO_DEADLINE = Deadline()


def enter(
    program: WIO[Any, Any, Any],
    value: Any,
    scope: Scope,
    frames: Frames,
    closed: ClosedQueries,
    observe: Observer | None = None,
) -> Reached:
    """Return what is reached when a program starts on a value. Raises `UserFunctionRaised` or `DraftReached`."""
    return _walk(node_of(program), value, None, scope, frames, closed, observe)


def leave(
    active: Active,
    value: Any,
    failure: Failure[Any] | None,
    closed: ClosedQueries,
    observe: Observer | None = None,
) -> Reached:
    """Return what is reached when the active step ends with a value, or with a failure. Raises like `enter`."""
    return _walk(None, value, failure, active.scope, active.frames, closed, observe)


def _walk(
    node: Node | None,
    value: Any,
    failure: Failure[Any] | None,
    scope: Scope,
    frames: Frames,
    closed: ClosedQueries,
    observe: Observer | None,
) -> Reached:
    """Go in while there is a node, come out while there is none, until a step or the end is reached.

    While `failure` is set, `value` stays the latest value that was flowing.
    """
    while True:
        if node is not None:
            inside = _go_in(node, value, scope, frames, observe)
            if isinstance(inside, Active):
                return inside, closed
            value, failure, scope, frames = inside
            node = None
        while node is None:
            if frames is None:
                return Ended(Success(value) if failure is None else failure, value), closed
            # The commonest frame by far is taken off here, without a call.
            if failure is None and isinstance(frames, Following):
                node, frames = node_of(frames.program), frames.below
                break
            node, value, failure, scope, frames, closed = _come_out(frames, value, failure, scope, closed, observe)


def _go_in(node: Node, value: Any, scope: Scope, frames: Frames, observe: Observer | None) -> Active | _Inside:
    """Return the first step in a program, or the value or failure with which it ends without one."""
    while True:
        match node:
            # The commonest node comes first; the others stand in the order of `wio.nodes`.
            case RunIO() | HandleSignal():
                address, scope = scope.place(node.name)
                return Active(node, address, value, scope, frames, _FRESH)
            case Pure(constant):
                return constant, None, scope, frames
            case Fail(error):
                return value, Failure(error), scope, frames
            case Compute(function):
                return call(function, scope, value), None, scope, frames
            case Check(function):
                checked = _result_of(call(function, scope, value), function, scope)
                if isinstance(checked, Failure):
                    return value, checked, scope, frames
                return checked.unwrap(), None, scope, frames
            case Wait():
                address, scope = scope.place(node.name)
                return Active(node, address, value, scope, frames, _NO_DEADLINE)
            case Draft(name):
                raise DraftReached(f"The workflow, at {scope.place(name)[0]!r},", (name,))
            case AndThen(first, second):
                frames, node = Following(second, frames), node_of(first)
            case FlatMap(base):
                frames, node = Continuing(node, value, frames), node_of(base)
            case TransformOutput(base):
                frames, node = Finishing(node, value, frames), node_of(base)
            case Branch():
                address, scope = scope.place(node.name)
                chosen = _chosen_arm(node, value, address)
                if chosen is None:
                    return value, Failure(NoArmMatched(node.name, value)), scope, frames
                name, body, value = chosen
                frames, scope, node = Leaving(scope, frames), arm_scope(address, name), node_of(body)
                if observe is not None:
                    observe(None, scope.prefix, body)
            case Loop(body):
                address, scope = scope.place(node.name)
                if node.test is LoopTest.BEFORE:
                    ends, end = _yielded(node.until, value, address)
                    if ends:
                        return end, None, scope, frames
                frames = Repeating(node, address, 1, False, scope, frames)
                scope, node = round_scope(address, 1), node_of(body)
            case HandleError(base):
                frames, node = Guarding(node, value, frames), node_of(base)
            case Answer(_, _, base):
                frames, node = Answering(node, frames), node_of(base)
            case Named(base):
                address, scope = scope.place(node.name)
                frames, scope, node = Leaving(scope, frames), part_scope(address), node_of(base)


def _come_out(
    frame: Frame,
    value: Any,
    failure: Failure[Any] | None,
    scope: Scope,
    closed: ClosedQueries,
    observe: Observer | None,
) -> _Outside:
    """Take one frame off the stack, and go on as it says: into a program, or further out."""
    below = frame.below
    match frame:
        case Following(program):
            return (node_of(program) if failure is None else None), value, failure, scope, below, closed
        case Continuing(dynamic, given):
            if failure is not None:
                return None, value, failure, scope, below, closed
            program = _program(call(dynamic.continuation, scope, value), dynamic, scope)
            if observe is not None:
                observe(dynamic, scope.prefix, program)
            fed = given if dynamic.feed is Feed.INPUT else value
            return node_of(program), fed, None, scope, below, closed
        case Finishing(transform, given):
            output = value if failure is not None else call(transform.function, scope, given, value)
            return None, output, failure, scope, below, closed
        case Guarding(guarded, given):
            if failure is None or not _takes(guarded, failure.failure()):
                return None, value, failure, scope, below, closed
            address, outer = scope.place(handler_name(guarded.on))
            caught = Caught(given, failure.failure(), value)
            if observe is not None:
                observe(None, part_scope(address).prefix, guarded.handler)
            return node_of(guarded.handler), caught, None, part_scope(address), Leaving(outer, below), closed
        case Answering(answering):
            return (
                None,
                value,
                failure,
                scope,
                below,
                {**closed, answering.query.name: Closed(answering, value)},
            )
        case Repeating():
            return _next_round(frame, value, failure, scope, closed)
        case Leaving(outer):
            return None, value, failure, outer, below, closed


def _next_round(
    frame: Repeating, value: Any, failure: Failure[Any] | None, scope: Scope, closed: ClosedQueries
) -> _Outside:
    """End the loop, take its way back, or start its next round; the way back belongs to the round before it."""
    loop, address, outer = frame.node, frame.address, frame.outer
    if failure is not None:
        return None, value, failure, outer, frame.below, closed
    asks = not frame.on_way_back if loop.test is LoopTest.AFTER else loop.back is None or frame.on_way_back
    if asks:
        ends, end = _yielded(loop.until, value, address)
        if ends:
            return None, end, None, outer, frame.below, closed
    if loop.back is not None and not frame.on_way_back:
        back = Repeating(loop, address, frame.round, True, outer, frame.below)
        return node_of(loop.back), value, None, scope, back, closed
    number = frame.round + 1
    following = Repeating(loop, address, number, False, outer, frame.below)
    return node_of(loop.body), value, None, round_scope(address, number), following, closed


def _chosen_arm(branch: Branch, value: Any, address: str) -> tuple[str, WIO[Any, Any, Any], Any] | None:
    """Return the name, the body and the input of the arm to take, or None."""
    for arm in branch.arms:
        found, inside = _yielded(arm.guard, value, address)
        if found:
            return arm.name, arm.body, inside
    return None if branch.default is None else ("default", branch.default, value)


def _takes(guarded: HandleError, error: object) -> bool:
    return guarded.on is None or isinstance(error, guarded.on)


def _yielded(condition: Function, value: Any, address: str) -> tuple[bool, Any]:
    """Return whether a condition holds, and the value to go on with."""
    answer: object = call(condition, address, value)
    if answer is True:
        return True, value
    if answer is False:
        return False, value
    if isinstance(answer, Maybe):
        found = cast("Maybe[Any]", cast(object, answer))
        return (True, found.unwrap()) if isinstance(found, Some) else (False, value)
    raise WrongReturn(name_of(condition, "A condition"), address, answer, "a bool or a Maybe")


def _result_of(checked: object, function: Function, scope: Scope) -> Result[Any, Any]:
    if isinstance(checked, Result):
        return cast("Result[Any, Any]", cast(object, checked))
    raise WrongReturn(name_of(function, "A check"), place_in(scope), checked, "a Result")


def _program(made: object, dynamic: FlatMap, scope: Scope) -> WIO[Any, Any, Any]:
    if isinstance(made, WIO):
        return cast("WIO[Any, Any, Any]", cast(object, made))
    raise WrongReturn(name_of(dynamic.continuation, "A continuation"), place_in(scope), made, "a WIO")


def call(function: Function, place: Scope | str, *arguments: Any) -> Any:
    """Return what a pure function of the user returns. Raises `UserFunctionRaised`, with the place, when it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        address = place if isinstance(place, str) else place_in(place)
        raise UserFunctionRaised(name_of(function, "A function"), address, error) from error


def place_in(scope: Scope) -> str:
    """Return the address of a scope itself, for messages."""
    return scope.prefix.rstrip("/") or "the top level"
