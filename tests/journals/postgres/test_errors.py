"""What is a caller told when Postgres fails, and is it told to those only whom it concerns?"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from journals.errors import JournalUnavailable
from journals.postgres.errors import translated
from journals.postgres.session import Session

UNCERTAIN = "It is not known whether a commit under way was stored"


@pytest.mark.parametrize(
    "error",
    [psycopg.OperationalError("refused"), TimeoutError(), psycopg.errors.QueryCanceled("late"), psycopg.Error("odd")],
    ids=lambda error: type(error).__name__,
)
def test_only_who_commits_is_told_of_a_commit(error: Exception) -> None:
    assert UNCERTAIN in str(translated(error, "J", commits=True))
    read = str(translated(error, "J", commits=False))
    assert read.startswith("J ")
    assert UNCERTAIN not in read


def test_a_session_knows_which_of_its_calls_commit() -> None:
    async def connect() -> Any:
        raise psycopg.OperationalError("refused")

    async def work(_: Any) -> None: ...

    async def complaints() -> list[str]:
        session = Session(connect, 2, timedelta(milliseconds=1), "J")
        found: list[str] = []
        for call in (session.once, session.read, session.commit):
            with pytest.raises(JournalUnavailable) as caught:
                await call(work)
            found.append(str(caught.value))
        return found

    assert [UNCERTAIN in complaint for complaint in asyncio.run(complaints())] == [False, False, True]
