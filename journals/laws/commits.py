"""Is a commit stored whole, once, and only after what it was decided on?"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs

from journals.entries import Status
from journals.errors import Conflict, UnknownInstance
from journals.laws.samples import AT, Connect, all_done, commit, entry, holds, refused, require, together


async def one_of_two_concurrent_commits_is_stored(connect: Connect) -> None:
    """Of two commits at once after the same entry, one is stored; the other is a `Conflict` and leaves nothing."""
    async with connect() as one, connect() as other:
        await one.commit(commit("instance", 0))
        rivals = [commit("instance", 1, [entry(2, f'"{name}"', key=name)], token=name, detail=name) for name in "ab"]
        answers = await together(one.commit(rivals[0]), other.commit(rivals[1]))
        losses = [answer for answer in answers if answer is not None]
        require(
            len(losses) == 1 and isinstance(losses[0], Conflict),
            f"One of two rivals must be stored and the other raise Conflict, but they ended with {answers!r}.",
        )
        winner, loser = rivals if answers[0] is None else reversed(rivals)
        await holds(one, "instance", entry(1), *winner.entries)
        await holds(other, "instance", entry(1), *winner.entries)
        require((await one.find("instance")).detail == winner.detail, "The loser has changed the record.")
        require(await one.find_key("instance", loser.detail) is None, "An entry of the loser is found by its key.")


async def one_of_many_concurrent_starts_is_stored(connect: Connect) -> None:
    """Of many starts of one instance at once, through one journal and another, exactly one is stored."""
    async with connect() as one, connect() as other:
        starts = [commit("instance", 0, [entry(1, f"{n}")], token=f"{n}") for n in range(20)]
        answers = await together(
            *(journal.commit(start) for start, journal in zip(starts, [one, other] * 10, strict=True))
        )
        stored = [start for start, answer in zip(starts, answers, strict=True) if answer is None]
        require(len(stored) == 1, f"One of 20 starts must be stored, but {len(stored)} were reported as stored.")
        strangers = [answer for answer in answers if answer is not None and not isinstance(answer, Conflict)]
        require(not strangers, f"A start that is too late must raise Conflict, but raised {strangers!r}.")
        await holds(one, "instance", *stored[0].entries)


async def a_commit_after_another_entry_is_refused(connect: Connect) -> None:
    """A commit that expects an earlier entry than the last one, or a later one, is a `Conflict`."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0))
        await journal.commit(commit("instance", 1))
        for expected in (0, 1, 3, 1_000):
            stale = commit("instance", expected, token="another", detail="stale")
            error = await refused(Conflict, journal.commit(stale), f"A commit after {expected} where 2 is last")
            require(
                (error.instance_id, error.expected) == ("instance", expected),
                f"A Conflict must name the instance and what was expected, but has {vars(error)!r}.",
            )
        only_record = commit("instance", 1, [], token="another", detail="stale")
        await refused(Conflict, journal.commit(only_record), "A commit without entries after 1 where 2 is last")
        await holds(journal, "instance", entry(1), entry(2))
        require((await journal.find("instance")).detail == "", "A refused commit has changed the record.")


async def an_instance_goes_on_only_after_it_was_started(connect: Connect) -> None:
    """A commit that does not start an instance raises `UnknownInstance` when there is no such instance."""
    async with connect() as journal:
        for entries in ([entry(4)], []):
            unknown = commit("instance", 3, entries)
            await refused(UnknownInstance, journal.commit(unknown), "A commit to an instance that does not exist")
            await refused(UnknownInstance, journal.find("instance"), "find() after a refused commit")


async def a_repeated_commit_is_stored_once(connect: Connect) -> None:
    """A commit that is repeated with its token is reported as done, also when others were stored after it."""
    async with connect() as one, connect() as other:
        commits = [commit("instance", n) for n in range(3)]
        for number, original in enumerate(commits):
            await one.commit(original)
            for repeated in commits[: number + 1]:
                await all_done("A repeated commit", one.commit(repeated), other.commit(repeated))
        await holds(one, "instance", entry(1), entry(2), entry(3))


async def a_commit_repeated_at_once_is_stored_once(connect: Connect) -> None:
    """A commit that is repeated while the first try is still on its way is stored once and reported as done."""
    async with connect() as one, connect() as other:
        start, second = commit("instance", 0), commit("instance", 1, [entry(2), entry(3)])
        await all_done("A repeated start", *(journal.commit(start) for journal in [one, other] * 5))
        await all_done("A repeated commit", *(journal.commit(second) for journal in [one, other] * 5))
        await holds(one, "instance", entry(1), entry(2), entry(3))


async def a_repeated_commit_does_not_bring_back_its_record(connect: Connect) -> None:
    """A commit that is repeated after a later one leaves the record as the later one made it."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0, status=Status.RUNNING, detail="first"))
        await journal.commit(commit("instance", 1, status=Status.PAUSED, detail="second"))
        before = await journal.find("instance")
        await journal.commit(commit("instance", 0, status=Status.RUNNING, detail="first"))
        require(await journal.find("instance") == before, "A repeated commit has changed the record.")


async def equal_entries_under_another_token_are_a_conflict(connect: Connect) -> None:
    """A commit is recognised by its token, not by its entries: two writers may decide the same."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0))
        await journal.commit(commit("instance", 1))
        for expected in (0, 1):
            twin = commit("instance", expected, token="another")
            await refused(Conflict, journal.commit(twin), "A second writer's commit with the same entries")
        await holds(journal, "instance", entry(1), entry(2))


