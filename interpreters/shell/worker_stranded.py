"""How does a worker tell that nobody can run some instances? It looks now and then, and tells what has changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from interpreters.runtime.oversight import MOST_COUNTED, stranded_counts
from interpreters.shell.worker_telling import Telling
from journals.errors import JournalError
from journals.ports import Journal

_LOOK_SECONDS = 15.0


@contextlib.asynccontextmanager
async def watched_stranded(
    journal: Journal, telling: Telling, *, look_seconds: float = _LOOK_SECONDS
) -> AsyncGenerator[None]:
    """Tell how many instances are stranded, and of which workflows, at the beginning and when that has changed."""
    watching = asyncio.create_task(_watch(journal, telling, look_seconds))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def _watch(journal: Journal, telling: Telling, look_seconds: float) -> None:
    told: tuple[tuple[str, int, int], ...] = ()
    while True:
        with contextlib.suppress(JournalError):
            found = await stranded_counts(journal)
            if found != told:
                told = found
                count = sum(number for _, _, number in found)
                kinds = tuple(f"{name} v{version}: {_number(number)}" for name, version, number in found)
                telling.tell("stranded", instances=count, workflows=kinds)
        await asyncio.sleep(look_seconds)


def _number(count: int) -> str:
    return f"{count}+" if count >= MOST_COUNTED else str(count)
