"""Which faults must the laws of removing catch? Journals in memory that have one fault each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import attrs

from journals.ended import Ended
from journals.entries import Entry, InstanceRecord
from journals.errors import JournalClosed
from journals.memory import InMemoryJournal


class _ChangesWhatIsFound(InMemoryJournal):
    def changed(self, found: tuple[Ended, ...]) -> tuple[Ended, ...]:
        raise NotImplementedError

    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,
        most: int = 100,
    ) -> tuple[Ended, ...]:
        return self.changed(await super().find_ended(before, workflows=workflows, after=after, most=most))


class FindsInTheOrderOfIds(_ChangesWhatIsFound):
    def changed(self, found: tuple[Ended, ...]) -> tuple[Ended, ...]:
        return tuple(sorted(found, key=lambda each: each.record.id))


class FindsNoFirstEntry(_ChangesWhatIsFound):
    def changed(self, found: tuple[Ended, ...]) -> tuple[Ended, ...]:
        return tuple(attrs.evolve(each, first=None) for each in found)


class SaysThereIsNoNews(_ChangesWhatIsFound):
    def changed(self, found: tuple[Ended, ...]) -> tuple[Ended, ...]:
        return tuple(attrs.evolve(each, has_news=False) for each in found)


class ForgetsWhereItWas(InMemoryJournal):
    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,  # noqa: ARG002
        most: int = 100,
    ) -> tuple[Ended, ...]:
        return await super().find_ended(before, workflows=workflows, most=most)


class TakesNoWorkflowForAll(InMemoryJournal):
    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,
        most: int = 100,
    ) -> tuple[Ended, ...]:
        return await super().find_ended(before, workflows=workflows or None, after=after, most=most)


class TakesTheEndedForUnfinished(InMemoryJournal):
    async def find_unfinished(self, instance_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(each for each in instance_ids if each in self._instances)


class RemovesTheRecordOnly(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        kept = {each.id: self._instances[each.id].entries for each in records if each.id in self._instances}
        removed = await super().remove(records)
        self._left = kept
        return removed

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        if instance_id not in self._instances and instance_id in getattr(self, "_left", {}):
            return tuple(self._left[instance_id])
        return await super().read(instance_id, after=after, most=most)


class RemovesWhatGoesOn(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        goes_on = [each.id for each in records if each.id in await self.find_unfinished([each.id])]
        removed = await super().remove(records)
        for each in goes_on:
            self._remove(each)
        return (*removed, *goes_on)


class RemovesWhatHasChanged(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        return await super().remove([self._instances[each.id].record() for each in records if each.id in self._ids])


class RemovesWhatWasJustAsked(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        for each in records:
            self._messages.remove(each.id)
        return await super().remove(records)


class KeepsKeysOfTheRemoved(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        keys = {each.id: self._instances[each.id].keys for each in records if each.id in self._instances}
        removed = await super().remove(records)
        self._kept = {each: keys[each] for each in removed}
        return removed

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        kept: dict[str, dict[str, Entry]] = getattr(self, "_kept", {})
        return await super().find_key(instance_id, key) or kept.get(instance_id, {}).get(key)


class RemovesTwice(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        there = tuple(each.id for each in records if each.id in self._instances)
        await asyncio.sleep(0)
        await super().remove(records)
        return there


class RemovesBitByBit(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        for each in records:
            del self._instances[each.id].entries[20:]
            await asyncio.sleep(0)
            del self._instances[each.id].entries[10:]
            await asyncio.sleep(0)
            self._remove(each.id)
        return tuple(each.id for each in records)


class RemovesWhenClosed(InMemoryJournal):
    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        try:
            return await super().remove(records)
        except JournalClosed:
            return ()


REMOVING_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "those_that_ended_first_are_found_first": (
        FindsInTheOrderOfIds,
        FindsNoFirstEntry,
        ForgetsWhereItWas,
        TakesNoWorkflowForAll,
    ),
    "who_goes_on_is_found_among_others": (TakesTheEndedForUnfinished,),
    "what_is_removed_is_gone_whole": (RemovesTheRecordOnly,),
    "only_what_has_ended_is_removed": (RemovesWhatGoesOn, RemovesWhatHasChanged),
    "who_was_just_asked_is_not_removed": (SaysThereIsNoNews, RemovesWhatWasJustAsked),
    "a_removed_id_is_free": (KeepsKeysOfTheRemoved,),
    "each_is_removed_once": (RemovesTwice,),
    "what_is_read_while_it_is_removed_is_whole": (RemovesBitByBit,),
    "a_closed_journal_removes_nothing": (RemovesWhenClosed,),
}
"""Has, for each law of removing, journals that break it."""
