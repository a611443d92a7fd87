"""May a state of a machine end it? Told by the constants and annotations at the end of its body.

A state is known to go on only where each way through it ends with a `Goto`, or fails. Where nothing tells, it may stop.
"""

from __future__ import annotations

import types
import typing
from typing import Any, Union

from returns.result import Result

from wio.machines import Goto
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Branch,
    Compute,
    Critical,
    Fail,
    FirstOf,
    Function,
    HandleError,
    HandleSignal,
    Hold,
    Named,
    OfferTask,
    Pure,
    Retrying,
    RunIO,
    Saga,
    TransformOutput,
    Undoable,
    node_of,
)


def may_stop(body: WIO[Any, Any, Any]) -> bool:
    """Tell whether a state with this body may end the machine: False only where it always goes on to another state.

    >>> from wio import pure
    >>> may_stop(pure(Goto("paid", 1))), may_stop(pure(1))
    (False, True)
    """
    waiting: list[WIO[Any, Any, Any]] = [body]
    seen: set[int] = set()
    while waiting:
        program = waiting.pop()
        if id(program) in seen:
            continue
        seen.add(id(program))
        ends = _ends(program)
        if ends is None:
            return True
        waiting.extend(ends)
    return False


def _ends(program: WIO[Any, Any, Any]) -> tuple[WIO[Any, Any, Any], ...] | None:
    """Return the parts with which a program ends, none where it goes on itself; None where it may stop."""
    node = node_of(program)
    match node:
        case Pure(value):
            return () if isinstance(value, Goto) else None
        case Fail():
            return ()
        case Compute(function) | TransformOutput(_, function):
            return () if _always_goes_on(function) else None
        case RunIO() | HandleSignal() | OfferTask():
            return () if node.handler is not None and _always_goes_on(node.handler) else None
        case AndThen(_, second):
            return (second,)
        case Branch(arms, default):
            return (*(arm.body for arm in arms), *(() if default is None else (default,)))
        case FirstOf(arms):
            return tuple(arm.body for arm in arms)
        case HandleError(base, handler):
            return base, handler
        case Retrying(base, _, None):
            return (base,)
        case Named(base) | Answer(_, _, base) | Critical(_, base) | Hold(_, base) | Undoable(base) | Saga(base):
            return (base,)
        case _:
            return None


def _always_goes_on(function: Function) -> bool:
    """Tell whether a function is annotated to return a `Goto`, or the `Result` of one, and nothing else."""
    # Of other objects that can be called the class is asked: what cannot be told would be shown by its own repr.
    is_plain = isinstance(function, types.FunctionType | types.MethodType)
    asked: Function = function if is_plain else type(function).__call__
    try:
        form: object = typing.get_type_hints(asked).get("return")
    except (NameError, TypeError, AttributeError, SyntaxError):
        return False  # it says nothing that can be read, so it may return anything
    return _is_goto(form)


def _is_goto(form: object) -> bool:
    kind, arguments = typing.get_origin(form) or form, typing.get_args(form)
    if kind is Union or kind is types.UnionType:
        return all(map(_is_goto, arguments))
    if kind is Result:
        return bool(arguments) and _is_goto(arguments[0])
    return kind is Goto
