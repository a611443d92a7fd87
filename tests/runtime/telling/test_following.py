"""Can one follow all changes of state: from the start, across restarts, at once, and rebuild the state from them?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from interpreters import Client, Runtime
from interpreters.errors import RuntimeStopped
from journals import Change, InMemoryJournal, JournalUnavailable, SqliteJournal
from journals.changes import going
from journals.entries import Status
from journals.errors import FollowedElsewhere
from journals.forwarding import ForwardingJournal
from tests.journals.test_contract import HurriedLoop
from tests.runtime.test_client import Connect, connect
from wio import Signal, Workflow, fail, receive_signal, run_io

__all__ = ["connect"]

GO = Signal("go", request=str, response=str)


def step(value: str) -> str:
    return value


def broken(value: str) -> str:
    raise OSError(value)


def chosen(_value: str, request: str) -> str:
    return request


asking = Workflow("asking", version=1, input=str, root=receive_signal(GO, chosen, respond=chosen) >> run_io(step))
failing = Workflow("failing", version=1, input=str, root=run_io(step) >> fail("no"))
pausing = Workflow("pausing", version=1, input=str, root=run_io(broken, event=str))
ALL: list[Workflow[str, Any, Any]] = [asking, failing, pausing]


async def first(changes: AsyncIterator[Change], count: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    async with asyncio.timeout(10):
        async for change in changes:
            found.append((change.id, change.word))
            if len(found) == count:
                break
    return found


def test_changes_are_told_as_they_happen_and_steps_are_not() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, ALL) as runtime, Client(journal, ALL) as client:
            await runtime.start(asking, id="before", input="x")
            changes = client.follow("audit")
            assert await first(changes, 1) == [("before", "started")]
            changes = client.follow("audit")
            instance = await runtime.start(asking, id="a", input="x")
            await instance.signal(GO, "y")
            await instance.result()
            await runtime.start(failing, id="b", input="x")
            await runtime.idle()
            found = await first(changes, 5)
            assert [word for id, word in found if id == "before"] == ["started"]
            assert [word for id, word in found if id == "a"] == ["started", "completed"]
            assert [word for id, word in found if id == "b"] == ["started", "failed"]

    asyncio.run(main())


def test_who_follows_is_told_when_another_one_follows_under_the_same_name() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, ALL) as runtime, Client(journal, ALL) as client:
            for id in ("a", "b"):
                await runtime.start(asking, id=id, input="x")
            before, after = client.follow("audit"), runtime.follow("audit")
            assert await first(before, 1) == [("a", "started")]
            assert [await anext(after), await anext(after)]
            assert (await anext(before)).id == "b"
            with pytest.raises(FollowedElsewhere, match="somebody else has begun to follow as 'audit'"):
                await anext(before)
            await runtime.start(failing, id="c", input="x")
            assert await first(after, 2) == [("c", "started"), ("c", "failed")]

    asyncio.run(main())


def test_who_waits_is_woken_at_once() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, ALL) as runtime, Client(journal, ALL) as client:
            following = asyncio.create_task(first(client.follow("audit"), 2))
            while not await journal.subscribers():
                await asyncio.sleep(0)
            await runtime.start(pausing, id="a", input="x")
            async with asyncio.timeout(3):
                assert await following == [("a", "started"), ("a", "paused")]

    asyncio.run(main())


@pytest.mark.parametrize("kind", [Runtime, Client])
def test_it_ends_when_who_follows_stops(kind: Callable[..., Any]) -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        async with kind(journal, ALL) as who:
            following = asyncio.create_task(first(who.follow("audit"), 1))
            await asyncio.sleep(0)
        async with asyncio.timeout(3):
            assert await following == []
        with pytest.raises(RuntimeStopped):
            await anext(who.follow("audit"))

    asyncio.run(main())


def test_a_subscriber_goes_on_where_it_was(tmp_path: Path) -> None:
    async def main() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        async with Runtime(journal, ALL) as runtime:
            await runtime.start(pausing, id="a", input="x")
            await runtime.idle()
            assert await first(runtime.follow("audit"), 1) == [("a", "paused")]
        async with Runtime(journal, ALL) as runtime:
            changes = runtime.follow("audit")
            # It was never asked for what is behind that.
            assert await anext(changes) == (await journal.changes(subscriber="audit"))[0]
            await runtime.start(pausing, id="b", input="x")
            assert [(change := await anext(changes)).id, change.word] == ["b", "started"]
            assert [(each.name, each.cursor, each.behind > 0) for each in await runtime.subscribers()] == [
                ("audit", 1, True)
            ]
        async with Runtime(journal, ALL) as runtime:
            assert await first(runtime.follow("audit"), 2) == [("b", "started"), ("b", "paused")]
            assert await runtime.unsubscribe("audit")
            assert await runtime.subscribers() == ()
            assert await journal.changes() == ()

    asyncio.run(main())


def test_the_state_is_rebuilt_from_the_feed_alone(connect: Connect) -> None:
    async def main() -> None:
        async with Runtime(connect(), ALL) as runtime, Client(connect(), ALL) as client:
            for number in range(5):
                await runtime.start(pausing, id=f"before {number}", input="x")
            state: dict[str, tuple[str, Status | None]] = {}

            async def follow() -> None:
                async for change in client.follow("table"):
                    state[change.id] = (change.workflow, change.status)

            following = asyncio.create_task(follow())
            for number in range(40):
                workflow = ALL[number % 3]
                instance = await (runtime, client)[number % 2].start(workflow, id=f"{number}", input="x")
                if number % 4 == 0:
                    await instance.cancel()
            async with asyncio.timeout(10):
                while state != await wanted(client) or any(at is Status.INITIATED for _, at in state.values()):
                    await asyncio.sleep(0)
            assert len(state) == 45
            assert {status for _, status in state.values()} == {
                Status.RUNNING,
                Status.PAUSED,
                Status.FAILED,
                Status.CANCELLED,
            }
            following.cancel()

    async def wanted(client: Client) -> dict[str, tuple[str, Status | None]]:
        return {each.id: (each.workflow, going(each.status)) for each in await client.journal.find_all()}

    asyncio.run(main())


class Away(ForwardingJournal):
    """Is away at the first call of some methods."""

    def __init__(self) -> None:
        super().__init__(InMemoryJournal())
        self.left = {"subscribe", "changes", "passed"}

    async def around(self, method: str, call: Callable[[], Any]) -> Any:
        if method in self.left:
            self.left.discard(method)
            raise JournalUnavailable("away")
        return await call()


def test_it_goes_on_when_the_store_was_away() -> None:
    async def main() -> None:
        journal = Away()
        async with Runtime(journal, ALL) as runtime:
            await runtime.start(pausing, id="a", input="x")
            await runtime.idle()
            changes = runtime.follow("audit")
            assert await first(changes, 1) == [("a", "paused")]
            changes = runtime.follow("audit")
            assert (await anext(changes)).id == "a"
            following = asyncio.create_task(anext(changes))
            while journal.left:
                await asyncio.sleep(0)
            following.cancel()

    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        runner.run(main())
