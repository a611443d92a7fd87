"""How is what an execution waits for said in words?"""

from __future__ import annotations

from returns.result import Success

from interpreters.machine.execution import Active, Bond, Cancelled, ChildLink, Deadline, Execution, Offer, Standing
from interpreters.machine.places import places
from wio.nodes import (
    Checkpoint,
    ForEach,
    HandleSignal,
    Loop,
    Machine,
    OfferTask,
    Publish,
    Record,
    Recovered,
    RunChild,
    RunIO,
    Saga,
    SetAttributes,
    Wait,
)

_MOST = 3


def expectation(execution: Execution) -> str:
    """Return what the execution waits for, for the message of an error."""
    ended = execution.outcome
    if ended is not None:
        if ended.recorded:
            return "nothing: it has ended"
        if isinstance(ended.outcome, Success):
            return "its outcome 'completed'"
        cancelled = isinstance(ended.outcome.failure(), Cancelled)
        return f"its outcome {'cancelled' if cancelled else 'failed'!r}"
    standing = places(execution)
    more = f" and {len(standing) - _MOST} more" if len(standing) > _MOST else ""
    said = ", or ".join(f"{_awaited(active)} at {active.address!r}" for active in standing[:_MOST])
    return (said or "nothing: it is stuck") + more


def _awaited(active: Active) -> str:
    if active.problem is not None:
        return "a resume"
    match active.node:
        case RunIO():
            return "the event of the effect"
        case HandleSignal(signal):
            return f"signal {signal.name!r}"
        case Wait():
            known = isinstance(active.standing, Deadline) and active.standing.due is not None
            return "the end of the wait" if known else "the deadline of the wait"
        case OfferTask(task):
            claimed = isinstance(active.standing, Offer) and active.standing.by is not None
            return f"{'the answer to' if claimed else 'a claim of'} task {task.name!r}"
        case RunChild():
            return _awaited_of_child(active.node, active.standing)
        case ForEach():
            return "the elements"
        case Checkpoint() | Loop() | Machine():
            return "the checkpoint"
        case Recovered():
            return "what an older version has recorded"
        case Saga():
            return "a resume"
        case Record():
            return f"the {active.node.drawn.value}"
        case Publish():
            return "the message to publish"
        case SetAttributes():
            return "the attributes"


def _awaited_of_child(node: RunChild, standing: Standing) -> str:
    if not isinstance(standing, ChildLink):
        return f"the start of a child of workflow {node.workflow.name!r}"
    awaits_end = node.waits if standing.bond is Bond.STEP else standing.bond is Bond.WATCH
    return f"that child {standing.id!r} {'has ended' if awaits_end else 'is left'}"
