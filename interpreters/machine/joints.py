"""What happens where threads begin, come together, or are watched over? The one place that knows all joints."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from returns.result import Failure

from interpreters.machine.addresses import Scope
from interpreters.machine.branches import arrive_at_branches, decide, drained_by, open_first, open_parallel
from interpreters.machine.execution import Home, JointNode
from interpreters.machine.frames import Frames
from interpreters.machine.gathering import arrive_at_gathering, open_gathering
from interpreters.machine.locking import begin_during, joints_around, lock
from interpreters.machine.moving import Moving
from interpreters.machine.watching import arrive_at_part, open_part
from interpreters.machine.withdrawing import go_on
from wio.nodes import Critical, During, FirstOf, ForEach, Gathering, Parallel


def open_joint(moving: Moving, node: JointNode, value: Any, scope: Scope, frames: Frames, home: Home) -> None:
    """Let a thread wait at a joint, and its branches begin. A for-each is opened when its elements are recorded."""
    match node:
        case Parallel():
            open_parallel(moving, node, value, scope, frames, home)
        case FirstOf():
            open_first(moving, node, value, scope, frames, home)
        case Gathering():
            open_gathering(moving, node, value, scope, frames, home)
        case _:
            open_part(moving, node, value, scope, frames, home)


def arrive(moving: Moving, home: Home, value: Any, failure: Failure[Any] | None, scope: Scope) -> None:
    """Take in that a thread has ended, at the joint to which it belongs."""
    assert home.joint is not None
    moving.drop(home.prefix)
    joint = moving.joint(home.joint)
    joint = replace(joint, live=joint.live.without(home.key))
    if joint.closing is not None:
        go_on(moving, joint, joint.closing)
    elif joint.passed:
        drained_by(moving, joint, home.key)
    elif isinstance(joint.node, Parallel | ForEach | FirstOf):
        arrive_at_branches(moving, joint, home.key, value, failure)
    elif isinstance(joint.node, Gathering):
        arrive_at_gathering(moving, joint, home, value, failure)
    else:
        arrive_at_part(moving, joint, home, value, failure, scope)


def begin_work(moving: Moving, home: Home) -> None:
    """Note that something happens in a thread: it takes locks, keeps what a milestone offers, and decides choices.

    Choices come last: what they withdraw lets go of locks and milestones, which this thread has by then.
    """
    around = tuple(joints_around(moving.joints, home))
    for joint, _ in around:
        if isinstance(joint.node, Critical):
            lock(moving, joint, joint.node)
        elif isinstance(joint.node, During):
            begin_during(moving, joint)
    for joint, key in around:
        if isinstance(joint.node, FirstOf) and joint.more is None:
            decide(moving, joint.address, key)
