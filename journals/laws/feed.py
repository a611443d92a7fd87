"""Does the feed tell of every change, once, in order, and in time? Can the state be rebuilt from it alone?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta

from msgspec.structs import replace

from journals.changes import Change, going
from journals.entries import Commit, InstanceRecord, Status
from journals.errors import Conflict, FollowedElsewhere, InvalidCommit, NotOwner, UnknownSubscriber
from journals.feed import Subscriber
from journals.laws.members import Heard, by, due, joined, starts
from journals.laws.samples import AT, Connect, commit, refused, require
from journals.ports import Journal
from journals.sharing import Changed

_SECOND = timedelta(seconds=1)
_STORY = (
    Status.WAITING,
    Status.RUNNING,
    Status.PAUSED,
    Status.WAITING,
    Status.STUCK,
    Status.RUNNING,
    Status.WAITING,
    Status.COMPLETED,
)
_TOLD = (Status.RUNNING, Status.PAUSED, Status.RUNNING, Status.STUCK, Status.RUNNING, Status.COMPLETED)


def _step(instance_id: str, expected: int, status: Status) -> Commit:
    at = AT + expected * _SECOND
    return commit(instance_id, expected, status=status, at=at, detail=f"{status.value} 'ö' {expected}")


async def _all(journal: Journal, subscriber: str, after: int = 0) -> tuple[Change, ...]:
    """Return all changes, in parts; raise `AssertionError` unless their cursors grow."""
    found: list[Change] = []
    while page := await journal.changes(after=after, most=3, subscriber=subscriber):
        require(len(page) <= 3, f"Three changes were asked for, but {len(page)} came.")
        found.extend(page)
        after = page[-1].cursor
    cursors = [change.cursor for change in found]
    require(cursors == sorted(set(cursors)), f"The cursors do not grow: {cursors}.")
    return tuple(found)


async def _tells(journal: Journal, subscriber: str, *wanted: tuple[str, str], after: int = 0) -> tuple[Change, ...]:
    """Return the changes after a cursor; raise `AssertionError` unless they are these: who, and what."""
    found = await _all(journal, subscriber, after)
    told = [(change.id, change.word) for change in found]
    require(told == list(wanted), f"The feed must tell {subscriber!r} {list(wanted)}, but tells {told}.")
    return found


def _rebuilt(changes: Iterable[Change]) -> dict[str, tuple[str, int, Status]]:
    state: dict[str, tuple[str, int, Status]] = {}
    for change in changes:
        if change.status is None:
            state.pop(change.id, None)
        else:
            state[change.id] = (change.workflow, change.version, change.status)
    return state


def _as_rebuilt(records: Sequence[InstanceRecord]) -> dict[str, tuple[str, int, Status]]:
    return {record.id: (record.workflow, record.version, going(record.status)) for record in records}


async def each_change_of_run_state_is_told_in_order(connect: Connect) -> None:
    """A start and whatever changes the run state is told, as the record is then; a step, and a wait, are not."""
    async with connect() as journal:
        await journal.subscribe("audit")
        member = await joined(journal)
        await starts(journal, *(by(member, _step("é 'a'", n, status)) for n, status in enumerate(_STORY)))
        found = await _all(journal, "audit")
        require([change.status for change in found] == list(_TOLD), f"Of {_STORY} was told {found}.")
        require([change.before for change in found] == [None, *_TOLD[:-1]], f"What was before is not told: {found}.")
        for change in found:
            step = _step("é 'a'", change.last_seq - 1, _STORY[change.last_seq - 1])
            wanted = ("é 'a'", "workflow", 1, step.detail, step.at)
            told = (change.id, change.workflow, change.version, change.detail, change.at)
            require(told == wanted, f"A change is told as {told}, but was {wanted}.")
        wanted_seqs = [1, 3, 4, 5, 6, 8]
        require([change.last_seq for change in found] == wanted_seqs, f"The entries are not {wanted_seqs}: {found}.")


async def nothing_is_told_where_nobody_follows(connect: Connect) -> None:
    """Without a subscriber there is no feed: of what happened then, a later one is told only how it stands."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, by(member, _step("a", 0, Status.RUNNING)), by(member, _step("a", 1, Status.COMPLETED)))
        require(await journal.changes() == (), "There is a feed that nobody follows.")
        await journal.subscribe("audit")
        await _tells(journal, "audit", ("a", "completed"))


async def a_new_subscriber_is_told_how_things_stand(connect: Connect) -> None:
    """It gets each instance, as its record is, before what changes then; others do not get that."""
    async with connect() as one, connect() as other:
        member = await joined(one)
        names = [f"{number}" for number in range(7)]
        await starts(one, *(due(name, None, by(member, _step(name, 0, Status.PAUSED))) for name in names))
        first = await one.subscribe("audit")
        await one.commit(by(member, _step("3", 1, Status.WAITING)))
        wanted = [*((name, "paused") for name in names), ("3", "resumed")]
        found = await _tells(other, "audit", *wanted, after=first)
        require(found[0].before is None, "How things stand is told as a change.")
        second = await other.subscribe("billing")
        await _tells(one, "audit", *wanted, after=first)
        stands = [(name, "started" if name == "3" else "paused") for name in names]
        await _tells(one, "billing", *sorted(stands), after=second)
        require(await one.subscribe("audit") == first, "Who subscribes again does not stand where it was.")
        await _tells(one, "audit", *wanted, after=first)


