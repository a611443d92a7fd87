"""How does a worker tell that nobody can run some instances? It looks now and then, and tells what has changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from interpreters.runtime.oversight import MOST_COUNTED, stranded_counts
from interpreters.shell.worker_telling import Telling
from journals.errors import JournalError
from journals.ports import Journal

_LOOK_SECONDS = 15.0


@contextlib.asynccontextmanager
async def watched_stranded(
    journal: Journal, telling: Telling, epoch: Callable[[], int | None], *, look_seconds: float = _LOOK_SECONDS
) -> AsyncGenerator[None]:
    """Tell how many instances are stranded, and of which workflows, at the beginning and when that has changed.

    `epoch` gives that under which this process is a member. While it is none, what only it knows would count.
    """
    watching = asyncio.create_task(_watch(journal, telling, epoch, look_seconds))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def _watch(journal: Journal, telling: Telling, epoch: Callable[[], int | None], look_seconds: float) -> None:
    told: tuple[tuple[str, int, int], ...] = ()
    while True:
        with contextlib.suppress(JournalError):
            before, found = epoch(), await stranded_counts(journal)
            is_member = before == epoch() and any(member.epoch == before for member in await journal.members())
            if found != told and is_member:
                told = found
                count = sum(number for _, _, number in found)
                kinds = tuple(f"{name} v{version}: {_number(number)}" for name, version, number in found)
                telling.tell("stranded", instances=count, workflows=kinds)
        await asyncio.sleep(look_seconds)


def _number(count: int) -> str:
    return f"{count}+" if count >= MOST_COUNTED else str(count)
