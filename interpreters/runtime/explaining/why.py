"""Why does an instance not go on? What it waits for now, since when, until when, and what can be done about it.

`why` is a pure function of what was seen of an instance; `asking_why` looks. What keeps it from
being run at all comes first: it has ended, is paused, nobody knows its workflow, nobody has claimed it. Otherwise it is
the nearest of what its workflow waits for. Without its workflow, its record and its entries have to do.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from interpreters.machine.execution import Active, Attempts, Execution, Held
from interpreters.machine.pending import (
    ChildRunning,
    ChildToCancel,
    ChildToStart,
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
    ToRecord,
    pending_at,
    why_stuck,
)
from interpreters.machine.places import places
from interpreters.machine.recorded import Note
from interpreters.runtime.driving.agenda import GOES_ON, due_of
from interpreters.runtime.explaining.why_arrived import Arrived, arrived_at
from interpreters.runtime.explaining.why_cancelled import cancelled_words
from interpreters.runtime.explaining.why_deadlines import told_beside, until_of
from interpreters.runtime.explaining.why_disabled import enabled_words, to_enable
from interpreters.runtime.explaining.why_words import ago, joined, one_line, said, since_words, without_since
from interpreters.runtime.oversight import known_versions, stranded_words
from journals.entries import UNFINISHED, Entry, InstanceRecord, Kind, Status
from journals.sharing import MemberRecord, Unanswered
from journals.workflows import Disabled

_MOST_OTHERS = 3


class Because(enum.Enum):
    """Says in one word why an instance does not go on. The value is what `wio why --json` prints."""

    ENDED = "ended"
    ENDING = "ending"
    DELETING = "deleting"
    PAUSED = "paused"
    PARKED = "parked"
    STUCK = "stuck"
    STRANDED = "stranded"
    UNCLAIMED = "unclaimed"
    OWNER_GONE = "owner gone"
    EFFECT = "effect"
    RETRY = "retry"
    TIMER = "timer"
    SIGNAL = "signal"
    ARRIVED = "signal arrived"
    TASK = "task"
    CHILD = "child"
    CHILD_TO_START = "child to start"
    CHILD_TO_CANCEL = "child to cancel"
    RECORDED = "recorded"


class Remedy(enum.Enum):
    """Says what can be done. `WAIT`: it goes on by itself. `MEND`: change what is wrong with the code, then resume."""

    WAIT = "wait"
    SEND_SIGNAL = "send signal"
    CLAIM_TASK = "claim task"
    COMPLETE_TASK = "complete task"
    LOOK_AT_CHILD = "look at child"
    RESUME = "resume"
    ENABLE = "enable workflow"
    MEND = "mend"
    START_PROCESS = "start process"
    CANCEL = "cancel"


@attrs.frozen
class Action:
    """Is something that can be done, and about what: a signal, the address of a task, a child's id, a workflow.

    `version` is which version of that workflow, None for all.
    """

    remedy: Remedy
    about: str = ""
    version: int | None = None


@attrs.frozen
class Reason:
    """Is why an instance does not go on.

    `sentence` says all of it for people. `since` is when that began, None where the journal does not tell; `until` when
    it goes on by itself, or None. `others` are sentences about up to three other things it waits for, of `more` in all.
    `owner` is the name of the live process that owns it, or None.
    """

    instance_id: str
    because: Because
    sentence: str
    since: datetime | None
    until: datetime | None
    address: str
    owner: str | None
    actions: tuple[Action, ...]
    others: tuple[str, ...] = ()
    more: int = 0


@attrs.frozen
class Seen:
    """Is what was seen of an instance. `execution` is None where its workflow is not known, or does not fit: `problem`.

    `owner` is the epoch of who owns it. `members` are those whose lease holds, `entries` the last ones in order where
    the workflow does not tell, and `children` the records of its children by their ids. `begun` is when the nearest
    of what it waits for began, None where the journal does not tell. `unanswered` are the messages to it; `handling` is
    the step at which this process handles a signal, if it does. `cancelled` is what was said with the command to cancel
    it, None where nobody did; `disabled` are the workflows that are so now.
    """

    record: InstanceRecord
    execution: Execution | None
    owner: int | None
    members: tuple[MemberRecord, ...]
    now: datetime
    entries: tuple[Entry, ...] = ()
    children: Mapping[str, InstanceRecord] = attrs.field(factory=dict[str, InstanceRecord])
    problem: str = ""
    begun: datetime | None = None
    unanswered: tuple[Unanswered, ...] = ()
    handling: str | None = None
    cancelled: Note | None = None
    disabled: tuple[Disabled, ...] = ()

    @property
    def owned_by(self) -> MemberRecord | None:
        """Is the live member that owns the instance, or None."""
        return next((member for member in self.members if member.epoch == self.owner), None)

    @property
    def knowing(self) -> tuple[str, ...]:
        """Is the names of the live members that can run the instance."""
        kind = (self.record.workflow, self.record.version)
        return tuple(member.name for member in self.members if kind in member.knows)


@attrs.frozen
class Wait:
    """Is one thing that an instance waits for, and the place where it does; None of the instance as a whole.

    `arrived` is the signal that has come already, if that is what it waits for.
    """

    pending: Pending
    place: Active | None = None
    arrived: Arrived | None = None


def why(seen: Seen) -> Reason:
    """Return why an instance does not go on, by what was seen of it. Raises like `pending`."""
    record = seen.record
    waits = waits_of(seen)
    if record.status not in UNFINISHED:
        return _ended(seen)
    if record.status is Status.PAUSED:
        is_here = bool(waits) and isinstance(waits[0].pending, PausedAt | Held)
        return _of_wait(seen, waits) if is_here else _paused_as_recorded(seen)
    if seen.owned_by is None and not seen.knowing:
        return _stranded(seen, waits)
    if seen.owner is not None and seen.owned_by is None:
        words = f"{record.id} is owned by member {seen.owner}, which gives no sign of life. Others take it over soon"
        return _reason(seen, Because.OWNER_GONE, f"{words}.", since=record.updated_at, can=(Action(Remedy.WAIT),))
    if seen.owner is None and record.wake_up is not None and record.wake_up <= seen.now:
        return _unclaimed(seen, waits)
    if record.status is Status.DATA_DELETION_REQUESTED:
        words = f"{record.id} has ended, and its data is about to be deleted{since_words(record.updated_at, seen.now)}"
        return _reason(seen, Because.DELETING, f"{words}.", since=record.updated_at, can=(Action(Remedy.WAIT),))
    return _of_wait(seen, waits) if waits else _recorded(seen)


def waits_of(seen: Seen) -> tuple[Wait, ...]:
    """Return what the workflow waits for, the nearest first; () where it is not known, or only entries are to be made.

    That is so when it has gone back to a step that only records: its owner does that when it reads it.
    """
    execution = seen.execution
    if execution is None:
        return ()
    if execution.outcome is not None:
        return (Wait(Outcome(execution.outcome.outcome, execution.outcome.recorded)),)
    if execution.held is not None:
        return (Wait(execution.held),)
    arrived = arrived_at(execution, seen.unanswered, seen.handling)
    standing = ((pending_at(execution, place), place) for place in places(execution))
    found = [Wait(waiting, place, arrived.get(place.address)) for waiting, place in standing if waiting is not None]
    is_paused = seen.record.status is Status.PAUSED
    found.sort(key=lambda wait: _turn(wait, is_paused, seen.now))
    if not found and seen.record.status is Status.STUCK:
        return (Wait(Stuck(why_stuck(execution))),)
    return tuple(found)


def _turn(wait: Wait, is_paused: bool, now: datetime) -> tuple[int, datetime]:
    """Return when something has its turn: what others have to do before the timers, which may be its deadlines."""
    waiting = wait.pending
    due = due_of(waiting) or now
    match waiting:
        case PausedAt():
            return (0 if is_paused else 9), now
        case EffectToRun(not_before=None):
            return 1, now
        case EffectToRun():
            return 2, due
        case ChildToStart() | ChildToCancel():
            return 3, now
        case ChildRunning():
            return 4, now
        case TaskOffered():
            return 5, now
        case SignalExpected():
            return (6 if wait.arrived is None else 1), now
        case TimerRunning():
            return 7, due
        case ToRecord() | Held() | Stuck() | Outcome():
            return 8, now


def since_of(seen: Seen, wait: Wait) -> datetime | None:
    """Return when an instance has come to wait for something, the nearest of what it waits for."""
    match wait.pending:
        case ToRecord() | Stuck() | Outcome():
            return seen.record.updated_at
        case Held(since=since):
            return since
        case _:
            return seen.begun if wait.arrived is None else wait.arrived.at


def _until(waits: tuple[Wait, ...]) -> datetime | None:
    return until_of(waits[0].pending, (wait.pending for wait in waits[1:]))


# Each reason


def _reason(
    seen: Seen,
    because: Because,
    sentence: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    address: str = "",
    can: tuple[Action, ...] = (),
    waits: tuple[Wait, ...] = (),
) -> Reason:
    """Return a reason. Of `waits` the first is what the sentence tells of; the others are told besides."""
    owner, others = seen.owned_by, waits[1:]
    told = tuple(_told_besides(waits[0], other) for other in others[:_MOST_OTHERS])
    rest = f"; and {len(others) - len(told)} more" if len(others) > len(told) else ""
    also = f" Besides, it {'; '.join(map(one_line, told))}{rest}." if told else ""
    name = None if owner is None else owner.name
    said_all = f"{sentence}{also}"
    return Reason(
        seen.record.id, because, said_all, since, until, address, name, can, tuple(map(one_line, told)), len(others)
    )


def _told_besides(nearest: Wait, wait: Wait) -> str:
    waiting = wait.pending
    if isinstance(waiting, SignalExpected) and wait.arrived is not None:
        return wait.arrived.said(waiting.node.signal.name, waiting.address)
    return told_beside(nearest.pending, waiting)


def _words(seen: Seen, wait: Wait, now: datetime | None = None, *, errors: int = 0) -> str:
    """Return what an instance does or waits for, as the rest of a sentence; see `said`."""
    waiting = wait.pending
    if isinstance(waiting, SignalExpected) and wait.arrived is not None:
        return wait.arrived.said(waiting.node.signal.name, waiting.address)
    return said(waiting, seen.children, now, errors=errors)


def _ended(seen: Seen) -> Reason:
    record = seen.record
    last = seen.entries[-1] if seen.entries and seen.entries[-1].seq == record.last_seq else None
    payload = None if last is None or last.kind not in (Kind.COMPLETED, Kind.FAILED) else last.payload
    outcome = "" if payload is None else f" with {payload.type} {one_line(payload.text)}"
    if record.status is Status.CANCELLED and seen.cancelled is not None:
        outcome = cancelled_words(seen.cancelled)
    words = f"{record.id} has ended: it is {record.status.value.replace('_', ' ')}{outcome}"
    return _reason(seen, Because.ENDED, f"{words}{since_words(record.updated_at, seen.now)}.", since=record.updated_at)


def _paused_as_recorded(seen: Seen) -> Reason:
    """Say of a parked instance, or one whose workflow is not known here, what its record says."""
    record = seen.record
    is_parked = not record.detail.startswith("paused")
    pauses = (entry for entry in reversed(seen.entries) if entry.kind in (Kind.PAUSED, Kind.ATTEMPT_FAILED))
    last = None if is_parked else next(pauses, None)
    detail, held_since = without_since(record.detail)
    since = held_since or record.updated_at if last is None else last.recorded_at
    words = f"paused: {detail}" if is_parked else detail
    until = record.wake_up if GOES_ON in detail and not is_parked else None
    return _reason(
        seen,
        Because.PARKED if is_parked else Because.PAUSED,
        f"{record.id} is {one_line(words).rstrip('.')}{since_words(since, seen.now)}."
        f"{enabled_words(detail, seen.disabled)}{_nobody(seen)}",
        since=since,
        until=until,
        address="" if last is None else last.address,
        # What is parked is not read, so it cannot be cancelled either.
        can=(Action(Remedy.MEND), Action(Remedy.RESUME))
        if is_parked
        else (*_resume(detail, until, seen.disabled), Action(Remedy.CANCEL)),
    )


def _stranded(seen: Seen, waits: tuple[Wait, ...]) -> Reason:
    record = seen.record
    nobody = stranded_words(record.workflow, record.version, known_versions(seen.members, record.workflow))
    told = _words(seen, waits[0]) if waits else one_line(record.detail)
    # Nobody runs it, whatever its record says.
    told += " next" if told.startswith("runs ") else ""
    waiting = f"it {told}" if waits else f"its record says: {told}"
    return _reason(
        seen,
        Because.STRANDED,
        f"{record.id} is stranded: {nobody}; {waiting}.",
        until=_until(waits) if waits else record.wake_up,
        can=(Action(Remedy.START_PROCESS, f"{record.workflow} version {record.version}"), Action(Remedy.CANCEL)),
        waits=waits,
    )


def _unclaimed(seen: Seen, waits: tuple[Wait, ...]) -> Reason:
    record, knowing = seen.record, seen.knowing
    alive = f"{len(knowing)} live processes know it" if len(knowing) > 1 else "one live process knows it"
    next_of_all = _words(seen, waits[0]) if waits else one_line(record.detail)
    waiting = f"; then it {next_of_all}" if next_of_all else ""
    since = since_words(record.wake_up, seen.now)
    return _reason(
        seen,
        Because.UNCLAIMED,
        f"{record.id} waits to be claimed{since}: {alive} ({joined(knowing)}){waiting}.",
        since=record.wake_up,
        can=(Action(Remedy.WAIT),),
        waits=waits,
    )


def _recorded(seen: Seen) -> Reason:
    """Say what the record says; what else it waits for only its workflow could tell, where that is not known."""
    record, owner = seen.record, seen.owned_by
    is_known = seen.execution is not None
    unknown = seen.problem or f"workflow {record.workflow} version {record.version} is not known here"
    owned = f", owned by {owner.name} (member {owner.epoch})" if owner is not None else ""
    words = one_line(record.detail) or record.status.value
    told = f"{record.id} {words}, by its record of {ago(record.updated_at, seen.now)}{owned}"
    missing = "" if is_known else f" What it waits for in detail cannot be told: {one_line(unknown).rstrip('.')}."
    return _reason(
        seen,
        Because.RECORDED,
        f"{told}.{missing}",
        since=record.updated_at,
        until=record.wake_up,
        can=(*([Action(Remedy.WAIT)] if is_known else []), Action(Remedy.CANCEL)),
    )


def _of_wait(seen: Seen, waits: tuple[Wait, ...]) -> Reason:
    nearest, waiting = waits[0], waits[0].pending
    since, until = since_of(seen, nearest), _until(waits)
    errors = nearest.place.standing.failed if nearest.place and isinstance(nearest.place.standing, Attempts) else 0
    words = _words(seen, nearest, seen.now, errors=errors)
    owner = seen.owned_by
    if nearest.arrived is not None and owner is not None:
        words = f"{words}, which is with {owner.name} (member {owner.epoch})"
    if isinstance(waiting, EffectToRun) and waiting.not_before is None and owner is not None:
        words = f"is owned by {owner.name} (member {owner.epoch}), which {words}"
    nobody = _nobody(seen) if isinstance(waiting, PausedAt | Held) else ""
    if isinstance(waiting, PausedAt):
        nobody = f"{enabled_words(str(waiting.problem), seen.disabled)}{nobody}"
    return _reason(
        seen,
        because_of(waiting) if nearest.arrived is None else Because.ARRIVED,
        f"{seen.record.id} {words}{since_words(since, seen.now)}.{nobody}",
        since=since,
        until=until,
        address=getattr(waiting, "address", ""),
        can=can_be_done_about(waiting, seen.disabled)
        if nearest.arrived is None
        else (Action(Remedy.WAIT), Action(Remedy.CANCEL)),
        waits=waits,
    )


def _nobody(seen: Seen) -> str:
    """Say that nobody could run an instance if it were resumed."""
    if seen.knowing or seen.owned_by is not None:
        return ""
    record = seen.record
    words = stranded_words(record.workflow, record.version, known_versions(seen.members, record.workflow))
    return f" A resume waits for a process: {words}."


def because_of(waiting: Pending) -> Because:
    """Return in one word what this is."""
    match waiting:
        case EffectToRun(not_before=None):
            return Because.EFFECT
        case EffectToRun():
            return Because.RETRY
        case SignalExpected():
            return Because.SIGNAL
        case TimerRunning():
            return Because.TIMER
        case TaskOffered():
            return Because.TASK
        case ChildToStart():
            return Because.CHILD_TO_START
        case ChildRunning():
            return Because.CHILD
        case ChildToCancel():
            return Because.CHILD_TO_CANCEL
        case ToRecord():
            return Because.RECORDED
        case PausedAt() | Held():
            return Because.PAUSED
        case Stuck():
            return Because.STUCK
        case Outcome():
            return Because.ENDING


def can_be_done_about(waiting: Pending, disabled: Sequence[Disabled] = ()) -> tuple[Action, ...]:
    """Return what can be done, what helps most first; `disabled` are the workflows that are so now."""
    cancel = Action(Remedy.CANCEL)
    match waiting:
        case EffectToRun() | TimerRunning() | ToRecord():
            return (Action(Remedy.WAIT), cancel)
        case SignalExpected(_, node):
            return (Action(Remedy.SEND_SIGNAL, node.signal.name), cancel)
        case TaskOffered(address, by=None):
            return (Action(Remedy.CLAIM_TASK, address), cancel)
        case TaskOffered(address):
            return (Action(Remedy.COMPLETE_TASK, address), cancel)
        case ChildToStart(_, child) | ChildRunning(_, child) | ChildToCancel(_, child):
            return (Action(Remedy.LOOK_AT_CHILD, child.id), cancel)
        case PausedAt(_, problem):
            return (*_resume(str(problem), waiting.resume_at, disabled), cancel)
        case Held():
            return (Action(Remedy.RESUME), cancel)
        case Stuck():
            return (cancel,)
        case Outcome():
            return (Action(Remedy.WAIT),)


def _resume(words: str, until: datetime | None, disabled: Sequence[Disabled]) -> tuple[Action, ...]:
    """Return how a paused step goes on, by the words that say why it is paused, and when it goes on by itself."""
    barring = to_enable(words, disabled)
    wait = () if until is None else (Action(Remedy.WAIT),)
    first = () if barring is None else (Action(Remedy.ENABLE, barring.workflow, barring.version),)
    return (*wait, *first, Action(Remedy.RESUME))
