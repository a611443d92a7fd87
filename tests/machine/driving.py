"""How is a workflow driven by hand? A stimulus at a time becomes an entry, the entry a turn."""

from __future__ import annotations

import contextlib
import signal as signals
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from msgspec.structs import replace
from returns.result import Failure, Success

from interpreters.errors import ChildWithoutResult, UnexpectedQuery, UserFunctionRaised
from interpreters.machine.execution import CANCELLED, Execution, GaveUp, Held
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
    answer,
    pending,
)
from interpreters.machine.questions import facts_of
from interpreters.machine.recorded import Loss, Note
from interpreters.machine.recording import (
    answered_entry,
    cancel_entry,
    child_ended_entry,
    child_left_entry,
    claimed_entry,
    delegated_entry,
    event_entry,
    failure_entry,
    fired_entry,
    hold_entry,
    kept_entry,
    lost_entry,
    noted_entry,
    pause_entry,
    resume_entry,
    signal_entry,
)
from interpreters.machine.turn import Turn, first_turn, turn
from journals.entries import Entry, Kind
from tests.machine.programs import AT, ERRORS, FAR, NEAR, PARITY, TELL, Low
from wio import GivenUp, Query, Signal, Workflow

_LONGEST = 60
_ENDLESS_SECONDS = 20.0


@attrs.frozen(eq=False)
class Played:
    """Is what a workflow made of some stimuli: its turns, in order."""

    turns: tuple[Turn, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for each in self.turns for entry in each.entries)

    @property
    def last(self) -> Turn:
        return self.turns[-1]


def begun(workflow: Workflow[Any, Any, Any], value: object, at: datetime = AT) -> Turn:
    """Return the first turn."""
    return first_turn(workflow, value, at, chance=chance)


def waiting(here: Turn) -> Pending:
    """Return the only thing that is pending."""
    (only,) = pending(here.execution)
    return only


def chance() -> float:
    return 0.25


def _address(here: Turn) -> str:
    only = waiting(here)
    assert not isinstance(only, Outcome | Stuck)
    return only.address


def then(here: Turn, entry: Entry, at: datetime = AT) -> Turn:
    """Return the turn that an entry makes."""
    return turn(here.execution, entry, at, chance)


def ran(here: Turn, event: object, at: datetime = AT, address: str | None = None) -> Turn:
    """Return the turn after an effect, the only one unless it is named, has ended with an event."""
    return then(here, event_entry(here.execution, address or _address(here), event, at), at)


def signalled(here: Turn, event: object, key: str | None = None, at: datetime = AT, address: str | None = None) -> Turn:
    """Return the turn after the effect of a signal step has made an event."""
    return then(here, signal_entry(here.execution, address or _address(here), event, key, at), at)


def failed(here: Turn, error: BaseException, at: datetime = AT, address: str | None = None) -> Turn:
    """Return the turn after an effect has raised."""
    return then(here, failure_entry(here.execution, address or _address(here), error, at, 0.0), at)


def lost(here: Turn, at: datetime = AT, address: str | None = None) -> Turn:
    """Return the turn after an effect was lost."""
    return then(here, lost_entry(here.execution, address or _address(here), Loss.CRASH, at), at)


def fired(here: Turn, at: datetime, address: str | None = None) -> Turn:
    """Return the turn after a wait."""
    return then(here, fired_entry(here.execution, address or _address(here), at), at)


def resumed(here: Turn, at: datetime = AT, address: str | None = None) -> Turn:
    """Return the turn after a resume."""
    return then(here, resume_entry(here.execution, address or _address(here), at), at)


def cancelled(here: Turn, at: datetime = AT) -> Turn:
    """Return the turn after the command to cancel."""
    return then(here, cancel_entry(here.execution, at), at)


def kept(here: Turn, signal: Signal[Any, Any], request: object, key: str | None = None, at: datetime = AT) -> Turn:
    """Return the turn after a signal that is kept."""
    return then(here, kept_entry(here.execution, signal, request, key, at), at)


