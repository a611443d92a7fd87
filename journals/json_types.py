"""Which declared types can be kept as JSON, and by which class and name is a value of one known?

A declared type is a class or a union of classes. Each alternative of a union is read by itself, chosen by the
stored name. What would come back changed whatever its value is refused here, when a type is first used.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import attrs
import msgspec
from msgspec import inspect

from journals.codec_errors import UnsupportedType, form_name

_CLASSES: dict[type[inspect.Type], type[Any]] = {
    inspect.NoneType: type(None),
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
    inspect.BytesType: bytes,
    inspect.ByteArrayType: bytearray,
    inspect.DateTimeType: datetime,
    inspect.TimeType: time,
    inspect.DateType: date,
    inspect.TimeDeltaType: timedelta,
    inspect.UUIDType: UUID,
    inspect.DecimalType: Decimal,
    inspect.ListType: list,
    inspect.SetType: set,
    inspect.FrozenSetType: frozenset,
    inspect.VarTupleType: tuple,
    inspect.TupleType: tuple,
    inspect.DictType: dict,
}


@attrs.frozen
class Alternative:
    """Is one class that a value of a declared type may have.

    `form` is the part of the declared type that says how it is read. `exact` tells that `==` compares all of
    a value: no class inside it has an `__eq__` of its own or a field that takes no part in comparisons.
    """

    kind: type[Any]
    name: str
    form: Any
    exact: bool


def alternatives(form: object) -> tuple[Alternative, ...]:
    """Return the alternatives of a declared type. Raises `UnsupportedType` when one cannot be kept."""
    return tuple(_alternative(one, form) for one in _split(form))


def _split(form: Any) -> Iterator[Any]:
    origin = typing.get_origin(form)
    arguments = typing.get_args(form)
    if origin is typing.Union or origin is types.UnionType:
        for argument in arguments:
            yield from _split(argument)
    elif origin is typing.Literal:
        by_kind: dict[type[Any], list[Any]] = {}
        for value in cast(tuple[object, ...], arguments):
            by_kind.setdefault(type(value), []).append(value)
        yield from (cast(Any, typing.Literal)[tuple(values)] for values in by_kind.values())
    elif origin is typing.Annotated and len(inner := list(_split(arguments[0]))) > 1:
        yield from inner
    elif hasattr(form, "__value__"):
        yield from _split(form.__value__)
    elif hasattr(form, "__supertype__"):
        yield from _split(form.__supertype__)
    else:
        yield form


def _alternative(form: Any, whole: object) -> Alternative:
    try:
        described = inspect.type_info(form)
    except NameError as error:
        reason = f"an annotation in it cannot be resolved ({error})"
        raise UnsupportedType(whole, reason, "Define that class at the top of its module.") from error
    # Resolving annotations runs code of the user.
    except Exception as error:
        raise UnsupportedType(whole, str(error).rstrip(".") or type(error).__name__, _OTHER_TYPE) from error
    exact = True
    for place, inner in _reachable(described, form_name(form)):
        fault = _fault(inner)
        if fault is not None:
            raise UnsupportedType(whole, f"{place} {fault[0]}", fault[1])
        exact = exact and _compares_all(inner)
    return _known_by(described, form, exact)


_STRUCT = frozenset(msgspec.Struct.__mro__)
_OTHER_TYPE = (
    "Declare an attrs class, a dataclass, a msgspec.Struct, an enum, or a type that msgspec supports;"
    " a union of classes inside another type needs msgspec.Struct classes with tags."
)


def _known_by(described: inspect.Type, form: Any, exact: bool) -> Alternative:
    match described:
        case inspect.Metadata(type=inner):
            return _known_by(inner, form, exact)
        case inspect.LiteralType(values=values):
            kind = type(values[0])
        case inspect.TypedDictType(cls=cls):
            return Alternative(dict, stored_name(_origin(cls)), form, exact)
        case (
            inspect.EnumType(cls=cls)
            | inspect.StructType(cls=cls)
            | inspect.DataclassType(cls=cls)
            | inspect.NamedTupleType(cls=cls)
        ):
            kind = _origin(cls)
        case _:
            kind = _CLASSES[type(described)]
    return Alternative(kind, stored_name(kind), form, exact)


def stored_name(kind: type[Any]) -> str:
    """Return the name under which values of a class are kept: its own, or what it says in `__stored_name__`."""
    if kind is type(None):
        return "null"
    said: object = vars(kind).get("__stored_name__")
    return said if isinstance(said, str) else kind.__name__


def _reachable(described: inspect.Type, name: str) -> Iterator[tuple[str, inspect.Type]]:
    """Give a type and all types inside it, each with its place; types may contain themselves."""
    waiting = [(name, described)]
    seen: set[int] = set()
    while waiting:
        place, here = waiting.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield place, here
            waiting.extend(reversed(list(_inside(here, place))))


def _inside(described: inspect.Type, place: str) -> Iterator[tuple[str, inspect.Type]]:
    match described:
        case inspect.Metadata(type=inner):
            yield place, inner
        case inspect.UnionType(types=inners):
            yield from ((place, inner) for inner in inners)
        case inspect.TupleType(item_types=inners):
            yield from ((f"{place}[{at}]", inner) for at, inner in enumerate(inners))
        case inspect.CollectionType(item_type=inner):
            yield f"{place}[]", inner
        case inspect.DictType(key_type=key, value_type=value):
            yield f"a key of {place}", key
            yield f"{place}[]", value
        case (
            inspect.StructType(cls=cls, fields=fields)
            | inspect.DataclassType(cls=cls, fields=fields)
            | inspect.NamedTupleType(cls=cls, fields=fields)
            | inspect.TypedDictType(cls=cls, fields=fields)
        ):
            yield from ((f"{_origin(cls).__name__}.{field.name}", field.type) for field in fields)
        case _:
            pass


def _fault(described: inspect.Type) -> tuple[str, str] | None:
    """Return why a type cannot be kept, whatever is inside it, and the way out; or None."""
    match described:
        case inspect.CustomType(cls=cls) if cls is not object:
            return f"is of the class {cls.__name__}, of which JSON knows nothing", _OTHER_TYPE
        case inspect.RawType() | inspect.ExtType() | inspect.MemoryViewType():
            return "is raw memory", "Declare bytes or a class with fields."
        case inspect.DataclassType(cls=cls):
            kind = _origin(cls)
            return _attrs_fault(kind) if attrs.has(kind) else _dataclass_fault(kind)
        case _:
            return None


def _attrs_fault(kind: type[Any]) -> tuple[str, str] | None:
    for field in attrs.fields(kind):
        if field.name.startswith("_"):
            return f"has the private field {field.name!r}, which would be left out", "Give it a public name."
        if field.converter is not None:
            return (
                f"has a converter on the field {field.name!r}, which would not be run on reading",
                "Convert before the object is made, for instance in a classmethod.",
            )
        if not field.init:
            return _not_in_init(field.name)
    return None


def _dataclass_fault(kind: type[Any]) -> tuple[str, str] | None:
    fields = dataclasses.fields(kind)
    return next((_not_in_init(field.name) for field in fields if not field.init), None)


def _not_in_init(name: str) -> tuple[str, str]:
    return f"has the field {name!r} with init=False, which __init__ cannot restore", "Make it a property."


def _compares_all(described: inspect.Type) -> bool:
    match described:
        case inspect.StructType(cls=cls):
            return not any("__eq__" in vars(base) for base in _origin(cls).__mro__ if base not in _STRUCT)
        case inspect.DataclassType(cls=cls):
            kind = _origin(cls)
            # Code that attrs or dataclasses generate has no file. An inherited __eq__ knows no new fields.
            code = getattr(vars(kind).get("__eq__"), "__code__", None)
            return code is not None and code.co_filename.startswith("<") and _all_fields_compare(kind)
        case _:
            return True


def _all_fields_compare(kind: type[Any]) -> bool:
    if attrs.has(kind):
        return all(field.eq and field.eq_key is None for field in attrs.fields(kind))
    return all(field.compare for field in dataclasses.fields(kind))


def _origin(cls: Any) -> type[Any]:
    return cast(type[Any], typing.get_origin(cls) or cls)
