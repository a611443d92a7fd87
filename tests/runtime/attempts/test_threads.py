"""Do plain functions get their threads, also when somebody no longer waits for them?"""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from contextvars import ContextVar

import pytest

from interpreters.runtime.attempts.threads import Threads
from tests.runtime.running import rounds, run

WHO: ContextVar[str] = ContextVar("who", default="nobody")


class Block:
    """Is a function that tells when it has begun, and ends when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.free = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.free.wait()
        return threading.current_thread().name


def test_threads_are_started_as_they_are_needed_and_no_more() -> None:
    async def main() -> None:
        threads = Threads(2)
        blocks = [Block() for _ in range(3)]
        calls = [asyncio.create_task(threads.run(block, ())) for block in blocks]
        for block in blocks[:2]:
            await asyncio.to_thread(block.begun.wait)
        assert not blocks[2].begun.is_set()
        for block in blocks:
            block.free.set()
        assert set(await asyncio.gather(*calls)) == {"wio-effect-1", "wio-effect-2"}
        threads.close()

    run(main())


def test_one_after_the_other_needs_one_thread() -> None:
    async def main() -> None:
        threads = Threads(64)
        names = {await threads.run(lambda: threading.current_thread().name, ()) for _ in range(10)}
        assert names == {"wio-effect-1"}
        threads.close()

    run(main())


def test_a_function_that_nobody_waits_for_keeps_its_thread_and_no_other_function_waits_behind_it() -> None:
    async def main() -> None:
        threads, block = Threads(2), Block()
        call = asyncio.create_task(threads.run(block, ()))
        await asyncio.to_thread(block.begun.wait)
        call.cancel()
        await rounds()
        assert await threads.run(abs, (-3,)) == 3
        block.free.set()
        threads.close()

    run(main())


def test_a_function_that_nobody_waits_for_any_more_does_not_begin() -> None:
    async def main() -> None:
        threads, block = Threads(1), Block()
        begun: list[int] = []
        first = asyncio.create_task(threads.run(block, ()))
        second = asyncio.create_task(threads.run(begun.append, (1,)))
        await asyncio.to_thread(block.begun.wait)
        second.cancel()
        await rounds()
        block.free.set()
        await first
        await threads.run(abs, (-3,))
        assert begun == []
        threads.close()

    run(main())


def test_threads_can_be_used_again_after_close_although_one_of_them_is_stuck() -> None:
    async def main() -> None:
        threads, block = Threads(2), Block()
        call = asyncio.create_task(threads.run(block, ()))
        await asyncio.to_thread(block.begun.wait)
        threads.close()
        for _ in range(5):
            assert await threads.run(abs, (-3,)) == 3
        block.free.set()
        await call
        for _ in range(5):
            assert await asyncio.gather(*(threads.run(abs, (-3,)) for _ in range(5))) == [3] * 5
        threads.close()

    run(main())


def test_all_threads_end_after_close() -> None:
    async def main() -> None:
        threads = Threads(3)
        blocks = [Block() for _ in range(3)]
        calls = [asyncio.create_task(threads.run(block, ())) for block in blocks]
        for block in blocks:
            await asyncio.to_thread(block.begun.wait)
        running = [thread for thread in threading.enumerate() if thread.name.startswith("wio-effect")]
        threads.close()
        for block in blocks:
            block.free.set()
        await asyncio.gather(*calls)
        for thread in running:
            await asyncio.to_thread(thread.join)

    run(main())


def test_functions_see_a_copy_of_the_context() -> None:
    async def main() -> None:
        threads = Threads(1)
        WHO.set("me")
        assert await threads.run(WHO.get, ()) == "me"
        await threads.run(WHO.set, ("thief",))
        assert WHO.get() == "me"
        threads.close()

    run(main())


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3)])
def test_what_a_function_raises_is_raised_where_it_is_awaited(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def main() -> BaseException:
        threads = Threads(1)
        try:
            await threads.run(fail, ())
        except BaseException as raised:
            return raised
        finally:
            threads.close()
        raise AssertionError

    assert run(main()) is error


def test_an_idle_thread_keeps_no_value_alive() -> None:
    class Value:
        pass

    async def main() -> None:
        threads = Threads(1)
        value = Value()
        gone = weakref.ref(value)
        await threads.run(lambda each: each, (value,))
        del value
        await rounds()
        await asyncio.to_thread(gc.collect)
        assert gone() is None
        threads.close()

    run(main())
