"""Which retry policy has a step, and who says how to go on when it is given up?"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.machine.execution import Active, Joint
from interpreters.machine.frames import Frames, Trying
from interpreters.machine.locking import joints_around
from interpreters.machine.maps import Map
from wio.nodes import Retrying, RunIO
from wio.retries import Retry


def policy_of(joints: Map[Joint], active: Active) -> Retry | None:
    """Return the step's own policy, or that of the nearest part around it that has one."""
    if isinstance(active.node, RunIO) and active.node.retry is not None:
        return active.node.retry
    return next((retrying.retry for retrying in _around(joints, active)), None)


def gives_up(joints: Map[Joint], active: Active) -> bool:
    """Tell whether a part around the step says how to go on when it is given up."""
    return any(retrying.give_up is not None for retrying in _around(joints, active))


def _around(joints: Map[Joint], active: Active) -> Iterator[Retrying]:
    yield from _in(active.frames)
    for joint, _ in joints_around(joints, active.home):
        yield from _in(joint.frames)


def _in(frames: Frames) -> Iterator[Retrying]:
    while frames is not None:
        if isinstance(frames, Trying):
            yield frames.node
        frames = frames.below
