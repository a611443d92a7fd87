"""The commands `wio signal` and `wio query`: what does an instance answer?"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from datetime import timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from interpreters.errors import InstancePaused
from interpreters.runtime.runtime import Runtime
from interpreters.shell import options
from interpreters.shell.companions import with_companions
from interpreters.shell.complaints import resume_told
from interpreters.shell.endings import as_json, in_words
from interpreters.shell.exit_codes import WAITING
from interpreters.shell.going_on import say_kin, standing_of
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.json_input import read_json
from interpreters.shell.output import only_json, plain, print_json, say
from interpreters.shell.settling import GRACE, awake, settle, stopping_said, warnings_shown
from interpreters.shell.targets import Target, load
from journals.ports import Journal
from wio.signals import Query, Signal

_LOOK_SECONDS = 0.02


def signal(
    workflow: options.WorkflowName,
    /,
    *,
    id: options.InstanceId,
    signal: Annotated[str, Parameter(help="The name of the signal.")],
    request: options.JsonSource,
    key: Annotated[
        str | None, Parameter(help="An idempotency key: a repeat with it gets the first response again.")
    ] = None,
    journal: options.JournalUrl,
    wait: options.Patience = options.PATIENCE,
    json: options.AsJson = False,
) -> int:
    """Send a signal to an instance and print the response as JSON, with --json also what became of the instance.

    The instance then goes on until it ends or only waits; where it stands is said on standard error. A signal that
    is kept until a step takes it prints null and gives exit code 4; send it again with its key for the response.
    Without --key it gets one of its own, which is said then; sent again without it, it is another signal.

    Where another process runs the instance, that process handles the signal.
    """
    target = load(workflow)
    sent = target.signal(signal)
    value = read_json(request, sent.request, "--request")
    given = key or uuid.uuid4().hex
    with warnings_shown(), only_json(), resume_told(workflow):
        sending = _send(target, id, journal_at(journal), sent, value, given, wait, quietly=json)
        answered, response, instance = asyncio.run(sending)
    answer = plain(response)
    print_json({"answered": answered, "response": answer, "key": given, "instance": instance} if json else answer)
    return 0 if answered else WAITING


async def _send(
    target: Target,
    id: str,
    journal: Journal,
    signal: Signal[Any, Any],
    request: object,
    key: str,
    patience: timedelta,
    *,
    quietly: bool,
) -> tuple[bool, object, dict[str, object]]:
    """Return whether there is a response, the response, and where the instance stands, which is said unless `quietly`.

    What was broken off before is gone on with first.
    """
    async with awake(), Runtime(journal, with_companions(target), recover=False, grace=GRACE) as runtime:
        instance = await runtime.instance(target.workflow, id)
        async with stopping_said(runtime, journal, id):
            await settle(runtime, instance, patience)
            delivery = asyncio.ensure_future(instance.signal(signal, request, key=key))
            try:
                recorded_as = f"{signal.name}:{key}"
                await _taken(delivery, runtime, id, recorded_as)
                if delivery.done():
                    delivery.result()
                await settle(runtime, instance, patience)
                await _taken(delivery, runtime, id, recorded_as)
            except BaseException:
                delivery.cancel()
                raise
        answered = delivery.done()
        response = delivery.result() if answered else None
        delivery.cancel()
        standing = await standing_of(runtime, target, id)
    if not quietly:
        say(in_words(standing.record, standing.outcome))
        say_kin(standing)
    if not (answered or quietly):
        say(f"wio: the signal is kept until a step takes it. Sent again with key {key!r} it gets that step's response.")
    return answered, response, as_json(standing.record, standing.outcome)


async def _taken(delivery: asyncio.Future[Any], runtime: Runtime, id: str, recorded_as: str) -> None:
    """Return when a signal has been answered or refused, or when nothing is done about it any more: it is kept.

    An answer takes some turns of the event loop to its sender, so that the runtime is looked at twice. A process that
    owns the instance may take its time before it records the signal; when it is gone, this one takes the instance over.
    """
    idle_looks = 0
    while not delivery.done() and idle_looks < 2:
        await asyncio.wait([delivery], timeout=_LOOK_SECONDS)
        is_kept = await runtime.journal.find_key(id, recorded_as) is not None
        idle_looks = idle_looks + 1 if is_kept and runtime.is_idle else 0
        if not is_kept and await runtime.journal.owner(id) is None:
            with contextlib.suppress(InstancePaused):
                await runtime.pending(id)


def query(
    workflow: options.WorkflowName,
    /,
    *,
    id: options.InstanceId,
    query: Annotated[str, Parameter(help="The name of the query.")],
    journal: options.JournalUrl,
    json: options.AsJson = False,
) -> int:
    """Ask an instance and print the answer as JSON, with --json beside what was asked.

    Nothing is changed, and nothing goes on.
    """
    target = load(workflow)
    question = target.query(query)
    with warnings_shown(), only_json(), resume_told(workflow):
        answer = asyncio.run(answer_of(target, id, journal_at(journal), question))
    print_json({"id": id, "query": query, "answer": plain(answer)} if json else plain(answer))
    return 0


async def answer_of(target: Target, id: str, journal: Journal, question: Query[Any]) -> object:
    """Return the answer of an instance, with which nothing else is done."""
    async with Runtime(journal, target.versions(), recover=False) as runtime:
        instance = await runtime.instance(target.workflow, id)
        return await instance.query(question)
