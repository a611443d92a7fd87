"""How does an operator step in? An instance is paused, goes on or back, or is cancelled; each with an entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from msgspec.structs import replace

from interpreters.errors import (
    AlreadyPaused,
    CannotGoBack,
    InstanceDataDeleted,
    InstancePaused,
    MoveRefused,
    NothingToRetry,
)
from interpreters.machine.execution import Execution
from interpreters.machine.recorded import Note
from interpreters.machine.recording import cancel_entry, hold_entry, resume_entry, retry_entry, unparked_entry
from interpreters.machine.turn import Turn, together, turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.calls import Calls
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live, check_not_held
from interpreters.runtime.journal.storing import Store
from interpreters.runtime.requests.commands import Command, Verb, ended, with_key
from interpreters.runtime.requests.going_back import go_back
from interpreters.runtime.sharing.deadly import is_deadly
from interpreters.runtime.sharing.membership import Membership
from journals.entries import UNFINISHED, Entry, Status
from journals.errors import Conflict, JournalUnavailable
from journals.run_states import run_state

MakesEntry: TypeAlias = Callable[..., Entry]
"""Makes the entry of a command, of the execution it goes on from, `at` a time and with a `note`."""


class Steering:
    """Does what operators ask of the instances of one runtime."""

    def __init__(self, store: Store, membership: Membership, driver: Driver, calls: Calls, clock: Clock) -> None:
        self._store = store
        self._membership = membership
        self._driver = driver
        self._calls = calls
        self._clock = clock

    async def obey(self, live: Live, command: Command) -> None:
        """Do what a command says, unless it is recorded already; see `Instance`."""
        given = with_key(command)
        try:
            await self._calls.finish(self._obey(live, given))
        except Conflict:
            # Another process has continued the instance since it was loaded here: what it is now decides.
            await self._calls.finish(self._obey(live, given))

    async def _obey(self, live: Live, command: Command) -> None:
        parkings = live.parkings
        async with live.lock:
            if command.address:
                await self._go_back(live, command)
                self._driver.start(live)
                return
            is_resume = command.verb is Verb.RESUME and live.parkings == parkings
            execution = await self._loaded(live, command, resume=command if is_resume else None)
            if not await self._is_done(live, command):
                await self._do(live, execution, command)
        self._driver.start(live)

    async def _do(self, live: Live, execution: Execution, command: Command) -> None:
        match command.verb:
            case Verb.PAUSE:
                await self._pause(live, execution, command)
            case Verb.RESUME:
                await self._resume(live, execution, command)
            case Verb.CANCEL:
                await self._cancel(live, execution, command)
            case Verb.RETRY:
                await self._retry(live, execution, command)

    async def _go_back(self, live: Live, command: Command) -> None:
        """Let an instance be read anew from an earlier place; one that does not fit its workflow cannot be loaded."""
        if live.execution is None:
            live.owner, _ = await self._membership.claim_instance(live.id)
        try:
            await self._record_way_back(live, command)
        except BaseException as error:
            if isinstance(error, Conflict | JournalUnavailable):
                live.forget()  # it is not as it is here, or may not be
            if live.execution is None:
                self._driver.start(live)
            raise
        live.forget()

    async def _record_way_back(self, live: Live, command: Command) -> None:
        record = await self._store.journal.find(live.id)
        if await self._is_done(live, command):
            return
        if is_deadly(record):
            raise InstancePaused(live.id, "", record.detail)
        under_way = next(iter(live.running), live.handling)
        if under_way is not None:
            raise CannotGoBack(live.id, command.address, f"an effect is under way at {under_way!r}")
        workflow = self._store.workflow(record.workflow, record.version)
        owner = live.owner if record.status in UNFINISHED else None
        await go_back(self._store.journal, workflow, self._store.codec, record, owner, command, self._clock.now())

    async def _is_done(self, live: Live, command: Command) -> bool:
        return command.key is not None and await self._store.journal.find_key(live.id, command.key) is not None

    async def _loaded(self, live: Live, command: Command, *, resume: Command | None) -> Execution:
        try:
            return await self._store.load(live, resume=resume)
        except InstanceDataDeleted as error:
            record = await self._store.journal.find(live.id)
            raise ended(live.id, run_state(record.status), command.verb) from error

    async def _pause(self, live: Live, execution: Execution, command: Command) -> None:
        if live.outcome is not None:
            raise _ended(live, execution, command)
        if execution.held is not None:
            raise AlreadyPaused(live.id, f"{execution.held}")
        await self._record(live, execution, command, (hold_entry,))

    async def _cancel(self, live: Live, execution: Execution, command: Command) -> None:
        if live.outcome is not None:
            raise _ended(live, execution, command)
        await self._record(live, execution, command, (cancel_entry,))

    async def _resume(self, live: Live, execution: Execution, command: Command) -> None:
        resumes = _resumes(live)
        if execution.held is not None:
            whole: MakesEntry = partial(resume_entry, address="")
            resumes = (whole, *resumes)
        if resumes:
            await self._record(live, execution, command, resumes)
        elif live.status is Status.PAUSED:
            await self._resume_parked(live, execution, command)
        else:
            raise _ended(live, execution, command)

    async def _resume_parked(self, live: Live, execution: Execution, command: Command) -> None:
        """Let an instance go on that was parked, which no entry says; that it was, and who has ended that, one does."""
        try:
            reason = (await self._store.journal.find(live.id)).detail
            await self._record(live, execution, command, (partial(_unparked_entry, reason),))
        except BaseException:
            live.forget()  # it is parked still
            raise

    async def _retry(self, live: Live, execution: Execution, command: Command) -> None:
        """Let every step that waits for its next attempt make it now, and those that are paused go on."""
        if live.outcome is not None:
            raise _ended(live, execution, command)
        check_not_held(live.id, execution)
        later = [effect.address for effect in live.agenda.effects() if effect.not_before is not None]
        now: list[MakesEntry] = [partial(retry_entry, address=address) for address in later]
        retries = (*now, *_resumes(live))
        if not retries:
            raise NothingToRetry(live.id, live.agenda.detail(execution))
        await self._record(live, execution, command, retries)

    async def _record(self, live: Live, execution: Execution, command: Command, makers: Sequence[MakesEntry]) -> None:
        """Store the entries of a command at once; each goes on from those before."""
        now, turns = self._clock.now(), list[Turn]()
        for make in makers:
            entry = replace(make(execution, at=now, note=command.note), key=command.key)
            turns.append(turn(execution, entry, now, self._driver.chance))
            execution = turns[-1].execution
        await self._driver.adopt(live, together(turns))


def _unparked_entry(reason: str, execution: Execution, at: datetime, note: Note | None) -> Entry:
    return unparked_entry(execution.codec, execution.seq + 1, reason, at, note)


def _resumes(live: Live) -> tuple[MakesEntry, ...]:
    """Return what resumes every place that is paused now; one that is paused anew by its resume stays so."""
    return tuple(partial(resume_entry, address=paused.address) for paused in live.agenda.problems())


def _ended(live: Live, execution: Execution, command: Command) -> MoveRefused:
    return ended(live.id, run_state(live.agenda.status(execution)), command.verb)
