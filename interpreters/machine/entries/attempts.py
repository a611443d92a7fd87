"""What follows from an attempt that failed or was lost?"""

from __future__ import annotations

import attrs
from msgspec.structs import replace
from returns.result import Failure

from interpreters.machine.advance import advance, walk
from interpreters.machine.entries.ends import withdraw_all
from interpreters.machine.entries.moves import decoded_own, mismatch, moved, stayed
from interpreters.machine.execution import CANCELLED, Active, Attempts, Execution, GaveUp
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.recorded import AttemptFailed, AttemptLost, Decided
from interpreters.machine.trying import given_up_with, gives_up
from interpreters.machine.undoing import undos_given_up
from interpreters.machine.words import expectation
from journals.entries import Entry, Kind
from wio.nodes import HandleSignal, RunIO
from wio.retries import GivenUp


def runs_effect(active: Active) -> bool:
    """Tell whether an attempt can be under way: that of a signal which comes now is its sender's affair."""
    return isinstance(active.node, RunIO) or (isinstance(active.node, HandleSignal) and active.kept is not None)


def count_attempt(execution: Execution, active: Active, entry: Entry, observe: Observer | None) -> Execution:
    """Count an attempt that has ended without success, and do what was decided about it."""
    attempts = active.standing
    assert isinstance(attempts, Attempts)
    ended = attempts.ended + 1
    form: type[AttemptLost | AttemptFailed] = AttemptLost if entry.kind is Kind.ATTEMPT_LOST else AttemptFailed
    ending = decoded_own(execution, entry, form)
    if ending.attempt != ended:
        raise mismatch(execution, entry, f"the end of attempt {ended} at {active.address!r}")
    if isinstance(ending, AttemptLost):
        return stayed(execution, replace(active, standing=attrs.evolve(attempts, ended=ended, error=None)))
    match ending.decided:
        case Decided.FAIL:
            return _fail(execution, active, given_up_with(ending), observe)
        case Decided.GIVE_UP:
            if not gives_up(execution.joints, active):
                raise mismatch(execution, entry, expectation(execution))
            return moved(execution, active, active.value, Failure(GaveUp(given_up_with(ending))), observe)
        case Decided.RETRY | Decided.PAUSE:
            error = attrs.evolve(ending.error, traceback="")
            counted = Attempts(ended, attempts.failed + 1, ending.retry_at, ending.until, error, ending.resume_at)
            problem = ending.error if ending.retry_at is None else None
            return stayed(execution, replace(active, standing=counted, problem=problem))


def retry_now(execution: Execution, active: Active, entry: Entry) -> Execution:
    """Let the next attempt be made at once; how many there are, and until when, stays as it was."""
    attempts = active.standing
    if not isinstance(attempts, Attempts) or attempts.retry_at is None:
        raise mismatch(execution, entry, expectation(execution))
    return stayed(execution, replace(active, standing=attrs.evolve(attempts, retry_at=None)))


def _fail(execution: Execution, active: Active, given_up: GivenUp, observe: Observer | None) -> Execution:
    """Withdraw everything, as a cancel does, and let the instance end as failed; what is not undone then is named."""
    moving = Moving(execution, active, observe)
    failing = execution.shared.failing
    before = () if failing is None else failing.given_up.remaining
    remaining = (*before, *undos_given_up(execution.joints, active.home))
    moving.share(failing=GaveUp(attrs.evolve(given_up, remaining=remaining)))
    withdraw_all(moving, execution)
    if moving.threads.find(active.home.prefix) is active:  # it belongs to an undo, or to the handler of a cancel
        walk(moving, None, active.value, CANCELLED, active.scope, active.frames, active.home)
    advance(moving)
    return moving.moved()
