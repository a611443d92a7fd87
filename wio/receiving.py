"""How does a step wait for somebody outside? For a signal that comes, or for a task that is done."""

# The overloads go from the special to the general: every `Result` is also a plain value.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Never, TypeAlias, TypedDict, TypeVar, Unpack, cast, overload

import attrs
from returns.io import IOResult

from wio.errors import InvalidDefinition
from wio.names import name_or
from wio.nodes import WIO, HandleSignal, OfferTask
from wio.results import ResultLike
from wio.signals import Signal
from wio.steps import EventType
from wio.tasks import Task

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E")
Ev = TypeVar("Ev")
Req = TypeVar("Req")
Resp = TypeVar("Resp")
TaskIn = TypeVar("TaskIn")
TaskOut = TypeVar("TaskOut")
TaskErr = TypeVar("TaskErr")

To: TypeAlias = Callable[[A], object] | str | Sequence[object] | Mapping[str, object] | None
"""Says to whom a task is offered: plain data, or a pure function that makes any data of the value."""


class _Awaiting(TypedDict, Generic[A], total=False):
    match: Callable[[A], str] | None
    name: str
    description: str
    event: EventType


class _Offering(TypedDict, Generic[A], total=False):
    to: To[A]
    name: str
    description: str


@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[Ev]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Ev],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, Never, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, Never, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[Ev]],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, Never, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Ev],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    **how: Unpack[_Awaiting[A]],
) -> WIO[A, Never, B]: ...
def handle_signal(
    signal: Signal[Any, Any],
    effect: Callable[[Any, Any], Any],
    handler: Callable[[Any, Any], Any],
    *,
    respond: Callable[[Any, Any], Any],
    name: str = "",
    description: str = "",
    event: EventType = None,
    match: Callable[[Any], str] | None = None,
) -> WIO[Any, Any, Any]:
    """Return the step that waits for `signal`.

    When it comes, `effect` makes an event of the input and the request; the event is recorded together with
    the response that the pure function `respond` makes of the input and the event; `handler` folds it.
    An exception of the effect goes to the sender of the signal; then nothing is recorded and the step goes on
    waiting. The name defaults to the signal's.

    With `match` the step takes only requests whose `Signal.correlation` is the key that `match` makes of its input;
    both are pure. Raises `InvalidDefinition` when the signal has no correlation.
    """
    if not callable(handler):
        raise InvalidDefinition(
            f"handler={handler!r:.100} cannot be called. Give a function of the input and the event."
        )
    if match is not None and isinstance(cast(object, signal), Signal) and signal.correlation is None:
        raise InvalidDefinition(
            f"match={match!r}: no request of {signal!r} has a key that could match. Give the signal one:"
            f" Signal({signal.name!r}, correlation=...)."
        )
    return HandleSignal(
        signal,
        effect,
        handler,
        respond,
        name=name_or(name, getattr(signal, "name", "signal")),
        description=description,
        event=event,
        match=match,
    )


@overload
def receive_signal(
    signal: Signal[Req, Resp],
    handler: Callable[[A, Req], ResultLike[B, E]],
    *,
    respond: Callable[[A, Req], Resp],
    match: Callable[[A], str] | None = None,
    name: str = "",
    description: str = "",
) -> WIO[A, E, B]: ...
@overload
def receive_signal(
    signal: Signal[Req, Resp],
    handler: Callable[[A, Req], B],
    *,
    respond: Callable[[A, Req], Resp],
    match: Callable[[A], str] | None = None,
    name: str = "",
    description: str = "",
) -> WIO[A, Never, B]: ...
def receive_signal(
    signal: Signal[Any, Any],
    handler: Callable[[Any, Any], Any],
    *,
    respond: Callable[[Any, Any], Any],
    match: Callable[[Any], str] | None = None,
    name: str = "",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the step that waits for `signal` and records its request: `handle_signal` without an effect."""
    return handle_signal(
        signal,
        _request,
        handler,
        respond=respond,
        name=name,
        description=description,
        event=getattr(signal, "request", None),
        match=match,
    )


def _request(_state: object, request: object) -> object:
    return request


@overload
def task(
    task: Task[TaskIn, TaskOut, Never],
    send: Callable[[A], TaskIn],
    handler: Callable[[A, TaskOut], ResultLike[B, E]],
    **how: Unpack[_Offering[A]],
) -> WIO[A, E, B]: ...
@overload
def task(
    task: Task[TaskIn, TaskOut, TaskErr],
    send: Callable[[A], TaskIn],
    handler: Callable[[A, TaskOut], ResultLike[B, E]],
    **how: Unpack[_Offering[A]],
) -> WIO[A, TaskErr | E, B]: ...
@overload
def task(
    task: Task[TaskIn, TaskOut, TaskErr],
    send: Callable[[A], TaskIn],
    handler: Callable[[A, TaskOut], B],
    **how: Unpack[_Offering[A]],
) -> WIO[A, TaskErr, B]: ...
@overload
def task(
    task: Task[TaskIn, TaskOut, TaskErr], send: Callable[[A], TaskIn], **how: Unpack[_Offering[A]]
) -> WIO[A, TaskErr, TaskOut]: ...
def task(
    task: Task[Any, Any, Any],
    send: Callable[[Any], Any],
    handler: Callable[[Any, Any], Any] | None = None,
    *,
    to: To[Any] = None,
    name: str = "",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the step that offers work to somebody outside, and waits until it is done.

    Only what the pure function `send` makes of the input goes out. `handler` folds the output of the task; without
    one that output is the output of the step. `to` says to whom the task is offered: data, or a function that makes
    it of the input. When the task fails with its declared error, the step fails with it. The name defaults to the
    task's.
    """
    return OfferTask(
        task,
        send,
        handler,
        to=_receiver(to),
        name=name_or(name, getattr(task, "name", "task")),
        description=description,
    )


def _receiver(to: object) -> Callable[[Any], Any] | None:
    if to is None or callable(to):
        return cast("Callable[[Any], Any] | None", to)
    if isinstance(to, str | Sequence | Mapping) and not isinstance(to, bytes | bytearray):
        return Always(cast(object, to))
    raise InvalidDefinition(
        f"to={to!r:.100} does not say to whom. Give a text, a list, a mapping, or a function of the value."
    )


@attrs.frozen
class Always:
    """Answers the same for every value: whom a task is for, where that was given as data."""

    answer: object

    def __call__(self, _value: object) -> object:
        return self.answer
