"""How is a journal kept in memory? For tests, trials and workflows that need not survive the process."""

from __future__ import annotations

from bisect import bisect_right, insort
from types import TracebackType
from typing import Self

import attrs

from journals.entries import Commit, Entry, InstanceRecord, Status
from journals.errors import Conflict, JournalClosed, UnknownInstance
from journals.ports import LIMIT_BYTES
from journals.validation import validate


@attrs.define
class _Instance:
    """Is one instance. `tokens` has the token of each commit under the number of the entry before it."""

    started: Commit
    latest: Commit
    entries: list[Entry] = attrs.field(factory=list[Entry])
    tokens: dict[int, str] = attrs.field(factory=dict[int, str])
    keys: dict[str, Entry] = attrs.field(factory=dict[str, Entry])

    def append(self, commit: Commit) -> None:
        self.latest = commit
        if commit.entries:
            self.entries.extend(commit.entries)
            self.tokens[commit.expected] = commit.token
            self.keys.update({entry.key: entry for entry in commit.entries if entry.key is not None})

    def record(self) -> InstanceRecord:
        latest = self.latest
        return InstanceRecord(
            latest.instance_id,
            latest.workflow,
            latest.version,
            latest.status,
            len(self.entries),
            latest.wake_up,
            latest.detail,
            self.started.at,
            latest.at,
        )


class InMemoryJournal:
    """Is a journal in the memory of this process; it keeps the whole contract of `journals.ports.Journal`.

    What was committed stays in the object when it is closed, so that a test can restart a runtime on it.
    `limit_bytes` is the limit of one payload.
    """

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._instances: dict[str, _Instance] = {}
        self._ids: list[str] = []
        self._is_open = False

    def __repr__(self) -> str:
        return "InMemoryJournal()"

    async def open(self) -> None:
        """Let the journal be used."""
        self._is_open = True

    async def close(self) -> None:
        """Refuse further use until the journal is opened again; the data stay."""
        self._is_open = False

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def commit(self, commit: Commit) -> None:
        """Store a commit, whole, without giving way to other tasks. See `Journal.commit`."""
        if not self._is_open:
            raise JournalClosed(repr(self))
        validate(commit, self._limit_bytes)
        instance = self._instances.get(commit.instance_id)
        if instance is None:
            self._start(commit)
        elif len(instance.entries) == commit.expected:
            instance.append(commit)
        elif instance.tokens.get(commit.expected) != commit.token:
            raise Conflict(commit.instance_id, commit.expected)

    def _start(self, commit: Commit) -> None:
        if commit.expected:
            raise UnknownInstance(commit.instance_id, repr(self))
        instance = _Instance(commit, commit)
        instance.append(commit)
        self._instances[commit.instance_id] = instance
        insort(self._ids, commit.instance_id)

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """Return the entries with `seq > after`, at most `most` of them. See `Journal.read`."""
        return tuple(self._instance(instance_id).entries[after : after + most])

    async def find(self, instance_id: str) -> InstanceRecord:
        """Return the record of an instance. See `Journal.find`."""
        return self._instance(instance_id).record()

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """Return the last entry recorded under a key, or None. See `Journal.find_key`."""
        return self._instance(instance_id).keys.get(key)

    async def find_all(
        self, *, statuses: frozenset[Status] | None = None, after: str = "", most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records in the order of their ids, at most `most` of them. See `Journal.find_all`."""
        if not self._is_open:
            raise JournalClosed(repr(self))
        found: list[InstanceRecord] = []
        position = bisect_right(self._ids, after)
        while position < len(self._ids) and len(found) < most:
            instance = self._instances[self._ids[position]]
            if statuses is None or instance.latest.status in statuses:
                found.append(instance.record())
            position += 1
        return tuple(found)

    def _instance(self, instance_id: str) -> _Instance:
        if not self._is_open:
            raise JournalClosed(repr(self))
        instance = self._instances.get(instance_id)
        if instance is None:
            raise UnknownInstance(instance_id, repr(self))
        return instance
