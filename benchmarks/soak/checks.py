"""Has everything in the soak become what it must? Answers are lists of what is wrong, in words."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from returns.result import Result

from benchmarks.soak.chaos import DATABASE, Happening
from benchmarks.soak.rows import Row
from benchmarks.soak.runs import Line, Run
from benchmarks.soak.visits import Asked
from interpreters.machine.transition import JSON
from interpreters.runtime.driving.agenda import Agenda
from interpreters.runtime.journal.reading import read_execution
from journals import Entry, Journal, Kind
from journals.entries import UNFINISHED
from journals.search import Cursor
from wio.workflow import Workflow

_PAGE = 1_000
_UNDO = "undo "


def wrong_outcomes(asked: Iterable[Asked], outcomes: Mapping[str, Result[object, object] | str]) -> Iterator[str]:
    """Say which instances have another outcome than they must, or none. The signals they took are part of it."""
    for each in asked:
        expected, found = each.kind.outcome(each.number), outcomes.get(each.id)
        if found != expected:
            yield f"{each.id} ended with {found}, not with {expected}"


async def wrong_journals(journal: Journal, workflows: Mapping[str, Workflow[Any, Any, Any]]) -> list[str]:
    """Say which journals have gaps, are not finished, or do not replay to what their record says."""
    wrong: list[str] = []
    after: Cursor | None = None
    while records := await journal.find_all(after=after, most=_PAGE):
        after = Cursor.behind(records[-1])
        for record in records:
            entries = await history(journal, record.id)
            if [entry.seq for entry in entries] != list(range(1, record.last_seq + 1)):
                wrong.append(f"{record.id}: its entries are not 1 to {record.last_seq}")
            if record.status in UNFINISHED:
                wrong.append(f"{record.id} is left {record.status.value}: {record.detail}")
                continue
            workflow = workflows[record.workflow]
            execution = await read_execution(journal, record.id, workflow, JSON, entries, jumps=False)
            if Agenda.of(execution)[0].status(execution) is not record.status:
                wrong.append(f"{record.id}: its journal does not replay to {record.status.value}")
    return wrong


async def history(journal: Journal, id: str) -> tuple[Entry, ...]:
    """Return all entries of an instance."""
    entries: list[Entry] = []
    while page := await journal.read(id, after=len(entries), most=_PAGE):
        entries.extend(page)
    return tuple(entries)


async def wrong_signals(journal: Journal, asked: Iterable[Asked]) -> list[str]:
    """Say which instances have not recorded each signal that was sent to them once."""
    wrong: list[str] = []
    for each in asked:
        entries = await history(journal, each.id)
        found = sorted(entry.key or "" for entry in entries if entry.kind is Kind.SIGNAL)
        sent = [f"note:note-{number}" for number in range(each.kind.notes)]
        sent += [f"ask:ask-{number}" for number in range(each.kind.asks)]
        if found != sorted(sent):
            wrong.append(f"{each.id} has handled the signals {found}, not {sorted(sent)}")
    return wrong


async def events_with_a_row(journal: Journal, asked: Iterable[Asked]) -> list[Row]:
    """Return the events of which each was committed together with a row."""
    ids = [each.id for each in asked if each.kind.writes]
    return [(id, entry.address) for id in ids for entry in await history(journal, id) if entry.kind is Kind.EVENT]


def wrong_undos(asked: Iterable[Asked], runs: Sequence[Run]) -> Iterator[str]:
    """Say which instances have not undone as much as they must."""
    undone: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        if _UNDO in run.began.address:
            undone[run.began.instance].add(run.began.key)
    for each in asked:
        expected, found = each.kind.undone(each.number), len(undone[each.id])
        if found != expected:
            yield f"{each.id} has undone {found} steps, not {expected}"


async def delivered(journal: Journal, seconds: float) -> None:
    """Wait until the outbox is empty, but not longer than that."""
    until = time.monotonic() + seconds
    while await journal.outbox(most=1) and time.monotonic() < until:
        await asyncio.sleep(0.1)


def wrong_messages(asked: Iterable[Asked], lines: Iterable[Line]) -> Iterator[str]:
    """Say which instances have not published each of their messages, in order. One may have come again."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if line.what == "published" and line.address not in found[line.instance]:
            found[line.instance].append(line.address)
    for each in asked:
        if tuple(found[each.id]) != each.kind.publishes:
            yield f"{each.id} has published {found[each.id]}, not {list(each.kind.publishes)}"


def losses(lines: Iterable[Line], happened: Iterable[Happening], lease_seconds: float) -> list[Happening]:
    """Return what may be the reason for a run to be repeated: all but freezes that are shorter than the lease.

    What a worker did not know for so long as the lease is, it may have done meanwhile; so each lasts that much longer.
    """
    lost = [Happening("lost", line.worker, line.at - lease_seconds, line.at) for line in lines if line.what == "lost"]
    found = [*lost, *(each for each in happened if each.what != "nap")]
    return [Happening(each.what, each.whom, each.began, each.ended + lease_seconds) for each in found]


def unexplained(runs: Iterable[Run], reasons: Sequence[Happening]) -> Iterator[str]:
    """Say which effects ran again although nothing had happened to them, or to who ran them.

    >>> first, again = (Run(Line("began", "w1", at, "k"), at + 1, "ended") for at in (1.0, 5.0))
    >>> list(unexplained([first, again], [Happening("kill", "w1", 1.5, 1.6)]))
    []
    >>> list(unexplained([first, again], [Happening("kill", "w2", 1.5, 1.6)]))
    ['k ran at 1.000 on w1 (attempt 0, ended) and again at 5.000 on w1 (attempt 0, ended) for no reason']
    """
    by_key: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_key[run.began.key].append(run)
    for key, of_key in by_key.items():
        for run, again in pairwise(of_key):
            if run.how != "failed" and not any(_explains(reason, run, again) for reason in reasons):
                yield f"{key} ran {_told(run)} and again {_told(again)} for no reason"


def _explains(reason: Happening, run: Run, again: Run) -> bool:
    is_theirs = reason.whom in (DATABASE, run.began.worker, again.began.worker)
    return is_theirs and reason.began <= again.began.at and reason.ended >= run.began.at


def _told(run: Run) -> str:
    return f"at {run.began.at:.3f} on {run.began.worker} (attempt {run.began.attempt}, {run.how})"
