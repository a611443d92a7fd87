"""What may a node be built from? attrs validators that refuse everything else, at the definition."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any, TypeAlias

from wio.errors import InvalidDefinition

Validator: TypeAlias = Callable[[Any, Any, Any], None]


def is_a(kind: type[Any], way_out: str) -> Validator:
    """Return a validator that takes instances of a class only; `way_out` says what to give instead."""

    def validate(_instance: Any, attribute: Any, value: Any) -> None:
        if not isinstance(value, kind):
            raise InvalidDefinition(f"{attribute.name}={value!r:.100} is no {kind.__name__}. {way_out}")

    return validate


def are(kind: type[Any], way_out: str) -> Validator:
    """Return a validator that takes tuples of instances of a class only; `way_out` says what to give instead."""

    def validate(_instance: Any, attribute: Any, values: Any) -> None:
        if not isinstance(values, tuple):
            raise InvalidDefinition(f"{attribute.name}={values!r:.100} is no tuple. {way_out}")
        for value in typing.cast("tuple[object, ...]", values):
            if not isinstance(value, kind):
                raise InvalidDefinition(f"{value!r:.100} in {attribute.name} is no {kind.__name__}. {way_out}")

    return validate


def is_function(_instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise InvalidDefinition(f"{attribute.name}={value!r:.100} cannot be called. Give a function.")


def is_function_or_none(instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what cannot be called and is not None."""
    if value is not None:
        is_function(instance, attribute, value)


def is_text(_instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what is no text."""
    if not isinstance(value, str):
        raise InvalidDefinition(f"{attribute.name}={value!r:.100} is no text. Give a text, in quotes.")


def is_type(_instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what is no type: a class, a generic alias, a union, or a name for one of these."""
    if not _names_a_type(value):
        raise InvalidDefinition(
            f"{attribute.name}={value!r:.100} is no type. Give a class, or a type such as list[int] or int | str."
        )


def is_type_or_none(instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what is no type and is not None."""
    if value is not None:
        is_type(instance, attribute, value)


def _names_a_type(value: Any) -> bool:
    if isinstance(value, type | types.UnionType | typing.NewType) or typing.get_origin(value) is not None:
        return True
    return hasattr(value, "__value__")  # the name of a type, given by a `type` statement


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number. True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_real(value: object) -> bool:
    """Tell whether a value is a number. True and False are none."""
    return is_whole(value) or isinstance(value, float)
