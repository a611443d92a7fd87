"""Does a worker tell what nobody can run, once, and again when it has changed?"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from interpreters.shell.worker_stranded import watched_stranded
from interpreters.shell.worker_telling import LiveView, view_rows
from journals.entries import Status
from journals.errors import JournalUnavailable
from journals.laws.samples import commit
from journals.memory import InMemoryJournal
from tests.runtime.running import FaultyJournal, run


class Told:
    """Keeps what is told, and may be waited for."""

    def __init__(self) -> None:
        self.facts: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    def tell(self, event: str, **facts: object) -> None:
        assert event == "stranded"
        self.facts.put_nowait(facts)

    def shown(self, figures: Any) -> AbstractAsyncContextManager[None]:
        del figures
        return nullcontext()


def test_it_tells_what_is_new_and_looks_again_after_an_error() -> None:
    async def main() -> None:
        told = Told()
        journal = FaultyJournal(InMemoryJournal())
        await journal.open()
        journal.fail("unfinished", None, JournalUnavailable("gone"))
        here = await journal.join("here", [("other", 1)], lambda _: None)
        async with watched_stranded(journal, told, lambda: here.epoch, look_seconds=0):
            await journal.commit(commit("a", 0, status=Status.WAITING))
            assert await told.facts.get() == {"instances": 1, "workflows": ("workflow v1: 1",)}
            member = await journal.join("one", [("workflow", 1)], lambda _: None)
            assert await told.facts.get() == {"instances": 0, "workflows": ()}
            await member.leave()
            assert await told.facts.get() == {"instances": 1, "workflows": ("workflow v1: 1",)}
            assert told.facts.empty()

    run(main())


def test_what_only_it_knows_is_not_stranded_while_it_is_no_member_itself() -> None:
    """Its lease may have run out, as it was frozen: it joins again, and looks then."""

    async def main() -> None:
        told, epochs = Told(), [0]
        journal = FaultyJournal(InMemoryJournal())
        await journal.open()
        await journal.commit(commit("a", 0, status=Status.WAITING))
        async with watched_stranded(journal, told, lambda: epochs[-1], look_seconds=0):
            while journal.calls["unfinished"] < 3:
                await asyncio.sleep(0)
            member = await journal.join("here", [("workflow", 1)], lambda _: None)
            epochs.append(member.epoch)
            looks = journal.calls["unfinished"]
            while journal.calls["unfinished"] < looks + 3:
                await asyncio.sleep(0)
            assert told.facts.empty()

    run(main())


def test_the_view_shows_it_as_long_as_it_is_so() -> None:
    view = LiveView()
    view.tell("joined", epoch=1)
    view.tell("stranded", instances=3, workflows=("order v1: 2", "shop v2: 1"))
    assert ("stranded", "order v1: 2, shop v2: 1 (no live process knows them)") in view.rows(None)
    assert view.rows(None)[0] == ("wio worker", "joined")
    view.tell("stranded", instances=0, workflows=())
    assert view.rows(None) == view_rows("joined", {"epoch": 1}, None, ())
