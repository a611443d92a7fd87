"""Does what is asked of an instance reach its owner, and the answer whoever has asked? And is what happens heard?"""

from __future__ import annotations

import asyncio
from datetime import UTC

import attrs
from msgspec.structs import replace

from journals.entries import RESTING, Message, Payload, Status
from journals.errors import Conflict, InvalidCommit, JournalClosed, NotOwner, PayloadTooLarge, UnknownInstance
from journals.laws.members import KNOWS, LATER, WORD, Heard, by, due, gives, has_mail, joined, message, owns, starts
from journals.laws.samples import Connect, commit, refused, require
from journals.ports import LIMIT_BYTES, Journal
from journals.sharing import Answered, Mail, Released, Rested, Work

_LATE = Payload("Late", 1, "0")


async def a_message_is_stored_once_for_its_key(connect: Connect) -> None:
    """Of messages with one key for one instance, also at once, the first is there, and all get its answer."""
    async with connect() as one, connect() as other:
        member = await joined(one)
        await starts(one, by(member, commit("a", 0)), by(member, commit("b", 0)))
        again = [message("a", payload=Payload("Word", 1, f"{n}")) for n in range(6)]
        posted = await asyncio.gather(
            *(journal.post(each) for each, journal in zip(again, [one, other] * 3, strict=True))
        )
        require(len(set(posted)) == 1, f"Six messages with one key must be one, but are {posted}.")
        second, elsewhere = await other.post(message("a", "key 2")), await other.post(message("b"))
        require(len({posted[0].id, second.id, elsewhere.id}) == 3, "Different messages have one number.")
        await has_mail(member, "a", ["key", "key 2"])
        await member.answer([(posted[0].id, WORD)])
        late = await other.post(message("a"))
        require(late == posted[0], f"A repeat of an answered message is {late}, not {posted[0]}.")
        require(await other.answer_to(late.id) == WORD, "A repeat does not get the answer.")
        await has_mail(member, "a", ["key 2"])


async def messages_come_in_order_and_unchanged(connect: Connect) -> None:
    """Messages come back as they were sent, with their numbers, in the order in which they were stored."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, by(member, commit("a", 0)), by(member, commit("é 'b'", 0)))
        sent: list[Message] = []
        for n, payload in enumerate((WORD, None, Payload("", 0, ""), Payload("Ö", 2, '{"a" : "\\n😀"}'), WORD)):
            each = Message("é 'b'" if n % 2 else "a", f"operation {n}", "näme", payload, f"{n} 'key' " + "k" * 300)
            sent.append(attrs.evolve(each, id=(await journal.post(each)).id))
        found = await member.messages(["é 'b'", "unknown", "a", "a"])
        require(found == tuple(sent), f"Sent was {sent}, but {found} came.")
        require([each.id for each in sent] == sorted({each.id for each in sent}), "The numbers do not grow.")
        require(await member.messages([]) == (), "Messages were given for no instance.")


async def messages_are_for_the_owner(connect: Connect) -> None:
    """Nobody is given the messages of an instance that is another's, or nobody's."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await one.commit(by(member, commit("a", 0)))
        await one.post(message("a"))
        await has_mail(member, "a", ["key"])
        await has_mail(rival, "a", [])
        await member.release([Released("a", None)])
        await has_mail(member, "a", [])
        await rival.claim_instance("a")
        await has_mail(rival, "a", ["key"])


async def anybody_sees_what_is_unanswered(connect: Connect) -> None:
    """Whoever owns an instance, its messages without an answer are seen, in order, with the times of their coming."""
    async with connect() as one, connect() as other:
        member = await joined(one)
        await starts(one, by(member, commit("a", 0)), by(member, commit("b", 0)), due("c", LATER))
        keys = ("1", "2", "é '3'")
        posted = [await other.post(message("a", key)) for key in keys]
        await one.post(message("b"))
        await one.post(message("c"))
        found = await other.unanswered("a")
        sent = [attrs.evolve(message("a", key), id=each.id) for key, each in zip(keys, posted, strict=True)]
        require([each.message for each in found] == sent, f"Sent was {sent}, but unanswered are {found}.")
        times = [each.sent_at for each in found]
        require(times == sorted(times), f"The times go back: {times}.")
        for time in times:
            apart = abs((member.now() - time).total_seconds())
            require(time.tzinfo is not None and apart < 60, f"A message was stored at {time!r}, {apart} s from now.")
        await member.answer([(posted[1].id, WORD)])
        for most, left in ((100, ["1", "é '3'"]), (1, ["1"]), (0, [])):
            keys_left = [each.message.key for each in await other.unanswered("a", most=most)]
            require(keys_left == left, f"At most {most}, unanswered must be {left}, but are {keys_left}.")
        require(len(await other.unanswered("c")) == 1, "The message of what nobody owns is not seen.")
        require(await other.unanswered("unknown") == (), "An unknown instance has messages.")


