"""Does a journal keep the contract? The suite that every adapter, yours included, can run.

A law is a coroutine function of `connect`, which gives a journal, not yet open, on one store: an empty one
when the law begins, and the same one each time the law calls it. A journal under test keeps the default limit
of a payload, `journals.ports.LIMIT_BYTES`. A law that does not hold raises an error whose message says what was
found instead. With pytest:

    @pytest.mark.parametrize("law", LAWS)
    def test_my_journal(law, tmp_path):
        asyncio.run(law(lambda: MyJournal(tmp_path / "store")))

Without pytest, `breaches` runs them all; a journal that keeps the contract has none:

>>> import asyncio
>>> from journals.memory import InMemoryJournal
>>> def empty_store():
...     journal = InMemoryJournal()
...     return lambda: journal
>>> asyncio.run(breaches(empty_store))
()

Four laws that need a second process, or a server, are left to an adapter's own tests: a commit survives a kill of
the process, the death of a member is counted (`Member.begin_trial`), a store that cannot be reached raises
`JournalUnavailable`, and a newer schema raises `NewerSchema`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import attrs

from journals.laws import (
    commits,
    feed,
    mail,
    outbox,
    owning,
    reading,
    refusals,
    removing,
    searching,
    transactions,
    workflows,
)
from journals.laws.samples import Connect

Law: TypeAlias = Callable[[Connect], Awaitable[None]]

LAWS: tuple[Law, ...] = (
    *commits.LAWS,
    *refusals.LAWS,
    *reading.LAWS,
    *searching.LAWS,
    *owning.LAWS,
    *mail.LAWS,
    *outbox.LAWS,
    *feed.LAWS,
    *workflows.LAWS,
    *removing.LAWS,
)
"""Are all laws; each one is independent of the others. `law.__name__` and `law.__doc__` say what it demands."""

TRANSACTION_LAWS: tuple[Law, ...] = transactions.TRANSACTION_LAWS
"""Are the laws for a journal that has transactions, besides those; see `journals.transactions`."""


@attrs.frozen
class Breach:
    """Says which law does not hold, and what was found instead."""

    law: str
    reason: str


async def breaches(empty_store: Callable[[], Connect]) -> tuple[Breach, ...]:
    """Return the laws that do not hold. `empty_store` makes an empty store for each of them."""
    found: list[Breach] = []
    for law in LAWS:
        try:
            await law(empty_store())
        except Exception as error:
            found.append(Breach(getattr(law, "__name__", repr(law)), str(error) or repr(error)))
    return tuple(found)
