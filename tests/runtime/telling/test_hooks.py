"""Are hooks called when an instance pauses or ends: at least once, in order, and again until they succeed?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from interpreters import Client, Hooks, InstancePaused, Runtime
from interpreters.testing import CrashAt, Simulation
from journals import InMemoryJournal, Published
from journals.changes import Change
from journals.entries import Status
from journals.forwarding import ForwardingJournal
from wio import InvalidDefinition, Retry, Workflow, fail, publish, pure, retrying, run_io, wait
from wio.retries import Exceeded

HOUR = timedelta(hours=1)
T = TypeVar("T")


class Heard:
    """Notes what hooks are called with; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.changes: list[Change] = []
        self.failures = failures

    @property
    def words(self) -> list[tuple[str, str]]:
        return [(change.id, change.word) for change in self.changes]

    async def __call__(self, change: Change) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")
        self.changes.append(change)

    def hooks(self) -> Hooks:
        return Hooks(on_pause=self, on_complete=self, on_fail=self, on_cancel=self, on_delete=self)


class Full:
    """Takes no message."""

    async def publish(self, message: Published) -> None:
        raise OSError(f"{message.topic} is full")


class Flaky:
    def __init__(self) -> None:
        self.works = False

    def __call__(self, value: str) -> str:
        if not self.works:
            raise OSError(value)
        return value


def named(root: Any, name: str = "order") -> Workflow[str, Any, Any]:
    return Workflow(name, version=2, input=str, root=root)


def length(value: str) -> int:
    return len(value)


counted = named(run_io(length))


def test_a_hook_is_called_with_how_the_instance_stands() -> None:
    heard = Heard()
    with Simulation(counted, hooks=heard.hooks()) as simulation:
        run = simulation.start(counted, id="a", input="x")
        completed = Change(
            "a", "order", 2, Status.COMPLETED, Status.RUNNING, 3, run.record.detail, run.record.updated_at
        )
        assert heard.changes == [completed]


def test_each_change_has_its_hook_and_its_order() -> None:
    heard, flaky = Heard(), Flaky()
    order = named(run_io(flaky, name="pack", event=str) >> wait(HOUR) >> fail("late"))
    with Simulation(order, hooks=heard.hooks()) as simulation:
        run = simulation.start(order, id="a", input="x")
        simulation.start(order, id="b", input="x").cancel()
        flaky.works = True
        run.resume()
        simulation.advance(HOUR)
        assert [word for id, word in heard.words if id == "a"] == ["paused", "failed"]
        assert [word for id, word in heard.words if id == "b"] == ["paused", "cancelled"]


def test_an_instance_that_is_given_up_has_failed() -> None:
    heard = Heard()
    order = named(retrying(run_io(Flaky(), event=str), Retry(attempts=1, exceeded=Exceeded.FAIL)))
    with Simulation(order, hooks=heard.hooks()) as simulation:
        simulation.start(order, id="a", input="x")
        assert heard.words == [("a", "failed")]


def test_a_parked_instance_is_paused() -> None:
    heard = Heard()
    before = named(run_io(length, name="before") >> wait(HOUR) >> run_io(length, name="then"))
    after = named(run_io(length, name="after") >> wait(HOUR))
    journal = InMemoryJournal()

    async def main() -> None:
        async with Runtime(journal, [before]) as runtime:
            await runtime.start(before, id="a", input="x")
            await runtime.idle()
        async with Runtime(journal, [after], hooks=heard.hooks()) as runtime:
            with pytest.raises(InstancePaused, match="after"):
                await runtime.pending("a")
            await runtime.idle()

    asyncio.run(main())
    assert heard.words == [("a", "paused")]


@pytest.mark.parametrize("commit", range(1, 3))
@pytest.mark.parametrize("side", CrashAt)
def test_a_crash_loses_no_call(commit: int, side: CrashAt) -> None:
    heard = Heard()
    with Simulation(counted, hooks=heard.hooks()) as simulation:
        simulation.crash_at(commit, side)
        simulation.start(counted, id="a", input="x").result()
        assert set(heard.words) == {("a", "completed")}


