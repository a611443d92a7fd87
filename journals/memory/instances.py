"""What is an instance in memory, and which of many are asked for? Values, and functions of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

import attrs
from msgspec.structs import replace

from journals.entries import UNFINISHED, Commit, Entry, InstanceRecord
from journals.labels import LabelRow, Labels, label_rows, labels_of
from journals.memory.deaths import Deaths
from journals.scrubbing import Scrubbed
from journals.search import Cursor, Order, Search, by_start


@attrs.define
class Stored:
    """Is one instance. `tokens` has the token of each commit under the number of the entry before it.

    `wake_up` is when it can be claimed, as long as nobody owns it.
    """

    started: Commit
    latest: Commit
    owner: int | None = None
    wake_up: datetime | None = None
    deaths: Deaths = attrs.field(factory=Deaths)
    entries: list[Entry] = attrs.field(factory=list[Entry])
    tokens: dict[int, str] = attrs.field(factory=dict[int, str])
    keys: dict[str, Entry] = attrs.field(factory=dict[str, Entry])
    label_rows: dict[str, LabelRow] = attrs.field(factory=dict[str, LabelRow])

    @property
    def has_ended(self) -> bool:
        """Tell whether nobody has to do anything for it any more."""
        return self.latest.status not in UNFINISHED

    @property
    def kind(self) -> tuple[str, int]:
        """Is the name and the version of its workflow."""
        return (self.latest.workflow, self.latest.version)

    def append(self, commit: Commit) -> None:
        """Adopt a commit that fits."""
        self.latest = commit
        self.wake_up = commit.wake_up
        self.owner = None if self.has_ended else commit.owner
        if commit.entries:
            self.entries.extend(commit.entries)
            self.tokens[commit.expected] = commit.token
            self.keys.update({entry.key: entry for entry in commit.entries if entry.key is not None})
        self.label_rows.update({row[0]: row for row in label_rows(commit)})

    def labels(self) -> Labels:
        """Return its tags and attributes."""
        return labels_of(self.label_rows.values())

    def leave(self, scrubbed: Sequence[Scrubbed]) -> None:
        """Leave of some entries what is given, and nothing of keys and labels."""
        for left in scrubbed:
            if 0 < left.seq <= len(self.entries):
                entry = self.entries[left.seq - 1]
                self.entries[left.seq - 1] = replace(entry, payload=left.payload, response=left.response, key=None)
        self.keys = {entry.key: entry for entry in self.entries if entry.key is not None}
        self.label_rows.clear()
        self.started, self.latest = replace(self.started, entries=()), replace(self.latest, entries=())

    def record(self) -> InstanceRecord:
        """Return its record."""
        latest = self.latest
        return InstanceRecord(
            latest.instance_id,
            latest.workflow,
            latest.version,
            latest.status,
            len(self.entries),
            self.wake_up,
            latest.detail,
            self.started.at,
            latest.at,
        )


def found(
    instances: Mapping[str, Stored],
    ids: Sequence[str],
    search: Search,
    order: Order = Order.ID,
    after: Cursor | None = None,
) -> Iterator[InstanceRecord]:
    """Yield records of those that fit a search, behind a place; `ids` are all ids in order."""
    if order is Order.ID:
        position = 0 if after is None else bisect_right(ids, after.id)
        yield from _fitting(instances, search, islice(ids, position, None))
        return
    for record in sorted(_fitting(instances, search, ids), key=by_start, reverse=True):
        if after is None or after.started_at is None or by_start(record) < (after.started_at, after.id):
            yield record


def _fitting(instances: Mapping[str, Stored], search: Search, ids: Iterable[str]) -> Iterator[InstanceRecord]:
    for id in ids:
        instance = instances[id]
        record = instance.record()
        if search.fits(record, instance.label_rows.values()):
            yield record


def ended(
    instances: Mapping[str, Stored],
    before: datetime,
    workflows: frozenset[str] | None,
    after: InstanceRecord | None,
) -> list[str]:
    """Return the ids of those that have ended before a time, in the order of their ends, behind a record."""
    behind = None if after is None else (after.updated_at, after.id)
    ends = sorted(
        (instance.latest.at, instance_id)
        for instance_id, instance in instances.items()
        if instance.has_ended
        and instance.latest.at < before
        and (workflows is None or instance.latest.workflow in workflows)
        and (behind is None or (instance.latest.at, instance_id) > behind)
    )
    return [instance_id for _, instance_id in ends]


def unfinished(instances: Iterable[Stored]) -> Counter[tuple[str, int]]:
    """Return of which workflows, in which versions, how many go on."""
    return Counter(each.kind for each in instances if not each.has_ended)


def unknown(
    instances: Mapping[str, Stored], ids: Sequence[str], known: Collection[tuple[str, int]], after: str
) -> Iterator[InstanceRecord]:
    """Yield records of those that go on and whose workflow is not known, behind an id."""
    for id in islice(ids, bisect_right(ids, after), None):
        instance = instances[id]
        if not instance.has_ended and instance.kind not in known:
            yield instance.record()
