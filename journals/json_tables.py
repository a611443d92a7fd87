"""How are the values of a declared type kept as JSON? One line for each class that it allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec

from journals.codec_errors import UnsupportedType
from journals.json_types import Alternative, alternatives
from journals.upcasters import Upgrade


@attrs.frozen
class Names:
    """Is what a codec was told of stored names: those of classes, older ones, and the upgrades of each."""

    names: Mapping[type[Any], str]
    aliases: Mapping[str, type[Any]]
    upgrades: Mapping[str, tuple[Upgrade, ...]]


@attrs.frozen(eq=False)
class Line:
    """Is how values of one class are kept. `exact` tells that `==` compares all of such a value."""

    kind: type[Any]
    name: str
    version: int
    read: Callable[[str | bytes], Any]
    exact: bool
    upgrades: tuple[Upgrade, ...]


@attrs.frozen(eq=False)
class Table:
    """Is how values of one declared type, `form`, are kept; `declared` is False for plain JSON."""

    form: object | None
    declared: bool
    by_kind: Mapping[type[Any], Line]
    by_name: Mapping[str, Line]

    def nearest(self, kind: type[Any]) -> Line | None:
        """Return the line of the nearest base class; an int may stand for a float, as in annotations."""
        if not self.declared:
            return None
        if kind is int and float in self.by_kind:
            return self.by_kind[float]
        return next((self.by_kind[base] for base in kind.__mro__ if base in self.by_kind), None)


_PLAIN_JSON = dict[str, Any] | list[Any] | str | float | int | bool | None


def table_of(form: object | None, names: Names) -> Table:
    """Return the table of a declared type. Raises `UnsupportedType` when it cannot be kept, or not unambiguously."""
    declared = form is not None and form is not Any and form is not object
    by_kind: dict[type[Any], Line] = {}
    by_name: dict[str, Line] = {}
    for alternative in alternatives(form if declared else _PLAIN_JSON):
        line = _line(alternative, names)
        if line.kind in by_kind:
            raise UnsupportedType(
                form,
                f"two of its alternatives are of the class {line.kind.__name__}, and nothing tells them apart",
                "Give each a class of its own.",
            )
        if line.name in by_name:
            raise UnsupportedType(
                form, f"two of its classes are stored under the name {line.name!r}", _another_name(line.kind)
            )
        by_kind[line.kind] = by_name[line.name] = line
    _add_older_names(form, by_kind, by_name, names.aliases)
    return Table(form if declared else None, declared, by_kind, by_name)


def _line(alternative: Alternative, names: Names) -> Line:
    name = names.names.get(alternative.kind, alternative.name)
    upgrades = names.upgrades.get(name, ())
    read = msgspec.json.Decoder(alternative.form).decode
    return Line(alternative.kind, name, len(upgrades) + 1, read, alternative.exact, upgrades)


def _add_older_names(
    form: object, by_kind: Mapping[type[Any], Line], by_name: dict[str, Line], aliases: Mapping[str, type[Any]]
) -> None:
    for old_name, kind in aliases.items():
        line = by_kind.get(kind)
        if line is not None and by_name.setdefault(old_name, line) is not line:
            raise UnsupportedType(
                form,
                f"{old_name!r} is an older name of {kind.__name__}, and the name of another of its classes",
                _another_name(by_name[old_name].kind),
            )
    # A type that was int and is float now; the text of an int is also that of a float.
    if float in by_kind:
        by_name.setdefault("int", by_kind[float])


def _another_name(kind: type[Any]) -> str:
    return f"Give one of them another name: JsonCodec(names={{{kind.__name__}: ...}})."
