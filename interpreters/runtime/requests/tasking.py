"""How does work that is done outside come in? Tasks are listed, claimed and answered; who is late hears why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

import attrs

from interpreters.errors import RuntimeStopped, TaskRefusal, TaskRefused, WrongPayload
from interpreters.machine.entries.holding import WHILE_HELD
from interpreters.machine.execution import Active, Execution, Offer
from interpreters.machine.locking import is_blocked
from interpreters.machine.places import place_at, places
from interpreters.machine.recorded import Note
from interpreters.machine.recording import answered_entry, claimed_entry, delegated_entry, noted_entry
from interpreters.machine.turn import turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.calls import Calls
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live, check_not_held
from interpreters.runtime.journal.storing import Store
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind, Payload
from journals.errors import Conflict
from journals.ports import Journal
from wio.nodes import OfferTask
from wio.tasks import Task

T = TypeVar("T")

_PAGE = 5_000
_ANSWERED = {
    Kind.TASK_COMPLETED: TaskRefusal.COMPLETED,
    Kind.TASK_FAILED: TaskRefusal.FAILED,
    Kind.TASK_SKIPPED: TaskRefusal.SKIPPED,
}


@attrs.frozen
class OfferedTask(Generic[T]):
    """Is a task as the world outside sees it.

    `input` is what the workflow sends out, `to` to whom it is offered (plain JSON), `by` who has claimed it, or None.
    """

    instance_id: str
    address: str
    task: Task[T, Any, Any]
    input: T
    to: Any
    by: str | None
    started: bool


@attrs.frozen
class Report:
    """Is what somebody reports of a task: `kind` says what, `by` who, and `text` a note or the reason.

    Only who has claimed a task may report of it, but anybody may claim, skip and delegate. `value` is the output, the
    error, or to whom it is delegated; a payload when it comes from another process. A repeat with the `key` of the
    answer that is recorded there does nothing.
    """

    kind: Kind
    address: str
    by: str = ""
    text: str = ""
    value: object = None
    key: str | None = None

    @property
    def stored_key(self) -> str | None:
        """Is the key as the journal has it."""
        # Neither a signal's key nor a checkpoint's begins like this, and no address has a colon in it.
        return None if self.key is None else f":task:{self.address}:{self.key}"


class Tasking:
    """Offers the tasks of the instances of one runtime, and takes in what becomes of them."""

    def __init__(self, store: Store, driver: Driver, calls: Calls, clock: Clock, codec: Codec) -> None:
        self._store = store
        self._driver = driver
        self._calls = calls
        self._clock = clock
        self._codec = codec

    async def offered(self, live: Live) -> tuple[OfferedTask[Any], ...]:
        """Return the tasks that can be worked on now, in the order of their addresses."""
        async with live.lock:
            execution = await self._store.load(live)
        return offered_in(execution, live.id)

    async def tell(self, live: Live, report: Report) -> None:
        """Record what somebody reports of a task, unless it is recorded already; see `Report`."""
        try:
            await self._calls.finish(self._tell(live, report))
        except Conflict:
            # Another process has continued the instance since it was loaded here: how far it is now decides.
            await self._calls.finish(self._tell(live, report))

    async def _tell(self, live: Live, report: Report) -> None:
        async with live.lock:
            if report.stored_key is None or await self._store.journal.find_key(live.id, report.stored_key) is None:
                execution, offer = await self._standing(live, report)
                if is_news(offer, report):
                    entry = entry_of(execution, self._decoded(execution, report), self._clock.now())
                    await self._driver.adopt(live, turn(execution, entry, entry.recorded_at, self._driver.chance))
        self._driver.start(live)

    async def _loaded(self, live: Live) -> Execution:
        """Return where an instance stands once all is recorded that it owes: a task may be still to be offered."""
        execution = await self._store.load(live)
        await self._driver.record_overdue(live)
        return live.execution or execution

    def _decoded(self, execution: Execution, report: Report) -> Report:
        """Return a report that came from another process with its value as the task here declares it."""
        if not isinstance(report.value, Payload):
            return report
        place = place_at(execution, report.address)
        task = cast(OfferTask, place.node).task if place is not None else None
        forms: dict[Kind, Any] = {} if task is None else {Kind.TASK_FAILED: task.error, Kind.TASK_DELEGATED: None}
        form = forms.get(report.kind, None if task is None else task.output)
        return attrs.evolve(report, value=_decode(self._codec, report.value, form, report.address))

    async def _standing(self, live: Live, report: Report) -> tuple[Execution, Offer]:
        """Return how far a task has come. Raises `TaskRefused` or `InstancePaused` when nothing can be done now."""
        if self._driver.stopping:
            raise RuntimeStopped
        address, execution = report.address, await self._loaded(live)
        if report.kind not in WHILE_HELD:
            check_not_held(live.id, execution)
        place = place_at(execution, address)
        if place is None or not isinstance(place.node, OfferTask):
            raise TaskRefused(address, await what_became(self._store.journal, live.id, address))
        if place.problem is not None:
            raise TaskRefused(address, TaskRefusal.PAUSED, f"the instance is paused there: {place.problem}")
        if is_blocked(execution, place):
            raise TaskRefused(address, TaskRefusal.LOCKED)
        return execution, cast(Offer, place.standing)


async def what_became(journal: Journal, instance_id: str, address: str) -> TaskRefusal:
    """Say why there is no such task now; it reads the whole journal of the instance, as this is rare."""
    was_offered = False
    async for entry in _entries_at(journal, instance_id, address):
        if entry.kind in _ANSWERED:
            return _ANSWERED[entry.kind]
        was_offered = was_offered or entry.kind is Kind.TASK_OFFERED
    return TaskRefusal.WITHDRAWN if was_offered else TaskRefusal.UNKNOWN


async def _entries_at(journal: Journal, instance_id: str, address: str) -> AsyncIterator[Entry]:
    after = 0
    while page := await journal.read(instance_id, after=after, most=_PAGE):
        for entry in page:
            if entry.address == address:
                yield entry
        after = page[-1].seq


def offered_in(execution: Execution, instance_id: str) -> tuple[OfferedTask[Any], ...]:
    """Return the tasks of an instance that can be worked on now, in the order of their addresses."""
    if execution.held is not None:
        return ()
    standing = [place for place in places(execution) if isinstance(place.node, OfferTask)]
    open_now = [place for place in standing if _is_open(execution, place)]
    return tuple(_offered(execution.codec, instance_id, place) for place in open_now)


def _is_open(execution: Execution, place: Active) -> bool:
    """Tell whether a task has been offered, and can be worked on now."""
    is_offered = cast(Offer, place.standing).sent is not None
    return is_offered and place.problem is None and not is_blocked(execution, place)


def _offered(codec: Codec, instance_id: str, place: Active) -> OfferedTask[Any]:
    offer, node = cast(Offer, place.standing), cast(OfferTask, place.node)
    given = _decode(codec, offer.sent, node.task.input, place.address)
    to = None if offer.to is None else _decode(codec, offer.to, None, place.address)
    return OfferedTask(instance_id, place.address, node.task, given, to, offer.by, offer.started)


def _decode(codec: Codec, payload: Payload | None, form: Any, address: str) -> Any:
    if payload is None:
        raise WrongPayload(f"The task at {address!r}", "It has no payload.")
    try:
        return codec.decode(payload, form)
    except CodecError as error:
        raise WrongPayload(f"The task at {address!r}", str(error)) from error


def is_news(offer: Offer, report: Report) -> bool:
    """Tell whether a report is to be recorded; a repeat is not. Raises `TaskRefused` for who has no right to it."""
    match report.kind:
        case Kind.TASK_CLAIMED:
            if offer.by not in (None, report.by):
                raise TaskRefused(report.address, TaskRefusal.CLAIMED, f"{offer.by} has claimed it")
            return offer.by is None
        case Kind.TASK_DELEGATED | Kind.TASK_SKIPPED:
            return True
        case _:
            _check_claimed(offer, report)
            return report.kind is not Kind.TASK_STARTED or not offer.started


def _check_claimed(offer: Offer, report: Report) -> None:
    if offer.by is None:
        reason = f"{report.by} has not claimed it, and nobody else has. Claim it first"
        raise TaskRefused(report.address, TaskRefusal.UNCLAIMED, reason)
    if offer.by != report.by:
        raise TaskRefused(report.address, TaskRefusal.CLAIMED, f"{offer.by} has claimed it, not {report.by}")


def entry_of(execution: Execution, report: Report, at: datetime) -> Entry:
    """Return the entry that records a report. Raises `WrongPayload`."""
    address, by, text = report.address, report.by, report.text
    note = Note(by, text) if by or text else None
    match report.kind:
        case Kind.TASK_CLAIMED:
            return claimed_entry(execution, address, by, at)
        case Kind.TASK_DELEGATED:
            return delegated_entry(execution, address, report.value, at, note)
        case Kind.TASK_STARTED | Kind.TASK_HEARTBEAT | Kind.TASK_RELEASED:
            return noted_entry(execution, address, report.kind, by, text, at)
        case Kind.TASK_SKIPPED:
            return answered_entry(execution, address, report.kind, report.value, at, report.stored_key, note)
        case _:
            return answered_entry(execution, address, report.kind, report.value, at, report.stored_key)
