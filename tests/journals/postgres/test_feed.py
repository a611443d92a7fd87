"""Does the feed of a journal in Postgres hold up nobody, however long others take?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from journals.errors import JournalUnavailable
from journals.laws.samples import commit
from journals.postgres import PostgresJournal

PATIENCE = timedelta(seconds=0.6)
WRITTEN = "UPDATE wio.instances SET detail = '' WHERE id = 'nobody'"
READ = "SELECT FROM wio.instances"


async def subscribe(journal: PostgresJournal) -> object:
    return await journal.subscribe("late")


async def unsubscribe(journal: PostgresJournal) -> object:
    return await journal.unsubscribe("only")


@pytest.mark.parametrize(
    ("call", "statement", "answers"),
    [(subscribe, WRITTEN, (0, 0)), (unsubscribe, READ, (True, False))],
    ids=["subscribe", "unsubscribe"],
)
def test_steps_go_on_while_triggers_wait_for_the_transaction_of_another(
    call: Callable[[PostgresJournal], Coroutine[Any, Any, object]],
    statement: str,
    answers: tuple[object, object],
    postgres_dsn: str,
) -> None:
    """Such as that of a caller who has started an instance in it, or of a backup."""

    async def story() -> None:
        async with PostgresJournal(postgres_dsn, patience=PATIENCE) as journal, PostgresJournal(postgres_dsn) as other:
            if call is unsubscribe:
                await journal.subscribe("only")
            async with await psycopg.AsyncConnection.connect(postgres_dsn) as caller:
                await caller.execute(statement.encode())
                waiting = asyncio.ensure_future(call(journal))
                stored = 0
                while not waiting.done():
                    await other.commit(commit(f"{stored}", 0))
                    stored += 1
                with pytest.raises(JournalUnavailable, match="kept from writing by others"):
                    await waiting
            assert stored > 5
            for answer in answers:
                assert await call(journal) == answer

    asyncio.run(story())
