"""Is the data of an instance gone when it was deleted, and only that, and only when it was to be?"""

from __future__ import annotations

import attrs
from msgspec.structs import replace

from journals.changes import Change
from journals.entries import Entry, Payload, Published, Status
from journals.errors import InvalidCommit, NotOwner, PayloadTooLarge, UnknownInstance
from journals.labels import NO_LABELS, Labels
from journals.laws.members import WORD, by, has_mail, joined, message
from journals.laws.samples import AT, Connect, commit, entry, holds, refused, require
from journals.outbox import Delivered
from journals.ports import LIMIT_BYTES, Journal, Member
from journals.scrubbing import Scrub, Scrubbed

_LEFT = Payload("Left", 2, "null")
_ENTRIES = tuple(entry(seq, f'"secret {seq}"', key=f"key {seq}", response=WORD) for seq in (1, 2, 3))


async def what_is_deleted_is_gone_and_the_rest_stays(connect: Connect) -> None:
    """Of the entries that are named only number, kind, address and time stay, and what is given; of others all does."""
    left = (Scrubbed(1, _LEFT, None), Scrubbed(3, None, _LEFT))
    expected = (_scrubbed(left[0]), _ENTRIES[1], _scrubbed(left[1]))
    async with connect() as one:
        member = await _requested(one)
        await one.commit(by(member, commit("b", 0, _ENTRIES)))
        for _ in range(2):  # a repeat changes nothing
            await one.scrub(Scrub("a", member.epoch, left))
            await holds(one, "a", *expected)
        for key, found in (("key 1", None), ("key 2", _ENTRIES[1]), ("key 3", None)):
            require(await one.find_key("a", key) == found, f"Under {key!r} there must be {found}.")
        await holds(one, "b", *_ENTRIES)
        await one.scrub(Scrub("a", member.epoch, ()))
    async with connect() as again:
        await holds(again, "a", *expected)


async def what_was_asked_is_deleted_too(connect: Connect) -> None:
    """Of the messages, their answers, the tags and attributes of the instance nothing is left; those of others stay."""
    async with connect() as one:
        member = await _requested(one)
        await one.commit(replace(by(member, commit("b", 0)), tags=("vip",)))
        answered, other = [await one.post(message(name, "first")) for name in ("a", "b")]
        await member.answer([(answered.id, WORD)])
        await one.post(message("a", "second"))
        await one.scrub(Scrub("a", member.epoch, ()))
        await has_mail(member, "a", [])
        await has_mail(member, "b", ["first"])
        labels = await one.labels(["a", "b"])
        require(labels == (NO_LABELS, Labels(("vip",))), f"Only the labels of 'b' must be there, but {labels} are.")
        require(await one.answer_to(answered.id) is None, "The answer to a message that is deleted must be gone.")
        await member.answer([(answered.id, WORD), (other.id, WORD)])
        require(await one.answer_to(answered.id) is None, "A message that is deleted must get no answer.")
        require(await one.answer_to(other.id) == WORD, "The answer to a message of another instance must be there.")


async def what_waits_to_be_delivered_is_deleted_too(connect: Connect) -> None:
    """What waits for the publisher is gone; in other lanes names are left, and null; what comes later is delivered."""
    async with connect() as one:
        member = await _requested(one, _published("a", 1), _published("a", 2), _published("a", 3, "hook"))
        others = (_published("b", 1), _published("b", 2, "hook"))
        await one.commit(replace(by(member, commit("b", 0)), published=others))
        given = (await member.deliveries(["", "hook"], 10)).deliveries
        await member.delivered([Delivered(each.instance_id, each.lane, 0, "secret", AT) for each in given])
        for _ in range(2):
            await one.scrub(Scrub("a", member.epoch, ()))
            found = {(each.instance_id, each.lane, each.count, each.error) for each in await one.outbox()}
            wanted = {("a", "hook", 1, ""), ("b", "", 1, "secret"), ("b", "hook", 1, "secret")}
            require(found == wanted, f"In the outbox must wait {wanted}, but {found} do.")
        late = _published("a", 4)
        done = by(member, commit("a", 3, [entry(4)], status=Status.DATA_DELETED))
        await one.commit(replace(done, published=(late,)))
        of_a = {each.count for each in await one.outbox() if (each.instance_id, each.lane) == ("a", "")}
        require(of_a == {1}, f"One message of 'a' was published since, but {of_a} wait.")
        hook = attrs.evolve(_published("a", 3, "hook"), payload=Payload(WORD.type, WORD.version, "null"))
        given = (await member.deliveries(["", "hook"], 10)).deliveries
        left = {attrs.evolve(message, number=0) for each in given for message in each.messages}
        require(left == {late, hook, *others}, f"To be delivered are {(late, hook, *others)}, but {left} came.")


