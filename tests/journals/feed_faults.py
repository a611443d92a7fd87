"""Which faults must the laws of the feed catch? Journals in memory that have one fault each."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from journals.changes import Change
from journals.entries import InstanceRecord, Status
from journals.memory import InMemoryJournal
from journals.memory.feed import Feed
from journals.sharing import Changed, Notice


def _with(kind_of_feed: type[Feed], name: str) -> type[InMemoryJournal]:
    class Faulty(InMemoryJournal):
        def __init__(self) -> None:
            super().__init__()
            self._feed = kind_of_feed()

    Faulty.__name__ = name
    return Faulty


class _TellsEverySteps(Feed):
    def note(self, before: Status | None, record: InstanceRecord) -> bool:
        self._add("", before, record)
        return True


class _ForgetsWhatWasBefore(Feed):
    def note(self, before: Status | None, record: InstanceRecord) -> bool:
        return super().note(None if before is not Status.RUNNING else before, record)


class _TellsNothingOfStarts(Feed):
    def note(self, before: Status | None, record: InstanceRecord) -> bool:
        return before is not None and super().note(before, record)


class _IsAlwaysOn(Feed):
    @property
    def is_followed(self) -> bool:
        return True


class _SaysNothingToTheNew(Feed):
    def subscribe(self, name: str, follower: str, records: Iterable[InstanceRecord]) -> int:
        del records
        return super().subscribe(name, follower, ())


class _SaysItAgain(Feed):
    def subscribe(self, name: str, follower: str, records: Iterable[InstanceRecord]) -> int:
        found = self._subscribers.get(name)
        standing = list(records)
        at = super().subscribe(name, follower, standing)
        if found is not None:
            for record in standing:
                self._add(name, None, record)
        return at


class _SaysItToAll(Feed):
    def subscribe(self, name: str, follower: str, records: Iterable[InstanceRecord]) -> int:
        at = super().subscribe(name, follower, records)
        self._changes = [("", change) for _, change in self._changes]
        return at


class _GoesBack(Feed):
    def passed(self, name: str, follower: str, cursor: int, journal: str) -> None:
        if name in self._subscribers:
            self._subscribers[name] = min(cursor, self._last_cursor)
        super().passed(name, follower, 0, journal)


class _PassesTheFuture(Feed):
    def passed(self, name: str, follower: str, cursor: int, journal: str) -> None:
        last, self._last_cursor = self._last_cursor, 10**15
        try:
            super().passed(name, follower, cursor, journal)
        finally:
            self._last_cursor = last


class _DeletesWhatOnePassed(Feed):
    def passed(self, name: str, follower: str, cursor: int, journal: str) -> None:
        super().passed(name, follower, cursor, journal)
        self._changes = [each for each in self._changes if each[1].cursor > cursor]


class _DeletesNothing(Feed):
    def passed(self, name: str, follower: str, cursor: int, journal: str) -> None:
        kept = list(self._changes)
        super().passed(name, follower, cursor, journal)
        self._changes = kept


class _LetsAnybodyPass(Feed):
    def passed(self, name: str, follower: str, cursor: int, journal: str) -> None:
        super().passed(name, self._followers.get(name, follower), cursor, journal)


class _LetsTheFirstFollow(Feed):
    def subscribe(self, name: str, follower: str, records: Iterable[InstanceRecord]) -> int:
        return super().subscribe(name, self._followers.get(name, follower), records)


class _RefusesTooLate(Feed):
    def passed(self, name: str, follower: str, cursor: int, journal: str) -> None:
        if name in self._followers:
            super().passed(name, self._followers[name], cursor, journal)
        super().passed(name, follower, cursor, journal)


class _HasOneFollower(Feed):
    def subscribe(self, name: str, follower: str, records: Iterable[InstanceRecord]) -> int:
        at = super().subscribe(name, follower, records)
        self._followers = dict.fromkeys(self._subscribers, follower)
        return at


class _NeverEnds(Feed):
    def unsubscribe(self, name: str) -> bool:
        kept = list(self._changes)
        ended = super().unsubscribe(name)
        self._changes = kept
        return ended


class _CountsAnew(Feed):
    def unsubscribe(self, name: str) -> bool:
        ended = super().unsubscribe(name)
        if not self._subscribers:
            self._last_cursor = 0
        return ended


class _TurnsThingsAround(Feed):
    def after(self, cursor: int, most: int, subscriber: str) -> tuple[Change, ...]:
        return super().after(cursor, most, subscriber)[::-1]


class _TellsTooMuch(Feed):
    def after(self, cursor: int, most: int, subscriber: str) -> tuple[Change, ...]:
        return super().after(cursor, most + 1, subscriber)


class _TellsNothingOfRemovals(Feed):
    def note_removed(self, record: InstanceRecord) -> None:
        del record


class _LosesSome(Feed):
    def note(self, before: Status | None, record: InstanceRecord) -> bool:
        return record.id != "42" and super().note(before, record)


class _MixesUpVersions(Feed):
    def _add(self, subscriber: str, before: Status | None, record: InstanceRecord) -> None:
        super()._add(subscriber, before, attrs.evolve(record, version=record.version + 1))


class TellsWhatIsRefused(InMemoryJournal):
    async def commit(self, commit: object) -> None:
        for record in [instance.record() for instance in self._instances.values()]:
            self._feed.note(None, record)
        await super().commit(commit)  # type: ignore[arg-type]


class SaysNothingOfChanges(InMemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        tell_all = self._members.tell_all

        def tell(notice: Notice) -> None:
            if not isinstance(notice, Changed):
                tell_all(notice)

        self._members.tell_all = tell  # type: ignore[method-assign]


class ForgetsTheFeedAtClose(InMemoryJournal):
    async def close(self) -> None:
        await super().close()
        self._feed = Feed()


class TakesEveryName(InMemoryJournal):
    async def subscribe(self, name: str, *, follower: str = "") -> int:
        return self._feed.subscribe(name, follower, (self._instances[each].record() for each in self._ids))


FEED_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "each_change_of_run_state_is_told_in_order": (
        _with(_TellsEverySteps, "TellsEverySteps"),
        _with(_ForgetsWhatWasBefore, "ForgetsWhatWasBefore"),
        _with(_TellsNothingOfStarts, "TellsNothingOfStarts"),
        _with(_TurnsThingsAround, "TurnsThingsAround"),
        _with(_TellsTooMuch, "TellsTooMuch"),
        _with(_MixesUpVersions, "MixesUpVersions"),
    ),
    "nothing_is_told_where_nobody_follows": (
        _with(_IsAlwaysOn, "IsAlwaysOn"),
        _with(_SaysNothingToTheNew, "SaysNothingToTheNew"),
    ),
    "a_new_subscriber_is_told_how_things_stand": (
        _with(_SaysNothingToTheNew, "SaysNothingToTheNew"),
        _with(_SaysItAgain, "SaysItAgain"),
        _with(_SaysItToAll, "SaysItToAll"),
    ),
    "a_refused_commit_changes_nothing_in_the_feed": (TellsWhatIsRefused,),
    "a_subscriber_goes_on_where_it_was": (
        _with(_GoesBack, "GoesBack"),
        _with(_PassesTheFuture, "PassesTheFuture"),
        ForgetsTheFeedAtClose,
        TakesEveryName,
    ),
    "what_all_have_passed_is_deleted": (
        _with(_DeletesWhatOnePassed, "DeletesWhatOnePassed"),
        _with(_DeletesNothing, "DeletesNothing"),
    ),
    "who_subscribes_last_follows": (
        _with(_LetsAnybodyPass, "LetsAnybodyPass"),
        _with(_LetsTheFirstFollow, "LetsTheFirstFollow"),
        _with(_RefusesTooLate, "RefusesTooLate"),
        _with(_HasOneFollower, "HasOneFollower"),
    ),
    "the_feed_ends_with_its_last_subscriber": (
        _with(_NeverEnds, "NeverEnds"),
        _with(_CountsAnew, "CountsAnew"),
    ),
    "who_is_removed_is_told": (_with(_TellsNothingOfRemovals, "TellsNothingOfRemovals"),),
    "members_and_listeners_hear_of_changes": (SaysNothingOfChanges,),
    "the_state_can_be_rebuilt_from_the_feed_alone": (
        _with(_LosesSome, "LosesSome"),
        _with(_MixesUpVersions, "MixesUpVersions"),
    ),
}
"""Has, for each law of the feed, journals that break it."""
