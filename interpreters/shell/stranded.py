"""The command `wio stranded`: which instances can nobody run? It needs no workflow."""

from __future__ import annotations

import asyncio
import shlex

from interpreters.runtime.client import Client
from interpreters.runtime.oversight import Stranded
from interpreters.shell import options
from interpreters.shell.complaints import one_line
from interpreters.shell.endings import as_json, detail_words
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, print_page, print_table, say
from journals.ports import Journal

_COLUMNS = (Column("id", "bold"), Column("workflow"), Column("status"), Column("reason"), Column("detail", cut=True))


def stranded(
    *, journal: options.JournalUrl, after: options.After = "", most: options.Most = 100, json: options.AsJson = False
) -> None:
    """Print unfinished instances that no live process can run, in the order of their ids, and why.

    A process that knows their workflow and version, and starts, goes on with them at once.
    """
    found, more = asyncio.run(_stranded(journal_at(journal), after, most))
    behind = found[-1].record.id if more else None
    if json:
        print_page([_as_json(each) for each in found], behind)
        return
    if found:
        print_table(_COLUMNS, [_row(each) for each in found])
    else:
        say("wio: no instance is stranded.")
    if behind is not None:
        say(f"wio: there are more. Go on with: --after {shlex.quote(behind)}")


async def _stranded(journal: Journal, after: str, most: int) -> tuple[tuple[Stranded, ...], bool]:
    async with Client(journal, ()) as client:
        found = await client.stranded(after=after, most=most + 1)
        return found[:most], len(found) > most


def _row(each: Stranded) -> tuple[str, ...]:
    record = each.record
    kind = f"{record.workflow} v{record.version}"
    return record.id, kind, record.status.value, each.reason, one_line(detail_words(record))


def _as_json(each: Stranded) -> dict[str, object]:
    known = as_json(each.record, None)
    del known["outcome"]
    return {**known, "reason": each.reason, "known_versions": list(each.known)}
