"""What may a node be built from? attrs validators that refuse everything else, at the definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from wio.errors import InvalidDefinition

Validator: TypeAlias = Callable[[Any, Any, Any], None]


def is_a(kind: type[Any], way_out: str) -> Validator:
    """Return a validator that takes instances of a class only; `way_out` says what to give instead."""

    def validate(_instance: Any, attribute: Any, value: Any) -> None:
        if not isinstance(value, kind):
            raise InvalidDefinition(f"{attribute.name}={value!r} is no {kind.__name__}. {way_out}")

    return validate


def is_function(_instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise InvalidDefinition(f"{attribute.name}={value!r} cannot be called. Give a function.")


def is_function_or_none(instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what cannot be called and is not None."""
    if value is not None:
        is_function(instance, attribute, value)
