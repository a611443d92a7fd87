"""Which instances can be removed from a journal? Those that have ended, the earliest first; as they are found."""

from __future__ import annotations

from datetime import timedelta

import attrs

from journals.entries import Entry, InstanceRecord

PEACE = timedelta(minutes=61)
"""Is how long after its last message, or the answer to it, an instance can be removed: answers are kept for an hour."""


@attrs.frozen
class Ended:
    """Is an instance that has ended, when its record was updated last.

    `first` is its first entry, which may say whose child it is; None when that is missing. `has_news` says that it was
    sent a message, or one was answered, within the last hour, so that it cannot be removed yet.
    """

    record: InstanceRecord
    first: Entry | None
    has_news: bool
