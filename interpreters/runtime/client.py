"""Who uses workflows without running them? A client: it starts, asks and waits; members of the store do the work."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from returns.result import Result

from interpreters.errors import RuntimeStopped
from interpreters.machine.pending import Pending
from interpreters.machine.recorded import Note
from interpreters.machine.transition import JSON
from interpreters.machine.turn import Turn, first_turn
from interpreters.runtime.arguments import durations_given, journal_given, tags_given, workflows_given
from interpreters.runtime.driving.same_start import existing
from interpreters.runtime.driving.within import begin_within, start_of
from interpreters.runtime.explaining.asking_why import reason_of
from interpreters.runtime.explaining.why import Reason
from interpreters.runtime.instance import Instance
from interpreters.runtime.journal.reading import read_all
from interpreters.runtime.keeping.deleting import request_deletion
from interpreters.runtime.oversight import Oversight
from interpreters.runtime.registry import by_name_and_version, check_registered
from interpreters.runtime.requests.commands import Command
from interpreters.runtime.requests.tasking import OfferedTask, Report
from interpreters.runtime.rounds import LOOK_AGAIN, LookAgain
from interpreters.runtime.sharing.remote import Remote
from interpreters.runtime.telling.following import Following, News
from interpreters.runtime.telling.hooks import with_call
from journals.codecs import Codec
from journals.entries import Entry
from journals.errors import Conflict, UnknownInstance
from journals.ports import Journal, Listener
from journals.validation import validate_id
from wio.signals import Query, Signal
from wio.workflow import Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")
R = TypeVar("R")
Req = TypeVar("Req")
Resp = TypeVar("Resp")


class Client(Oversight, Following):
    """Starts and uses the instances of some workflows, which other processes run, inside `async with`.

    It runs nothing: no effect, no timer. A query or a result is read from the journal; a signal and whatever else
    changes an instance is stored as a message, which the instance's owner does and answers, whoever that is by then.
    The workflows are needed to read what the journal holds. `look_again` is as for `Runtime`, and so are the errors.
    """

    def __init__(
        self,
        journal: Journal,
        workflows: Iterable[Workflow[Any, Any, Any]],
        *,
        codec: Codec | None = None,
        look_again: LookAgain = LOOK_AGAIN,
    ) -> None:
        self.journal = journal_given(journal)
        self._codec = codec or JSON
        given = workflows_given(workflows, "Client(journal, [workflow])")
        self._workflows = by_name_and_version(given, self._codec, strict=False)
        self.news = News()
        self._look_again = durations_given(look_again, "look_again")
        self._remote = Remote(self.journal, self._workflows, self._codec, self.news, look_again=self._look_again)
        self._random = random.Random()
        self._listener: Listener | None = None

    async def __aenter__(self) -> Self:
        await self.journal.open()
        try:
            self._listener = await self.journal.listen(self._remote.hear)
        except BaseException:
            await self.journal.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        listener, self._listener = self._listener, None
        try:
            if listener is not None:
                await listener.close()
        finally:
            self._remote.stop()
            await self.journal.close()

    async def start(
        self, workflow: Workflow[A, E, B], *, id: str, input: A, tags: Iterable[str] = (), within: object | None = None
    ) -> Instance[E, B]:
        """Start an instance for whoever can run it; attach to it when it was started with the same input.

        When it returns, the start is in the journal; with `within`, a connection on which the caller has a transaction
        open, it is there when that is committed. Raises like `Runtime.start`.
        """
        listener = self._open_listener()
        validate_id(id)
        check_registered(self._workflows, workflow)
        first = first_turn(workflow, input, listener.now(), self._codec, self._random.random, id=id)
        given = tags_given(tags)
        if within is not None:
            await begin_within(self.journal, within, workflow, id, first, self._codec, given)
            return Instance(self, workflow, id)
        while not await self._is_there(workflow, id, first, given):
            pass  # What had the id was removed just now, so that it is free.
        return Instance(self, workflow, id)

    async def _is_there(self, workflow: Workflow[Any, Any, Any], id: str, first: Turn, tags: tuple[str, ...]) -> bool:
        """Store the start of an instance, or find that it was started so. Return False for one that is gone."""
        try:
            await self.journal.commit(await with_call(self.journal, start_of(id, first, tags)))
        except Conflict:
            with suppress(UnknownInstance):
                await existing(self.journal, self._codec, id, workflow, first.entries[0])
                return True
            return False
        return True

    # What the handle of an instance asks for

    async def deliver(self, id: str, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp:
        """Deliver a signal; see `Instance.signal`."""
        self._open_listener()
        return await self._remote.deliver(id, signal, request, key)

    async def send(self, id: str, signal: Signal[Req, Any], request: Req, key: str | None) -> None:
        """Send a signal without waiting for its turn; see `Instance.send`."""
        self._open_listener()
        await self._remote.send(id, signal, request, key)

    async def answer(self, id: str, question: Query[R]) -> R:
        """Answer a query; see `Instance.query`."""
        self._open_listener()
        return await self._remote.answer(id, question)

    async def result(self, id: str) -> Result[Any, Any]:
        """Wait for the end of an instance; see `Instance.result`."""
        self._open_listener()
        return await self._remote.result(id)

    async def pending(self, id: str) -> tuple[Pending, ...]:
        """Return all that an instance waits for. Raises `UnknownInstance` or `InstancePaused` when it is parked."""
        self._open_listener()
        return await self._remote.pending(id)

    async def why(self, id: str) -> Reason:
        """Return why an instance does not go on, and what can be done. Nothing is changed. Raises `UnknownInstance`.

        It also answers for workflows that this client was not given, by their records.
        """
        now = self._open_listener().now
        return await reason_of(self.journal, self._workflows, self._codec, id, now)

    async def tasks(self, id: str) -> tuple[OfferedTask[Any], ...]:
        """Return the tasks of an instance; see `Instance.tasks`."""
        self._open_listener()
        return await self._remote.tasks(id)

    async def report(self, id: str, report: Report) -> None:
        """Let what somebody reports of a task be recorded; see `Instance.claim` and what follows there."""
        self._open_listener()
        await self._remote.report(id, report)

    async def steer(self, id: str, command: Command) -> None:
        """Let an instance be paused, resumed and so on; see `Instance.pause` and what follows there."""
        now = self._open_listener().now()
        await self._remote.steer(id, command, now)

    async def request_data_deletion(self, id: str, note: Note) -> None:
        """Let the data of an instance be deleted; see `Instance.request_data_deletion`."""
        now = self._open_listener().now()
        await request_deletion(self.journal, self._codec, id, note, now)

    async def history(self, id: str) -> tuple[Entry, ...]:
        """Return all entries of an instance; see `Instance.history`."""
        return await read_all(self.journal, id)

    def _check_running(self) -> None:
        self._open_listener()

    def _open_listener(self) -> Listener:
        if self._listener is None:
            raise RuntimeStopped("async with Client(...)")
        return self._listener
