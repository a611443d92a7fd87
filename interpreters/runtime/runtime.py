"""Who runs workflows? A runtime: one process, one journal, many instances."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from returns.result import Result

from interpreters.errors import (
    DraftReached,
    InstanceCancelled,
    InstanceEnded,
    InstanceExists,
    InstanceFailed,
    InstancePaused,
    InstanceStuck,
    NotPaused,
    RuntimeStopped,
    UnknownWorkflow,
    UnsoundWorkflow,
)
from interpreters.lint.finding import Finding, Level
from interpreters.lint.rules import doubts, problems
from interpreters.machine.pending import Pending, answer, pending
from interpreters.machine.questions import drafts, with_children
from interpreters.machine.recording import cancel_entry, resume_entry
from interpreters.machine.transition import JSON
from interpreters.machine.turn import turn
from interpreters.runtime.arguments import duration_given, journal_given, workflows_given
from interpreters.runtime.calls import Calls
from interpreters.runtime.children import Children
from interpreters.runtime.clock import Clock, SystemClock
from interpreters.runtime.driver import Driver
from interpreters.runtime.instance import Instance
from interpreters.runtime.live import Live, LiveInstances
from interpreters.runtime.signalling import Signalling
from interpreters.runtime.starting import Starting
from interpreters.runtime.storing import Store
from interpreters.runtime.tasking import OfferedTask, Tasking
from interpreters.runtime.threads import Threads, Workers
from interpreters.runtime.wakeups import WakeUps
from journals.codecs import Codec, JsonCodec
from journals.entries import Entry, InstanceRecord, Kind, Status
from journals.errors import JournalError
from journals.ports import Journal
from journals.validation import validate_id
from wio.errors import InvalidDefinition
from wio.signals import Query, Signal
from wio.workflow import Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")
R = TypeVar("R")
Req = TypeVar("Req")
Resp = TypeVar("Resp")

_PAGE = 1_000
_MOST_WARNINGS = 100
_LOG = logging.getLogger("wio.runtime")


class Runtime:
    """Runs the instances of some workflows on a journal, inside `async with`.

    On entry it opens the journal and, unless `recover` is False, goes on with every unfinished instance. On exit it
    starts nothing more, gives running effects `grace` to end, and closes the journal. Instances that have not
    ended go on when a runtime starts again. Use one runtime for a journal at a time.

    `workers` runs the effects that are plain functions, by default in up to 64 threads; `most_idle` bounds how many
    suspended instances stay in memory. Workflows that are used as children in these are known too. What is doubtful in
    a workflow is said in the log; see `lint`. Raises `DraftReached` for a workflow that has drafts, `UnsoundWorkflow`
    for one whose structure cannot be meant, or with `strict` for one that is doubtful, and `InvalidDefinition` when two
    workflows have the same name and version, or an argument is of another kind.
    """

    def __init__(
        self,
        journal: Journal,
        workflows: Iterable[Workflow[Any, Any, Any]],
        *,
        codec: Codec | None = None,
        clock: Clock | None = None,
        grace: timedelta = timedelta(seconds=10),
        recover: bool = True,
        workers: Workers | None = None,
        most_idle: int = 1_000,
        strict: bool = False,
    ) -> None:
        self.journal = journal_given(journal)
        self._codec = codec or JSON
        given = workflows_given(workflows, "Runtime(journal, [workflow])")
        self._workflows = _by_name_and_version(given, self._codec, strict=strict)
        self._clock = clock or SystemClock()
        self._grace = duration_given(grace, "grace")
        self._recovers = recover
        self._workers = workers or Threads(64)
        self._most_idle = most_idle
        self._running = False

    async def __aenter__(self) -> Self:
        await self.journal.open()
        self._store = Store(self.journal, self._workflows, self._codec, self._clock)
        self._live = LiveInstances(self._most_idle)
        self._driver = Driver(self._store, self._clock, self._workers, self._live.drop_idle)
        self._driver.wake_ups = self._wake_ups = WakeUps(self._clock, self._wake)
        self._starting = Starting(self.journal, self._driver, self._clock, self._codec)
        self._driver.children = Children(
            self._store, self._driver, self._starting, self._clock, self._codec, self._live.get, self._go_on
        )
        self._calls = Calls()
        self._signalling = Signalling(self._store, self._driver, self._calls, self._clock, self._workers, self._codec)
        self._tasking = Tasking(self._store, self._driver, self._calls, self._clock, self._codec)
        self._running = True
        try:
            if self._recovers:
                await self._recover()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._driver.stopping = True
        try:
            await self._come_to_rest()
            await self._wake_ups.stop()
        finally:
            for live in self._live.all():
                live.wake_result_waiters(RuntimeStopped())
                live.refuse_kept(RuntimeStopped())
            self._workers.close()
            await self.journal.close()

    async def start(self, workflow: Workflow[A, E, B], *, id: str, input: A) -> Instance[E, B]:
        """Start an instance under an id of the caller's choice; attach to it when it was started with the same input.

        When it returns, the start is in the journal. Raises `InstanceExists` when the id is taken by another
        workflow or input, `UnknownWorkflow`, `WrongPayload`, `PayloadTooLarge`, or `InvalidCommit` for a bad id.
        """
        self._check_running()
        validate_id(id)
        self._registered(workflow)
        await self._calls.finish(self._start(self._live.get(id), workflow, input))
        return Instance(self, workflow, id)

    async def _start(self, live: Live, workflow: Workflow[A, Any, Any], input: A) -> None:
        async with live.lock:
            before = await self._starting.begin(live, workflow, input)
            if before is not None and before.status is not Status.PAUSED:
                await self._store.load(live)
        self._driver.start(live)

    async def instance(self, workflow: Workflow[Any, E, B], id: str) -> Instance[E, B]:
        """Return the handle of an instance that exists.

        Raises `UnknownInstance`, or `InstanceExists` when it is an instance of another workflow.
        """
        self._check_running()
        record = await self.journal.find(id)
        if record.workflow != workflow.name:
            raise InstanceExists(id, f"workflow {record.workflow!r}, not {workflow.name!r}")
        return Instance(self, workflow, id)

    async def instances(
        self, *, statuses: frozenset[Status] | None = None, after: str = "", most: int = 100
    ) -> tuple[InstanceRecord, ...]:
        """Return records of instances with `id > after`, in the order of their ids."""
        self._check_running()
        return await self.journal.find_all(statuses=statuses, after=after, most=most)

    async def idle(self) -> None:
        """Return when no instance has anything to do but wait for a signal, a later time or an operator.

        What is due by the clock begins first. Raises `RuntimeStopped`.
        """
        self._check_running()
        self._wake_ups.wake_due()
        while self._driver.running:
            await asyncio.wait(self._driver.running)
            self._wake_ups.wake_due()

    def next_wake_up(self) -> datetime | None:
        """Return the nearest time at which an instance of this runtime goes on by itself, or None."""
        return self._wake_ups.nearest()

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is being done at this moment: no effect, no commit, no signal."""
        return not any(live.is_busy for live in self._live.all())

    # What the handle of an instance asks for

    async def deliver(self, id: str, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp:
        """Deliver a signal; see `Instance.signal`."""
        self._check_running()
        return await self._signalling.deliver(self._live.get(id), signal, request, key)

    async def send(self, id: str, signal: Signal[Req, Any], request: Req, key: str | None) -> None:
        """Send a signal without waiting for its turn; see `Instance.send`."""
        self._check_running()
        await self._signalling.send(self._live.get(id), signal, request, key)

    async def answer(self, id: str, question: Query[R]) -> R:
        """Answer a query; see `Instance.query`."""
        self._check_running()
        live = self._live.get(id)
        await self._look(live)
        if live.execution is None:
            async with live.lock:
                return answer(await self._store.load(live), question)
        return answer(live.execution, question)

    async def result(self, id: str) -> Result[Any, Any]:
        """Wait for the end of an instance; see `Instance.result`."""
        self._check_running()
        live = self._live.get(id)
        await self._look(live)
        while True:
            self._check_running()
            if live.execution is None:
                async with live.lock:
                    await self._store.load(live)
            outcome, problem = live.outcome, live.agenda.first_problem
            if outcome is not None:
                if outcome.is_cancelled:
                    raise InstanceCancelled(id)
                if outcome.given_up is not None:
                    raise InstanceFailed(id, outcome.given_up)
                return outcome.result
            if live.status is Status.STUCK and live.execution is not None:
                raise InstanceStuck(id, live.agenda.detail(live.execution))
            if live.status is Status.PAUSED and problem is not None:
                raise InstancePaused(id, problem.address, str(problem.problem), problem.remaining)
            self._check_running()
            self._driver.start(live)
            ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            live.result_waiters.add(ended)
            try:
                await ended
            finally:
                live.result_waiters.discard(ended)

    async def _look(self, live: Live) -> None:
        """Notice what another process has done to an instance, and go on from there."""
        if await self._store.load_newest(live) and not self._driver.stopping:
            self._driver.start(live)

    async def pending(self, id: str) -> tuple[Pending, ...]:
        """Return all that an instance waits for. Raises `UnknownInstance` or `InstancePaused` when it is parked."""
        self._check_running()
        live = self._live.get(id)
        async with live.lock:
            return pending(await self._store.load(live))

    async def resume(self, id: str) -> None:
        """Let a paused instance go on; see `Instance.resume`."""
        self._check_running()
        await self._calls.finish(self._resume(self._live.get(id)))

    async def _resume(self, live: Live) -> None:
        async with live.lock:
            execution = await self._store.load(live, resuming=True)
            if live.agenda.first_problem is not None:
                await self._resume_places(live)
            elif live.status is Status.PAUSED:  # it was parked: nothing in its entries says so
                try:
                    await self._store.mark(live, execution, Status.WAITING)
                except JournalError:
                    live.forget()
                    raise
            else:
                raise NotPaused(live.id)
        self._driver.start(live)

    async def _resume_places(self, live: Live) -> None:
        """Resume every place that is paused now; one that is paused anew by its resume stays so."""
        for paused in live.agenda.problems():
            now = self._clock.now()
            if live.execution is not None:
                entry = resume_entry(live.execution, paused.address, now)
                await self._driver.adopt(live, turn(live.execution, entry, now, self._driver.chance))

    async def cancel(self, id: str) -> None:
        """Cancel an instance; see `Instance.cancel`."""
        self._check_running()
        await self._calls.finish(self._cancel(self._live.get(id)))

    async def _cancel(self, live: Live) -> None:
        async with live.lock:
            execution = await self._store.load(live)
            if live.outcome is not None:
                raise InstanceEnded(live.id, live.agenda.status(execution).value)
            now = self._clock.now()
            await self._driver.adopt(live, turn(execution, cancel_entry(execution, now), now, self._driver.chance))
        self._driver.start(live)

    async def tasks(self, id: str) -> tuple[OfferedTask[Any], ...]:
        """Return the tasks of an instance; see `Instance.tasks`."""
        self._check_running()
        return await self._tasking.offered(self._live.get(id))

    async def claim(self, id: str, address: str, by: str) -> None:
        """Claim a task; see `Instance.claim`."""
        self._check_running()
        await self._tasking.claim(self._live.get(id), address, by)

    async def note(self, id: str, address: str, kind: Kind, by: str, text: str) -> None:
        """Record something in the life of a claimed task; see `Instance.heartbeat`."""
        self._check_running()
        await self._tasking.note(self._live.get(id), address, kind, by, text)

    async def delegate(self, id: str, address: str, to: object, by: str, reason: str) -> None:
        """Offer a task to somebody else; see `Instance.delegate`."""
        self._check_running()
        await self._tasking.delegate(self._live.get(id), address, to, by, reason)

    async def answer_task(
        self, id: str, address: str, kind: Kind, answer: object, by: str, reason: str, key: str | None
    ) -> None:
        """Answer a task; see `Instance.complete`."""
        self._check_running()
        await self._tasking.answer(self._live.get(id), address, kind, answer, by, reason, key)

    async def history(self, id: str) -> tuple[Entry, ...]:
        """Return all entries of an instance; see `Instance.history`."""
        entries: list[Entry] = []
        while page := await self.journal.read(id, after=len(entries), most=_PAGE):
            entries.extend(page)
        return tuple(entries)

    # Life cycle

    async def _recover(self) -> None:
        after = ""
        unfinished = frozenset({Status.RUNNING, Status.WAITING, Status.PAUSED})
        while records := await self.journal.find_all(statuses=unfinished, after=after, most=_PAGE):
            for record in records:
                self._go_on(record)
            after = records[-1].id

    def _go_on(self, record: InstanceRecord) -> None:
        """Let an instance go on of which only its record is known: at once, at its time, or when it is asked."""
        if (record.workflow, record.version) not in self._workflows:
            _LOG.warning(
                "Instance %s waits for a runtime with workflow %s version %d",
                record.id,
                record.workflow,
                record.version,
            )
        elif record.status is Status.RUNNING:
            self._driver.start(self._live.get(record.id))
        elif record.wake_up is not None:
            self._wake_ups.set(record.id, record.wake_up)

    def _wake(self, id: str) -> None:
        self._driver.start(self._live.get(id))

    async def _come_to_rest(self) -> None:
        """Wait for all that is being done, `grace` long; then break it off."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._grace.total_seconds()
        while running := self._driver.running | self._calls.running:
            _, late = await asyncio.wait(running, timeout=max(0.0, latest - loop.time()))
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    def _registered(self, workflow: Workflow[Any, Any, Any]) -> None:
        registered = self._store.workflow(workflow.name, workflow.version)
        if registered is not workflow and registered != workflow:
            raise UnknownWorkflow(
                workflow.name,
                workflow.version,
                (f"another definition of {workflow.name} version {workflow.version}",),
            )

    def _check_running(self) -> None:
        if not self._running:
            raise RuntimeStopped


def _by_name_and_version(
    workflows: Iterable[Workflow[Any, Any, Any]], codec: Codec, *, strict: bool
) -> dict[tuple[str, int], Workflow[Any, Any, Any]]:
    found: dict[tuple[str, int], Workflow[Any, Any, Any]] = {}
    for workflow in with_children(workflows):
        missing = drafts(workflow)
        if missing:
            raise DraftReached(f"Workflow {workflow.name!r} version {workflow.version}", missing)
        unsound = problems(workflow) or (_doubts(workflow, codec) if strict else ())
        if unsound:
            said = tuple(f"{finding.address or 'the workflow'}: {finding.message}" for finding in unsound)
            raise UnsoundWorkflow(workflow.name, workflow.version, said)
        key = (workflow.name, workflow.version)
        if key in found and found[key] != workflow:
            raise InvalidDefinition(
                f"Two workflows are called {workflow.name!r} version {workflow.version}."
                " Give the newer one the next version."
            )
        found[key] = workflow
    for workflow in found.values():
        _warn(workflow, _doubts(workflow, codec))
    return found


def _doubts(workflow: Workflow[Any, Any, Any], codec: Codec) -> tuple[Finding, ...]:
    """Return what is doubtful in a workflow; of its types only where the rules know the codec that keeps them."""
    return doubts(workflow, in_json=type(codec) is JsonCodec and not codec.names)


def _warn(workflow: Workflow[Any, Any, Any], doubtful: tuple[Finding, ...]) -> None:
    name, version = workflow.name, workflow.version
    warnings = [finding for finding in doubtful if finding.level is Level.WARNING]
    for finding in warnings[:_MOST_WARNINGS]:
        where = f", at {finding.address}" if finding.address else ""
        _LOG.warning("Workflow %s version %d%s: %s (%s)", name, version, where, finding.message, finding.rule)
    left = len(warnings) - _MOST_WARNINGS
    if left > 0:
        _LOG.warning("Workflow %s version %d: %d more warnings; lint(workflow) returns them all", name, version, left)