async def what_the_feed_says_of_it_is_deleted_too(connect: Connect) -> None:
    """The changes of the instance stay without their details, and so does what a new subscriber is told."""
    async with connect() as one:
        member = await joined(one)
        await one.subscribe("early")
        for name in ("a", "b"):
            await one.commit(by(member, commit(name, 0, detail="secret")))
        await one.subscribe("late")
        for name in ("a", "b"):
            await one.commit(by(member, commit(name, 1, [entry(2)], status=Status.PAUSED, detail="secret")))
        await one.commit(by(member, commit("a", 2, [entry(3)], status=Status.DATA_DELETION_REQUESTED)))
        before = [await one.changes(subscriber=name) for name in ("early", "late")]
        await one.scrub(Scrub("a", member.epoch, ()))
    async with connect() as again:
        after = [await again.changes(subscriber=name) for name in ("early", "late")]
        wanted = [tuple(map(_without_detail, changes)) for changes in before]
        require(after == wanted, f"Subscribers must be told {wanted}, but are told {after}.")


async def only_the_owner_deletes_and_only_what_is_to_be_deleted(connect: Connect) -> None:
    """Who does not own the instance, or is no member any more, deletes nothing; nor is anything of a running one."""
    async with connect() as one, connect() as other:
        member, rival = await _requested(one), await joined(other, "rival")
        await one.commit(by(member, commit("b", 0, _ENTRIES)))
        left = tuple(Scrubbed(each.seq, None, None) for each in _ENTRIES)
        for owner in (rival.epoch, None):
            await refused(NotOwner, other.scrub(Scrub("a", owner, left)), f"A scrub by {owner}")
        await refused(InvalidCommit, one.scrub(Scrub("b", member.epoch, left)), "A scrub of a running instance")
        await refused(UnknownInstance, one.scrub(Scrub("c", member.epoch, left)), "A scrub of no instance")
        big = (attrs.evolve(left[0], payload=Payload("Left", 1, "x" * (LIMIT_BYTES + 1))),)
        await refused(PayloadTooLarge, one.scrub(Scrub("a", member.epoch, big)), "A scrub that leaves too much")
        await member.leave()
        await refused(NotOwner, one.scrub(Scrub("a", member.epoch, left)), "A scrub by who has left")
        for name in ("a", "b"):
            await holds(one, name, *_ENTRIES)


async def _requested(journal: Journal, *published: Published) -> Member:
    """Return a member that owns the instance `a`, whose data is to be deleted, and which has published this."""
    member = await joined(journal)
    start = commit("a", 0, _ENTRIES, status=Status.DATA_DELETION_REQUESTED)
    labelled = replace(by(member, start), tags=("vip",), attributes=(("customer", "Ann"),))
    await journal.commit(replace(labelled, published=published))
    return member


def _scrubbed(left: Scrubbed) -> Entry:
    return replace(_ENTRIES[left.seq - 1], payload=left.payload, response=left.response, key=None)


def _published(instance_id: str, seq: int, lane: str = "") -> Published:
    return Published(instance_id, seq, "news", WORD, AT, lane)


def _without_detail(change: Change) -> Change:
    return attrs.evolve(change, detail="") if change.id == "a" else change


LAWS = (
    what_is_deleted_is_gone_and_the_rest_stays,
    what_was_asked_is_deleted_too,
    what_waits_to_be_delivered_is_deleted_too,
    what_the_feed_says_of_it_is_deleted_too,
    only_the_owner_deletes_and_only_what_is_to_be_deleted,
)
"""Are the laws of deleting data."""
