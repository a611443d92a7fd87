"""Of two things that happen at the same moment, does exactly one count, and do the journal and all callers agree?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstanceCancelled, InstanceEnded, Runtime, UnexpectedSignal
from interpreters.runtime.instance import Instance
from interpreters.testing import VirtualClock
from journals.entries import Kind
from journals.ports import Journal
from tests.runtime.running import APPROVE, NOTE, Approval, approval, note, rounds, run, workflow
from wio import first_of, wait

HOUR = timedelta(hours=1)
ADA = Approval("Ada")
APARTS = (0, 3, 6, 9, None)
"""Are how many rounds of the event loop lie between the two; None lets the first come to its end."""

Act = Callable[[], Awaitable[Any]]


class Moments:
    """Let an instance come to a wait, and two things happen to it at nearly the same time, in every order."""

    def __init__(self, journal: Journal, flow: Any) -> None:
        self._journal = journal
        self._flow = flow
        self.clock = VirtualClock()

    @asynccontextmanager
    async def each(
        self, act: Callable[[Instance[Any, Any]], Act]
    ) -> AsyncGenerator[list[tuple[Instance[Any, Any], Any]]]:
        """Yield the instances, and what has come of the act: what it returned, or the error that it raised."""
        found: list[tuple[Instance[Any, Any], Any]] = []
        async with Runtime(self._journal, [self._flow], clock=self.clock) as runtime:
            for number, (apart, timer_first) in enumerate(
                (apart, first) for apart in APARTS for first in (True, False)
            ):
                instance = await runtime.start(self._flow, id=f"i{number}", input=1)
                await runtime.idle()
                found.append((instance, await self._both(runtime, act(instance), apart, timer_first)))
                await runtime.idle()
            yield found

    async def _both(self, runtime: Runtime, act: Act, apart: int | None, timer_first: bool) -> Any:
        if timer_first:
            self.clock.set(self.clock.now() + HOUR)
            await _between(runtime, apart)
        acting = asyncio.create_task(act())
        if not timer_first:
            await (asyncio.wait({acting}) if apart is None else rounds(apart))
            self.clock.set(self.clock.now() + HOUR)
        return (await asyncio.gather(acting, return_exceptions=True))[0]


async def _between(runtime: Runtime, apart: int | None) -> None:
    await (runtime.idle() if apart is None else rounds(apart))


def test_of_a_signal_and_the_end_of_its_wait_one_counts(journal: Journal) -> None:
    """Exactly one branch is recorded; the sender hears which; another process reads the same out of the journal."""
    flow = workflow(first_of(approval(), wait(HOUR).map(lambda _: "too late")))

    async def main() -> None:
        seen: set[bool] = set()
        moments = Moments(journal, flow)
        async with moments.each(lambda instance: lambda: instance.signal(APPROVE, ADA, key="k")) as found:
            for instance, answer in found:
                kinds = [entry.kind for entry in await instance.history()]
                is_taken = answer == "ok 1 by Ada"
                assert is_taken or isinstance(answer, UnexpectedSignal)
                assert (kinds.count(Kind.SIGNAL), kinds.count(Kind.TIMER_FIRED)) == (is_taken, not is_taken)
                assert await instance.result() == Success("1 by Ada" if is_taken else "too late")
                seen.add(is_taken)
        assert seen == {True, False}
        async with Runtime(journal, [flow], clock=moments.clock, recover=False) as other:
            for instance, answer in found:
                expected = "1 by Ada" if answer == "ok 1 by Ada" else "too late"
                assert await (await other.instance(flow, instance.id)).result() == Success(expected)

    run(main())


def test_a_kept_signal_that_comes_with_the_end_of_its_wait_is_taken_once_or_refused_to_its_sender(
    journal: Journal,
) -> None:
    """By the wait, or by the next step for it; refused when its effect ran as the wait ended, and then sent again."""
    flow = workflow(first_of(note(), wait(HOUR).map(lambda _: "too late")) >> note())

    async def main() -> None:
        async with Moments(journal, flow).each(lambda instance: lambda: instance.send(NOTE, "first", key="1")) as found:
            for instance, answer in found:
                is_late = Kind.TIMER_FIRED in [entry.kind for entry in await instance.history()]
                if answer is not None:
                    assert isinstance(answer, UnexpectedSignal)
                    assert is_late
                    await instance.send(NOTE, "first", key="1")
                if not is_late:
                    assert await instance.signal(NOTE, "second", key="2") == "noted 1 first second"
                assert await instance.result() == Success("too late first" if is_late else "1 first second")

    run(main())


def test_of_a_cancel_and_a_timer_one_counts(journal: Journal) -> None:
    """Either the timer has ended the instance and the cancel is refused, or it is cancelled; the journal says which."""
    flow = workflow(wait(HOUR))

    async def main() -> None:
        seen: set[bool] = set()
        async with Moments(journal, flow).each(lambda instance: instance.cancel) as found:
            for instance, answer in found:
                kinds = [entry.kind for entry in await instance.history()]
                is_cancelled = answer is None
                assert is_cancelled or isinstance(answer, InstanceEnded)
                assert (Kind.TIMER_FIRED in kinds, Kind.CANCELLING in kinds) == (not is_cancelled, is_cancelled)
                seen.add(is_cancelled)
                if is_cancelled:
                    with pytest.raises(InstanceCancelled):
                        await instance.result()
                else:
                    assert await instance.result() == Success(1)
        assert seen == {True, False}

    run(main())
