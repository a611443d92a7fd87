"""What has an instance done so far? Its journal, replayed, as the progress that a picture shows.

Nothing is run: events come from the journal, and only the pure functions of the workflow are called again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from returns.result import Success

from interpreters.machine.execution import Active, Execution
from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, SignalExpected, TimerRunning, pending
from interpreters.machine.transition import JSON, apply, begin_from, folded
from interpreters.render.progress import Continued, Happening, Mark, Progress, Reached, State
from journals.codecs import Codec
from journals.entries import Entry, Kind
from wio.forms import event_form
from wio.nodes import WIO, FlatMap, HandleSignal, RunIO
from wio.workflow import Workflow

_ENDS = frozenset({Kind.EVENT, Kind.SIGNAL, Kind.TIMER_FIRED})


def progress(workflow: Workflow[Any, Any, Any], entries: Sequence[Entry], codec: Codec = JSON) -> Progress:
    """Return what the entries of an instance, in order from the first, say of every place in its workflow.

    Raises `JournalMismatch`, `WrongPayload` or `UserFunctionRaised` where the journal does not fit the workflow.
    """
    trace: list[Happening] = []

    def observe(dynamic: FlatMap | None, prefix: str, program: WIO[Any, Any, Any]) -> None:
        trace.append(Reached(prefix.rstrip("/")) if dynamic is None else Continued(prefix, program))

    execution = begin_from(workflow, entries[0], codec, observe)
    for entry in entries[1:]:
        before, begun = execution, len(trace)
        execution = apply(before, entry, observe)
        if entry.kind in _ENDS:
            trace.insert(begun, _ended(before, entry))
    trace.extend(_present(execution))
    return Progress(tuple(trace), _outcome(execution))


def _ended(execution: Execution, entry: Entry) -> Reached:
    """Return what became of the active step: a failure when its handler makes one of the event."""
    active = execution.position
    if isinstance(active, Active) and isinstance(active.node, RunIO | HandleSignal) and entry.payload is not None:
        event = execution.codec.decode(entry.payload, event_form(active.node))
        _, failure = folded(active.node, active, event)
        if failure is not None:
            return Reached(entry.address, State.FAILED, _short(failure.failure()))
    return Reached(entry.address, State.DONE)


def _present(execution: Execution) -> tuple[Happening, ...]:
    match pending(execution):
        case EffectToRun(address, _, _, _, attempt, not_before):
            if attempt == 1:
                return (Reached(address, State.RUNNING),)
            again = f", next {not_before:%Y-%m-%d %H:%M:%S} UTC" if not_before else ""
            return (Reached(address, State.RETRYING, f"attempt {attempt}{again}"),)
        case SignalExpected(address, node):
            return (Reached(address, State.WAITING, f"signal {node.signal.name}"),)
        case TimerRunning(address, due):
            return (Reached(address, State.WAITING, f"until {due:%Y-%m-%d %H:%M:%S} UTC" if due else ""),)
        case PausedAt(address, problem):
            return (Reached(address, State.PAUSED, _short(problem)),)
        case Outcome():
            return ()


def _outcome(execution: Execution) -> Mark:
    match pending(execution):
        case Outcome(result):
            if isinstance(result, Success):
                return Mark(State.DONE, _short(result.unwrap()))
            return Mark(State.FAILED, _short(result.failure()))
        case PausedAt():
            return Mark(State.PAUSED)
        case EffectToRun(attempt=1):
            return Mark(State.RUNNING)
        case EffectToRun():
            return Mark(State.RETRYING)
        case SignalExpected() | TimerRunning():
            return Mark(State.WAITING)


def _short(value: object) -> str:
    return f"{value}"[:100]
