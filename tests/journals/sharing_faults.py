"""Which faults must the laws of sharing catch? Journals in memory that have one fault each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs
from msgspec.structs import replace

from journals.entries import UNFINISHED, Commit, Message, Payload, Status
from journals.errors import Conflict, JournalError, NotOwner
from journals.memory import InMemoryJournal
from journals.memory.members import Ear, InMemoryMember
from journals.sharing import (
    LEASE,
    Answered,
    Claimed,
    Claims,
    Hear,
    Mail,
    MemberRecord,
    Notice,
    Posted,
    Released,
    Unanswered,
    Work,
)


class ClaimsTwice(InMemoryJournal):
    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        claims = super().claim(member, most, now)
        if claims.claimed:
            self._ready.append((now, claims.claimed[0].record.id))
            self._instances[claims.claimed[0].record.id].owner = None
            self._instances[claims.claimed[0].record.id].wake_up = now
        return claims


class ClaimsTooEarly(InMemoryJournal):
    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        return super().claim(member, most, now.replace(year=9000))


class ClaimsTheUnknown(InMemoryJournal):
    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        member.knows = frozenset((each.latest.workflow, each.latest.version) for each in self._instances.values())
        return super().claim(member, most, now)


class ClaimsInAnyOrder(InMemoryJournal):
    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        claims = super().claim(member, most, now)
        return attrs.evolve(claims, claimed=claims.claimed[::-1])


class ClaimsOneMore(InMemoryJournal):
    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        return super().claim(member, most + 1, now)


class ForgetsWhatIsLeft(InMemoryJournal):
    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        claims = super().claim(member, most, now)
        is_due = claims.next_due is not None and claims.next_due <= now
        return attrs.evolve(claims, next_due=None) if is_due else claims


class SaysThereIsNoMail(InMemoryJournal):
    def claim_instance(self, member: InMemoryMember, instance_id: str) -> Claimed:
        return attrs.evolve(super().claim_instance(member, instance_id), has_mail=False)


class TakesFromOthers(InMemoryJournal):
    def claim_instance(self, member: InMemoryMember, instance_id: str) -> Claimed:
        self._instance(instance_id).owner = None
        return super().claim_instance(member, instance_id)


class OwnsWhatHasEnded(InMemoryJournal):
    def claim_instance(self, member: InMemoryMember, instance_id: str) -> Claimed:
        claimed = super().claim_instance(member, instance_id)
        self._instances[instance_id].owner = member.epoch
        return claimed


class LetsAnybodyCommit(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except NotOwner:
            self._instances[commit.instance_id].append(commit)


class StoresWhatIsRefused(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except NotOwner:
            self._instances[commit.instance_id].keys.update({each.key: each for each in commit.entries if each.key})
            raise


class ForgetsWhoStarts(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(commit)
        if commit.expected == 0:
            self._instances[commit.instance_id].owner = None


class LetsStrangersStart(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.expected == 0 and not self._members.has(commit.owner):
            await super().commit(replace(commit, owner=None))
        else:
            await super().commit(commit)


class KeepsTheEnded(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(commit)
        self._instances[commit.instance_id].owner = commit.owner


class GoesOnAfterTheEnd(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except NotOwner:
            if self._instances[commit.instance_id].latest.status in UNFINISHED:
                raise


class ReleasesAtOnce(InMemoryJournal):
    def release(self, member: InMemoryMember, released: Sequence[Released]) -> None:
        now = datetime.now(UTC)
        super().release(member, [attrs.evolve(each, wake_up=now) for each in released])


class ReleasesWhatIsAnothers(InMemoryJournal):
    def release(self, member: InMemoryMember, released: Sequence[Released]) -> None:
        for each in released:
            if each.instance_id in self._instances:
                self._instances[each.instance_id].owner = member.epoch
        super().release(member, released)


class ReleasesWithoutALook(InMemoryJournal):
    def release(self, member: InMemoryMember, released: Sequence[Released]) -> None:
        super().release(member, released)
        for each in released:
            self._instances[each.instance_id].wake_up = each.wake_up


class TriesWhatIsUnknown(InMemoryJournal):
    def begin_trial(self, member: InMemoryMember, instance_ids: Sequence[str]) -> None:
        for instance_id in instance_ids:
            self._instance(instance_id)
        super().begin_trial(member, instance_ids)


class WakesNobodyAfterALeave(InMemoryJournal):
    def drop_gone(self, left: int | None = None) -> None:
        before = {name: each.wake_up for name, each in self._instances.items()}
        super().drop_gone(left)
        for name, each in self._instances.items():
            each.wake_up = before[name]


class TakesALeaveForADeath(InMemoryJournal):
    def drop_gone(self, left: int | None = None) -> None:  # noqa: ARG002
        super().drop_gone()


class WakesAllAfterALeave(InMemoryJournal):
    def drop_gone(self, left: int | None = None) -> None:
        owned = {name for name, each in self._instances.items() if each.owner is not None}
        super().drop_gone(left)
        for name in owned:
            if self._instances[name].owner is None:
                self._instances[name].wake_up = datetime.now(UTC)
                self._make_ready(name, self._instances[name])


class LetsTheGoneClaim(InMemoryJournal):
    def claim_instance(self, member: InMemoryMember, instance_id: str) -> Claimed:
        if self._members.has(member.epoch):
            return super().claim_instance(member, instance_id)
        return self._own(member, instance_id, self._instance(instance_id))


class LetsTheGoneCommit(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if self._members.has(commit.owner):
            await super().commit(commit)
        else:
            await super().commit(replace(commit, owner=None))


class AsksWhoOwnsFirst(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.owner is not None and not self._members.has(commit.owner):
            raise NotOwner(commit.instance_id, commit.expected, commit.owner)
        await super().commit(commit)


class CountsMembers(InMemoryJournal):
    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> InMemoryMember:
        self._members._next_epoch = len(self._members.records()) + 1
        return await super().join(name, knows, hear, lease=lease)


class KeepsMembersForever(InMemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self._ever: dict[int, MemberRecord] = {}

    async def members(self) -> tuple[MemberRecord, ...]:
        self._ever.update({each.epoch: each for each in await super().members()})
        return tuple(self._ever.values())


class MixesUpNames(InMemoryJournal):
    async def members(self) -> tuple[MemberRecord, ...]:
        return tuple(attrs.evolve(each, name="member") for each in await super().members())


class _Deafening(InMemoryJournal):
    """Lets nobody hear some notices."""

    silenced: type[Notice]

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> InMemoryMember:
        return await super().join(name, knows, lambda notice: self._pass(notice, hear), lease=lease)

    def _pass(self, notice: Notice, hear: Hear) -> None:
        if not isinstance(notice, self.silenced):
            hear(notice)


class SaysNothingOfWork(_Deafening):
    silenced = Work


class SaysNothingOfMail(_Deafening):
    silenced = Mail


class SaysNothingOfAnswers(_Deafening):
    silenced = Answered


class SaysNothingToListeners(InMemoryJournal):
    async def listen(self, hear: Hear) -> Ear:
        return await super().listen(lambda notice: hear(notice) if isinstance(notice, Answered) else None)


class SaysNothingOfPauses(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        heard = self._members.tell_all
        if commit.status is Status.PAUSED:
            self._members.tell_all = lambda _notice: None  # type: ignore[method-assign]
        try:
            await super().commit(commit)
        finally:
            self._members.tell_all = heard  # type: ignore[method-assign]


class StoresEveryMessage(InMemoryJournal):
    async def post(self, message: Message) -> Posted:
        return await super().post(attrs.evolve(message, key=f"{message.key} {len(self._messages._posted)}"))


class TakesKeysForUnique(InMemoryJournal):
    async def post(self, message: Message) -> Posted:
        first = next((number for (_, key), number in self._messages._ids.items() if key == message.key), None)
        return await super().post(message) if first is None else Posted(first, is_over=False)


class ForgetsAnsweredKeys(InMemoryJournal):
    def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        super().answer(answers)
        done = {number for number, _ in answers}
        self._messages._ids = {key: number for key, number in self._messages._ids.items() if number not in done}


class TurnsMessagesAround(InMemoryJournal):
    def messages(self, member: InMemoryMember, instance_ids: Sequence[str]) -> tuple[Message, ...]:
        return super().messages(member, instance_ids)[::-1]


class TakesNoPayloadForEmpty(InMemoryJournal):
    async def post(self, message: Message) -> Posted:
        return await super().post(attrs.evolve(message, payload=message.payload or Payload("", 0, "")))


class ShowsMessagesToAll(InMemoryJournal):
    def _may_read(self, member: InMemoryMember, instance_id: str) -> bool:  # noqa: ARG002
        return instance_id in self._instances


class LetsItSleepOn(InMemoryJournal):
    async def post(self, message: Message) -> Posted:
        instance = self._instance(message.instance_id)
        before = instance.wake_up
        posted = await super().post(message)
        instance.wake_up = before
        return posted


class KeepsTheLastAnswer(InMemoryJournal):
    def answer(self, answers: Sequence[tuple[int, Payload]]) -> None:
        for number, payload in answers:
            if self._messages.answer_to(number) is not None:
                self._messages._posted[number].answer = payload
        super().answer(answers)


class ShowsTheAnswered(InMemoryJournal):
    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        posted = [each for each in self._messages._posted.values() if each.message.instance_id == instance_id]
        return tuple(Unanswered(each.message, each.at) for each in posted)[:most]


class ShowsOnlyTheOwned(InMemoryJournal):
    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        found = await super().unanswered(instance_id, most=most)
        return found if found and self._instances[instance_id].owner is not None else ()


class MakesThemNew(InMemoryJournal):
    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        found = await super().unanswered(instance_id, most=most)
        return tuple(attrs.evolve(each, sent_at=datetime.max.replace(tzinfo=UTC)) for each in found)


class AnswersNothing(InMemoryJournal):
    async def answer_to(self, message_id: int) -> Payload | None:
        return await super().answer_to(message_id) or Payload("", 0, "")


class AsksTheEnded(InMemoryJournal):
    async def post(self, message: Message) -> Posted:
        return attrs.evolve(await super().post(message), is_over=False)


class ForgetsWhatTheEndedWereAsked(InMemoryJournal):
    def _may_read(self, member: InMemoryMember, instance_id: str) -> bool:
        instance = self._instances.get(instance_id)
        return instance is not None and instance.owner == member.epoch


class TakesEveryMessage(InMemoryJournal):
    async def post(self, message: Message) -> Posted:
        try:
            return await super().post(message)
        except JournalError:
            return Posted(self._put(message), is_over=False)


class SendsNoMail(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, mail=()))


class SendsNothingQuiet(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, mail=tuple(each for each in commit.mail if not each.quiet)))


class KeepsWhatIsDone(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, done=()))


class HasDoneWhatIsRefused(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        self._messages.drop(commit.instance_id, commit.done)
        await super().commit(commit)


class HasDoneWhatWasAskedOfOthers(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(commit)
        for instance_id in self._instances:
            self._messages.drop(instance_id, commit.done)


class SendsMailFirst(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        for message in commit.mail:
            self._put(message)
        await super().commit(commit)


class SendsMailOfLosers(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except Conflict:
            for message in commit.mail:
                self._put(message)
            raise


class _Reversed(Ear):
    _asked = 0

    def now(self) -> datetime:
        self._asked += 1
        return super().now() - timedelta(seconds=self._asked)


class GoesBackInTime(InMemoryJournal):
    async def listen(self, hear: Hear) -> Ear:
        return _Reversed(hear)


class _Talkative(Ear):
    async def close(self) -> None:
        return


class HearsForever(InMemoryJournal):
    async def listen(self, hear: Hear) -> Ear:
        ear = _Talkative(hear)
        self._members._listeners.append(ear)
        return ear


class ForgetsMessagesAtClose(InMemoryJournal):
    async def close(self) -> None:
        await super().close()
        self._messages = type(self._messages)()


class LetsAnybodyJoin(InMemoryJournal):
    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> InMemoryMember:
        del lease
        return self._members.add(self, name, knows, hear)


SHARING_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "what_one_has_claimed_no_other_gets": (ClaimsTwice,),
    "only_what_is_due_and_known_is_claimed": (ClaimsTooEarly, ClaimsTheUnknown),
    "those_that_wait_longest_come_first": (ClaimsInAnyOrder, ClaimsOneMore),
    "a_claim_tells_when_there_is_more": (ForgetsWhatIsLeft,),
    "what_is_claimed_comes_as_it_is_stored": (SaysThereIsNoMail,),
    "an_instance_is_claimed_by_its_id": (TakesFromOthers, OwnsWhatHasEnded),
    "only_its_owner_commits": (LetsAnybodyCommit, StoresWhatIsRefused),
    "a_start_with_an_owner_is_owned": (ForgetsWhoStarts, LetsStrangersStart),
    "who_has_ended_is_nobodys": (KeepsTheEnded, GoesOnAfterTheEnd),
    "what_is_released_can_be_claimed_at_its_time": (ReleasesAtOnce, ReleasesWhatIsAnothers),
    "who_leaves_gives_back_what_it_owned": (WakesNobodyAfterALeave, WakesAllAfterALeave),
    "who_leaves_has_not_died": (TakesALeaveForADeath,),
    "only_its_owner_tries_and_acquits": (TriesWhatIsUnknown,),
    "who_has_left_does_nothing_more": (LetsTheGoneClaim, LetsTheGoneCommit),
    "a_repeated_commit_is_done_after_a_takeover": (AsksWhoOwnsFirst,),
    "no_number_is_given_to_two_members": (CountsMembers,),
    "members_are_known_until_they_leave": (KeepsMembersForever, MixesUpNames),
    "work_is_heard_of": (SaysNothingOfWork,),
    "a_message_is_stored_once_for_its_key": (StoresEveryMessage, TakesKeysForUnique, ForgetsAnsweredKeys),
    "messages_come_in_order_and_unchanged": (TurnsMessagesAround, TakesNoPayloadForEmpty),
    "messages_are_for_the_owner": (ShowsMessagesToAll,),
    "anybody_sees_what_is_unanswered": (ShowsTheAnswered, ShowsOnlyTheOwned, MakesThemNew),
    "an_owner_hears_of_its_mail": (SaysNothingOfMail,),
    "an_owner_hears_of_mail_from_before_the_end": (SaysNothingOfMail, ForgetsWhatTheEndedWereAsked),
    "mail_wakes_what_nobody_owns": (LetsItSleepOn, SaysNothingOfWork),
    "what_is_released_with_mail_can_be_claimed_at_once": (ReleasesWithoutALook,),
    "an_answer_is_heard_and_found": (SaysNothingOfAnswers, AnswersNothing),
    "the_first_answer_stays": (KeepsTheLastAnswer,),
    "who_has_ended_is_asked_nothing": (AsksTheEnded, ForgetsWhatTheEndedWereAsked),
    "a_message_that_cannot_be_kept_is_refused": (TakesEveryMessage,),
    "mail_goes_out_with_its_commit": (SendsNoMail,),
    "quiet_mail_is_there_for_the_next_owner": (SendsNothingQuiet, ReleasesWithoutALook),
    "what_a_commit_has_done_is_asked_no_more": (
        KeepsWhatIsDone,
        HasDoneWhatIsRefused,
        HasDoneWhatWasAskedOfOthers,
    ),
    "a_refused_commit_sends_nothing": (SendsMailFirst, SendsMailOfLosers),
    "who_comes_to_rest_is_heard_of": (SaysNothingToListeners, SaysNothingOfPauses),
    "a_listener_tells_the_time_and_can_be_closed": (GoesBackInTime, HearsForever),
    "messages_and_answers_outlast_a_restart": (ForgetsMessagesAtClose,),
    "a_closed_journal_lets_nobody_join": (LetsAnybodyJoin,),
}
"""Has, for each law of sharing, journals that break it."""
