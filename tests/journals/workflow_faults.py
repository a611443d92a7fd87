"""Which faults must the laws of workflows catch? Journals in memory that have one fault each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import attrs

from journals.entries import UNFINISHED, Commit, InstanceRecord, Status
from journals.errors import Conflict, WorkflowDisabled
from journals.memory import InMemoryJournal
from journals.search import Cursor, Search
from journals.workflows import Disabled, Hooked, Unfinished, hook_rows


class DisablesNothing(InMemoryJournal):
    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        del workflow, version, by, reason


class ForgetsWhoHasDisabled(InMemoryJournal):
    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        del by
        await super().disable(workflow, version, by="", reason=reason)


class TakesDisabledForConflict(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except WorkflowDisabled as error:
            raise Conflict(commit.instance_id, commit.expected) from error


class StoresWhatIsDisabled(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        try:
            await super().commit(commit)
        except WorkflowDisabled:
            disabled, self._disabled = self._disabled, {}
            await super().commit(commit)
            self._disabled = disabled
            raise


class DisablesAllVersions(InMemoryJournal):
    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        await super().disable(workflow, None if version == 2 else version, by=by, reason=reason)


class ComparesBeginnings(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        for each in self._disabled.values():
            if commit.workflow.startswith(each.workflow) and commit.version == each.version:
                raise WorkflowDisabled(commit.instance_id, each)
        await super().commit(commit)


class StopsWhatHasBegun(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        for each in self._disabled.values():
            if commit.workflow == each.workflow and commit.expected:
                raise WorkflowDisabled(commit.instance_id, each)
        await super().commit(commit)


class AsksWhatIsDisabledFirst(InMemoryJournal):
    async def commit(self, commit: Commit) -> None:
        for each in self._disabled.values():
            if commit.workflow == each.workflow and not commit.expected:
                raise WorkflowDisabled(commit.instance_id, each)
        await super().commit(commit)


class EnablesOneVersionForAll(InMemoryJournal):
    async def enable(self, workflow: str, version: int | None = None) -> bool:
        del version
        return await super().enable(workflow)


class EnablesNothing(InMemoryJournal):
    async def enable(self, workflow: str, version: int | None = None) -> bool:
        del workflow, version
        return True


class EnablesOnlyThatRule(InMemoryJournal):
    async def enable(self, workflow: str, version: int | None = None) -> bool:
        return self._disabled.pop((workflow, version), None) is not None


class KeepsTheFirstWord(InMemoryJournal):
    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        if (workflow, version) not in self._disabled:
            await super().disable(workflow, version, by=by, reason=reason)


class TellsInOrderOfComing(InMemoryJournal):
    async def disabled(self) -> tuple[Disabled, ...]:
        await super().disabled()
        return tuple(self._disabled.values())


class ForgetsWhatIsDisabled(InMemoryJournal):
    async def close(self) -> None:
        await super().close()
        self._disabled.clear()


class TellsLocalTimes(InMemoryJournal):
    async def disabled(self) -> tuple[Disabled, ...]:
        zone = timezone(timedelta(hours=2))
        return tuple(attrs.evolve(each, at=each.at.astimezone(zone)) for each in await super().disabled())


class DisablesAnything(InMemoryJournal):
    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        self._check_open()
        self._disabled[workflow, version] = Disabled(workflow, version, by, reason, datetime.now(UTC))


class NotesOnlyOnce(InMemoryJournal):
    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        await super().note_hooks([each for each in hooks if each.workflow not in self._hooks])


class AddsHooks(InMemoryJournal):
    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        before = {each.workflow: each.changes for each in await self.hooked()}
        nothing = frozenset[Status]()
        await super().note_hooks(
            [Hooked(each.workflow, each.changes | before.get(each.workflow, nothing)) for each in hooks]
        )


class ForgetsHooksOfOthers(InMemoryJournal):
    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        self._hooks.clear()
        await super().note_hooks(hooks)


class ForgetsHooksAtClose(InMemoryJournal):
    async def close(self) -> None:
        await super().close()
        self._hooks.clear()


class TellsHooksInOrderOfComing(InMemoryJournal):
    async def hooked(self) -> tuple[Hooked, ...]:
        found = {each.workflow: each for each in await super().hooked()}
        return tuple(found[name] for name in self._hooks if name in found)


class TellsHooksThatAreNone(InMemoryJournal):
    async def hooked(self) -> tuple[Hooked, ...]:
        found = {each.workflow: each for each in await super().hooked()}
        return tuple(found.get(name, Hooked(name, frozenset())) for name in sorted(self._hooks))


class NotesWhatItCan(InMemoryJournal):
    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        for each in hooks:
            await super().note_hooks([each])


class NotesAnything(InMemoryJournal):
    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        self._hooks.update(hook_rows(hooks))


class CountsTheFinished(InMemoryJournal):
    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        over = {each.id: each for each in await self.find_all(Search(statuses=frozenset(Status) - UNFINISHED))}
        found = {(each.workflow, each.version): each.count for each in await super().unfinished(most=most)}
        for each in over.values():
            found[each.workflow, each.version] = found.get((each.workflow, each.version), 0) + 1
        return tuple(Unfinished(*key, count) for key, count in sorted(found.items()))


class CountsWithoutEnd(InMemoryJournal):
    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        del most
        return await super().unfinished()


class CountsOnlyWhatIsReady(InMemoryJournal):
    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        ready = {(each.latest.workflow, each.latest.version) for each in self._instances.values() if each.wake_up}
        return tuple(each for each in await super().unfinished(most=most) if (each.workflow, each.version) in ready)


class SortsVersionsAsTexts(InMemoryJournal):
    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        found = await super().unfinished(most=most)
        return tuple(sorted(found, key=lambda each: (each.workflow, str(each.version))))


class StrandsTheFinished(InMemoryJournal):
    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        lost = {(each.workflow, each.version) for each in await super().stranded()}
        found = await self.find_all(after=Cursor(after))
        return tuple(each for each in found if (each.workflow, each.version) in lost)[:most]


class StrandsWhatNobodyOwns(InMemoryJournal):
    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        found = await self.find_all(Search(statuses=UNFINISHED), after=Cursor(after))
        return tuple([each for each in found if await self.owner(each.id) is None][:most])


class StrandsOtherVersionsToo(InMemoryJournal):
    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        known = {workflow for member in self._members.records() for workflow, _ in member.knows}
        found = await super().stranded(after=after, most=most)
        return tuple(each for each in found if each.workflow not in known)


class StrandsOnlyWhatIsReady(InMemoryJournal):
    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        found = await super().stranded(after=after)
        return tuple(each for each in found if each.wake_up is not None)[:most]


class StrandsByWorkflow(InMemoryJournal):
    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        found = await super().stranded(after=after, most=most)
        return tuple(sorted(found, key=lambda each: (each.workflow, each.id)))


class FiltersPagesOfTheStranded(InMemoryJournal):
    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        page = await super().stranded(most=most)
        return tuple(each for each in page if each.id > after)


class TellsWhileClosed(InMemoryJournal):
    def _check_open(self) -> None:
        return


WORKFLOW_FAULTS: dict[str, tuple[type[InMemoryJournal], ...]] = {
    "a_disabled_workflow_does_not_start": (
        DisablesNothing,
        ForgetsWhoHasDisabled,
        TakesDisabledForConflict,
        StoresWhatIsDisabled,
    ),
    "one_version_is_disabled_alone": (DisablesAllVersions, ComparesBeginnings, DisablesNothing),
    "what_has_begun_goes_on": (StopsWhatHasBegun, AsksWhatIsDisabledFirst),
    "what_is_enabled_starts_again": (EnablesOneVersionForAll, EnablesNothing, EnablesOnlyThatRule),
    "it_is_told_what_is_disabled": (KeepsTheFirstWord, TellsInOrderOfComing, ForgetsWhatIsDisabled, TellsLocalTimes),
    "what_is_no_workflow_cannot_be_disabled": (DisablesAnything,),
    "it_is_told_which_workflows_have_hooks": (
        NotesOnlyOnce,
        AddsHooks,
        ForgetsHooksOfOthers,
        ForgetsHooksAtClose,
        TellsHooksInOrderOfComing,
        TellsHooksThatAreNone,
    ),
    "what_is_no_workflow_has_no_hooks": (NotesWhatItCan, NotesAnything),
    "unfinished_instances_are_counted": (
        CountsTheFinished,
        CountsWithoutEnd,
        CountsOnlyWhatIsReady,
        SortsVersionsAsTexts,
    ),
    "the_stranded_are_those_that_nobody_knows": (
        StrandsTheFinished,
        StrandsWhatNobodyOwns,
        StrandsOtherVersionsToo,
        StrandsOnlyWhatIsReady,
    ),
    "the_stranded_come_in_pages": (StrandsByWorkflow, FiltersPagesOfTheStranded),
    "a_closed_journal_tells_nothing_of_workflows": (TellsWhileClosed,),
}
"""Has, for each law of workflows, journals that break it."""
