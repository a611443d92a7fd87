"""How is a signal kept that comes early, and taken by a step that waits for it?"""

from __future__ import annotations

from typing import cast

from msgspec.structs import replace

from interpreters.machine.advance import advance
from interpreters.machine.entries.moves import decoded_own, mismatch
from interpreters.machine.execution import Active, Execution, Kept
from interpreters.machine.locking import gate, is_blocked
from interpreters.machine.mailbox import give_back, without
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.places import passes_over
from interpreters.machine.recorded import Taken
from interpreters.machine.words import expectation
from journals.entries import Entry, Payload
from wio.nodes import HandleSignal

MAILBOX = "mailbox:"
"""Starts the address of a signal that was kept; the signal's name follows."""


def keep_signal(execution: Execution, entry: Entry, observe: Observer | None) -> Execution:
    """Keep a signal that came early. A place that waits for it takes it with an entry of its own."""
    to_mailbox = entry.address.startswith(MAILBOX) and entry.payload is not None
    ended = execution.outcome is not None
    if ended or not to_mailbox or not _is_known(execution, entry.address.removeprefix(MAILBOX)):
        raise mismatch(execution, entry, expectation(execution))
    moving = Moving(execution, None, observe)
    give_back(moving, kept_of(entry))
    advance(moving)
    return moving.moved()


def _is_known(execution: Execution, signal: str) -> bool:
    """Tell whether a signal may have been kept: for a step that there is, or that an older version had."""
    facts = execution.facts
    return facts.may_take(signal) or facts.takes_old or passes_over(execution)


def take_kept(execution: Execution, active: Active, node: HandleSignal, entry: Entry) -> Execution:
    """Let a place handle a signal that was kept: from then on it has its locks, as one has whose effect starts."""
    seq = decoded_own(execution, entry, Taken).seq
    kept = next((each for each in execution.mailbox if each.seq == seq and each.signal == node.signal.name), None)
    if kept is None or active.kept is not None or is_blocked(execution, active):
        raise mismatch(execution, entry, expectation(execution))
    moving = Moving(execution, active)
    moving.mailbox = without(moving.mailbox, seq)
    moving.put(gate(moving, replace(active, kept=kept)))
    return moving.moved()


def kept_of(entry: Entry) -> Kept:
    """Return the signal that an entry has kept."""
    return Kept(entry.seq, entry.address.removeprefix(MAILBOX), cast(Payload, entry.payload), entry.key)
