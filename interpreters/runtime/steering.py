"""How does an operator step in? An instance is cancelled, or goes on after a pause; each is an entry like any other."""

from __future__ import annotations

import attrs

from interpreters.errors import InstanceEnded, NotPaused
from interpreters.machine.recording import cancel_entry, resume_entry
from interpreters.machine.turn import turn
from interpreters.runtime.calls import Calls
from interpreters.runtime.clock import Clock
from interpreters.runtime.driver import Driver
from interpreters.runtime.live import Live
from interpreters.runtime.storing import Store
from journals.entries import Status
from journals.errors import JournalError


class Steering:
    """Cancels and resumes the instances of one runtime. A repeat with the `key` of what is recorded does nothing."""

    def __init__(self, store: Store, driver: Driver, calls: Calls, clock: Clock) -> None:
        self._store = store
        self._driver = driver
        self._calls = calls
        self._clock = clock

    async def cancel(self, live: Live, key: str | None = None) -> None:
        """Cancel an instance; see `Instance.cancel`."""
        await self._calls.finish(self._cancel(live, key))

    async def _cancel(self, live: Live, key: str | None) -> None:
        async with live.lock:
            execution = await self._store.load(live)
            if await self._is_done(live, key):
                return
            if live.outcome is not None:
                raise InstanceEnded(live.id, live.agenda.status(execution).value)
            now = self._clock.now()
            entry = attrs.evolve(cancel_entry(execution, now), key=key)
            await self._driver.adopt(live, turn(execution, entry, now, self._driver.chance))
        self._driver.start(live)

    async def resume(self, live: Live, key: str | None = None) -> None:
        """Let a paused instance go on; see `Instance.resume`."""
        await self._calls.finish(self._resume(live, key))

    async def _resume(self, live: Live, key: str | None) -> None:
        async with live.lock:
            execution = await self._store.load(live, resuming=True)
            if await self._is_done(live, key):
                return
            if live.agenda.first_problem is not None:
                await self._resume_places(live, key)
            elif live.status is Status.PAUSED:  # it was parked: nothing in its entries says so
                try:
                    await self._store.mark(live, execution, Status.WAITING)
                except JournalError:
                    live.forget()
                    raise
            else:
                raise NotPaused(live.id)
        self._driver.start(live)

    async def _resume_places(self, live: Live, key: str | None) -> None:
        """Resume every place that is paused now; one that is paused anew by its resume stays so."""
        for paused in live.agenda.problems():
            now = self._clock.now()
            if live.execution is not None:
                entry = attrs.evolve(resume_entry(live.execution, paused.address, now), key=key)
                await self._driver.adopt(live, turn(live.execution, entry, now, self._driver.chance))

    async def _is_done(self, live: Live, key: str | None) -> bool:
        return key is not None and await self._store.journal.find_key(live.id, key) is not None
