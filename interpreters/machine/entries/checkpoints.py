"""What stands for entries that are passed over? Checkpoints, and what an older version has recorded."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from interpreters.machine.advance import advance, leave_checkpoint, walk
from interpreters.machine.calling import call
from interpreters.machine.checkpoints import Checkpointed, forget_inside, form_of, part_of
from interpreters.machine.entries.moves import decoded, decoded_own, mismatch, moved, stayed
from interpreters.machine.execution import Active, Ahead, Execution, Halt, Unread
from interpreters.machine.joints import begin_work
from interpreters.machine.mailbox import without
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.places import passes_over
from interpreters.machine.recorded import AttemptFailed, Decided, Onward, Taken
from interpreters.machine.words import expectation
from journals.entries import Entry, Kind
from wio.nodes import Machine, Recovered

_UNREAD = Unread()


def on_checkpoint(
    execution: Execution, active: Active, node: Checkpointed, entry: Entry, observe: Observer | None
) -> Execution:
    """Go on with a recorded value, whether all that led to it has been applied or was passed over."""
    value = decoded(execution.codec, entry, form_of(node))
    onward = onward_of(execution, entry)
    if isinstance(node, Machine) and all(state.name != onward.state for state in node.states):
        raise mismatch(execution, entry, f"state {onward.state!r} in {part_of(active)!r}, which has no such state")
    moving = Moving(execution, active, observe)
    if isinstance(active.standing, Ahead) and not passes_over(execution, but=active):
        moving.mailbox = tuple(kept for kept in moving.mailbox if kept.seq in onward.kept)
    forget_inside(moving, part_of(active))
    if active.home.joint is not None:
        begin_work(moving, active.home)
    following = leave_checkpoint(moving, node, active.address, value, onward, active.scope, active.frames)
    walk(moving, *following, active.home)
    advance(moving)
    return moving.moved()


def onward_of(execution: Execution, entry: Entry) -> Onward:
    """Return what is recorded beside the value of a checkpoint."""
    if entry.response is None:
        return Onward()
    return decoded_own(execution, replace(entry, payload=entry.response), Onward)


_FOLDED = frozenset(
    {Kind.EVENT, Kind.SIGNAL, Kind.TIMER_FIRED, Kind.TASK_COMPLETED, Kind.TASK_SKIPPED, Kind.CHECKPOINT}
)
_BESIDE = frozenset(
    {
        Kind.SIGNAL_TAKEN,
        Kind.ATTRIBUTES,
        Kind.ATTEMPT_FAILED,
        Kind.ATTEMPT_LOST,
        Kind.RETRIED,
        Kind.TIMER_SET,
        Kind.TASK_OFFERED,
        Kind.TASK_CLAIMED,
        Kind.TASK_STARTED,
        Kind.TASK_HEARTBEAT,
        Kind.TASK_RELEASED,
        Kind.TASK_DELEGATED,
        Kind.PUBLISHED,
        Kind.PAUSED,
        Kind.RESUMED,
    }
)


def on_old(execution: Execution, active: Active, node: Recovered, entry: Entry, observe: Observer | None) -> Execution:
    """Fold what an older version has recorded; what it recorded before that at the same place is passed over."""
    if entry.kind in _FOLDED:
        event = None if entry.payload is None else decoded(execution.codec, entry, node.event)
        value: Any = call(node.handler, active.address, active.value, event)
        return moved(execution, active, value, None, observe)
    if entry.kind in _BESIDE:
        mailbox = execution.mailbox
        if entry.kind is Kind.SIGNAL_TAKEN:
            mailbox = without(mailbox, decoded_own(execution, entry, Taken).seq)
        waiting = stayed(execution, replace(active, standing=_UNREAD))
        return replace(waiting, mailbox=mailbox, halt=Halt(active.home.prefix))
    raise mismatch(execution, entry, expectation(execution))


_BEGINNING = _FOLDED | {Kind.ATTRIBUTES, Kind.TASK_CLAIMED, Kind.TASK_FAILED, Kind.CHILD_LEFT, Kind.CHILD_ENDED}


def pass_over(execution: Execution, skipping: Active, entry: Entry) -> Execution:
    """Pass over an entry inside a part whose checkpoint comes later: it tells no more than that something began."""
    moving = Moving(execution)
    if skipping.home.joint is not None and (entry.kind in _BEGINNING or _gives_up(execution, entry)):
        begin_work(moving, skipping.home)
        advance(moving)
    return moving.moved()


def _gives_up(execution: Execution, entry: Entry) -> bool:
    if entry.kind is not Kind.ATTEMPT_FAILED:
        return False
    return decoded_own(execution, entry, AttemptFailed).decided is Decided.GIVE_UP
