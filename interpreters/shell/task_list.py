"""The command `wio tasks`: what work does an instance offer?"""

from __future__ import annotations

import asyncio
import json as jsons
from typing import Any, cast

from interpreters.runtime.requests.tasking import OfferedTask
from interpreters.runtime.runtime import Runtime
from interpreters.shell import options
from interpreters.shell.complaints import resume_told
from interpreters.shell.endings import in_words
from interpreters.shell.going_on import Standing, say_kin, standing_of
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, plain, print_json, print_table, say
from interpreters.shell.settling import warnings_shown
from interpreters.shell.targets import Target, load
from journals.ports import Journal


def tasks(
    workflow: options.WorkflowName,
    /,
    *,
    id: options.InstanceId,
    journal: options.JournalUrl,
    json: options.AsJson = False,
) -> None:
    """Print the tasks of an instance that can be worked on now. Nothing is changed, and nothing goes on."""
    target = load(workflow)
    with warnings_shown(), resume_told(workflow):
        offered, standing = asyncio.run(_offered(target, id, journal_at(journal)))
    if json:
        print_json([_task_as_json(task) for task in offered])
    elif offered:
        print_table(_TASK_COLUMNS, [_task_row(task) for task in offered])
    else:
        say(f"wio: no tasks now: {in_words(standing.record, standing.outcome)}.")
        say_kin(standing)


async def _offered(target: Target, id: str, journal: Journal) -> tuple[tuple[OfferedTask[Any], ...], Standing]:
    async with Runtime(journal, target.versions(), recover=False) as runtime:
        instance = await runtime.instance(target.workflow, id)
        return await instance.tasks(), await standing_of(runtime, target, id)


_TASK_COLUMNS = (
    Column("address", "bold"),
    Column("task"),
    Column("to"),
    Column("claimed by"),
    Column("input", cut=True),
)


def _task_row(task: OfferedTask[Any]) -> tuple[str, ...]:
    return (
        task.address,
        f"{task.task.name} v{task.task.version}",
        _names(task.to),
        task.by or "",
        _compact(task.input),
    )


def _names(to: object) -> str:
    """Return to whom a task is offered: names, with commas between them; what is no name as JSON."""
    if to is None:
        return ""
    listed = cast("list[object]", to) if isinstance(to, list) else [to]
    return ", ".join(name if isinstance(name, str) else _compact(name) for name in listed)


def _compact(value: object) -> str:
    return jsons.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


def _task_as_json(task: OfferedTask[Any]) -> dict[str, object]:
    return {
        "address": task.address,
        "task": task.task.name,
        "version": task.task.version,
        "to": task.to,
        "by": task.by,
        "started": task.started,
        "input": plain(task.input),
    }
