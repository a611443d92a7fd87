"""How is a step written that writes to the database in which its journal lies? All of it is committed at once.

The effect is given the value and a connection on which a transaction is open. What it writes there and its event are
stored together, or not at all: no crash comes between. The rest is as in `wio.steps`.
"""

# The overloads go from the special to the general: every `Result` is also a plain value.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Never, TypedDict, TypeVar, Unpack, overload

from returns.io import IOResult

from wio.names import name_of, name_or
from wio.nodes import WIO, RunIO
from wio.results import ResultLike
from wio.retries import Retry
from wio.steps import AnyEvent, EventType

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E")
Ev = TypeVar("Ev")


class _Running(TypedDict, total=False):
    name: str
    description: str
    event: EventType
    retry: Retry | None


@overload
def run_in_transaction(
    effect: Callable[[A, Any], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    **how: Unpack[_Running],
) -> WIO[A, E, B]: ...
@overload
def run_in_transaction(
    effect: Callable[[A, Any], Awaitable[Ev]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    **how: Unpack[_Running],
) -> WIO[A, E, B]: ...
@overload
def run_in_transaction(
    effect: Callable[[A, Any], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], B],
    **how: Unpack[_Running],
) -> WIO[A, Never, B]: ...
@overload
def run_in_transaction(
    effect: Callable[[A, Any], Awaitable[Ev]],
    handler: Callable[[A, Ev], B],
    **how: Unpack[_Running],
) -> WIO[A, Never, B]: ...
@overload
def run_in_transaction(
    effect: Callable[[A, Any], Awaitable[AnyEvent]], **how: Unpack[_Running]
) -> WIO[A, Never, Any]: ...
@overload
def run_in_transaction(
    effect: Callable[[A, Any], Awaitable[IOResult[Ev, Exception]]],
    **how: Unpack[_Running],
) -> WIO[A, Never, Ev]: ...
@overload
def run_in_transaction(
    effect: Callable[[A, Any], Awaitable[Ev]],
    **how: Unpack[_Running],
) -> WIO[A, Never, Ev]: ...
def run_in_transaction(
    effect: Callable[[Any, Any], Awaitable[Any]],
    handler: Callable[[Any, Any], Any] | None = None,
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[Any, Any, Any]:
    """Return the step that runs a coroutine function on its input and a connection, in a transaction of the journal's.

    What the effect writes on the connection, and its event, are committed together: exactly once. A journal in Postgres
    gives a psycopg `AsyncConnection`; a runtime refuses the step on a journal that has no such transactions. The effect
    may run several times, but whatever it has written then is rolled back. It must not commit or roll back by itself.

    >>> async def book(amount: int, connection: object) -> int: ...
    >>> run_in_transaction(book)
    <WIO book>
    """
    return RunIO(
        effect,
        handler,
        name=name_or(name, name_of(effect, "step")),
        description=description,
        event=event,
        retry=retry,
        transactional=True,
    )
