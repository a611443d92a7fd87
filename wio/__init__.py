"""Long-lived business processes as immutable values. Start with `run_io`, `>>` and `Workflow`."""

from wio.control import (
    Arms,
    Catch,
    Guard,
    NoArmMatched,
    branch,
    catch,
    loop,
    query,
    repeat_while,
    when,
    when_some,
)
from wio.errors import InvalidDefinition, InvalidName, WioError
from wio.nodes import WIO, Caught
from wio.retries import Exponential, Fixed, Linear, Retry
from wio.signals import Early, Query, Signal
from wio.steps import check, compute, draft, fail, handle_signal, pure, receive_signal, run_io, wait, wait_until
from wio.workflow import Workflow

__all__ = [
    "WIO",
    "Arms",
    "Catch",
    "Caught",
    "Early",
    "Exponential",
    "Fixed",
    "Guard",
    "InvalidDefinition",
    "InvalidName",
    "Linear",
    "NoArmMatched",
    "Query",
    "Retry",
    "Signal",
    "WioError",
    "Workflow",
    "branch",
    "catch",
    "check",
    "compute",
    "draft",
    "fail",
    "handle_signal",
    "loop",
    "pure",
    "query",
    "receive_signal",
    "repeat_while",
    "run_io",
    "wait",
    "wait_until",
    "when",
    "when_some",
]
