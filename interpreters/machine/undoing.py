"""What is undone, and in which order? A saga keeps a list; the latest entry is undone first."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from returns.result import Failure

from interpreters.machine.addresses import arm_scope
from interpreters.machine.checkpoints import parts_around, reach_out
from interpreters.machine.execution import Home, Joint, Strand
from interpreters.machine.frames import Frames
from interpreters.machine.locking import joints_around
from interpreters.machine.moving import Moving
from wio.nodes import WIO, Done, Saga, node_of

Undos: TypeAlias = "Undo | Group | None"
"""Is a list of undos, the latest first, or None when it is empty."""


class Undo(Struct, frozen=True, eq=False):
    """Is an action that can be undone: the program, and what it is given."""

    program: WIO[Any, Any, Any]
    done: Done[Any, Any]
    below: Undos


class Group(Struct, frozen=True, eq=False):
    """Is the list of a saga that ended well, as one entry of the list of the saga around it."""

    inner: Undos
    below: Undos


class Undoing(Struct, frozen=True, eq=False):
    """Is what a saga knows: its list, how many were undone, and how it ends afterwards (None: it still runs)."""

    undos: Undos = None
    begun: int = 0
    then: Failure[Any] | None = None


def add_undo(moving: Moving, frames: Frames, home: Home, undo: Undo | Group) -> None:
    """Put an entry on the list of the nearest saga around a thread; without one, nothing can be undone."""
    for joint, _ in joints_around(moving.joints, home):
        if isinstance(joint.node, Saga) and joint.more.then is None:
            reach_out(moving, parts_around(moving.joints, frames, home, joint.address))
            listed = replace(undo, below=joint.more.undos)
            moving.save(replace(joint, more=replace(joint.more, undos=listed)))
            return


def next_undo(moving: Moving, address: str) -> Strand | None:
    """Return the thread that undoes the latest entry of a saga's list, and take it off; None when nothing is left."""
    joint: Joint = moving.joint(address)
    undoing: Undoing = joint.more
    undo = _latest(undoing.undos)
    if undo is None:
        return None
    number = undoing.begun + 1
    moving.save(replace(joint, more=replace(undoing, undos=undo.below, begun=number)))
    scope = arm_scope(address, f"undo {number}")
    if moving.observe is not None:
        moving.observe(None, scope.prefix, undo.program)
    home = Home(scope.prefix, address, f"undo {number}")
    return Strand(node_of(undo.program), undo.done, None, scope, None, home)


def _latest(undos: Undos) -> Undo | None:
    """Return the list with its groups at the front opened."""
    while isinstance(undos, Group):
        undos = _spliced(undos.inner, undos.below)
    return undos


def _spliced(inner: Undos, below: Undos) -> Undos:
    entries: list[Undo | Group] = []
    while inner is not None:
        entries.append(inner)
        inner = inner.below
    for entry in reversed(entries):
        below = replace(entry, below=below)
    return below


def programs(undos: Undos) -> list[WIO[Any, Any, Any]]:
    """Return what is still to be undone, in the order in which it will be."""
    found: list[WIO[Any, Any, Any]] = []
    while (undo := _latest(undos)) is not None:
        found.append(undo.program)
        undos = undo.below
    return found
