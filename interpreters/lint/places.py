"""Where in a workflow does a node record? Its static addresses, as if all that is written were passed in order.

In an address, `[*]` stands for any round of a loop. What a `flat_map` makes is not known before it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import attrs

from interpreters.machine.addresses import Scope, arm_scope, handler_name, part_scope
from wio.nodes import (
    WIO,
    AndThen,
    Answer,
    Branch,
    Check,
    Compute,
    Draft,
    Fail,
    FlatMap,
    HandleError,
    HandleSignal,
    Loop,
    Named,
    Pure,
    RunIO,
    TransformOutput,
    Wait,
    node_of,
)

Located: TypeAlias = RunIO | HandleSignal | Wait | Draft | Branch | Loop | HandleError | Named
"""Is a node with an address: a step, or what opens a scope. The address of a `HandleError` is its handler's."""


@attrs.frozen(eq=False)
class Place:
    """Is a node where it is written. A part that is written into a workflow twice has two places."""

    address: str
    node: Located


@attrs.define
class _Counter:
    """Counts the places of one scope."""

    scope: Scope

    def place(self, name: str) -> str:
        address, self.scope = self.scope.place(name)
        return address


@attrs.frozen(eq=False)
class _Handler:
    """Is the handler of a part that has been passed."""

    of: HandleError


_Work: TypeAlias = "tuple[WIO[Any, Any, Any] | _Handler, _Counter]"


def places(program: WIO[Any, Any, Any]) -> Iterator[Place]:
    """Yield every place in the order in which they are written."""
    waiting: list[_Work] = [(program, _Counter(Scope()))]
    while waiting:
        here, counter = waiting.pop()
        if isinstance(here, _Handler):
            address = counter.place(handler_name(here.of.on))
            yield Place(address, here.of)
            waiting.append((here.of.handler, _Counter(part_scope(address))))
            continue
        node = node_of(here)
        match node:
            case Pure() | Fail() | Compute() | Check():
                pass
            case RunIO() | HandleSignal() | Wait() | Draft():
                yield Place(counter.place(node.name), node)
            case AndThen(first, second):
                waiting.extend([(second, counter), (first, counter)])
            case FlatMap(base) | TransformOutput(base) | Answer(_, _, base):
                waiting.append((base, counter))
            case HandleError(base):
                waiting.extend([(_Handler(node), counter), (base, counter)])
            case Branch() | Loop() | Named():
                address = counter.place(node.name)
                yield Place(address, node)
                waiting.extend(reversed(_inside(node, address)))


def _inside(node: Branch | Loop | Named, address: str) -> list[_Work]:
    """Return the parts of a node that have scopes of their own, in order."""
    match node:
        case Branch(arms, default):
            ways = [(arm.name, arm.body) for arm in arms] + ([] if default is None else [("default", default)])
            return [(body, _Counter(arm_scope(address, name))) for name, body in ways]
        case Loop(body, _, back):
            counter = _Counter(Scope(f"{address}[*]/"))
            return [(body, counter)] if back is None else [(body, counter), (back, counter)]
        case Named(base):
            return [(base, _Counter(part_scope(address)))]
