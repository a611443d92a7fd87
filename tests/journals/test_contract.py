"""Do the journals of this library keep the contract, and does the contract suite catch a journal that does not?"""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import attrs
import pytest
from msgspec.structs import replace

from journals.contract import LAWS, Law, breaches
from journals.entries import Commit, Entry, InstanceRecord, Payload
from journals.errors import Conflict, JournalError, JournalUnavailable, UnknownInstance
from journals.grouping import GroupCommit, in_task
from journals.memory import InMemoryJournal
from journals.ports import LIMIT_BYTES
from journals.search import EVERY, Cursor, Order, Search
from journals.sqlite import Durability, SqliteJournal
from tests.journals.feed_faults import FEED_FAULTS
from tests.journals.outbox_faults import OUTBOX_FAULTS
from tests.journals.removing_faults import REMOVING_FAULTS
from tests.journals.scrubbing_faults import SCRUBBING_FAULTS
from tests.journals.searching_faults import SEARCHING_FAULTS
from tests.journals.sharing_faults import SHARING_FAULTS
from tests.journals.wider import widen_sqlite
from tests.journals.workflow_faults import WORKFLOW_FAULTS


@pytest.mark.parametrize("law", LAWS)
def test_the_journal_in_memory_keeps_the_law(law: Law) -> None:
    """Every law holds; one is that a payload above the limit is refused, with its place, and leaves nothing behind."""
    journal = InMemoryJournal()
    asyncio.run(_run(law, lambda: journal))


@pytest.mark.parametrize("durability", Durability)
@pytest.mark.parametrize("law", LAWS)
def test_the_journal_in_sqlite_keeps_the_law(law: Law, durability: Durability, tmp_path: Path) -> None:
    """Every law holds; one is that a payload above the limit is refused, with its place, and leaves nothing behind."""
    asyncio.run(_run(law, lambda: SqliteJournal(tmp_path / "journal.db", durability=durability)))


