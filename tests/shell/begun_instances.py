"""How does a test leave instances behind whose processes are gone?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

from interpreters.machine.turn import first_turn
from interpreters.runtime.driving.agenda import Agenda
from interpreters.shell.targets import load
from journals.entries import Commit, Status
from journals.sqlite import SqliteJournal

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def begun(*ids: str, status: Status = Status.RUNNING) -> None:
    """Store instances of `failing` whose processes were lost inside their first step, or stopped before it."""

    async def store() -> None:
        target = load("shell_workflows:failing")
        workflow, order = target.workflow, cast(Any, target.namespace["Order"])
        async with SqliteJournal("orders.db") as journal:
            for id in ids:
                first = first_turn(workflow, order("book", 2), NOW)
                detail = Agenda.of(first.execution)[0].detail(first.execution)
                token = f"token-{id}"
                commit = Commit(id, workflow.name, 1, 0, first.entries, status, NOW, token, NOW, detail)
                await journal.commit(commit)

    asyncio.run(store())
