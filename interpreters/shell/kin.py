"""What is to be said of the children and the parent of an instance, when a command has ended?

An instance that waits for a child says nothing of what the child waits for, and a parent in another process is told of
the end of its child only when somebody goes on with it. So both are named, each with the command that helps.
"""

from __future__ import annotations

import shlex

import msgspec

from interpreters.errors import InstancePaused
from interpreters.machine.pending import ChildRunning
from interpreters.machine.recorded import Parent
from interpreters.runtime.runtime import Runtime
from interpreters.shell.complaints import one_line
from interpreters.shell.endings import in_words
from interpreters.shell.targets import Target
from journals.entries import UNFINISHED, InstanceRecord, Status
from journals.errors import UnknownInstance
from journals.ports import Journal

_MOST = 3


async def kin_words(runtime: Runtime, target: Target, record: InstanceRecord) -> tuple[str, ...]:
    """Return a sentence for each child that a waiting instance waits for, or for the parent of one that has ended."""
    if record.status is Status.WAITING:
        children = await _awaited(runtime, record.id, _MOST + 1)
        more = ("it waits for more children. See: wio list",) if len(children) > _MOST else ()
        return (*(_child_words(target, child) for child in children[:_MOST]), *more)
    if record.status not in UNFINISHED:
        parent = await _parent(runtime.journal, record.id)
        return () if parent is None or parent.status not in UNFINISHED else (_parent_words(target, parent),)
    return ()


async def _awaited(runtime: Runtime, id: str, most: int) -> list[InstanceRecord]:
    """Return at most so many children that an instance waits for, each before those that it waits for itself."""
    found: list[InstanceRecord] = []
    for child_id in await _awaited_ids(runtime, id):
        if len(found) >= most:
            break
        child = await _found(runtime.journal, child_id)
        if child is not None:
            found += [child, *await _awaited(runtime, child_id, most - len(found) - 1)]
    return found


async def _awaited_ids(runtime: Runtime, id: str) -> tuple[str, ...]:
    try:
        return tuple(each.child.id for each in await runtime.pending(id) if isinstance(each, ChildRunning))
    except InstancePaused:
        return ()


async def _parent(journal: Journal, id: str) -> InstanceRecord | None:
    (started,) = await journal.read(id, most=1)
    if started.response is None:
        return None
    return await _found(journal, msgspec.json.decode(started.response.text, type=Parent).instance)


async def _found(journal: Journal, id: str) -> InstanceRecord | None:
    try:
        return await journal.find(id)
    except UnknownInstance:
        return None


def _child_words(target: Target, child: InstanceRecord) -> str:
    name = target.name_of(child)
    shows = f"history --id {shlex.quote(child.id)}" if name is None else f"draw {name} --id {shlex.quote(child.id)}"
    stands = one_line(in_words(child, None)).removeprefix(child.id)
    return f"child {child.id}, of {child.workflow} v{child.version},{stands}. See: wio {shows}"


def _parent_words(target: Target, parent: InstanceRecord) -> str:
    name = target.name_of(parent) or "MODULE:NAME"
    command = f"wio run {name} --id {shlex.quote(parent.id)}"
    return f"parent {parent.id}, of {parent.workflow} v{parent.version}, goes on with: {command}"
