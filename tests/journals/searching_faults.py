"""Which faults must the laws of searching catch? Journals in memory that have one fault each."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from msgspec.structs import replace

from journals.entries import Commit, InstanceRecord
from journals.labels import Labels, label_rows
from journals.memory import InMemoryJournal
from journals.search import EVERY, Count, Cursor, Order, Search


class TakesTrueForOne(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        numbers = {name: int(value) if value is True else value for name, value in search.attributes.items()}
        return await super().find_all(attrs.evolve(search, attributes=numbers), order=order, after=after, most=most)


class LetsAnyTagDo(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        search = attrs.evolve(search, tags=search.tags[:1])
        return await super().find_all(search, order=order, after=after, most=most)


class IncludesTheEnd(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        until = search.started_until
        later = None if until is None else until.replace(microsecond=until.microsecond + 1)
        search = attrs.evolve(search, started_until=later)
        return await super().find_all(search, order=order, after=after, most=most)


class CountsOnePage(InMemoryJournal):
    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        return tuple(attrs.evolve(each, instances=min(each.instances, 2)) for each in await super().count(search))


class PagesByPosition(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        if after is None:
            self.position = 0
        records = await super().find_all(search, order=order)
        self.position += most
        return records[self.position - most : self.position]


class PagesByTimeAlone(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        if order is Order.NEWEST and after is not None:
            after = attrs.evolve(after, id="")
        return await super().find_all(search, order=order, after=after, most=most)


class TakesAttributesForTags(InMemoryJournal):
    async def labels(self, instance_ids: Sequence[str]) -> tuple[Labels, ...]:
        found = await super().labels(instance_ids)
        return tuple(
            Labels(each.tags, {name: value for name, value in each.attributes.items() if name not in each.tags})
            for each in found
        )


class KeepsWhatIsRemoved(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        left = tuple((name, value) for name, value in commit.attributes if value is not None)
        await super().commit(replace(commit, attributes=left))


class LabelsFirst(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.instance_id in self._instances:
            self._instances[commit.instance_id].label_rows.update({row[0]: row for row in label_rows(commit)})
        await super().commit(commit)


class TakesEveryLabel(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, tags=(), attributes=()))


class TakesEveryPage(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        return await super().find_all(search, order=order, after=after, most=1) if most > 0 else ()


SEARCHING_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "a_search_finds_exactly_what_fits": (
        TakesTrueForOne,
        LetsAnyTagDo,
        IncludesTheEnd,
        CountsOnePage,
        PagesByTimeAlone,
    ),
    "pages_hold_still_while_instances_come_and_go_on": (PagesByPosition, PagesByTimeAlone),
    "labels_come_back_as_they_were_set": (TakesAttributesForTags, KeepsWhatIsRemoved),
    "labels_are_stored_with_their_commit_or_not_at_all": (LabelsFirst,),
    "an_impossible_label_is_refused": (TakesEveryLabel,),
    "an_impossible_page_is_refused": (TakesEveryPage,),
}
"""Has, for each law of searching, journals that break it."""