def claimed(here: Turn, address: str, by: str = "ann", at: datetime = AT) -> Turn:
    """Return the turn after the claim of a task."""
    return then(here, claimed_entry(here.execution, address, by, at), at)


def done(here: Turn, address: str, output: object, at: datetime = AT) -> Turn:
    """Return the turn after a claimed task has been completed."""
    return then(here, answered_entry(here.execution, address, Kind.TASK_COMPLETED, output, at), at)


def play(workflow: Workflow[Any, Any, Any], value: object, stimuli: Sequence[int], *, early: bool = True) -> Played:
    """Drive a workflow with numbers until they are used up, or it ends: a number is what an effect or signal brings.

    Some numbers bring something else: a failed or a lost attempt, a cancel, a pause, or (with `early`) a signal that
    comes early. While the numbers last, whatever has to be waited for comes. What the machine refuses, since a
    function of the program raises on it, does not happen.
    """
    with _soon():
        turns = [begun(workflow, value)]
    at = AT
    for number in stimuli[:_LONGEST]:
        here = turns[-1]
        if isinstance(pending(here.execution)[0], Outcome):
            break
        at = _time_of(_chosen(here, number), at + timedelta(seconds=1))
        following = _played(workflow, here, number, at, early=early)
        if following is not None:
            turns.append(following)
    return Played(tuple(turns))


def play_on(workflow: Workflow[Any, Any, Any], here: Turn, stimuli: Sequence[int]) -> Turn:
    """Return the last turn after some more numbers, long after."""
    return [here, *turns_on(workflow, here, stimuli)][-1]


def turns_on(workflow: Workflow[Any, Any, Any], here: Turn, stimuli: Sequence[int]) -> Iterator[Turn]:
    """Yield the turns after some more numbers, long after."""
    for number in stimuli:
        if not isinstance(pending(here.execution)[0], Outcome):
            at = _time_of(_chosen(here, number), AT + timedelta(days=30))
            following = _played(workflow, here, number, at, early=False)
            if following is not None:
                here = following
                yield here


