"""What has to be seen of an instance to tell why it does not go on? Its record, its journal, and who could run it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from interpreters.machine.execution import Execution
from interpreters.machine.pending import ChildRunning, ChildToCancel, ChildToStart, SignalExpected
from interpreters.runtime.deadly import is_deadly
from interpreters.runtime.reading import read_execution
from interpreters.runtime.registry import Workflows
from interpreters.runtime.storing import is_of_store
from interpreters.runtime.why import Reason, Seen, began_with, since_of, waits_of, why
from journals.codecs import Codec
from journals.entries import Entry, InstanceRecord
from journals.errors import UnknownInstance
from journals.ports import Journal

_PAGE = 200
_MOST_PAGES = 50


async def reason_of(
    journal: Journal, workflows: Workflows, codec: Codec, id: str, now: Callable[[], datetime]
) -> Reason:
    """Return why an instance does not go on. Nothing is changed, and its owner is not disturbed.

    Raises `UnknownInstance`.
    """
    record = await journal.find(id)
    owner, members = await journal.owner(id), await journal.members()
    execution, problem = await _execution(journal, workflows, codec, record)
    seen = Seen(record, execution, owner, members, now(), problem=problem)
    return why(await _with_children(journal, await _with_entries(journal, seen)))


async def _execution(
    journal: Journal, workflows: Workflows, codec: Codec, record: InstanceRecord
) -> tuple[Execution | None, str]:
    """Return where an instance stands, or why that cannot be told."""
    workflow = workflows.get((record.workflow, record.version))
    if workflow is None or is_deadly(record):
        return None, ""
    try:
        execution = await read_execution(journal, record.id, workflow, codec)
        waits_of(Seen(record, execution, None, (), record.updated_at))
    # Code of the user runs in there: pure functions, codecs.
    except Exception as error:
        if is_of_store(error):
            raise
        return None, f"{type(error).__name__}: {error}"
    return execution, ""


async def _with_entries(journal: Journal, seen: Seen) -> Seen:
    """Add the last entries, back to the one with which the nearest wait has begun, unless that is far back."""
    waits = waits_of(seen)
    place = waits[0].place if waits else None
    if place is not None and isinstance(waits[0].pending, SignalExpected):
        begun = await journal.read(seen.record.id, after=max(0, place.since - 1), most=1)
        return attrs.evolve(seen, entries=begun)
    entries: tuple[Entry, ...] = ()
    before = seen.record.last_seq
    for _ in range(_MOST_PAGES):
        after = max(0, before - _PAGE)
        page = await journal.read(seen.record.id, after=after, most=before - after)
        entries, before = (*page, *entries), after
        is_found = not waits or any(began_with(waits[0], entry) for entry in page)
        if is_found or before == 0 or since_of(seen, waits[0]) is not None:
            break
    return attrs.evolve(seen, entries=entries)


async def _with_children(journal: Journal, seen: Seen) -> Seen:
    nearest = [wait.pending for wait in waits_of(seen)[:1]]
    ids = [each.child.id for each in nearest if isinstance(each, ChildToStart | ChildRunning | ChildToCancel)]
    children: dict[str, InstanceRecord] = {}
    for id in ids:
        try:
            children[id] = await journal.find(id)
        except UnknownInstance:
            continue
    return attrs.evolve(seen, children=children)
