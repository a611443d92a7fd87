"""Is what breaks the rules of the port refused, with its own error, and nothing of it stored?"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from journals.entries import Payload
from journals.errors import InvalidCommit, JournalClosed, JournalError, PayloadTooLarge
from journals.laws.samples import (
    AT,
    Connect,
    all_done,
    commit,
    entry,
    holds,
    holds_nothing,
    refused,
    require,
    stores_nothing,
    together,
)
from journals.ports import LIMIT_BYTES, LONGEST_ID

_NAIVE = datetime(2026, 1, 31, 12, 30)


async def an_oversize_payload_is_refused(connect: Connect) -> None:
    """A payload or response over the limit raises `PayloadTooLarge`, which names size, limit and address."""
    async with connect() as journal:
        over = "x" * (LIMIT_BYTES + 1)
        wide = "é" * (LIMIT_BYTES // 2) + "x"
        response = Payload("Response", 1, over)
        for oversize in (entry(2, over), entry(2, wide), entry(2, response=response)):
            start = commit("instance", 0, [entry(1), oversize, entry(3)])
            error = await refused(PayloadTooLarge, journal.commit(start), "A payload over the limit")
            require(
                (error.size_bytes, error.limit_bytes, error.address, error.instance_id)
                == (LIMIT_BYTES + 1, LIMIT_BYTES, "step#2", "instance"),
                f"PayloadTooLarge must name size, limit, address and instance, but says: {error}",
            )
            await holds_nothing(journal, "instance")


async def a_payload_of_exactly_the_limit_is_stored(connect: Connect) -> None:
    """The limit itself is allowed, counted in bytes of UTF-8."""
    async with connect() as journal:
        exact = entry(1, "é" * (LIMIT_BYTES // 2), response=Payload("Response", 1, "x" * LIMIT_BYTES))
        await journal.commit(commit("instance", 0, [exact]))
        require(await journal.read("instance") == (exact,), "A payload of exactly the limit came back changed.")


async def a_gap_in_the_numbers_is_refused(connect: Connect) -> None:
    """Entries that do not count on from `expected` raise `InvalidCommit`; so does a start without an entry."""
    async with connect() as journal:
        for numbers in ([2], [0], [1, 3], [1, 1], [2, 1], []):
            start = commit("instance", 0, [entry(number) for number in numbers])
            await stores_nothing(journal, InvalidCommit, start, f"A start with the entries {numbers}")
        await journal.commit(commit("instance", 0))
        for numbers in ([1], [3], [2, 4]):
            gap = commit("instance", 1, [entry(number) for number in numbers])
            await refused(InvalidCommit, journal.commit(gap), f"Entries {numbers} after 1")
        await holds(journal, "instance", entry(1))


async def a_time_without_a_zone_is_refused(connect: Connect) -> None:
    """A naive `recorded_at`, `at` or `wake_up` raises `InvalidCommit`."""
    async with connect() as journal:
        naive = (
            commit("instance", 0, [entry(1), entry(2, at=_NAIVE)]),
            commit("instance", 0, at=_NAIVE),
            commit("instance", 0, wake_up=_NAIVE),
        )
        for start in naive:
            await stores_nothing(journal, InvalidCommit, start, "A commit with a naive time")


async def an_impossible_id_is_refused(connect: Connect) -> None:
    """An empty id, one that is too long, and one with a character that is not printable raise `InvalidCommit`."""
    async with connect() as journal:
        for instance_id in ("", "x" * (LONGEST_ID + 1), "line\nbreak", "nul\0"):
            await refused(InvalidCommit, journal.commit(commit(instance_id, 0)), f"The id {instance_id[:20]!r}")
        require(await journal.find_all() == (), "An instance with an impossible id was stored.")


async def the_longest_and_oddest_ids_are_stored(connect: Connect) -> None:
    """Every other id is stored as it is, and names one instance only."""
    odd = ("x" * LONGEST_ID, "😀" * LONGEST_ID, "'; --", "%", "_", "a b", "A", "a", "é", "e\u0301", "\\", "a/b")
    async with connect() as journal:
        await all_done(
            "An odd id", *(journal.commit(commit(each, 0, [entry(1, f'"{n}"')])) for n, each in enumerate(odd))
        )
        for n, each in enumerate(odd):
            await holds(journal, each, entry(1, f'"{n}"'))


async def a_refused_commit_does_not_harm_others(connect: Connect) -> None:
    """An impossible commit among good ones at the same time fails alone."""
    async with connect() as journal:
        over = commit("over", 0, [entry(1, "x" * (LIMIT_BYTES + 1))])
        naive = commit("naive", 0, at=_NAIVE)
        good = [commit(f"good {n}", 0) for n in range(6)]
        answers = await together(*(journal.commit(each) for each in (*good[:3], over, naive, *good[3:])))
        require(
            answers[:3] + answers[5:] == [None] * 6,
            f"Good commits beside impossible ones must be stored, but ended with {answers!r}.",
        )
        for each in good:
            await holds(journal, each.instance_id, entry(1))


async def a_text_that_is_no_text_harms_nobody(connect: Connect) -> None:
    """A lone surrogate is no Unicode text: it is kept or refused with a `JournalError`, and others are stored."""
    async with connect() as journal:
        odd = commit("odd", 0, [entry(1, '"\ud800"')])
        good = [commit(f"good {n}", 0) for n in range(6)]
        answers = await together(*(journal.commit(each) for each in (*good[:3], odd, *good[3:])))
        require(
            answers[:3] + answers[4:] == [None] * 6,
            f"Good commits beside an odd one must be stored, but ended with {answers!r}.",
        )
        if answers[3] is None:
            await holds(journal, "odd", *odd.entries)
        else:
            require(isinstance(answers[3], JournalError), f"The driver's error came through: {answers[3]!r}.")
            await holds_nothing(journal, "odd")


async def a_time_of_another_zone_is_the_same_instant(connect: Connect) -> None:
    """An aware time of any zone comes back as the same instant."""
    zoned = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    async with connect() as journal:
        await journal.commit(commit("instance", 0, [entry(1, at=zoned)], at=zoned, wake_up=zoned))
        (found,) = await journal.read("instance")
        record = await journal.find("instance")
        moments = (found.recorded_at, record.started_at, record.updated_at, record.wake_up)
        require(moments == (AT,) * 4, f"{zoned} came back as {moments}.")


async def a_closed_journal_refuses_everything(connect: Connect) -> None:
    """Before `open` and after `close`, every question and every commit raises `JournalClosed`."""
    journal = connect()
    for _ in range(2):
        await refused(JournalClosed, journal.commit(commit("instance", 0)), "commit() on a closed journal")
        await refused(JournalClosed, journal.read("instance"), "read() on a closed journal")
        await refused(JournalClosed, journal.find("instance"), "find() on a closed journal")
        await refused(JournalClosed, journal.find_key("instance", "key"), "find_key() on a closed journal")
        await refused(JournalClosed, journal.find_all(), "find_all() on a closed journal")
        await refused(JournalClosed, journal.count(), "count() on a closed journal")
        await refused(JournalClosed, journal.labels([]), "labels() on a closed journal")
        await journal.open()
        await holds_nothing(journal, "instance")
        await journal.close()


LAWS = (
    an_oversize_payload_is_refused,
    a_payload_of_exactly_the_limit_is_stored,
    a_gap_in_the_numbers_is_refused,
    a_time_without_a_zone_is_refused,
    an_impossible_id_is_refused,
    the_longest_and_oddest_ids_are_stored,
    a_refused_commit_does_not_harm_others,
    a_text_that_is_no_text_harms_nobody,
    a_time_of_another_zone_is_the_same_instant,
    a_closed_journal_refuses_everything,
)
