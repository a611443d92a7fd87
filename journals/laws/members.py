"""With which members and messages do the laws of sharing try a journal, and how do they hear of what happens?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from journals.entries import Commit, Message, Payload
from journals.laws.samples import commit, require
from journals.ports import Journal, Member
from journals.sharing import Claims, Notice

KNOWS = (("workflow", 1),)
LATER = datetime(9000, 1, 1, tzinfo=UTC)
WORD = Payload("Word", 3, '"wörd"')

_LEASE = timedelta(minutes=5)
_PATIENCE_SECONDS = 30


class Heard:
    """Is what was heard, and may be waited for."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self._news = asyncio.Event()

    def __call__(self, notice: Notice) -> None:
        self.notices.append(notice)
        self._news.set()

    async def of(self, *wanted: Notice) -> None:
        """Return when all that was heard, and forget everything; raise `AssertionError` when it is not heard."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not set(wanted) <= set(self.notices):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{wanted} must be heard, but only {self.notices} was.") from None
        self.notices.clear()


async def joined(journal: Journal, name: str = "member", hear: Heard | None = None) -> Member:
    """Return a new member that knows the workflow of `commit`, with a lease that no law outlasts."""
    return await journal.join(name, KNOWS, hear or Heard(), lease=_LEASE)


def by(member: Member, step: Commit) -> Commit:
    """Return a commit as one of a member."""
    return replace(step, owner=member.epoch)


def message(instance_id: str, key: str = "key", payload: Payload | None = WORD) -> Message:
    """Return a message, as it is before a store has given it a number."""
    return Message(instance_id, "signal", "approve", payload, key)


def ids(claims: Claims) -> list[str]:
    """Return whom a claim has given, in its order."""
    return [claimed.record.id for claimed in claims.claimed]


async def owns(journal: Journal, member: Member | None, *instance_ids: str) -> None:
    """Raise `AssertionError` unless a member, or nobody, owns these instances."""
    wanted = None if member is None else member.epoch
    for instance_id in instance_ids:
        found = await journal.owner(instance_id)
        require(found == wanted, f"{instance_id!r} must be owned by {wanted}, but is by {found}.")


async def gives(member: Member, *wanted: str, most: int = 10, now: datetime | None = None) -> Claims:
    """Return what a member is given; raise `AssertionError` unless it is these instances, in this order."""
    claims = await member.claim(most, now=now)
    require(ids(claims) == list(wanted), f"A claim must give {list(wanted)}, but gave {ids(claims)}.")
    return claims


async def starts(journal: Journal, *starts: Commit) -> None:
    """Commit one after the other."""
    for start in starts:
        await journal.commit(start)


async def has_mail(member: Member, instance_id: str, keys: Iterable[str]) -> None:
    """Raise `AssertionError` unless a member finds messages with just these keys for an instance, in this order."""
    found = [each.key for each in await member.messages([instance_id])]
    require(found == list(keys), f"The messages of {instance_id!r} must be {list(keys)}, but are {found}.")


def due(instance_id: str, wake_up: datetime | None, start: Commit | None = None) -> Commit:
    """Return the start of an instance that waits until a time, or for a message."""
    return replace(start or commit(instance_id, 0), wake_up=wake_up)
