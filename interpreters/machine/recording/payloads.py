"""How does what is to be recorded become a payload, and what does an entry of wio's own hold? Errors name the place."""

from __future__ import annotations

import traceback
from datetime import datetime
from typing import Any

from interpreters.errors import NotActive, WrongPayload
from interpreters.machine.execution import (
    Active,
    Execution,
    GaveUp,
)
from interpreters.machine.places import place_at
from interpreters.machine.recorded import (
    Note,
    Problem,
    storable,
)
from interpreters.machine.words import expectation
from journals.codec_errors import form_name
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind, Payload
from wio.nodes import (
    Node,
)
from wio.signals import Signal

_LONGEST_TRACEBACK = 20_000

_LONGEST_MESSAGE = 10_000


def note_payload(codec: Codec, note: Note | None) -> Payload | None:
    return None if note is None else codec.encode(note, Note)


def told(error: object) -> object:
    """Return an error as people are told of it: of an instance that a step has failed, why the step was given up."""
    return error.given_up if isinstance(error, GaveUp) else error


def problem_of(error: BaseException) -> Problem:
    """Return an error as data, with a bounded message and traceback."""
    lines = "".join(traceback.format_exception(error))
    return Problem(type(error).__name__, storable(str(error))[:_LONGEST_MESSAGE], storable(lines[-_LONGEST_TRACEBACK:]))


def outcome_payload(codec: Codec, value: object) -> Payload:
    """Encode an outcome for people. It is never decoded: whoever asks for the result gets it by replay."""
    try:
        return codec.encode(value, type(value))
    except CodecError:
        return codec.encode(storable(f"{type(value).__name__}: {value!r}"), str)


def machine_entry(execution: Execution, kind: Kind, address: str, value: object, at: datetime) -> Entry:
    return Entry(execution.seq + 1, kind, address, execution.codec.encode(value, type(value)), at)


def request_payload(codec: Codec, signal: Signal[Any, Any], request: object) -> Payload:
    """Return a signal's request as a payload. Raises `WrongPayload` when it is not of the declared type."""
    return given_payload(codec, request, signal.request, f"The request of signal {signal.name!r}")


def given_payload(codec: Codec, value: object, form: object, place: str) -> Payload:
    """Encode what a caller gave. The codec's own advice is for the authors of effects, so it is left out."""
    try:
        return codec.encode(value, form)
    except CodecError as error:
        reason = f"a {type(value).__name__} where {form_name(form)} is declared: {error.reason}"
        raise WrongPayload(place, f"{reason}. Give a {form_name(form)}") from error


def made_payload(codec: Codec, value: object, form: object | None, place: str, way_out: str | None = None) -> Payload:
    """Encode what a function of the workflow made. A codec's own way out is for effects; others bring theirs."""
    try:
        return codec.encode(value, form)
    except CodecError as error:
        raise WrongPayload(place, str(error) if way_out is None else f"{error.reason}. {way_out}") from error


def active_at(execution: Execution, address: str, *kinds: type[Node]) -> Active:
    active = place_at(execution, address)
    if active is None or (kinds and not isinstance(active.node, kinds)):
        raise NotActive(expectation(execution))
    return active