async def a_refused_commit_changes_nothing_in_the_feed(connect: Connect) -> None:
    """What was not stored, or is stored already, is not told."""
    async with connect() as journal:
        cursor = await journal.subscribe("audit")
        member = await joined(journal)
        start = by(member, _step("a", 0, Status.RUNNING))
        await starts(journal, start, start)
        paused = _step("a", 1, Status.PAUSED)
        await refused(NotOwner, journal.commit(paused), "A commit by nobody")
        late = replace(by(member, _step("a", 0, Status.PAUSED)), token="another")
        await refused(Conflict, journal.commit(late), "A commit that comes too late")
        await _tells(journal, "audit", ("a", "started"), after=cursor)


async def a_subscriber_goes_on_where_it_was(connect: Connect) -> None:
    """What it has passed is durable, and never goes back; nobody else is known."""
    async with connect() as journal:
        await journal.subscribe("audit")
        await starts(journal, *(_step(name, 0, Status.PAUSED) for name in ("a", "b", "c")))
        found = await _all(journal, "audit")
        await journal.passed("audit", found[1].cursor)
        await journal.passed("audit", found[0].cursor)
        await refused(UnknownSubscriber, journal.passed("nobody", 1), "passed() by nobody")
        for name in ("", "x" * 201, "a\nb"):
            await refused(InvalidCommit, journal.subscribe(name), f"A subscriber called {name[:9]!r}")
    async with connect() as journal:
        require(await journal.subscribe("audit") == found[1].cursor, "A position did not outlast a restart.")
        known = await journal.subscribers()
        require(known == (Subscriber("audit", found[1].cursor, 1),), f"Who follows is told as {known}.")
        await _tells(journal, "audit", ("c", "paused"), after=found[1].cursor)
        await journal.passed("audit", 10**12)
        await journal.commit(_step("d", 0, Status.PAUSED))
        await _tells(journal, "audit", ("d", "paused"), after=await journal.subscribe("audit"))


async def who_subscribes_last_follows(connect: Connect) -> None:
    """Who followed under the same name before is refused, and has passed nothing; other names are left alone."""
    async with connect() as one, connect() as other:
        await one.subscribe("billing", follower="first")
        await one.subscribe("audit", follower="first")
        await starts(one, _step("a", 0, Status.PAUSED), _step("b", 0, Status.PAUSED))
        a, b = await _all(one, "audit")
        await one.passed("audit", a.cursor, follower="first")
        stands = await other.subscribe("audit", follower="second")
        require(stands == a.cursor, f"The second follower begins at {stands}, not where the first one was.")
        error = await refused(
            FollowedElsewhere, one.passed("audit", b.cursor, follower="first"), "passed() by an earlier follower"
        )
        require(error.name == "audit", f"The refusal is about {error.name!r}.")
        await one.passed("billing", a.cursor, follower="first")
        await _tells(other, "audit", ("b", "paused"), after=a.cursor)
    async with connect() as journal:
        known = await journal.subscribers()
        require(known[0].cursor == a.cursor, f"Who was refused has passed something: {known[0]}.")
        await refused(
            FollowedElsewhere, journal.passed("audit", b.cursor, follower="first"), "passed() after a restart"
        )
        require(await journal.subscribe("audit", follower="second") == a.cursor, "A repeat moves the subscriber.")
        await journal.passed("audit", b.cursor, follower="second")
        await journal.passed("billing", b.cursor, follower="first")


async def what_all_have_passed_is_deleted(connect: Connect) -> None:
    """A change stays until the last subscriber has passed it, and no longer."""
    async with connect() as journal:
        start = await journal.subscribe("audit")
        await journal.subscribe("billing")
        await starts(journal, *(_step(name, 0, Status.PAUSED) for name in ("a", "b", "c")))
        a, b, c = await _all(journal, "audit")
        await journal.passed("audit", c.cursor)
        await _tells(journal, "billing", ("a", "paused"), ("b", "paused"), ("c", "paused"), after=start)
        await journal.passed("billing", b.cursor)
        for name in ("audit", "billing"):
            await _tells(journal, name, ("c", "paused"), after=start)
        await journal.passed("billing", a.cursor)
        await journal.subscribe("late")
        late = [(each.id, each.word) for each in await _all(journal, "late")]
        wanted = [("c", "paused"), ("a", "paused"), ("b", "paused"), ("c", "paused")]
        require(late == wanted, f"One that comes late must be told {wanted}, but is told {late}.")
        await journal.passed("late", 10**12)
        await journal.passed("billing", c.cursor)
        for name in ("audit", "late"):
            await _tells(journal, name, after=start)


