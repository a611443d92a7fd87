"""What can be said of a workflow without running it? Questions asked of the tree alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import attrs

from wio.nodes import (
    WIO,
    Checkpoint,
    Draft,
    FlatMap,
    HandleSignal,
    Loop,
    Machine,
    Node,
    Recovered,
    Retrying,
    RunChild,
    RunIO,
    children,
    node_of,
)
from wio.signals import Early, Signal
from wio.workflow import Workflow


def nodes_in(program: WIO[Any, Any, Any]) -> Iterator[Node]:
    """Yield every node once, in the order in which they are written; a part used twice is yielded once."""
    seen: set[int] = set()
    waiting = [program]
    while waiting:
        here = waiting.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield node_of(here)
            waiting.extend(reversed(children(here)))


def with_children(workflows: Iterable[Workflow[Any, Any, Any]]) -> tuple[Workflow[Any, Any, Any], ...]:
    """Return the workflows, each followed by those that are used as children in it, at any depth; none comes twice."""
    found: dict[int, Workflow[Any, Any, Any]] = {}
    waiting = list(workflows)[::-1]
    while waiting:
        workflow = waiting.pop()
        if id(workflow) not in found:
            found[id(workflow)] = workflow
            waiting.extend(node.workflow for node in nodes_in(workflow.root) if isinstance(node, RunChild))
    return tuple(found.values())


def drafts(workflow: Workflow[Any, Any, Any]) -> tuple[str, ...]:
    """Return the names of the steps that have no body yet."""
    return tuple(node.name for node in nodes_in(workflow.root) if isinstance(node, Draft))


# Facts, which are asked for with every signal and every recovery


@attrs.frozen
class Itself:
    """Is a workflow as a key. It equals only itself: equal ones are made of other nodes, and take long to compare."""

    workflow: Workflow[Any, Any, Any] = attrs.field(eq=id)


@attrs.frozen
class Facts:
    """Is what a tree tells of the journals of its instances.

    `signals` are those that its steps wait for, by name, as each step knows them; `early` is what the first of them
    does with one that comes early. In a `dynamic` one a continuation may make other steps. `has_policies` says that
    steps, or parts around them, may have a retry policy, `has_checkpoints` that there may be entries that a
    recovery need not read, `records` that there may be checkpoints, and `takes_old` that some entries may be of older
    versions.
    """

    signals: Mapping[str, tuple[Signal[Any, Any], ...]]
    early: Mapping[str, Early]
    dynamic: bool
    has_policies: bool
    has_checkpoints: bool
    records: bool
    takes_old: bool

    def may_take(self, signal: str) -> bool:
        """Tell whether some step may handle the signal of a name."""
        return self.dynamic or signal in self.signals


def facts_of(workflow: Workflow[Any, Any, Any]) -> Facts:
    """Return the facts of a workflow. They are computed once."""
    return _facts(Itself(workflow))


@lru_cache(maxsize=256)
def _facts(itself: Itself) -> Facts:
    signals: dict[str, tuple[Signal[Any, Any], ...]] = {}
    early: dict[str, Early] = {}
    dynamic = retries = records = recovers = False
    for node in nodes_in(itself.workflow.root):
        if isinstance(node, HandleSignal):
            name = node.signal.name
            signals[name] = (*signals.get(name, ()), node.signal)
            early.setdefault(name, node.signal.early)
        dynamic = dynamic or isinstance(node, FlatMap)
        retries = retries or isinstance(node, Retrying) or (isinstance(node, RunIO) and node.retry is not None)
        recovers = recovers or isinstance(node, Recovered)
        records = records or isinstance(node, Checkpoint)
        records = records or (isinstance(node, Loop | Machine) and node.checkpoint is not None)
    takes_old = recovers or dynamic
    return Facts(signals, early, dynamic, retries or dynamic, takes_old or records, dynamic or records, takes_old)
