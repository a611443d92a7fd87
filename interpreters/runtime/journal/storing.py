"""How does a turn get into the journal, and an instance out of it?"""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from interpreters.errors import InstanceDataDeleted, InstancePaused, UnknownWorkflow
from interpreters.machine.attributes import set_in
from interpreters.machine.execution import Execution
from interpreters.machine.recorded import storable
from interpreters.machine.turn import Turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.agenda import Agenda
from interpreters.runtime.driving.childs_end import end_message, ends_in
from interpreters.runtime.driving.live import Live
from interpreters.runtime.journal.outage import Outage
from interpreters.runtime.journal.reading import read_execution
from interpreters.runtime.patience import delays
from interpreters.runtime.registry import Workflows, registered_as
from interpreters.runtime.requests.commands import Command
from interpreters.runtime.sharing.deadly import was_running
from interpreters.runtime.sharing.membership import Membership
from interpreters.runtime.sharing.suspects import Suspects
from interpreters.runtime.telling.publishing import Publishing
from journals.codecs import Codec
from journals.entries import UNFINISHED, WITHOUT_DATA, Commit, Entry, InstanceRecord, Message, Status
from journals.errors import (
    Conflict,
    CorruptEntry,
    JournalError,
    JournalUnavailable,
    PayloadTooLarge,
    WorkflowDisabled,
)
from journals.ports import Journal
from journals.sharing import Claimed, Released
from journals.transactions import Transaction
from wio.workflow import Workflow

T = TypeVar("T")

_LOG = logging.getLogger("wio.runtime")