async def a_commit_without_entries_changes_only_the_record(connect: Connect) -> None:
    """Status, wake-up time and detail can change alone; the entries and `last_seq` stay, and so can the next commit."""
    async with connect() as journal:
        await journal.commit(commit("instance", 0, wake_up=AT))
        later = AT + timedelta(days=1, microseconds=7)
        change = commit("instance", 1, [], token="change", status=Status.PAUSED, at=later, detail="by hand")
        await journal.commit(change)
        await journal.commit(change)
        await holds(journal, "instance", entry(1))
        record = await journal.find("instance")
        expected = (Status.PAUSED, None, "by hand", AT, later)
        found = (record.status, record.wake_up, record.detail, record.started_at, record.updated_at)
        require(found == expected, f"The record must have {expected} after the change, but has {found}.")
        await journal.commit(commit("instance", 1))
        await holds(journal, "instance", entry(1), entry(2))


async def a_commit_of_many_entries_is_whole(connect: Connect) -> None:
    """All entries of a commit are stored, in order; the next commit goes on after the last of them."""
    async with connect() as journal:
        entries = [entry(seq) for seq in range(1, 501)]
        await journal.commit(commit("instance", 0, entries[:499]))
        await journal.commit(commit("instance", 499, entries[499:]))
        await holds(journal, "instance", *entries)


async def commits_of_one_instance_are_stored_in_the_order_of_their_calls(connect: Connect) -> None:
    """Commits of one instance may be given without waiting for the ones before; they are stored in that order."""
    async with connect() as journal:
        await all_done("Each of 50 commits in a row", *(journal.commit(commit("instance", n)) for n in range(50)))
        await holds(journal, "instance", *(entry(seq) for seq in range(1, 51)))


async def losers_do_not_harm_winners(connect: Connect) -> None:
    """Commits of many instances at once: those that fit are stored, and each of the others gets its own answer."""
    async with connect() as journal:
        names = [f"instance {n:02}" for n in range(40)]
        await all_done("A start", *(journal.commit(commit(name, 0)) for name in names))
        mixed = [commit(name, n % 2 * 4 + 1, [entry(n % 2 * 4 + 2)], token="mixed") for n, name in enumerate(names)]
        strangers = [commit(f"stranger {n}", 1) for n in range(10)]
        answers = await together(
            *(journal.commit(each) for pair in zip(mixed, strangers * 4, strict=True) for each in pair)
        )
        for each, answer in zip(mixed, answers[::2], strict=True):
            fits = each.expected == 1
            require(
                answer is None if fits else isinstance(answer, Conflict),
                f"A commit after {each.expected} where 1 is last ended with {answer!r}.",
            )
            await holds(journal, each.instance_id, entry(1), *(each.entries if fits else ()))
        for answer in answers[1::2]:
            require(isinstance(answer, UnknownInstance), f"A commit to no instance ended with {answer!r}.")


async def a_cancelled_wait_harms_nobody(connect: Connect) -> None:
    """When a caller stops waiting, the other commits are stored; its own is stored whole or not at all."""
    async with connect() as journal:
        names = [f"instance {n}" for n in range(10)]
        tasks = [asyncio.ensure_future(journal.commit(commit(name, 0, [entry(1), entry(2)]))) for name in names]
        await asyncio.sleep(0)
        tasks[4].cancel()
        answers = await together(*tasks)
        others = answers[:4] + answers[5:]
        require(others == [None] * 9, f"Nobody cancelled the other commits, but they ended with {others!r}.")
        await journal.commit(commit(names[4], 0, [entry(1), entry(2)]))
        for name in names:
            await holds(journal, name, entry(1), entry(2))


async def the_record_is_what_the_last_commit_says(connect: Connect) -> None:
    """Each commit sets status, wake-up, detail and `updated_at`; `started_at` stays that of the first."""
    async with connect() as journal:
        moment = AT
        for n, status in enumerate([*Status, *reversed(Status)]):
            moment += timedelta(seconds=1, microseconds=1)
            wake_up = moment + timedelta(days=400) if n % 2 else None
            await journal.commit(commit("instance", n, status=status, at=moment, wake_up=wake_up, detail=f"no. {n} é"))
            record = await journal.find("instance")
            started = AT + timedelta(seconds=1, microseconds=1)
            expected = attrs.evolve(
                record, id="instance", workflow="workflow", version=1, status=status, last_seq=n + 1, wake_up=wake_up,
                detail=f"no. {n} é", started_at=started, updated_at=moment,
            )  # fmt: skip
            require(record == expected, f"The record must be {expected}, but is {record}.")


LAWS = (
    one_of_two_concurrent_commits_is_stored,
    one_of_many_concurrent_starts_is_stored,
    a_commit_after_another_entry_is_refused,
    an_instance_goes_on_only_after_it_was_started,
    a_repeated_commit_is_stored_once,
    a_commit_repeated_at_once_is_stored_once,
    a_repeated_commit_does_not_bring_back_its_record,
    equal_entries_under_another_token_are_a_conflict,
    a_commit_without_entries_changes_only_the_record,
    a_commit_of_many_entries_is_whole,
    commits_of_one_instance_are_stored_in_the_order_of_their_calls,
    losers_do_not_harm_winners,
    a_cancelled_wait_harms_nobody,
    the_record_is_what_the_last_commit_says,
)
