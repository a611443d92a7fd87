"""How does a workflow change while instances of it run? By checkpoints, and by steps that take what is old."""

from __future__ import annotations

from collections.abc import Callable
from typing import Never, TypeVar, cast

from typing_extensions import TypeForm

from wio.errors import InvalidDefinition
from wio.nodes import WIO, Checkpoint, ExactWIO, Recovered

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E")
Ev = TypeVar("Ev")


def checkpoint(
    body: ExactWIO[A, E, B], *, result: TypeForm[B], name: str = "checkpoint", description: str = ""
) -> WIO[A, E, B]:
    """Return the program that runs `body` and records its output, of the type `result`, before it goes on.

    From then on the recorded value stands for everything inside: the inside may change in a new version, and a
    recovery does not read it. An error of `body` passes the checkpoint by. Raises `InvalidDefinition` without a type.

    >>> from wio.steps import run_io
    >>> checkpoint(run_io(abs), result=int, name="distance")
    <WIO distance abs>
    """
    _check_type(result, f"checkpoint({body!r:.60})", "result")
    return Checkpoint(cast("WIO[A, E, B]", body), result, name=name, description=description)


def recovered(
    name: str, *, event: TypeForm[Ev], handler: Callable[[A, Ev], A], description: str = ""
) -> WIO[A, Never, A]:
    """Return the step that takes what an older version recorded under this name, where there is such an entry.

    It stands where the old step, or the old checkpoint, has stood. Its pure `handler` makes of the value and the old
    event the value to go on with. In an instance whose journal has no such entry, it passes its input on and records
    nothing. Raises `InvalidDefinition` without a type.
    """
    _check_type(event, f"recovered({name!r})", "event")
    return Recovered(event, handler, name=name, description=description)


def _check_type(form: object, whose: str, what: str) -> None:
    if form is None:
        raise InvalidDefinition(f"{whose}, {what}=None: of which type is the {what}? Give it: {what}=SomeType.")
