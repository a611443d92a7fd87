"""Which parts have checkpoints, and what does one stand for? For all that was recorded inside of it before.

A checkpoint of the part at `poll` has the key `:checkpoint:poll`, so that the last one is found by one look. The loop
at `poll` records it at `poll[3]` when round 3 has ended; a machine at `order[paid#2]` when that state has.

It has no key when something that was done inside has reached out of the part, and is not in the value: an undo for a
saga around it, a milestone, a region elsewhere, a branch or a child that goes on. Then the entries inside are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from interpreters.machine.addresses import round_scope
from interpreters.machine.execution import Active, ChildLink, Closed, ClosedQueries, Execution, Home, Joint
from interpreters.machine.frames import Checkpointing, Frames, Repeating, Staying
from interpreters.machine.locking import joints_around
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving
from wio.nodes import Checkpoint, Critical, During, Loop, Machine, Node

Checkpointed: TypeAlias = Checkpoint | Loop | Machine
"""Is a node that may record checkpoints."""

_KEY = ":checkpoint:"


def key_of(part: str) -> str:
    """Return the key of the checkpoints of the part at an address. No signal has one that begins with a colon."""
    return _KEY + part


def covers(part: str, address: str) -> bool:
    """Tell whether an address is inside a part.

    >>> covers("poll", "poll[3]/check"), covers("pack", "pack/weigh"), covers("pack", "pack#2/weigh")
    (True, True, False)
    """
    return address.startswith(part) and address[len(part) : len(part) + 1] in ("/", "[")


def form_of(node: Checkpointed) -> Any:
    """Return the type of what is recorded, or None when the node has no checkpoints."""
    return node.result if isinstance(node, Checkpoint) else node.checkpoint


def part_of(active: Active) -> str:
    """Return the address of the part to which a place where a checkpoint is recorded belongs."""
    is_round = isinstance(active.node, Loop | Machine) and active.address.endswith("]")
    return part_at(active.address) if is_round else active.address


def inside_of(node: Node, part: str) -> str:
    """Return with what all addresses inside of a part begin."""
    return f"{part}/" if isinstance(node, Checkpoint) else f"{part}["


def part_at(address: str) -> str:
    """Return the loop or machine of which a round or state has ended at an address.

    >>> part_at("each[page 7]/poll[12]")
    'each[page 7]/poll'
    """
    return address[: address.rindex("[")]


def round_of(address: str) -> int:
    """Return the number of the round whose end is recorded at an address.

    >>> round_of("each[page 7]/poll[12]")
    12
    """
    return int(address[address.rindex("[") + 1 : -1])


def end_of_round(part: str, number: int) -> str:
    """Return the address at which the end of a round is recorded."""
    return round_scope(part, number).prefix.removesuffix("/")


# What reaches out


def parts_around(joints: Map[Joint], frames: Frames, home: Home, until: str | None = None) -> Iterator[str]:
    """Yield the parts with checkpoints around a place, the innermost first, up to the joint `until` (None: all)."""
    yield from _parts_in(frames)
    for joint, _ in joints_around(joints, home):
        if joint.address == until:
            return
        yield from _parts_in(joint.frames)


def _parts_in(frames: Frames) -> Iterator[str]:
    while frames is not None:
        if isinstance(frames, Checkpointing) or (
            isinstance(frames, Repeating | Staying) and frames.node.checkpoint is not None
        ):
            yield frames.address
        frames = frames.below


def reach_out(moving: Moving, parts: Iterable[str]) -> None:
    """Note that something that has happened in parts is known outside of them."""
    if not moving.has_parts:  # then nobody need look for them
        return
    outward = moving.shared.outward.union(parts)
    if len(outward) > len(moving.shared.outward):
        moving.share(outward=outward)


def is_complete(execution: Execution, active: Active) -> bool:
    """Tell whether the value at a place is all that is left of its part, so that it may stand for what was inside."""
    part = part_of(active)
    if part in execution.shared.outward:
        return False
    joint = active.home.joint
    drains = execution.drains if joint is None else (*execution.drains, *execution.joints[joint].drains)
    return not any(covers(part, drain) for drain in drains) and not _has_children(execution, part)


def _has_children(execution: Execution, part: str) -> bool:
    if not execution.shared.children:
        return False
    places = (place for place in execution.threads.values() if isinstance(place, Active))
    return any(isinstance(place.standing, ChildLink) and covers(part, place.address) for place in places)


def forget_inside(moving: Moving, part: str) -> None:
    """Let queries inside a part that has a checkpoint answer no more: what they answered from is not in it."""
    if moving.closed:
        moving.closed = tuple(each for each in moving.closed if each.part != part and not covers(part, each.part))


def with_closed(closed: ClosedQueries, latest: Closed) -> ClosedQueries:
    """Return the closed queries with one more, which is the first to answer; it replaces its like in the same part."""
    name, part = latest.node.query.name, latest.part
    return (latest, *(each for each in closed if each.node.query.name != name or each.part != part))


# What a recovery may pass over


def is_alone(execution: Execution) -> bool:
    """Tell whether no more than one thread can go on, so that all that follows happens to it."""
    standing = 0
    for place in execution.threads.values():
        standing += isinstance(place, Active)
        if standing > 1:
            return False
    return True


def is_gated(execution: Execution, active: Active) -> bool:
    """Tell whether a place needs a lock or a milestone. When it begins to have that, only the entries inside tell."""
    return any(isinstance(joint.node, Critical | During) for joint, _ in joints_around(execution.joints, active.home))
