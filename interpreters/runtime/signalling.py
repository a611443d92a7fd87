"""What becomes of a signal? It is handled now, kept for later, answered again, or refused; never dropped."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar, cast

from interpreters.errors import UnexpectedSignal, WrongPayload
from interpreters.machine.execution import Execution
from interpreters.machine.pending import EffectToRun, Outcome, SignalExpected, expected_signals
from interpreters.machine.questions import may_take
from interpreters.machine.recording import kept_entry, signal_entry
from interpreters.machine.turn import detail_of, turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driver import Driver, NotHandled
from interpreters.runtime.effects import EffectContext, run_effect
from interpreters.runtime.live import Live
from interpreters.runtime.storing import Store
from interpreters.runtime.threads import Workers
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind
from journals.errors import Conflict
from wio.signals import Early, Signal

Req = TypeVar("Req")
Resp = TypeVar("Resp")


class Signalling:
    """Delivers signals to the instances of one runtime."""

    def __init__(self, store: Store, driver: Driver, clock: Clock, workers: Workers, codec: Codec) -> None:
        self._store = store
        self._driver = driver
        self._clock = clock
        self._workers = workers
        self._codec = codec

    async def deliver(self, live: Live, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp:
        """Return the response to a signal; see `Instance.signal`."""
        try:
            return await self._deliver_once(live, signal, request, key)
        except Conflict:
            # Another process has continued the instance since it was loaded here: what it awaits now decides.
            return await self._deliver_once(live, signal, request, key)

    async def _deliver_once(self, live: Live, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp:
        kept: asyncio.Future[Any] | None = None
        async with live.lock:
            execution = await self._store.load(live)
            known = None if key is None else await self._store.journal.find_key(live.id, key)
            if known is not None and known.kind is Kind.SIGNAL:
                return self._response(signal, known)
            if known is not None:
                kept = self._await_kept(live, known.seq)
            elif isinstance(live.pending, SignalExpected) and live.pending.node.signal.name == signal.name:
                return await self._handle(live, execution, live.pending, signal, request, key)
            else:
                kept = await self._keep(live, execution, signal, request, key)
        self._driver.start(live)
        return self._response(signal, cast(Entry, await kept))

    async def _handle(
        self,
        live: Live,
        execution: Execution,
        expected: SignalExpected,
        signal: Signal[Any, Resp],
        request: object,
        key: str | None,
    ) -> Resp:
        self._checked(expected.node.signal, request)
        position = cast(Any, execution.position)
        effect = EffectToRun(
            expected.address, expected.node.name, expected.node.effect, (position.value, request), attempt=1
        )
        context = EffectContext(live.id, execution.workflow.name, expected.address, 1)
        event = await run_effect(effect, context, self._workers)
        now = self._clock.now()
        entry = signal_entry(execution, event, key, now)
        await self._store.adopt(live, turn(execution, entry, now))
        self._driver.start(live)
        return self._response(signal, entry)

    async def _keep(
        self, live: Live, execution: Execution, signal: Signal[Any, Any], request: object, key: str | None
    ) -> asyncio.Future[Any]:
        if isinstance(live.pending, Outcome):
            raise UnexpectedSignal(signal.name, "the instance has ended", ())
        if not may_take(execution.workflow, signal):
            raise UnexpectedSignal(signal.name, "the workflow has no step for it", expected_signals(execution))
        if signal.early is Early.REFUSE:
            raise UnexpectedSignal(signal.name, f"the instance {_doing(live)}", expected_signals(execution))
        now = self._clock.now()
        entry = kept_entry(execution, signal, request, key, now)
        await self._store.adopt(live, turn(execution, entry, now))
        return self._await_kept(live, entry.seq)

    def _await_kept(self, live: Live, seq: int) -> asyncio.Future[Any]:
        if isinstance(live.pending, Outcome):
            raise NotHandled(live.id)
        waiter = live.kept_waiters.get(seq)
        if waiter is None or waiter.done():
            waiter = live.kept_waiters[seq] = asyncio.get_running_loop().create_future()
        return waiter

    def _checked(self, signal: Signal[Any, Any], request: object) -> None:
        try:
            self._codec.encode(request, signal.request)
        except CodecError as error:
            raise WrongPayload(f"The request of signal {signal.name!r}", str(error)) from error

    def _response(self, signal: Signal[Any, Resp], entry: Entry) -> Resp:
        if entry.response is None:
            raise WrongPayload(f"Entry {entry.seq} at {entry.address!r}", "It has no response.")
        try:
            return cast(Resp, self._codec.decode(entry.response, signal.response))
        except CodecError as error:
            raise WrongPayload(f"The response to signal {signal.name!r}", str(error)) from error


def _doing(live: Live) -> str:
    return "is not loaded" if live.pending is None else detail_of(live.pending)
