"""Does a limit end what takes too long, and nothing else?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from interpreters.runtime.attempts.limits import Limit
from interpreters.testing import START, VirtualClock
from tests.runtime.running import rounds, run

SECOND = timedelta(seconds=1)


async def never() -> None:
    await asyncio.Event().wait()


async def limited(clock: VirtualClock, doing: Callable[[], Awaitable[None]] = never) -> None:
    async with Limit(clock, START + SECOND, "It"):
        await doing()


async def begun(clock: VirtualClock, doing: Callable[[], Awaitable[None]] = never) -> asyncio.Task[None]:
    task = asyncio.create_task(limited(clock, doing))
    await rounds()
    return task


def test_it_ends_with_a_timeout_at_its_time_and_not_before() -> None:
    async def main() -> None:
        clock = VirtualClock()
        task = await begun(clock)
        clock.set(START + SECOND / 2)
        await rounds()
        assert not task.done()
        clock.set(START + SECOND)
        with pytest.raises(TimeoutError, match="It took too long"):
            await task
        assert not task.cancelling()

    run(main())


def test_a_clock_that_wakes_early_is_asked_again() -> None:
    class Hasty(VirtualClock):
        naps = 0

        async def sleep_until(self, due: datetime) -> None:
            self.naps += 1
            await super().sleep_until(min(due, START + self.naps * SECOND / 3))

    async def main() -> None:
        clock = Hasty()
        task = await begun(clock)
        clock.set(START + SECOND / 2)
        await rounds()
        assert not task.done()
        clock.set(START + SECOND)
        with pytest.raises(TimeoutError):
            await task

    run(main())


@pytest.mark.parametrize("alarm_first", [True, False])
def test_who_is_cancelled_by_somebody_else_as_well_stays_cancelled(alarm_first: bool) -> None:
    async def main() -> None:
        clock = VirtualClock()
        task = await begun(clock)
        clock.set(START + SECOND)
        if alarm_first:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_what_ends_in_time_leaves_no_alarm_behind() -> None:
    async def main() -> None:
        clock = VirtualClock()
        before = asyncio.all_tasks()
        await (await begun(clock, lambda: asyncio.sleep(0)))
        await rounds()
        assert asyncio.all_tasks() == before

    run(main())


def test_an_error_in_time_is_raised_as_it_is() -> None:
    async def fails() -> None:
        raise ValueError("no")

    async def main() -> None:
        with pytest.raises(ValueError, match="no"):
            await limited(VirtualClock(), fails)

    run(main())


def test_an_error_on_being_broken_off_is_the_cause_of_the_timeout() -> None:
    async def untidy() -> None:
        try:
            await never()
        finally:
            raise ValueError("while tidying up")

    async def main() -> None:
        clock = VirtualClock()
        task = await begun(clock, untidy)
        clock.set(START + SECOND)
        with pytest.raises(TimeoutError) as raised:
            await task
        assert isinstance(raised.value.__cause__, ValueError)

    run(main())


def test_nothing_begins_after_its_time() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError, match="before it began"):
            await limited(VirtualClock(START + SECOND), never)

    run(main())


def test_no_time_is_no_bound() -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        async with Limit(VirtualClock(), None, "It"):
            assert asyncio.all_tasks() == before

    run(main())
