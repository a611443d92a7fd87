"""Who sees to the children of an instance? They are started, told to cancel, and their ends are recorded.

Nobody waits for a child: the commit that ends one has a message to its parent, which any process may own by then. A
parent in this process is told at once, and its commit takes the message away. A runtime that takes a parent over looks
at its children. Everything here may be repeated. The locks of a parent and of a child are never held together.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from interpreters.errors import InstanceDataDeleted, InstanceEnded, InstanceExists, RuntimeStopped, WrongPayload
from interpreters.machine.children import left_address
from interpreters.machine.execution import Active, Bond, ChildLink, Execution
from interpreters.machine.pending import ChildRunning, ChildToCancel, ChildToSee, ChildToStart, Outcome, pending_at
from interpreters.machine.places import place_at
from interpreters.machine.recorded import Note, Parent
from interpreters.machine.recording import (
    cancel_entry,
    child_deleted_entry,
    child_ended_entry,
    child_left_entry,
    pause_entry,
)
from interpreters.machine.turn import turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.childs_end import end_message
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live
from interpreters.runtime.driving.starting import Starting
from interpreters.runtime.journal.storing import Store, is_of_store
from interpreters.runtime.requests.commands import Command, Verb
from interpreters.runtime.sharing.remote import Remote
from journals.codecs import Codec, CodecError
from journals.entries import UNFINISHED, Entry, InstanceRecord
from journals.errors import Conflict, OwnedElsewhere, UnknownInstance


class Children:
    """Sees to the children of the instances of one runtime.

    `live_of` returns an instance in memory by its id; `go_on` lets one that is not go on as its record says. What
    another process owns is reached through `remote`.
    """

    def __init__(
        self,
        store: Store,
        driver: Driver,
        starting: Starting,
        clock: Clock,
        codec: Codec,
        live_of: Callable[[str], Live],
        go_on: Callable[[InstanceRecord], None],
        remote: Remote,
    ) -> None:
        self._store = store
        self._driver = driver
        self._starting = starting
        self._clock = clock
        self._codec = codec
        self._live_of = live_of
        self._go_on = go_on
        self._remote = remote

    async def see_to(self, live: Live, seen: ChildToSee) -> None:
        """Do what an instance has to do for a child, and record what has come of it."""
        child = self._live_of(seen.child.id)
        try:
            ended = await self._store.surely(child, partial(self._seen_to, live, seen, child))
        except InstanceDataDeleted as deleted:
            await self._record(live, seen, partial(child_deleted_entry, error=deleted))
            return
        # Code of the user runs in there: all that a child does first.
        except Exception as fault:
            if is_of_store(fault) or isinstance(fault, RuntimeStopped):
                raise
            await self._record(live, seen, partial(pause_entry, error=fault))
            return
        match seen:
            case ChildToStart() | ChildToCancel():
                await self._record(live, seen, child_left_entry)
            case ChildRunning():
                if ended is not None:
                    await self._record(live, seen, partial(child_ended_entry, outcome=ended))

    async def _seen_to(self, live: Live, seen: ChildToSee, child: Live) -> Outcome | None:
        parent = Parent(live.id, seen.child.step)
        while True:
            try:
                if isinstance(seen, ChildToCancel):
                    await self._cancel(child, parent)
                    return None
                return await self._begin(live, seen, child, parent)
            except Conflict:  # Another process has moved the child on: look again.
                continue

    async def _begin(self, live: Live, seen: ChildToSee, child: Live, parent: Parent) -> Outcome | None:
        """Let a child begin, or go on where it stands. Return how it has ended, if it has."""
        link = seen.child
        async with child.lock:
            if not _stands(live, seen):
                return None
            if child.execution is None or child.execution.parent != parent:
                workflow = self._store.workflow(link.workflow, link.version)
                try:
                    input = self._codec.decode(link.input, workflow.input)
                except CodecError as error:
                    raise WrongPayload(f"The input of child {link.id!r}", str(error)) from error
                try:
                    before = await self._starting.begin(child, workflow, input, parent)
                except InstanceExists as error:
                    raise _taken(error, live.id, link) from error
                if before is not None and before.status in UNFINISHED:
                    self._go_on(before)
                elif before is not None:
                    await self._store.load(child)
            execution = child.execution
        if execution is not None:
            self._driver.start(child)
        return None if execution is None else _recorded_end(execution)

    async def _cancel(self, child: Live, parent: Parent) -> None:
        """Tell a child to cancel, unless it has ended, or has never begun."""
        try:
            await self._cancel_own(child, parent)
        except OwnedElsewhere:
            with suppress(InstanceEnded, InstanceDataDeleted):
                if (await self._remote.execution(child.id)).parent == parent:
                    said = _said_by(parent)
                    told = Command(Verb.CANCEL, said.by, said.text)
                    await self._remote.steer(child.id, told, self._clock.now())

    async def _cancel_own(self, child: Live, parent: Parent) -> None:
        async with child.lock:
            try:
                execution = await self._store.load(child)
            except (UnknownInstance, InstanceDataDeleted):
                return
            if execution.parent != parent or execution.outcome is not None:
                return
            now = self._clock.now()
            entry = cancel_entry(execution, now, _said_by(parent))
            await self._driver.adopt(child, turn(execution, entry, now, self._driver.chance))
        self._driver.start(child)

    def tell_parent(self, child: Live) -> None:
        """Let the parent of a child that has ended record that, without waiting for the message."""
        execution = child.execution
        ended = None if execution is None else _recorded_end(execution)
        if execution is not None and execution.parent is not None and ended is not None:
            live = self._live_of(execution.parent.instance)
            self._driver.spawn(live, partial(self._tell, live, execution.parent, child.id, ended))

    async def look_at(self, live: Live, address: str, child_id: str) -> None:
        """See to a child again that has ended, as another process says, whose parent waits for it at an address."""
        seen = await self._waiting_for(live, address, child_id)
        if seen is not None:
            await self.see_to(live, seen)
        self._driver.start(live)

    async def _tell(self, live: Live, parent: Parent, child_id: str, ended: Outcome) -> None:
        try:
            seen = await self._store.surely(live, partial(self._waiting_for, live, parent.address, child_id))
        except OwnedElsewhere:  # It was given back meanwhile; its owner has the message, and is called by this.
            message = end_message(parent, child_id, quiet=False)
            await self._store.surely(live, partial(self._store.journal.post, message))
            return
        if seen is not None:
            await self._record(live, seen, partial(child_ended_entry, outcome=ended))
        self._driver.start(live)

    async def _waiting_for(self, live: Live, address: str, child_id: str) -> ChildRunning | None:
        """Return what the instance waits for at a step, or where it sees to the child that the step has left."""
        async with live.lock:
            execution = await self._store.load(live)
        for at in (address, left_address(address)):
            seen = _seen_at(execution, place_at(execution, at))
            if isinstance(seen, ChildRunning) and seen.child.id == child_id:
                return seen
        return None

    async def _record(self, live: Live, seen: ChildToSee, entry_of: Callable[..., Entry]) -> None:
        """Record what has come of a child, unless the instance has nothing to do with it any more."""
        async with live.lock:
            if _stands(live, seen):
                await self._driver.noting.note(live, seen.address, partial(_entry, entry_of, seen.address))


def _entry(entry_of: Callable[..., Entry], address: str, execution: Execution, at: datetime) -> Entry:
    return entry_of(execution, address, at=at)


def _said_by(parent: Parent) -> Note:
    """Return what is recorded with the cancel of a child: who gave it, and why."""
    return Note(parent.instance, f"its parent, which has no need of it any more at {parent.address}")


def _seen_at(execution: Execution, active: Active | None) -> object:
    is_child = active is not None and isinstance(active.standing, ChildLink)
    return pending_at(execution, active) if active is not None and is_child else None


def _stands(live: Live, seen: ChildToSee) -> bool:
    """Tell whether the instance still waits there for just that, and is not held: then it looks again afterwards."""
    execution = live.execution
    if execution is None or execution.held is not None:
        return False
    return _seen_at(execution, place_at(execution, seen.address)) == seen


def _taken(error: InstanceExists, parent_id: str, link: ChildLink) -> InstanceExists:
    """Return the error that an id is taken in words for the step that wants it for its child."""
    step = f"So the step {link.step!r} of instance {parent_id!r} cannot have it as its child."
    if link.bond is not Bond.STEP:
        return InstanceExists(
            error.instance_id, error.difference, f"{step} The step is gone, so the id stays as it is."
        )
    mend = "Let the step's `id` function make another id, or leave it out"
    again = f"then resume instance {parent_id!r}: the id is made anew."
    return InstanceExists(error.instance_id, error.difference, f"{step} {mend}; {again}")


def _recorded_end(execution: Execution) -> Outcome | None:
    """Return how an instance has ended, once its journal has it."""
    ended = execution.outcome
    return Outcome(ended.outcome, True) if ended is not None and ended.recorded else None
