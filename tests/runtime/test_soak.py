"""Does every instance reach its one right outcome, whatever happens to the store, the callers and the process?

Each round is a story drawn from a seed: the store is away, before or after it has committed; callers give up;
the process stops or dies. All happens in virtual time, so a seed always tells the same story.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import Runtime, effect_context
from interpreters.testing import VirtualClock
from journals.entries import Kind
from journals.errors import JournalUnavailable
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    APPROVE,
    NO_GRACE,
    NOTE,
    Approval,
    FaultyJournal,
    approval,
    note,
    rounds,
    run,
    virtual,
    workflow,
)
from wio import Fixed, Retry, Workflow, run_io, wait
from wio.errors import WioError

INSTANCES = 6
MINUTE = timedelta(minutes=1)
AWAY = JournalUnavailable("the store is away")


class Story:
    """Is one soak: a world, and what has happened in it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = VirtualClock()
        self.store = InMemoryJournal()
        self.ran: Counter[str] = Counter()
        self.asking: set[asyncio.Task[None]] = set()
        self.flow = self._flow()

    def _flow(self) -> Workflow[Any, Any, Any]:
        async def first(number: int) -> int:
            return await self._effect(number)

        async def second(text: str) -> str:
            await self._effect(0)
            return text

        again = Retry(backoff=Fixed(MINUTE))
        before = run_io(first, retry=again) >> wait(MINUTE) >> approval(self._signalled) >> run_io(second, retry=again)
        return workflow(before >> note() >> wait(MINUTE))

    async def _effect(self, number: int) -> int:
        await rounds(self.random.randrange(3))
        if self.random.random() < 0.2:
            raise OSError("not now")
        self.ran[effect_context().idempotency_key] += 1
        return number

    async def _signalled(self, number: int, request: Approval) -> str:
        await rounds(self.random.randrange(5))
        if self.random.random() < 0.2:
            raise OSError("not now")
        self.ran[effect_context().idempotency_key] += 1
        return f"{number} by {request.by}"

    async def process(self) -> None:
        """Let one process run for a while, and end well or badly."""
        journal = FaultyJournal(self.store)
        runtime = virtual(journal, self.flow, clock=self.clock, grace=NO_GRACE, most_idle=self.random.randrange(4))
        await runtime.__aenter__()
        for _ in range(12):
            await self._happening(journal, runtime)
            await rounds(self.random.randrange(6))
        if self.random.random() < 0.5:
            journal.fail("commit", *[dead] * 100)
        else:
            journal.before.clear()
        journal.after.clear()
        await runtime.__aexit__(None, None, None)
        await asyncio.gather(*self.asking, return_exceptions=True)
        self.asking.clear()

    async def _happening(self, journal: FaultyJournal, runtime: Runtime) -> None:
        number = self.random.randrange(INSTANCES)
        match self.random.randrange(8):
            case 0:
                faults = [self.random.choice([None, AWAY]) for _ in range(2)]
                journal.fail(self.random.choice(["commit", "find", "read"]), *faults)
            case 1:
                journal.fail("commit", AWAY, late=True)
            case 2:
                self.clock.set(self.clock.now() + MINUTE)
            case _:
                asking = asyncio.create_task(self.visit(runtime, number))
                await rounds(self.random.randrange(12))
                if self.random.random() < 0.7:
                    asking.cancel()
                self.asking.add(asking)

    async def visit(self, runtime: Runtime, number: int) -> None:
        """Start an instance, send it what it may want, and ask for its result. Refusals are no news."""
        for call in (
            lambda: runtime.start(self.flow, id=f"i{number}", input=number),
            lambda: runtime.deliver(f"i{number}", APPROVE, Approval("me"), "approve"),
            lambda: runtime.deliver(f"i{number}", NOTE, "and", "note"),
        ):
            with contextlib.suppress(WioError, OSError):
                await call()

    async def end(self) -> None:
        """Let a last process, in which nothing goes wrong any more but effects, bring everything to its end."""
        async with virtual(self.store, self.flow, clock=self.clock) as runtime:
            for number in range(INSTANCES):
                instance = await runtime.start(self.flow, id=f"i{number}", input=number)
                waiter = asyncio.create_task(instance.result())
                while not waiter.done():
                    visit = asyncio.create_task(self.visit(runtime, number))
                    await rounds(30)
                    visit.cancel()
                    self.clock.set(self.clock.now() + MINUTE)
                    await rounds(10)
                assert await waiter == Success(f"{number} by me and")
                self._check(number, await instance.history())

    def _check(self, number: int, history: Any) -> None:
        kinds = Counter(entry.kind for entry in history)
        assert [entry.seq for entry in history] == list(range(1, len(history) + 1))
        assert (kinds[Kind.EVENT], kinds[Kind.SIGNAL], kinds[Kind.TIMER_FIRED]) == (2, 2, 2)
        assert kinds[Kind.SIGNAL_KEPT] <= 1
        assert kinds[Kind.PAUSED] == kinds[Kind.RESUMED] == 0
        lost = Counter(entry.address for entry in history if entry.kind is Kind.ATTEMPT_LOST)
        for step in ("first", "second"):
            assert 1 <= self.ran[f"i{number}:{step}"] <= 1 + lost[step]


async def dead() -> None:
    raise SystemError("the process is dead")


@pytest.mark.parametrize("seed", range(40))
def test_every_instance_reaches_its_one_right_outcome(seed: int) -> None:
    async def main() -> None:
        story = Story(seed)
        for _ in range(4):
            await story.process()
            await rounds()
        await story.end()

    run(main())