async def an_owner_hears_of_its_mail(connect: Connect) -> None:
    """Who owns an instance hears `Mail` for it, whoever owned it before."""
    async with connect() as one, connect() as other:
        heard, heard_elsewhere = Heard(), Heard()
        member, rival = await joined(one, "one", heard), await joined(other, "two", heard_elsewhere)
        await one.commit(by(member, commit("a", 0, status=Status.WAITING)))
        await other.post(message("a"))
        await heard.of(Mail("a"))
        await has_mail(member, "a", ["key"])
        await member.leave()
        await rival.claim_instance("a")
        await one.post(message("a", "key 2"))
        await heard_elsewhere.of(Mail("a"))
        await has_mail(rival, "a", ["key", "key 2"])


async def an_owner_hears_of_mail_from_before_the_end(connect: Connect) -> None:
    """A message that came before the end of its instance is told to who owned it, also when the end came at once."""
    async with connect() as one, connect() as other:
        heard = Heard()
        member = await joined(one, "member", heard)
        for number in range(5):
            name = f"{number}"
            await one.commit(by(member, commit(name, 0)))
            await other.post(message(name))
            await one.commit(by(member, commit(name, 1, status=Status.COMPLETED)))
            await heard.of(Mail(name))
            await has_mail(member, name, ["key"])


async def mail_wakes_what_nobody_owns(connect: Connect) -> None:
    """A message makes an instance that nobody owns claimable at once, whatever it waits for, and that is heard."""
    async with connect() as one, connect() as other:
        heard = Heard()
        member = await joined(one, "member", heard)
        await starts(one, due("later", LATER), due("never", None), commit("paused", 0, status=Status.PAUSED))
        for name in ("later", "never", "paused"):
            await gives(member)
            heard.notices.clear()
            await other.post(message(name))
            await heard.of(Work())
            claims = await gives(member, name)
            require(claims.claimed[0].has_mail, f"{name!r} was claimed without its message.")


async def what_is_released_with_mail_can_be_claimed_at_once(connect: Connect) -> None:
    """A message that comes while its instance is given back is not forgotten until the wake-up time."""
    async with connect() as journal:
        member, rival = await joined(journal), await joined(journal, "rival")
        for name in ("a", "b"):
            await journal.commit(by(member, commit(name, 0)))
            await journal.post(message(name))
        await member.release([Released("a", LATER), Released("b", None)])
        found = sorted(claimed.record.id for claimed in (await rival.claim(10)).claimed)
        require(found == ["a", "b"], f"Two instances with messages were released, but {found} could be claimed.")


async def an_answer_is_heard_and_found(connect: Connect) -> None:
    """Members and listeners hear `Answered`; then the answer is there, and its message is not given any more."""
    async with connect() as one, connect() as other:
        heard, heard_elsewhere, overheard = Heard(), Heard(), Heard()
        member, rival = await joined(one, "one", heard), await joined(other, "two", heard_elsewhere)
        listener = await other.listen(overheard)
        await one.commit(by(member, commit("a", 0)))
        posted = await other.post(message("a"))
        require(await other.answer_to(posted.id) is None, "There is an answer before it was given.")
        require(await other.answer_to(posted.id + 1) is None, "There is an answer to no message.")
        await member.answer([(posted.id, WORD)])
        for each in (heard, heard_elsewhere, overheard):
            await each.of(Answered(posted.id))
        require(await other.answer_to(posted.id) == WORD, "The answer is not what was given.")
        await has_mail(member, "a", [])
        require(not (await member.claim_instance("a")).has_mail, "An answered message counts as mail.")
        await member.answer([])
        await listener.close()
        await rival.leave()


async def the_first_answer_stays(connect: Connect) -> None:
    """A message has one answer; what is answered later, by whomever, changes nothing."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await one.commit(by(member, commit("a", 0)))
        first, second = await one.post(message("a", "1")), await one.post(message("a", "2"))
        await member.answer([(first.id, WORD)])
        await member.answer([(first.id, _LATE), (second.id, WORD), (second.id, _LATE)])
        await rival.answer([(first.id, _LATE), (second.id, _LATE)])
        for posted in (first, second):
            found = await other.answer_to(posted.id)
            require(found == WORD, f"The first answer was {WORD}, but {found} is there.")


async def who_has_ended_is_asked_nothing(connect: Connect) -> None:
    """`post` to an instance that has ended says so; what was asked before can still be answered, by any member."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await one.commit(by(member, commit("a", 0)))
        posted = await one.post(message("a"))
        require(not posted.is_over, "An instance that goes on is said to be over.")
        await one.commit(by(member, commit("a", 1, status=Status.COMPLETED)))
        require((await other.post(message("a", "late"))).is_over, "An instance that has ended is said to go on.")
        await has_mail(rival, "a", ["key"])
        await rival.answer([(posted.id, WORD)])
        require(await other.answer_to(posted.id) == WORD, "What was asked before the end has no answer.")
        await gives(rival, now=LATER)