def _chosen(here: Turn, number: int) -> Pending:
    ready = pending(here.execution)
    return ready[(number // 51) % len(ready)]


def _played(workflow: Workflow[Any, Any, Any], here: Turn, number: int, at: datetime, *, early: bool) -> Turn | None:
    with _soon():
        try:
            entry = _entry(here, workflow, _chosen(here, number), number, at, early=early)
            return None if entry is None else then(here, entry, at)
        except UserFunctionRaised:
            return None


@contextlib.contextmanager
def _soon() -> Iterator[None]:
    """Fail when a transition does not end."""

    def late(_number: int, _frame: object) -> None:
        raise AssertionError("the transition does not end")

    before = signals.signal(signals.SIGALRM, late)
    signals.setitimer(signals.ITIMER_REAL, _ENDLESS_SECONDS)
    try:
        yield
    finally:
        signals.setitimer(signals.ITIMER_REAL, 0)
        signals.signal(signals.SIGALRM, before)


def _time_of(chosen: Pending, at: datetime) -> datetime:
    match chosen:
        case TimerRunning(_, due) | EffectToRun(not_before=due):
            return max(at, due or at)
        case _:
            return at


def _entry(
    here: Turn, workflow: Workflow[Any, Any, Any], chosen: Pending, number: int, at: datetime, *, early: bool
) -> Entry | None:
    execution = here.execution
    if number % 1_000 == 999:
        return cancel_entry(execution, at)
    brought = number % 51
    if number % 97 == 96 and execution.held is None:
        return hold_entry(execution, at, Note("ann", "hm"))
    if early and brought % 5 == 4:
        signal = TELL if brought % 2 else PARITY
        if facts_of(workflow).may_take(signal.name):
            return kept_entry(execution, signal, brought, f"key {number}", at)
    match chosen:
        case EffectToRun(address=address, kept=early_one):
            if brought % 7 == 5:
                error = ERRORS[brought // 7 % len(ERRORS)](f"number {brought}")
                return failure_entry(execution, address, error, at, 0.0)
            if brought % 7 == 6:
                return lost_entry(execution, address, Loss.CRASH, at)
            if early_one is not None:
                return signal_entry(execution, address, brought, early_one.key, at)
            return event_entry(execution, address, _event(chosen, brought), at)
        case SignalExpected(address):
            return signal_entry(execution, address, brought, None, at)
        case TimerRunning(address):
            return (
                pause_entry(execution, address, OSError("hm"), at)
                if brought == 49
                else fired_entry(execution, address, at)
            )
        case TaskOffered():
            return _of_task(execution, chosen, brought, at)
        case ChildToStart(address) | ChildToCancel(address):
            return child_left_entry(execution, address, at)
        case ChildRunning(address):
            return _of_child(execution, address, brought, at)
        case PausedAt(address):
            return resume_entry(execution, address, at)
        case Held():
            under_way = [each for each in pending(replace(execution, held=None)) if isinstance(each, EffectToRun)]
            if under_way and brought % 2:
                ends = under_way[brought % len(under_way)]
                return _entry(here, workflow, ends, number, at, early=early)
            return resume_entry(execution, "", at)
        case Stuck():
            return None
        case Outcome():
            raise AssertionError("it has ended")


def _of_task(execution: Execution, chosen: TaskOffered, brought: int, at: datetime) -> Entry:
    address = chosen.address
    if brought % 13 == 12:
        return delegated_entry(execution, address, "bob", at)
    if brought % 13 == 11:
        return answered_entry(execution, address, Kind.TASK_SKIPPED, brought, at)
    if chosen.by is None:
        return claimed_entry(execution, address, "ann", at)
    if brought % 13 == 10:
        return answered_entry(execution, address, Kind.TASK_FAILED, Low(brought), at)
    if brought % 13 in (8, 9):
        kind = Kind.TASK_RELEASED if brought % 13 == 8 else Kind.TASK_HEARTBEAT
        return noted_entry(execution, address, kind, "ann", "", at)
    return answered_entry(execution, address, Kind.TASK_COMPLETED, brought, at)


def _of_child(execution: Execution, address: str, brought: int, at: datetime) -> Entry:
    """Return what the end of a child is recorded as: of a cancelled one, sometimes, that nobody can go on."""
    ends = {8: CANCELLED, 7: Failure(Low(brought)), 6: Failure(GaveUp(GivenUp("OSError", "hm", 1)))}
    outcome = Outcome(ends.get(brought % 9, Success(brought)), recorded=True)
    try:
        return child_ended_entry(execution, address, outcome, at)
    except ChildWithoutResult as problem:
        return pause_entry(execution, address, problem, at)


def _event(chosen: EffectToRun, number: int) -> object:
    """Return what the real effect would, or the number itself where the effect returns a number."""
    made = chosen.function(*chosen.arguments)
    return number if isinstance(made, int) else attrs.evolve(made, number=number)


def answers(execution: Execution) -> tuple[str, ...]:
    """Return the answers to both questions; a question that nobody answers gives the reason."""
    return tuple(_answered(execution, question) for question in (NEAR, FAR))


def _answered(execution: Execution, question: Query[str]) -> str:
    try:
        return answer(execution, question)
    except UnexpectedQuery as error:
        return str(error)


def seen(execution: Execution) -> tuple[tuple[Pending, ...], tuple[str, ...]]:
    """Return all that can be observed of an execution from outside."""
    return pending(execution), answers(execution)


def told(entries: Iterable[Entry]) -> list[tuple[str, str, str]]:
    """Return kind, address and text of each entry: what one run has in common with another."""
    return [(each.kind.value, each.address, each.payload.text if each.payload else "") for each in entries]