async def the_feed_ends_with_its_last_subscriber(connect: Connect) -> None:
    """Nothing is kept then. One that follows later is told how things stand, under greater cursors."""
    async with connect() as journal:
        await journal.subscribe("audit")
        await journal.subscribe("billing")
        await journal.commit(_step("a", 0, Status.PAUSED))
        (change,) = await _all(journal, "audit")
        require(await journal.unsubscribe("audit"), "A subscriber cannot end.")
        require(not await journal.unsubscribe("audit"), "A subscriber can end twice.")
        await _tells(journal, "billing", ("a", "paused"))
        require(await journal.unsubscribe("billing"), "The last subscriber cannot end.")
        require(await journal.changes() == (), "Changes are kept that nobody follows.")
        await journal.commit(_step("b", 0, Status.PAUSED))
        require(await journal.subscribers() == (), "Somebody is left who follows.")
        cursor = await journal.subscribe("audit")
        require(cursor >= change.cursor, f"The feed begins again at {cursor}, after {change.cursor}.")
        await _tells(journal, "audit", ("a", "paused"), ("b", "paused"), after=cursor)


async def who_is_removed_is_told(connect: Connect) -> None:
    """An instance that is removed is told once, with what it was, and so that it is not there when one rebuilds."""
    async with connect() as journal:
        cursor = await journal.subscribe("audit")
        await starts(journal, _step("a", 0, Status.COMPLETED), _step("b", 0, Status.COMPLETED))
        record = await journal.find("a")
        require(await journal.remove([record]) == ("a",), "An instance that has ended is not removed.")
        await journal.remove([record])
        found = await _tells(journal, "audit", ("a", "completed"), ("b", "completed"), ("a", "removed"), after=cursor)
        told = (found[2].status, found[2].before, found[2].last_seq, found[2].workflow)
        require(told == (None, Status.COMPLETED, 1, "workflow"), f"A removal is told as {found[2]}.")
        require(found[2].at.tzinfo is UTC, f"The time of a removal is {found[2].at!r}, not in UTC.")
        wanted = _as_rebuilt(await journal.find_all())
        require(_rebuilt(found) == wanted, f"Rebuilt was {_rebuilt(found)}, but the store has {wanted}.")


async def members_and_listeners_hear_of_changes(connect: Connect) -> None:
    """They hear `Changed` when there is something new in the feed."""
    async with connect() as one, connect() as other:
        heard, overheard = Heard(), Heard()
        member, listener = await joined(one, "member", heard), await other.listen(overheard)
        await other.subscribe("audit")
        for n, status in enumerate((Status.RUNNING, Status.PAUSED, Status.COMPLETED)):
            await one.commit(by(member, _step("a", n, status)))
            for each in (heard, overheard):
                await each.of(Changed())
        await listener.close()


async def the_state_can_be_rebuilt_from_the_feed_alone(connect: Connect) -> None:
    """Whoever reads while many commit at once, misses nothing, sees nothing twice, and knows at last how all stand."""
    async with connect() as one, connect() as other:
        statuses = (Status.RUNNING, Status.PAUSED, Status.WAITING, Status.STUCK, Status.RUNNING, Status.COMPLETED)
        before = [_step(f"before {number}", 0, Status.PAUSED) for number in range(5)]
        await starts(one, *before)
        done = asyncio.Event()

        async def run(name: str, journal: Journal, length: int) -> None:
            for n, status in enumerate(statuses[:length]):
                await journal.commit(_step(name, n, status))

        async def follow(name: str, journal: Journal) -> list[Change]:
            cursor, found = await journal.subscribe(name), list[Change]()
            while True:
                is_last = done.is_set()
                page = await journal.changes(after=cursor, most=7, subscriber=name)
                found.extend(page)
                if page:
                    cursor = page[-1].cursor
                    await journal.passed(name, cursor)
                elif is_last:
                    return found
                await asyncio.sleep(0)

        following = [asyncio.create_task(follow(*each)) for each in (("audit", one), ("billing", other))]
        runs = (run(f"{number}", (one, other)[number % 2], 1 + number % len(statuses)) for number in range(60))
        await asyncio.gather(*runs, *(one.commit(_step(each.instance_id, 1, Status.FAILED)) for each in before[:3]))
        done.set()
        wanted = _as_rebuilt(await one.find_all())
        for found in await asyncio.gather(*following):
            cursors = [change.cursor for change in found]
            require(cursors == sorted(set(cursors)), f"The cursors do not grow: {cursors}.")
            state = _rebuilt(found)
            require(state == wanted, f"Rebuilt was {state}, but the store has {wanted}.")
            for name in wanted:
                seqs = [change.last_seq for change in found if change.id == name]
                require(seqs == sorted(seqs), f"The changes of {name!r} are told in the order {seqs}.")


LAWS = (
    each_change_of_run_state_is_told_in_order,
    nothing_is_told_where_nobody_follows,
    a_new_subscriber_is_told_how_things_stand,
    a_refused_commit_changes_nothing_in_the_feed,
    a_subscriber_goes_on_where_it_was,
    who_subscribes_last_follows,
    what_all_have_passed_is_deleted,
    the_feed_ends_with_its_last_subscriber,
    who_is_removed_is_told,
    members_and_listeners_hear_of_changes,
    the_state_can_be_rebuilt_from_the_feed_alone,
)
