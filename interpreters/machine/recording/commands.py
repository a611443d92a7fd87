"""Which entry records what an operator, or the runtime, has decided about a place or about the whole?"""

from __future__ import annotations

from datetime import datetime

from interpreters.machine.execution import (
    Execution,
)
from interpreters.machine.recorded import (
    Note,
    Paused,
    WasParked,
    storable,
)
from interpreters.machine.recording.payloads import active_at, machine_entry, note_payload, problem_of
from journals.codecs import Codec
from journals.entries import Entry, Kind
from wio.nodes import (
    HandleSignal,
    RunIO,
)


def pause_entry(execution: Execution, address: str, error: BaseException, at: datetime) -> Entry:
    """Return the entry that pauses the instance at a place."""
    active_at(execution, address)
    return machine_entry(execution, Kind.PAUSED, address, Paused(problem_of(error)), at)


def resume_entry(execution: Execution, address: str, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry that lets a paused place go on, with a fresh retry policy; at "", the instance as a whole."""
    if address:
        active_at(execution, address)
    return Entry(execution.seq + 1, Kind.RESUMED, address, note_payload(execution.codec, note), at)


def unparked_entry(codec: Codec, seq: int, reason: str, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry, with its number, that lets an instance go on which was parked; it need not be read for that."""
    parked = codec.encode(WasParked(storable(reason)), WasParked)
    return Entry(seq, Kind.RESUMED, "", note_payload(codec, note), at, response=parked)


def retry_entry(execution: Execution, address: str, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry of the command to make the next attempt at a place now, and not when it is due."""
    active_at(execution, address, RunIO, HandleSignal)
    return Entry(execution.seq + 1, Kind.RETRIED, address, note_payload(execution.codec, note), at)


def hold_entry(execution: Execution, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry of the command to pause the instance."""
    return Entry(execution.seq + 1, Kind.PAUSED, "", note_payload(execution.codec, note), at)


def cancel_entry(execution: Execution, at: datetime, note: Note | None = None) -> Entry:
    """Return the entry of the command to cancel the instance."""
    return Entry(execution.seq + 1, Kind.CANCELLING, "", note_payload(execution.codec, note), at)
