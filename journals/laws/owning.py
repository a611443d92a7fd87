"""Does every instance have one owner at most, and one who goes on with it when its owner is gone?"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from journals.entries import UNFINISHED, Status
from journals.errors import NotOwner, OwnedElsewhere, UnknownInstance
from journals.laws.members import KNOWS, LATER, Heard, by, due, gives, ids, joined, message, owns, starts
from journals.laws.samples import AT, Connect, commit, entry, holds, refused, require, stores_nothing, together
from journals.sharing import MOST_ENTRIES_CLAIMED, Released, Work

_SECOND = timedelta(seconds=1)
_ENDS = tuple(sorted(frozenset(Status) - UNFINISHED, key=lambda each: each.value))


async def what_one_has_claimed_no_other_gets(connect: Connect) -> None:
    """Of many members that claim at once, through one journal and another, each gets other instances."""
    async with connect() as one, connect() as other:
        names = [f"{number:03}" for number in range(60)]
        await together(*(one.commit(due(name, AT)) for name in names))
        members = [await joined(journal, f"{n}") for n, journal in enumerate([one, other] * 3)]
        found: list[str] = []
        for _ in names:
            if len(found) < len(names):
                for claims in await asyncio.gather(*(member.claim(4) for member in members)):
                    found += ids(claims)
        require(sorted(found) == names, f"Each of 60 instances must be claimed once, but these were: {sorted(found)}.")
        require(not ids(await members[0].claim(10)), "An instance that is owned was claimed.")


async def only_what_is_due_and_known_is_claimed(connect: Connect) -> None:
    """A claim gives neither what waits for a later time or a message, nor other workflows and versions."""
    async with connect() as journal:
        member = await joined(journal)
        another = replace(due("another", AT), workflow="another")
        await starts(journal, another, replace(due("newer", AT), version=2))
        await starts(journal, due("later", LATER), due("never", None), due("due", AT))
        await gives(member, "due")
        await gives(member)
        await gives(member, "later", now=LATER)
        await owns(journal, member, "due", "later")
        await owns(journal, None, "another", "newer", "never")
        wide = await journal.join("wide", [("another", 1), ("workflow", 2)], Heard())
        require(sorted(ids(await wide.claim(10))) == ["another", "newer"], "Not all known work was claimed.")


async def those_that_wait_longest_come_first(connect: Connect) -> None:
    """A claim gives no more than it was asked for, in the order of the wake-up times."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, *(due(f"{n}", AT + n * _SECOND) for n in (2, 0, 3, 1)))
        await gives(member, "0", "1", most=2)
        await gives(member, most=0)
        await gives(member, "2", most=1)
        await gives(member, "3")


async def a_claim_tells_when_there_is_more(connect: Connect) -> None:
    """`next_due` is the earliest wake-up time of what is left and known, due or not; None when there is none."""
    async with connect() as journal:
        member = await joined(journal)
        require((await member.claim(1)).next_due is None, "next_due of an empty store must be None.")
        await starts(journal, due("a", AT), due("b", AT + _SECOND), due("c", LATER), due("d", None))
        await starts(journal, replace(due("e", AT), version=2))
        for wanted in (AT + _SECOND, LATER):
            found = (await member.claim(1)).next_due
            require(found == wanted, f"next_due must be {wanted}, but is {found}.")
        found = (await member.claim(1, now=LATER)).next_due
        require(found is None, f"next_due must be None when nothing is left, but is {found}.")


