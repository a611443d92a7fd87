"""What becomes of a signal? It is handled now, kept for later, answered again, or refused; never dropped."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, TypeVar, cast

from interpreters.errors import RuntimeStopped, SignalRefusal, UnexpectedSignal, WrongPayload
from interpreters.machine.calling import call
from interpreters.machine.execution import Active, Execution
from interpreters.machine.locking import is_blocked, needs_lock
from interpreters.machine.pending import EffectToRun, expected_signals
from interpreters.machine.places import place_at, places
from interpreters.machine.recording import kept_entry, request_payload, signal_entry
from interpreters.machine.turn import turn
from interpreters.runtime.attempts.effects import EffectContext, run_effect
from interpreters.runtime.attempts.threads import Workers
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.calls import Calls
from interpreters.runtime.driving.driver import Driver, NotHandled
from interpreters.runtime.driving.live import Live, check_not_held
from interpreters.runtime.journal.storing import Store
from interpreters.runtime.requests.late_signals import why_unexpected
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind, Payload
from journals.errors import Conflict
from wio.nodes import HandleSignal
from wio.signals import Early, Signal

Req = TypeVar("Req")
Resp = TypeVar("Resp")


class Signalling:
    """Delivers signals to the instances of one runtime."""

    def __init__(
        self, store: Store, driver: Driver, calls: Calls, clock: Clock, workers: Workers, codec: Codec
    ) -> None:
        self._store = store
        self._calls = calls
        self._driver = driver
        self._clock = clock
        self._workers = workers
        self._codec = codec

    async def deliver(self, live: Live, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp:
        """Return the response to a signal; see `Instance.signal`."""
        kept: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        try:
            handled = await self._accepted(live, signal, request, key, kept)
            return self._response(signal, handled or await kept)
        finally:
            kept.cancel()

    async def deliver_encoded(
        self, live: Live, name: str, request: Payload, key: str, *, waits: bool
    ) -> Payload | None:
        """Deliver a signal of which only the name and the encoded request are known. Return the encoded response.

        Unless it `waits`, return None as soon as the journal has the signal. Raises like `deliver`.
        """
        signal, decoded = await self._read(live, name, request)
        kept: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        try:
            handled = await self._accepted(live, signal, decoded, key, kept if waits else None)
            if not waits:
                return None
            return (handled or await kept).response
        finally:
            kept.cancel()

    async def _read(self, live: Live, name: str, request: Payload) -> tuple[Signal[Any, Any], object]:
        """Return a signal as a step of the instance knows it, with its request: the first that can read it."""
        async with live.lock:
            execution = await self._store.load(live)
        waiting = tuple(place.node.signal for place in places(execution) if isinstance(place.node, HandleSignal))
        known = tuple(signal for signal in waiting if signal.name == name)
        problem: CodecError | None = None
        for signal in (*known, *execution.facts.signals.get(name, ())):
            try:
                return signal, self._codec.decode(request, signal.request)
            except CodecError as error:
                problem = error
        if problem is None:
            raise UnexpectedSignal(name, SignalRefusal.UNKNOWN, expected_signals(execution))
        raise WrongPayload(f"The request of signal {name!r}", str(problem)) from problem

    async def send(self, live: Live, signal: Signal[Req, Any], request: Req, key: str | None) -> None:
        """Return as soon as the journal has a signal; see `Instance.send`."""
        await self._accepted(live, signal, request, key, None)

    async def _accepted(
        self, live: Live, signal: Signal[Any, Any], request: object, key: str | None, kept: asyncio.Future[Entry] | None
    ) -> Entry | None:
        """Let a signal be handled or kept; see `_take`."""
        # Two signals may be sent under one key: they are different requests. No name has a colon in it.
        key = None if key is None else f"{signal.name}:{key}"
        try:
            return await self._calls.finish(self._take(live, signal, request, key, kept))
        except Conflict:
            # Another process has continued the instance since it was loaded here: what it awaits now decides.
            return await self._calls.finish(self._take(live, signal, request, key, kept))

    async def _take(
        self, live: Live, signal: Signal[Any, Any], request: object, key: str | None, kept: asyncio.Future[Entry] | None
    ) -> Entry | None:
        """Return the entry of the handled signal; None when the signal waits.

        Then `kept` becomes that entry; it is None when nobody waits for it.
        """
        async with live.signalling:
            async with live.lock:
                execution = await self._store.load(live)
                known = None if key is None else await self._store.journal.find_key(live.id, key)
                if known is not None and known.kind is Kind.SIGNAL:
                    return known
                if self._driver.stopping:
                    raise RuntimeStopped
                is_open = known is None and execution.held is None
                place = _waiting_place(live, execution, signal, request) if is_open else None
                if known is not None:
                    self._await_kept(live, known.seq, kept)
                elif place is None:
                    await self._check_early(live, execution, signal, request)
                    self._await_kept(live, await self._keep(live, execution, signal, request, key), kept)
                elif needs_lock(execution, place):  # the journal says who has it before the effect begins
                    self._await_kept(live, await self._keep(live, execution, signal, request, key), kept)
                    place = None
            handled = None if place is None else await self._handle(live, execution, place, request, key)
        self._driver.start(live)
        return handled

    def _await_kept(self, live: Live, seq: int, kept: asyncio.Future[Entry] | None) -> None:
        if kept is None:
            return
        if live.outcome is not None:
            raise NotHandled(live.id)
        live.await_kept(seq, kept)

    async def _handle(self, live: Live, execution: Execution, place: Active, request: object, key: str | None) -> Entry:
        """Run the effect of a signal, and record its event; other parts of the instance go on meanwhile."""
        node = cast(HandleSignal, place.node)
        request_payload(self._codec, node.signal, request)
        effect = EffectToRun(place.address, node.name, node.effect, (place.value, request), attempt=1)
        delivery = key or uuid.uuid4().hex
        context = EffectContext(live.id, execution.workflow.name, place.address, 1, delivery)
        live.handling = place.address
        try:
            event = await run_effect(effect, context, self._workers)
            return await self._record(live, node, place.address, request, key, event)
        finally:
            live.handling = None

    async def _record(
        self, live: Live, node: HandleSignal, address: str, request: object, key: str | None, event: object
    ) -> Entry:
        """Record the event of a signal, if it is still waited for at the place where its effect has run."""
        async with live.lock:
            now_at = await self._store.load(live)
            still = place_at(now_at, address)
            if still is None or still.kept is not None:
                raise await self._refused(live, now_at, node.signal, request, address)
            now = self._clock.now()
            entry = signal_entry(now_at, address, event, key, now)
            await self._driver.adopt(live, turn(now_at, entry, now, self._driver.chance))
        return entry

    async def _check_early(self, live: Live, execution: Execution, signal: Signal[Any, Any], request: object) -> None:
        """Refuse a signal for which nobody waits now, unless it is to be kept."""
        if live.outcome is not None:
            raise UnexpectedSignal(signal.name, SignalRefusal.ENDED, ())
        facts = execution.facts
        if not facts.may_take(signal.name):
            raise UnexpectedSignal(signal.name, SignalRefusal.UNKNOWN, expected_signals(execution))
        if facts.early.get(signal.name, signal.early) is Early.REFUSE:
            check_not_held(live.id, execution)
            raise await self._refused(live, execution, signal, request)

    async def _refused(
        self, live: Live, execution: Execution, signal: Signal[Any, Any], request: object, ran: str = ""
    ) -> UnexpectedSignal:
        """Return the error that says why nobody takes a signal. `ran` is the step whose effect has run for it."""
        why = await why_unexpected(self._store.journal, execution, signal, request, ran)
        return UnexpectedSignal(
            signal.name,
            why.refusal,
            expected_signals(execution),
            reason=f"while its effect ran at {ran!r}, {why.reason}" if ran else why.reason,
            address=why.address,
            waiting=live.agenda.detail(execution),
        )

    async def _keep(
        self, live: Live, execution: Execution, signal: Signal[Any, Any], request: object, key: str | None
    ) -> int:
        now = self._clock.now()
        entry = kept_entry(execution, signal, request, key, now)
        self._check_readable(execution, signal, cast(Payload, entry.payload))
        await self._driver.adopt(live, turn(execution, entry, now, self._driver.chance))
        return entry.seq

    def _check_readable(self, execution: Execution, signal: Signal[Any, Any], request: Payload) -> None:
        """Refuse what no step for the signal could read: once kept, it could not be taken out of the way."""
        problem: CodecError | None = None
        for known in execution.facts.signals.get(signal.name, ()):
            try:
                decoded = self._codec.decode(request, known.request)
                if signal.correlation is not None:
                    call(signal.correlation, f"signal {signal.name}", decoded)
            except CodecError as error:
                problem = error
            else:
                return
        if problem is not None:
            raise WrongPayload(f"The request of signal {signal.name!r}", str(problem)) from problem

    def _response(self, signal: Signal[Any, Resp], entry: Entry) -> Resp:
        if entry.response is None:
            raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", "It has no response.")
        try:
            return cast(Resp, self._codec.decode(entry.response, signal.response))
        except CodecError as error:
            raise WrongPayload(f"The response to signal {signal.name!r}", str(error)) from error


def _waiting_place(live: Live, execution: Execution, signal: Signal[Any, Any], request: object) -> Active | None:
    """Return the place that has waited longest for a signal, and takes this request, or None."""
    waiting = live.agenda.waiting_for(signal.name, request)
    return next((place for place in waiting if not is_blocked(execution, place)), None)
