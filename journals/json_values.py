"""Is a value read back from JSON as itself? And if not, which part of it is not?

`==` answers nearly always, at the speed of C. These functions are for the rest: they tell which part differs,
and see through what `==` cannot: classes that compare by identity or by some fields only, and times in the
hour that a clock shows twice, which Python calls unequal in different time zones.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import attrs

_SCALARS: frozenset[type[object]] = frozenset({str, int, bool, type(None)})
_TEXT: frozenset[type[object]] = frozenset({str})
_MOST_SHOWN = 200


def is_plain(value: object) -> bool:
    """Tell whether a value is null, a bool, an int, a finite float, text, or a list or dict of these.

    The keys of a dict must be text. Subclasses are not plain, for they would be read back as the class itself.
    The value must not contain itself.
    """
    parts = [value]
    for part in parts:  # which grows meanwhile
        kind = type(part)
        if kind in _SCALARS:
            continue
        if kind is dict:
            if not _TEXT.issuperset(map(type, cast(dict[object, object], part))):
                return False
            parts += cast(dict[object, object], part).values()
        elif kind is list:
            parts += cast(list[object], part)
        elif kind is not float or not math.isfinite(cast(float, part)):
            return False
    return True


def plain_fault(value: object) -> str:
    """Return what is wrong with the first part of a value that is not plain JSON."""
    for place, part in _parts(value):
        if not _is_number(part):
            return _not_a_number(place, part)
        if type(part) is dict:
            odd = [key for key in cast(dict[object, object], part) if type(key) is not str]
            if odd:
                return f"{_at(place)} has the key {_shown(odd[0])}, and keys in JSON are text"
        elif type(part) not in _SCALARS and type(part) not in (list, float):
            return f"{_at(place)} is a {type(part).__name__}, which is not plain JSON"
    return "it is not plain JSON"


def number_fault(value: object) -> str | None:
    """Return what is wrong with the first number in a value that JSON does not have, or None."""
    return next((_not_a_number(place, part) for place, part in _parts(value) if not _is_number(part)), None)


def difference(value: object, read_back: object) -> str | None:
    """Return how the first part that differs does, or None where both values are the same."""
    waiting = [("", value, read_back)]
    while waiting:
        place, before, after = waiting.pop()
        pairs = _pairs(before, after)
        if pairs is not None:
            waiting.extend((place + label, old, new) for label, old, new in reversed(pairs))
        elif not _is_number(before):
            return _not_a_number(place, before)
        elif not _is_same(before, after):
            return f"{_at(place)} is {_shown(before)} and would be read back as {_shown(after)}"
    return None


def field_names(kind: type[Any]) -> tuple[str, ...] | None:
    """Return the names of the fields of an attrs class, a dataclass or a struct; None for any other class."""
    struct_fields: tuple[str, ...] | None = getattr(kind, "__struct_fields__", None)
    if struct_fields is not None:
        return struct_fields
    if attrs.has(kind):
        return tuple(field.name for field in attrs.fields(kind))
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    return None


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """Give every part of a value with its place, outer before inner, in the order of writing."""
    waiting = [("", value)]
    while waiting:
        place, part = waiting.pop()
        yield place, part
        waiting.extend((place + label, inner) for label, inner, _ in reversed(_pairs(part, part) or []))


def _pairs(before: object, after: object) -> list[tuple[str, object, object]] | None:
    """Return the parts of two values side by side; None where they have no parts, or not the same ones."""
    names = field_names(type(before))
    if names is not None:
        if type(before) is not type(after):
            return None
        return [(f".{name}", getattr(before, name), getattr(after, name)) for name in names]
    if isinstance(before, dict) and isinstance(after, dict):
        olds, news = cast(dict[object, object], before), cast(dict[object, object], after)
        return [(f"[{key!r}]", olds[key], news[key]) for key in olds] if olds.keys() == news.keys() else None
    for kind in (list, tuple):
        if isinstance(before, kind) and isinstance(after, kind):
            items, others = cast(list[object], before), cast(list[object], after)
            if len(items) != len(others):
                return None
            return [(f"[{at}]", old, new) for at, (old, new) in enumerate(zip(items, others, strict=True))]
    return None


def _is_same(before: object, after: object) -> bool:
    if field_names(type(before)) is not None:
        return False
    if isinstance(before, datetime) and isinstance(after, datetime) and before.tzinfo and after.tzinfo:
        return before - after == timedelta(0)
    return bool(before == after)


def _is_number(part: object) -> bool:
    if isinstance(part, float):
        return math.isfinite(part)
    return not isinstance(part, Decimal) or not part.is_nan()


def _not_a_number(place: str, part: object) -> str:
    return f"{_at(place)} is {part!r}, and JSON has neither NaN nor infinity"


def _at(place: str) -> str:
    return f"the part at {place}" if place else "it"


def _shown(part: object) -> str:
    text = repr(part)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
