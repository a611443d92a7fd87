"""What does the client do with the instances? It starts each, sends what it has to get, and waits for its end.

Whatever fails because a process or the database is away is done again, with the same key. Now and then something is
sent twice although nothing failed.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import attrs
from returns.result import Result

from benchmarks.soak.steps import ASK, CANCELLED, FORM, NOTE, Kind, response_to
from interpreters.errors import (
    InstanceCancelled,
    InstanceEnded,
    SignalRefusal,
    TaskRefused,
    UnexpectedSignal,
)
from interpreters.runtime.client import Client
from interpreters.runtime.instance import Instance
from journals import JournalUnavailable
from journals.entries import UNFINISHED
from journals.entries import Kind as EntryKind

T = TypeVar("T")

_PAUSE_SECONDS = 0.1
_TWICE = 0.2


@attrs.frozen
class Asked:
    """Is one instance that the client is to see to the end."""

    kind: Kind
    number: int

    @property
    def id(self) -> str:
        """Is the id of the instance."""
        return f"{self.kind.workflow.name}-{self.number}"


class Visits:
    """Sees to instances. `outcomes` are those that have ended; `failures` what went wrong on the way."""

    def __init__(self, client: Client, kinds: Mapping[str, Kind], chance: random.Random) -> None:
        self._client = client
        self._kinds = tuple(kinds.values())
        self._chance = chance
        self._under_way: set[asyncio.Task[None]] = set()
        self.asked: list[Asked] = []
        self.outcomes: dict[str, Result[object, object] | str] = {}
        self.failures: list[str] = []
        self.counts: Counter[str] = Counter()

    async def begin(self, seconds: float, per_second: float, most: int, at_once: int) -> None:
        """Start instances for so long, as many as that, and not more at once than given."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until and len(self.asked) < most:
            await asyncio.sleep(self._chance.expovariate(per_second))
            if len(self._under_way) < at_once:
                asked = Asked(self._kinds[len(self.asked) % len(self._kinds)], len(self.asked))
                self.asked.append(asked)
                task = asyncio.create_task(self._visit(asked))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def end(self, seconds: float) -> None:
        """Wait until all have ended, but not longer than that; then give up the rest."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=seconds)
        await self.stop()

    async def stop(self) -> None:
        """Give up what is under way."""
        left = set(self._under_way)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _visit(self, asked: Asked) -> None:
        kind = asked.kind
        try:
            instance = await self._surely(lambda: self._client.start(kind.workflow, id=asked.id, input=asked.number))
            for number in range(kind.notes):
                await self._twice(partial(instance.send, NOTE, number, key=f"note-{number}"))
            for number in range(kind.asks):
                await self._twice(partial(self._ask, instance, number))
            if kind.tasks:
                await self._answer_tasks(instance, asked.number)
            if kind.cancels:
                await self._cancel(instance)
            self.outcomes[asked.id] = await self._surely(lambda: _outcome(instance))
        except Exception as error:
            self.failures.append(f"{asked.id}: {type(error).__name__}: {error}")

    async def _twice(self, call: Callable[[], Awaitable[None]]) -> None:
        """Do something; at times do it at the same time, or once more."""
        drawn = self._chance.random()
        calls = 2 if drawn < _TWICE else 1
        await asyncio.gather(*(self._surely(call) for _ in range(calls)))
        if drawn > 1 - _TWICE:
            await self._surely(call)

    async def _surely(self, call: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await call()
            except JournalUnavailable:
                self.counts["calls repeated, as the store was away"] += 1
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, instance: Instance[Any, Any], number: int) -> None:
        """Send a signal that is refused before its turn, until it is taken."""
        while True:
            try:
                response = await instance.signal(ASK, number, key=f"ask-{number}")
            except UnexpectedSignal as error:
                if error.refusal is SignalRefusal.ENDED:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                if response != response_to(number):
                    self.failures.append(f"{instance.id}: signal {number} got the response {response}")
                return

    async def _answer_tasks(self, instance: Instance[Any, Any], output: int) -> None:
        while await self._surely(lambda: _is_unfinished(instance)):
            for offered in await self._surely(instance.tasks):
                try:
                    await self._surely(partial(instance.claim, offered.address, by="Ann"))
                    await self._twice(partial(instance.complete, offered.address, output, by="Ann", key=FORM.name))
                    return
                except (TaskRefused, InstanceEnded):
                    # The answer to an earlier call got lost; what was reported is in the journal.
                    self.counts["reports refused"] += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _cancel(self, instance: Instance[Any, Any]) -> None:
        """Cancel an instance that waits after its first step."""
        while all(entry.kind is not EntryKind.EVENT for entry in await self._surely(instance.history)):
            await asyncio.sleep(_PAUSE_SECONDS)
        try:
            await self._surely(instance.cancel)
        except InstanceEnded:
            self.counts["cancelled twice"] += 1


async def _is_unfinished(instance: Instance[Any, Any]) -> bool:
    return (await instance.record()).status in UNFINISHED


async def _outcome(instance: Instance[Any, Any]) -> Result[object, object] | str:
    try:
        return await instance.result()
    except InstanceCancelled:
        return CANCELLED
