"""The command `wio prune`: who ended long ago, and may be removed now? It needs no workflow."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import attrs
from cyclopts import Parameter, validators

from interpreters.machine.transition import JSON
from interpreters.runtime.keeping.removing import ArchiveFailing, Remover, removable
from interpreters.runtime.keeping.retention import MOST_AT_A_TIME
from interpreters.shell import options
from interpreters.shell.exit_codes import DONE, ERROR
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, print_json, print_table, say, time_words
from interpreters.shell.settling import warnings_shown
from journals.archives import Archive, FolderArchive
from journals.entries import InstanceRecord
from journals.ports import Journal

_SHORTEST_PAUSE_SECONDS = 0.05


@attrs.define
class _Count:
    """Counts the instances of a workflow that ended in the same way, and says when the first and the last one did."""

    instances: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, record: InstanceRecord) -> None:
        self.instances += 1
        ended_at = record.updated_at
        self.first = ended_at if self.first is None else min(self.first, ended_at)
        self.last = ended_at if self.last is None else max(self.last, ended_at)


def prune(
    *,
    journal: options.JournalUrl,
    before: Annotated[timedelta, Parameter(help="Remove those that ended longer ago than that: 30d, 12h.")],
    workflow: Annotated[tuple[str, ...], Parameter(help="Only of the workflow with this name; may be repeated.")] = (),
    archive: Annotated[Path | None, Parameter(help="A folder that gets each instance, as a file, before that.")] = None,
    dry_run: Annotated[
        bool, Parameter(name="--dry-run", negative="", help="Remove nothing; say what would be removed.")
    ] = False,
    batch: Annotated[
        int, Parameter(validator=validators.Number(gte=1), help="How many are removed at a time.")
    ] = MOST_AT_A_TIME,
    json: options.AsJson = False,
) -> int:
    """Remove instances that ended long ago, in small batches, and print how many of which workflow.

    Left is who is still needed: a child whose parent has not ended, and who was asked something within the last hour.
    A runtime does the same by itself, for its own workflows; see --keep of wio worker.
    """
    folder = None if archive is None else FolderArchive(archive)
    with warnings_shown():
        counts, is_whole = asyncio.run(
            _prune(journal_at(journal), before, frozenset(workflow) or None, folder, dry_run, batch)
        )
    if json:
        print_json({"dry_run": dry_run, "removed": [_as_json(key, count) for key, count in sorted(counts.items())]})
    elif counts:
        print_table(_COLUMNS, [_row(key, count) for key, count in sorted(counts.items())])
    number = sum(count.instances for count in counts.values())
    say(f"wio: {'would be removed' if dry_run else 'removed'}: {number}.")
    return DONE if is_whole else ERROR


async def _prune(
    journal: Journal,
    before: timedelta,
    workflows: frozenset[str] | None,
    archive: Archive | None,
    dry_run: bool,
    batch: int,
) -> tuple[dict[tuple[str, str], _Count], bool]:
    """Return what was removed, and whether all was that could be."""
    counts: dict[tuple[str, str], _Count] = {}
    remover = Remover(journal, archive)
    async with journal:
        time_before = await _now(journal) - before
        async with contextlib.aclosing(
            removable(journal, JSON, time_before, workflows=workflows, batch=batch)
        ) as pages:
            async for page in pages:
                if dry_run:
                    _count(counts, page)
                    continue
                by_id = {record.id: record for record in page}
                try:
                    async for gone in _removed(remover, page):
                        _count(counts, (by_id[each] for each in gone))
                except ArchiveFailing:
                    return counts, False
    return counts, not remover.failures


async def _removed(remover: Remover, page: Sequence[InstanceRecord]) -> AsyncGenerator[Sequence[str]]:
    """Remove a page, and leave at least half of the time to the steps of others."""
    began = time.perf_counter()
    async for _, gone in remover.remove(page):
        yield gone
        await asyncio.sleep(max(_SHORTEST_PAUSE_SECONDS, time.perf_counter() - began))
        began = time.perf_counter()


async def _now(journal: Journal) -> datetime:
    """Return the time by the store's clock."""
    listener = await journal.listen(lambda _: None)
    try:
        return listener.now()
    finally:
        await listener.close()


def _count(counts: dict[tuple[str, str], _Count], records: Iterable[InstanceRecord]) -> None:
    for record in records:
        counts.setdefault((record.workflow, record.status.value), _Count()).add(record)


_COLUMNS = (
    Column("workflow", "bold"),
    Column("status"),
    Column("instances"),
    Column("ended from (UTC)"),
    Column("to (UTC)"),
)


def _row(key: tuple[str, str], count: _Count) -> tuple[str, ...]:
    times = ("" if moment is None else time_words(moment) for moment in (count.first, count.last))
    return (*key, str(count.instances), *times)


def _as_json(key: tuple[str, str], count: _Count) -> dict[str, object]:
    first, last = (None if moment is None else moment.isoformat() for moment in (count.first, count.last))
    return {"workflow": key[0], "status": key[1], "instances": count.instances, "first": first, "last": last}
