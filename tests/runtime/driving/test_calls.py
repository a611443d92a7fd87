"""Does a call end although its caller has given up?"""

from __future__ import annotations

import asyncio

import pytest

from interpreters import RuntimeStopped
from interpreters.runtime.driving.calls import Calls
from tests.runtime.running import Gate, rounds, run


def test_a_call_returns_and_raises_as_if_it_were_awaited() -> None:
    async def fails() -> None:
        raise OSError("down")

    async def main() -> None:
        calls = Calls()
        assert await calls.finish(asyncio.sleep(0, 3)) == 3
        with pytest.raises(OSError, match="down"):
            await calls.finish(fails())
        await rounds()
        assert calls.running == set()

    run(main())


def test_a_call_goes_on_when_its_caller_gives_up() -> None:
    async def main() -> None:
        calls, gate = Calls(), Gate(3)
        caller = asyncio.create_task(calls.finish(gate()))
        await gate.begun.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        (call,) = calls.running
        gate.open.set()
        await call
        assert gate.runs == 1
        assert gate.broken_off == 0

    run(main())


def test_a_call_that_is_broken_off_says_that_the_runtime_has_stopped() -> None:
    async def main() -> None:
        calls, gate = Calls(), Gate()
        caller = asyncio.create_task(calls.finish(gate()))
        await gate.begun.wait()
        (call,) = calls.running
        call.cancel()
        with pytest.raises(RuntimeStopped):
            await caller

    run(main())


def test_what_ends_a_process_reaches_the_caller_of_a_call_that_it_ends() -> None:
    class Ended(BaseException):
        pass

    async def ends() -> None:
        raise Ended

    async def main() -> None:
        with pytest.raises(Ended):
            await Calls().finish(ends())

    run(main())


def test_a_call_that_ended_well_goes_on_with_what_comes_then_and_nobody_waits() -> None:
    async def main() -> None:
        calls, gate = Calls(), Gate()
        assert await calls.finish(asyncio.sleep(0, 3), gate) == 3
        await gate.begun.wait()
        gate.open.set()
        await asyncio.wait(calls.running)
        assert calls.running == set()

    run(main())
