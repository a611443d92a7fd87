"""How is the place that an execution has reached said in words?"""

from __future__ import annotations

from returns.result import Success

from interpreters.machine.execution import Active, Deadline, Ended, Execution
from wio.nodes import HandleSignal, RunIO, Wait


def expectation(execution: Execution) -> str:
    """Return what the execution waits for, for the message of an error."""
    position = execution.position
    if isinstance(position, Ended):
        if position.recorded:
            return "nothing: it has ended"
        return "its outcome 'completed'" if isinstance(position.outcome, Success) else "its outcome 'failed'"
    return f"{_awaited(position)} at {position.address!r}"


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
