"""What is undone, and in which order? A saga keeps a list; the latest entry is undone first.

An undo stays on the list until it has ended. One that fails with an error stands at `saga[undo 2]`, where the instance
is paused: no handler takes that error, for what is left on the list would be lost. A resume begins it again, in the
scope `saga[undo 3]`.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from returns.result import Failure

from interpreters.machine.addresses import Scope, arm_scope
from interpreters.machine.branch_order import BODY
from interpreters.machine.checkpoints import parts_around, reach_out
from interpreters.machine.execution import Active, Cancelled, GaveUp, Home, Joint, Strand, UndoFailed
from interpreters.machine.frames import Frames
from interpreters.machine.locking import joints_around
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving
from interpreters.machine.recorded import Problem, storable
from wio.nodes import WIO, Done, Saga, node_of, summary

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
    """Is what a saga knows: what is not undone, how often an undo has begun, and how it ends then (None: it runs)."""

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
    """Return the thread that undoes the latest entry of a saga's list; None when nothing is left."""
    joint: Joint = moving.joint(address)
    undoing: Undoing = joint.more
    undo = _latest(undoing.undos)
    if undo is None:
        return None
    number = undoing.begun + 1
    moving.save(replace(joint, more=replace(undoing, undos=undo, begun=number)))
    scope = arm_scope(address, f"undo {number}")
    if moving.observe is not None:
        moving.observe(None, scope.prefix, undo.program)
    home = Home(scope.prefix, address, f"undo {number}")
    return Strand(node_of(undo.program), undo.done, None, scope, None, home)


def undone(undoing: Undoing) -> Undoing:
    """Return what a saga knows when the undo that ran has ended."""
    undo = _latest(undoing.undos)
    assert undo is not None
    return replace(undoing, undos=undo.below)


def failed_undo(joint: Joint, node: Saga, home: Home, value: Any, error: object) -> Active:
    """Return the place at which the undo that has failed with an error stands, until it is begun again."""
    undoing: Undoing = joint.more
    undo, then = _latest(undoing.undos), undoing.then
    assert undo is not None
    assert then is not None
    failed = UndoFailed(error, then.failure())
    problem = Problem(UndoFailed.__name__, storable(_in_words(summary(undo.program), failed)))
    address = home.prefix.removesuffix("/")
    return Active(node, address, value, Scope(home.prefix), None, home, failed, problem=problem)


def _in_words(undo: str, failed: UndoFailed) -> str:
    why = "the saga was withdrawn" if isinstance(failed.cause, Cancelled) else f"of {_told(failed.cause)}"
    return f"The undo {undo} failed with {_told(failed.error)}. It ran because {why}"


def _told(error: object) -> str:
    if isinstance(error, GaveUp):
        given_up = error.given_up
        return f"{given_up.type}: {given_up.message.rstrip('. ')}, in attempt {given_up.attempts}"
    return f"{error!r:.200}"


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
    """Return what is not undone, in the order in which it will be."""
    found: list[WIO[Any, Any, Any]] = []
    while (undo := _latest(undos)) is not None:
        found.append(undo.program)
        undos = undo.below
    return found


def undos_after(joints: Map[Joint], home: Home) -> tuple[str, ...]:
    """Return the undos that come after the one in which a thread is, in their order; () outside of an undo."""
    return next((_after_first(joint) for joint, key in joints_around(joints, home) if _undoes(joint, key)), ())


def undos_given_up(joints: Map[Joint], home: Home) -> tuple[str, ...]:
    """Return the undos that do not run when a thread ends because the instance fails: those after all that it is in."""
    around = takewhile(lambda around: not around[0].passed, joints_around(joints, home))
    return tuple(undo for joint, key in around if _undoes(joint, key) for undo in _after_first(joint))


def _undoes(joint: Joint, key: str) -> bool:
    return isinstance(joint.node, Saga) and key != BODY


def _after_first(joint: Joint) -> tuple[str, ...]:
    undoing: Undoing = joint.more
    return tuple(summary(program) for program in programs(undoing.undos)[1:])
