"""How is the data of an instance deleted? It is asked for in its journal; a member then scrubs it, page by page.

Nobody needs to own an instance that has ended, so whoever asks writes the entry himself. From then on a member may
claim it. A crash in the middle leaves it to be claimed again: what is scrubbed already is scrubbed once more.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from interpreters.errors import InstanceDataDeleted, MoveRefused
from interpreters.machine.recorded import Note
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live
from interpreters.runtime.journal.storing import Store, is_of_store
from interpreters.runtime.sharing.membership import Membership
from journals.codecs import Codec
from journals.entries import Commit, Entry, InstanceRecord, Kind, Status
from journals.errors import Conflict
from journals.ports import Journal
from journals.run_states import MOVES, RunState, run_state
from journals.scrubbing import Scrub, Scrubber, scrubbed
from journals.sharing import Released

_PAGE = 500
_LATER = timedelta(minutes=1)
_LOG = logging.getLogger("wio.runtime")
_KEPT = frozenset({Kind.DATA_DELETION_REQUESTED, Kind.DATA_DELETED})
"""Are the entries that say who has asked for it, and when it was done: they stay as they are."""


async def request_deletion(journal: Journal, codec: Codec, id: str, note: Note, now: datetime) -> None:
    """Record that the data of an instance is to be deleted; see `Instance.request_data_deletion`."""
    token = uuid.uuid4().hex
    while True:
        record = await journal.find(id)
        state = run_state(record.status)
        if RunState.REQUESTED_DATA_DELETED not in MOVES[state]:
            raise MoveRefused(id, state, RunState.REQUESTED_DATA_DELETED)
        entry = Entry(record.last_seq + 1, Kind.DATA_DELETION_REQUESTED, "", codec.encode(note, Note), now)
        try:
            await journal.commit(_commit(record, entry, Status.DATA_DELETION_REQUESTED, token, wake_up=now))
        except Conflict:
            continue  # somebody else has moved it on: what it is now decides
        return


class Deleting:
    """Deletes the data of the instances of one runtime where that is asked for, as its scrubber says."""

    def __init__(self, store: Store, membership: Membership, driver: Driver, clock: Clock, scrubber: Scrubber) -> None:
        self._store = store
        self._membership = membership
        self._driver = driver
        self._clock = clock
        self._scrubber = scrubber

    def begin(self, live: Live) -> None:
        """Delete the data of an instance that has just been claimed for that."""
        self._driver.spawn(live, partial(self._store.surely, live, partial(self._delete, live)))

    async def _delete(self, live: Live) -> None:
        async with live.lock:
            live.forget()
            live.owner, claimed = await self._membership.claim_instance(live.id)
            record = claimed.record
            if record.status is Status.DATA_DELETION_REQUESTED:
                await self._delete_owned(record, live.owner)
            live.forget()
        live.refuse_kept(InstanceDataDeleted(live.id))
        live.wake_result_waiters()

    async def _delete_owned(self, record: InstanceRecord, owner: int) -> None:
        try:
            await self._scrub(record, owner)
        # The scrubber is the user's.
        except Exception as error:
            if is_of_store(error):
                raise
            _LOG.exception("Instance %s: its data is not deleted yet. Trying again in %s.", record.id, _LATER)
            await self._membership.release(owner, Released(record.id, self._clock.now() + _LATER))
            return
        entry = Entry(record.last_seq + 1, Kind.DATA_DELETED, "", None, self._clock.now())
        done = _commit(record, entry, Status.DATA_DELETED, uuid.uuid4().hex)
        await self._store.commit_filled(replace(done, owner=owner), record.status)

    async def _scrub(self, record: InstanceRecord, owner: int) -> None:
        journal, after = self._store.journal, 0
        while page := await journal.read(record.id, after=after, most=_PAGE):
            left = tuple(scrubbed(entry, self._scrubber) for entry in page if entry.kind not in _KEPT)
            await journal.scrub(Scrub(record.id, owner, left))
            after = page[-1].seq


def _commit(
    record: InstanceRecord, entry: Entry, status: Status, token: str, wake_up: datetime | None = None
) -> Commit:
    return Commit(
        record.id,
        record.workflow,
        record.version,
        record.last_seq,
        (entry,),
        status,
        entry.recorded_at,
        token,
        wake_up,
    )
