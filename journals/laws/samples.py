"""With which commits, and through which questions, do the laws try a journal?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, TypeVar

from journals.entries import Commit, Entry, Kind, Payload, Status
from journals.errors import JournalError, UnknownInstance
from journals.ports import Journal

Connect: TypeAlias = Callable[[], Journal]
"""Gives a journal, not yet open, on one store that was empty before the law began."""

E = TypeVar("E", bound=BaseException)

AT = datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)
_PATIENCE_SECONDS = 60


def entry(
    seq: int,
    text: str = "{}",
    *,
    at: datetime | None = None,
    key: str | None = None,
    response: Payload | None = None,
) -> Entry:
    """Return an entry of a step, recorded `seq` microseconds after `AT`."""
    moment = AT + timedelta(microseconds=seq) if at is None else at
    return Entry(seq, Kind.EVENT, f"step#{seq}", Payload("Event", 1, text), moment, key, response)


def commit(
    instance_id: str,
    expected: int,
    entries: Iterable[Entry] | None = None,
    *,
    token: str = "",
    status: Status = Status.RUNNING,
    at: datetime = AT,
    wake_up: datetime | None = None,
    detail: str = "",
) -> Commit:
    """Return a commit of one entry, or of those given; its token tells apart instance and position only."""
    return Commit(
        instance_id,
        "workflow",
        1,
        expected,
        (entry(expected + 1),) if entries is None else tuple(entries),
        status,
        at,
        token or f"{instance_id} after {expected}",
        wake_up,
        detail,
    )


def require(condition: bool, sentence: str) -> None:
    """Raise `AssertionError` with the sentence unless the condition holds, also under `python -O`."""
    if not condition:
        raise AssertionError(sentence)


async def refused(kind: type[E], waiting: Awaitable[object], what: str) -> E:
    """Return the error of this kind that is raised; raise `AssertionError` when there is none, or another."""
    try:
        await waiting
    except kind as error:
        return error
    except Exception as error:
        raise AssertionError(f"{what} must raise {kind.__name__}, but raised {error!r}.") from error
    raise AssertionError(f"{what} must raise {kind.__name__}, but was accepted.")


async def together(*waiting: Awaitable[None]) -> list[BaseException | None]:
    """Return, in order, what each of several concurrent calls raised, or None."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        return await asyncio.gather(*waiting, return_exceptions=True)


async def all_done(what: str, *waiting: Awaitable[None]) -> None:
    """Raise `AssertionError` unless all of several concurrent calls end without an error."""
    for error in await together(*waiting):
        require(error is None, f"{what} must be stored, but raised {error!r}.")


async def holds(journal: Journal, instance_id: str, *entries: Entry) -> None:
    """Raise `AssertionError` unless the instance has exactly these entries, and a record that fits them."""
    found = await journal.read(instance_id)
    require(found == entries, f"{instance_id!r} must have the entries {entries}, but has {found}.")
    last_seq = (await journal.find(instance_id)).last_seq
    require(last_seq == len(entries), f"last_seq of {instance_id!r} is {last_seq} after {len(entries)} entries.")


async def holds_nothing(journal: Journal, instance_id: str) -> None:
    """Raise `AssertionError` unless the journal knows nothing of the instance."""
    await refused(UnknownInstance, journal.find(instance_id), f"find({instance_id[:20]!r}), which was never stored,")


async def stores_nothing(journal: Journal, kind: type[JournalError], refusable: Commit, what: str) -> None:
    """Raise `AssertionError` unless the start of an instance is refused and has left nothing behind."""
    await refused(kind, journal.commit(refusable), what)
    await holds_nothing(journal, refusable.instance_id)
