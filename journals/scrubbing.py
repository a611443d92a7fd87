"""What is left of an instance whose data is deleted? That its entries were there, where and when; no more.

A scrubber of the user's may leave something of a payload in its place: the amount of an order, but not who has paid it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from journals.entries import Entry, Payload, Status
from journals.errors import InvalidCommit, NotOwner

Scrubber: TypeAlias = Callable[[Entry, Payload], Payload]
"""Returns what is left of a payload of an entry, or of its response. It may get what it has returned once more."""


@attrs.frozen
class Scrubbed:
    """Is what is left of the entry with this number. Its key is gone."""

    seq: int
    payload: Payload | None
    response: Payload | None


@attrs.frozen
class Scrub:
    """Is what is to be left of some entries of an instance, by the epoch of its owner, None when nobody owns it."""

    instance_id: str
    owner: int | None
    entries: tuple[Scrubbed, ...]


def without_text(_entry: Entry, payload: Payload) -> Payload:
    """Leave the name of a payload's type, and null.

    >>> from datetime import UTC, datetime
    >>> from journals.entries import Kind
    >>> paid = Payload("Paid", 1, '{"by":"Ada"}')
    >>> without_text(Entry(1, Kind.EVENT, "pay", paid, datetime.now(UTC)), paid)
    Payload(type='Paid', version=1, text='null')
    """
    return bare(payload)


def bare(payload: Payload) -> Payload:
    """Return a payload of which only the name of its type is left."""
    return Payload(payload.type, payload.version, "null")


def scrubbed(entry: Entry, scrubber: Scrubber) -> Scrubbed:
    """Return what a scrubber leaves of an entry."""
    payload, response = entry.payload, entry.response
    return Scrubbed(
        entry.seq,
        None if payload is None else scrubber(entry, payload),
        None if response is None else scrubber(entry, response),
    )


def check_scrubbable(scrub: Scrub, last_seq: int, status: Status, *, is_owner: bool) -> None:
    """Raise `NotOwner`, or `InvalidCommit` where nobody has asked for the data to be deleted."""
    if not is_owner:
        raise NotOwner(scrub.instance_id, last_seq, scrub.owner)
    if status is not Status.DATA_DELETION_REQUESTED:
        raise InvalidCommit(
            f"Instance {scrub.instance_id!r} is {status.value}: nothing of it is deleted before its record says"
            f" {Status.DATA_DELETION_REQUESTED.value}. Nothing was changed."
        )
