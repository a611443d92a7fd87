"""What can be done with a workflow: run it, drive it by hand, ask it, draw it, test it."""

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
from interpreters.machine.pending import answer, pending
from interpreters.machine.transition import apply, begin, recover
from interpreters.progress import progress
from interpreters.render import draw, to_dot, to_json, to_mermaid, to_svg, to_text
from interpreters.runtime.blocking import BlockingInstance, BlockingRuntime
from interpreters.runtime.clock import Clock, SystemClock
from interpreters.runtime.driver import NotHandled
from interpreters.runtime.effects import EffectContext, effect_context
from interpreters.runtime.instance import Instance
from interpreters.runtime.runtime import Runtime

__all__ = [
    "BlockingInstance",
    "BlockingRuntime",
    "Clock",
    "DraftReached",
    "EffectContext",
    "EffectFailed",
    "Execution",
    "Instance",
    "InstanceExists",
    "InstancePaused",
    "JournalMismatch",
    "NotHandled",
    "NotPaused",
    "Runtime",
    "RuntimeStopped",
    "SystemClock",
    "UnexpectedQuery",
    "UnexpectedSignal",
    "UnknownWorkflow",
    "UserFunctionRaised",
    "WrongPayload",
    "activities",
    "answer",
    "apply",
    "begin",
    "draw",
    "effect_context",
    "pending",
    "progress",
    "recover",
    "to_dot",
    "to_json",
    "to_mermaid",
    "to_svg",
    "to_text",
]
