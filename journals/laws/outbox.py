"""Does what is published leave the store: with its commit or not at all, in order, and until it has arrived?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import attrs
from msgspec.structs import replace

from journals.entries import Commit, Payload, Published, Status
from journals.errors import Conflict, InvalidCommit, NotOwner, PayloadTooLarge
from journals.laws.members import LATER, WORD, Heard, by, joined, starts
from journals.laws.samples import AT, Connect, commit, refused, require
from journals.outbox import MOST_AT_ONCE, Delivered, Deliveries, Delivery
from journals.ports import LIMIT_BYTES, Journal, Member
from journals.sharing import ToDeliver


def _published(instance_id: str, seq: int, topic: str = "news", lane: str = "") -> Published:
    return Published(instance_id, seq, topic, WORD, AT + timedelta(microseconds=seq), lane)


def _publishing(step: Commit, *topics: str, lane: str = "") -> Commit:
    """Return a commit that publishes, under the number of its first entry."""
    return replace(
        step,
        published=tuple(_published(step.instance_id, step.expected + 1, topic, lane) for topic in topics),
    )


async def _gives(
    member: Member, *wanted: tuple[str, Sequence[str]], lanes: Sequence[str] = ("",), holding: Sequence[str] = ()
) -> Deliveries:
    """Return what a member is given; raise `AssertionError` unless it is these topics of these instances."""
    given = await member.deliveries(lanes, 10, holding=holding)
    found = [(each.instance_id, [message.topic for message in each.messages]) for each in given.deliveries]
    expected = [(instance_id, list(topics)) for instance_id, topics in wanted]
    require(found == expected, f"A member must be given {expected} to deliver, but was given {found}.")
    return given


def _all_of(delivery: Delivery) -> Delivered:
    return Delivered(delivery.instance_id, delivery.lane, delivery.messages[-1].number)


async def _waits(journal: Journal, **counts: int) -> None:
    found = {each.instance_id: each.count for each in await journal.outbox()}
    require(found == counts, f"In the outbox must wait {counts}, but {found} do.")


async def what_is_published_is_given_out_in_order(connect: Connect) -> None:
    """Messages come back unchanged, in the order of their commits and within them, until they have arrived."""
    async with connect() as journal:
        member = await joined(journal)
        first = _publishing(by(member, commit("é 'a'", 0)), "one", "'two'\n", "")
        payload = Payload("Ö", 2, '{"a" : "\\n😀"}')
        odd = attrs.evolve(_published("é 'a'", 2), payload=payload, topic="ö" * 200)
        await starts(journal, first, replace(by(member, commit("é 'a'", 1)), published=(odd,)))
        (delivery,) = (await member.deliveries([""], 10)).deliveries
        found = [attrs.evolve(message, number=0) for message in delivery.messages]
        require(found == [*first.published, odd], f"Published was {[*first.published, odd]}, but {found} came.")
        numbers = [message.number for message in delivery.messages]
        require(numbers == sorted(set(numbers)), f"The numbers of messages do not grow: {numbers}.")
        require([message.id for message in found] == ["é 'a':1"] * 3 + ["é 'a':2"], "An id is not what it must be.")
        await member.delivered([Delivered("é 'a'", "", numbers[1])])
        (rest,) = (await member.deliveries([""], 10)).deliveries
        require(rest.messages == delivery.messages[2:], f"After two have arrived, {rest.messages} are left.")
        await member.delivered([_all_of(rest)])
        await _gives(member)
        await _waits(journal)


async def a_refused_commit_publishes_nothing(connect: Connect) -> None:
    """What a commit publishes is stored with it, once, and not when it is refused."""
    async with connect() as journal:
        member = await joined(journal)
        start = by(member, commit("a", 0))
        second = _publishing(by(member, commit("a", 1)), "one")
        await starts(journal, start, second, second)
        over = attrs.evolve(_published("a", 3), payload=Payload("Word", 1, "x" * (LIMIT_BYTES + 1)))
        refusals = (
            (Conflict, _publishing(by(member, commit("a", 1, token="another")), "two")),
            (NotOwner, _publishing(commit("a", 2), "two")),
            (PayloadTooLarge, replace(by(member, commit("a", 2)), published=(over,))),
            (InvalidCommit, replace(by(member, commit("a", 2)), published=(_published("b", 1),))),
        )
        for kind, refusable in refusals:
            await refused(kind, journal.commit(refusable), f"A commit that publishes and is {kind.__name__}")
        await _waits(journal, a=1)
        await _gives(member, ("a", ["one"]))


async def one_member_delivers_for_an_instance(connect: Connect) -> None:
    """What one member is about to deliver, no other is given; nor is what is published meanwhile, before that."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await starts(one, _publishing(by(member, commit("a", 0)), "one"))
        given = await _gives(member, ("a", ["one"]))
        await starts(one, _publishing(by(member, commit("a", 1)), "two"), _publishing(by(member, commit("b", 0)), "x"))
        await _gives(rival, ("b", ["x"]))
        await _gives(member, holding=["a"])
        again = await _gives(member, ("a", ["one", "two"]))
        require(again.deliveries[0].messages[:1] == given.deliveries[0].messages, "A message has changed.")
        await member.delivered([_all_of(given.deliveries[0])])
        await _gives(rival, ("a", ["two"]), holding=["b"])


