"""Can a script without an event loop, with many threads, do all that a coroutine can, and never hang?"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure, Success

from interpreters import (
    BlockingRuntime,
    InstanceExists,
    InstancePaused,
    NotPaused,
    Runtime,
    RuntimeStopped,
    UnexpectedSignal,
)
from interpreters.runtime.blocking import CalledInside
from interpreters.testing import START, NoThreads, VirtualClock
from journals.entries import Kind, Status
from journals.errors import JournalUnavailable
from journals.memory import InMemoryJournal
from journals.sqlite import SqliteJournal
from tests.runtime.running import (
    APPROVE,
    DAY,
    NO_GRACE,
    NOTE,
    STATE,
    Approval,
    Effect,
    FaultyJournal,
    answering,
    approval,
    note,
    rounds,
    workflow,
)
from wio import InvalidDefinition, Task, Workflow, run_io, task, wait

ME = Approval("me")
SOON = timedelta(milliseconds=20)
PATIENCE = timedelta(seconds=10)


def blocking(*workflows: Workflow[Any, Any, Any], journal: Any = None, **options: Any) -> BlockingRuntime:
    return BlockingRuntime(Runtime(journal or InMemoryJournal(), workflows, **options))


def runtime_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "wio-runtime"]


class Block:
    """Is a plain effect that ends when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.free = threading.Event()

    def __call__(self, number: int, *_: Any) -> int:
        self.begun.set()
        self.free.wait()
        return number


def test_a_script_does_everything(tmp_path: Path) -> None:
    flow = workflow(answering(approval() >> run_io(lambda text: text + "!", name="s", event=str)))
    with blocking(flow, journal=SqliteJournal(tmp_path / "journal.db")) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        runtime.idle(PATIENCE)
        assert instance.query(STATE) == "at 1"
        assert instance.signal(APPROVE, ME, key="k", timeout=PATIENCE) == "ok 1 by me"
        assert instance.result(PATIENCE) == Success("1 by me!")
        assert instance.record().status is Status.COMPLETED
        assert [entry.kind for entry in instance.history()] == [
            Kind.STARTED,
            Kind.SIGNAL,
            Kind.EVENT,
            Kind.COMPLETED,
        ]
        assert [record.id for record in runtime.instances()] == ["a"]
    assert runtime_threads() == []
    with blocking(flow, journal=SqliteJournal(tmp_path / "journal.db")) as runtime:
        assert runtime.instance(flow, "a").result() == Success("1 by me!")


def test_errors_are_those_of_the_runtime() -> None:
    flow = workflow(run_io(Effect(OSError("down"), 1), name="s", event=int))
    with blocking(flow) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        with pytest.raises(InstancePaused, match="down"):
            instance.result()
        with pytest.raises(InstanceExists):
            runtime.start(flow, id="a", input=2)
        with pytest.raises(UnexpectedSignal):
            instance.signal(APPROVE, ME)
        instance.resume()
        assert instance.result() == Success(1)
        with pytest.raises(NotPaused):
            instance.resume()


def test_a_timeout_leaves_the_instance_alone() -> None:
    block = Block()
    flow = workflow(approval(lambda *_: str(block(1))))
    with blocking(flow) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        with pytest.raises(TimeoutError):
            instance.result(SOON)
        with pytest.raises(TimeoutError):
            instance.signal(APPROVE, ME, key="k", timeout=SOON)
        block.free.set()
        assert instance.signal(APPROVE, ME, key="k", timeout=PATIENCE) == "ok 1"
        assert instance.result(PATIENCE) == Success("1")


def test_a_timeout_that_is_no_timedelta_is_refused_before_anything_is_done() -> None:
    flow = workflow(approval())
    seconds: Any = 5
    with blocking(flow) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        calls: tuple[Callable[[], object], ...] = (
            lambda: runtime.idle(seconds),
            lambda: instance.result(seconds),
            lambda: instance.signal(APPROVE, ME, timeout=seconds),
        )
        for call in calls:
            with pytest.raises(InvalidDefinition, match=r"timeout=5 is no timedelta.*timedelta\(seconds=5\)"):
                call()
        assert [entry.kind for entry in instance.history()] == [Kind.STARTED]


def test_idle_waits_for_what_the_clock_has_made_due() -> None:
    clock = VirtualClock()
    flow = workflow(wait(DAY) >> run_io(abs, event=int))

    async def pass_a_day() -> None:
        clock.set(START + DAY)

    with blocking(flow, clock=clock, workers=NoThreads()) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        runtime.idle(PATIENCE)
        runtime.wait_for(pass_a_day())
        runtime.idle(PATIENCE)
        assert instance.record().status is Status.COMPLETED


def test_a_signal_is_sent_without_waiting_for_its_response() -> None:
    flow = workflow(approval() >> note())
    with blocking(flow) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        instance.send(NOTE, "early", key="k", timeout=PATIENCE)
        with pytest.raises(TimeoutError):
            instance.signal(NOTE, "early", key="k", timeout=SOON)
        instance.send(APPROVE, ME)
        assert instance.result(PATIENCE) == Success("1 by me early")


def test_the_answer_to_a_task_may_be_repeated_with_its_key() -> None:
    work = Task("work", input=int, output=int, error=str)
    flow = workflow(task(work, abs, name="a") >> task(work, abs, name="b") >> task(work, abs, name="c"))
    with blocking(flow) as runtime:
        instance = runtime.start(flow, id="i", input=1)
        for address in "abc":
            instance.claim(address, by="ann")
            for _ in range(2):
                match address:
                    case "a":
                        instance.complete("a", 2, by="ann", key="k")
                    case "b":
                        instance.skip("b", 3, key="k")
                    case _:
                        instance.fail_task("c", "no", by="ann", key="k")
        assert instance.result(PATIENCE) == Failure("no")


