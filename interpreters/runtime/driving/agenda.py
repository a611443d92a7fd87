"""What does an instance wait for, all in all? Kept up to date turn by turn, so that a large instance costs no more."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias, TypeGuard

from msgspec import Struct
from msgspec.structs import replace
from returns.result import Success

from interpreters.machine.execution import Active, Execution, Held
from interpreters.machine.locking import blocker
from interpreters.machine.mailbox import given_key, wanted_key
from interpreters.machine.pending import (
    ChildRunning,
    ChildToCancel,
    ChildToSee,
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
from interpreters.runtime.driving.foremost import Foremost
from journals.entries import Status
from wio.nodes import HandleSignal, OfferTask
from wio.signals import Signal

_Wanted: TypeAlias = tuple[str, str | None]
"""Is the name of a signal, and the key that its request must have, or None where every request will do."""

GOES_ON = "; goes on at "
"""Is what the detail of a paused instance says before the time at which the pause ends by itself."""

_MOST_IN_DETAIL = 3
_CHILDREN = (ChildToStart, ChildRunning, ChildToCancel)
_MOST_CHARACTERS = 1_000
_MOST_OF_REST = 400
_MOST_OF_ERROR = 200


class Changes(Struct, frozen=True):
    """Is what a turn has changed: what can be done now, and the addresses where an effect cannot end any more."""

    ready: tuple[EffectToRun | ChildToSee, ...]
    gone: tuple[str, ...]


class Agenda:
    """Holds what every thread of an instance waits for, by the thread's prefix."""

    __slots__ = (
        "_children",
        "_correlated",
        "_dues",
        "_effects",
        "_foremost",
        "_foremost_paused",
        "_held",
        "_outcome",
        "_paused",
        "_signals",
        "_waiting",
        "_wanted",
    )

    def __init__(self) -> None:
        self._waiting: dict[str, Pending] = {}
        self._dues: list[tuple[datetime, str]] = []
        self._effects = 0
        self._paused: dict[str, PausedAt] = {}
        self._children: dict[str, ChildToSee] = {}
        self._held: Held | None = None
        self._outcome: Outcome | None = None
        self._signals: dict[_Wanted, list[Active]] = {}
        self._wanted: dict[str, tuple[_Wanted, Active]] = {}
        self._correlated: dict[str, Signal[Any, Any]] = {}
        self._foremost, self._foremost_paused = Foremost(_MOST_IN_DETAIL), Foremost(_MOST_IN_DETAIL)

    @classmethod
    def of(cls, execution: Execution) -> tuple[Agenda, Changes]:
        """Return the agenda of an execution, and what it has to do first. Raises like `pending`."""
        agenda = cls()
        return agenda, agenda.update(execution, sorted(execution.threads))

    @property
    def outcome(self) -> Outcome | None:
        """Is the end of the instance, or None."""
        return self._outcome

    @property
    def first_problem(self) -> PausedAt | None:
        """Is the place that was paused first, or None."""
        return next(iter(self._paused.values()), None)

    def problems(self) -> tuple[PausedAt, ...]:
        """Return all places that are paused."""
        return tuple(self._paused.values())

    def effects(self) -> tuple[EffectToRun, ...]:
        """Return all effects that can run now or later."""
        return tuple(each for each in self._waiting.values() if isinstance(each, EffectToRun))

    def children(self) -> tuple[ChildToSee, ...]:
        """Return all children that have to be seen to."""
        return tuple(self._children.values())

    def update(self, execution: Execution, touched: Iterable[str]) -> Changes:
        """Take over what a turn has changed in some threads. In a held instance nothing becomes ready."""
        was_held, self._held = self._held is not None, execution.held
        if self._held is None and was_held:
            touched = sorted({*touched, *execution.threads})
        ready: list[EffectToRun | ChildToSee] = []
        gone: list[str] = []
        for prefix in touched:
            before = self._leave(prefix)
            place = execution.threads.find(prefix)
            now = self._enter(execution, prefix, place) if isinstance(place, Active) else None
            if isinstance(before, EffectToRun) and not (
                isinstance(now, EffectToRun) and (now.address, now.attempt) == (before.address, before.attempt)
            ):
                gone.append(before.address)
            if can_be_done(now) and (was_held or not (isinstance(now, _CHILDREN) and now == before)):
                ready.append(now)
        ended = execution.outcome
        self._outcome = None if ended is None else Outcome(ended.outcome, ended.recorded)
        return Changes(() if self._held is not None else tuple(ready), tuple(gone))

    def _leave(self, prefix: str) -> Pending | None:
        before = self._waiting.pop(prefix, None)
        if isinstance(before, EffectToRun):
            self._effects -= before.not_before is None
        elif isinstance(before, SignalExpected):
            wanted, place = self._wanted.pop(prefix)
            waiting = self._signals[wanted]
            del waiting[bisect_left(waiting, _turn_of(place), key=_turn_of)]
            if not waiting:
                del self._signals[wanted]
        self._paused.pop(prefix, None)
        self._children.pop(prefix, None)
        return before

    def _enter(self, execution: Execution, prefix: str, place: Active) -> Pending | None:
        node = place.node
        waiting: Pending | None
        # Whether a lock keeps a signal or a task away changes without the place: that is asked when one comes.
        if isinstance(node, HandleSignal) and place.kept is None and place.problem is None:
            waiting = SignalExpected(place.address, node)
            wanted = (node.signal.name, wanted_key(place, node))
            self._wanted[prefix] = (wanted, place)
            insort(self._signals.setdefault(wanted, []), place, key=_turn_of)
            if wanted[1] is not None:
                self._correlated[node.signal.name] = node.signal
        else:
            waiting = pending_at(execution, place)
        match waiting:
            case EffectToRun(not_before=None):
                self._effects += 1
            case EffectToRun(not_before=datetime() as due) | TimerRunning(_, datetime() as due):
                heapq.heappush(self._dues, (due, prefix))
            case PausedAt():
                if waiting.resume_at is not None:
                    heapq.heappush(self._dues, (waiting.resume_at, prefix))
                self._paused[prefix] = waiting
                self._foremost_paused.note(prefix, waiting)
            case ChildToStart() | ChildRunning() | ChildToCancel():
                self._children[prefix] = waiting
            case _:
                pass
        if waiting is not None:
            self._waiting[prefix] = waiting
            self._foremost.note(prefix, waiting)
        return waiting

    def waiting_for(self, signal: str, request: object) -> Iterator[Active]:
        """Yield the places that wait for a request: those for its key first, then those that take every one.

        Of either, that which has waited longest comes first, by what the journal says: no restart changes it.
        """
        # The workflow's own signal says what the key is; a sender may know the signal by its name and types only.
        correlated = self._correlated.get(signal)
        if correlated is not None:
            key = given_key(correlated, request, f"signal {signal}")
            yield from self._signals.get((signal, key), ())
        yield from self._signals.get((signal, None), ())

    def take_due(self, now: datetime) -> EffectToRun | TimerRunning | PausedAt | None:
        """Return the timer, the effect to be tried again, or the pause whose time has come first; None before the next.

        Such an effect can run now. A timer is due until it has been fired, a pause until it is resumed.
        """
        nearest = self._nearest()
        if nearest is None or nearest[0] > now or self._held is not None:
            return None
        waiting = self._waiting[nearest[1]]
        if isinstance(waiting, EffectToRun):
            self._waiting[nearest[1]] = replace(waiting, not_before=None)
            self._effects += 1
            return waiting
        return waiting if isinstance(waiting, TimerRunning | PausedAt) else None

    def wake_up(self) -> datetime | None:
        """Return the time at which the instance goes on by itself, or None."""
        nearest = self._nearest()
        return None if nearest is None or self._held is not None else nearest[0]

    def look_at(self, now: datetime) -> datetime | None:
        """Return the time at which the next process has to look, when this one is gone without a word.

        With a child to be seen to, that is now: it may have begun or ended without being told of.
        """
        return now if self._children and self._held is None else self.wake_up()

    def _nearest(self) -> tuple[datetime, str] | None:
        while self._dues:
            due, prefix = self._dues[0]
            if due_of(self._waiting.get(prefix)) == due:
                return due, prefix
            heapq.heappop(self._dues)
        return None

    def status(self, execution: Execution) -> Status:
        """Return the status that the record of the instance has."""
        if self._held is not None:
            return Status.PAUSED
        if self._outcome is not None:
            if self._outcome.is_cancelled:
                return Status.CANCELLED
            return Status.COMPLETED if isinstance(self._outcome.result, Success) else Status.FAILED
        if self._effects:
            return Status.RUNNING
        if self._paused:
            return Status.PAUSED
        return Status.STUCK if self._is_stuck(execution) else Status.WAITING

    def _is_stuck(self, execution: Execution) -> bool:
        if self._nearest() is not None or self._children:
            return False
        places = (execution.threads.find(prefix) for prefix in self._waiting)
        locks = execution.shared.locks
        return not any(
            isinstance(place, Active)
            and isinstance(place.node, HandleSignal | OfferTask)
            and blocker(execution.joints, locks, place.home) is None
            for place in places
        )

    def detail(self, execution: Execution) -> str:
        """Return a sentence for people about what the instance waits for."""
        if self._outcome is not None:
            return ""
        if self._held is not None:
            return f"{self._held}"[:_MOST_CHARACTERS]
        told: Mapping[str, Pending] = self._paused or self._waiting
        count = len(told)
        said = "; ".join(map(described, (self._foremost_paused if self._paused else self._foremost).of(told)))
        more = f"; and {count - _MOST_IN_DETAIL} more" if count > _MOST_IN_DETAIL else ""
        stuck = "" if self._effects or not self._is_stuck(execution) else f"stuck: {why_stuck(execution)}"
        return ((said + more) if not stuck or self._paused else stuck)[:_MOST_CHARACTERS]


