"""Long-lived business processes as immutable values. Start with `run_io`, `>>` and `Workflow`."""

from wio.calls import call, recursive
from wio.choice import first_of, race
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
    retrying,
    when,
    when_some,
)
from wio.coordination import critical, during, hold, leave, region
from wio.each import for_each
from wio.errors import InvalidDefinition, InvalidName, WioError
from wio.machines import Goto, States, Stop, machine, state
from wio.nodes import WIO, Caught, Done, Interrupted, Rest
from wio.parallel import parallel
from wio.receiving import handle_signal, receive_signal, task
from wio.regions import Region
from wio.retries import Exponential, Fixed, GivenUp, Linear, Retry
from wio.sagas import UndoFailed, saga, undoable
from wio.scopes import On, alongside, interrupt, on_cancel, scope, timeout
from wio.signals import Early, Query, Signal
from wio.steps import (
    check,
    compute,
    draft,
    fail,
    new_uuid,
    now,
    pure,
    random_number,
    run_io,
    wait,
    wait_until,
)
from wio.tasks import Task
from wio.workflow import Workflow

__all__ = [
    "WIO",
    "Arms",
    "Catch",
    "Caught",
    "Done",
    "Early",
    "Exponential",
    "Fixed",
    "GivenUp",
    "Goto",
    "Guard",
    "Interrupted",
    "InvalidDefinition",
    "InvalidName",
    "Linear",
    "NoArmMatched",
    "On",
    "Query",
    "Region",
    "Rest",
    "Retry",
    "Signal",
    "States",
    "Stop",
    "Task",
    "UndoFailed",
    "WioError",
    "Workflow",
    "alongside",
    "branch",
    "call",
    "catch",
    "check",
    "compute",
    "critical",
    "draft",
    "during",
    "fail",
    "first_of",
    "for_each",
    "handle_signal",
    "hold",
    "interrupt",
    "leave",
    "loop",
    "machine",
    "new_uuid",
    "now",
    "on_cancel",
    "parallel",
    "pure",
    "query",
    "race",
    "random_number",
    "receive_signal",
    "recursive",
    "region",
    "repeat_while",
    "retrying",
    "run_io",
    "saga",
    "scope",
    "state",
    "task",
    "timeout",
    "undoable",
    "wait",
    "wait_until",
    "when",
    "when_some",
]
