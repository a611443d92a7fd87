"""What does a runtime do when an instance is asked for something? It does that itself, where it can own the instance.

Where another process owns the instance, that one is asked by a message, or the answer is read from the journal, as a
client does. What other processes ask by messages of what is owned here is done here, too.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, TypeVar

from returns.result import Result

from interpreters.errors import InstanceCancelled, InstanceFailed, InstancePaused, InstanceStuck
from interpreters.machine.execution import Execution
from interpreters.machine.pending import answer
from interpreters.machine.recorded import Note
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving import childs_end
from interpreters.runtime.driving.children import Children
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live, LiveInstances, check_not_held
from interpreters.runtime.entered import Entered
from interpreters.runtime.journal.reading import read_all
from interpreters.runtime.journal.storing import Store
from interpreters.runtime.keeping.deleting import request_deletion
from interpreters.runtime.requests.commands import Command, command_in
from interpreters.runtime.requests.signalling import Signalling
from interpreters.runtime.requests.steering import Steering
from interpreters.runtime.requests.tasking import OfferedTask, Report, Tasking
from interpreters.runtime.sharing.claiming import Claiming
from interpreters.runtime.sharing.remote import Remote, UnknownOperation, report_in, signal_key
from journals.codecs import Codec
from journals.entries import Entry, Message, Payload, Status
from journals.errors import JournalClosed, OwnedElsewhere
from wio.signals import Query, Signal

R = TypeVar("R")
Req = TypeVar("Req")
Resp = TypeVar("Resp")


class Serving(Entered):
    """Is what `Runtime` does for the handles of its instances, inside `async with`; see `instance.Host`.

    The rooms are made by the runtime when it is entered.
    """

    _codec: Codec
    _clock: Clock
    _lives: LiveInstances
    _store: Store
    _driver: Driver
    _claiming: Claiming
    _children: Children
    _signalling: Signalling
    _steering: Steering
    _tasking: Tasking
    _remote: Remote

    async def deliver(self, id: str, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp:
        """Deliver a signal; see `Instance.signal`."""
        self._check_running()
        try:
            return await self._signalling.deliver(self._lives.get(id), signal, request, key)
        except OwnedElsewhere:
            return await self._remote.deliver(id, signal, request, key)

    async def send(self, id: str, signal: Signal[Req, Any], request: Req, key: str | None) -> None:
        """Send a signal without waiting for its turn; see `Instance.send`."""
        self._check_running()
        try:
            await self._signalling.send(self._lives.get(id), signal, request, key)
        except OwnedElsewhere:
            await self._remote.send(id, signal, request, key)

    async def answer(self, id: str, question: Query[R]) -> R:
        """Answer a query; see `Instance.query`."""
        self._check_running()
        live = self._lives.get(id)
        is_under_way = live.execution is not None and live.outcome is None
        execution = live.execution if is_under_way else await self._load(live)
        return await self._remote.answer(id, question) if execution is None else answer(execution, question)

    async def result(self, id: str) -> Result[Any, Any]:
        """Wait for the end of an instance; see `Instance.result`."""
        live = self._lives.get(id)
        has_ended = live.outcome is not None  # before; else what is in memory is the truth
        while True:
            self._check_running()
            if (live.execution is None or has_ended) and await self._load_surely(live) is None:
                return await self._remote.result(id)
            outcome, problem = live.outcome, live.agenda.first_problem
            if outcome is not None:
                if outcome.is_cancelled:
                    raise InstanceCancelled(id)
                if outcome.given_up is not None:
                    raise InstanceFailed(id, outcome.given_up)
                return outcome.result
            if live.status is Status.STUCK and live.execution is not None:
                raise InstanceStuck(id, live.agenda.detail(live.execution))
            if live.execution is not None:
                check_not_held(id, live.execution)
            if live.status is Status.PAUSED and problem is not None:
                raise InstancePaused(id, problem.address, str(problem.problem), problem.remaining)
            self._check_running()
            if not live.tasks:  # what is done for it now goes on with it
                self._driver.start(live)
            ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            live.result_waiters.add(ended)
            try:
                await ended
            finally:
                live.result_waiters.discard(ended)

    async def steer(self, id: str, command: Command) -> None:
        """Do what an operator asks of an instance; see `Instance.pause` and what follows there."""
        self._check_running()
        try:
            await self._steering.obey(self._lives.get(id), command)
        except OwnedElsewhere:
            await self._remote.steer(id, command, self._clock.now())

    async def request_data_deletion(self, id: str, note: Note) -> None:
        """Let the data of an instance be deleted; see `Instance.request_data_deletion`."""
        self._check_running()
        await request_deletion(self.journal, self._codec, id, note, self._clock.now())
        self._claiming.look()

    async def tasks(self, id: str) -> tuple[OfferedTask[Any], ...]:
        """Return the tasks of an instance; see `Instance.tasks`."""
        self._check_running()
        try:
            return await self._tasking.offered(self._lives.get(id))
        except OwnedElsewhere:
            return await self._remote.tasks(id)

    async def report(self, id: str, report: Report) -> None:
        """Record what somebody reports of a task; see `Instance.claim` and what follows there."""
        self._check_running()
        try:
            await self._tasking.tell(self._lives.get(id), report)
        except OwnedElsewhere:
            await self._remote.report(id, report)

    async def history(self, id: str) -> tuple[Entry, ...]:
        """Return all entries of an instance; see `Instance.history`."""
        return await read_all(self.journal, id)

    async def _perform(self, live: Live, message: Message) -> Payload | None:
        """Do what another process asks of an instance."""
        match message.operation:
            case "signal" | "send" as operation if message.payload is not None:
                key, waits = signal_key(message), operation == "signal"
                return await self._signalling.deliver_encoded(live, message.name, message.payload, key, waits=waits)
            case "command" if message.payload is not None:
                await self._steering.obey(live, command_in(message))
            case "task" if message.payload is not None:
                await self._tasking.tell(live, report_in(message.payload))
            case childs_end.OPERATION:
                await self._children.look_at(live, message.name, childs_end.child_of(message))
            case other:
                raise UnknownOperation(other)
        return None

    async def _load(self, live: Live) -> Execution | None:
        """Return where an instance stands; None when another process owns it."""
        async with live.lock:
            try:
                return await self._store.load(live)
            except OwnedElsewhere:
                return None

    async def _load_surely(self, live: Live) -> Execution | None:
        """Return the same, however long the store is away. Raises `RuntimeStopped` as soon as it will not come back."""
        try:
            return await self._store.surely(live, partial(self._load, live))
        except JournalClosed:
            self._check_running()
            raise
