"""Which instance is it that kills its process again and again? Suspects are tried, a few at once; the guilty parked.

A process that dies takes down all that it was busy with, and the store counts a death for each of those. Whoever was
there several times is a suspect. A runtime lets few of its suspects begin, the others wait; meanwhile only those that
are tried are blamed; see `trials`. One passes when its lost steps have ended, when it rests, or
when it has lived for long enough: then its deaths are forgotten. After a slow killer has passed once, its next trials
are longer.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

import attrs
from msgspec.structs import replace

from interpreters.errors import InstancePaused
from interpreters.machine.recording import unparked_entry
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.live import Live
from interpreters.runtime.requests.commands import Command
from interpreters.runtime.sharing.deadly import goes_on_as, is_deadly, parked_detail
from interpreters.runtime.sharing.membership import Membership
from interpreters.runtime.sharing.trials import Trials
from interpreters.runtime.telling.publishing import Publishing
from journals.codecs import Codec
from journals.entries import UNFINISHED, Commit, Entry, InstanceRecord, Status
from journals.ports import Journal
from journals.sharing import SUSPECT, Claimed

MOST_DEATHS = 5
"""Is after how many deaths of its process in a row an instance is parked, unless a runtime is told otherwise."""

_LOG = logging.getLogger("wio.runtime")


class Suspects:
    """Tries the suspects of one runtime, and parks what has killed `most_deaths` processes in a row.

    `refuse` answers all messages that an instance has by now with an error: one of them may be what kills.
    `publishing` adds to commits what leaves the store.
    """

    def __init__(
        self,
        journal: Journal,
        membership: Membership,
        codec: Codec,
        clock: Clock,
        most_deaths: int,
        refuse: Callable[[str, Exception], Awaitable[None]],
        publishing: Publishing,
    ) -> None:
        self._journal = journal
        self._membership = membership
        self._codec = codec
        self._clock = clock
        self._most_deaths = most_deaths
        self._refuse = refuse
        self._publishing = publishing
        self.trials = Trials(membership)

    async def take(self, live: Live, owner: int, claimed: Claimed, resume: Command | None) -> Claimed:
        """Let an instance be read that has just been claimed: at once, in its turn, or not at all. Return what it is.

        Raises `InstancePaused` for what has killed too many processes, which is parked, unless somebody resumes it.
        """
        record = claimed.record
        if is_deadly(record):
            if resume is None:
                raise InstancePaused(live.id, "", record.detail)
            live.overdue = None
            return await self._let_go_on(claimed, owner, resume)
        if claimed.deaths >= self._most_deaths and record.status in UNFINISHED:
            await self._park(live, record, owner, claimed.deaths)
        elif claimed.deaths >= SUSPECT and record.status in UNFINISHED:
            await self.trials.begin(live, claimed)
        return claimed

    async def _park(self, live: Live, record: InstanceRecord, owner: int, deaths: int) -> None:
        detail = parked_detail(record, deaths)
        _LOG.error("Instance %s is parked %s", record.id, detail)
        paused = InstancePaused(record.id, "", detail)
        # Before it is parked: a resume that is among them has led here, and must not do so again.
        await self._refuse(record.id, paused)
        await asyncio.sleep(0)  # What is under way has begun then, and waits for the lock.
        live.parkings += 1
        parked = self._publishing.filled(self._commit(record, owner, Status.PAUSED, detail), record.status)
        await self._journal.commit(parked)
        live.overdue = None
        self._publishing.stored(parked)
        raise paused

    async def _let_go_on(self, claimed: Claimed, owner: int, resume: Command) -> Claimed:
        """Let what was parked be read again, with no deaths: should that kill, it is counted as at any other time.

        Who has resumed it is recorded before that, unread as it is. What was paused before stays so until it is read.
        """
        record = claimed.record
        await self._membership.member.acquit([record.id])
        status, detail = goes_on_as(record)
        entries: tuple[Entry, ...] = ()
        if status is not Status.PAUSED:
            now, seq = self._clock.now(), record.last_seq + 1
            entry = unparked_entry(self._codec, seq, record.detail, now, resume.note)
            entries = (replace(entry, key=resume.key),)
        await self._journal.commit(self._commit(record, owner, status, detail, entries, wakes=True))
        let_go = attrs.evolve(record, status=status, detail=detail, last_seq=record.last_seq + len(entries))
        known = None if claimed.entries is None else (*claimed.entries, *entries)
        return attrs.evolve(claimed, record=let_go, entries=known)

    def _commit(
        self,
        record: InstanceRecord,
        owner: int,
        status: Status,
        detail: str,
        entries: tuple[Entry, ...] = (),
        *,
        wakes: bool = False,
    ) -> Commit:
        now = self._clock.now()
        return Commit(
            record.id,
            record.workflow,
            record.version,
            record.last_seq,
            entries,
            status,
            now,
            uuid.uuid4().hex,
            now if wakes else None,
            detail,
            owner,
        )
