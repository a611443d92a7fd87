"""How does an answer travel to another process? What a call returned as its payload, an error as its class and fields.

An error of another class, such as one that the effect of a signal has raised, arrives as `FailedElsewhere`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from interpreters.errors import (
    AlreadyPaused,
    CannotGoBack,
    InstanceDataDeleted,
    InstanceEnded,
    InstancePaused,
    MoveRefused,
    NothingToRetry,
    NotPaused,
    SignalRefusal,
    TaskRefusal,
    TaskRefused,
    UnexpectedSignal,
    WrongPayload,
)
from interpreters.machine.recorded import storable
from interpreters.runtime.driving.driver import NotHandled
from journals.entries import Payload
from journals.run_states import RunState
from wio.errors import WioError

_Fields: TypeAlias = dict[str, Any]

_REFUSALS: dict[type[WioError], _Fields] = {
    UnexpectedSignal: {
        "signal": str,
        "refusal": SignalRefusal,
        "expected": tuple[str, ...],
        "reason": str,
        "address": str,
        "waiting": str,
    },
    WrongPayload: {"place": str, "reason": str},
    NotHandled: {"instance_id": str},
    InstanceDataDeleted: {"instance_id": str},
    CannotGoBack: {"instance_id": str, "address": str, "reason": str},
    MoveRefused: {"instance_id": str, "before": RunState, "wanted": RunState},
    AlreadyPaused: {"instance_id": str, "held": str},
    InstanceEnded: {"instance_id": str, "before": RunState, "wanted": RunState},
    InstancePaused: {
        "instance_id": str,
        "address": str,
        "problem": str,
        "remaining": tuple[str, ...],
        "by": str,
        "since": datetime | None,
    },
    NothingToRetry: {"instance_id": str, "detail": str},
    NotPaused: {"instance_id": str, "before": RunState},
    TaskRefused: {"address": str, "refusal": TaskRefusal, "reason": str},
}
"""Are the errors that arrive as what they were: each with the arguments it is made of, which are its attributes."""

_BY_NAME = {error.__name__: error for error in _REFUSALS}


class FailedElsewhere(WioError):
    """Says that something asked of an instance has failed in the process that owns it; `error` is the error's class."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}" if error else message)
        self.error = error
        self.message = message


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is an answer in JSON. `value` is what was returned; where `error` is set, `fields` are what it is made of."""

    type: str = ""
    version: int = 0
    text: str | None = None
    error: str | None = None
    fields: msgspec.Raw = msgspec.Raw(b"{}")


def returned(value: Payload | None) -> Payload:
    """Return the answer that says what was returned."""
    answer = _Answer() if value is None else _Answer(value.type, value.version, value.text)
    return _payload(answer)


def refused(error: Exception) -> Payload:
    """Return the answer that says which error was raised."""
    fields = _REFUSALS.get(type(error)) if isinstance(error, WioError) else None
    if fields is None:
        told: dict[str, object] = {"error": type(error).__name__, "message": storable(_said(error))}
        return _payload(_Answer(error="", fields=msgspec.Raw(msgspec.json.encode(told))))
    given = {name: getattr(error, name) for name in fields}
    return _payload(_Answer(error=type(error).__name__, fields=msgspec.Raw(msgspec.json.encode(given))))


def value_of(answer: Payload) -> Payload | None:
    """Return what an answer says was returned. Raises the error that it says was raised."""
    said = msgspec.json.decode(answer.text, type=_Answer)
    if said.error is None:
        return None if said.text is None else Payload(said.type, said.version, said.text)
    error = _BY_NAME.get(said.error)
    if said.error and error is None:
        raise FailedElsewhere(said.error, "This process does not know the error. Let it run a newer release.")
    if error is None:
        told = msgspec.json.decode(said.fields, type=dict[str, str])
        raise FailedElsewhere(told["error"], told["message"])
    given = msgspec.json.decode(said.fields, type=dict[str, Any])
    raise error(**{name: msgspec.convert(given[name], form) for name, form in _REFUSALS[error].items()})


def _payload(answer: _Answer) -> Payload:
    return Payload("wio.Answer", 1, msgspec.json.encode(answer).decode())


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # __str__ is the user's
        return ""
