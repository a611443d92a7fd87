"""Do the journals that have transactions keep their laws, and are faults of such transactions caught?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from journals.contract import TRANSACTION_LAWS, Law
from journals.errors import JournalError
from journals.forwarding import ForwardingJournal
from journals.lending import LentTransaction
from journals.memory import InMemoryJournal
from journals.postgres import PostgresJournal
from journals.postgres.errors import InvalidSetting
from journals.sqlite import SqliteJournal
from journals.transactions import starts_within_of, transactions_of
from tests.journals.test_contract import HurriedLoop
from tests.journals.transaction_faults import TRANSACTION_FAULTS, FaultyTransactions, lending

BY_NAME: dict[str, Law] = {getattr(law, "__name__", ""): law for law in TRANSACTION_LAWS}


async def _run(law: Law, connect: Callable[[], Any]) -> None:
    await law(connect)


@pytest.mark.parametrize("law", TRANSACTION_LAWS)
@pytest.mark.parametrize("how", [{}, {"pool_size": 1, "prepare": False, "most_transactions": 1}])
def test_postgres_keeps_the_law(law: Law, how: dict[str, Any], postgres_dsn: str) -> None:
    asyncio.run(_run(law, lambda: ForwardingJournal(PostgresJournal(postgres_dsn, **how))))


@pytest.mark.parametrize("law", TRANSACTION_LAWS)
def test_what_is_lent_for_a_test_keeps_the_law(law: Law) -> None:
    journal = lending(InMemoryJournal())
    asyncio.run(_run(law, lambda: journal))


@pytest.mark.parametrize(("law", "kind"), [(law, kind) for law, kinds in TRANSACTION_FAULTS.items() for kind in kinds])
def test_the_law_catches_the_fault(law: str, kind: type[LentTransaction]) -> None:
    journal = FaultyTransactions(kind)
    with asyncio.Runner(loop_factory=HurriedLoop) as runner, pytest.raises((AssertionError, JournalError)):
        runner.run(_run(BY_NAME[law], lambda: journal))


def test_every_law_is_seen_to_catch_a_fault_and_says_what_it_demands() -> None:
    assert set(TRANSACTION_FAULTS) == set(BY_NAME)
    assert [law for law in TRANSACTION_LAWS if not law.__doc__] == []


def test_a_journal_without_transactions_says_so() -> None:
    assert transactions_of(ForwardingJournal(InMemoryJournal())) is None
    assert transactions_of(SqliteJournal("never.db")) is None
    assert starts_within_of(lending(InMemoryJournal())) is None


def test_transactions_need_a_connection() -> None:
    with pytest.raises(InvalidSetting, match="most_transactions=0"):
        PostgresJournal("", most_transactions=0)
