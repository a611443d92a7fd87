"""Does what is armed at a point happen there, as often as was asked, and nowhere else?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from journals.entries import Status
from journals.errors import JournalUnavailable
from journals.faulty import (
    AFTER_COMMIT,
    AFTER_EFFECT,
    BEFORE_COMMIT,
    BEFORE_EFFECT,
    CALLS,
    POINTS,
    Crash,
    Crashed,
    Fail,
    FaultPoints,
    FaultyJournal,
    Hold,
    Point,
    Side,
)
from journals.laws.samples import commit
from journals.memory import InMemoryJournal
from journals.ports import Journal, Member
from journals.sharing import Notice, Rested
from tests.runtime.running import rounds
from wio.errors import InvalidDefinition

AWAY = JournalUnavailable("It is away.")
KNOWS = (("sample", 1),)


def _forgets(_: Notice) -> None:
    """Hear and forget."""


CALLS_OF_ALL: dict[str, Callable[[Journal, Member], Awaitable[Any]]] = {
    "open": lambda journal, _: journal.open(),
    "commit": lambda journal, _: journal.commit(commit("new", 0)),
    "read": lambda journal, _: journal.read("a"),
    "find": lambda journal, _: journal.find("a"),
    "find_key": lambda journal, _: journal.find_key("a", "k"),
    "find_all": lambda journal, _: journal.find_all(),
    "join": lambda journal, _: journal.join("other", KNOWS, _forgets),
    "listen": lambda journal, _: journal.listen(_forgets),
    "members": lambda journal, _: journal.members(),
    "owner": lambda journal, _: journal.owner("a"),
    "answer_to": lambda journal, _: journal.answer_to(1),
    "unanswered": lambda journal, _: journal.unanswered("a"),
    "claim": lambda _, member: member.claim(1),
    "claim_instance": lambda _, member: member.claim_instance("a"),
    "release": lambda _, member: member.release(()),
    "messages": lambda _, member: member.messages(("a",)),
    "answer": lambda _, member: member.answer(()),
    "leave": lambda _, member: member.leave(),
    "close": lambda journal, _: journal.close(),
}


def play(story: Callable[[FaultyJournal, Member], Awaitable[None]]) -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        async with journal:
            await journal.commit(commit("a", 0))
            await story(journal, await journal.join("member", KNOWS, _forgets))

    asyncio.run(main())


@pytest.mark.parametrize("call", CALLS_OF_ALL)
def test_each_call_passes_its_two_points(call: str) -> None:
    async def story(journal: FaultyJournal, member: Member) -> None:
        journal.points.reached.clear()
        await CALLS_OF_ALL[call](journal, member)
        assert list(journal.points.reached) == [Point(call, Side.BEFORE), Point(call, Side.AFTER)]

    play(story)


def test_the_points_are_those_of_all_methods() -> None:
    assert set(CALLS_OF_ALL) <= set(CALLS)
    assert len(POINTS) == 2 * len(CALLS) + len((BEFORE_EFFECT, AFTER_EFFECT))
    with pytest.raises(InvalidDefinition, match="before no_such"):
        FaultPoints().arm(Point("no_such", Side.BEFORE), Crash())


def test_a_refusal_stores_nothing_and_a_lost_answer_everything() -> None:
    async def story(journal: FaultyJournal, _: Member) -> None:
        journal.points.arm(BEFORE_COMMIT, Fail(AWAY))
        journal.points.arm(AFTER_COMMIT, Fail(AWAY))
        for last_seq in (1, 2):
            with pytest.raises(JournalUnavailable):
                await journal.commit(commit("a", 1))
            assert (await journal.find("a")).last_seq == last_seq

    play(story)


def test_it_happens_at_the_time_that_was_asked_for_and_so_often() -> None:
    async def story(journal: FaultyJournal, _: Member) -> None:
        journal.points.arm(Point("find", Side.BEFORE), Fail(AWAY), at=2, times=2)
        answers = await asyncio.gather(*(journal.find("a") for _ in range(4)), return_exceptions=True)
        assert [answer is AWAY for answer in answers] == [False, True, True, False]
        journal.points.arm(None, Fail(AWAY), at=4)
        await journal.find("a")
        with pytest.raises(JournalUnavailable):
            await journal.read("a")
        journal.points.arm(None, Fail(AWAY))
        journal.points.disarm()
        await journal.find("a")

    play(story)


def test_a_slow_call_is_held_until_it_is_let_go() -> None:
    async def story(journal: FaultyJournal, _: Member) -> None:
        hold = Hold(asyncio.Event())
        journal.points.arm(AFTER_COMMIT, hold)
        committing = asyncio.create_task(journal.commit(commit("a", 1)))
        await hold.reached.wait()
        assert (await journal.find("a")).last_seq == 2
        assert not committing.done()
        hold.until.set()
        await committing

    play(story)


def test_after_a_crash_nothing_passes_and_what_was_owned_is_nobodys() -> None:
    async def story(journal: FaultyJournal, member: Member) -> None:
        await member.claim_instance("a")
        hold = Hold(asyncio.Event())
        journal.points.arm(Point("read", Side.AFTER), hold)
        journal.points.arm(BEFORE_COMMIT, Crash())
        reading = asyncio.create_task(journal.read("a"))
        await hold.reached.wait()
        with pytest.raises(Crashed):
            await journal.commit(commit("a", 1))
        hold.until.set()
        for call in (reading, journal.find("a"), member.messages(("a",))):
            with pytest.raises(Crashed):
                await call
        assert await journal.journal.owner("a") is None
        journal.points.dead = False

    play(story)


def test_who_is_deaf_hears_nothing_until_he_is_not() -> None:
    async def main() -> None:
        heard: list[Notice] = []
        store = InMemoryJournal()
        journal = FaultyJournal(store)
        async with journal:
            member = await journal.join("member", KNOWS, heard.append)
            await journal.listen(heard.append)
            journal.points.deaf = True
            ended = replace(commit("a", 0), status=Status.COMPLETED)
            await store.commit(ended)
            await rounds()
            assert heard == []
            await member.leave()
            journal.points.deaf = False
            await store.commit(replace(ended, instance_id="b", token="b"))
            await rounds()
            assert Rested("b") in heard
            assert Rested("a") not in heard

    asyncio.run(main())