async def what_is_claimed_comes_as_it_is_stored(connect: Connect) -> None:
    """A claim gives the record, all entries where they are few, and whether there are messages."""
    async with connect() as journal:
        member = await joined(journal)
        many = [entry(seq) for seq in range(1, MOST_ENTRIES_CLAIMED + 2)]
        for name, entries in (("few", many[:3]), ("most", many[:-1]), ("many", many)):
            await journal.commit(due(name, AT, commit(name, 0, entries)))
        await journal.post(message("few"))
        found = {claimed.record.id: claimed for claimed in (await member.claim(3)).claimed}
        found["again"] = await member.claim_instance("few")
        for name, entries in (("few", many[:3]), ("again", many[:3]), ("most", many[:-1])):
            require(found[name].entries == tuple(entries), f"{name!r} came with the entries {found[name].entries}.")
            require(found[name].has_mail == (name != "most"), f"has_mail of {name!r} is {found[name].has_mail}.")
        require(found["many"].entries is None, "Too many entries came along with a claim.")
        for claimed in found.values():
            record = await journal.find(claimed.record.id)
            require(claimed.record == record, f"Claimed was {claimed.record}, but stored is {record}.")


async def an_instance_is_claimed_by_its_id(connect: Connect) -> None:
    """`claim_instance` gives what nobody else owns, whatever it waits for, and what has ended, which stays nobody's."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await starts(one, due("later", LATER), due("never", None), replace(due("newer", AT), version=2))
        for name in ("later", "never", "newer", "never"):
            require((await member.claim_instance(name)).record.id == name, f"claim_instance({name!r}) gave another.")
            await owns(other, member, name)
        error = await refused(OwnedElsewhere, rival.claim_instance("later"), "claim_instance() of another's")
        require(error.owner == member.epoch, f"OwnedElsewhere names {error.owner}, not {member.epoch}.")
        await refused(UnknownInstance, member.claim_instance("unknown"), "claim_instance() of an unknown one")
        await one.commit(commit("over", 0, status=Status.COMPLETED))
        require((await member.claim_instance("over")).record.status is Status.COMPLETED, "It must be found ended.")
        await owns(one, None, "over")


async def only_its_owner_commits(connect: Connect) -> None:
    """A commit of another member, of none, or of a number that is nobody's, is `NotOwner` and leaves nothing."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await one.commit(by(member, commit("a", 0, detail="owned")))
        await one.commit(commit("b", 0))
        for name, who in (("a", rival.epoch), ("a", None), ("a", 1_000_000), ("b", rival.epoch), ("b", 1_000_000)):
            stranger = replace(commit(name, 1, [entry(2, key="key")], detail="stranger"), owner=who)
            await refused(NotOwner, other.commit(stranger), f"A commit of {who} to {name!r}")
            await holds(one, name, entry(1))
            require(await one.find_key(name, "key") is None, "An entry that was refused is found by its key.")
        require((await one.find("a")).detail == "owned", "A refused commit has changed the record.")
        await owns(one, member, "a")
        await one.commit(by(member, commit("a", 1)))
        await one.commit(commit("b", 1))
        await holds(other, "a", entry(1), entry(2))


async def a_start_with_an_owner_is_owned(connect: Connect) -> None:
    """What a member starts, and moves on, is its own whatever its wake-up time; who is none starts nothing."""
    async with connect() as journal:
        member, rival = await joined(journal), await joined(journal, "rival")
        await journal.commit(by(member, due("a", AT)))
        for expected in (1, 2):
            await owns(journal, member, "a")
            await gives(rival, now=LATER)
            await refused(OwnedElsewhere, rival.claim_instance("a"), "claim_instance() of another's")
            await journal.commit(by(member, due("a", AT, commit("a", expected, status=Status.WAITING))))
        stranger = replace(commit("b", 0), owner=1_000_000)
        await stores_nothing(journal, NotOwner, stranger, "A start by who is no member")
        await refused(UnknownInstance, journal.owner("b"), "owner() of an unknown one")
        await refused(UnknownInstance, journal.commit(by(member, commit("b", 1))), "A commit to an unknown one")


