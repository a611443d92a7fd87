"""Is what was committed read back: all of it, unchanged, in order, at once, and after the journal was closed?"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from journals.entries import UNFINISHED, Entry, Kind, Payload, Status
from journals.errors import UnknownInstance
from journals.laws.samples import AT, Connect, all_done, commit, entry, holds, holds_nothing, refused, require
from journals.search import Cursor, Search

_ODD_TEXTS = (
    '{"amount":  1.10, "a": 1, "a": 2, "z": 1e400}',
    "",
    " not JSON at all ",
    "'; DROP TABLE wio_entries; --",
    "quotes \" ' ` and \\ back\\u0000slashes %s %(name)s $1 {0}",
    "tab\t line\n return\r\n bell\x07 line separator\u2028",
    "é e\u0301 Ω ﬁ 漢字 😀 \U0010ffff \ufeff \u202e",
    "x" * 70_000,
)


async def entries_come_back_unchanged(connect: Connect) -> None:
    """Every field of every kind of entry comes back as it was: texts, keys, responses, microseconds, no payload."""
    async with connect() as journal:
        entries = _odd_entries()
        await journal.commit(commit("instance", 0, entries))
        for original, found in zip(entries, await journal.read("instance"), strict=True):
            require(found == original, f"An entry came back changed: {found!r} was {original!r}.")
            require(found.recorded_at.utcoffset() == timedelta(0), f"{found.recorded_at!r} came back in another zone.")


def _odd_entries() -> list[Entry]:
    empty = [Entry(seq, kind, "", None, AT) for seq, kind in enumerate(Kind, 1)]
    odd = [
        Entry(
            seq, Kind.SIGNAL, text[:300], Payload(text[:50], 7, text), AT + timedelta(microseconds=seq), text[:100],
            Payload("Response", 2_000_000_000, text[::-1]),
        )
        for seq, text in enumerate(_ODD_TEXTS, len(empty) + 1)
    ]  # fmt: skip
    moments = (AT.replace(year=1, microsecond=0), AT.replace(year=9999, microsecond=999_999), AT.replace(microsecond=1))
    first = len(empty) + len(odd) + 1
    return empty + odd + [entry(seq, at=moment) for seq, moment in enumerate(moments, first)]


async def entries_are_read_from_any_position(connect: Connect) -> None:
    """`read` gives the entries after any position, in order and without a gap, at most as many as asked for."""
    async with connect() as journal:
        entries = tuple(entry(seq) for seq in range(1, 31))
        for first, last in ((0, 1), (1, 12), (12, 30)):
            await journal.commit(commit("instance", first, entries[first:last]))
        await journal.commit(commit("instance b", 0))
        for after in (0, 1, 7, 29, 30, 31, 5_000):
            for most in (1, 10, 29, 30, 1_000):
                found = await journal.read("instance", after=after, most=most)
                wanted = entries[after : after + most]
                require(found == wanted, f"read(after={after}, most={most}) gave {[e.seq for e in found]}.")


async def an_unknown_instance_is_an_error(connect: Connect) -> None:
    """`read`, `find` and `find_key` raise `UnknownInstance`, which names the id."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0))
        for unknown in ("Instance", "instance ", "instanc", ""):
            for what, error in (
                ("read", await refused(UnknownInstance, journal.read(unknown), "read() of no instance")),
                ("read", await refused(UnknownInstance, journal.read(unknown, after=5), "read() of no instance")),
                ("find", await refused(UnknownInstance, journal.find(unknown), "find() of no instance")),
                (
                    "find_key",
                    await refused(UnknownInstance, journal.find_key(unknown, "a"), "find_key() of no instance"),
                ),
            ):
                require(error.instance_id == unknown, f"The error of {what}({unknown!r}) names {error.instance_id!r}.")


async def an_entry_is_found_by_its_key(connect: Connect) -> None:
    """`find_key` gives the last entry of that instance under the key, or None."""
    async with connect() as journal:
        response = Payload("Response", 1, '"done"')
        keyed = [entry(1, key="a"), entry(2, key="b"), entry(3), entry(4, key="a", response=response), entry(5)]
        await journal.commit(commit("instance", 0, keyed[:2]))
        require(await journal.find_key("instance", "a") == keyed[0], "The only entry under a key was not found.")
        await journal.commit(commit("instance", 2, keyed[2:]))
        await journal.commit(commit("other", 0, [entry(1, key="c")]))
        for key, wanted in (("a", keyed[3]), ("b", keyed[1]), ("c", None), ("", None), ("A", None)):
            found = await journal.find_key("instance", key)
            require(found == wanted, f"find_key({key!r}) must give {wanted}, but gave {found}.")


