"""Which types may an event of this step have? The declared type, or else what the effect's annotation says.

What an effect returns may be wrapped: a coroutine, `IOResultE[B]` and `FutureResultE[B]` all yield the event `B`.
The decorators of `returns`, such as `@future_safe`, keep the annotations of the function that they wrap.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Never, NoReturn, TypeVar, Union, cast
from uuid import UUID

from returns.future import Future, FutureResult
from returns.io import IO, IOResult

from wio.errors import InvalidDefinition
from wio.nodes import Drawn, ForEach, HandleSignal, Publish, Record, RunIO

_CONTAINERS: tuple[object, ...] = (IO, IOResult, Future, FutureResult)
_SAYING_NOTHING: tuple[object, ...] = (Any, object, Never, NoReturn)
_MOST_EFFECTS = 1_024


class _Unresolved(Exception):
    """Carries an annotation that could not be resolved, and the reason."""


def event_form(node: RunIO | HandleSignal) -> object | None:
    """Return the declared type of the step's events, or None where nothing is declared.

    An effect without an annotation, or with one that says nothing (`Any`, `object`, a type variable), declares
    nothing; `NoneType` says that the event is None. Raises `InvalidDefinition` when the annotation names
    something that cannot be found.
    """
    event = cast(object, node.event)
    if event is not None:
        return None if event is object or event is Any else event
    effect = node.effect
    if type(effect) is types.FunctionType and not effect.__annotations__:
        return None
    try:
        return _yielded_by(effect)
    except _Unresolved as error:
        raise InvalidDefinition(
            f"Step {node.name!r}: the type of its event is unknown. Its effect {_called(effect)} is annotated to"
            f" return {error.args[0]!r}, which cannot be resolved: {error.args[1]}. Define that at the top of"
            " the module, or pass the class of the event to the step: event=..."
        ) from error


def element_form(node: ForEach) -> object | None:
    """Return the declared type of the elements of a for-each, or None where nothing tells it.

    Raises `InvalidDefinition` when the annotation names something that cannot be found.
    """
    if node.element is not None:
        return cast(object, node.element)
    try:
        collection: Any = _call_form(node.items)
    except _Unresolved as error:
        raise InvalidDefinition(
            f"For-each {node.name!r}: the type of its elements is unknown. {_called(node.items)} is annotated to return"
            f" {error.args[0]!r}, which cannot be resolved: {error.args[1]}. Define that at the top of the module, or"
            " pass the class of the elements: element=..."
        ) from error
    arguments = typing.get_args(collection)
    origin = typing.get_origin(collection)
    if not (isinstance(origin, type) and issubclass(origin, Iterable)) or not arguments:
        return None
    element: object = arguments[0]
    says_nothing = isinstance(element, TypeVar) or any(element is one for one in _SAYING_NOTHING)
    return None if says_nothing else element


def drawn_form(node: Record) -> type[object]:
    """Return the type of what a step records of the world outside."""
    match node.drawn:
        case Drawn.NOW:
            return datetime
        case Drawn.RANDOM:
            return float
        case Drawn.UUID:
            return UUID


def message_form(node: Publish) -> object | None:
    """Return the declared type of a message, or None where nothing tells it.

    Raises `InvalidDefinition` when the annotation names something that cannot be found.
    """
    if node.form is not None:
        return None if node.form is object or node.form is Any else cast(object, node.form)
    try:
        return _yielded_by(node.message)
    except _Unresolved as error:
        raise InvalidDefinition(
            f"Step {node.name!r}: the type of its message is unknown. {_called(node.message)} is annotated to return"
            f" {error.args[0]!r}, which cannot be resolved: {error.args[1]}. Define that at the top of the module, or"
            " pass the class of the message to the step: event=..."
        ) from error


def _yielded_by(effect: Callable[..., Any]) -> object | None:
    try:
        return _remembered(effect)
    except TypeError:  # an effect that cannot be hashed
        return _call_form(effect)


def _call_form(effect: Callable[..., Any]) -> object | None:
    """Return the type of what a function, method, partial, class or callable object yields when it is called."""
    while isinstance(effect, functools.partial):
        effect = effect.func  # pyright: ignore[reportUnknownMemberType]
    if isinstance(typing.get_origin(effect) or effect, type):
        return effect
    is_function = isinstance(effect, types.FunctionType | types.MethodType) or hasattr(effect, "__wrapped__")
    function: Any = effect if is_function else type(effect).__call__
    annotations = getattr(function, "__annotations__", {})
    return _yielded(_resolved(function, annotations["return"])) if "return" in annotations else None


_remembered = functools.lru_cache(maxsize=_MOST_EFFECTS)(_call_form)


def _resolved(function: Any, annotation: object) -> object:
    """Return the annotation as a type. Those of parameters are left alone: they may exist for checkers only."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    alone = types.SimpleNamespace(__annotations__={"return": annotation})
    names = getattr(function, "__globals__", {})
    parameters = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
    try:
        return typing.get_type_hints(alone, globalns=names, localns=parameters, include_extras=True)["return"]
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise _Unresolved(annotation, str(error)) from error


def _yielded(form: Any) -> object | None:
    """Return the type of the event in a type that an effect returns, or None where it does not tell."""
    if isinstance(form, TypeVar) or any(form is one for one in _SAYING_NOTHING):
        return None
    origin = typing.get_origin(form) or form
    arguments = typing.get_args(form)
    if origin is Union or origin is types.UnionType:
        return _one_of(form, [_yielded(argument) for argument in arguments])
    if origin is Annotated or any(origin is container for container in _CONTAINERS):
        return _yielded(arguments[0]) if arguments else None
    if isinstance(origin, type) and issubclass(origin, Awaitable):
        return _yielded(arguments[-1]) if arguments else None
    if hasattr(form, "__value__"):  # the name of a type, given by a `type` statement
        return _yielded(form.__value__)
    return cast(object, form)


def _one_of(union: object, yielded: list[object | None]) -> object | None:
    """Return the union of what its alternatives yield: itself, where none of them is wrapped."""
    if None in yielded:
        return None
    return union if tuple(yielded) == typing.get_args(union) else cast(Any, Union)[tuple(yielded)]


def _called(effect: Callable[..., Any]) -> str:
    name = getattr(effect, "__qualname__", None)
    return f"{effect.__module__}.{name}" if name else repr(effect)