async def who_has_ended_is_nobodys(connect: Connect) -> None:
    """The last commit of an owner gives its instance up: nobody owns, claims or moves it any more."""
    async with connect() as journal:
        member = await joined(journal)
        for status in _ENDS:
            await journal.commit(by(member, commit(status.value, 0)))
            await journal.commit(by(member, due("", AT, commit(status.value, 1, status=status))))
            await journal.commit(by(member, due("", AT, commit(f"at once {status.value}", 0, status=status))))
            await owns(journal, None, status.value, f"at once {status.value}")
            late = by(member, commit(status.value, 2))
            await refused(NotOwner, journal.commit(late), "A commit of its owner after the end")
            await holds(journal, status.value, entry(1), entry(2))
        await gives(member, now=LATER)


async def what_is_released_can_be_claimed_at_its_time(connect: Connect) -> None:
    """Who gives an instance back says when it goes on; what is another's stays so."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        for name in ("now", "later", "never"):
            await one.commit(by(member, commit(name, 0)))
        await rival.release([Released("now", AT), Released("unknown", AT)])
        await owns(one, member, "now", "later", "never")
        await member.release([Released("now", AT), Released("later", LATER), Released("never", None)])
        await owns(one, None, "now", "later", "never")
        claims = await gives(rival, "now")
        require(claims.next_due == LATER, f"next_due must be the time of the release, but is {claims.next_due}.")
        await gives(rival, "later", now=LATER)
        await owns(one, None, "never")
        await refused(NotOwner, one.commit(by(member, commit("now", 1))), "A commit after the release")
        await member.release([])


async def who_leaves_gives_back_what_it_owned(connect: Connect) -> None:
    """What was under way or has messages can be claimed at once; what waits sleeps on until its time."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        names = ("asked", "later", "never", "paused", "runs")
        statuses = dict.fromkeys(names, Status.WAITING) | {"runs": Status.RUNNING, "paused": Status.PAUSED}
        for name in names:
            wake_up = LATER if name == "later" else None
            await one.commit(by(member, due(name, wake_up, commit(name, 0, status=statuses[name]))))
        await one.post(message("asked"))
        await member.leave()
        await member.leave()
        await owns(other, None, *names)
        found = {claimed.record.id: claimed.has_mail for claimed in (await rival.claim(10)).claimed}
        require(found == {"asked": True, "runs": False}, f"After its owner has left, {found} was claimed.")
        await gives(rival, "later", now=LATER)
        await owns(other, None, "never", "paused")
        require((await other.find("later")).wake_up == LATER, "A wake-up time has changed while its owner left.")


async def who_leaves_has_not_died(connect: Connect) -> None:
    """However often its owners leave in the middle of something, that is no death."""
    async with connect() as journal:
        await starts(journal, due("runs", AT, commit("runs", 0)), due("due", AT))
        for _ in range(3):
            member = await joined(journal)
            for claimed in (await member.claim(10)).claimed:
                require(claimed.deaths == 0, f"deaths must be 0 after its owners have left, but is {claimed.deaths}.")
                await member.begin_trial([claimed.record.id])
            await member.leave()


async def only_its_owner_tries_and_acquits(connect: Connect) -> None:
    """A trial of another's instance, or of an unknown one, changes nothing; and one that was never needed is fine."""
    async with connect() as journal:
        member, rival = await joined(journal), await joined(journal, "rival")
        await journal.commit(by(member, commit("a", 0, detail="owned")))
        before = await journal.find("a")
        for each in (rival, member):
            for instance_ids in (["a"], ["unknown", "a"], []):
                await each.begin_trial(instance_ids)
            await each.acquit(["a", "unknown"])
            await each.acquit([])
        require(await journal.find("a") == before, "A trial has changed the record.")
        require((await member.claim_instance("a")).deaths == 0, "A trial is no death.")
        await owns(journal, member, "a")


