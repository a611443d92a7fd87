"""Is it known which workflows may start, have hooks, have unfinished instances, and which nobody can run?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from journals.entries import Commit, Status
from journals.errors import Conflict, InvalidCommit, JournalClosed, WorkflowDisabled
from journals.laws.members import Heard, by, due, joined, starts
from journals.laws.samples import (
    Connect,
    all_done,
    commit,
    entry,
    holds,
    holds_nothing,
    refused,
    require,
    stores_nothing,
    together,
)
from journals.ports import Journal
from journals.workflows import Hooked, Unfinished

_A_DAY = timedelta(days=1)


def _of(workflow: str, version: int, instance_id: str, status: Status = Status.WAITING) -> Commit:
    return replace(commit(instance_id, 0, status=status), workflow=workflow, version=version)


async def a_disabled_workflow_does_not_start(connect: Connect) -> None:
    """A start is refused with who has disabled the workflow, when and why; nothing of it is stored, others are."""
    async with connect() as one, connect() as other:
        member = await joined(other)
        await one.disable("workflow", by="ann", reason="the prices are wrong")
        for start in (commit("a", 0), by(member, commit("a", 0))):
            error = await refused(WorkflowDisabled, other.commit(start), "A start of a disabled workflow")
            said = (error.disabled.workflow, error.disabled.version, error.disabled.by, error.disabled.reason)
            require(said == ("workflow", None, "ann", "the prices are wrong"), f"The refusal says {said}.")
            require(abs(error.disabled.at - datetime.now(UTC)) < _A_DAY, f"It was disabled at {error.disabled.at}.")
        await holds_nothing(one, "a")
        good = [_of("another", 1, f"good {n}") for n in range(6)]
        answers = await together(*(one.commit(each) for each in (*good[:3], commit("bad", 0), *good[3:])))
        require(
            answers[:3] + answers[4:] == [None] * 6 and isinstance(answers[3], WorkflowDisabled),
            f"Only the disabled one must be refused, but they ended with {answers!r}.",
        )
        await holds_nothing(one, "bad")
        for each in good:
            await holds(one, each.instance_id, entry(1))


async def one_version_is_disabled_alone(connect: Connect) -> None:
    """What is disabled for one version leaves the others and other workflows alone."""
    async with connect() as journal:
        await journal.disable("workflow", 2)
        await starts(journal, _of("workflow", 1, "first"), _of("workflow", 3, "third"), _of("workflows", 2, "other"))
        await stores_nothing(journal, WorkflowDisabled, _of("workflow", 2, "second"), "A start of a disabled version")


async def what_has_begun_goes_on(connect: Connect) -> None:
    """Instances of a disabled workflow go on; who starts one again finds it there, or repeats its start."""
    async with connect() as journal:
        member = await joined(journal)
        await starts(journal, commit("a", 0), by(member, commit("b", 0)))
        await journal.disable("workflow")
        await all_done("What goes on", journal.commit(commit("a", 1)), journal.commit(by(member, commit("b", 1))))
        await all_done("A repeated start", journal.commit(commit("a", 0)))
        again = commit("a", 0, token="another start")
        await refused(Conflict, journal.commit(again), "A second start of an instance that goes on")
        await holds(journal, "a", entry(1), entry(2))


async def what_is_enabled_starts_again(connect: Connect) -> None:
    """`enable` takes back what was said of one version, or all that was said of a workflow, and says whether it did."""
    async with connect() as journal:
        for version in (None, 1, 2):
            await journal.disable("workflow", version)
        await journal.disable("another")
        require(await journal.enable("workflow", 1), "What was disabled is said to have been enabled.")
        require(not await journal.enable("workflow", 1), "What was enabled is said to have been disabled.")
        await stores_nothing(journal, WorkflowDisabled, commit("a", 0), "A start while all versions are disabled")
        require(await journal.enable("workflow"), "What was disabled is said to have been enabled.")
        require(not await journal.enable("never"), "What nobody knows is said to have been disabled.")
        await starts(journal, commit("a", 0), _of("workflow", 2, "b"))
        left = [(each.workflow, each.version) for each in await journal.disabled()]
        require(left == [("another", None)], f"Of the others it stays disabled what was, but {left} is.")


async def it_is_told_what_is_disabled(connect: Connect) -> None:
    """`disabled` returns in order who has disabled what, when and why; the last word counts, also after a restart."""
    async with connect() as journal:
        require(await journal.disabled() == (), "Something is disabled in an empty store.")
        odd = "'; -- é 😀"
        for workflow, version, reason in (("b", 10, ""), ("b", 9, odd), ("a", 2, "x"), ("b", None, "y"), ("a", 2, "z")):
            await journal.disable(workflow, version, by=odd, reason=reason)
        before = await journal.disabled()
    async with connect() as journal:
        found = await journal.disabled()
        require(found == before, f"{before} was disabled, but after a restart {found} is.")
        said = [(each.workflow, each.version, each.by, each.reason) for each in found]
        wanted = [("a", 2, odd, "z"), ("b", None, odd, "y"), ("b", 9, odd, odd), ("b", 10, odd, "")]
        require(said == wanted, f"{wanted} is disabled, but {said} is told.")
        require(all(each.at.tzinfo is UTC for each in found), f"The times must be in UTC, but are: {found}.")


async def what_is_no_workflow_cannot_be_disabled(connect: Connect) -> None:
    """An empty name, a version below 1 and a text that no store can hold raise `InvalidCommit`."""
    async with connect() as journal:
        await refused(InvalidCommit, journal.disable(""), "disable() of the empty name")
        await refused(InvalidCommit, journal.disable("workflow", 0), "disable() of version 0")
        await refused(InvalidCommit, journal.disable("a\0b"), "disable() of a name with a NUL")
        await refused(InvalidCommit, journal.disable("a", by="\ud800"), "disable() by half a character")
        await refused(InvalidCommit, journal.disable("a", reason="\0"), "disable() for a NUL")
        await refused(InvalidCommit, journal.enable("\ud800"), "enable() of half a character")
        require(await journal.disabled() == (), "What is no workflow was disabled.")


async def it_is_told_which_workflows_have_hooks(connect: Connect) -> None:
    """`hooked` returns in order what was noted last of each workflow, also after a restart; no hooks are left out."""
    ends, pauses = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED}), frozenset({Status.PAUSED})
    odd = '\'; -- é 😀 "{a,b}"'
    async with connect() as journal:
        require(await journal.hooked() == (), "Something has hooks in an empty store.")
        await journal.note_hooks([Hooked("b", ends), Hooked(odd, pauses)])
        await journal.note_hooks([Hooked("c", frozenset()), Hooked("b", pauses), Hooked("a", ends)])
        wanted = (Hooked(odd, pauses), Hooked("a", ends), Hooked("b", pauses))
        found = await journal.hooked()
        require(found == wanted, f"{wanted} was noted last, but {found} is told.")
    async with connect() as journal:
        found = await journal.hooked()
        require(found == wanted, f"{wanted} was noted, but after a restart {found} is told.")
        await journal.note_hooks([Hooked("a", frozenset()), Hooked(odd, frozenset())])
        found = await journal.hooked()
        require(found == wanted[2:], f"{wanted[:2]} was taken back, but {found} is told.")


async def what_is_no_workflow_has_no_hooks(connect: Connect) -> None:
    """A name that no workflow has is refused, and what comes with it is not noted."""
    async with connect() as journal:
        for name in ("", "with\0", "\ud800"):
            hooks = [Hooked("good", frozenset({Status.FAILED})), Hooked(name, frozenset({Status.FAILED}))]
            await refused(InvalidCommit, journal.note_hooks(hooks), f"Hooks of {name!r}")
            require(await journal.hooked() == (), "What was refused is noted.")


async def unfinished_instances_are_counted(connect: Connect) -> None:
    """`unfinished` tells in order which workflows and versions have unfinished instances, and counts up to `most`."""
    async with connect() as journal:
        member = await joined(journal)
        require(await journal.unfinished() == (), "An empty store has unfinished instances.")
        await starts(journal, *(_of("b", 10, f"b {n}") for n in range(5)))
        await starts(journal, _of("b", 9, "paused", Status.PAUSED), _of("a", 1, "done", Status.COMPLETED))
        await starts(journal, by(member, commit("owned", 0)), due("asleep", None))
        found = await journal.unfinished()
        wanted = (Unfinished("b", 9, 1), Unfinished("b", 10, 5), Unfinished("workflow", 1, 2))
        require(found == wanted, f"{wanted} are unfinished, but {found} is told.")
        await journal.commit(by(member, commit("owned", 1, status=Status.FAILED)))
        counts = [each.count for each in await journal.unfinished(most=3)]
        require(counts == [1, 3, 1], f"Counted up to 3 they are 1, 3 and 1, but these were told: {counts}.")


async def the_stranded_are_those_that_nobody_knows(connect: Connect) -> None:
    """`stranded` returns what is unfinished and known to no member, until one comes, and after it has left."""
    async with connect() as one, connect() as other:
        await starts(one, _of("workflow", 2, "c"), _of("another", 1, "b"), _of("another", 1, "a", Status.PAUSED))
        await starts(one, due("asleep", None), _of("another", 1, "over", Status.CANCELLED))
        await _are_stranded(other, "a", "asleep", "b", "c")
        member = await joined(one)
        await _are_stranded(other, "a", "b", "c")
        newer = await one.join("newer", [("workflow", 2), ("another", 2)], Heard())
        await _are_stranded(other, "a", "b")
        await newer.leave()
        await _are_stranded(other, "a", "b", "c")
        await member.leave()
        await _are_stranded(other, "a", "asleep", "b", "c")
        found = (await one.stranded())[-1]
        require(found == await one.find("c"), f"The record of 'c' is another than {found}.")


async def the_stranded_come_in_pages(connect: Connect) -> None:
    """The stranded come in the order of their ids by code point, from any position, whatever they are stranded for."""
    ids = ["B", "a", "b", "b 1", "é", "\uff5a", "😀"]
    async with connect() as journal:
        await starts(journal, *(_of(f"workflow {n % 3}", n % 2 + 1, name) for n, name in enumerate(reversed(ids))))
        await journal.join("member", [("workflow", 1)], Heard())
        for most in (1, 2, 3, 100):
            found: list[str] = []
            while page := await journal.stranded(after=found[-1] if found else "", most=most):
                require(len(page) <= most, f"A page of at most {most} has {len(page)}.")
                found += [record.id for record in page]
            require(found == ids, f"In pages of {most} the stranded must be {ids}, but are {found}.")
        require(await journal.stranded(most=0) == (), "A page of nothing has something.")


async def a_closed_journal_tells_nothing_of_workflows(connect: Connect) -> None:
    """Before `open`, whatever concerns workflows raises `JournalClosed`."""
    journal = connect()
    await refused(JournalClosed, journal.disable("workflow"), "disable() on a closed journal")
    await refused(JournalClosed, journal.enable("workflow"), "enable() on a closed journal")
    await refused(JournalClosed, journal.disabled(), "disabled() on a closed journal")
    await refused(JournalClosed, journal.note_hooks([]), "note_hooks() on a closed journal")
    await refused(JournalClosed, journal.hooked(), "hooked() on a closed journal")
    await refused(JournalClosed, journal.unfinished(), "unfinished() on a closed journal")
    await refused(JournalClosed, journal.stranded(), "stranded() on a closed journal")


async def _are_stranded(journal: Journal, *wanted: str) -> None:
    found = [record.id for record in await journal.stranded()]
    require(found == list(wanted), f"Stranded are {list(wanted)}, but {found} was told.")


LAWS = (
    a_disabled_workflow_does_not_start,
    one_version_is_disabled_alone,
    what_has_begun_goes_on,
    what_is_enabled_starts_again,
    it_is_told_what_is_disabled,
    what_is_no_workflow_cannot_be_disabled,
    it_is_told_which_workflows_have_hooks,
    what_is_no_workflow_has_no_hooks,
    unfinished_instances_are_counted,
    the_stranded_are_those_that_nobody_knows,
    the_stranded_come_in_pages,
    a_closed_journal_tells_nothing_of_workflows,
)
