"""How are instances removed whose time has come? In small batches, one behind the other, each with a pause after it.

    those that ended longest ago -> without those still needed -> archive -> remove -> pause -> the next ones

Still needed is whoever may be asked for something yet: a child whose parent goes on, and who was sent a message in the
last hour. Several processes may do this: what one has locked or removed, another leaves to it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import cast

from interpreters.machine.recorded import Parent
from interpreters.runtime.journal.reading import read_all
from journals.archives import Archive
from journals.codecs import Codec, CodecError
from journals.ended import Ended
from journals.entries import InstanceRecord
from journals.errors import CorruptEntry, JournalError, UnknownInstance
from journals.ports import Journal

_LOG = logging.getLogger("wio.retention")

_MOST_ENTRIES = 5_000
"""Is about how many entries are removed in one transaction: whoever commits a step may have to wait for that."""

_MOST_FAILURES = 3
"""Is after how many failures in a row an archive is left alone for a while."""


class ArchiveFailing(Exception):
    """Says that an archive has failed several times in a row; it is the cause."""


async def removable(
    journal: Journal, codec: Codec, before: datetime, *, workflows: frozenset[str] | None, batch: int
) -> AsyncGenerator[tuple[InstanceRecord, ...]]:
    """Yield who ended before a time and is needed by nobody, those that ended first first; a page, which may be empty.

    `workflows=None` means every workflow. Raises what the journal raises.
    """
    after: InstanceRecord | None = None
    is_more = True
    while is_more:
        found = await journal.find_ended(before, workflows=workflows, after=after, most=batch)
        is_more = len(found) == batch
        if found:
            after = found[-1].record
            yield await _without_the_needed(journal, codec, found)


async def _without_the_needed(journal: Journal, codec: Codec, found: Sequence[Ended]) -> tuple[InstanceRecord, ...]:
    parents = {each.record.id: _parents(codec, each) for each in found}
    asked = {parent for of_one in parents.values() for parent in of_one or ()} - parents.keys()
    go_on = await journal.find_unfinished(sorted(asked)) if asked else frozenset[str]()
    quiet = [each.record for each in found if not each.has_news]
    return tuple(record for record in quiet if _is_over(parents[record.id], go_on))


def _parents(codec: Codec, ended: Ended) -> frozenset[str] | None:
    """Return which instance has started this one as its child, if one has; None when nobody can tell."""
    if ended.first is None:
        return None
    if ended.first.response is None:
        return frozenset()
    try:
        return frozenset({cast(Parent, codec.decode(ended.first.response, Parent)).instance})
    except CodecError:
        return None


def _is_over(parents: frozenset[str] | None, go_on: frozenset[str]) -> bool:
    return parents is not None and not parents & go_on


class Remover:
    """Archives instances, where there is an archive, and removes them. `failures` counts those that could not be."""

    def __init__(self, journal: Journal, archive: Archive | None) -> None:
        self._journal = journal
        self._archive = archive
        self.failures = 0
        self._in_a_row = 0

    async def remove(self, records: Iterable[InstanceRecord]) -> AsyncGenerator[tuple[Sequence[str], Sequence[str]]]:
        """Yield, for one batch after the other, the ids of those who were to be removed, and of those who were.

        Raises what the journal raises, and `ArchiveFailing`; one that cannot be archived stays, and is told in the log.
        """
        for portion in _portions(records):
            archived = [record for record in portion if await self._is_archived(record)]
            if archived:
                yield [record.id for record in archived], await self._journal.remove(archived)

    async def _is_archived(self, record: InstanceRecord) -> bool:
        if self._archive is None:
            return True
        try:
            entries = await read_all(self._journal, record.id)
            if len(entries) != record.last_seq:  # Somebody goes on with it.
                return False
            await self._archive.store(record, entries)
        except UnknownInstance:  # Another process has removed it.
            return False
        except CorruptEntry as error:
            self.failures += 1
            _LOG.warning("Instance %s is kept, as it cannot be archived: %s", record.id, str(error))
            return False
        except JournalError:
            raise
        # Whatever an archive raises, nothing is lost, and the next instance may be luckier.
        except Exception as error:
            self.failures += 1
            _LOG.warning("Instance %s is kept, as it cannot be archived: %s", record.id, repr(error))
            self._in_a_row += 1
            if self._in_a_row >= _MOST_FAILURES:
                raise ArchiveFailing from error
            return False
        self._in_a_row = 0
        return True


def _portions(records: Iterable[InstanceRecord]) -> Iterator[list[InstanceRecord]]:
    portion: list[InstanceRecord] = []
    entries = 0
    for record in records:
        if portion and entries + record.last_seq > _MOST_ENTRIES:
            yield portion
            portion, entries = [], 0
        portion.append(record)
        entries += record.last_seq
    if portion:
        yield portion
