"""Long-lived business processes as immutable values. Start with `run_io`, `>>` and `Workflow`."""

from wio.attributes import AttributeValue
from wio.calls import call, recursive
from wio.checkpoints import checkpoint, recovered
from wio.children import child, start_child
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
from wio.gathering import Meets, arrive, decline, gather, meet
from wio.machines import Goto, States, Stop, machine, state
from wio.meetings import Meeting
from wio.merging import multi_merge
from wio.nodes import WIO, Caught, Done, Interrupted, ParentClose, Rest
from wio.parallel import parallel
from wio.publishing import publish
from wio.receiving import handle_signal, receive_signal, task
from wio.regions import Region
from wio.retries import Exceeded, Exponential, Fixed, GivenUp, Linear, Pause, Retry
from wio.sagas import saga, undoable
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
    set_attributes,
    wait,
    wait_until,
)
from wio.tasks import Signed, Task
from wio.transactions import run_in_transaction
from wio.workflow import Workflow

__all__ = [
    "WIO",
    "Arms",
    "AttributeValue",
    "Catch",
    "Caught",
    "Done",
    "Early",
    "Exceeded",
    "Exponential",
    "Fixed",
    "GivenUp",
    "Goto",
    "Guard",
    "Interrupted",
    "InvalidDefinition",
    "InvalidName",
    "Linear",
    "Meeting",
    "Meets",
    "NoArmMatched",
    "On",
    "ParentClose",
    "Pause",
    "Query",
    "Region",
    "Rest",
    "Retry",
    "Signal",
    "Signed",
    "States",
    "Stop",
    "Task",
    "WioError",
    "Workflow",
    "alongside",
    "arrive",
    "branch",
    "call",
    "catch",
    "check",
    "checkpoint",
    "child",
    "compute",
    "critical",
    "decline",
    "draft",
    "during",
    "fail",
    "first_of",
    "for_each",
    "gather",
    "handle_signal",
    "hold",
    "interrupt",
    "leave",
    "loop",
    "machine",
    "meet",
    "multi_merge",
    "new_uuid",
    "now",
    "on_cancel",
    "parallel",
    "publish",
    "pure",
    "query",
    "race",
    "random_number",
    "receive_signal",
    "recovered",
    "recursive",
    "region",
    "repeat_while",
    "retrying",
    "run_in_transaction",
    "run_io",
    "saga",
    "scope",
    "set_attributes",
    "start_child",
    "state",
    "task",
    "timeout",
    "undoable",
    "wait",
    "wait_until",
    "when",
    "when_some",
]
