"""Which errors does a codec raise? One class for each cause that a caller can act on."""

from __future__ import annotations

import types
import typing

from journals.entries import Payload
from wio.errors import WioError


class CodecError(WioError):
    """Is the root of the errors of every codec. `reason` is the cause alone, without the way out."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class CannotEncode(CodecError):
    """Says that a value would not be read back as itself. `value` is that value, `form` its declared type."""

    def __init__(self, value: object, form: object | None, reason: str, way_out: str) -> None:
        super().__init__(f"A {type(value).__name__} cannot be kept as {form_name(form)}: {reason}. {way_out}", reason)
        self.value = value
        self.form = form


class CannotDecode(CodecError):
    """Says that a payload is not a value of the declared type. It stays in the journal as it is."""

    def __init__(self, payload: Payload, form: object | None, reason: str, way_out: str) -> None:
        super().__init__(
            f"A payload of type {payload.type!r}, version {payload.version}, cannot be read as"
            f" {form_name(form)}: {reason}. {way_out}",
            reason,
        )
        self.payload = payload
        self.form = form


class UnsupportedType(CodecError):
    """Says that a codec cannot keep values of a declared type, whatever they are."""

    def __init__(self, form: object, reason: str, way_out: str) -> None:
        super().__init__(f"Values of the type {form_name(form)} cannot be kept: {reason}. {way_out}", reason)
        self.form = form


def form_name(form: object | None) -> str:
    """Return how a message calls a declared type.

    >>> form_name(int), form_name(int | None), form_name(None)
    ('int', 'int | None', 'plain JSON (no type is declared)')
    """
    if form is None:
        return "plain JSON (no type is declared)"
    if typing.get_origin(form) in (types.UnionType, typing.Union):
        return " | ".join(map(form_name, typing.get_args(form)))
    if form is type(None):
        return "None"
    return form.__name__ if isinstance(form, type) and typing.get_origin(form) is None else str(form)
