"""The command `wio why`: why does an instance not go on, and which command helps?

With MODULE:NAME it tells what the workflow waits for; without, what the record and the last entries say.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from interpreters.runtime.client import Client
from interpreters.runtime.explaining.why import Action, Because, Reason, Remedy
from interpreters.shell import options
from interpreters.shell.companions import with_companions
from interpreters.shell.complaints import one_line
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import print_json, say
from interpreters.shell.settling import warnings_shown
from interpreters.shell.targets import AnyWorkflow, Target, load
from journals.entries import InstanceRecord
from journals.ports import Journal

_SOMEWHERE = "MODULE:NAME"
_NOT_ALL_TOLD = (Because.RECORDED, Because.STRANDED, Because.UNCLAIMED)
"""Are the reasons of which the workflow could tell more than the record."""


def why(
    id: Annotated[str, Parameter(help="The id of the instance.")],
    workflow: Annotated[str, Parameter(help="Where its workflow is, MODULE:NAME; without it, less can be told.")] = "",
    /,
    *,
    journal: options.JournalUrl,
    json: options.AsJson = False,
) -> None:
    """Say why an instance does not go on, since when, until when, and what can be done. Nothing is changed."""
    target = load(workflow) if workflow else None
    workflows = () if target is None else with_companions(target)
    with warnings_shown():
        record, reason = asyncio.run(_reason(journal_at(journal), workflows, id))
    name = _SOMEWHERE if target is None else target.name_of(record) or _SOMEWHERE
    if json:
        print_json(_as_json(reason, name))
        return
    print(one_line(reason.sentence))
    for action in reason.actions:
        print(f"  {_help(id, action, name)}")
    if target is not None:
        _say_if_foreign(target, record)
    elif reason.because in _NOT_ALL_TOLD:
        say(f"wio: its workflow, {record.workflow} v{record.version}, tells more: wio why {shlex.quote(id)} {name}")


async def _reason(journal: Journal, workflows: Sequence[AnyWorkflow], id: str) -> tuple[InstanceRecord, Reason]:
    async with Client(journal, workflows) as client:
        reason = await client.why(id)
        return await client.journal.find(id), reason


def _say_if_foreign(target: Target, record: InstanceRecord) -> None:
    if target.name_of(record) is None:
        say(f"wio: {record.workflow} v{record.version}, its workflow, is not in the module of {target.name}.")


def _help(id: str, action: Action, name: str) -> str:
    """Return a line that says what can be done, with the command."""
    command = command_of(id, action, name)
    match action.remedy:
        case Remedy.WAIT:
            return "nothing has to be done: it goes on by itself"
        case Remedy.MEND:
            return "first mend the code that does not fit, or put the version that fitted beside it"
        case Remedy.START_PROCESS:
            return f"start a process that knows workflow {action.about}: {command}"
        case Remedy.SEND_SIGNAL:
            return f"send signal {action.about}: {command}"
        case Remedy.CLAIM_TASK:
            return f"claim the task: {command}"
        case Remedy.COMPLETE_TASK:
            return f"answer the task: {command}"
        case Remedy.LOOK_AT_CHILD:
            return f"look at the child: {command}"
        case Remedy.ENABLE:
            return f"first enable the workflow that it is to start: {command}"
        case Remedy.RESUME:
            return f"resume it when the cause is mended: {command}"
        case Remedy.CANCEL:
            return f"or give it up: {command}"


def command_of(id: str, action: Action, name: str) -> str | None:
    """Return the command that does it; None where nothing has to be done by one."""
    of_it = f"{name} --id {shlex.quote(id)}"
    about = shlex.quote(action.about)
    match action.remedy:
        case Remedy.WAIT | Remedy.MEND:
            return None
        case Remedy.START_PROCESS:
            return f"wio worker {name}"
        case Remedy.SEND_SIGNAL:
            return f"wio signal {of_it} --signal {about} --request JSON --key KEY"
        case Remedy.CLAIM_TASK:
            return f"wio claim {of_it} --at {about} --by WHO"
        case Remedy.COMPLETE_TASK:
            return f"wio complete {of_it} --at {about} --by WHO --output JSON"
        case Remedy.LOOK_AT_CHILD:
            return f"wio why {about}"
        case Remedy.ENABLE:
            return f"wio enable {about}" + ("" if action.version is None else f" --version {action.version}")
        case Remedy.RESUME:
            return f"wio resume {of_it}"
        case Remedy.CANCEL:
            return f"wio cancel {of_it}"


def _as_json(reason: Reason, name: str) -> dict[str, object]:
    return {
        "id": reason.instance_id,
        "because": reason.because.value,
        "sentence": reason.sentence,
        "since": None if reason.since is None else reason.since.isoformat(),
        "until": None if reason.until is None else reason.until.isoformat(),
        "address": reason.address,
        "owner": reason.owner,
        "others": list(reason.others),
        "more": reason.more,
        "actions": [
            {
                "remedy": action.remedy.value,
                "about": action.about,
                "version": action.version,
                "command": command_of(reason.instance_id, action, name),
            }
            for action in reason.actions
        ],
    }
