"""How does a turn get into the journal, and an instance out of it?"""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

from interpreters.errors import InstancePaused, UnknownWorkflow
from interpreters.machine.execution import Execution
from interpreters.machine.recorded import storable
from interpreters.machine.turn import Turn
from interpreters.runtime.agenda import Agenda
from interpreters.runtime.clock import Clock
from interpreters.runtime.live import Live
from interpreters.runtime.reading import read_execution
from journals.codecs import Codec
from journals.entries import UNFINISHED, Commit, Entry, InstanceRecord, Status
from journals.errors import Conflict, CorruptEntry, JournalError, JournalUnavailable, PayloadTooLarge
from journals.ports import Journal
from wio.workflow import Workflow

Workflows: TypeAlias = Mapping[tuple[str, int], Workflow[Any, Any, Any]]

T = TypeVar("T")

_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0
_LOG = logging.getLogger("wio.runtime")


class Store:
    """Reads and writes the instances of one runtime."""

    def __init__(self, journal: Journal, workflows: Workflows, codec: Codec, clock: Clock) -> None:
        self.journal = journal
        self._workflows = workflows
        self._codec = codec
        self._clock = clock
        self._runtime_id = uuid.uuid4().hex
        self._numbers = itertools.count(1)

    def workflow(self, name: str, version: int) -> Workflow[Any, Any, Any]:
        """Return a workflow of this runtime. Raises `UnknownWorkflow`."""
        workflow = self._workflows.get((name, version))
        if workflow is None:
            known = tuple(f"{name} version {version}" for name, version in self._workflows)
            raise UnknownWorkflow(name, version, known)
        return workflow

    async def adopt(self, live: Live, turn: Turn) -> None:
        """Commit a turn, then let the instance stand there. When the commit fails, the instance stands as before.

        Raises what the journal raises. After `Conflict` the instance is forgotten: another writer was first.
        """
        await self._adopt(live, turn, self._store)

    async def adopt_surely(self, live: Live, turn: Turn) -> None:
        """Commit a turn however long the store is away: what happened once must not be lost. Raises `Conflict` only."""
        await self._adopt(live, turn, self._store_surely)

    async def _adopt(self, live: Live, turn: Turn, store: Callable[[Live, Commit], Awaitable[None]]) -> None:
        before = live.execution
        try:
            changes = live.agenda.update(turn.execution, turn.touched)
            commit = self._of_turn(live, turn)
            await store(live, commit)
        except BaseException:
            if live.execution is before:
                live.agenda = Agenda() if before is None else Agenda.of(before)[0]
            raise
        live.stand(turn.execution, commit.status, changes)

    async def _store_surely(self, live: Live, commit: Commit) -> None:
        await self.surely(live, partial(self._store, live, commit))

    async def surely(self, live: Live, call: Callable[[], Awaitable[T]]) -> T:
        """Return what a call returns, and repeat it as long as the store is away."""
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                return await call()
            except JournalUnavailable as error:
                _LOG.warning("Instance %s: %s Trying again in %.1f s.", live.id, error, delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    async def mark(self, live: Live, execution: Execution, status: Status) -> None:
        """Change only the status of an instance. `WAITING` means: whoever comes first may go on at once."""
        now = self._clock.now()
        agenda = live.agenda
        wake_up = now if status is Status.WAITING else agenda.looked_at(now)
        await self._store(live, self._commit(live, execution, (), status, now, wake_up, agenda.detail(execution)))
        live.status = status

    async def load(self, live: Live, *, resuming: bool = False) -> Execution:
        """Return the execution of an instance, from memory or from the journal.

        Raises `UnknownInstance`, `UnknownWorkflow`, and `InstancePaused` when the journal does not fit the workflow:
        then the instance is parked with the reason, and nothing of it is lost. A parked instance stays so, even
        when the journal fits again, until it is loaded with `resuming`.
        """
        execution = live.execution
        if execution is None:
            record = await self.journal.find(live.id)
            workflow = self.workflow(record.workflow, record.version)
            try:
                execution = await read_execution(self.journal, record.id, workflow, self._codec)
                agenda, changes = Agenda.of(execution)
            # Code of the user runs in there: pure functions, codecs. Whatever is wrong, the other instances go on.
            except Exception as error:
                if record.status not in UNFINISHED or is_of_store(error):
                    raise
                await self._park(record, error)
                raise InstancePaused(live.id, "", _reason(error)) from error
            if record.status is Status.PAUSED and agenda.first_problem is None and not resuming:
                raise InstancePaused(live.id, "", record.detail)
            live.agenda = agenda
            live.stand(execution, record.status, changes)
            live.abandoned = record.status is Status.RUNNING
            live.may_owe = True
        return execution

    async def load_newest(self, live: Live) -> bool:
        """Load an instance; when it is in memory and at rest, look whether another process has continued it.

        Return whether it has. Raises like `load`.
        """
        if live.is_busy:
            return False
        async with live.lock:
            before = live.execution
            if before is not None and (await self.journal.find(live.id)).last_seq != before.seq:
                live.forget()
            execution = await self.load(live)
            return before is not None and execution is not before

    async def _park(self, record: InstanceRecord, error: Exception) -> None:
        _LOG.error("Instance %s is parked: %s", record.id, error)
        commit = Commit(
            record.id,
            record.workflow,
            record.version,
            record.last_seq,
            (),
            Status.PAUSED,
            self._clock.now(),
            self._token(),
            detail=_reason(error)[:1_000],
        )
        await self.journal.commit(commit)

    async def _store(self, live: Live, commit: Commit) -> None:
        try:
            await self.journal.commit(commit)
        except Conflict:
            live.forget()
            raise

    def _of_turn(self, live: Live, turn: Turn) -> Commit:
        execution, agenda = turn.execution, live.agenda
        at = turn.entries[-1].recorded_at
        status, wake_up, detail = agenda.status(execution), agenda.looked_at(at), agenda.detail(execution)
        return self._commit(live, execution, turn.entries, status, at, wake_up, detail)

    def _commit(
        self,
        live: Live,
        execution: Execution,
        entries: tuple[Entry, ...],
        status: Status,
        at: datetime,
        wake_up: datetime | None,
        detail: str,
    ) -> Commit:
        """Return the commit that ends with `execution`, after `entries` that lead there."""
        workflow, expected = execution.workflow, execution.seq - len(entries)
        return Commit(
            live.id, workflow.name, workflow.version, expected, entries, status, at, self._token(), wake_up, detail
        )

    def _token(self) -> str:
        return f"{self._runtime_id}-{next(self._numbers)}"


def is_of_store(error: Exception) -> bool:
    """Tell whether an error says that the store cannot be used, not that something is wrong with what it stores."""
    return isinstance(error, JournalError) and not isinstance(error, PayloadTooLarge | CorruptEntry)


def _reason(error: Exception) -> str:
    """Return the error in words that a database can hold."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # __str__ is the user's
        return type(error).__name__
    return storable(text)
