"""How does an instance end, and how is it cancelled?"""

from __future__ import annotations

from msgspec.structs import replace
from returns.result import Failure, Success

from interpreters.machine.advance import advance
from interpreters.machine.entries.holding import let_go
from interpreters.machine.entries.moves import mismatch
from interpreters.machine.execution import CANCELLED, ROOT, Cancelled, Ended, Execution
from interpreters.machine.latest import latest_in
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.withdrawing import withdraw, withdraw_drain
from interpreters.machine.words import expectation
from journals.entries import Entry, Kind


def cancel(execution: Execution, observe: Observer | None) -> Execution:
    """Withdraw everything; what has to be undone is undone first, also in an instance that was paused."""
    moving = Moving(execution, None, observe)
    withdraw_all(moving, execution)
    advance(moving)
    after = moving.moved()
    return after if after.held is None else let_go(after)


def withdraw_all(moving: Moving, execution: Execution) -> None:
    """Withdraw every thread, and what drains. Without a last word anywhere, the instance has ended with that."""
    state = latest_in(execution.threads, execution.joints, ROOT.prefix)
    drains, moving.drains = moving.drains, ()
    for address in drains:
        withdraw_drain(moving, address)
    if not withdraw(moving, ROOT.prefix):
        failing = moving.shared.failing
        before = None if execution.ended is None else execution.ended.state
        moving.ended = Ended(CANCELLED if failing is None else Failure(failing), before if state is None else state[0])


def end_kind(ended: Ended) -> Kind:
    """Return the kind of the entry that records the end of an instance."""
    if isinstance(ended.outcome, Success):
        return Kind.COMPLETED
    return Kind.CANCELLED if isinstance(ended.outcome.failure(), Cancelled) else Kind.FAILED


def record_end(execution: Execution, ended: Ended, entry: Entry) -> Execution:
    """Note that the journal has the end of the instance."""
    if ended.recorded or entry.kind is not end_kind(ended) or entry.address:
        raise mismatch(execution, entry, expectation(execution))
    return replace(execution, seq=entry.seq, ended=replace(ended, recorded=True), touched=())
