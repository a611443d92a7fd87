"""Are two executions the same? All that one holds, as plain values that compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs
from msgspec import Struct

from interpreters.machine.maps import Map
from wio import WIO


def state_of(value: object) -> object:
    """Return a value of the machine with everything in it as tuples and dicts; programs compare by themselves."""
    if isinstance(value, WIO):
        return cast(object, value)
    if isinstance(value, Struct):
        names = value.__struct_fields__
        return type(value).__name__, *(state_of(getattr(value, name)) for name in names)
    if isinstance(value, Map | Mapping):
        items: Any = cast(Any, value).items()
        return {key: state_of(held) for key, held in items}
    if isinstance(value, tuple | list):
        return tuple(state_of(each) for each in cast("tuple[object, ...]", value))
    if attrs.has(type(value)):
        fields = attrs.fields(cast(Any, type(value)))
        return type(value).__name__, *(state_of(getattr(value, field.name)) for field in fields)
    return value