def test_many_threads_use_one_runtime() -> None:
    flow = workflow(run_io(lambda number: number * 2, name="double", event=int))
    with blocking(flow) as runtime, ThreadPoolExecutor(8) as pool:
        results = pool.map(lambda n: runtime.start(flow, id=f"i{n}", input=n).result(), range(100))
        assert list(results) == [Success(2 * number) for number in range(100)]


def test_an_exception_in_the_block_stops_the_runtime_and_comes_through() -> None:
    flow = workflow(approval())
    with pytest.raises(ValueError, match="mine"), blocking(flow) as runtime:  # noqa: PT012
        runtime.start(flow, id="a", input=1)
        raise ValueError("mine")
    assert runtime_threads() == []


def test_nothing_can_be_asked_before_and_after() -> None:
    flow = workflow(approval())
    runtime = blocking(flow)
    with pytest.raises(RuntimeStopped, match=r"inside `with BlockingRuntime\(Runtime\(\.\.\.\)\)`"):
        runtime.start(flow, id="a", input=1)
    with runtime:
        instance = runtime.start(flow, id="a", input=1)
    calls: tuple[Callable[[], object], ...] = (
        lambda: runtime.start(flow, id="a", input=1),
        runtime.instances,
        runtime.idle,
        instance.result,
        instance.history,
        lambda: instance.signal(APPROVE, ME),
    )
    for call in calls:
        with pytest.raises(RuntimeStopped, match="inside `with BlockingRuntime"):
            call()
    with runtime:
        assert instance.signal(APPROVE, ME) == "ok 1 by me"


def test_a_runtime_that_cannot_start_leaves_no_thread() -> None:
    journal = FaultyJournal(InMemoryJournal())
    journal.fail("open", JournalUnavailable("away"))
    with pytest.raises(JournalUnavailable), blocking(workflow(approval()), journal=journal):
        pass
    assert runtime_threads() == []


def test_threads_that_wait_when_the_runtime_stops_are_told() -> None:
    block = Block()
    flow, busy = workflow(approval()), workflow(run_io(block), name="busy")
    told: list[BaseException] = []

    def wait_for(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            told.append(error)

    with blocking(flow, busy, grace=SOON) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        runtime.start(busy, id="b", input=1)
        block.begun.wait()
        calls = (instance.result, instance.result, lambda: runtime.wait_for(asyncio.Event().wait()))
        threads = [threading.Thread(target=wait_for, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        runtime.instances()
    for thread in threads:
        thread.join(10)
    block.free.set()
    assert [type(error) for error in told] == [RuntimeStopped] * 3


def test_calls_from_other_threads_while_the_runtime_stops_end_one_way_or_the_other() -> None:
    flow = workflow(run_io(lambda number: number, name="s", event=int))
    ended: list[bool] = []

    def ask(runtime: BlockingRuntime, name: str) -> None:
        number = 0
        while True:
            try:
                runtime.start(flow, id=f"{name}{number}", input=1)
            except RuntimeStopped:
                ended.append(True)
                return
            number += 1

    for turn in range(5):
        with blocking(flow, grace=NO_GRACE) as runtime:
            threads = [threading.Thread(target=ask, args=(runtime, f"t{turn}-{n}-")) for n in range(3)]
            for thread in threads:
                thread.start()
            runtime.start(flow, id=f"main{turn}", input=1)
        for thread in threads:
            thread.join(10)
    assert len(ended) == 15


@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt()])
def test_an_effect_that_ends_the_process_ends_the_call_that_waits_for_it(ending: BaseException) -> None:
    asked = threading.Event()

    def end(_: int) -> int:
        asked.wait()
        raise ending

    flow, other = workflow(run_io(Effect(end, 5), name="s", event=int)), workflow(approval(), name="other")
    inner = Runtime(InMemoryJournal(), [flow, other])

    async def ask() -> None:
        asking = asyncio.create_task(inner.result("a"))
        await rounds()
        asked.set()
        await asking

    with BlockingRuntime(inner) as runtime:
        instance = runtime.start(flow, id="a", input=1)
        with pytest.raises(type(ending)):
            runtime.wait_for(ask(), PATIENCE)
        assert runtime.start(other, id="b", input=1).signal(APPROVE, ME) == "ok 1 by me"
        assert instance.result(PATIENCE) == Success(5)
        kinds = [entry.kind for entry in instance.history()]
        assert kinds == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]


def test_a_plain_effect_may_use_the_runtime_and_a_coroutine_is_told_that_it_may_not() -> None:
    child = workflow(run_io(abs), name="child")

    def plain(number: int) -> Any:
        return runtime.start(child, id="child", input=number).result(PATIENCE).unwrap()

    async def coroutine(number: int) -> int:
        with pytest.raises(CalledInside):
            runtime.start(child, id="another", input=number)
        return number

    flow = workflow(run_io(plain) >> run_io(coroutine))
    with blocking(flow, child) as runtime:
        assert runtime.start(flow, id="a", input=-3).result(PATIENCE) == Success(3)


def test_leaving_with_a_timer_set_leaves_nothing_behind() -> None:
    flow = workflow(wait(timedelta(days=1)))
    with blocking(flow) as runtime:
        runtime.start(flow, id="a", input=1)
        runtime.idle()
    assert runtime_threads() == []


def test_an_effect_that_blocks_for_ever_holds_up_the_end_for_the_grace_period_only() -> None:
    block = Block()
    flow = workflow(run_io(block))
    began = time.monotonic()
    with blocking(flow, grace=SOON) as runtime:
        runtime.start(flow, id="a", input=1)
        block.begun.wait()
    assert time.monotonic() - began < 5
    block.free.set()
