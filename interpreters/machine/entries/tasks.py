"""How does a task come from one point of its life to the next?"""

from __future__ import annotations

from typing import cast

import attrs
from msgspec.structs import replace
from returns.result import Failure

from interpreters.machine.advance import advance
from interpreters.machine.calling import call
from interpreters.machine.entries.moves import decoded, decoded_own, mismatch, moved, outcome_of, stayed
from interpreters.machine.execution import Active, Execution, Offer
from interpreters.machine.joints import begin_work
from interpreters.machine.locking import is_blocked
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.recorded import Claim, Offered
from interpreters.machine.words import expectation
from journals.entries import Entry, Kind, Payload
from wio.nodes import OfferTask
from wio.tasks import Signed


def on_task(execution: Execution, active: Active, node: OfferTask, entry: Entry, observe: Observer | None) -> Execution:
    """Return the execution after one event in the life of a task, as far as it is at that point."""
    offer = active.standing
    assert isinstance(offer, Offer)
    kind = entry.kind
    if kind is Kind.TASK_OFFERED and offer.sent is None and entry.payload is not None:
        return stayed(execution, replace(active, standing=Offer(entry.payload, _to(execution, entry.response))))
    if offer.sent is None or is_blocked(execution, active):
        raise mismatch(execution, entry, expectation(execution))
    is_claimed = offer.by is not None
    if kind is Kind.TASK_CLAIMED and not is_claimed:
        by = decoded_own(execution, entry, Claim).by
        moving = Moving(execution, active, observe)
        begin_work(moving, active.home)
        moving.put(replace(active, standing=attrs.evolve(offer, by=by)))
        advance(moving)
        return moving.moved()
    if kind is Kind.TASK_STARTED and is_claimed and not offer.started:
        return stayed(execution, replace(active, standing=attrs.evolve(offer, started=True)))
    if kind is Kind.TASK_HEARTBEAT and is_claimed:
        return stayed(execution, active)
    if kind is Kind.TASK_RELEASED and is_claimed:
        return stayed(execution, replace(active, standing=attrs.evolve(offer, by=None, started=False)))
    if kind is Kind.TASK_DELEGATED:
        return stayed(execution, replace(active, standing=Offer(offer.sent, entry.payload)))
    if (kind is Kind.TASK_COMPLETED and is_claimed) or kind is Kind.TASK_SKIPPED:
        output = decoded(execution.codec, entry, node.task.output)
        if node.task.signs:
            output = Signed(output, None if kind is Kind.TASK_SKIPPED else offer.by)
        result = output if node.handler is None else call(node.handler, active.address, active.value, output)
        return moved(execution, active, *outcome_of(result, active.value), observe)
    if kind is Kind.TASK_FAILED and is_claimed and node.task.error is not None:
        error = decoded(execution.codec, entry, node.task.error)
        return moved(execution, active, active.value, Failure(error), observe)
    raise mismatch(execution, entry, expectation(execution))


def _to(execution: Execution, offered: Payload | None) -> Payload | None:
    """Return to whom a task is offered. Earlier journals have only that there, and not which task it is."""
    if offered is None or offered.type != Offered.__stored_name__:
        return offered
    return cast(Offered, execution.codec.decode(offered, Offered)).to
