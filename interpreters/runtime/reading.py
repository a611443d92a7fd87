"""How does an instance come out of its journal? A recovery asks for entries, and they are read."""

from __future__ import annotations

from typing import Any

from interpreters.machine.execution import Execution
from interpreters.machine.recovery import Applying, Latest, Page, Wanted, recovery
from journals.codecs import Codec
from journals.entries import Entry
from journals.errors import CorruptEntry
from journals.ports import Journal
from wio.workflow import Workflow


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
    while True:
        entries = await _read(journal, instance_id, wanted) if known is None else _found(known, wanted)
        try:
            wanted = reading.send(entries)
        except StopIteration as end:
            execution: Execution = end.value
            return execution


async def _read(journal: Journal, instance_id: str, wanted: Wanted) -> tuple[Entry, ...]:
    match wanted:
        case Page(after, most):
            entries = await journal.read(instance_id, after=after, most=most)
            if not entries and after == 0:
                raise CorruptEntry(instance_id, 1, "it is missing")
            return entries
        case Latest(key):
            found = await journal.find_key(instance_id, key)
            return () if found is None else (found,)


def _found(known: tuple[Entry, ...], wanted: Wanted) -> tuple[Entry, ...]:
    match wanted:
        case Page(after, most):
            return known[after : after + most]
        case Latest(key):
            return next(((entry,) for entry in reversed(known) if entry.key == key), ())
