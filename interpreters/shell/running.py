"""The commands `wio run` and `wio resume`: how does an instance go on, and what is said in the end?"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias

from interpreters.errors import InstancePaused
from interpreters.runtime.instance import Instance
from interpreters.runtime.runtime import Runtime
from interpreters.shell import options
from interpreters.shell.complaints import resume_words
from interpreters.shell.endings import EXIT_CODES, as_json, in_words, outcome_of
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.json_input import read_json
from interpreters.shell.output import only_json, print_json, say
from interpreters.shell.settling import GRACE, awake, settle, stopping_said, warnings_shown
from interpreters.shell.targets import AnyWorkflow, load
from journals.entries import InstanceRecord, Payload, Status
from journals.ports import Journal

AnyInstance: TypeAlias = Instance[Any, Any]


def run(
    workflow: options.WorkflowName,
    /,
    *,
    id: options.InstanceId,
    input: options.JsonSource,
    journal: options.JournalUrl,
    wait: options.Patience = options.PATIENCE,
    json: options.AsJson = False,
) -> int:
    """Start an instance, or go on with it, until it ends or only waits.

    Timers and delays between attempts that are shorter than --wait are waited for. Where the process was killed in a
    step, that step runs again; what is in the journal does not.
    """
    target = load(workflow)
    value = read_json(input, target.workflow.input, "--input")

    async def begin(runtime: Runtime) -> AnyInstance:
        return await runtime.start(target.workflow, id=id, input=value)

    return _gone_on(workflow, target.versions(), id, journal_at(journal, create=True), begin, wait, json)


def resume(
    workflow: options.WorkflowName,
    /,
    *,
    id: options.InstanceId,
    journal: options.JournalUrl,
    wait: options.Patience = options.PATIENCE,
    json: options.AsJson = False,
) -> int:
    """Let a paused instance go on, with a fresh retry policy, until it ends or only waits."""
    target = load(workflow)

    async def begin(runtime: Runtime) -> AnyInstance:
        instance = await runtime.instance(target.workflow, id)
        await instance.resume()
        return instance

    return _gone_on(workflow, target.versions(), id, journal_at(journal), begin, wait, json)


def _gone_on(
    target: str,
    workflows: tuple[AnyWorkflow, ...],
    id: str,
    journal: Journal,
    begin: Callable[[Runtime], Awaitable[AnyInstance]],
    patience: timedelta,
    json: bool,
) -> int:
    """Go on with an instance, print how it stands then, and return the exit code."""
    with warnings_shown(), only_json() if json else contextlib.nullcontext():
        record, outcome = asyncio.run(_go_on(workflows, id, journal, begin, patience))
    if json:
        print_json(as_json(record, outcome))
    else:
        print(in_words(record, outcome))
    if record.status is Status.PAUSED:
        say(f"wio: {resume_words(target, id, record.detail)}")
    return EXIT_CODES[record.status]


async def _go_on(
    workflows: tuple[AnyWorkflow, ...],
    id: str,
    journal: Journal,
    begin: Callable[[Runtime], Awaitable[AnyInstance]],
    patience: timedelta,
) -> tuple[InstanceRecord, Payload | None]:
    async with awake(), Runtime(journal, workflows, recover=False, grace=GRACE) as runtime:
        async with stopping_said(runtime, journal, id):
            with contextlib.suppress(InstancePaused):
                await settle(runtime, await begin(runtime), patience)
        record = await journal.find(id)
        return record, await outcome_of(journal, record)
