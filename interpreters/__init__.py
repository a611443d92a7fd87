"""What can be done with a workflow: run it, drive it by hand, ask it, draw it, test it.

A name is imported when it is first used: whoever only draws does not pay for the runtime, nor the command line for
what a command does not need. This is the one `__getattr__` in the project.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interpreters.errors import (
        ChildWithoutResult,
        DraftReached,
        DuplicateKey,
        EffectFailed,
        InstanceCancelled,
        InstanceEnded,
        InstanceExists,
        InstanceFailed,
        InstancePaused,
        InstanceStuck,
        JournalMismatch,
        NotPaused,
        RuntimeStopped,
        SignalRefusal,
        TaskRefusal,
        TaskRefused,
        UndeclaredTarget,
        UnexpectedQuery,
        UnexpectedSignal,
        UnknownWorkflow,
        UnsoundWorkflow,
        UserFunctionRaised,
        WrongPayload,
        WrongReturn,
    )
    from interpreters.history import activities
    from interpreters.machine.execution import Execution
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
    from interpreters.machine.recording import event_entry, fired_entry, signal_entry
    from interpreters.machine.recovery import recover
    from interpreters.machine.transition import apply, begin
    from interpreters.machine.turn import Turn, first_turn, turn
    from interpreters.render import draw, to_dot, to_json, to_mermaid, to_svg, to_text
    from interpreters.runtime.blocking import BlockingInstance, BlockingRuntime
    from interpreters.runtime.clock import Clock, SystemClock
    from interpreters.runtime.driver import NotHandled
    from interpreters.runtime.effects import EffectContext, NoEffect, effect_context
    from interpreters.runtime.instance import Instance
    from interpreters.runtime.runtime import Runtime
    from interpreters.runtime.tasking import OfferedTask
    from interpreters.runtime.threads import Threads, Workers
    from interpreters.tracing import progress

_MODULES = {
    "BlockingInstance": "interpreters.runtime.blocking",
    "BlockingRuntime": "interpreters.runtime.blocking",
    "ChildRunning": "interpreters.machine.pending",
    "ChildToCancel": "interpreters.machine.pending",
    "ChildToStart": "interpreters.machine.pending",
    "ChildWithoutResult": "interpreters.errors",
    "Clock": "interpreters.runtime.clock",
    "DraftReached": "interpreters.errors",
    "DuplicateKey": "interpreters.errors",
    "EffectContext": "interpreters.runtime.effects",
    "EffectFailed": "interpreters.errors",
    "EffectToRun": "interpreters.machine.pending",
    "Execution": "interpreters.machine.execution",
    "Instance": "interpreters.runtime.instance",
    "InstanceCancelled": "interpreters.errors",
    "InstanceEnded": "interpreters.errors",
    "InstanceExists": "interpreters.errors",
    "InstanceFailed": "interpreters.errors",
    "InstancePaused": "interpreters.errors",
    "InstanceStuck": "interpreters.errors",
    "JournalMismatch": "interpreters.errors",
    "NoEffect": "interpreters.runtime.effects",
    "NotHandled": "interpreters.runtime.driver",
    "NotPaused": "interpreters.errors",
    "OfferedTask": "interpreters.runtime.tasking",
    "Outcome": "interpreters.machine.pending",
    "PausedAt": "interpreters.machine.pending",
    "Pending": "interpreters.machine.pending",
    "Runtime": "interpreters.runtime.runtime",
    "RuntimeStopped": "interpreters.errors",
    "SignalExpected": "interpreters.machine.pending",
    "Stuck": "interpreters.machine.pending",
    "SystemClock": "interpreters.runtime.clock",
    "SignalRefusal": "interpreters.errors",
    "TaskOffered": "interpreters.machine.pending",
    "TaskRefusal": "interpreters.errors",
    "TaskRefused": "interpreters.errors",
    "Threads": "interpreters.runtime.threads",
    "TimerRunning": "interpreters.machine.pending",
    "Turn": "interpreters.machine.turn",
    "UndeclaredTarget": "interpreters.errors",
    "UnexpectedQuery": "interpreters.errors",
    "UnexpectedSignal": "interpreters.errors",
    "UnknownWorkflow": "interpreters.errors",
    "UnsoundWorkflow": "interpreters.errors",
    "UserFunctionRaised": "interpreters.errors",
    "Workers": "interpreters.runtime.threads",
    "WrongPayload": "interpreters.errors",
    "WrongReturn": "interpreters.errors",
    "activities": "interpreters.history",
    "answer": "interpreters.machine.pending",
    "apply": "interpreters.machine.transition",
    "begin": "interpreters.machine.transition",
    "draw": "interpreters.render",
    "effect_context": "interpreters.runtime.effects",
    "event_entry": "interpreters.machine.recording",
    "fired_entry": "interpreters.machine.recording",
    "first_turn": "interpreters.machine.turn",
    "pending": "interpreters.machine.pending",
    "progress": "interpreters.tracing",
    "recover": "interpreters.machine.recovery",
    "signal_entry": "interpreters.machine.recording",
    "to_dot": "interpreters.render",
    "to_json": "interpreters.render",
    "to_mermaid": "interpreters.render",
    "to_svg": "interpreters.render",
    "to_text": "interpreters.render",
    "turn": "interpreters.machine.turn",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'interpreters' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


__all__ = [
    "BlockingInstance",
    "BlockingRuntime",
    "ChildRunning",
    "ChildToCancel",
    "ChildToStart",
    "ChildWithoutResult",
    "Clock",
    "DraftReached",
    "DuplicateKey",
    "EffectContext",
    "EffectFailed",
    "EffectToRun",
    "Execution",
    "Instance",
    "InstanceCancelled",
    "InstanceEnded",
    "InstanceExists",
    "InstanceFailed",
    "InstancePaused",
    "InstanceStuck",
    "JournalMismatch",
    "NoEffect",
    "NotHandled",
    "NotPaused",
    "OfferedTask",
    "Outcome",
    "PausedAt",
    "Pending",
    "Runtime",
    "RuntimeStopped",
    "SignalExpected",
    "SignalRefusal",
    "Stuck",
    "SystemClock",
    "TaskOffered",
    "TaskRefusal",
    "TaskRefused",
    "Threads",
    "TimerRunning",
    "Turn",
    "UndeclaredTarget",
    "UnexpectedQuery",
    "UnexpectedSignal",
    "UnknownWorkflow",
    "UnsoundWorkflow",
    "UserFunctionRaised",
    "Workers",
    "WrongPayload",
    "WrongReturn",
    "activities",
    "answer",
    "apply",
    "begin",
    "draw",
    "effect_context",
    "event_entry",
    "fired_entry",
    "first_turn",
    "pending",
    "progress",
    "recover",
    "signal_entry",
    "to_dot",
    "to_json",
    "to_mermaid",
    "to_svg",
    "to_text",
    "turn",
]
