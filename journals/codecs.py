"""How does a value become a payload, and a payload a value? The port `Codec`, and its adapter for JSON.

A value is encoded as one of the classes of its *form*, the declared type: a class, or a union such as
`Paid | Refused`, `list[Line]` or `int | None`. The payload has the name of the class, and by this name a union is
read back. Without a form only plain JSON is kept. What a codec accepts it gives back:
`decode(encode(x, form), form) == x`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import attrs
import msgspec

from journals.codec_errors import CannotDecode, CannotEncode, CodecError, UnsupportedType
from journals.entries import Payload
from journals.json_tables import Line, Names, Table, table_of
from journals.json_types import stored_name
from journals.json_values import difference, is_plain, number_fault, plain_fault
from journals.upcasters import Upcaster, upgrades_by_name

__all__ = [
    "CannotDecode",
    "CannotEncode",
    "Codec",
    "CodecError",
    "JsonCodec",
    "UnsupportedType",
    "Upcaster",
]


class Codec(Protocol):
    """Turns values into payloads and back. `form` is the declared type; None means that none is declared.

    Both methods raise `UnsupportedType` when no value of the form can be kept. A codec that encrypts or
    compresses wraps another one and changes the text of its payloads.
    """

    def encode(self, value: object, form: object | None) -> Payload:
        """Return the payload of a value. Raises `CannotEncode` when it would not be read back as itself."""
        ...

    def decode(self, payload: Payload, form: object | None) -> object:
        """Return the value of a payload. Raises `CannotDecode` when it is none of the form."""
        ...


def _upcasters(upcasters: Iterable[Upcaster]) -> tuple[Upcaster, ...]:
    return tuple(upcasters)


def _names(names: Mapping[type[Any], str]) -> Mapping[type[Any], str]:
    return MappingProxyType(dict(names))


def _aliases(aliases: Mapping[str, type[Any]]) -> Mapping[str, type[Any]]:
    return MappingProxyType(dict(aliases))


_ENCODER = msgspec.json.Encoder()
_PLAIN = msgspec.json.Decoder()
_NOTHING: Mapping[Any, Any] = MappingProxyType({})
_MOST_TABLES = 1_024


@attrs.frozen(kw_only=True)
class JsonCodec:
    """Keeps values as JSON text: attrs classes, dataclasses, structs, enums, and what msgspec knows besides.

    A class is stored under its `__name__`, unless it has a `__stored_name__` or `names` gives another one; `aliases`
    are older names under which values of a class were stored. Names that begin with `wio.` are wio's own. Unknown
    fields in a payload are passed over; a missing one without a default is an error. Only the outermost type of a
    payload has a name and a version: when a class inside it changes, the upcaster belongs to the type around it.
    Raises `InvalidDefinition` for a gap in the upcasters.

    >>> codec = JsonCodec()
    >>> codec.encode(3, int | None)
    Payload(type='int', version=1, text='3')
    >>> print(codec.decode(Payload("null", 1, "null"), int | None))
    None
    """

    upcasters: tuple[Upcaster, ...] = attrs.field(default=(), converter=_upcasters)
    names: Mapping[type[Any], str] = attrs.field(default=_NOTHING, converter=_names, hash=False)
    aliases: Mapping[str, type[Any]] = attrs.field(default=_NOTHING, converter=_aliases, hash=False)
    _told: Names = attrs.field(init=False, eq=False, repr=False)
    _tables: dict[object, Table] = attrs.field(factory=dict[object, Table], init=False, eq=False, repr=False)
    _recent: dict[int, tuple[object, Table]] = attrs.field(
        factory=dict[int, tuple[object, Table]], init=False, eq=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        upgrades = upgrades_by_name(self.upcasters, self._stored_name)
        object.__setattr__(self, "_told", Names(self.names, self.aliases, upgrades))

    def encode(self, value: object, form: object | None) -> Payload:
        """Return the payload of a value, after a look at what would be read back.

        Raises `CannotEncode` when that is not the value itself: for NaN and infinity, a class that is not in the
        form, a subclass whose own fields would be lost, a tuple where the form does not say so. A time is kept as
        an instant with its offset from UTC; a named time zone comes back as that offset.
        """
        table = self._table(form)
        line = table.by_kind.get(type(value)) or table.nearest(type(value))
        if line is None:
            raise _not_in_form(value, table)
        try:
            text = _ENCODER.encode(value)
            fault = _fault(value, text, line, table)
        except RecursionError as error:
            reason = "it is nested too deeply, or contains itself"
            raise CannotEncode(value, form, reason, "Record a flat value.") from error
        except UnicodeEncodeError as error:
            reason = f"it contains text that is not Unicode ({error.reason})"
            raise CannotEncode(value, form, reason, "Decode that text properly, or record bytes.") from error
        # Code of the user runs in there: __eq__, __post_init__, validators.
        except Exception as error:
            reason = number_fault(value) or _sentence(error)
            raise CannotEncode(value, form, reason, _OTHER_VALUE) from error
        if fault is not None:
            raise CannotEncode(value, form, fault, _OTHER_VALUE)
        return Payload(line.name, line.version, text.decode())

    def decode(self, payload: Payload, form: object | None) -> object:
        """Return the value of a payload, brought up to date by the upcasters if it is of an older version.

        Raises `CannotDecode` when the stored name is none of the form's, when the version is newer than the
        upcasters know, or when the text does not fit the type.
        """
        table = self._table(form)
        line = table.by_name.get(payload.type)
        if line is None:
            raise _unknown_name(payload, table)
        if payload.version != line.version:
            return _read_older(payload, line, form)
        try:
            return line.read(payload.text)
        # Code of the user runs in there: __post_init__, validators.
        except Exception as error:
            reason = _sentence(error)
            raise CannotDecode(
                payload, form, reason, "Give the type its old shape again, or add an Upcaster for it."
            ) from error

    def _table(self, form: object | None) -> Table:
        """Return the table of a form, by identity: hashing a union may cost more than decoding an event.

        Equal forms share a table, for a node that is built anew in every round brings a new union each time.
        """
        recent = self._recent.get(id(form))
        if recent is not None:
            return recent[1]
        if len(self._recent) >= _MOST_TABLES:
            self._recent.clear()
            self._tables.clear()
        try:
            table = self._tables.get(form) or table_of(form, self._told)
            self._tables[form] = table
        except TypeError:  # a form that cannot be hashed, such as Annotated[int, []]
            table = table_of(form, self._told)
        self._recent[id(form)] = (form, table)
        return table

    def _stored_name(self, kind: type[Any] | str) -> str:
        if isinstance(kind, str):
            return self._stored_name(self.aliases[kind]) if kind in self.aliases else kind
        return self.names.get(kind) or stored_name(kind)


_OTHER_VALUE = "Record a value that JSON can hold, or declare its type: event=..."


def _fault(value: object, text: bytes, line: Line, table: Table) -> str | None:
    """Return why a value would not be read back as itself, or None."""
    if not table.declared:
        return None if is_plain(value) else plain_fault(value)
    read_back = line.read(text)
    return None if line.exact and read_back == value else difference(value, read_back)


def _read_older(payload: Payload, line: Line, form: object | None) -> object:
    if not 1 <= payload.version < line.version:
        raise CannotDecode(
            payload,
            form,
            f"this program knows the versions 1 to {line.version}",
            "Run the release that wrote it, or a later one, or add the missing upcasters.",
        )
    version = payload.version
    try:
        value = _PLAIN.decode(payload.text)
        while version < line.version:
            value = line.upgrades[version - 1](value)
            version += 1
        if not is_plain(value):
            raise ValueError(plain_fault(value))
        return line.read(_ENCODER.encode(value))
    # Code of the user runs in there: upgrades, __post_init__, validators.
    except Exception as error:
        reason = f"brought up to version {version}, it fails with {type(error).__name__}: {_sentence(error)}"
        raise CannotDecode(payload, form, reason, "Mend the upcaster from that version.") from error


def _not_in_form(value: object, table: Table) -> CannotEncode:
    kind = type(value).__name__
    if table.declared:
        way_out = f"Return one of them, or declare {kind} too: event=..."
        return CannotEncode(value, table.form, f"{kind} is none of its classes", way_out)
    way_out = "Annotate what the effect returns, or declare its type: event=..."
    return CannotEncode(value, None, f"{kind} is not plain JSON", way_out)


def _unknown_name(payload: Payload, table: Table) -> CannotDecode:
    return CannotDecode(
        payload,
        table.form,
        f"the names under which its classes are stored are {', '.join(sorted(table.by_name))}",
        "Declare that type too: event=...; or, if its class has another name now, give the codec the old one:"
        f" JsonCodec(aliases={{{payload.type!r}: ...}}).",
    )


def _sentence(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
