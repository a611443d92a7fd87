"""Is what has ended found, and is an instance removed whole, or not at all?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from journals.ended import Ended
from journals.entries import Commit, Payload, Status
from journals.errors import JournalClosed, UnknownInstance
from journals.labels import NO_LABELS
from journals.laws.members import LATER, WORD, by, gives, joined, message, starts
from journals.laws.samples import AT, Connect, commit, entry, holds, holds_nothing, refused, require
from journals.ports import Journal

_OTHER = Payload("Event", 1, '"other"')


def _ends(instance_id: str, seconds: int = 0, workflow: str = "workflow") -> Commit:
    """Return a start that is an end, so many seconds after `AT`."""
    at = AT + timedelta(seconds=seconds)
    return replace(commit(instance_id, 0, status=Status.COMPLETED, at=at), workflow=workflow)


async def _found(journal: Journal, *wanted: str, before: datetime = LATER) -> tuple[Ended, ...]:
    """Return who has ended; raise `AssertionError` unless it is these, in this order."""
    found = await journal.find_ended(before)
    _are(found, wanted)
    return found


def _are(found: Iterable[Ended], wanted: Iterable[str]) -> None:
    ids = [each.record.id for each in found]
    require(ids == list(wanted), f"{list(wanted)} must be found to have ended, but {ids} are.")


async def those_that_ended_first_are_found_first(connect: Connect) -> None:
    """`find_ended` gives who ended before a time, in the order of their ends, a page at a time, with their first entry.

    Of those that end at once, the id decides; of many workflows, those that are asked for are given.
    """
    async with connect() as journal:
        await starts(journal, _ends("c", 1), _ends("b", 2, "other"), _ends("a", 2), _ends("é", 2), _ends("d", 3))
        await starts(journal, commit("goes on", 0), commit("paused", 0, status=Status.PAUSED), commit("long", 0))
        await journal.commit(commit("long", 1, status=Status.FAILED, at=AT + timedelta(seconds=9)))
        found = await _found(journal, "c", "a", "b", "é", "d", "long")
        for each in found:
            require(each.record == await journal.find(each.record.id), f"{each.record} is not the record.")
            require(each.first == entry(1), f"The first entry of {each.record.id!r} is not {each.first}.")
            require(not each.has_news, f"{each.record.id!r} was asked nothing.")
        await _found(journal, "c", before=AT + timedelta(seconds=2))
        _are(await journal.find_ended(LATER, most=2), ["c", "a"])
        _are(await journal.find_ended(LATER, most=2, after=found[1].record), ["b", "é"])
        _are(await journal.find_ended(LATER, after=found[3].record), ["d", "long"])
        _are(await journal.find_ended(LATER, workflows=frozenset({"other"})), ["b"])
        _are(await journal.find_ended(LATER, workflows=frozenset({"workflow", "other", "none"}), most=3), "cab")
        _are(await journal.find_ended(LATER, workflows=frozenset()), [])


async def who_goes_on_is_found_among_others(connect: Connect) -> None:
    """`find_unfinished` gives those of some ids that are there and have not ended."""
    async with connect() as journal:
        await starts(journal, commit("a", 0), commit("é 'b'", 0, status=Status.PAUSED), _ends("c"), commit("d", 0))
        found = await journal.find_unfinished(["a", "é 'b'", "c", "unknown", "a"])
        require(found == frozenset({"a", "é 'b'"}), f"'a' and 'é 'b'' go on, but {found} are found to.")
        require(await journal.find_unfinished([]) == frozenset(), "Of no ids, some go on.")


async def what_is_removed_is_gone_whole(connect: Connect) -> None:
    """Nothing is left of an instance that was removed; others are as they were, also after a restart."""
    async with connect() as journal:
        await starts(journal, _ends("a"), commit("b", 0, [entry(n, key=f"k{n}") for n in range(1, 301)]), _ends("c"))
        await journal.commit(commit("b", 300, status=Status.CANCELLED))
        found = await journal.find_ended(LATER)
        removed = await journal.remove([each.record for each in found if each.record.id != "c"])
        require(sorted(removed) == ["a", "b"], f"'a' and 'b' must be removed, but {removed} were.")
    async with connect() as journal:
        for name in ("a", "b"):
            await holds_nothing(journal, name)
            await refused(UnknownInstance, journal.read(name), f"read() of {name!r}, which was removed,")
            await refused(UnknownInstance, journal.find_key(name, "k1"), f"find_key() of {name!r}")
            await refused(UnknownInstance, journal.owner(name), f"owner() of {name!r}")
            await refused(UnknownInstance, journal.post(message(name)), f"post() to {name!r}")
        require([each.id for each in await journal.find_all()] == ["c"], "find_all() must give 'c' alone.")
        await _found(journal, "c")
        await holds(journal, "c", entry(1))
        again = await journal.remove([each.record for each in found])
        require(again == ("c",), f"Only 'c' is there to be removed, but {again} were.")
        require(await journal.remove([]) == (), "Of nothing, something was removed.")


async def only_what_has_ended_is_removed(connect: Connect) -> None:
    """`remove` leaves what goes on, and what has changed since its record was found, as they are."""
    async with connect() as journal:
        await starts(journal, commit("a", 0), _ends("b"), _ends("c"))
        records = [await journal.find(name) for name in "abc"]
        await journal.commit(commit("b", 1, status=Status.COMPLETED))
        await journal.commit(commit("c", 1, (), status=Status.COMPLETED, at=AT + timedelta(seconds=1)))
        removed = await journal.remove(records)
        require(removed == (), f"None of three may be removed, but {removed} were.")
        await holds(journal, "a", entry(1))
        await holds(journal, "b", entry(1), entry(2))
        await holds(journal, "c", entry(1))
        await _found(journal, "b", "c")


async def who_was_just_asked_is_not_removed(connect: Connect) -> None:
    """An instance with a message, or an answer to one, of the last hour stays: whoever has asked may still look."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, by(member, commit("a", 0)), by(member, commit("b", 0)), by(member, commit("c", 0)))
        posted = await journal.post(message("a"))
        await journal.post(message("b"))
        await member.answer([(posted.id, WORD)])
        for name in "abc":
            await journal.commit(by(member, commit(name, 1, status=Status.COMPLETED)))
        found = await _found(journal, "a", "b", "c")
        news = [each.has_news for each in found]
        require(news == [True, True, False], f"'a' and 'b' were asked something, but the news is {news}.")
        removed = await journal.remove([each.record for each in found])
        require(removed == ("c",), f"'c' alone may be removed, but {removed} were.")
        require(await journal.answer_to(posted.id) == WORD, "The answer is gone.")
        await holds(journal, "b", entry(1), entry(2))