async def who_has_left_does_nothing_more(connect: Connect) -> None:
    """A member that has left commits, starts and claims nothing, whether another owns it now or not."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        for name in ("taken", "left"):
            await one.commit(by(member, due(name, None, commit(name, 0, status=Status.WAITING))))
        await member.leave()
        await rival.claim_instance("taken")
        for name in ("taken", "left"):
            await refused(NotOwner, one.commit(by(member, commit(name, 1))), "A commit of who has left")
            await holds(other, name, entry(1))
        await stores_nothing(one, NotOwner, by(member, commit("new", 0)), "A start by who has left")
        await refused(NotOwner, member.claim_instance("left"), "claim_instance() of who has left")
        await gives(member, now=LATER)
        await member.release([Released("taken", AT)])
        await owns(other, rival, "taken")
        await owns(other, None, "left")


async def a_repeated_commit_is_done_after_a_takeover(connect: Connect) -> None:
    """A commit of an owner that is repeated with its token is done, also when another owns the instance by then."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        before = [by(member, commit("a", expected, detail="old")) for expected in range(2)]
        for each in before:
            await one.commit(each)
        await member.leave()
        await gives(rival, "a")
        for each in before:
            await one.commit(each)
        await other.commit(by(rival, commit("a", 2, detail="new")))
        for each in before:
            await one.commit(each)
        await holds(other, "a", entry(1), entry(2), entry(3))
        require((await other.find("a")).detail == "new", "A repeated commit has brought back its record.")
        await owns(other, rival, "a")


async def no_number_is_given_to_two_members(connect: Connect) -> None:
    """Epochs grow; one of a member that has left is never given again, also after a restart."""
    epochs: list[int] = []
    for _ in range(2):
        async with connect() as journal:
            kept = await joined(journal)
            gone = await joined(journal)
            epochs += [kept.epoch, gone.epoch]
            await gone.leave()
            epochs.append((await joined(journal)).epoch)
            await kept.leave()
    require(epochs == sorted(set(epochs)), f"Epochs must grow, but these were given: {epochs}.")


async def members_are_known_until_they_leave(connect: Connect) -> None:
    """`members` tells of each member what it said of itself, in the order of their epochs."""
    async with connect() as one, connect() as other:
        ann = await one.join("Ann", KNOWS, Heard())
        ben = await other.join("Ben", [("workflow", 2), ("another", 1)], Heard())
        found = await one.members()
        said = [(each.epoch, each.name, set(each.knows)) for each in found]
        wanted = [(ann.epoch, "Ann", set(KNOWS)), (ben.epoch, "Ben", {("another", 1), ("workflow", 2)})]
        require(said == wanted, f"The members are {wanted}, but found were {said}.")
        for each in found:
            require(each.joined_at <= ann.now() < each.alive_until, f"The times of {each} cannot be.")
        await ann.leave()
        require([each.name for each in await other.members()] == ["Ben"], "Who has left is still a member.")


async def work_is_heard_of(connect: Connect) -> None:
    """Members hear `Work` when something can be claimed: started, released, or left behind."""
    async with connect() as one, connect() as other:
        heard = Heard()
        listening, member = await joined(one, "listening", heard), await joined(other)
        await other.commit(due("a", AT))
        await heard.of(Work())
        await gives(member, "a")
        await member.release([Released("a", AT)])
        await heard.of(Work())
        await gives(member, "a")
        await member.leave()
        await heard.of(Work())
        await gives(listening, "a")


LAWS = (
    what_one_has_claimed_no_other_gets,
    only_what_is_due_and_known_is_claimed,
    those_that_wait_longest_come_first,
    a_claim_tells_when_there_is_more,
    what_is_claimed_comes_as_it_is_stored,
    an_instance_is_claimed_by_its_id,
    only_its_owner_commits,
    a_start_with_an_owner_is_owned,
    who_has_ended_is_nobodys,
    what_is_released_can_be_claimed_at_its_time,
    who_leaves_gives_back_what_it_owned,
    who_leaves_has_not_died,
    only_its_owner_tries_and_acquits,
    who_has_left_does_nothing_more,
    a_repeated_commit_is_done_after_a_takeover,
    no_number_is_given_to_two_members,
    members_are_known_until_they_leave,
    work_is_heard_of,
)
