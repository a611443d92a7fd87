"""Which signals have arrived that the journal does not have yet? Those whose effect runs, or that wait for their turn.

That an effect of a signal runs is in no entry. But whoever has sent it from another process has left a message, which
has no answer before its end; and its own process knows at which step it handles one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from interpreters.machine.execution import Active, Execution
from interpreters.machine.locking import is_blocked
from interpreters.machine.mailbox import takes_request, wanted_key
from interpreters.machine.places import places
from interpreters.runtime.sharing.remote import signal_key
from journals.entries import Message
from journals.sharing import Unanswered
from wio.nodes import HandleSignal


@attrs.frozen
class Arrived:
    """Is a signal that has arrived: the key that it was sent with, "" for none, and when it came, None if not known."""

    key: str = ""
    at: datetime | None = None

    def said(self, signal: str, address: str) -> str:
        """Return what has happened, as the rest of a sentence that begins with the instance."""
        key = f" (key {self.key})" if self.key else ""
        return f"has got signal {signal}{key} at {address}"


def arrived_at(execution: Execution, unanswered: Sequence[Unanswered], handling: str | None) -> Mapping[str, Arrived]:
    """Return which signals have arrived at which steps, by the addresses of these.

    `unanswered` are the messages to the instance; `handling` is where its own process handles a signal, if this is it.
    """
    waiting = sorted((place for place in places(execution) if _waits(execution, place)), key=_turn)
    recorded = _recorded(execution)
    found: dict[str, Arrived] = {}
    for each in unanswered:
        message, key = each.message, signal_key(each.message)
        if message.operation not in ("signal", "send") or f"{message.name}:{key}" in recorded:
            continue
        free = (place for place in waiting if place.address not in found)
        place = next((place for place in free if _takes(execution, place, message)), None)
        if place is not None:
            found[place.address] = Arrived(key, each.sent_at)
    if handling is not None and any(place.address == handling for place in waiting):
        found.setdefault(handling, Arrived())
    return found


def _waits(execution: Execution, place: Active) -> bool:
    is_open = isinstance(place.node, HandleSignal) and place.kept is None and place.problem is None
    return is_open and not is_blocked(execution, place)


def _turn(place: Active) -> tuple[bool, int, str]:
    """Return when a place has its turn: those that want a key come before others; see `Agenda.waiting_for`."""
    wants = isinstance(place.node, HandleSignal) and wanted_key(place, place.node) is not None
    return not wants, place.since, place.address


def _recorded(execution: Execution) -> frozenset[str]:
    """Return the keys of the signals that were kept: the journal has them."""
    standing = (place.kept for place in places(execution) if place.kept is not None)
    return frozenset(kept.key for kept in (*execution.mailbox, *standing) if kept.key is not None)


def _takes(execution: Execution, place: Active, message: Message) -> bool:
    node = place.node
    if not isinstance(node, HandleSignal) or node.signal.name != message.name or message.payload is None:
        return False
    if node.match is None:
        return True
    try:
        request = execution.codec.decode(message.payload, node.signal.request)
        return takes_request(place, node, request)
    # Code of the user runs in there. What it raises is for whoever has sent the signal.
    except Exception:
        return False
