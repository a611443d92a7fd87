"""What do a runtime and a client tell of the whole store? Which workflows there are, and what nobody can run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import attrs

from interpreters.errors import InstanceExists
from interpreters.runtime.entered import Entered
from interpreters.runtime.instance import Host, Instance
from journals.entries import InstanceRecord
from journals.ports import Journal
from journals.search import EVERY, Count, Cursor, Order, Search
from journals.sharing import MemberRecord
from journals.workflows import Disabled, disabled_by
from wio.workflow import Workflow

E = TypeVar("E")
B = TypeVar("B")

MOST_COUNTED = 1_000
"""Is up to which number the unfinished instances of a workflow are counted."""


@attrs.frozen
class Stranded:
    """Is an unfinished instance that no live process can run. `known` are the versions that live ones know instead."""

    record: InstanceRecord
    known: tuple[int, ...]

    @property
    def reason(self) -> str:
        """Is why nobody can run it, for people."""
        return stranded_words(self.record.workflow, self.record.version, self.known)


@attrs.frozen
class KnownWorkflow:
    """Is one version of a workflow that live processes know, or that has unfinished instances, or is disabled.

    `known_by` are the names of the live processes that run it. `unfinished` counts its instances up to `MOST_COUNTED`.
    `disabled` says why nothing starts of it, or is None. `version` is None of what is only disabled, in all versions.
    """

    name: str
    version: int | None
    known_by: tuple[str, ...]
    unfinished: int
    disabled: Disabled | None


class Oversight(Entered, Host):
    """Is what `Runtime` and `Client` both tell and decide of the store as a whole, inside `async with`."""

    async def instance(self, workflow: Workflow[Any, E, B], id: str) -> Instance[E, B]:
        """Return the handle of an instance that exists.

        Raises `UnknownInstance`, or `InstanceExists` when it is an instance of another workflow.
        """
        self._check_running()
        record = await self.journal.find(id)
        if record.workflow != workflow.name:
            raise InstanceExists(id, f"workflow {record.workflow!r}, not {workflow.name!r}")
        return Instance(self, workflow, id)

    async def instances(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 100
    ) -> tuple[InstanceRecord, ...]:
        """Return records of the instances that fit a search, behind a place, at most `most` of them.

        Go on behind the last one: `after=Cursor.behind(records[-1])`. Raises `InvalidSearch`.
        """
        self._check_running()
        return await self.journal.find_all(search, order=order, after=after, most=most)

    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """Return how many instances fit a search, by workflow and status. All of them are counted, one by one."""
        self._check_running()
        return await self.journal.count(search)

    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        """Let nothing start any more of a workflow, by its name, or of one version of it. What has begun goes on.

        Starts are refused with `WorkflowDisabled` by every process, those of children too: the step that wants to
        start one is paused. To disable again replaces who did so and why.
        """
        self._check_running()
        await self.journal.disable(workflow, version, by=by, reason=reason)

    async def enable(self, workflow: str, version: int | None = None) -> bool:
        """Take back what was disabled: of one version, or all that concerns the workflow. Return whether it was."""
        self._check_running()
        return await self.journal.enable(workflow, version)

    async def disabled(self) -> tuple[Disabled, ...]:
        """Return which workflows are disabled, by whom, since when and why."""
        self._check_running()
        return await self.journal.disabled()

    async def workflows(self) -> tuple[KnownWorkflow, ...]:
        """Return the workflows that live processes know, that have unfinished instances, or that are disabled."""
        self._check_running()
        members = await self.journal.members()
        unfinished = await self.journal.unfinished(most=MOST_COUNTED)
        disabled = await self.journal.disabled()
        counts = {(each.workflow, each.version): each.count for each in unfinished}
        versions = {*counts, *(each for member in members for each in member.knows)}
        versions |= {(each.workflow, each.version) for each in disabled if each.version is not None}
        found = [
            KnownWorkflow(
                name,
                version,
                tuple(member.name for member in members if (name, version) in member.knows),
                counts.get((name, version), 0),
                disabled_by(disabled, name, version),
            )
            for name, version in sorted(versions)
        ]
        seen = {each.name for each in found}
        rest = [KnownWorkflow(each.workflow, None, (), 0, each) for each in disabled if each.workflow not in seen]
        return tuple(sorted([*found, *rest], key=lambda each: (each.name, each.version or 0)))

    async def stranded(self, *, after: str = "", most: int = 100) -> tuple[Stranded, ...]:
        """Return unfinished instances that no live process can run, with `id > after`, in the order of their ids.

        A process that knows their workflow and version, and starts, goes on with them at once.
        """
        self._check_running()
        records = await self.journal.stranded(after=after, most=most)
        members = await self.journal.members() if records else ()
        return tuple(Stranded(record, known_versions(members, record.workflow)) for record in records)


def known_versions(members: Sequence[MemberRecord], workflow: str) -> tuple[int, ...]:
    """Return the versions of a workflow that any of these members knows."""
    return tuple(sorted({version for member in members for name, version in member.knows if name == workflow}))


def stranded_words(workflow: str, version: int, known: tuple[int, ...]) -> str:
    """Say that nobody can run a version of a workflow, and which versions can be run.

    >>> stranded_words("order", 1, (2, 3))
    'no live process knows workflow order version 1; known are the versions 2 and 3'
    >>> stranded_words("order", 1, ())
    'no live process knows workflow order version 1, nor any other version of it'
    """
    lacks = f"no live process knows workflow {workflow} version {version}"
    if not known:
        return f"{lacks}, nor any other version of it"
    if len(known) == 1:
        return f"{lacks}; known is version {known[0]}"
    return f"{lacks}; known are the versions {', '.join(map(str, known[:-1]))} and {known[-1]}"


async def stranded_counts(journal: Journal) -> tuple[tuple[str, int, int], ...]:
    """Return which workflows and versions nobody knows, and how many instances wait for them, up to `MOST_COUNTED`."""
    unfinished = await journal.unfinished(most=MOST_COUNTED)
    if not unfinished:
        return ()
    known = {each for member in await journal.members() for each in member.knows}
    lost = (each for each in unfinished if (each.workflow, each.version) not in known)
    return tuple((each.workflow, each.version, each.count) for each in lost)
