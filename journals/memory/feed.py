"""What is in the feed of a journal in memory, and who follows it?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import attrs

from journals.changes import Change, going, is_change
from journals.entries import InstanceRecord, Status
from journals.errors import FollowedElsewhere, UnknownSubscriber
from journals.feed import Subscriber


class Feed:
    """Holds the changes of a journal in memory, as long as somebody follows them."""

    def __init__(self) -> None:
        self._changes: list[tuple[str, Change]] = []
        self._subscribers: dict[str, int] = {}
        self._followers: dict[str, str] = {}
        self._last_cursor = 0

    @property
    def is_followed(self) -> bool:
        """Tell whether there is a subscriber."""
        return bool(self._subscribers)

    def note(self, before: Status | None, record: InstanceRecord) -> bool:
        """Put a change into the feed, if it is one. Return whether."""
        if not is_change(before, record.status):
            return False
        self._add("", before, record)
        return True

    def note_removed(self, record: InstanceRecord) -> None:
        """Put into the feed that an instance is gone."""
        self._add("", record.status, record)
        subscriber, change = self._changes.pop()
        self._changes.append((subscriber, attrs.evolve(change, status=None, at=datetime.now(UTC))))

    def forget_details(self, instance_id: str) -> None:
        """Leave of the changes of an instance no details, for whomever they are."""
        self._changes = [
            (who, attrs.evolve(change, detail="") if change.id == instance_id else change)
            for who, change in self._changes
        ]

    def _add(self, subscriber: str, before: Status | None, record: InstanceRecord) -> None:
        self._last_cursor += 1
        change = Change(
            record.id,
            record.workflow,
            record.version,
            going(record.status),
            None if before is None else going(before),
            record.last_seq,
            record.detail,
            record.updated_at,
            self._last_cursor,
        )
        self._changes.append((subscriber, change))

    def subscribe(self, name: str, follower: str, records: Iterable[InstanceRecord]) -> int:
        """Return where a subscriber stands; a new one is told of these records."""
        self._followers[name] = follower
        if name not in self._subscribers:
            self._subscribers[name] = self._last_cursor
            for record in records:
                self._add(name, None, record)
        return self._subscribers[name]

    def unsubscribe(self, name: str) -> bool:
        """Forget a subscriber. Return whether there was one."""
        if self._subscribers.pop(name, None) is None:
            return False
        self._changes = [each for each in self._changes if self._subscribers and each[0] != name]
        return True

    def after(self, cursor: int, most: int, subscriber: str) -> tuple[Change, ...]:
        """Return changes for all, and for one subscriber."""
        found = (change for who, change in self._changes if who in ("", subscriber) and change.cursor > cursor)
        return tuple(found)[: max(most, 0)]

    def passed(self, name: str, follower: str, cursor: int, journal: str) -> None:
        """Let a subscriber stand at a cursor, and forget what all have passed.

        Raises `UnknownSubscriber` or `FollowedElsewhere`.
        """
        if name not in self._subscribers:
            raise UnknownSubscriber(name, journal)
        if self._followers[name] != follower:
            raise FollowedElsewhere(name, journal)
        self._subscribers[name] = max(self._subscribers[name], min(cursor, self._last_cursor))
        least = min(self._subscribers.values())
        until = {**self._subscribers, "": least}
        self._changes = [(who, change) for who, change in self._changes if change.cursor > until[who]]

    def subscribers(self) -> tuple[Subscriber, ...]:
        """Return who follows, by name."""
        return tuple(
            Subscriber(name, cursor, len(self.after(cursor, len(self._changes), name)))
            for name, cursor in sorted(self._subscribers.items())
        )
