"""The commands `wio list` and `wio count`: which instances are in a journal, and how many? They need no workflow."""

from __future__ import annotations

import asyncio
import enum
import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from interpreters.shell import options
from interpreters.shell.complaints import one_line
from interpreters.shell.endings import as_json, detail_words
from interpreters.shell.finding import EVERYTHING, Filters, as_words
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, print_json, print_page, print_table, say, time_words
from journals.entries import InstanceRecord, Status
from journals.labels import Labels
from journals.ports import Journal
from journals.run_states import RunState, run_state
from journals.search import Count, Cursor, Order, Search


class CountBy(enum.Enum):
    """Says by what instances are counted."""

    STATE = "state"
    STATUS = "status"
    WORKFLOW = "workflow"


def list_instances(
    *,
    journal: options.JournalUrl,
    filters: Filters = EVERYTHING,
    newest: Annotated[bool, Parameter(negative="", help="The latest started first, not in the order of ids.")] = False,
    after: Annotated[str, Parameter(help="Go on behind this place, as the page before has said it.")] = "",
    most: Annotated[options.Most, Parameter(name=("--most", "--limit"))] = 100,
    json: options.AsJson = False,
) -> None:
    """Print the instances in a journal that fit all that is asked for, in the order of their ids."""
    order = Order.NEWEST if newest else Order.ID
    place = Cursor.read(after, order) if after else None
    search = filters.search(datetime.now(UTC))
    found, more = asyncio.run(_page(journal_at(journal), search, order, place, most))
    behind = Cursor.behind(found[-1][0]).text(order) if more else None
    if json:
        print_page([_record_as_json(record, labels) for record, labels in found], behind)
        return
    if found:
        print_table(_RECORD_COLUMNS, [_record_row(record, labels) for record, labels in found])
    else:
        say("wio: no instances.")
    if behind is not None:
        say(f"wio: there are more. Go on with: --after {shlex.quote(behind)}")


async def _page(
    journal: Journal, search: Search, order: Order, after: Cursor | None, most: int
) -> tuple[Sequence[tuple[InstanceRecord, Labels]], bool]:
    """Return at most `most` records with their labels, and whether there are more."""
    async with journal:
        found = await journal.find_all(search, order=order, after=after, most=most + 1)
        page = found[:most]
        labels = await journal.labels([record.id for record in page])
        return tuple(zip(page, labels, strict=True)), len(found) > most


def count_instances(
    *,
    journal: options.JournalUrl,
    filters: Filters = EVERYTHING,
    by: Annotated[CountBy, Parameter(help="By what they are counted.")] = CountBy.STATE,
    json: options.AsJson = False,
) -> None:
    """Print how many instances in a journal fit all that is asked for."""
    counts = asyncio.run(_counts(journal_at(journal), filters.search(datetime.now(UTC))))
    numbers: Counter[str] = Counter()
    for count in counts:
        numbers[_counted_as(count, by)] += count.instances
    found = {name: numbers[name] for name in _in_order(numbers, by)}
    if json:
        print_json(found)
    elif found:
        print_table((Column(by.value, "bold"), Column("instances")), [(name, f"{n}") for name, n in found.items()])
    else:
        say("wio: no instances.")


def _counted_as(count: Count, by: CountBy) -> str:
    match by:
        case CountBy.STATE:
            return run_state(count.status).value
        case CountBy.STATUS:
            return count.status.value
        case CountBy.WORKFLOW:
            return count.workflow


def _in_order(names: Collection[str], by: CountBy) -> list[str]:
    """Return names in the order in which runs go through them, those of workflows by the alphabet."""
    match by:
        case CountBy.STATE:
            return [state.value for state in RunState if state.value in names]
        case CountBy.STATUS:
            return [status.value for status in Status if status.value in names]
        case CountBy.WORKFLOW:
            return sorted(names)


async def _counts(journal: Journal, search: Search) -> tuple[Count, ...]:
    async with journal:
        return await journal.count(search)


_RECORD_COLUMNS = (
    Column("id", "bold"),
    Column("workflow"),
    Column("status"),
    Column("wake-up (UTC)"),
    Column("updated (UTC)"),
    Column("labels"),
    Column("detail", cut=True),
)


def _record_row(record: InstanceRecord, labels: Labels) -> tuple[str, ...]:
    attributes = (f"{name}={as_words(value)}" for name, value in labels.attributes.items())
    return (
        record.id,
        f"{record.workflow} v{record.version}",
        record.status.value,
        "" if record.goes_on_at is None else time_words(record.goes_on_at),
        time_words(record.updated_at),
        one_line(" ".join((*labels.tags, *attributes))),
        one_line(detail_words(record)),
    )


def _record_as_json(record: InstanceRecord, labels: Labels) -> dict[str, object]:
    known = as_json(record, None)
    del known["outcome"]
    values = labels.attributes.items()
    known["tags"] = list(labels.tags)
    known["attributes"] = {name: v.isoformat() if isinstance(v, datetime) else v for name, v in values}
    return known
