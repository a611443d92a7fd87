"""What does a program of yours do when an instance pauses, or ends? Hooks: functions that are called for a change.

A call that is to be made is stored in the outbox, in the commit that changes the instance. It is made at least once,
by whichever runtime has hooks for the workflow, and again until it succeeds. Its text is the detail, and nothing else:
where the data of the instance is deleted meanwhile, `null` is left of that, and the call is made all the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias, cast

import attrs
import msgspec

from interpreters.runtime.threads import Workers
from journals.changes import Change, is_change
from journals.entries import Commit, Payload, Published, Status
from wio.errors import InvalidDefinition, WioError
from wio.validators import is_function_or_none

Hook: TypeAlias = Callable[[Change], Awaitable[None] | None]
"""Is called with what has become of an instance. A plain function runs in a thread, as an effect does."""

_LANE = "hook "
_FORM = "wio.Change "


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
        return {
            "paused": self.on_pause,
            "completed": self.on_complete,
            "failed": self.on_fail,
            "cancelled": self.on_cancel,
            "data_deleted": self.on_delete,
        }.get(change)


class NoHook(WioError):
    """Says that a hook is to be called which the present program does not have."""

    def __init__(self, workflow: str, change: str) -> None:
        super().__init__(
            f"No runtime here has a hook for {change} of workflow {workflow!r}. The call waits in the outbox. Give the"
            " hook to Runtime(hooks=...), as the program had it that stored the call."
        )


class HookRoom:
    """Knows the hooks of one runtime: those for all of its workflows, or for each by name.

    `lanes` are the lanes of the outbox in which the calls lie.
    """

    def __init__(self, hooks: Hooks | Mapping[str, Hooks] | None, workflows: frozenset[str], workers: Workers) -> None:
        self._hooks = _by_name(hooks, workflows)
        self._workers = workers
        self.lanes = tuple(_LANE + name for name in self._hooks)

    def call_for(self, commit: Commit, before: Status | None) -> tuple[Published, ...]:
        """Return the call that follows from a commit, if one does; `before` is the status before it."""
        hooks = self._hooks.get(commit.workflow)
        status = commit.status
        if hooks is None or hooks.of(status.value) is None or not is_change(before, status):
            return ()
        last_seq = commit.expected + len(commit.entries)
        what_was = "" if before is None else before.value
        payload = Payload(_FORM + what_was, commit.version, msgspec.json.encode(commit.detail).decode())
        lane = _LANE + commit.workflow
        return (Published(commit.instance_id, last_seq, status.value, payload, commit.at, lane),)

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
