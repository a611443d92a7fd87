"""How does a command go on with an instance, and what does it say in the end?"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import attrs

from interpreters.errors import InstancePaused
from interpreters.runtime.instance import Instance
from interpreters.runtime.runtime import Runtime
from interpreters.shell.companions import with_companions
from interpreters.shell.complaints import resume_words
from interpreters.shell.endings import as_json, in_words, outcome_of
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.kin import kin_words
from interpreters.shell.options import Going
from interpreters.shell.output import only_json, print_json, say
from interpreters.shell.settling import GRACE, awake, settle, stopping_said, warnings_shown
from interpreters.shell.targets import Target
from journals.entries import InstanceRecord, Payload, Status
from journals.ports import Journal

AnyInstance: TypeAlias = Instance[Any, Any]
Beginning: TypeAlias = Callable[[Runtime], Awaitable[AnyInstance]]
"""Is what a command does with an instance before it goes on with it."""


def go_on(target: Target, going: Going, begin: Beginning, *, create: bool = False) -> Status:
    """Do what a command is for, go on with the instance, print how it stands then, and return its status.

    The journal is made with `create`. An instance that cannot begin because it is parked is told like one that pauses.
    """
    journal = journal_at(going.journal, create=create)
    with warnings_shown(), only_json() if going.json else contextlib.nullcontext():
        standing = asyncio.run(_go_on(target, going, journal, begin))
    record = standing.record
    if going.json:
        print_json(as_json(record, standing.outcome))
    else:
        print(in_words(record, standing.outcome))
    say_kin(standing)
    if record.status is Status.PAUSED:
        say(f"wio: {resume_words(target.name, record.id, record.detail)}")
    return record.status


@attrs.frozen
class Standing:
    """Is how an instance stands when a command ends, and what is to be said of its children and its parent."""

    record: InstanceRecord
    outcome: Payload | None
    kin: tuple[str, ...]


async def standing_of(runtime: Runtime, target: Target, id: str) -> Standing:
    """Return how an instance stands."""
    record = await runtime.journal.find(id)
    return Standing(record, await outcome_of(runtime.journal, record), await kin_words(runtime, target, record))


def say_kin(standing: Standing) -> None:
    """Say what there is to be said of the children and the parent of an instance."""
    for words in standing.kin:
        say(f"wio: {words}")


async def _go_on(target: Target, going: Going, journal: Journal, begin: Beginning) -> Standing:
    async with awake(), Runtime(journal, with_companions(target), recover=False, grace=GRACE) as runtime:
        async with stopping_said(runtime, journal, going.id):
            with contextlib.suppress(InstancePaused):
                await settle(runtime, await begin(runtime), going.wait)
        return await standing_of(runtime, target, going.id)