def test_a_hook_that_raises_is_called_again_and_holds_up_no_other_instance() -> None:
    heard = Heard(failures=3)
    with Simulation(counted, hooks=heard.hooks()) as simulation:
        simulation.start(counted, id="a", input="x")
        assert heard.changes == []
        simulation.advance(timedelta(minutes=1))
        assert heard.words == [("a", "completed")]


def test_a_call_that_fails_is_told_as_a_call_of_a_hook(caplog: pytest.LogCaptureFixture) -> None:
    order = named(run_io(length) >> publish("sizes", str))
    with Simulation(order, hooks=Heard(failures=1).hooks(), publisher=Full()) as simulation:
        simulation.start(order, id="a", input="x")
        assert sorted(record.getMessage() for record in caplog.records if record.levelname == "WARNING") == [
            "Instance a: a call of a hook failed: ConnectionError: away. It is tried again.",
            "Instance a: the delivery of a message failed: OSError: sizes is full. It is tried again.",
        ]


def test_a_plain_function_is_called_in_a_thread() -> None:
    threads: list[str] = []

    def note(_change: Change) -> None:
        threads.append(threading.current_thread().name)

    async def main() -> None:
        async with Runtime(InMemoryJournal(), [counted], hooks=Hooks(on_complete=note)) as runtime:
            await (await runtime.start(counted, id="a", input="x")).result()

    asyncio.run(main())
    assert len(threads) == 1
    assert threads[0] != threading.current_thread().name


def test_hooks_may_be_for_one_workflow() -> None:
    heard, other = Heard(), named(run_io(length), "other")
    with Simulation(counted, other, hooks={"other": heard.hooks()}) as simulation:
        simulation.start(counted, id="a", input="x")
        simulation.start(other, id="b", input="x")
        assert heard.words == [("b", "completed")]


def test_a_call_that_no_program_knows_any_more_waits_and_says_so() -> None:
    heard = Heard(failures=1)
    journal = InMemoryJournal()

    async def main() -> None:
        async with Runtime(journal, [counted], hooks=heard.hooks()) as runtime:
            await (await runtime.start(counted, id="a", input="x")).result()
        async with journal:
            journal._outbox._queues["hook order", "a"].due -= HOUR
        async with Runtime(journal, [counted], hooks=Hooks(on_pause=heard)) as runtime:
            await runtime.idle()
            (waiting,) = await journal.outbox()
            assert (waiting.lane, waiting.count, waiting.failures) == ("hook order", 1, 2)
            assert "NoHook: No runtime here has a hook for completed of workflow 'order'" in str(waiting.error)

    asyncio.run(main())


def test_hooks_and_messages_go_their_own_ways() -> None:
    heard = Heard(failures=1)
    order = named(publish("news", length))
    with Simulation(order, hooks=heard.hooks()) as simulation:
        simulation.start(order, id="a", input="x")
        assert [message.topic for message in simulation.published] == ["news"]
        assert heard.changes == []


@pytest.mark.parametrize("hooks", [3, Hooks, {"unknown": Hooks()}, {"order": print}])
def test_what_are_no_hooks_is_refused(hooks: Any) -> None:
    with pytest.raises(InvalidDefinition, match="hooks"):
        Runtime(InMemoryJournal(), [counted], hooks=hooks)


def test_a_hook_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="on_pause=3 cannot be called"):
        Hooks(on_pause=3)  # type: ignore[arg-type]


def test_a_hook_is_called_when_the_data_of_an_instance_was_deleted() -> None:
    heard = Heard()

    async def main() -> None:
        async with Runtime(InMemoryJournal(), [counted], hooks=Hooks(on_delete=heard)) as runtime:
            instance = await runtime.start(counted, id="a", input="x")
            await instance.result()
            await instance.request_data_deletion(by="ann", reason="asked")
            async with asyncio.timeout(5):
                while not heard.words:
                    await asyncio.sleep(0)

    asyncio.run(main())
    assert heard.words == [("a", "data_deleted")]


