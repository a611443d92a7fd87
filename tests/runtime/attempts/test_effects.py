"""How is an effect run: where, in which context, and what becomes of what it returns or raises?"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from contextvars import ContextVar
from typing import Any

import attrs
import pytest
from returns.future import future_safe
from returns.io import IO, IOFailure, IOSuccess, impure_safe
from returns.result import Success

from interpreters import EffectContext, InstancePaused, effect_context
from interpreters.runtime.attempts.effects import NoEffect
from journals.entries import Kind
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    APPROVE,
    NO_GRACE,
    Approval,
    Effect,
    approval,
    kinds,
    run,
    told,
    virtual,
    workflow,
)
from wio import Fixed, Retry, run_io

TENANT: ContextVar[str] = ContextVar("tenant", default="nobody")
AGAIN = Retry(attempts=3, backoff=Fixed(NO_GRACE))


def plain(number: int) -> int:
    return number + 1


async def coroutine(number: int) -> int:
    await asyncio.sleep(0)
    return number + 1


@future_safe
async def in_future(number: int) -> int:
    return number + 1


@impure_safe
def in_io(number: int) -> int:
    return number + 1


@attrs.frozen
class Adder:
    by: int

    def __call__(self, number: int) -> int:
        return number + self.by

    def method(self, number: int) -> int:
        return number + self.by

    async def async_method(self, number: int) -> int:
        return number + self.by


@attrs.frozen
class AsyncAdder:
    by: int

    async def __call__(self, number: int) -> int:
        return number + self.by


def add(by: int, number: int) -> int:
    return number + by


async def async_add(by: int, number: int) -> int:
    return number + by


def awaitable(number: int) -> asyncio.Future[int]:
    async def later() -> int:
        return number + 1

    return later()  # type: ignore[return-value]


KINDS = {
    "plain": plain,
    "coroutine": coroutine,
    "future_safe": in_future,
    "impure_safe": in_io,
    "io": lambda number: IO(number + 1),
    "io_success": lambda number: IOSuccess(number + 1),
    "object": Adder(1),
    "async_object": AsyncAdder(1),
    "method": Adder(1).method,
    "async_method": Adder(1).async_method,
    "partial": functools.partial(add, 1),
    "async_partial": functools.partial(async_add, 1),
    "partial_of_object": functools.partial(AsyncAdder(1)),
    "awaitable": awaitable,
    "lambda": lambda number: number + 1,
}


async def result_of(effect: Any, **options: Any) -> Any:
    flow = workflow(run_io(effect, name="s", event=int, **options))
    async with virtual(InMemoryJournal(), flow) as runtime:
        return await (await runtime.start(flow, id="a", input=1)).result()


async def problem_of(effect: Any, **options: Any) -> Any:
    flow = workflow(run_io(effect, name="s", event=int, **options))
    async with virtual(InMemoryJournal(), flow) as runtime:
        instance = await runtime.start(flow, id="a", input=1)
        with pytest.raises(InstancePaused):
            await instance.result()
        return told((await instance.history())[-1]).error


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_function_is_an_effect(kind: str) -> None:
    assert run(result_of(KINDS[kind])) == Success(2)


def test_plain_functions_run_in_threads_and_coroutines_in_the_loop() -> None:
    seen: list[str] = []

    def in_thread(number: int) -> int:
        seen.append(threading.current_thread().name)
        return number

    async def in_loop(number: int) -> int:
        seen.append(threading.current_thread().name)
        return number

    async def main() -> None:
        flow = workflow(run_io(in_thread) >> run_io(in_loop))
        async with virtual(InMemoryJournal(), flow) as runtime:
            await (await runtime.start(flow, id="a", input=1)).result()

    run(main())
    assert seen == ["wio-effect-1", "MainThread"]


def test_a_blocking_effect_does_not_block_the_loop() -> None:
    async def main() -> None:
        free = threading.Event()
        flow = workflow(run_io(lambda number: int(free.wait()) + number, name="block", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await asyncio.sleep(0)
            free.set()
            assert await instance.result() == Success(2)

    run(main())


def test_context_variables_of_the_starter_reach_every_effect_and_none_leaks_out() -> None:
    seen: list[str] = []

    def in_thread(number: int) -> int:
        seen.append(TENANT.get())
        TENANT.set("thief")
        return number

    async def in_loop(number: int) -> int:
        seen.append(TENANT.get())
        TENANT.set("thief")
        return number

    async def main() -> None:
        flow = workflow(run_io(in_thread) >> run_io(in_loop, name="two") >> run_io(in_thread, name="three"))
        async with virtual(InMemoryJournal(), flow) as runtime:
            TENANT.set("acme")
            await (await runtime.start(flow, id="a", input=1)).result()
            assert TENANT.get() == "acme"

    run(main())
    assert seen[:2] == ["acme", "acme"]


def test_context_variables_of_the_sender_reach_the_effect_of_a_signal() -> None:
    def seen(_: int, __: Approval) -> str:
        return TENANT.get()

    async def main() -> None:
        flow = workflow(approval(seen))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            TENANT.set("acme")
            assert await instance.signal(APPROVE, Approval("me")) == "ok acme"

    run(main())


def test_the_context_of_an_effect_is_the_same_on_each_attempt_but_for_its_number() -> None:
    seen: list[EffectContext] = []

    def fails_twice(number: int) -> int:
        seen.append(effect_context())
        if len(seen) < 3:
            raise OSError("again")
        return number

    assert run(result_of(fails_twice, retry=AGAIN)) == Success(1)
    assert [context.attempt for context in seen] == [1, 2, 3]
    assert {context.idempotency_key for context in seen} == {"a:s"}
    assert {(context.instance_id, context.workflow, context.address) for context in seen} == {("a", "flow", "s")}


def test_no_two_steps_have_the_same_idempotency_key() -> None:
    keys: list[str] = []

    async def remember(number: int) -> int:
        keys.append(effect_context().idempotency_key)
        return number

    async def main() -> None:
        flow = workflow(run_io(remember) >> run_io(remember))
        async with virtual(InMemoryJournal(), flow) as runtime:
            for id_ in ("a", "a/remember"):
                await (await runtime.start(flow, id=id_, input=1)).result()

    run(main())
    assert len(set(keys)) == 4


def test_the_logger_of_an_effect_says_where_it_runs(caplog: pytest.LogCaptureFixture) -> None:
    def logs(number: int) -> int:
        effect_context().logger.warning("hello")
        return number

    run(result_of(logs))
    (record,) = (record for record in caplog.records if record.name == "wio.effects.flow")
    assert (record.instance_id, record.address, record.attempt) == ("a", "s", 1)  # type: ignore[attr-defined]
    assert record.levelno == logging.WARNING


def test_there_is_no_context_outside_of_an_effect() -> None:
    with pytest.raises(NoEffect):
        effect_context()

    async def main() -> None:
        flow = workflow(run_io(plain, lambda _, __: effect_context().attempt))
        async with virtual(InMemoryJournal(), flow) as runtime:
            with pytest.raises(InstancePaused, match="NoEffect"):
                await (await runtime.start(flow, id="a", input=1)).result()

    run(main())


def test_a_failure_in_a_container_is_technical() -> None:
    @future_safe
    async def fails(_: int) -> int:
        raise OSError("in the future")

    assert run(problem_of(fails)).type == "OSError"
    assert run(problem_of(impure_safe(Effect(OSError("in io"))))).message == "in io"
    problem = run(problem_of(lambda _: IOFailure("just text")))
    assert problem.type == "EffectFailed"
    assert "IOFailure('just text')" in problem.message


class Stubborn(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__()
        self.sum = one + two


class Unsayable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("there are no words")

    __repr__ = __str__


def group() -> ExceptionGroup[Exception]:
    return ExceptionGroup("both", [ValueError("one"), OSError("two")])


def test_exceptions_of_every_kind_are_recorded() -> None:
    """Those with an `__init__` of their own, with causes, in groups: with class, message and traceback."""
    assert run(problem_of(Effect(Stubborn(1, 2)))).type == "Stubborn"
    problem = run(problem_of(Effect(group())))
    assert "ValueError: one" in problem.traceback
    assert "OSError: two" in problem.traceback
    assert run(problem_of(Effect(ValueError("lone \ud800 and \0")))).message == "lone \\ud800 and \\0"


def test_an_exception_without_words_pauses_with_its_name() -> None:
    problem = run(problem_of(Effect(Unsayable())))
    assert "Unsayable" in str(problem)


@pytest.mark.parametrize("limit_bytes", [2_000_000, 700])
def test_a_message_that_is_too_long_for_the_journal_does_not_stop_the_retries(limit_bytes: int) -> None:
    async def main() -> None:
        effect = Effect(ValueError("x" * 3_000_000), ValueError("y" * 3_000_000), 5)
        flow = workflow(run_io(effect, name="s", event=int, retry=AGAIN))
        async with virtual(InMemoryJournal(limit_bytes=limit_bytes), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.result() == Success(5)
            failed = told((await instance.history())[1])
            assert "ValueError" in str(failed.error)
            assert len(failed.error.message) < 2_000_000

    run(main())


def test_what_a_log_says_of_an_exception_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    run(problem_of(Effect(ValueError("x" * 1_000_000))))
    assert all(len(record.getMessage()) < 2_000 for record in caplog.records)


def raise_stop_iteration(_: int) -> int:
    raise StopIteration(3)


async def raise_stop_iteration_in_loop(_: int) -> int:
    raise StopIteration(3)


async def raise_cancelled(_: int) -> int:
    raise asyncio.CancelledError("mine")


async def await_cancelled(_: int) -> int:
    inner = asyncio.ensure_future(asyncio.sleep(60))
    inner.cancel()
    await inner
    return 1


async def time_out(_: int) -> int:
    async with asyncio.timeout(0):
        await asyncio.sleep(60)
    return 1


def raise_cancelled_in_thread(_: int) -> int:
    raise asyncio.CancelledError("mine")


@pytest.mark.parametrize(
    ("effect", "type_"),
    [
        (raise_stop_iteration, "RuntimeError"),
        (raise_stop_iteration_in_loop, "RuntimeError"),
        (raise_cancelled, "CancelledInside"),
        (raise_cancelled_in_thread, "CancelledInside"),
        (await_cancelled, "CancelledInside"),
        (time_out, "TimeoutError"),
    ],
)
def test_exceptions_that_mean_something_to_the_loop_are_failures_of_the_step(effect: Any, type_: str) -> None:
    assert run(problem_of(effect)).type == type_


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("in_thread", [False, True])
def test_the_end_of_the_process_is_no_failure_of_the_step(ending: type[BaseException], in_thread: bool) -> None:
    """`KeyboardInterrupt` and `SystemExit` end the process, and are not recorded as failures."""
    journal = InMemoryJournal()
    runs: list[int] = []

    def ends(number: int) -> int:
        runs.append(effect_context().attempt)
        if len(runs) == 1:
            raise ending
        return number

    async def ends_in_loop(number: int) -> int:
        return ends(number)

    flow = workflow(run_io(ends if in_thread else ends_in_loop, name="s", retry=AGAIN))

    async def first() -> None:
        async with virtual(journal, flow) as runtime:
            await (await runtime.start(flow, id="a", input=1)).result()

    async def second() -> None:
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(1)
            assert await kinds(instance) == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]

    with pytest.raises(ending):
        run(first())
    run(second())
    assert runs == [1, 2]


def test_no_two_steps_share_an_idempotency_key() -> None:
    contexts = (
        EffectContext("a", "w", "b", 1, "c"),
        EffectContext("a:b", "w", "c", 1),
        EffectContext("a%3Ab", "w", "c", 1),
        EffectContext("a/b", "w", "c", 1),
        EffectContext("a", "w", "b/c", 1),
    )
    assert len({context.idempotency_key for context in contexts}) == len(contexts)
