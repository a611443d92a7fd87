"""How does an instance begin? With its first turn; whoever asks for the same start again gets the same instance."""

from __future__ import annotations

from typing import Any

from interpreters.machine.recorded import Parent
from interpreters.machine.turn import Turn, first_turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live
from interpreters.runtime.driving.same_start import existing
from interpreters.runtime.driving.within import begin_within
from interpreters.runtime.sharing.membership import Membership
from journals.codecs import Codec
from journals.entries import InstanceRecord
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

    async def begin_within(
        self, connection: object, workflow: Workflow[Any, Any, Any], id: str, input: object, tags: tuple[str, ...]
    ) -> None:
        """Store the first turn of an instance within the caller's transaction; it is nobody's then."""
        first = first_turn(workflow, input, self._clock.now(), self._codec, self._driver.chance, id=id)
        await begin_within(self._journal, connection, workflow, id, first, self._codec, tags)

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
