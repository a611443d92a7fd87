"""What can be done with a workflow: run it, drive it by hand, ask it, draw it, test it.

A name is imported when it is first used: whoever only draws does not pay for the runtime, nor the command line for
what a command does not need. This is the one `__getattr__` in the project.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interpreters.errors import (
        DraftReached,
        EffectFailed,
        InstanceExists,
        InstancePaused,
        JournalMismatch,
        NotPaused,
        RuntimeStopped,
        UnexpectedQuery,
        UnexpectedSignal,
        UnknownWorkflow,
        UserFunctionRaised,
        WrongPayload,
    )
    from interpreters.history import activities
    from interpreters.machine.execution import Execution
    from interpreters.machine.pending import (
        EffectToRun,
        Outcome,
        PausedAt,
        Pending,
        SignalExpected,
        TimerRunning,
        answer,
        pending,
    )
    from interpreters.machine.recording import event_entry, fired_entry, signal_entry
    from interpreters.machine.transition import apply, begin, recover
    from interpreters.machine.turn import Turn, first_turn, turn
    from interpreters.render import draw, to_dot, to_json, to_mermaid, to_svg, to_text
    from interpreters.runtime.blocking import BlockingInstance, BlockingRuntime
    from interpreters.runtime.clock import Clock, SystemClock
    from interpreters.runtime.driver import NotHandled
    from interpreters.runtime.effects import EffectContext, NoEffect, effect_context
    from interpreters.runtime.instance import Instance
    from interpreters.runtime.runtime import Runtime
    from interpreters.runtime.threads import Threads, Workers
    from interpreters.tracing import progress

_MODULES = {
    "BlockingInstance": "interpreters.runtime.blocking",
    "BlockingRuntime": "interpreters.runtime.blocking",
    "Clock": "interpreters.runtime.clock",
    "DraftReached": "interpreters.errors",
    "EffectContext": "interpreters.runtime.effects",
    "EffectFailed": "interpreters.errors",
    "EffectToRun": "interpreters.machine.pending",
    "Execution": "interpreters.machine.execution",
    "Instance": "interpreters.runtime.instance",
    "InstanceExists": "interpreters.errors",
    "InstancePaused": "interpreters.errors",
    "JournalMismatch": "interpreters.errors",
    "NoEffect": "interpreters.runtime.effects",
    "NotHandled": "interpreters.runtime.driver",
    "NotPaused": "interpreters.errors",
    "Outcome": "interpreters.machine.pending",
    "PausedAt": "interpreters.machine.pending",
    "Pending": "interpreters.machine.pending",
    "Runtime": "interpreters.runtime.runtime",
    "RuntimeStopped": "interpreters.errors",
    "SignalExpected": "interpreters.machine.pending",
    "SystemClock": "interpreters.runtime.clock",
    "Threads": "interpreters.runtime.threads",
    "TimerRunning": "interpreters.machine.pending",
    "Turn": "interpreters.machine.turn",
    "UnexpectedQuery": "interpreters.errors",
    "UnexpectedSignal": "interpreters.errors",
    "UnknownWorkflow": "interpreters.errors",
    "UserFunctionRaised": "interpreters.errors",
    "Workers": "interpreters.runtime.threads",
    "WrongPayload": "interpreters.errors",
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
    "recover": "interpreters.machine.transition",
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
    "Clock",
    "DraftReached",
    "EffectContext",
    "EffectFailed",
    "EffectToRun",
    "Execution",
    "Instance",
    "InstanceExists",
    "InstancePaused",
    "JournalMismatch",
    "NoEffect",
    "NotHandled",
    "NotPaused",
    "Outcome",
    "PausedAt",
    "Pending",
    "Runtime",
    "RuntimeStopped",
    "SignalExpected",
    "SystemClock",
    "Threads",
    "TimerRunning",
    "Turn",
    "UnexpectedQuery",
    "UnexpectedSignal",
    "UnknownWorkflow",
    "UserFunctionRaised",
    "Workers",
    "WrongPayload",
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
