"""What has to be recorded before anything can happen at a place? Time and chance come in as data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast
from uuid import UUID

import attrs

from interpreters.errors import NotDue, UserFunctionRaised, WrongPayload, WrongReturn
from interpreters.machine.attributes import attributes_at
from interpreters.machine.calling import call
from interpreters.machine.checkpoints import Checkpointed, form_of, is_complete, key_of, part_of
from interpreters.machine.elements import encoded_elements
from interpreters.machine.execution import (
    Active,
    Attempts,
    Deadline,
    Execution,
    Going,
    Offer,
    Unrecorded,
)
from interpreters.machine.locking import is_blocked
from interpreters.machine.mailbox import kept_for
from interpreters.machine.recorded import (
    Onward,
    Taken,
    TimerSet,
    Topic,
)
from interpreters.machine.recording.children import child_started_entry
from interpreters.machine.recording.commands import pause_entry
from interpreters.machine.recording.payloads import active_at, machine_entry, made_payload
from interpreters.machine.recording.tasks import offered_entry
from interpreters.machine.trail import last_beside
from interpreters.machine.trying import later
from journals.entries import Entry, Kind
from wio.forms import drawn_form, message_form
from wio.names import name_of
from wio.nodes import (
    Checkpoint,
    Drawn,
    ForEach,
    HandleSignal,
    Loop,
    Machine,
    OfferTask,
    Publish,
    Record,
    RunChild,
    SetAttributes,
    Timing,
    Wait,
)

Chance: TypeAlias = Callable[[], float]
"""Draws a random number in [0, 1): chance comes into the machine as data, like time."""

_CHECKPOINT = "Declare the type of what flows there: checkpoint(..., result=...), loop(..., checkpoint=...)."


def fired_entry(execution: Execution, address: str, at: datetime) -> Entry:
    """Return the entry of the end of a wait. Raises `NotDue` before its deadline."""
    active = active_at(execution, address, Wait)
    due = cast(Deadline, active.standing).due
    if due is None or at < due:
        raise NotDue(active.address, due)
    return Entry(execution.seq + 1, Kind.TIMER_FIRED, address, None, at)


def following_entry(execution: Execution, prefix: str, at: datetime, chance: Chance) -> Entry | None:
    """Return what a thread needs to have recorded before anything can happen there; None if nothing.

    It is a kept signal that it takes, a deadline, elements, an offer, a child, a checkpoint, a message, a time or a
    number. Where the user's function for it raises, or what that returns cannot be kept, it is the entry that pauses
    the place.
    """
    active = execution.threads.find(prefix)
    if not isinstance(active, Active) or active.problem is not None or active.gated:
        return None
    try:
        return _needed(execution, active, at, chance)
    except (UserFunctionRaised, WrongPayload) as error:
        return pause_entry(execution, active.address, error, at)


def _needed(execution: Execution, active: Active, at: datetime, chance: Chance) -> Entry | None:
    """Return what a place needs to have recorded before anything can happen there, or None."""
    node, standing = active.node, active.standing
    match standing:
        case Attempts():  # the commonest by far
            return _taken_entry(execution, active, node, at) if isinstance(node, HandleSignal) else None
        case Deadline(None) if isinstance(node, Wait):
            due = TimerSet(_deadline(node, active, at))
            return machine_entry(execution, Kind.TIMER_SET, active.address, due, at)
        case Offer(None) if isinstance(node, OfferTask):
            return offered_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, RunChild):
            return child_started_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, ForEach):
            elements = encoded_elements(execution, active, node)
            return Entry(execution.seq + 1, Kind.ELEMENTS, active.address, elements, at)
        case Unrecorded() | Going() if isinstance(node, Checkpoint | Loop | Machine):
            return _checkpoint_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, Record):
            payload = execution.codec.encode(_drawn(node, at, chance), drawn_form(node))
            return Entry(execution.seq + 1, Kind.EVENT, active.address, payload, at)
        case Unrecorded() if isinstance(node, Publish):
            return _published_entry(execution, active, node, at)
        case Unrecorded() if isinstance(node, SetAttributes):
            return machine_entry(execution, Kind.ATTRIBUTES, active.address, attributes_at(active, node), at)
        case _:
            return None


def _taken_entry(execution: Execution, active: Active, node: HandleSignal, at: datetime) -> Entry | None:
    if not execution.mailbox or active.kept is not None or is_blocked(execution, active):
        return None
    kept = kept_for(execution, active, node)
    return None if kept is None else machine_entry(execution, Kind.SIGNAL_TAKEN, active.address, Taken(kept.seq), at)


def _checkpoint_entry(execution: Execution, active: Active, node: Checkpointed, at: datetime) -> Entry:
    codec, address, part = execution.codec, active.address, part_of(active)
    payload = made_payload(codec, active.value, form_of(node), f"The checkpoint at {address!r}", _CHECKPOINT)
    onward = Onward(tuple(kept.seq for kept in execution.mailbox))
    if execution.joints:
        onward = attrs.evolve(onward, beside=last_beside(execution, part))
    if isinstance(active.standing, Going):
        onward = attrs.evolve(onward, state=active.standing.state, visits=active.standing.visits)
    response = None if onward == _NOTHING_ELSE else codec.encode(onward, Onward)
    key = key_of(part) if is_complete(execution, active) else None
    return Entry(execution.seq + 1, Kind.CHECKPOINT, address, payload, at, key, response)


_NOTHING_ELSE = Onward()


def _published_entry(execution: Execution, active: Active, node: Publish, at: datetime) -> Entry:
    codec, address = execution.codec, active.address
    message = call(node.message, address, active.value)
    payload = made_payload(codec, message, message_form(node), f"The message of step {address!r}")
    topic = codec.encode(Topic(node.topic), Topic)
    return Entry(execution.seq + 1, Kind.PUBLISHED, address, payload, at, response=topic)


def _drawn(node: Record, at: datetime, chance: Chance) -> object:
    match node.drawn:
        case Drawn.NOW:
            return at
        case Drawn.RANDOM:
            return chance()
        case Drawn.UUID:
            return UUID(bytes=bytes(int(chance() * 256) for _ in range(16)), version=4)


def _deadline(node: Wait, active: Active, at: datetime) -> datetime:
    moment = call(node.moment, active.address, active.value) if callable(node.moment) else node.moment
    if node.timing is Timing.DURATION and isinstance(moment, timedelta):
        return later(at, moment)
    if node.timing is Timing.INSTANT and isinstance(moment, datetime) and moment.tzinfo is not None:
        return _in_utc(moment)
    wanted = "a timedelta" if node.timing is Timing.DURATION else "a datetime with a time zone (.replace(tzinfo=UTC))"
    raise WrongReturn(name_of(cast(Any, node.moment), "The function"), active.address, moment, wanted)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within a day of the calendar's first or last
        return moment
