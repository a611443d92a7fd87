"""Which value is the latest in a part of an instance? What queries and handlers see of it."""

from __future__ import annotations

from typing import Any

from interpreters.machine.branch_order import BODY, keys_of, live_in_order
from interpreters.machine.calling import call
from interpreters.machine.execution import Active, Joint, Parked, Strand
from interpreters.machine.maps import Map
from wio.nodes import ForEach, Parallel


def latest_in(threads: Map[Active | Parked], joints: Map[Joint], prefix: str) -> tuple[Any] | None:
    """Return the latest value of a thread, in a tuple; None when it has none, as it has ended or not begun."""
    place = threads.find(prefix)
    if place is None:
        return None
    if isinstance(place, Active):
        return (place.value,)
    joint = joints.find(place.joint)
    if joint is None:
        return None
    again = waiting_at(joint, prefix)
    return (latest(threads, joints, joint),) if again is None else (again.value,)


def waiting_at(joint: Joint, prefix: str) -> Strand | None:
    """Return how a thread enters a joint anew when that is free, if it waits for that."""
    return next((strand for strand in joint.waiting if strand.home.prefix == prefix), None)


def latest(threads: Map[Active | Parked], joints: Map[Joint], joint: Joint) -> Any:
    """Return the latest value at a joint: of its only branch, merged from several, or its input."""
    node = joint.node
    if isinstance(node, Parallel | ForEach):
        if node.merge is None:
            return joint.value
        return call(node.merge, joint.address, joint.value, _of_branches(threads, joints, joint))
    if BODY in joint.results:
        return joint.results[BODY]
    body = joint.live.find(BODY)
    for prefix in [prefix for _, prefix in live_in_order(joint)] if body is None else (body,):
        found = latest_in(threads, joints, prefix)
        if found is not None:
            return found[0]
    return joint.value


def _of_branches(threads: Map[Active | Parked], joints: Map[Joint], joint: Joint) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in keys_of(joint):
        if key in joint.results:
            values[key] = joint.results[key]
        elif (prefix := joint.live.find(key)) is not None:
            found = latest_in(threads, joints, prefix)
            if found is not None:
                values[key] = found[0]
    return values