async def members_share_what_is_to_be_delivered(connect: Connect) -> None:
    """Members that ask at the same time are given different instances, and each instance is given to one."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        names = [f"{number}" for number in range(20)]
        await starts(one, *(_publishing(by(member, commit(name, 0)), "news") for name in names))
        given = await asyncio.gather(*(each.deliveries([""], 4) for each in (member, rival)))
        counts = [len(each.deliveries) for each in given]
        require(max(counts) <= 4, f"At most 4 were asked for, but {counts} given.")
        for each, who in zip(given, (member, rival), strict=True):
            await who.delivered([_all_of(delivery) for delivery in each.deliveries])
        while left := (await rival.deliveries([""], 100)).deliveries:
            given.append(Deliveries(left, None))
            await rival.delivered([_all_of(delivery) for delivery in left])
        found = [delivery.instance_id for each in given for delivery in each.deliveries]
        require(sorted(found) == sorted(names), f"Given out were {sorted(found)}, not each of {sorted(names)} once.")


async def who_goes_away_leaves_what_has_not_arrived(connect: Connect) -> None:
    """Others hear of it, and go on where it has left off; what it says later deletes what has arrived, nothing else."""
    async with connect() as one, connect() as other:
        heard = Heard()
        member, rival = await joined(one), await joined(other, "rival", heard)
        await starts(one, _publishing(by(member, commit("a", 0)), "one", "two", "three"))
        (delivery,) = (await _gives(member, ("a", ["one", "two", "three"]))).deliveries
        await member.delivered([Delivered("a", "", delivery.messages[0].number)])
        await _gives(member, ("a", ["two", "three"]))
        await heard.of(ToDeliver())
        await member.leave()
        await heard.of(ToDeliver())
        await _gives(rival, ("a", ["two", "three"]))
        third = await joined(one, "third")
        await member.delivered([Delivered("a", "", delivery.messages[1].number, "late", LATER)])
        await _gives(third)
        await rival.delivered([Delivered("a", "", 0)])
        await _gives(member)
        await _gives(third, ("a", ["three"]))


async def what_has_failed_waits_for_its_time(connect: Connect) -> None:
    """A delivery that failed is given out when its time has come, by the time that is asked for; others go on."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, *(_publishing(by(member, commit(name, 0)), "one", "two") for name in ("a", "b")))
        (first, second) = (await _gives(member, ("a", ["one", "two"]), ("b", ["one", "two"]))).deliveries
        for failures in (1, 2):
            await member.delivered([Delivered("a", "", 0, "no 'röute'", LATER)])
            given = await _gives(member, holding=["b"])
            require(given.next_due == LATER, f"The next is due {LATER}, not {given.next_due}.")
            (waiting,) = (each for each in await journal.outbox() if each.instance_id == "a")
            told = (waiting.count, waiting.oldest, waiting.failures, waiting.retry_at, waiting.error)
            wanted = (2, first.messages[0].at, failures, LATER, "no 'röute'")
            require(told == wanted, f"Of what has failed is told {told}, not {wanted}.")
            (again,) = (await member.deliveries([""], 10, holding=["b"], now=LATER)).deliveries
            require(again.failures == failures, f"It has failed {failures} times, not {again.failures}.")
        await member.delivered([Delivered("a", "", first.messages[0].number, "again", LATER), _all_of(second)])
        (waiting,) = await journal.outbox()
        require((waiting.count, waiting.failures) == (1, 1), f"After a success, one has failed once, not {waiting}.")
        (again,) = (await member.deliveries([""], 10, now=LATER)).deliveries
        await member.delivered([Delivered("a", "", 0)])
        (waiting,) = await journal.outbox()
        require((waiting.failures, waiting.error) == (0, None), f"Nothing has failed, but told is {waiting}.")


