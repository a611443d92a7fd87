"""Does a runtime have one place among the members, whatever happens to it?"""

from __future__ import annotations

import asyncio

from interpreters.runtime.membership import Membership
from journals.errors import JournalUnavailable
from journals.memory import InMemoryJournal
from journals.sharing import Missed, Notice, Work
from tests.runtime.running import FaultyJournal, rounds, run


def test_a_place_whose_loss_is_told_again_while_it_is_taken_anew_is_taken_once() -> None:
    async def main() -> None:
        heard: list[Notice] = []
        store = InMemoryJournal()
        journal = FaultyJournal(store)
        async with journal:
            membership = Membership(journal, [("flow", 1)], heard.append)
            await membership.join()
            store.expel(1)
            joining = asyncio.Event()
            journal.fail("join", joining.wait)
            membership.was_lost(1)
            await rounds()
            membership.was_lost(1)
            joining.set()
            await rounds()
            assert membership.member.epoch == 2
            assert [member.epoch for member in await store.members()] == [2]
            await membership.leave()

    run(main())


def test_who_has_become_a_member_again_looks_for_what_has_happened_meanwhile() -> None:
    async def main() -> None:
        heard: list[Notice] = []
        journal = FaultyJournal(InMemoryJournal())
        async with journal:
            membership = Membership(journal, [("flow", 1)], heard.append)
            await membership.join()
            journal.fail("join", JournalUnavailable("the store is away"))
            membership.was_lost(1)
            while membership.member.epoch == 1:
                await asyncio.sleep(0.01)
            await rounds()
            assert heard == [Work(), Missed()]
            await membership.leave()

    run(main())