class Store:
    """Reads and writes the instances of one runtime. `owns` says whether an instance is in memory, and its own;
    `loaded` is told of one that was read, `collect` when one that was claimed has mail. `suspects` are read in turn.
    `publishing` adds to commits what leaves the store.
    """

    def __init__(
        self,
        journal: Journal,
        membership: Membership,
        workflows: Workflows,
        codec: Codec,
        clock: Clock,
        owns: Callable[[str], bool],
        loaded: Callable[[Live], None],
        collect: Callable[[str], None],
        suspects: Suspects,
        publishing: Publishing,
    ) -> None:
        self.journal = journal
        self._membership = membership
        self._workflows = workflows
        self.codec = codec
        self._clock = clock
        self._owns = owns
        self._loaded = loaded
        self._collect = collect
        self._suspects = suspects
        self._publishing = publishing
        self._runtime_id = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self._outage = Outage()

    def workflow(self, name: str, version: int) -> Workflow[Any, Any, Any]:
        """Return a workflow of this runtime. Raises `UnknownWorkflow`."""
        return registered_as(self._workflows, name, version)

    async def adopt(self, live: Live, turn: Turn, tags: tuple[str, ...] = ()) -> None:
        """Commit a turn, then let the instance stand there. When the commit fails, the instance stands as before.

        `tags` are for a first turn. Raises what the journal raises. After `Conflict` the instance is forgotten: another
        writer was first.
        """
        await self._adopt(live, turn, self.journal.commit, tags)

    async def adopt_surely(self, live: Live, turn: Turn) -> None:
        """Commit a turn however long the store is away: what happened once must not be lost. Raises `Conflict` only."""
        await self._adopt(live, turn, self.journal.commit, surely=True)

    async def adopt_within(self, live: Live, turn: Turn, transaction: Transaction) -> None:
        """Do the same within a transaction. Raises `RolledBack` and `SpoiledTransaction` too."""
        await self._adopt(live, turn, transaction.commit, surely=True)

    async def _adopt(
        self,
        live: Live,
        turn: Turn,
        store: Callable[[Commit], Awaitable[None]],
        tags: tuple[str, ...] = (),
        *,
        surely: bool = False,
    ) -> None:
        before = live.execution
        try:
            changes = live.agenda.update(turn.execution, turn.touched)
            commit = self._publishing.filled(self._of_turn(live, turn, tags), live.status)
            try:
                await store(commit)
            except JournalUnavailable:
                if not surely:
                    raise
                await self.surely(live, partial(store, commit))
        except BaseException as error:
            if isinstance(error, Conflict):
                live.forget()
            elif live.execution is before:
                live.agenda = Agenda() if before is None else Agenda.of(before)[0]
            raise
        live.overdue = None
        self._publishing.stored(commit)
        live.stand(turn.execution, commit.status, changes)
        if live.tried:
            self._suspects.trials.has_moved(live)

    async def surely(self, live: Live, call: Callable[[], Awaitable[T]]) -> T:
        """Return what a call returns, and repeat it as long as the store is away."""
        waits = delays()
        while True:
            try:
                return await call()
            except JournalUnavailable as error:
                delay = next(waits)
                self._outage.tell(live.id, error, delay)
                await asyncio.sleep(delay)

    async def mark(self, live: Live, execution: Execution, status: Status) -> None:
        """Change only the status of an instance. `WAITING` means: whoever comes first may go on at once.

        One that is paused by a command stays so, whatever has ended in it.
        """
        if execution.held is not None:
            return
        now = self._clock.now()
        agenda = live.agenda
        wake_up = now if status is Status.WAITING else agenda.look_at(now)
        commit = self._commit(live, execution, (), status, now, wake_up, agenda.detail(execution))
        try:
            await self.commit_filled(commit, live.status)
        except Conflict:
            live.forget()
            raise
        live.status, live.overdue = status, None

    async def put_off(self, live: Live) -> None:
        """Store when an instance goes on by itself, where it was due only for its messages, and these changed nothing.

        Else it would count as being busy when this process dies. The lock of the instance is held.
        """
        record, live.overdue = live.overdue, None
        if record is None:
            return
        # Where an effect is about to begin, the record does not say so yet: it has to be found due.
        stands = Status.PAUSED if live.execution is None else live.agenda.status(live.execution)
        if record.status is not stands or stands is Status.RUNNING:
            return
        now = self._clock.now()
        wake_up = live.agenda.look_at(now)  # None where it is parked, and was not read
        if wake_up is not None and wake_up <= now:
            return
        commit = Commit(
            record.id,
            record.workflow,
            record.version,
            record.last_seq,
            (),
            record.status,
            record.updated_at,  # since when it is as it is
            self._token(),
            wake_up,
            record.detail,
            live.owner,
        )
        await self.journal.commit(commit)

    async def load(self, live: Live, *, resume: Command | None = None) -> Execution:
        """Return the execution of an instance, from memory, or from the journal when it can be owned.

        Raises `UnknownInstance`, `UnknownWorkflow`, `OwnedElsewhere`, and `InstancePaused` when the journal does not
        fit the workflow, or when it has killed too many processes: then the instance is parked with the reason, and
        nothing of it is lost. A parked instance stays so, even when the journal fits again, until it is loaded to
        `resume` it; one that was parked for its deaths goes on with that.
        """
        execution = live.execution
        if execution is not None and execution.outcome is not None and await self._has_moved_on(live, execution):
            execution = None
        if execution is not None:
            return execution
        taken, live.claimed = live.claimed, None
        live.owner, claimed = taken or await self._membership.claim_instance(live.id)
        record = claimed.record
        is_due = record.wake_up is not None and record.wake_up <= self._clock.now()
        live.overdue = record if claimed.has_mail and is_due and record.status in UNFINISHED else None
        if record.status in WITHOUT_DATA:
            await self._membership.release(live.owner, Released(record.id, record.wake_up))
            live.forget()
            check_has_data(record)
        try:
            workflow = self.workflow(record.workflow, record.version)
        except UnknownWorkflow:
            await self._membership.release(live.owner, Released(record.id, record.wake_up))
            raise
        try:
            claimed = await self._suspects.take(live, live.owner, claimed, resume)
        finally:
            if claimed.has_mail:
                self._collect(live.id)
        try:
            return await self._read(live, live.owner, claimed, workflow, resuming=resume is not None)
        finally:
            self._suspects.trials.has_begun(live)

    async def _has_moved_on(self, live: Live, execution: Execution) -> bool:
        """Tell whether an instance that has ended, so that it is nobody's, has gone back since; then it is forgotten.

        Raises `InstanceDataDeleted`.
        """
        record = await self.journal.find(live.id)
        check_has_data(record)
        if record.last_seq == execution.seq:
            return False
        live.forget()
        return True

    async def _read(
        self, live: Live, owner: int, claimed: Claimed, workflow: Workflow[Any, Any, Any], *, resuming: bool
    ) -> Execution:
        """Read an instance that has been claimed, and let it stand where its journal ends. See `load`."""
        record = claimed.record
        try:
            execution = await read_execution(self.journal, record.id, workflow, self.codec, claimed.entries)
            agenda, changes = Agenda.of(execution)
        # Code of the user runs in there: pure functions, codecs. Whatever is wrong, the other instances go on.
        except Exception as error:
            if record.status not in UNFINISHED or is_of_store(error):
                raise
            await self._park(record, owner, error)
            live.overdue = None
            raise InstancePaused(live.id, "", _reason(error)) from error
        if is_parked(record, agenda, execution) and not resuming:
            raise InstancePaused(live.id, "", record.detail)
        live.agenda = agenda
        live.claimed = None  # a round that claims may have found it meanwhile
        live.stand(execution, record.status, changes)
        live.abandoned = was_running(record)
        live.may_owe = True
        self._loaded(live)
        return execution

    async def _park(self, record: InstanceRecord, owner: int, error: Exception) -> None:
        _LOG.error("Instance %s is parked: %s", record.id, error, extra={"instance": record.id})
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
            owner=owner,
        )
        await self.commit_filled(commit, record.status)

    async def commit_filled(self, commit: Commit, before: Status | None) -> None:
        """Commit with what leaves the store; `before` is the status of the instance before it."""
        filled = self._publishing.filled(commit, before)
        await self.journal.commit(filled)
        self._publishing.stored(filled)

    def _of_turn(self, live: Live, turn: Turn, tags: tuple[str, ...]) -> Commit:
        execution, agenda = turn.execution, live.agenda
        at = turn.entries[-1].recorded_at
        status, wake_up, detail = agenda.status(execution), agenda.look_at(at), agenda.detail(execution)
        commit = self._commit(live, execution, turn.entries, status, at, wake_up, detail)
        mail = () if status in UNFINISHED else self._told_to_parent(live, execution)
        attributes, done = set_in(turn.entries, self.codec), ends_in(turn.entries, self.codec)
        if not (mail or attributes or done or tags):
            return commit
        return replace(commit, mail=mail, attributes=attributes, done=done, tags=tags)

    def _told_to_parent(self, live: Live, execution: Execution) -> tuple[Message, ...]:
        """Return the message that tells the parent of a child that it has ended, whoever owns the parent by then."""
        parent = execution.parent
        return () if parent is None else (end_message(parent, live.id, quiet=self._owns(parent.instance)),)

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
            live.id,
            workflow.name,
            workflow.version,
            expected,
            entries,
            status,
            at,
            self._token(),
            wake_up,
            detail,
            live.owner,
        )

    def _token(self) -> str:
        return f"{self._runtime_id}-{next(self._numbers)}"


def check_has_data(record: InstanceRecord) -> None:
    """Raise `InstanceDataDeleted` for an instance whose data is deleted, or is to be."""
    if record.status in WITHOUT_DATA:
        raise InstanceDataDeleted(record.id)


def is_parked(record: InstanceRecord, agenda: Agenda, execution: Execution) -> bool:
    """Tell whether an instance is paused of which no entry says so: its journal did not fit its workflow."""
    return record.status is Status.PAUSED and agenda.first_problem is None and execution.held is None


def is_of_store(error: Exception) -> bool:
    """Tell whether an error says that the store cannot be used, not that something is wrong with what it stores."""
    return isinstance(error, JournalError) and not isinstance(error, PayloadTooLarge | CorruptEntry | WorkflowDisabled)


def _reason(error: Exception) -> str:
    """Return the error in words that a database can hold."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # __str__ is the user's
        return type(error).__name__
    return storable(text)
