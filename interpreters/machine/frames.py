"""What remains to be done when the active part of a workflow ends? A stack of frames, top first.

A frame is pushed where the walk goes into a part and popped where it leaves, so a chain of any length and a
`flat_map` recursion of any depth keep the stack as deep as the tree is nested, not as long as the history.

Nothing can refer back to a frame, so frames are no part of a cycle, and the garbage collector need not visit them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from interpreters.machine.addresses import Scope
from wio.nodes import (
    WIO,
    Answer,
    Checkpoint,
    FlatMap,
    HandleError,
    Loop,
    Machine,
    Recursive,
    Retrying,
    State,
    TransformOutput,
    Undoable,
)


class Following(Struct, frozen=True, eq=False, gc=False):
    """Runs `program` on the value."""

    program: WIO[Any, Any, Any]
    below: Frames


class Continuing(Struct, frozen=True, eq=False, gc=False):
    """Runs what the continuation of `node` makes of the value."""

    node: FlatMap
    input: Any
    below: Frames


class Finishing(Struct, frozen=True, eq=False, gc=False):
    """Makes the output of `node` from its input and the value."""

    node: TransformOutput
    input: Any
    below: Frames


class Guarding(Struct, frozen=True, eq=False, gc=False):
    """Runs the handler of `node` on an error that it takes."""

    node: HandleError
    input: Any
    below: Frames


class Answering(Struct, frozen=True, eq=False, gc=False):
    """Answers the query of `node` while the part above it is active."""

    node: Answer
    below: Frames


class Repeating(Struct, frozen=True, eq=False, gc=False):
    """Goes on with the loop `node` at `address`: round `round` is active, in its body or on its way back."""

    node: Loop
    address: str
    round: int
    on_way_back: bool
    outer: Scope
    below: Frames


class Checkpointing(Struct, frozen=True, eq=False, gc=False):
    """Records what the part `node` at `address` has ended with, before anything goes on."""

    node: Checkpoint
    address: str
    outer: Scope
    below: Frames


class Leaving(Struct, frozen=True, eq=False, gc=False):
    """Returns to the scope outside an arm, a handler or a named part."""

    outer: Scope
    below: Frames


class Staying(Struct, frozen=True, eq=False):
    """Goes on with the machine `node` at `address`: it is in `state`; `visits` counts how often it was in each."""

    node: Machine
    address: str
    state: State
    visits: dict[str, int]
    outer: Scope
    below: Frames


class Recursing(Struct, frozen=True, eq=False, gc=False):
    """Returns to the scope outside one level of a recursive part."""

    node: Recursive
    outer: Scope
    below: Frames


class Undoing(Struct, frozen=True, eq=False, gc=False):
    """Puts the undo of an action on the list of the saga around it."""

    node: Undoable
    input: Any
    below: Frames


class Trying(Struct, frozen=True, eq=False, gc=False):
    """Gives its policy to the steps above it, and says how to go on when one of them is given up."""

    node: Retrying
    input: Any
    below: Frames


Frame: TypeAlias = (
    Following
    | Continuing
    | Finishing
    | Guarding
    | Answering
    | Repeating
    | Checkpointing
    | Leaving
    | Staying
    | Recursing
    | Undoing
    | Trying
)

Frames: TypeAlias = Frame | None
"""Is a whole stack: its top frame, or None when nothing remains in this thread."""
