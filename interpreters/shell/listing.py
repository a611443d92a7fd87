"""The command `wio list`: which instances are in a journal? It needs no workflow."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from interpreters.shell import options
from interpreters.shell.complaints import one_line
from interpreters.shell.endings import as_json, detail_words
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, print_json, print_table, say, time_words
from journals.entries import InstanceRecord, Status
from journals.ports import Journal


def list_instances(
    *,
    journal: options.JournalUrl,
    status: Annotated[tuple[Status, ...], Parameter(help="Only instances with this status; may be repeated.")] = (),
    after: Annotated[str, Parameter(help="Only instances whose id comes after this one.")] = "",
    most: Annotated[int, Parameter(help="At most so many instances.")] = 100,
    json: options.AsJson = False,
) -> None:
    """Print the instances in a journal, in the order of their ids."""
    records, more = asyncio.run(_records(journal_at(journal), frozenset(status) or None, after, max(most, 1)))
    if json:
        print_json([_record_as_json(record) for record in records])
    elif records:
        print_table(_RECORD_COLUMNS, [_record_row(record) for record in records])
    else:
        say("wio: no instances.")
    if more:
        say(f"wio: there are more. Go on with: --after {records[-1].id}")


async def _records(
    journal: Journal, statuses: frozenset[Status] | None, after: str, most: int
) -> tuple[tuple[InstanceRecord, ...], bool]:
    """Return at most `most` records, and whether there are more."""
    async with journal:
        found = await journal.find_all(statuses=statuses, after=after, most=most + 1)
        return found[:most], len(found) > most


_RECORD_COLUMNS = (
    Column("id", "bold"),
    Column("workflow"),
    Column("status"),
    Column("wake-up (UTC)"),
    Column("updated (UTC)"),
    Column("detail", cut=True),
)


def _record_row(record: InstanceRecord) -> tuple[str, ...]:
    return (
        record.id,
        f"{record.workflow} v{record.version}",
        record.status.value,
        "" if record.goes_on_at is None else time_words(record.goes_on_at),
        time_words(record.updated_at),
        one_line(detail_words(record)),
    )


def _record_as_json(record: InstanceRecord) -> dict[str, object]:
    known = as_json(record, None)
    del known["outcome"]
    return known
