"""In which order stand the branches of a joint? As they are written, whatever the order of a map is."""

from __future__ import annotations

from collections.abc import Sequence

from interpreters.machine.execution import Joint
from wio.nodes import FirstOf, ForEach, Parallel

BODY = "!body"
"""Is the key of the branch that a joint keeps watch over."""


def keys_of(joint: Joint) -> Sequence[str]:
    """Return the names of the branches, or of the elements, in order."""
    node = joint.node
    if isinstance(node, ForEach):
        keys: tuple[str, ...] = joint.more.keys
        return keys
    return [arm.name for arm in node.arms] if isinstance(node, Parallel | FirstOf) else (BODY,)


def live_in_order(joint: Joint) -> list[tuple[str, str]]:
    """Return the keys of the branches under way and the names of their threads; helpers and handlers come last."""
    if len(joint.live) < 2:
        return list(joint.live.items())
    order = {key: index for index, key in enumerate(keys_of(joint))}
    return sorted(joint.live.items(), key=lambda branch: (order.get(branch[0], len(order)), branch[0]))
