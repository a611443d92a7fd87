"""Who runs workflows? A runtime: one process, one journal that it may share with others, many instances."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

from interpreters.errors import (
    RuntimeStopped,
)
from interpreters.machine.pending import Pending, pending
from interpreters.machine.transition import JSON
from interpreters.runtime.arguments import (
    deaths_given,
    duration_given,
    durations_given,
    journal_given,
    scrubber_given,
    tags_given,
    workflows_given,
)
from interpreters.runtime.attempts.threads import Threads, Workers
from interpreters.runtime.attempts.transacting import check_transactions
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.calls import Calls
from interpreters.runtime.driving.children import Children
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live, LiveInstances
from interpreters.runtime.driving.starting import Starting
from interpreters.runtime.driving.wakeups import WakeUps
from interpreters.runtime.explaining.asking_why import reason_of
from interpreters.runtime.explaining.why import Reason
from interpreters.runtime.instance import Instance
from interpreters.runtime.journal.storing import Store
from interpreters.runtime.keeping.deleting import Deleting
from interpreters.runtime.keeping.housekeeping import Housekeeping
from interpreters.runtime.keeping.retention import Retention
from interpreters.runtime.oversight import MOST_COUNTED, Oversight, stranded_counts
from interpreters.runtime.registry import by_name_and_version, check_registered
from interpreters.runtime.requests.signalling import Signalling
from interpreters.runtime.requests.steering import Steering
from interpreters.runtime.requests.tasking import Tasking
from interpreters.runtime.rounds import LOOK_AGAIN, LookAgain
from interpreters.runtime.serving import Serving
from interpreters.runtime.sharing.claiming import NO_INSTANCE, Claiming
from interpreters.runtime.sharing.mail import Mail as MailRoom
from interpreters.runtime.sharing.membership import Membership, StoreClock
from interpreters.runtime.sharing.remote import Remote
from interpreters.runtime.sharing.suspects import MOST_DEATHS, Suspects
from interpreters.runtime.telling.delivering import OUTBOX, Delivering, Receive
from interpreters.runtime.telling.following import Following, News
from interpreters.runtime.telling.hooks import HookRoom, Hooks
from interpreters.runtime.telling.publishing import Publisher, Publishing, given_out, publisher_given
from journals.codecs import Codec
from journals.entries import InstanceRecord, Status
from journals.errors import JournalError, OwnedElsewhere
from journals.ports import Journal
from journals.scrubbing import Scrubber, without_text
from journals.sharing import Lost, Mail, Missed, Notice, ToDeliver, Work
from journals.validation import validate_id
from wio.errors import WioError
from wio.workflow import Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")
R = TypeVar("R")
Req = TypeVar("Req")
Resp = TypeVar("Resp")

_PAGE = 1_000
_LOG = logging.getLogger("wio.runtime")


class Runtime(Serving, Oversight, Following):
    """Runs the instances of some workflows on a journal, inside `async with`.

    On entry it opens the journal and, unless `recover` is False, claims every instance that has something to do and
    that no other runtime owns, then and later. On exit it starts nothing more, gives running effects `grace` to end,
    gives every instance back, and closes the journal. Any number of runtimes, in any processes, may share a journal.

    `workers` runs the effects that are plain functions, by default in up to 64 threads; `most_idle` bounds how many
    suspended instances stay in memory; `look_again` is after how long, at least and at most, it looks by itself for
    what there is to do, should a notice of the store have been lost. What was there when `most_deaths` processes in a
    row died, the last ones with no other suspect, is parked until somebody resumes it. `retention` says how long
    instances of these workflows are kept after their end: 30 days, unless it is given; for ever, where only a clock is
    given. `publisher` gets what workflows publish; `hooks` are called when instances pause or end, for all workflows or
    for each by its name. Workflows that are used as children in these are known too. `scrubber` says what is left of a
    payload when an instance's data is deleted. What is doubtful in a workflow is said in the log; see `lint`. Raises
    `DraftReached` for a workflow that has drafts, `UnsoundWorkflow` for one whose structure cannot be meant, or with
    `strict` for one that is doubtful, `NoTransactions` for a step in a transaction that the journal does not have, and
    `InvalidDefinition` when two workflows have the same name and version, or an argument is of another kind.
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
        most_running: int = 1_000,
        most_deaths: int = MOST_DEATHS,
        retention: Retention | None = None,
        strict: bool = False,
        look_again: LookAgain = LOOK_AGAIN,
        publisher: Publisher | None = None,
        hooks: Hooks | Mapping[str, Hooks] | None = None,
        scrubber: Scrubber = without_text,
    ) -> None:
        self.journal = journal_given(journal)
        self._codec = codec or JSON
        given = workflows_given(workflows, "Runtime(journal, [workflow])")
        self._workflows = by_name_and_version(given, self._codec, strict=strict)
        check_transactions(self.journal, self._workflows.values())
        self._given_clock = clock
        self._grace = duration_given(grace, "grace")
        self._recovers = recover
        self._workers = workers or Threads(64)
        self._most_idle = most_idle
        self._most_running = most_running
        self._most_deaths = deaths_given(most_deaths)
        self._publisher = publisher_given(publisher)
        names = frozenset(name for name, _ in self._workflows)
        self._hooks = HookRoom(hooks, names, self._workers)
        self.news = News()
        self._scrubber = scrubber_given(scrubber)
        self._retention = retention if retention is not None or clock is not None else Retention()
        self._look_again = durations_given(look_again, "look_again")
        self._running = False
        self._refusal: JournalError | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.journal.open()
        self._refusal, self._stopping, self._is_over = None, None, asyncio.Event()
        self._membership = Membership(self.journal, self._workflows, self._hear)
        self._membership.refused.add_done_callback(self._refused)
        clock = self._given_clock or StoreClock(self._membership)
        self._clock = clock
        self._wake_ups = WakeUps(clock, self._wake)
        self._lives = LiveInstances(self._most_idle, self._make_room)
        self._mail = MailRoom(self._membership, self._lives, self._perform, self._put_off)
        self._delivering = Delivering(
            self._receivers(),
            self._membership,
            self._wake_ups,
            clock,
            is_given=self._given_clock is not None,
            look_again=self._look_again,
        )
        publishing = Publishing(self._codec, self._hooks, self._delivering.look)
        self._suspects = Suspects(
            self.journal, self._membership, self._codec, clock, self._most_deaths, self._mail.refuse, publishing
        )
        self._store = Store(
            self.journal,
            self._membership,
            self._workflows,
            self._codec,
            clock,
            self._owns,
            self._loaded,
            self._collect,
            self._suspects,
            publishing,
        )
        self._driver = Driver(self._store, clock, self._workers, self._came_to_rest)
        self._driver.wake_ups = self._wake_ups
        self._starting = Starting(self.journal, self._membership, self._driver, clock, self._codec)
        self._remote = Remote(self.journal, self._workflows, self._codec, self.news, look_again=self._look_again)
        self._children = Children(
            self._store, self._driver, self._starting, clock, self._codec, self._lives.get, self._go_on, self._remote
        )
        self._driver.children = self._children
        self._calls = Calls()
        self._signalling = Signalling(self._store, self._driver, self._calls, clock, self._workers, self._codec)
        self._tasking = Tasking(self._store, self._driver, self._calls, clock, self._codec)
        self._steering = Steering(self._store, self._membership, self._driver, self._calls, clock)
        deleting = Deleting(self._store, self._membership, self._driver, clock, self._scrubber)
        self._claiming = Claiming(
            self._membership,
            self._lives,
            self._driver,
            self._wake_ups,
            self._mail.collect,
            deleting.begin,
            clock,
            self._most_running,
            is_given=self._given_clock is not None,
            look_again=self._look_again,
        )
        names = frozenset(name for name, _ in self._workflows)
        keeping = self._retention or Retention.forever()
        self._housekeeping = Housekeeping(self.journal, self._lives, names, keeping, self._codec, clock)
        self._running = True
        try:
            await self._membership.join()
            await self._hooks.agree(self.journal)
            if self._recovers:
                await self._claiming.begin()
                if self._retention is not None:
                    self._housekeeping.begin()
                await self._say_what_is_left()
            self._delivering.begin()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._is_over.set()
        try:
            await (self._stopping or self._stop())
        finally:
            self._let_go(RuntimeStopped())
            self._workers.close()
            await self.journal.close()

    async def start(
        self, workflow: Workflow[A, E, B], *, id: str, input: A, tags: Iterable[str] = (), within: object | None = None
    ) -> Instance[E, B]:
        """Start an instance under an id of the caller's choice; attach to it when it was started with the same input.

        When it returns, the start is in the journal; with `within`, a connection on which the caller has a transaction
        open, it is there when that is committed, and then whoever comes first goes on with it. The instance is found by
        its `tags`; those of the first start stay. Raises `InstanceExists` when the id is taken by another workflow or
        input, `UnknownWorkflow`, `WorkflowDisabled`, `WrongPayload`, `PayloadTooLarge`, or `InvalidCommit` for a bad id
        or tag; with `within` also `NoTransactions`, `WrongConnection`, `NotAJournal`, and what the driver raises.
        """
        self._check_running()
        validate_id(id)
        check_registered(self._workflows, workflow)
        given = tags_given(tags)
        if within is not None:
            await self._starting.begin_within(within, workflow, id, input, given)
            return Instance(self, workflow, id)
        live = self._lives.get(id)
        await self._calls.finish(self._start(live, workflow, input, given), partial(self._driver.go_on_here, live))
        return Instance(self, workflow, id)

    async def _start(self, live: Live, workflow: Workflow[A, Any, Any], input: A, tags: tuple[str, ...]) -> None:
        async with live.lock:
            before = await self._starting.begin(live, workflow, input, tags=tags)
            if before is not None and before.status is not Status.PAUSED:
                with suppress(OwnedElsewhere):
                    await self._store.load(live)

    async def idle(self) -> None:
        """Return when no instance has anything to do but wait for a signal, a later time or an operator.

        What is due by the clock begins first. Raises `RuntimeStopped`.
        """
        self._check_running()
        self._wake_ups.wake_due()
        while running := self._driver.running | self._claiming.running | self._mail.running | self._delivering.running:
            await asyncio.wait(running)
            self._wake_ups.wake_due()

    def next_wake_up(self) -> datetime | None:
        """Return the nearest time at which an instance of this runtime goes on by itself, or None."""
        return self._wake_ups.nearest()

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is being done at this moment: no effect, no commit, no signal."""
        is_busy = self._claiming.running or self._mail.running or self._delivering.running
        return not is_busy and not any(live.is_busy for live in self._lives.all())

    @property
    def running(self) -> int:
        """Is for how many instances something is being done at this moment."""
        return sum(live.is_busy for live in self._lives.all())

    @property
    def in_memory(self) -> int:
        """Is how many instances this runtime holds, those that only wait included."""
        return len(self._lives.all())

    async def pending(self, id: str) -> tuple[Pending, ...]:
        """Return all that an instance waits for. Raises `UnknownInstance` or `InstancePaused` when it is parked."""
        self._check_running()
        execution = await self._load(self._lives.get(id))
        return await self._remote.pending(id) if execution is None else pending(execution)

    async def why(self, id: str) -> Reason:
        """Return why an instance does not go on, and what can be done. Nothing is changed. Raises `UnknownInstance`.

        It also answers for workflows that this runtime was not given, by their records.
        """
        self._check_running()
        live = self._lives.find(id)
        handling = None if live is None else live.handling
        return await reason_of(self.journal, self._workflows, self._codec, id, self._clock.now, handling=handling)

    # Life cycle

    async def until_stopped(self) -> NoReturn:
        """Wait as long as this runtime runs, then raise why it does not: `RuntimeStopped` after `async with`.

        It stops by itself when it has lost its lease, and the store does not take it back. Then this, and all other
        calls, raise what the store says, such as `NewerSchema` after a newer release has migrated the store.
        """
        self._check_running()
        await self._is_over.wait()
        self._check_running()
        raise RuntimeStopped

    async def _stop(self) -> None:
        """Begin nothing more, let what runs end, and give everything back."""
        self._driver.stopping = True
        self._suspects.trials.close()
        await self._claiming.stop()
        await self._housekeeping.stop()
        await self._come_to_rest()
        await self._suspects.trials.stop()
        await self._mail.stop()
        await self._delivering.stop(asyncio.get_running_loop().time() + self._grace.total_seconds())
        await self._wake_ups.stop()
        await self._membership.leave()

    def _refused(self, refused: asyncio.Future[JournalError]) -> None:
        """Stop, as the store does not take this process back. The journal stays open until the end of `async with`."""
        if self._running:
            self._running = False
            self._refusal = refused.result()
            _LOG.error("This runtime has stopped: %s", self._refusal)
            self._is_over.set()
            self._let_go(self._refusal)
            self._stopping = asyncio.create_task(self._stop())

    def _let_go(self, why: WioError) -> None:
        """Tell all who wait for something that it will not come here."""
        self._remote.stop(why)
        for live in self._lives.all():
            live.wake_result_waiters(why)
            live.refuse_kept(why)

    async def _say_what_is_left(self) -> None:
        """Say in the log which instances wait for a process that has their workflow."""
        for workflow, version, count in await stranded_counts(self.journal):
            more = " or more" if count == MOST_COUNTED else ""
            _LOG.warning(
                "No process knows workflow %s version %d; unfinished instances wait for one: %d%s",
                workflow,
                version,
                count,
                more,
            )

    def _hear(self, notice: Notice) -> None:
        """Take a notice of the store."""
        if not self._running:
            return
        match notice:
            case Work():
                self._claiming.look()
            case Mail(instance_id):
                self._mail.collect(instance_id)
            case ToDeliver():
                self._delivering.look()
            case Lost(epoch):
                self._driver.give_up(live for live in self._lives.all() if live.owner == epoch)
                self._membership.was_lost(epoch)
            case Missed():
                for live in self._lives.all():
                    if live.owner is not None:
                        self._mail.collect(live.id)
                self._delivering.look()
                self._remote.hear(notice)
            case _:
                self._remote.hear(notice)

    def _receivers(self) -> dict[str, Receive]:
        """Return who receives what is published, by its lane."""
        receivers: dict[str, Receive] = dict.fromkeys(self._hooks.lanes, self._hooks.call)
        if self._publisher is None:
            return receivers
        return {"": partial(given_out, self._publisher, self._workers), **receivers}

    async def _put_off(self, live: Live) -> None:
        """See `Store.put_off`; what an older version has left to be recorded comes first."""
        await self._driver.record_overdue(live)
        await self._store.put_off(live)

    def _owns(self, id: str) -> bool:
        live = self._lives.find(id)
        return live is not None and live.owner is not None and live.execution is not None

    def _loaded(self, live: Live) -> None:
        self._lives.keep(live)
        self._wake_ups.set(live.id, live.agenda.wake_up())
        if self._running and live.outcome is None:
            self._driver.start(live)  # whoever has read it, and whatever for: it is nobody else's now

    def _collect(self, id: str) -> None:
        self._mail.collect(id)

    def _go_on(self, record: InstanceRecord) -> None:
        """Let an instance go on of which only its record is known, if it can be owned."""
        if (record.workflow, record.version) in self._workflows and record.status is not Status.PAUSED:
            self._driver.start(self._lives.get(record.id))

    def _wake(self, id: str) -> None:
        if id == NO_INSTANCE:
            self._claiming.look()
        elif id == OUTBOX:
            self._delivering.look()
        else:
            self._driver.start(self._lives.get(id))

    def _came_to_rest(self, live: Live) -> None:
        if live.execution is not None:
            self._lives.keep(live)
        self._suspects.trials.came_to_rest(live)
        self._make_room()

    def _make_room(self) -> None:
        if self._running:
            self._claiming.came_to_rest()

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

    def _check_running(self) -> None:
        if not self._running:
            raise RuntimeStopped if self._refusal is None else self._refusal.with_traceback(None)