def test_a_call_that_waits_when_the_data_is_deleted_comes_without_a_detail() -> None:
    heard = Heard(failures=1)
    order = named(run_io(Flaky(), event=str))
    with Simulation(order, hooks=heard.hooks()) as simulation:
        run = simulation.start(order, id="a", input="secret")
        assert "secret" in run.record.detail
        run.cancel()
        run.request_data_deletion()
        simulation.advance(timedelta(minutes=1))
        assert heard.words == [("a", "paused"), ("a", "cancelled"), ("a", "data_deleted")]
        assert [each.detail for each in heard.changes] == [""] * 3
        assert [each.before for each in heard.changes] == [
            Status.RUNNING,
            Status.PAUSED,
            Status.DATA_DELETION_REQUESTED,
        ]


def test_what_waits_for_a_publisher_when_the_data_is_deleted_is_never_published() -> None:
    order, journal = named(publish("news", length)), InMemoryJournal()

    async def main() -> None:
        async with Runtime(journal, [order]) as runtime:
            instance = await runtime.start(order, id="a", input="x")
            await instance.result()
            assert [waiting.count for waiting in await journal.outbox()] == [1]
            await instance.request_data_deletion()
            await runtime.idle()
            assert await journal.outbox() == ()

    asyncio.run(main())


def test_who_has_no_hooks_stores_the_calls_that_others_make(caplog: pytest.LogCaptureFixture) -> None:
    heard, journal = Heard(), InMemoryJournal()

    async def main() -> None:
        async with Runtime(journal, [counted], hooks=Hooks(on_complete=heard)):
            pass
        async with Runtime(journal, [counted]) as runtime:
            await (await runtime.start(counted, id="a", input="x")).result()
            await runtime.idle()
            assert [(waiting.lane, waiting.count) for waiting in await runtime.outbox()] == [("hook order", 1)]
        async with Runtime(journal, [counted], hooks=Hooks(on_complete=heard)) as runtime:
            await runtime.idle()

    asyncio.run(main())
    assert heard.words == [("a", "completed")]
    assert caplog.records == []


def test_only_calls_that_somebody_makes_are_stored() -> None:
    heard, journal = Heard(), InMemoryJournal()
    other = named(run_io(length), "other")

    async def main() -> None:
        async with Runtime(journal, [counted, other], hooks={"order": Hooks(on_pause=heard)}):
            pass
        async with Runtime(journal, [counted, other]) as runtime:
            await (await runtime.start(counted, id="a", input="x")).result()
            await (await runtime.start(other, id="b", input="x")).result()
            assert await runtime.outbox() == ()

    asyncio.run(main())


def test_hooks_that_are_none_take_back_what_was_said_before() -> None:
    journal = InMemoryJournal()

    async def main() -> None:
        for hooks in (Heard().hooks(), Hooks()):
            async with Runtime(journal, [counted], hooks=hooks):
                pass
        async with Runtime(journal, [counted]) as runtime:
            await (await runtime.start(counted, id="a", input="x")).result()
            assert await runtime.outbox() == ()

    asyncio.run(main())


def test_a_client_asks_the_store_of_hooks_only_where_a_call_may_follow() -> None:
    asked: list[str] = []

    class Asked(ForwardingJournal):
        async def around(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
            asked.append(name)
            return await call()

    async def main() -> None:
        async with Client(Asked(InMemoryJournal()), [counted]) as client:
            await client.start(counted, id="a", input="x")

    asyncio.run(main())
    assert "commit" in asked
    assert "hooked" not in asked


def test_a_client_stores_the_call_for_what_ends_at_its_start() -> None:
    heard, journal = Heard(), InMemoryJournal()
    ends = named(pure("done"))

    async def main() -> None:
        async with Runtime(journal, [ends], hooks=heard.hooks()):
            pass
        async with Client(journal, [ends]) as client:
            await client.start(ends, id="a", input="x")
        async with Runtime(journal, [ends], hooks=heard.hooks()) as runtime:
            await runtime.idle()

    asyncio.run(main())
    assert heard.words == [("a", "completed")]
