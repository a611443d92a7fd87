"""How is a workflow used inside another one, or inside itself? Both run in the same journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wio.errors import InvalidDefinition
from wio.nodes import WIO, Named, Recur, Recursive
from wio.workflow import Workflow, checked_workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")


def call(workflow: Workflow[A, E, B]) -> WIO[A, E, B]:
    """Return the root of a workflow as a part of another one, in a scope named after it.

    The instance goes on with what is called here: the version of the called workflow counts for nothing.
    """
    checked_workflow(workflow, "call(Workflow(...))")
    return Named(workflow.root, name=workflow.name, description=workflow.description)


def recursive(name: str, build: Callable[[WIO[A, E, B]], WIO[A, E, B]], *, description: str = "") -> WIO[A, E, B]:
    """Return the program that `build` makes of itself: where it puts its argument, all of it runs again.

    `build` is called once, here. Each level has a value of its own; there is no bound to their number.
    """
    again: WIO[Any, Any, Any] = Recur(name)
    if not callable(build):
        raise InvalidDefinition(
            f"build={build!r:.100} cannot be called. Give a function that makes a program of the program itself."
        )
    return Recursive(build(again), name=name, description=description)