async def a_message_that_cannot_be_kept_is_refused(connect: Connect) -> None:
    """A message for an unknown instance, one over the limit, and one that is no text, are errors of their own."""
    async with connect() as journal:
        member = await joined(journal)
        await refused(UnknownInstance, journal.post(message("a")), "post() to an unknown instance")
        await journal.commit(by(member, commit("a", 0)))
        over = Payload("Word", 1, "x" * (LIMIT_BYTES + 1))
        await refused(PayloadTooLarge, journal.post(message("a", payload=over)), "A message over the limit")
        await refused(InvalidCommit, journal.post(message("a", "\ud800")), "A key that is no text")
        await refused(InvalidCommit, journal.post(message("")), "A message to the empty id")
        await has_mail(member, "a", [])


async def mail_goes_out_with_its_commit(connect: Connect) -> None:
    """The mail of a commit reaches owners and what nobody owns, once; that to others harms nobody."""
    async with connect() as one, connect() as other:
        heard = Heard()
        member, rival = await joined(one), await joined(other, "rival", heard)
        await starts(other, by(rival, commit("b", 0)), commit("over", 0, status=Status.COMPLETED), due("c", None))
        mail = tuple(message(name) for name in ("b", "c", "over", "unknown"))
        sending = replace(by(member, commit("a", 0)), mail=mail)
        for _ in range(2):
            await one.commit(sending)
        await heard.of(Mail("b"))
        await has_mail(rival, "b", ["key"])
        claims = await gives(rival, "c")
        require(claims.claimed[0].has_mail, "'c' was claimed without its message.")
        await has_mail(rival, "c", ["key"])
        await one.commit(replace(by(member, commit("a", 1)), mail=(message("b", "2"), message("a"))))
        await has_mail(rival, "b", ["key", "2"])
        await has_mail(member, "a", ["key"])


async def quiet_mail_is_there_for_the_next_owner(connect: Connect) -> None:
    """A quiet message waits like any other, though nobody may be called; what is released with it can be claimed."""
    async with connect() as one, connect() as other:
        member, rival = await joined(one), await joined(other, "rival")
        await starts(one, by(member, commit("a", 0)), by(member, due("b", None)))
        quiet = attrs.evolve(message("b"), quiet=True)
        await one.commit(replace(by(member, commit("a", 1)), mail=(quiet,)))
        await has_mail(member, "b", ["key"])
        await member.release([Released("b", None)])
        claims = await gives(rival, "b")
        require(claims.claimed[0].has_mail, "'b' was claimed without its quiet message.")
        await has_mail(rival, "b", ["key"])


async def what_a_commit_has_done_is_asked_no_more(connect: Connect) -> None:
    """The messages whose keys it names are gone with it; those of others are not, nor any with a refused commit."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, by(member, commit("a", 0)), by(member, commit("b", 0)))
        for key in ("1", "2"):
            for name in ("a", "b"):
                await journal.post(message(name, key))
        late = replace(by(member, commit("a", 0, token="another")), done=("1",))
        await refused(Conflict, journal.commit(late), "A commit that is too late, and has done something")
        await has_mail(member, "a", ["1", "2"])
        for _ in range(2):
            await journal.commit(replace(by(member, commit("a", 1)), done=("1", "unknown")))
        await has_mail(member, "a", ["2"])
        await has_mail(member, "b", ["1", "2"])
        await journal.post(message("a", "1"))
        await has_mail(member, "a", ["2", "1"])


async def a_refused_commit_sends_nothing(connect: Connect) -> None:
    """The mail of a commit that is not stored is not sent."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, by(member, commit("a", 0)), by(member, commit("b", 0)))
        mail = (message("b"),)
        too_large = (message("b"), message("b", "2", Payload("Word", 1, "x" * (LIMIT_BYTES + 1))))
        refusals = (
            (NotOwner, replace(commit("a", 1), mail=mail)),
            (Conflict, replace(by(member, commit("a", 0, token="another")), mail=mail)),
            (UnknownInstance, replace(by(member, commit("unknown", 1)), mail=mail)),
            (PayloadTooLarge, replace(by(member, commit("a", 1)), mail=too_large)),
        )
        for kind, refusable in refusals:
            await refused(kind, journal.commit(refusable), f"A commit with mail that is {kind.__name__}")
        await has_mail(member, "b", [])
        await owns(journal, member, "a", "b")


