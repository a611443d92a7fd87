"""Which types may an event of this step have? The declared type, or what the effect's annotation says.

What an effect returns may be wrapped: a coroutine, `IOResultE[B]` and `FutureResultE[B]` all yield the event `B`.
The decorators of `returns`, such as `@future_safe`, leave the annotations of the function they wrap.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Never, NoReturn, TypeVar, Union, cast

from returns.future import Future, FutureResult
from returns.io import IO, IOResult

from wio.errors import InvalidDefinition
from wio.nodes import HandleSignal, RunIO

_CONTAINERS: frozenset[object] = frozenset({IO, IOResult, Future, FutureResult})
_UNTOLD: frozenset[object] = frozenset({Any, object, Never, NoReturn, Awaitable, *_CONTAINERS})
_MOST_EFFECTS = 1_024


class _Unresolved(Exception):
    """Carries what an annotation says that could not be resolved, and why."""


def event_form(node: RunIO | HandleSignal) -> object | None:
    """Return the declared type of the step's events, or None where nothing is declared.

    An effect without an annotation, or with one that says nothing (`Any`, `object`, a type variable), declares
    nothing; that its event is None is said by `NoneType`. Raises `InvalidDefinition` when the annotation names
    something that cannot be found.
    """
    if node.event is not None:
        return _yielded(node.event)
    effect = node.effect
    if type(effect) is types.FunctionType and not effect.__annotations__:
        return None
    try:
        return _returned_by(effect)
    except _Unresolved as error:
        annotation, reason = error.args
        raise InvalidDefinition(
            f"Step {node.name!r}: the type of its event is unknown, because {annotation!r}, which its effect"
            f" {_described(effect)} is annotated to return, cannot be resolved ({reason})."
            f" Define it at the top of its module, or pass event={annotation} to the step."
        ) from error


def _returned_by(effect: Callable[..., Any]) -> object | None:
    try:
        return _remembered(effect)
    except TypeError:  # an effect that cannot be hashed
        return _form_of(effect)


def _form_of(effect: Callable[..., Any]) -> object | None:
    """Return what a function, a method, a partial, a class or a callable object yields when it is called."""
    while isinstance(effect, functools.partial):
        effect = cast("functools.partial[Any]", effect).func
    if isinstance(typing.get_origin(effect) or effect, type):
        return effect
    annotated: Any = effect if hasattr(effect, "__annotations__") else type(effect).__call__
    annotations = getattr(annotated, "__annotations__", {})
    return _yielded(_resolved(annotated, annotations["return"])) if "return" in annotations else None


_remembered = functools.lru_cache(maxsize=_MOST_EFFECTS)(_form_of)


def _resolved(annotated: Any, annotation: object) -> Any:
    """Return the annotation as a type. The parameters are left alone: their types may exist for checkers only."""
    innermost = annotated
    while hasattr(innermost, "__wrapped__"):
        innermost = innermost.__wrapped__
    alone = types.SimpleNamespace(
        __annotations__={"return": annotation}, __type_params__=getattr(innermost, "__type_params__", ())
    )
    names = getattr(innermost, "__globals__", {})
    try:
        return typing.get_type_hints(alone, globalns=names, include_extras=True)["return"]
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise _Unresolved(annotation, str(error)) from error


def _yielded(form: Any) -> object | None:
    """Return the type of the event in what an effect is annotated to return, or None where it is not told."""
    origin = typing.get_origin(form)
    arguments = typing.get_args(form)
    if isinstance(form, TypeVar) or form in _UNTOLD:
        return None
    if origin is Union or origin is types.UnionType:
        return _one_of([_yielded(argument) for argument in arguments], form)
    if origin is Annotated or origin in _CONTAINERS:
        return _yielded(arguments[0])
    if isinstance(origin, type) and issubclass(origin, Awaitable):
        return _yielded(arguments[-1])
    if hasattr(form, "__value__"):  # a `type` statement
        return _yielded(form.__value__)
    return cast(object, form)
