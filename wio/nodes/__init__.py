"""What is a workflow made of? The whole algebra: `Node` is the closed union of all nodes.

Users see `WIO` and compose with its methods and with the constructors of `wio`. Interpreters `match` over `Node`,
which `node_of` reaches with the only cast there is.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from wio.nodes.checkpoints import Checkpoint, Recovered
from wio.nodes.control import Answer, Arm, Branch, Loop, LoopTest, Machine, Recur, Recursive, Retrying, State
from wio.nodes.joints import (
    Critical,
    During,
    FirstOf,
    ForEach,
    Gathering,
    Handler,
    Hold,
    InRegion,
    Meet,
    Parallel,
    Rest,
    Saga,
    Undoable,
    Watch,
    Watched,
)
from wio.nodes.program import (
    WIO,
    AndThen,
    AnyNode,
    AnyWIO,
    Caught,
    Check,
    Composable,
    Compute,
    Done,
    Err,
    ExactWIO,
    Fail,
    Feed,
    FlatMap,
    Function,
    Guarding,
    HandleError,
    In,
    Interrupted,
    Named,
    Out,
    Passage,
    Pure,
    TransformOutput,
    checked_program,
    children,
    is_program,
    same_structure,
    summary,
)
from wio.nodes.steps import (
    Arrive,
    Draft,
    Drawn,
    HandleSignal,
    Leave,
    OfferTask,
    ParentClose,
    Publish,
    Record,
    RunChild,
    RunIO,
    SetAttributes,
    Timing,
    Wait,
)

__all__ = [
    "WIO",
    "AndThen",
    "Answer",
    "AnyNode",
    "AnyWIO",
    "Arm",
    "Arrive",
    "Branch",
    "Caught",
    "Check",
    "Checkpoint",
    "Composable",
    "Compute",
    "Critical",
    "Done",
    "Draft",
    "Drawn",
    "During",
    "Err",
    "ExactWIO",
    "Fail",
    "Feed",
    "FirstOf",
    "FlatMap",
    "ForEach",
    "Function",
    "Gathering",
    "Guarding",
    "HandleError",
    "HandleSignal",
    "Handler",
    "Hold",
    "In",
    "InRegion",
    "Interrupted",
    "Leave",
    "Loop",
    "LoopTest",
    "Machine",
    "Meet",
    "Named",
    "Node",
    "OfferTask",
    "Out",
    "Parallel",
    "ParentClose",
    "Passage",
    "Publish",
    "Pure",
    "Record",
    "Recovered",
    "Recur",
    "Recursive",
    "Rest",
    "Retrying",
    "RunChild",
    "RunIO",
    "Saga",
    "SetAttributes",
    "State",
    "Timing",
    "TransformOutput",
    "Undoable",
    "Wait",
    "Watch",
    "Watched",
    "checked_program",
    "children",
    "is_program",
    "node_of",
    "same_structure",
    "summary",
]

Node: TypeAlias = (
    Pure
    | Fail
    | Compute
    | Check
    | RunIO
    | HandleSignal
    | Wait
    | Draft
    | Record
    | Publish
    | SetAttributes
    | OfferTask
    | RunChild
    | Leave
    | Arrive
    | AndThen
    | FlatMap
    | TransformOutput
    | Branch
    | Loop
    | Machine
    | Recursive
    | Recur
    | Retrying
    | HandleError
    | Answer
    | Named
    | Parallel
    | ForEach
    | FirstOf
    | Watched
    | InRegion
    | Critical
    | Hold
    | During
    | Gathering
    | Undoable
    | Saga
    | Checkpoint
    | Recovered
)
"""Is the closed union of all nodes: a `match` over it without a wildcard is checked to be complete."""


def node_of(program: WIO[Any, Any, Any]) -> Node:
    """Return the program as the node that it is, for a `match`: the only cast there is, without the call of one."""
    return program  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
