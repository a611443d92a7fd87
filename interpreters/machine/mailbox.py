"""Which signal is for which place? Those that came early wait in the mailbox, first in, first out."""

from __future__ import annotations

from typing import Any

from interpreters.errors import WrongPayload, WrongReturn
from interpreters.machine.calling import call
from interpreters.machine.execution import Active, Execution, Kept
from interpreters.machine.moving import Moving
from journals.codecs import Codec, CodecError
from wio.names import name_of
from wio.nodes import Function, HandleSignal
from wio.signals import Signal


def kept_for(execution: Execution, active: Active, node: HandleSignal) -> Kept | None:
    """Return the oldest kept signal that is for a place, or None."""
    ours = (kept for kept in execution.mailbox if kept.signal == node.signal.name)
    return next((kept for kept in ours if _is_for(execution.codec, active, node, kept)), None)


def without(mailbox: tuple[Kept, ...], seq: int) -> tuple[Kept, ...]:
    """Return a mailbox without the signal that was kept as entry `seq`."""
    return tuple(kept for kept in mailbox if kept.seq != seq)


def give_back(moving: Moving, kept: Kept) -> None:
    """Put a signal, whose place was withdrawn, back to where it was in the mailbox."""
    before = tuple(each for each in moving.mailbox if each.seq < kept.seq)
    moving.mailbox = (*before, kept, *moving.mailbox[len(before) :])
    moving.loose = True


def takes_request(active: Active, node: HandleSignal, request: Any) -> bool:
    """Tell whether a place takes a request: it does unless both have a key, and not the same one."""
    wanted = wanted_key(active, node)
    return wanted is None or wanted == given_key(node.signal, request, active.address)


def wanted_key(active: Active, node: HandleSignal) -> str | None:
    """Return the key that a request must have for a place, or None where every request will do."""
    if node.match is None or node.signal.correlation is None:
        return None
    return _key(node.match, active.address, call(node.match, active.address, active.value))


def given_key(signal: Signal[Any, Any], request: object, place: str) -> str | None:
    """Return the key of a request, or None when its signal has none. `place` is named when the function raises."""
    if signal.correlation is None:
        return None
    return _key(signal.correlation, place, call(signal.correlation, place, request))


def _key(function: Function, place: str, key: object) -> str:
    if key is None:
        raise WrongReturn(name_of(function, "A correlation"), place, key, "a key: a text or a number")
    return str(key)


def _is_for(codec: Codec, active: Active, node: HandleSignal, kept: Kept) -> bool:
    if node.match is None or node.signal.correlation is None:
        return True
    try:
        request = codec.decode(kept.request, node.signal.request)
    except CodecError as error:
        raise WrongPayload(f"The kept signal {kept.signal!r} for {active.address!r}", str(error)) from error
    return takes_request(active, node, request)
