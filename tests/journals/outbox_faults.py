"""Which faults must the laws of the outbox catch? Journals in memory that have one fault each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import attrs
from msgspec.structs import replace

from journals.entries import Commit, Published
from journals.memory import InMemoryJournal
from journals.memory.members import InMemoryMember
from journals.memory.outbox import Outbox
from journals.outbox import Delivered, Deliveries, Delivery, Undelivered
from journals.sharing import Notice, ToDeliver


class _WithOutbox(InMemoryJournal):
    kind: type[Outbox] = Outbox

    def __init__(self) -> None:
        super().__init__()
        self._outbox = self.kind()


def _with(kind_of_outbox: type[Outbox], name: str) -> type[InMemoryJournal]:
    class Faulty(_WithOutbox):
        kind = kind_of_outbox

    Faulty.__name__ = name
    return Faulty


class _TurnsAround(Outbox):
    def put(self, published: Sequence[Published]) -> None:
        super().put(published[::-1])


class _DeletesTooMuch(Outbox):
    def delivered(self, epoch: int, delivered: Sequence[Delivered]) -> None:
        super().delivered(epoch, [attrs.evolve(each, through=each.through + 1) for each in delivered])


class _GivesToAll(Outbox):
    def _is_anothers(self, queue: Any, epoch: int, is_member: Callable[[int], bool]) -> bool:
        del queue, epoch, is_member
        return False


class _KeepsForTheGone(Outbox):
    def _is_anothers(self, queue: Any, epoch: int, is_member: Callable[[int], bool]) -> bool:
        del is_member
        return super()._is_anothers(queue, epoch, lambda _: True)

    def leave_to_others(self, is_member: Callable[[int], bool]) -> bool:
        return any(each.claimed is not None and not is_member(each.claimed) for each in self._queues.values())


class _GivesNothingTwice(Outbox):
    def _is_anothers(self, queue: Any, epoch: int, is_member: Callable[[int], bool]) -> bool:
        del epoch
        return queue.claimed is not None and is_member(queue.claimed)


class _LeavesWithoutAWord(Outbox):
    def leave_to_others(self, is_member: Callable[[int], bool]) -> bool:
        super().leave_to_others(is_member)
        return False


class _IsGivenBackByAnybody(Outbox):
    def delivered(self, epoch: int, delivered: Sequence[Delivered]) -> None:
        for each in delivered:
            queue = self._queues.get((each.lane, each.instance_id))
            super().delivered(epoch if queue is None or queue.claimed is None else queue.claimed, [each])


class _TakesNoBreath(Outbox):
    def delivered(self, epoch: int, delivered: Sequence[Delivered]) -> None:
        super().delivered(epoch, [attrs.evolve(each, retry_at=None) for each in delivered])


class _CountsNoFailures(Outbox):
    def _claimed(self, epoch: int, lane: str, instance_id: str) -> Delivery:
        return attrs.evolve(super()._claimed(epoch, lane, instance_id), failures=0)


class _NeverForgets(Outbox):
    def delivered(self, epoch: int, delivered: Sequence[Delivered]) -> None:
        failed = {(each.lane, each.instance_id): queue.error for each in delivered
                  if (queue := self._queues.get((each.lane, each.instance_id))) is not None}  # fmt: skip
        super().delivered(epoch, delivered)
        for key, error in failed.items():
            if key in self._queues and self._queues[key].error is None:
                self._queues[key].error = error


class _KnowsOneLane(Outbox):
    def claim(
        self,
        epoch: int,
        lanes: Collection[str],
        most: int,
        holding: Collection[str],
        now: datetime,
        is_member: Callable[[int], bool],
    ) -> Deliveries:
        return super().claim(epoch, [*lanes, "other"], most, holding, now, is_member)


class _GivesAllAtOnce(Outbox):
    def _claimed(self, epoch: int, lane: str, instance_id: str) -> Delivery:
        messages = tuple(self._queues[lane, instance_id].messages)
        return attrs.evolve(super()._claimed(epoch, lane, instance_id), messages=messages)


class _TellsEverything(Outbox):
    def all(self, most: int) -> tuple[Undelivered, ...]:
        return super().all(most + 1_000)


class PublishesFirst(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        self._outbox.put(commit.published)
        await super().commit(replace(commit, published=()))


class PublishesAgain(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, published=()))
        self._outbox.put(commit.published)


class GivesWhatIsHeld(InMemoryJournal):
    def deliveries(
        self, member: InMemoryMember, lanes: Sequence[str], most: int, holding: Sequence[str], now: datetime
    ) -> Deliveries:
        del holding
        return super().deliveries(member, lanes, most, (), now)


class GivesOneMore(InMemoryJournal):
    def deliveries(
        self, member: InMemoryMember, lanes: Sequence[str], most: int, holding: Sequence[str], now: datetime
    ) -> Deliveries:
        return super().deliveries(member, lanes, most + 1, holding, now)


class GivesToTheGone(InMemoryJournal):
    def deliveries(
        self, member: InMemoryMember, lanes: Sequence[str], most: int, holding: Sequence[str], now: datetime
    ) -> Deliveries:
        return self._outbox.claim(member.epoch, lanes, most, holding, now, self._members.has)


class SaysNothingOfMessages(InMemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        tell_all = self._members.tell_all

        def tell(notice: Notice) -> None:
            if not isinstance(notice, ToDeliver):
                tell_all(notice)

        self._members.tell_all = tell  # type: ignore[method-assign]


class ForgetsTheOutboxAtClose(InMemoryJournal):
    async def close(self) -> None:
        await super().close()
        self._outbox = Outbox()


OUTBOX_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "what_is_published_is_given_out_in_order": (
        _with(_TurnsAround, "TurnsAround"),
        _with(_DeletesTooMuch, "DeletesTooMuch"),
    ),
    "a_refused_commit_publishes_nothing": (PublishesFirst, PublishesAgain),
    "one_member_delivers_for_an_instance": (
        _with(_GivesToAll, "GivesToAll"),
        _with(_GivesNothingTwice, "GivesNothingTwice"),
        GivesWhatIsHeld,
    ),
    "members_share_what_is_to_be_delivered": (_with(_GivesToAll, "GivesToAll"), GivesOneMore),
    "who_goes_away_leaves_what_has_not_arrived": (
        _with(_KeepsForTheGone, "KeepsForTheGone"),
        _with(_LeavesWithoutAWord, "LeavesWithoutAWord"),
        _with(_IsGivenBackByAnybody, "IsGivenBackByAnybody"),
        GivesToTheGone,
    ),
    "what_has_failed_waits_for_its_time": (
        _with(_TakesNoBreath, "TakesNoBreath"),
        _with(_CountsNoFailures, "CountsNoFailures"),
        _with(_NeverForgets, "NeverForgets"),
    ),
    "lanes_are_apart": (_with(_KnowsOneLane, "KnowsOneLane"),),
    "members_hear_that_there_is_something": (SaysNothingOfMessages,),
    "many_messages_are_given_out_in_parts": (
        GivesOneMore,
        _with(_GivesAllAtOnce, "GivesAllAtOnce"),
        _with(_TellsEverything, "TellsEverything"),
    ),
    "the_outbox_outlasts_a_restart": (ForgetsTheOutboxAtClose,),
}
"""Has, for each law of the outbox, journals that break it."""
