"""Which value is the latest in a part of an instance? What queries and handlers see of it.

Joints may be inside one another to any depth: they are listed from the outside in, and valued from the inside out.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, TypeAlias

from interpreters.machine.branch_order import BODY, keys_of, live_in_order
from interpreters.machine.calling import call
from interpreters.machine.execution import Active, Joint, Parked, Strand
from interpreters.machine.maps import Map
from wio.nodes import ForEach, Parallel

Holder: TypeAlias = Active | Strand | Joint
"""Is what has the latest value of a thread: its place, the joint at which it waits, or how it will enter one anew."""


def latest_in(threads: Map[Active | Parked], joints: Map[Joint], prefix: str) -> tuple[Any] | None:
    """Return the latest value of a thread, in a tuple; None when it has none, as it has ended or not begun."""
    holder = holder_of(threads, joints, prefix)
    if holder is None:
        return None
    return (latest(threads, joints, holder),)


def holder_of(threads: Map[Active | Parked], joints: Map[Joint], prefix: str) -> Holder | None:
    """Return what has the latest value of a thread; None when it has none."""
    place = threads.find(prefix)
    if place is None or isinstance(place, Active):
        return place
    joint = joints.find(place.joint)
    if joint is None:
        return None
    return next((strand for strand in joint.waiting if strand.home.prefix == prefix), joint)


def latest(threads: Map[Active | Parked], joints: Map[Joint], holder: Holder) -> Any:
    """Return the latest value of a holder: at a joint that of its only branch, merged from several, or its input."""
    if not isinstance(holder, Joint):
        return holder.value
    values: dict[str, Any] = {}
    for joint, holders in reversed(_outside_in(threads, joints, holder)):
        branches = {key: values[each.address] if isinstance(each, Joint) else each.value for key, each in holders}
        values[joint.address] = _value(joint, branches)
    return values[holder.address]


def _outside_in(
    threads: Map[Active | Parked], joints: Map[Joint], joint: Joint
) -> list[tuple[Joint, list[tuple[str, Holder]]]]:
    """Return a joint and those inside of it whose values make its own, each with the holders in its branches.

    Of several branches the last comes first, so that in reverse, user functions are called in the order of branches.
    """
    found: list[tuple[Joint, list[tuple[str, Holder]]]] = []
    todo = [joint]
    while todo:
        here = todo.pop()
        holders = _holders(threads, joints, here)
        found.append((here, holders))
        todo.extend(each for _, each in holders if isinstance(each, Joint))
    return found


def _holders(threads: Map[Active | Parked], joints: Map[Joint], joint: Joint) -> list[tuple[str, Holder]]:
    """Return what has the values that make that of a joint, by the keys of branches: of its only one, or of each."""
    branches = ((key, holder_of(threads, joints, prefix)) for key, prefix in _asked(joint))
    found = ((key, holder) for key, holder in branches if holder is not None)
    return list(found if isinstance(joint.node, Parallel | ForEach) else islice(found, 1))


def _asked(joint: Joint) -> list[tuple[str, str]]:
    """Return the keys and threads of the branches under way whose values may make that of a joint, in order."""
    node, results, live = joint.node, joint.results, joint.live
    if isinstance(node, Parallel | ForEach):
        keys = () if node.merge is None else keys_of(joint)
        return [(key, prefix) for key in keys if key not in results and (prefix := live.find(key)) is not None]
    if BODY in results:
        return []
    body = live.find(BODY)
    return live_in_order(joint) if body is None else [(BODY, body)]


def _value(joint: Joint, branches: Mapping[str, Any]) -> Any:
    """Return the latest value at a joint, given those in its branches under way."""
    node, results = joint.node, joint.results
    if isinstance(node, Parallel | ForEach):
        if node.merge is None:
            return joint.value
        known = ((key, results if key in results else branches) for key in keys_of(joint))
        return call(node.merge, joint.address, joint.value, {key: of[key] for key, of in known if key in of})
    return results[BODY] if BODY in results else next(iter(branches.values()), joint.value)
