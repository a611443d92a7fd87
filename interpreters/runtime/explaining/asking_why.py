"""What has to be seen of an instance to tell why it does not go on? Its record, its journal, and who could run it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from interpreters.machine.dwelling import Dwelling
from interpreters.machine.execution import Execution
from interpreters.machine.pending import ChildRunning, ChildToCancel, ChildToStart, EffectToRun, SignalExpected
from interpreters.runtime.explaining.why import Reason, Seen, waits_of, why
from interpreters.runtime.explaining.why_cancelled import cancelled_by
from interpreters.runtime.journal.reading import read_execution
from interpreters.runtime.journal.storing import is_of_store
from interpreters.runtime.registry import Workflows
from interpreters.runtime.sharing.deadly import is_deadly
from journals.codecs import Codec
from journals.entries import InstanceRecord, Status
from journals.errors import UnknownInstance
from journals.ports import Journal

_PAGE = 200


async def reason_of(
    journal: Journal,
    workflows: Workflows,
    codec: Codec,
    id: str,
    now: Callable[[], datetime],
    *,
    handling: str | None = None,
) -> Reason:
    """Return why an instance does not go on. Nothing is changed, and its owner is not disturbed.

    `handling` is the step at which this process handles a signal, if it does. Raises `UnknownInstance`.
    """
    record = await journal.find(id)
    owner, members = await journal.owner(id), await journal.members()
    unanswered = await journal.unanswered(id)
    dwelling = Dwelling()
    execution, problem = await _execution(journal, workflows, codec, record, dwelling)
    seen = Seen(record, execution, owner, members, now(), problem=problem, unanswered=unanswered, handling=handling)
    seen = await _with_children(journal, await _with_entries(journal, seen, dwelling))
    disabled = await journal.disabled() if record.status is Status.PAUSED else ()
    return why(attrs.evolve(seen, cancelled=cancelled_by(seen.entries, codec), disabled=disabled))


async def _execution(
    journal: Journal, workflows: Workflows, codec: Codec, record: InstanceRecord, dwelling: Dwelling
) -> tuple[Execution | None, str]:
    """Return where an instance stands, or why that cannot be told."""
    workflow = workflows.get((record.workflow, record.version))
    if workflow is None or is_deadly(record):
        return None, ""
    try:
        execution = await read_execution(journal, record.id, workflow, codec, applying=dwelling.apply)
        waits_of(Seen(record, execution, None, (), record.updated_at))
    # Code of the user runs in there: pure functions, codecs.
    except Exception as error:
        if is_of_store(error):
            raise
        return None, f"{type(error).__name__}: {error}"
    return execution, ""


async def _with_entries(journal: Journal, seen: Seen, dwelling: Dwelling) -> Seen:
    """Add when the nearest wait has begun; where the workflow does not tell what that is, the last entries."""
    waits, execution = waits_of(seen), seen.execution
    place = waits[0].place if waits else None
    if execution is None or place is None:
        last = await journal.read(seen.record.id, after=max(0, seen.record.last_seq - _PAGE), most=_PAGE)
        return attrs.evolve(seen, entries=last)
    match waits[0].pending:
        case SignalExpected():
            seq = place.since
        case EffectToRun(not_before=None):
            seq = dwelling.runs_since(execution, place)
        case _:
            seq = dwelling.since(execution, place)
    begun = await journal.read(seen.record.id, after=max(0, seq - 1), most=1)
    return attrs.evolve(seen, begun=begun[0].recorded_at if begun else None)


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
