"""The commands `wio disable`, `wio enable` and `wio workflows`: what may start? They need no workflow's code."""

from __future__ import annotations

import asyncio
import shlex
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from interpreters.runtime.client import Client
from interpreters.runtime.oversight import MOST_COUNTED, KnownWorkflow
from interpreters.shell import options
from interpreters.shell.complaints import one_line
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import Column, print_json, print_table, say, time_words
from journals.ports import Journal
from journals.workflows import Disabled

_Name: TypeAlias = Annotated[str, Parameter(help='The name of the workflow, as in Workflow("order", ...).')]
_Version: TypeAlias = Annotated[int | None, Parameter(name="--version", help="Only this version; else all.")]


def disable(
    workflow: _Name,
    /,
    *,
    journal: options.JournalUrl,
    version: _Version = None,
    by: options.Decider = "",
    reason: options.Reason = "",
    json: options.AsJson = False,
) -> None:
    """Let nothing start any more of a workflow, in any process. What has begun goes on."""
    known = asyncio.run(_disable(journal_at(journal), workflow, version, by, reason))
    if json:
        versions = [each for name, each in known if name == workflow]
        print_json({"workflow": workflow, "version": version, "enabled": False, "known_versions": versions})
        return
    print(f"{_named(workflow, version)} is disabled. Instances that have begun go on.")
    if all((name, version or each) != (workflow, each) for name, each in known):
        say(f"wio: {_unknown_words(workflow, version, known)}")


def enable(
    workflow: _Name, /, *, journal: options.JournalUrl, version: _Version = None, json: options.AsJson = False
) -> None:
    """Let a workflow start again: one version of it, or all."""
    was, left = asyncio.run(_enable(journal_at(journal), workflow, version))
    if json:
        still = [_disabled_as_json(each) for each in left]
        # Of one version, what is disabled for all still holds; of all, nothing is left.
        is_free = not any(each.version in (None, version) for each in left)
        done = {"workflow": workflow, "version": version, "enabled": is_free, "was_disabled": was}
        print_json({**done, "still_disabled": still})
        return
    print(f"{_named(workflow, version)} {'is enabled' if was else 'was not disabled'}.")
    for each in left:
        say(f"wio: still disabled: {_named(each.workflow, each.version)}{_disabled_words(each)}")


def workflows(*, journal: options.JournalUrl, json: options.AsJson = False) -> None:
    """Print the workflows that live processes know, that have unfinished instances, or that are disabled."""
    found = asyncio.run(_workflows(journal_at(journal)))
    if json:
        print_json([_as_json(each) for each in found])
    elif found:
        print_table(_COLUMNS, [_row(each) for each in found])
    else:
        say("wio: no workflows.")


async def _disable(journal: Journal, workflow: str, version: int | None, by: str, reason: str) -> list[tuple[str, int]]:
    """Return which versions of which workflows there are, as far as live processes and unfinished instances tell."""
    async with Client(journal, ()) as client:
        await client.disable(workflow, version, by=by, reason=reason)
        found = await client.workflows()
    return [
        (each.name, each.version) for each in found if each.version is not None and (each.known_by or each.unfinished)
    ]


async def _enable(journal: Journal, workflow: str, version: int | None) -> tuple[bool, list[Disabled]]:
    """Return whether it was disabled, and what still is of this workflow."""
    async with journal:
        was = await journal.enable(workflow, version)
        return was, [each for each in await journal.disabled() if each.workflow == workflow]


async def _workflows(journal: Journal) -> tuple[KnownWorkflow, ...]:
    async with Client(journal, ()) as client:
        return await client.workflows()


_COLUMNS = (
    Column("workflow", "bold"),
    Column("version"),
    Column("starts"),
    Column("unfinished"),
    Column("known by"),
    Column("disabled", cut=True),
)


def _row(each: KnownWorkflow) -> tuple[str, ...]:
    count = f"{each.unfinished}+" if each.unfinished >= MOST_COUNTED else str(each.unfinished)
    return (
        each.name,
        "all" if each.version is None else str(each.version),
        "no" if each.disabled else "yes",
        count,
        ", ".join(each.known_by) or "nobody",
        "" if each.disabled is None else _disabled_words(each.disabled).removeprefix(", "),
    )


def _disabled_words(disabled: Disabled) -> str:
    by = f" by {disabled.by}" if disabled.by else ""
    why = f": {one_line(disabled.reason)}" if disabled.reason else ""
    return f", since {time_words(disabled.at)}{by}{why}"


def _as_json(each: KnownWorkflow) -> dict[str, object]:
    disabled = each.disabled
    return {
        "workflow": each.name,
        "version": each.version,
        "enabled": disabled is None,
        "unfinished": each.unfinished,
        "known_by": list(each.known_by),
        "disabled": None if disabled is None else _disabled_as_json(disabled),
    }


def _disabled_as_json(disabled: Disabled) -> dict[str, object]:
    return {
        "version": disabled.version,
        "by": disabled.by,
        "reason": disabled.reason,
        "at": disabled.at.isoformat(),
    }


def _unknown_words(workflow: str, version: int | None, known: list[tuple[str, int]]) -> str:
    """Say of a workflow that nobody knows that its name may be misspelt. It may also be one that is still to come."""
    named = ", ".join(f"{name} version {each}" for name, each in known) or "none"
    undo = f"wio enable {shlex.quote(workflow)}" + ("" if version is None else f" --version {version}")
    return (
        f"nobody knows {_named(workflow, version)}: no live process, no unfinished instance. Known are: {named}."
        f" If it is misspelt: {undo}"
    )


def _named(workflow: str, version: int | None) -> str:
    return f"workflow {workflow}" + ("" if version is None else f" version {version}")