async def records_are_listed_in_the_order_of_their_ids(connect: Connect) -> None:
    """`find_all` gives records in the order of code points, in pages; each page goes on after the last id of one."""
    ids = sorted(["B", "a", "Z", "é", "z", "10", "9", "_", "a-b", "a b", "ab", "\ufffd", "\U00010000", "😀", "ÿ"])
    async with connect() as journal:
        await all_done("A start", *(journal.commit(commit(each, 0)) for each in reversed(ids)))
        for most in (1, 4, len(ids), 1_000):
            listed: list[str] = []
            while page := await journal.find_all(after=Cursor(listed[-1]) if listed else None, most=most):
                require(len(page) <= most, f"find_all(most={most}) gave {len(page)} records.")
                listed += [record.id for record in page]
                require(len(listed) <= len(ids), f"find_all in pages of {most} gives records twice: {listed}.")
            require(listed == ids, f"find_all in pages of {most} gave {listed}, not {ids}.")
        between = [record.id for record in await journal.find_all(after=Cursor("a0"))]
        require(between == [each for each in ids if each > "a0"], f"find_all(after='a0') gave {between}.")


async def records_are_listed_by_status(connect: Connect) -> None:
    """`find_all` gives the records with one of the statuses, as they are after the last commit."""
    async with connect() as journal:
        statuses_in_turn = [*Status]
        for n in range(20):
            status = statuses_in_turn[n % len(statuses_in_turn)]
            await journal.commit(commit(f"instance {n:02}", 0, status=status))
        for n in range(0, 20, 3):
            status = statuses_in_turn[n // 3 % len(statuses_in_turn)]
            await journal.commit(commit(f"instance {n:02}", 1, status=status))
        await journal.commit(commit("instance 07", 1, [], status=Status.COMPLETED))
        records = [await journal.find(f"instance {n:02}") for n in range(20)]
        finished = frozenset(Status) - UNFINISHED
        for statuses in (*(frozenset({status}) for status in Status), UNFINISHED, finished, frozenset(Status)):
            wanted = tuple(record for record in records if record.status in statuses)
            found = await journal.find_all(Search(statuses=statuses))
            require(found == wanted, f"find_all({statuses}) gave {[(r.id, r.status) for r in found]}.")
            page = await journal.find_all(Search(statuses=statuses), after=Cursor(wanted[0].id), most=2)
            require(page == wanted[1:3], f"find_all({statuses}) from the second on gave {[r.id for r in page]}.")
        require(await journal.find_all() == tuple(records), "find_all() must give every record.")
        require(await journal.find_all(Search(statuses=())) == (), "No status was asked for, but records came.")


async def a_finished_commit_is_seen_at_once(connect: Connect) -> None:
    """As soon as a commit has returned, every question through any journal on the store sees it."""
    async with connect() as writer, connect() as reader:
        for n in range(10):
            await writer.commit(commit("instance", n, [entry(n + 1, key=f"{n}")], detail=f"{n}"))
            for journal in (writer, reader):
                found = (
                    (await journal.read("instance", after=n)),
                    await journal.find_key("instance", f"{n}"),
                    (await journal.find("instance")).detail,
                    (await journal.find_all())[0].last_seq,
                )
                wanted = ((entry(n + 1, key=f"{n}"),), entry(n + 1, key=f"{n}"), f"{n}", n + 1)
                require(found == wanted, f"After commit {n} had returned, {found} was read.")


async def everything_is_there_after_a_restart(connect: Connect) -> None:
    """What was committed is there when the journal is opened again, and so are tokens and keys."""
    journal = connect()
    await journal.open()
    keyed = replace(entry(2), key="key")
    commits = [commit("instance", 0, wake_up=AT, detail="é"), commit("instance", 1, [keyed, entry(3)])]
    for each in commits:
        await journal.commit(each)
    before = await journal.find_all()
    await journal.close()
    for again in (journal, connect()):
        await again.open()
        await holds(again, "instance", entry(1), keyed, entry(3))
        require(await again.find_all() == before, "The record has changed over a restart.")
        require(await again.find_key("instance", "key") == keyed, "A key was lost over a restart.")
        for each in commits:
            await again.commit(each)
        await holds(again, "instance", entry(1), keyed, entry(3))
        await again.close()


async def opening_and_closing_twice_does_nothing(connect: Connect) -> None:
    """`open` of an open journal, and `close` of a closed one, change nothing."""
    journal = connect()
    await journal.close()
    await journal.open()
    await journal.commit(commit("instance", 0))
    await journal.open()
    await holds(journal, "instance", entry(1))
    await holds_nothing(journal, "another")
    await journal.close()
    await journal.close()


async def closing_finishes_the_commits_under_way(connect: Connect) -> None:
    """Commits that were given before `close` are stored and reported as done, also where they wait in line."""
    names = [f"instance {n}" for n in range(5)]
    async with connect() as journal:
        commits = [commit(name, expected) for expected in range(3) for name in names]
        tasks = [asyncio.ensure_future(journal.commit(each)) for each in commits]
        await asyncio.sleep(0)
    await all_done("A commit given before close()", *tasks)
    async with connect() as journal:
        for name in names:
            await holds(journal, name, entry(1), entry(2), entry(3))


LAWS = (
    entries_come_back_unchanged,
    entries_are_read_from_any_position,
    an_unknown_instance_is_an_error,
    an_entry_is_found_by_its_key,
    records_are_listed_in_the_order_of_their_ids,
    records_are_listed_by_status,
    a_finished_commit_is_seen_at_once,
    everything_is_there_after_a_restart,
    opening_and_closing_twice_does_nothing,
    closing_finishes_the_commits_under_way,
)