@pytest.mark.parametrize("law", LAWS)
def test_the_journal_in_sqlite_keeps_the_law_where_a_newer_release_has_added_columns(law: Law, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def main() -> None:
        async with SqliteJournal(path):
            pass
        widen_sqlite(path)
        await law(lambda: SqliteJournal(path))

    asyncio.run(main())


async def _run(law: Law, connect: Callable[[], Any]) -> None:
    await law(connect)


class HurriedLoop(asyncio.SelectorEventLoop):
    """Is an event loop in which nobody waits for the time: where nothing is ready, it is moved on."""

    def __init__(self) -> None:
        super().__init__(_Hurry(self))
        self.skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


class _Hurry(selectors.DefaultSelector):  # type: ignore[valid-type,misc]
    def __init__(self, loop: HurriedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0 if timeout else timeout)
        if not ready and timeout:
            self._loop.skipped += timeout
        return ready


# Journals with one fault each


class ReportsLosersAsStored(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except Conflict:
            return


class StoresLosers(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except Conflict:
            self._instances[commit.instance_id].append(commit)
            raise


class IgnoresExpected(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.instance_id in self._instances:
            self._instances[commit.instance_id].append(commit)
        else:
            await super().commit(commit)


class LetsLosersChangeTheRecord(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.instance_id in self._instances:
            self._instances[commit.instance_id].latest = commit
        await super().commit(commit)


class StartsOver(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.expected == 0:
            self._instances.pop(commit.instance_id, None)
        await super().commit(commit)


class TakesUnknownForConflict(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except UnknownInstance as error:
            raise Conflict(commit.instance_id, commit.expected) from error


class ForgetsTokens(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(commit)
        self._instances[commit.instance_id].tokens.clear()


class RemembersTheLastTokenOnly(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(commit)
        if len(self._instances[commit.instance_id].entries) == commit.expected + len(commit.entries):
            self._instances[commit.instance_id].tokens = {commit.expected: commit.token}


class BringsBackTheRecord(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(commit)
        self._instances[commit.instance_id].latest = commit


class RecognisesCommitsByTheirEntries(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, token=repr(commit.entries)))


class DropsCommitsWithoutEntries(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.entries:
            await super().commit(commit)


class KeepsAHundredEntries(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, entries=commit.entries[:100]))


class LetsCommitsOvertake(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        if commit.expected % 2:
            await asyncio.sleep(0)
        await super().commit(commit)


class SpoilsTheBatch(InMemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self._group = GroupCommit(in_task(self._store))

    async def commit(self, commit: Commit) -> None:
        await self._group.commit(commit)

    async def _store(self, commits: Sequence[Commit]) -> Sequence[JournalError | None]:
        for commit in commits:
            await super().commit(commit)
        return [None] * len(commits)


class SharesOneWait(InMemoryJournal):
    _turn: asyncio.Future[None] | None = None

    async def commit(self, commit: Commit) -> None:
        if self._turn is None or self._turn.done():
            self._turn = asyncio.ensure_future(asyncio.sleep(0))
        await self._turn
        await super().commit(commit)


class MovesTheStart(InMemoryJournal):
    async def find(self, instance_id: str) -> InstanceRecord:
        record = await super().find(instance_id)
        return attrs.evolve(record, started_at=record.updated_at)


class HasNoLimit(InMemoryJournal):
    def __init__(self) -> None:
        super().__init__(limit_bytes=LIMIT_BYTES * 2)


class HasALowerLimit(InMemoryJournal):
    def __init__(self) -> None:
        super().__init__(limit_bytes=LIMIT_BYTES - 1)


class ChecksNothing(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        instance = self._instances.get(commit.instance_id)
        if instance is None:
            self._start(commit)
        elif len(instance.entries) == commit.expected:
            instance.append(commit)


class CutsIds(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, instance_id=commit.instance_id[:100]))


class FoldsIds(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, instance_id=commit.instance_id.lower()))


class LetsTheDriversErrorThrough(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        for entry in commit.entries:
            if entry.payload is not None:
                entry.payload.text.encode()
        await super().commit(commit)


class DropsTheZone(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        entries = tuple(replace(each, recorded_at=each.recorded_at.replace(tzinfo=UTC)) for each in commit.entries)
        await super().commit(replace(commit, entries=entries))


class NeverCloses(InMemoryJournal):
    async def close(self) -> None:
        return


class _ChangesEntries(InMemoryJournal):
    def changed(self, entry: Entry) -> Entry:
        raise NotImplementedError

    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, entries=tuple(self.changed(entry) for entry in commit.entries)))


class DropsMicroseconds(_ChangesEntries):
    def changed(self, entry: Entry) -> Entry:
        return replace(entry, recorded_at=entry.recorded_at.replace(microsecond=0))


class DropsResponses(_ChangesEntries):
    def changed(self, entry: Entry) -> Entry:
        return replace(entry, response=None)


class TidiesJson(_ChangesEntries):
    def changed(self, entry: Entry) -> Entry:
        if entry.payload is None or not entry.payload.text.startswith("{"):
            return entry
        text = json.dumps(json.loads(entry.payload.text))
        return replace(entry, payload=replace(entry.payload, text=text))


class TakesNoneForEmpty(_ChangesEntries):
    def changed(self, entry: Entry) -> Entry:
        return replace(entry, payload=entry.payload or Payload("", 0, ""))


class ReadsOneTooEarly(InMemoryJournal):
    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        return await super().read(instance_id, after=max(after - 1, 0), most=most)


class ReadsOneTooMany(InMemoryJournal):
    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        return await super().read(instance_id, after=after, most=most + 1)


class ReadsNothingOfNothing(InMemoryJournal):
    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        return await super().read(instance_id, after=after, most=most) if instance_id in self._instances else ()


class FindsTheFirstKey(InMemoryJournal):
    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        return next((entry for entry in await super().read(instance_id) if entry.key == key), None)


class FindsKeysOfOthers(InMemoryJournal):
    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        await super().find(instance_id)
        return next((each.keys[key] for each in self._instances.values() if key in each.keys), None)


class SortsLikeUtf16(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        found = await super().find_all(search, order=order, after=after, most=most)
        return tuple(sorted(found, key=lambda record: record.id.encode("utf-16-be")))


class TakesNoStatusForAll(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        search = attrs.evolve(search, statuses=search.statuses or None)
        return await super().find_all(search, order=order, after=after, most=most)


class FiltersAfterPaging(InMemoryJournal):
    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        page = await super().find_all(order=order, after=after, most=most)
        return tuple(record for record in page if search.fits(record, ()))


class ReadsFromACache(InMemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self._cache: dict[str, InstanceRecord] = {}

    async def find(self, instance_id: str) -> InstanceRecord:
        return self._cache.setdefault(instance_id, await super().find(instance_id))


class ForgetsAtClose(InMemoryJournal):
    async def close(self) -> None:
        await super().close()
        self._instances.clear()
        self._ids.clear()


class ForgetsTokensAtClose(InMemoryJournal):
    async def close(self) -> None:
        await super().close()
        for instance in self._instances.values():
            instance.tokens.clear()


class OpensOnce(InMemoryJournal):
    async def open(self) -> None:
        if self._is_open:
            raise JournalUnavailable("It is open already.")
        await super().open()


class DropsCommitsAtClose(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        await asyncio.sleep(0)
        await super().commit(commit)


FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "one_of_two_concurrent_commits_is_stored": (ReportsLosersAsStored, StoresLosers, LetsLosersChangeTheRecord),
    "one_of_many_concurrent_starts_is_stored": (StartsOver, StoresLosers),
    "a_commit_after_another_entry_is_refused": (IgnoresExpected, LetsLosersChangeTheRecord),
    "an_instance_goes_on_only_after_it_was_started": (TakesUnknownForConflict,),
    "a_repeated_commit_is_stored_once": (ForgetsTokens, RemembersTheLastTokenOnly, IgnoresExpected),
    "a_commit_repeated_at_once_is_stored_once": (ForgetsTokens, IgnoresExpected),
    "a_repeated_commit_does_not_bring_back_its_record": (BringsBackTheRecord,),
    "equal_entries_under_another_token_are_a_conflict": (RecognisesCommitsByTheirEntries,),
    "a_commit_without_entries_changes_only_the_record": (DropsCommitsWithoutEntries,),
    "a_commit_of_many_entries_is_whole": (KeepsAHundredEntries,),
    "commits_of_one_instance_are_stored_in_the_order_of_their_calls": (LetsCommitsOvertake,),
    "losers_do_not_harm_winners": (SpoilsTheBatch,),
    "a_cancelled_wait_harms_nobody": (SharesOneWait,),
    "the_record_is_what_the_last_commit_says": (MovesTheStart,),
    "an_oversize_payload_is_refused": (HasNoLimit,),
    "a_payload_of_exactly_the_limit_is_stored": (HasALowerLimit,),
    "a_gap_in_the_numbers_is_refused": (ChecksNothing,),
    "a_time_without_a_zone_is_refused": (ChecksNothing,),
    "an_impossible_id_is_refused": (ChecksNothing,),
    "the_longest_and_oddest_ids_are_stored": (CutsIds, FoldsIds),
    "a_refused_commit_does_not_harm_others": (SpoilsTheBatch,),
    "a_text_that_is_no_text_harms_nobody": (LetsTheDriversErrorThrough,),
    "a_time_of_another_zone_is_the_same_instant": (DropsTheZone,),
    "a_closed_journal_refuses_everything": (NeverCloses,),
    "entries_come_back_unchanged": (DropsMicroseconds, DropsResponses, TidiesJson, TakesNoneForEmpty),
    "entries_are_read_from_any_position": (ReadsOneTooEarly, ReadsOneTooMany),
    "an_unknown_instance_is_an_error": (ReadsNothingOfNothing,),
    "an_entry_is_found_by_its_key": (FindsTheFirstKey, FindsKeysOfOthers),
    "records_are_listed_in_the_order_of_their_ids": (SortsLikeUtf16,),
    "records_are_listed_by_status": (TakesNoStatusForAll, FiltersAfterPaging),
    "a_finished_commit_is_seen_at_once": (ReadsFromACache,),
    "everything_is_there_after_a_restart": (ForgetsAtClose, ForgetsTokensAtClose),
    "opening_and_closing_twice_does_nothing": (OpensOnce,),
    "closing_finishes_the_commits_under_way": (DropsCommitsAtClose,),
    **SCRUBBING_FAULTS,
    **SEARCHING_FAULTS,
    **SHARING_FAULTS,
    **WORKFLOW_FAULTS,
    **OUTBOX_FAULTS,
    **FEED_FAULTS,
    **REMOVING_FAULTS,
}
"""Has, for each law, journals that break it."""

BY_NAME = {getattr(law, "__name__", ""): law for law in LAWS}


@pytest.mark.parametrize(("law", "faulty"), [(law, faulty) for law in FAULTS for faulty in FAULTS[law]])
def test_the_law_catches_the_fault(law: str, faulty: Callable[[], InMemoryJournal]) -> None:
    journal = faulty()
    with asyncio.Runner(loop_factory=HurriedLoop) as runner, pytest.raises((AssertionError, JournalError)):
        runner.run(_run(BY_NAME[law], lambda: journal))


def test_every_law_is_seen_to_catch_a_fault() -> None:
    assert set(FAULTS) == set(BY_NAME)


def test_every_law_says_what_it_demands() -> None:
    assert [law for law in LAWS if not law.__doc__] == []


def test_breaches_names_the_laws_that_do_not_hold() -> None:
    def empty_store() -> Callable[[], InMemoryJournal]:
        journal = HasALowerLimit()
        return lambda: journal

    found = {breach.law: breach.reason for breach in asyncio.run(breaches(empty_store))}
    assert set(found) == {"an_oversize_payload_is_refused", "a_payload_of_exactly_the_limit_is_stored"}
    assert "1,999,999" in found["a_payload_of_exactly_the_limit_is_stored"]