async def lanes_are_apart(connect: Connect) -> None:
    """Each lane is given to who asks for it, and holds up no other."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await starts(
            one,
            _publishing(by(member, commit("a", 0)), "one"),
            _publishing(by(member, commit("a", 1)), "two", lane="hook é"),
            _publishing(by(member, commit("b", 0)), "three", lane="other"),
        )
        await _gives(member, ("a", ["one"]))
        await _gives(rival, lanes=["nothing"])
        await _gives(rival)
        (delivery,) = (await _gives(rival, ("a", ["two"]), lanes=["hook é", "nothing"])).deliveries
        await rival.delivered([_all_of(delivery)])
        found = sorted((each.instance_id, each.lane) for each in await one.outbox())
        require(found == [("a", ""), ("b", "other")], f"What waits is {found}.")


async def members_hear_that_there_is_something(connect: Connect) -> None:
    """Members hear `ToDeliver` when a commit has published something, also one of an instance that is over."""
    async with connect() as one, connect() as other:
        heard, heard_elsewhere = Heard(), Heard()
        member, rival = await joined(one, "one", heard), await joined(other, "two", heard_elsewhere)
        await one.commit(_publishing(by(member, commit("a", 0)), "one"))
        for each in (heard, heard_elsewhere):
            await each.of(ToDeliver())
        await one.commit(_publishing(by(member, commit("a", 1, status=Status.COMPLETED)), "two"))
        for each in (heard, heard_elsewhere):
            await each.of(ToDeliver())
        await _gives(rival, ("a", ["one", "two"]))


async def many_messages_are_given_out_in_parts(connect: Connect) -> None:
    """Of many messages of an instance the first come first; `most=0` gives none, and `outbox` keeps to its limit."""
    async with connect() as journal:
        member = await joined(journal)
        topics = [f"{number}" for number in range(2 * MOST_AT_ONCE + 1)]
        await starts(journal, _publishing(by(member, commit("a", 0)), *topics))
        await starts(journal, _publishing(by(member, commit("b", 0)), "one"))
        require((await member.deliveries([""], 0)).deliveries == (), "Nothing was asked for, but something given.")
        require(len(await journal.outbox(most=1)) == 1, "`outbox(most=1)` tells of more than one.")
        found: list[str] = []
        while given := (await member.deliveries([""], 1)).deliveries:
            require(len(given[0].messages) <= MOST_AT_ONCE, f"{len(given[0].messages)} messages come at once.")
            found.extend(message.topic for message in given[0].messages if given[0].instance_id == "a")
            await member.delivered([_all_of(given[0])])
        require(found == topics, f"{len(topics)} messages were published, but these came: {found}.")


async def the_outbox_outlasts_a_restart(connect: Connect) -> None:
    """What was published, and has not arrived, is there when the journal is opened again."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, _publishing(by(member, commit("a", 0)), "one"))
        await _gives(member, ("a", ["one"]))
        await member.leave()
    async with connect() as journal:
        await _waits(journal, a=1)
        await _gives(await joined(journal), ("a", ["one"]))


LAWS = (
    what_is_published_is_given_out_in_order,
    a_refused_commit_publishes_nothing,
    one_member_delivers_for_an_instance,
    members_share_what_is_to_be_delivered,
    who_goes_away_leaves_what_has_not_arrived,
    what_has_failed_waits_for_its_time,
    lanes_are_apart,
    members_hear_that_there_is_something,
    many_messages_are_given_out_in_parts,
    the_outbox_outlasts_a_restart,
)
