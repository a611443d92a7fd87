"""How does an instance begin? With its first turn; whoever asks for the same start again gets the same instance."""

from __future__ import annotations

from typing import Any

from interpreters.errors import InstanceExists
from interpreters.machine.recorded import Parent
from interpreters.machine.turn import Turn, first_turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driver import Driver
from interpreters.runtime.live import Live
from interpreters.runtime.membership import Membership
from interpreters.runtime.storing import check_has_data
from journals.codecs import Codec, CodecError
from journals.entries import Entry, InstanceRecord, Payload
from journals.errors import Conflict, NotOwner, UnknownInstance
from journals.ports import Journal
from wio.workflow import Workflow


class Starting:
    """Starts the instances of one runtime."""

    def __init__(self, journal: Journal, membership: Membership, driver: Driver, clock: Clock, codec: Codec) -> None:
        self._journal = journal
        self._membership = membership
        self._driver = driver
        self._clock = clock
        self._codec = codec

    async def begin(
        self,
        live: Live,
        workflow: Workflow[Any, Any, Any],
        input: object,
        parent: Parent | None = None,
        *,
        tags: tuple[str, ...] = (),
    ) -> InstanceRecord | None:
        """Store the first turn of an instance, whose lock is held.

        Return None, or the record of the instance when it has begun before in the same way. Raises `InstanceExists`
        when the id is taken otherwise, and what `first_turn` and the journal raise.
        """
        now, chance = self._clock.now(), self._driver.chance
        first = first_turn(workflow, input, now, self._codec, chance, id=live.id, parent=parent)
        while True:
            if live.execution is None and await self._is_stored(live, first, tags):
                return None
            try:
                return await existing(self._journal, self._codec, live.id, workflow, first.entries[0])
            except UnknownInstance:  # It had ended, and was removed: its id is free.
                live.forget()

    async def _is_stored(self, live: Live, first: Turn, tags: tuple[str, ...]) -> bool:
        """Store the first turn, and return True; False when the instance has begun before."""
        lost: int | None = None
        while True:
            owner = live.owner = await self._membership.epoch(lost=lost)
            try:
                await self._driver.adopt(live, first, tags)
            except NotOwner:
                lost = owner
            except Conflict:
                return False
            else:
                return True


async def existing(
    journal: Journal, codec: Codec, id: str, workflow: Workflow[Any, Any, Any], started: Entry
) -> InstanceRecord:
    """Return the record of an instance that was started as `started` would start it. Raises `InstanceExists`."""
    record = await journal.find(id)
    if record.workflow != workflow.name:
        raise InstanceExists(id, f"workflow {record.workflow!r}, not {workflow.name!r}")
    check_has_data(record)
    (recorded,) = await journal.read(id, most=1)
    if started.response is not None and recorded.response != started.response:
        raise InstanceExists(id, f"another parent, {_shown(recorded.response)}")
    if recorded.payload != started.payload and not _is_same_input(codec, workflow, recorded, started):
        raise InstanceExists(id, f"another input, {_shown(recorded.payload)}")
    return record


def _is_same_input(codec: Codec, workflow: Workflow[Any, Any, Any], recorded: Entry, started: Entry) -> bool:
    """Compare values: the texts of equal ones may differ, for instance in the order of a set."""
    if recorded.payload is None or started.payload is None:
        return False
    try:
        before = codec.decode(recorded.payload, workflow.input)
    except CodecError:
        return False
    return before == codec.decode(started.payload, workflow.input)


def _shown(payload: Payload | None) -> str:
    return "none" if payload is None else f"{payload.text:.200}"
