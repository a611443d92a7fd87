"""How is a drawing read by other programs? As JSON: the shapes and their fields, under the names they have here.

A shape is an object whose `shape` is the name of its class, in lower case.
"""

from __future__ import annotations

import enum
import json
from typing import cast

import attrs

from interpreters.render.drawing import Drawing


def to_json(drawing: Drawing) -> str:
    """Return the drawing as JSON text, indented, with keys in a fixed order."""
    return json.dumps(_plain(drawing), indent=2, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, enum.Enum):
        return cast(object, value.value)
    if not attrs.has(type(value)):
        return value
    kind = cast("type[attrs.AttrsInstance]", type(value))
    fields = {field.name: _plain(cast(object, getattr(value, field.name))) for field in attrs.fields(kind)}
    return {"shape": kind.__name__.lower(), **fields}
