"""Which part may go on? Locks that one part at a time has, and milestones that open parts for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from interpreters.machine.execution import Active, Execution, Home, Joint
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving
from wio.nodes import Critical, During, ForEach, OfferTask


def joints_around(joints: Map[Joint], home: Home) -> Iterator[tuple[Joint, str]]:
    """Yield the joints that a thread is in, the innermost first, each with the key of the branch that leads to it."""
    while home.joint is not None:
        joint = joints[home.joint]
        yield joint, home.key
        home = joint.home


def blocker(joints: Map[Joint], locks: Mapping[str, str], home: Home) -> Joint | None:
    """Return the part that has a lock which a thread needs to begin something, or None."""
    if not locks:
        return None
    around = [joint for joint, _ in joints_around(joints, home)]
    inside = {joint.address for joint in around}
    for joint in around:
        if isinstance(joint.node, Critical):
            holder = locks.get(joint.node.lock)
            if holder is not None and holder not in inside:
                return joints[holder]
    return None


def is_blocked(execution: Execution, active: Active) -> bool:
    """Tell whether another part has a lock that a place needs before anything can happen there."""
    return blocker(execution.joints, execution.shared.locks, active.home) is not None


def needs_lock(execution: Execution, active: Active) -> bool:
    """Tell whether a place is in a part that needs a lock before anything can begin there."""
    return any(isinstance(joint.node, Critical) for joint, _ in joints_around(execution.joints, active.home))


def lock(moving: Moving, joint: Joint, critical: Critical) -> None:
    """Give a part its lock, unless a part around it has it."""
    if critical.lock not in moving.shared.locks:
        moving.share(locks={**moving.shared.locks, critical.lock: joint.address})


def unlock(moving: Moving, name: str, address: str) -> None:
    """Take a lock from the part at an address, if it has it."""
    locks = moving.shared.locks
    if locks.get(name) == address:
        moving.share(locks={other: holder for other, holder in locks.items() if other != name})
        moving.loose = True
        if moving.freed is not None:
            moving.freed |= {name}


def gate(moving: Moving, active: Active) -> Active:
    """Return a place: where an effect starts on arrival, with the locks around it, or gated until they are free."""
    if not moving.shared.gates or isinstance(active.node, OfferTask | ForEach):
        return active
    if blocker(moving.joints, moving.shared.locks, active.home) is not None:
        moving.share(gated=(*moving.shared.gated, active.home.prefix))
        return replace(active, gated=True)
    _begin(moving, active)
    return active


def _begin(moving: Moving, active: Active) -> None:
    for joint, _ in joints_around(moving.joints, active.home):
        if isinstance(joint.node, Critical):
            lock(moving, joint, joint.node)
        elif isinstance(joint.node, During):
            begin_during(moving, joint)


def regate(moving: Moving) -> None:
    """Let effects start that waited for a lock, in the order in which they came to wait."""
    freed, moving.freed = moving.freed, frozenset()
    waiting = moving.shared.gated
    still: list[str] = []
    for index, prefix in enumerate(waiting):
        if freed is not None and all(_is_taken_by_one(moving, name) for name in freed):
            still.extend(waiting[index:])
            break
        active = moving.threads.find(prefix)
        if not isinstance(active, Active) or not active.gated:
            continue
        if blocker(moving.joints, moving.shared.locks, active.home) is not None:
            still.append(prefix)
            continue
        _begin(moving, active)
        moving.put(replace(active, gated=False))
    moving.share(gated=tuple(still))


def _is_taken_by_one(moving: Moving, lock: str) -> bool:
    """Tell whether a part with one thread has a lock: then nobody else can go on because of it."""
    address = moving.shared.locks.get(lock)
    if address is None:
        return False
    holder = moving.joint(address)
    return not holder.drains and all(isinstance(moving.threads.find(each), Active) for each in holder.live.values())


def begin_during(moving: Moving, joint: Joint) -> None:
    """Note that something in a part has begun, so that the end of its milestone no longer withdraws it."""
    if joint.more == "open":
        moving.save(replace(joint, more="begun"))
        moving.share(eager=tuple(each for each in moving.shared.eager if each != joint.address))


def open_milestone(moving: Moving, milestone: str) -> list[str]:
    """Count one more part that holds a milestone. Return the parts that have waited for it."""
    shared = moving.shared
    count = shared.held.get(milestone, 0)
    moving.share(held={**shared.held, milestone: count + 1})
    return eager_at(moving, milestone, "waiting") if count == 0 else []


def close_milestone(moving: Moving, milestone: str) -> None:
    """Count one part less that holds a milestone; with the last one it is over."""
    shared = moving.shared
    count = shared.held.get(milestone, 0) - 1
    moving.share(held={**shared.held, milestone: count}, over=shared.over | {milestone})
    if count == 0:
        moving.over = (*moving.over, milestone)


def eager_at(moving: Moving, milestone: str, standing: str) -> list[str]:
    """Return the parts that wait for a milestone, or are open for it and have not begun."""
    found: list[str] = []
    for address in moving.shared.eager:
        joint = moving.joints.find(address)
        if joint is None or not isinstance(joint.node, During):
            continue
        if joint.node.milestone == milestone and joint.more == standing:
            found.append(address)
    return found
