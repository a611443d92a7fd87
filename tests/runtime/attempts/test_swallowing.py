"""What becomes of an effect that is told to break off, and returns all the same?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstanceCancelled, InstancePaused, Runtime
from journals.entries import Kind
from tests.runtime.running import APPROVE, NO_GRACE, Approval, Effect, approval, kinds, run, workflow
from tests.runtime.test_client import Connect, connect
from wio import Fixed, Retry, race, run_io

__all__ = ["connect"]

AGAIN = Retry(attempts=3, backoff=Fixed(NO_GRACE))
ADA = Approval("Ada")


class Swallowing:
    """Is an effect that never ends by itself. Cancelled, it returns 99, or raises what it is given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = asyncio.Event()
        self.runs = 0
        self.swallowed = 0
        self._error = error

    async def __call__(self, *_: Any) -> int:
        self.runs += 1
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except BaseException:
            self.swallowed += 1
            if self._error is not None:
                raise self._error from None
        return 99


def test_at_a_stop_what_it_returns_is_its_event(connect: Connect) -> None:
    """It says that it has ended; who wants to run again has to let the cancellation pass."""

    async def main() -> None:
        effect = Swallowing()
        flow = workflow(run_io(effect, name="s", event=int))
        async with Runtime(connect(), [flow], grace=NO_GRACE) as runtime:
            await runtime.start(flow, id="a", input=1)
            await effect.begun.wait()
        async with Runtime(connect(), [flow]) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(99)
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.COMPLETED]
        assert (effect.runs, effect.swallowed) == (1, 1)

    run(main())


def test_at_a_stop_what_it_raises_is_its_failure(connect: Connect) -> None:
    """An error in place of the cancellation is an error of the step, and follows its policy."""

    async def main() -> None:
        effect = Swallowing(OSError("half done"))
        flow = workflow(run_io(effect, name="s", event=int))
        async with Runtime(connect(), [flow], grace=NO_GRACE) as runtime:
            await runtime.start(flow, id="a", input=1)
            await effect.begun.wait()
        async with Runtime(connect(), [flow]) as runtime:
            with pytest.raises(InstancePaused, match="half done"):
                await (await runtime.instance(flow, "a")).result()
        assert (effect.runs, effect.swallowed) == (1, 1)

    run(main())


def test_at_a_cancel_it_is_dropped(connect: Connect) -> None:
    """The cancel is in the journal before the effect hears of it: what comes later is not recorded."""

    async def main() -> None:
        effect = Swallowing()
        flow = workflow(run_io(effect, name="s", event=int))
        async with Runtime(connect(), [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await effect.begun.wait()
            await instance.cancel()
            with pytest.raises(InstanceCancelled):
                await instance.result()
            await runtime.idle()
            assert effect.swallowed == 1
            assert Kind.EVENT not in await kinds(instance)

    run(main())


def test_after_a_lost_race_it_is_dropped_and_the_next_step_is_not_taken_for_withdrawn(connect: Connect) -> None:
    """What it returns is nobody's event. The task in which it ran goes on with the next step as any other would."""

    async def main() -> None:
        effect, following = Swallowing(), Effect(asyncio.CancelledError("mine"), 5)

        async def next_step(value: Any) -> Any:
            return following(value)

        losing = run_io(effect, name="s", event=int)
        flow = workflow(race(losing, approval()) >> run_io(next_step, name="next", event=int, retry=AGAIN))
        async with Runtime(connect(), [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await effect.begun.wait()
            await instance.signal(APPROVE, ADA)
            async with asyncio.timeout(10):
                assert await instance.result() == Success(5)
            assert (effect.runs, effect.swallowed, following.runs) == (1, 1, 2)
            assert await kinds(instance) == [
                Kind.STARTED,
                Kind.SIGNAL,
                Kind.ATTEMPT_FAILED,
                Kind.EVENT,
                Kind.COMPLETED,
            ]

    run(main())