async def a_removed_id_is_free(connect: Connect) -> None:
    """What was removed can be started anew, by a member too, and has nothing of what was there before."""
    async with connect() as journal:
        member = await joined(journal)
        first = commit("a", 0, [entry(1, key="key"), entry(2)], status=Status.COMPLETED)
        first = replace(first, tags=("vip",))
        await starts(journal, first, commit("b", 0, status=Status.WAITING, wake_up=AT))
        await journal.commit(commit("b", 1, status=Status.COMPLETED))
        await journal.remove([each.record for each in await journal.find_ended(LATER)])
        await gives(member)
        anew = replace(entry(1), payload=_OTHER)
        await journal.commit(by(member, commit("a", 0, [anew], token="anew")))
        await holds(journal, "a", anew)
        require(await journal.find_key("a", "key") is None, "A key from before is known.")
        require(await journal.labels(["a"]) == (NO_LABELS,), "A tag from before is known.")
        require(await journal.owner("a") == member.epoch, "The new instance is not owned by who started it.")
        await journal.commit(commit("b", 0, [anew], token="anew", status=Status.WAITING, wake_up=AT))
        await gives(member, "b")
        await journal.post(message("b"))


async def each_is_removed_once(connect: Connect) -> None:
    """Of several that remove the same at once, each instance is removed by one, and is one's answer."""
    async with connect() as one, connect() as other:
        names = [f"{number:02}" for number in range(20)]
        await starts(one, *map(_ends, names))
        records = [each.record for each in await one.find_ended(LATER)]
        removed = [
            instance_id
            for each in await asyncio.gather(*(journal.remove(records) for journal in (one, other, one, other)))
            for instance_id in each
        ]
        require(sorted(removed) == names, f"Each of {names} must be removed once, but {sorted(removed)} were.")
        await _found(other)


async def what_is_read_while_it_is_removed_is_whole(connect: Connect) -> None:
    """A read beside a removal gives all entries, or `UnknownInstance`."""
    async with connect() as one, connect() as other:
        for number in range(10):
            name, entries = f"{number}", [entry(n) for n in range(1, 31)]
            await one.commit(commit(name, 0, entries, status=Status.COMPLETED))
            reading = asyncio.gather(*(one.read(name) for _ in range(5)), return_exceptions=True)
            await other.remove([await other.find(name)])
            for found in await reading:
                whole = isinstance(found, UnknownInstance) or found == tuple(entries)
                require(whole, f"A read must give all of {name!r} or nothing, but gave {found!r}.")


async def a_closed_journal_removes_nothing(connect: Connect) -> None:
    """Finding who has ended, and removing, raise `JournalClosed` outside `open` and `close`."""
    journal = connect()
    await journal.open()
    await journal.commit(_ends("a"))
    record = await journal.find("a")
    await journal.close()
    await refused(JournalClosed, journal.find_ended(LATER), "find_ended() on a closed journal")
    await refused(JournalClosed, journal.find_unfinished(["a"]), "find_unfinished() on a closed journal")
    await refused(JournalClosed, journal.remove([record]), "remove() on a closed journal")
    async with connect() as journal:
        await _found(journal, "a")


LAWS = (
    those_that_ended_first_are_found_first,
    who_goes_on_is_found_among_others,
    what_is_removed_is_gone_whole,
    only_what_has_ended_is_removed,
    who_was_just_asked_is_not_removed,
    a_removed_id_is_free,
    each_is_removed_once,
    what_is_read_while_it_is_removed_is_whole,
    a_closed_journal_removes_nothing,
)
