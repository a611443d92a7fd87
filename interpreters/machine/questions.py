"""What can be said of a workflow without running it? Questions asked of the tree alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from wio.nodes import WIO, Draft, FlatMap, HandleSignal, Node, RunChild, children, node_of
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


def may_take(workflow: Workflow[Any, Any, Any], signal: Signal[Any, Any]) -> bool:
    """Tell whether some step of the workflow handles the signal; where continuations are dynamic, it may."""
    return may_take_named(workflow, signal.name)


def may_take_named(workflow: Workflow[Any, Any, Any], signal: str) -> bool:
    """Tell the same of the signal with this name."""
    names, dynamic = _signals(workflow)
    return dynamic or signal in names


def early_of(workflow: Workflow[Any, Any, Any], signal: Signal[Any, Any]) -> Early:
    """Return what the workflow does with the signal when it comes early. For a dynamic one, its own word counts."""
    for node in _signal_steps(workflow):
        if node.signal.name == signal.name:
            return node.signal.early
    return signal.early


@lru_cache(maxsize=256)
def _signal_steps(workflow: Workflow[Any, Any, Any]) -> tuple[HandleSignal, ...]:
    return tuple(node for node in nodes_in(workflow.root) if isinstance(node, HandleSignal))


@lru_cache(maxsize=256)
def _signals(workflow: Workflow[Any, Any, Any]) -> tuple[frozenset[str], bool]:
    nodes = list(nodes_in(workflow.root))
    names = frozenset(node.signal.name for node in nodes if isinstance(node, HandleSignal))
    return names, any(isinstance(node, FlatMap) for node in nodes)