def _turn_of(place: Active) -> tuple[int, str]:
    return place.since, place.address


def can_be_done(waiting: Pending | None) -> TypeGuard[EffectToRun | ChildToSee]:
    """Tell whether a runtime has something to do for this now."""
    return isinstance(waiting, _CHILDREN) or (isinstance(waiting, EffectToRun) and waiting.not_before is None)


def due_of(waiting: Pending | None) -> datetime | None:
    """Return the time at which this goes on by itself, or None."""
    match waiting:
        case EffectToRun():
            return waiting.not_before
        case TimerRunning(_, due):
            return due
        case PausedAt():
            return waiting.resume_at
        case _:
            return None


def _retried(effect: EffectToRun) -> str:
    """Say which attempt comes, of how many, when, and what the one before has failed with."""
    attempt = f"attempt {effect.attempt}" + ("" if effect.attempts is None else f" of {effect.attempts}")
    if effect.not_before is None:
        return f"runs {effect.address} again, {attempt}"
    error = "" if effect.error is None else f", after {' '.join(str(effect.error).split())}"[:_MOST_OF_ERROR]
    return f"retries {effect.address}, {attempt}, at {effect.not_before:%Y-%m-%d %H:%M:%S} UTC{error}"


def _paused(paused: PausedAt) -> str:
    """Say where an instance is paused, after how many errors, until when, and what is still to be undone then."""
    errors = f" after {paused.errors} errors" if paused.errors > 1 else ""
    until = "" if paused.resume_at is None else f"{GOES_ON}{paused.resume_at:%Y-%m-%d %H:%M:%S} UTC"
    rest = f"; still to be undone after it: {', '.join(paused.remaining)}"[:_MOST_OF_REST] if paused.remaining else ""
    after = until + rest
    return f"paused at {paused.address}{errors}: {paused.problem}"[: _MOST_CHARACTERS - len(after)] + after


def described(waiting: Pending) -> str:
    """Return a sentence for people about one thing that an instance waits for."""
    match waiting:
        case EffectToRun(address, attempt=1):
            return f"runs {address}"
        case EffectToRun():
            return _retried(waiting)
        case SignalExpected(address, node):
            return f"waits for signal {node.signal.name} at {address}"
        case TimerRunning(address, due):
            return f"waits at {address} until {due:%Y-%m-%d %H:%M:%S} UTC" if due else f"waits at {address}"
        case TaskOffered(address, node, _, by):
            claimed = f", claimed by {by}" if by is not None else ""
            return f"offers task {node.task.name} at {address}{claimed}"
        case ChildToStart(address, child):
            return f"starts child {child.id} at {address}"
        case ChildRunning(address, child):
            return f"waits for child {child.id} at {address}"
        case ChildToCancel(address, child):
            return f"cancels child {child.id} at {address}"
        case ToRecord(address):
            return f"records {address}"
        case PausedAt():
            return _paused(waiting)
        case Held():
            return f"{waiting}"
        case Stuck(reason):
            return f"stuck: {reason}"
        case Outcome():
            return ""
