"""How is a workflow used inside another one as an instance of its own? With its own id and its own journal."""

# The overloads go from the special to the general: what cannot fail, is also something that may.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, Generic, Never, TypedDict, TypeVar, Unpack, overload

from wio.errors import InvalidDefinition
from wio.names import name_or
from wio.nodes import WIO, ParentClose, RunChild
from wio.workflow import ExactWorkflow, Workflow, checked_workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")
X = TypeVar("X")


class _Starting(TypedDict, Generic[A], total=False):
    id: Callable[[A], str] | None
    on_close: ParentClose
    name: str
    description: str


@overload
def child(
    workflow: ExactWorkflow[X, Never, B],
    *,
    result: type[B] | UnionType,
    input: Callable[[A], X],
    **how: Unpack[_Starting[A]],
) -> WIO[A, Never, B]: ...
@overload
def child(
    workflow: ExactWorkflow[A, Never, B], *, result: type[B] | UnionType, **how: Unpack[_Starting[A]]
) -> WIO[A, Never, B]: ...
@overload
def child(
    workflow: ExactWorkflow[X, E, B],
    *,
    result: type[B] | UnionType,
    error: type[E] | UnionType,
    input: Callable[[A], X],
    **how: Unpack[_Starting[A]],
) -> WIO[A, E, B]: ...
@overload
def child(
    workflow: ExactWorkflow[A, E, B],
    *,
    result: type[B] | UnionType,
    error: type[E] | UnionType,
    **how: Unpack[_Starting[A]],
) -> WIO[A, E, B]: ...
def child(
    workflow: ExactWorkflow[Any, Any, Any],
    *,
    result: Any,
    error: Any = None,
    id: Callable[[Any], str] | None = None,
    input: Callable[[Any], Any] | None = None,
    on_close: ParentClose = ParentClose.CANCEL,
    name: str = "",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the step that starts an instance of a workflow, waits for its end, and ends as it does.

    The pure functions `input` and `id` make the child's input and its id of the value. Without `input` it is the value
    itself; without `id` it is the parent's id, a colon, and the address of the step. Both are recorded before the child
    begins. `result` and `error` are the types of what the child ends with, which the parent's journal keeps; a child
    that fails with an error needs `error`. `on_close` says what becomes of the child when the parent ends, or the step
    is withdrawn. The name defaults to the workflow's.
    """
    started = checked_workflow(workflow, "child(Workflow(...), result=...)")
    if result is None:
        raise InvalidDefinition(
            f"result=None: of which type is what {started!r:.100} ends with? Give it: result=SomeType, or type(None)."
        )
    return RunChild(
        started,
        id=id,
        input=input,
        result=result,
        error=error,
        on_close=on_close,
        name=name_or(name, started.name),
        description=description,
    )


@overload
def start_child(
    workflow: Workflow[X, Any, Any], *, input: Callable[[A], X], **how: Unpack[_Starting[A]]
) -> WIO[A, Never, A]: ...
@overload
def start_child(workflow: Workflow[A, Any, Any], **how: Unpack[_Starting[A]]) -> WIO[A, Never, A]: ...
def start_child(
    workflow: Workflow[Any, Any, Any],
    *,
    id: Callable[[Any], str] | None = None,
    input: Callable[[Any], Any] | None = None,
    on_close: ParentClose = ParentClose.CANCEL,
    name: str = "",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the step that starts an instance of a workflow and goes on with the value as soon as it has begun.

    See `child` for the rest. `on_close` says what becomes of the child when the *parent* ends: by default it is
    cancelled then.
    """
    started = checked_workflow(workflow, "child(Workflow(...), result=...)")
    return RunChild(
        started,
        id=id,
        input=input,
        waits=False,
        on_close=on_close,
        name=name_or(name, started.name),
        description=description,
    )
