"""What does a program of yours do when an instance pauses, or ends? Hooks: functions that are called for a change.

A call that is to be made is stored in the outbox, in the commit that changes the instance. It is made at least once,
by whichever runtime has hooks for the workflow, and again until it succeeds. Its text is the detail, and nothing else:
where the data of the instance is deleted meanwhile, `null` is left of that, and the call is made all the same.

Whoever has hooks notes in the store for which changes, and whoever opens the store then reads that: so calls are stored
also by those who have no hooks themselves, such as a command.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias, cast

import attrs
import msgspec
from msgspec.structs import replace

from interpreters.runtime.attempts.threads import Workers
from journals.changes import Change, is_change
from journals.entries import Commit, Payload, Published, Status
from journals.ports import Journal
from journals.workflows import Hooked
from wio.errors import InvalidDefinition, WioError
from wio.validators import is_function_or_none

Hook: TypeAlias = Callable[[Change], Awaitable[None] | None]
"""Is called with what has become of an instance. A plain function runs in a thread, as an effect does."""

_LANE = "hook "
_FORM = "wio.Change "
_CALLED = frozenset({Status.PAUSED, Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.DATA_DELETED})


@attrs.frozen
class Hooks:
    """Has a function for each change that something is to be done about, or None."""

    on_pause: Hook | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    on_complete: Hook | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    on_fail: Hook | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    on_cancel: Hook | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)
    on_delete: Hook | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)

    def of(self, change: str) -> Hook | None:
        """Return the function for a change, by the value of the status that it leads to."""
        return next((hook for status, hook in self._by_status().items() if status.value == change), None)

    @property
    def changes(self) -> frozenset[Status]:
        """Are the statuses for which there is a function."""
        return frozenset(status for status, hook in self._by_status().items() if hook is not None)

    def _by_status(self) -> dict[Status, Hook | None]:
        return {
            Status.PAUSED: self.on_pause,
            Status.COMPLETED: self.on_complete,
            Status.FAILED: self.on_fail,
            Status.CANCELLED: self.on_cancel,
            Status.DATA_DELETED: self.on_delete,
        }


class NoHook(WioError):
    """Says that a hook is to be called which the present program does not have."""

    def __init__(self, workflow: str, change: str) -> None:
        super().__init__(
            f"No runtime here has a hook for {change} of workflow {workflow!r}. The call waits in the outbox. Give the"
            " hook to Runtime(hooks=...), as a program had it when the call was stored."
        )


class HookRoom:
    """Knows the hooks of one runtime: those for all of its workflows, or for each by name.

    `lanes` are the lanes of the outbox in which the calls for these lie. `called` are the changes, by workflow, for
    which a call is stored here: those of the hooks, and those that others have noted.
    """

    def __init__(self, hooks: Hooks | Mapping[str, Hooks] | None, workflows: frozenset[str], workers: Workers) -> None:
        self._hooks = _by_name(hooks, workflows)
        self._workers = workers
        self._workflows = workflows
        self.lanes = tuple(_LANE + name for name in self._hooks)
        self.called = {name: each.changes for name, each in self._hooks.items()}

    async def agree(self, journal: Journal) -> None:
        """Note in the store which hooks there are here, and learn for which changes others have some."""
        own = {name: each.changes for name, each in self._hooks.items()}
        noted = {each.workflow: each.changes for each in await journal.hooked() if each.workflow in self._workflows}
        news = [Hooked(name, changes) for name, changes in own.items() if changes != noted.get(name, frozenset())]
        if news:
            await journal.note_hooks(news)
        self.called = {name: changes for name, changes in {**noted, **own}.items() if changes}

    def call_for(self, commit: Commit, before: Status | None) -> tuple[Published, ...]:
        """Return the call that follows from a commit, if one does; `before` is the status before it."""
        changes = self.called.get(commit.workflow)
        if changes is None or commit.status not in changes or not is_change(before, commit.status):
            return ()
        return (_call(commit, before),)

    async def call(self, message: Published) -> None:
        """Call the hook that a message asks for."""
        workflow = message.lane.removeprefix(_LANE)
        hook = self._hooks[workflow].of(message.topic) if workflow in self._hooks else None
        if hook is None:
            raise NoHook(workflow, message.topic)
        change = _change(message, workflow)
        returned = hook(change) if inspect.iscoroutinefunction(hook) else await self._workers.run(hook, (change,))
        if inspect.isawaitable(returned):
            await returned


async def with_call(journal: Journal, start: Commit) -> Commit:
    """Return the start of an instance with the call that follows where it ends or pauses at once, and hooks are noted.

    Only then is the store asked.
    """
    if start.status not in _CALLED:
        return start
    is_called = any(start.workflow == each.workflow and start.status in each.changes for each in await journal.hooked())
    return replace(start, published=(*start.published, _call(start, None))) if is_called else start


def _call(commit: Commit, before: Status | None) -> Published:
    """Return the message that asks for a call."""
    last_seq = commit.expected + len(commit.entries)
    what_was = "" if before is None else before.value
    payload = Payload(_FORM + what_was, commit.version, msgspec.json.encode(commit.detail).decode())
    lane = _LANE + commit.workflow
    return Published(commit.instance_id, last_seq, commit.status.value, payload, commit.at, lane)


def _change(message: Published, workflow: str) -> Change:
    payload, at = message.payload, message.at
    before = payload.type.removeprefix(_FORM)
    detail = msgspec.json.decode(payload.text, type=str | None) or ""
    return Change(
        message.instance_id,
        workflow,
        payload.version,
        Status(message.topic),
        Status(before) if before else None,
        message.seq,
        detail,
        at,
    )


def _by_name(hooks: Hooks | Mapping[str, Hooks] | None, workflows: frozenset[str]) -> dict[str, Hooks]:
    if hooks is None:
        return {}
    if isinstance(hooks, Hooks):
        return dict.fromkeys(sorted(workflows), hooks)
    if not isinstance(cast(object, hooks), Mapping):
        raise InvalidDefinition(f"hooks={hooks!r:.200} are none. Give Hooks(...), or a dict: {{'order': Hooks(...)}}.")
    for name, each in hooks.items():
        if name not in workflows or not isinstance(cast(object, each), Hooks):
            raise InvalidDefinition(
                f"hooks has {name!r:.100}: {each!r:.200}. Give Hooks(...) under the name of a workflow that the runtime"
                f" is given: {', '.join(sorted(workflows))}."
            )
    return dict(hooks)
