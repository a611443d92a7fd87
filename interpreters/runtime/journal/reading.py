"""How does an instance come out of its journal? A recovery asks for entries, and they are read.

An instance that has ended may be removed between two questions, and its id be taken by another. So whoever asks more
than one looks in the end whether the first entry still is the same: what was read is of one instance, or is no answer.
"""

from __future__ import annotations

from typing import Any

from interpreters.machine.execution import Execution
from interpreters.machine.recovery import Applying, Latest, Page, Wanted, recovery
from journals.codecs import Codec
from journals.entries import Entry
from journals.errors import CorruptEntry, JournalError, UnknownInstance
from journals.ports import Journal
from wio.workflow import Workflow

_PAGE = 1_000


async def read_execution(
    journal: Journal,
    instance_id: str,
    workflow: Workflow[Any, Any, Any],
    codec: Codec,
    known: tuple[Entry, ...] | None = None,
    *,
    jumps: bool = True,
    applying: Applying | None = None,
) -> Execution:
    """Return where an instance stands; see `recover`. `known` are all its entries, where the caller has them.

    Raises like `apply`, and what the journal raises.
    """
    reading = recovery(workflow, codec, id=instance_id, jumps=jumps, applying=applying)
    wanted = next(reading)
    pages = _Pages(journal, instance_id)
    try:
        while True:
            entries = await pages.read(wanted) if known is None else _found(known, wanted)
            try:
                wanted = reading.send(entries)
            except StopIteration as end:
                execution: Execution = end.value
                await pages.check()
                return execution
    except JournalError:
        raise
    except Exception as error:  # Entries of two instances may well fit no workflow.
        await pages.check(error)
        raise


async def read_all(journal: Journal, instance_id: str) -> tuple[Entry, ...]:
    """Return all entries of an instance, in order. Raises what the journal raises."""
    pages = _Pages(journal, instance_id)
    entries: list[Entry] = []
    is_more = True
    while is_more:
        page = await pages.read_after(len(entries), _PAGE)
        entries.extend(page)
        is_more = len(page) == _PAGE
    await pages.check()
    return tuple(entries)


class _Pages:
    """Reads from a journal what belongs to one instance."""

    def __init__(self, journal: Journal, instance_id: str) -> None:
        self._journal = journal
        self._id = instance_id
        self._first: tuple[Entry, ...] | None = None
        self._questions = 0

    async def read(self, wanted: Wanted) -> tuple[Entry, ...]:
        """Return the entries that a recovery wants."""
        match wanted:
            case Page(after, most):
                entries = await self.read_after(after, most)
                if not entries and after == 0:
                    raise CorruptEntry(self._id, 1, "it is missing")
                return entries
            case Latest(key):
                self._questions += 1
                found = await self._journal.find_key(self._id, key)
                return () if found is None else (found,)

    async def read_after(self, after: int, most: int) -> tuple[Entry, ...]:
        """Return the entries after one, at most so many."""
        self._questions += 1
        entries = await self._journal.read(self._id, after=after, most=most)
        if after == 0:
            self._first = entries[:1]
        return entries

    async def check(self, error: Exception | None = None) -> None:
        """Raise `UnknownInstance` when what was read in several questions is not of one instance."""
        if self._questions < 2 or self._first is None:
            return
        if await self._journal.read(self._id, most=1) != self._first:
            raise UnknownInstance(self._id, repr(self._journal)) from error


def _found(known: tuple[Entry, ...], wanted: Wanted) -> tuple[Entry, ...]:
    match wanted:
        case Page(after, most):
            return known[after : after + most]
        case Latest(key):
            return next(((entry,) for entry in reversed(known) if entry.key == key), ())
