"""How does work that is done outside come in? Tasks are listed, claimed and answered; who is late hears why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar, cast

import attrs

from interpreters.errors import RuntimeStopped, TaskRefusal, TaskRefused, WrongPayload
from interpreters.machine.execution import Active, Execution, Offer
from interpreters.machine.locking import is_blocked
from interpreters.machine.places import place_at, places
from interpreters.machine.recorded import Note
from interpreters.machine.recording import answered_entry, claimed_entry, delegated_entry, noted_entry
from interpreters.machine.turn import turn
from interpreters.runtime.calls import Calls
from interpreters.runtime.clock import Clock
from interpreters.runtime.driver import Driver
from interpreters.runtime.live import Live
from interpreters.runtime.storing import Store
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind, Payload
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
        standing = [place for place in places(execution) if isinstance(place.node, OfferTask)]
        open_now = [place for place in standing if place.problem is None and not is_blocked(execution, place)]
        return tuple(self._offered(live.id, place) for place in open_now)

    def _offered(self, instance_id: str, place: Active) -> OfferedTask[Any]:
        offer, node = cast(Offer, place.standing), cast(OfferTask, place.node)
        given = self._decode(offer.sent, node.task.input, place.address)
        to = None if offer.to is None else self._decode(offer.to, None, place.address)
        return OfferedTask(instance_id, place.address, node.task, given, to, offer.by, offer.started)

    def _decode(self, payload: Payload | None, form: Any, address: str) -> Any:
        if payload is None:
            raise WrongPayload(f"The task at {address!r}", "It has no payload.")
        try:
            return self._codec.decode(payload, form)
        except CodecError as error:
            raise WrongPayload(f"The task at {address!r}", str(error)) from error

    async def claim(self, live: Live, address: str, by: str) -> None:
        """Let somebody take a task upon himself. A repeat by the same one does nothing."""
        await self._calls.finish(self._claim(live, address, by))

    async def _claim(self, live: Live, address: str, by: str) -> None:
        async with live.lock:
            execution, offer = await self._standing(live, address)
            if offer.by == by:
                return
            if offer.by is not None:
                raise TaskRefused(address, TaskRefusal.CLAIMED, f"{offer.by} has claimed it")
            await self._adopt(live, execution, claimed_entry(execution, address, by, self._clock.now()))
        self._driver.start(live)

    async def note(self, live: Live, address: str, kind: Kind, by: str, text: str) -> None:
        """Record a start, a sign of life or a release by whoever has claimed a task."""
        await self._calls.finish(self._note(live, address, kind, by, text))

    async def _note(self, live: Live, address: str, kind: Kind, by: str, text: str) -> None:
        async with live.lock:
            execution, offer = await self._claimed(live, address, by)
            if kind is Kind.TASK_STARTED and offer.started:
                return
            await self._adopt(live, execution, noted_entry(execution, address, kind, by, text, self._clock.now()))
        self._driver.start(live)

    async def delegate(self, live: Live, address: str, to: object, by: str, reason: str) -> None:
        """Offer a task to somebody else; who had claimed it has it no more. It may come from anybody."""
        await self._calls.finish(self._delegate(live, address, to, _note(by, reason)))

    async def _delegate(self, live: Live, address: str, to: object, note: Note | None) -> None:
        async with live.lock:
            execution, _ = await self._standing(live, address)
            await self._adopt(live, execution, delegated_entry(execution, address, to, self._clock.now(), note))
        self._driver.start(live)

    async def answer(
        self, live: Live, address: str, kind: Kind, answer: object, by: str, reason: str, key: str | None
    ) -> None:
        """Take in the output of a task, or its error, from whoever has claimed it; a skip may come from anybody.

        A repeat with the key of the answer that is recorded there does nothing.
        """
        # Neither a signal's key nor a checkpoint's begins like this, and no address has a colon in it.
        key = None if key is None else f":task:{address}:{key}"
        await self._calls.finish(self._answer(live, address, kind, answer, by, reason, key))

    async def _answer(
        self, live: Live, address: str, kind: Kind, answer: object, by: str, reason: str, key: str | None
    ) -> None:
        is_skip = kind is Kind.TASK_SKIPPED
        async with live.lock:
            if key is None or await self._store.journal.find_key(live.id, key) is None:
                execution, _ = await (self._standing(live, address) if is_skip else self._claimed(live, address, by))
                note = _note(by, reason) if is_skip else None
                entry = answered_entry(execution, address, kind, answer, self._clock.now(), key, note)
                await self._adopt(live, execution, entry)
        self._driver.start(live)

    async def _adopt(self, live: Live, execution: Execution, entry: Entry) -> None:
        await self._driver.adopt(live, turn(execution, entry, entry.recorded_at, self._driver.chance))

    async def _claimed(self, live: Live, address: str, by: str) -> tuple[Execution, Offer]:
        execution, offer = await self._standing(live, address)
        if offer.by is None:
            reason = f"{by} has not claimed it, and nobody else has. Claim it first"
            raise TaskRefused(address, TaskRefusal.UNCLAIMED, reason)
        if offer.by != by:
            raise TaskRefused(address, TaskRefusal.CLAIMED, f"{offer.by} has claimed it, not {by}")
        return execution, offer

    async def _standing(self, live: Live, address: str) -> tuple[Execution, Offer]:
        """Return how far a task has come. Raises `TaskRefused` when nothing can be done with it now."""
        if self._driver.stopping:
            raise RuntimeStopped
        execution = await self._store.load(live)
        place = place_at(execution, address)
        if place is None or not isinstance(place.node, OfferTask):
            raise TaskRefused(address, await self._what_became(live, address))
        if place.problem is not None:
            raise TaskRefused(address, TaskRefusal.PAUSED, f"the instance is paused there: {place.problem}")
        if is_blocked(execution, place):
            raise TaskRefused(address, TaskRefusal.LOCKED)
        return execution, cast(Offer, place.standing)

    async def _entries_at(self, live: Live, address: str) -> AsyncIterator[Entry]:
        """Yield the entries of a place; it reads the whole journal of the instance, as this is rare."""
        after = 0
        while page := await self._store.journal.read(live.id, after=after, most=_PAGE):
            for entry in page:
                if entry.address == address:
                    yield entry
            after = page[-1].seq

    async def _what_became(self, live: Live, address: str) -> TaskRefusal:
        """Say why there is no such task now."""
        was_offered = False
        async for entry in self._entries_at(live, address):
            if entry.kind in _ANSWERED:
                return _ANSWERED[entry.kind]
            was_offered = was_offered or entry.kind is Kind.TASK_OFFERED
        return TaskRefusal.WITHDRAWN if was_offered else TaskRefusal.UNKNOWN


def _note(by: str, reason: str) -> Note | None:
    return Note(by, reason) if by or reason else None