async def who_comes_to_rest_is_heard_of(connect: Connect) -> None:
    """Members and listeners hear `Rested` when an instance has ended, or is paused or stuck."""
    async with connect() as one, connect() as other:
        heard, overheard = Heard(), Heard()
        member, listener = await joined(one, "member", heard), await other.listen(overheard)
        for status in sorted(RESTING, key=lambda each: each.value):
            name = f"é {status.value}"
            await one.commit(by(member, commit(name, 0)))
            await one.commit(by(member, commit(name, 1, status=status)))
            await other.commit(commit(f"of nobody {status.value}", 0, status=status))
            for each in (heard, overheard):
                await each.of(Rested(name), Rested(f"of nobody {status.value}"))
        await listener.close()


async def a_listener_tells_the_time_and_can_be_closed(connect: Connect) -> None:
    """`now` is aware and never goes back; who is closed hears nothing more, and the others do."""
    async with connect() as journal:
        closed, heard = Heard(), Heard()
        member, listener = await joined(journal), await journal.listen(heard)
        deaf = await journal.listen(closed)
        for clock in (member, listener):
            times = [clock.now() for _ in range(100)]
            require(times == sorted(times), "The time went back.")
            require(times[0].tzinfo is UTC, f"The time is not in UTC, but {times[0]!r}.")
        apart = abs((member.now() - listener.now()).total_seconds())
        require(apart < 60, f"A member and a listener are {apart} s apart.")
        await deaf.close()
        await deaf.close()
        await journal.commit(by(member, commit("a", 0, status=Status.COMPLETED)))
        await heard.of(Rested("a"))
        require(not closed.notices, f"A closed listener has heard {closed.notices}.")
        await listener.close()


async def messages_and_answers_outlast_a_restart(connect: Connect) -> None:
    """What was asked, and what was answered, is there when the journal is opened again."""
    async with connect() as journal:
        member = await joined(journal)
        await journal.commit(by(member, due("a", None, commit("a", 0, status=Status.WAITING))))
        first, second = await journal.post(message("a", "1")), await journal.post(message("a", "2"))
        await member.answer([(first.id, WORD)])
        await member.leave()
    async with connect() as journal:
        member = await joined(journal)
        claims = await gives(member, "a")
        require(claims.claimed[0].has_mail, "A message was lost over a restart.")
        (found,) = await member.messages(["a"])
        require(found == attrs.evolve(message("a", "2"), id=second.id), f"After a restart the message is {found}.")
        require(await journal.answer_to(first.id) == WORD, "An answer was lost over a restart.")
        require(await journal.post(message("a", "1")) == first, "A key was lost over a restart.")


async def a_closed_journal_lets_nobody_join(connect: Connect) -> None:
    """Before `open` and after `close`, nobody joins, listens or asks: it raises `JournalClosed`."""
    journal: Journal = connect()
    for _ in range(2):
        await refused(JournalClosed, journal.join("name", KNOWS, Heard()), "join() on a closed journal")
        await refused(JournalClosed, journal.listen(Heard()), "listen() on a closed journal")
        await refused(JournalClosed, journal.members(), "members() on a closed journal")
        await refused(JournalClosed, journal.owner("a"), "owner() on a closed journal")
        await refused(JournalClosed, journal.post(message("a")), "post() on a closed journal")
        await refused(JournalClosed, journal.answer_to(1), "answer_to() on a closed journal")
        await refused(JournalClosed, journal.unanswered("a"), "unanswered() on a closed journal")
        await journal.open()
        require(await journal.members() == (), "There are members of a journal that nobody has joined.")
        await journal.close()


LAWS = (
    a_message_is_stored_once_for_its_key,
    messages_come_in_order_and_unchanged,
    messages_are_for_the_owner,
    anybody_sees_what_is_unanswered,
    an_owner_hears_of_its_mail,
    an_owner_hears_of_mail_from_before_the_end,
    mail_wakes_what_nobody_owns,
    what_is_released_with_mail_can_be_claimed_at_once,
    an_answer_is_heard_and_found,
    the_first_answer_stays,
    who_has_ended_is_asked_nothing,
    a_message_that_cannot_be_kept_is_refused,
    mail_goes_out_with_its_commit,
    quiet_mail_is_there_for_the_next_owner,
    what_a_commit_has_done_is_asked_no_more,
    a_refused_commit_sends_nothing,
    who_comes_to_rest_is_heard_of,
    a_listener_tells_the_time_and_can_be_closed,
    messages_and_answers_outlast_a_restart,
    a_closed_journal_lets_nobody_join,
)
