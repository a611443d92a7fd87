"""How is a step written? The constructors of the leaves of a workflow.

An *effect* may be a plain function, a coroutine function, or return `IOResultE` or `FutureResultE` of the
`returns` package. What it raises (or carries as `IOFailure`) is a technical error, for the retry policy.
What it returns is an *event*, which is recorded. A pure *handler* folds the event: it returns the output,
or a `Result` whose `Failure` is a domain error, in the `Err` channel.
"""

# The overloads go from the special to the general: every `Result` is also a plain value.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import UnionType
from typing import Any, Never, TypeAlias, TypeVar, overload

from returns.io import IOResult
from returns.result import Result

from wio.errors import InvalidDefinition
from wio.names import name_of
from wio.nodes import WIO, Check, Compute, Draft, Fail, HandleSignal, Passage, Pure, RunIO, Timing, Wait
from wio.retries import Retry
from wio.signals import Signal

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E")
Ev = TypeVar("Ev")
Req = TypeVar("Req")
Resp = TypeVar("Resp")

EventType: TypeAlias = type[Any] | UnionType | None
"""Is a class or a union of classes; needed only where the effect has no annotation that tells it."""


def pure(value: B) -> WIO[object, Never, B]:
    """Return the program that ends with the value at once and records nothing."""
    return Pure(value)


def fail(error: E) -> WIO[object, E, Never]:
    """Return the program that fails with the error at once and records nothing."""
    return Fail(error)


def compute(function: Callable[[A], B], *, name: str = "", description: str = "") -> WIO[A, Never, B]:
    """Return the program that applies a pure function. Without a name it is left out of pictures."""
    return Compute(function, name=name, description=description)


def check(function: Callable[[A], Result[B, E]], *, name: str = "", description: str = "") -> WIO[A, E, B]:
    """Return the program that ends or fails as a pure function says. It is named after the function."""
    return Check(function, name=name or name_of(function, "check"), description=description)


@overload
def run_io(
    effect: Callable[[A], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[Ev]],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], Ev],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], B],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, B]: ...
@overload
def run_io(
    effect: Callable[[A], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], B],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[Ev]],
    handler: Callable[[A, Ev], B],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, B]: ...
@overload
def run_io(
    effect: Callable[[A], Ev],
    handler: Callable[[A, Ev], B],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[IOResult[Ev, Exception]]],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, Ev]: ...
@overload
def run_io(
    effect: Callable[[A], IOResult[Ev, Exception]],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, Ev]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[Ev]],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, Ev]: ...
@overload
def run_io(
    effect: Callable[[A], Ev],
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[A, Never, Ev]: ...
def run_io(
    effect: Callable[[Any], Any],
    handler: Callable[[Any, Any], Any] | None = None,
    *,
    name: str = "",
    description: str = "",
    event: EventType = None,
    retry: Retry | None = None,
) -> WIO[Any, Any, Any]:
    """Return the step that runs `effect` on its input, records the event, and folds it with `handler`.

    Without a handler the event is the output. The name defaults to the effect's own. The effect runs at
    least once: after a crash inside it, it runs again, with the same idempotency key.

    >>> run_io(abs)
    <WIO abs>
    """
    return RunIO(
        effect,
        handler,
        name=name or name_of(effect, "step"),
        description=description,
        event=event,
        retry=retry,
    )


@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[Ev]],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Ev],
    handler: Callable[[A, Ev], Result[B, E]],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
) -> WIO[A, E, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
) -> WIO[A, Never, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
) -> WIO[A, Never, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Awaitable[Ev]],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
) -> WIO[A, Never, B]: ...
@overload
def handle_signal(
    signal: Signal[Req, Resp],
    effect: Callable[[A, Req], Ev],
    handler: Callable[[A, Ev], B],
    *,
    respond: Callable[[A, Ev], Resp],
    name: str = "",
    description: str = "",
    event: EventType = None,
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
) -> WIO[Any, Any, Any]:
    """Return the step that waits for `signal`.

    When it comes, `effect` makes an event of the input and the request; the event is recorded together with
    the response that the pure function `respond` makes of the input and the event; `handler` folds it.
    An exception of the effect goes to the sender of the signal; then nothing is recorded and the step goes on
    waiting. The name defaults to the signal's.
    """
    return HandleSignal(
        signal,
        effect,
        handler,
        respond,
        name=name or getattr(signal, "name", "signal"),
        description=description,
        event=event,
    )


@overload
def receive_signal(
    signal: Signal[Req, Resp],
    handler: Callable[[A, Req], Result[B, E]],
    *,
    respond: Callable[[A, Req], Resp],
    name: str = "",
    description: str = "",
) -> WIO[A, E, B]: ...
@overload
def receive_signal(
    signal: Signal[Req, Resp],
    handler: Callable[[A, Req], B],
    *,
    respond: Callable[[A, Req], Resp],
    name: str = "",
    description: str = "",
) -> WIO[A, Never, B]: ...
def receive_signal(
    signal: Signal[Any, Any],
    handler: Callable[[Any, Any], Any],
    *,
    respond: Callable[[Any, Any], Any],
    name: str = "",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the step that waits for `signal` and records its request: `handle_signal` without an effect."""
    return HandleSignal(
        signal,
        _request,
        handler,
        respond,
        name=name or getattr(signal, "name", "signal"),
        description=description,
        event=signal.request,
    )


def _request(_state: object, request: object) -> object:
    return request


@overload
def wait(duration: timedelta, *, name: str = "wait", description: str = "") -> Passage: ...
@overload
def wait(duration: Callable[[A], timedelta], *, name: str = "", description: str = "") -> WIO[A, Never, A]: ...
def wait(
    duration: timedelta | Callable[[Any], timedelta], *, name: str = "", description: str = ""
) -> WIO[Any, Any, Any]:
    """Return the step that waits for a duration, given or computed from the value, which passes unchanged.

    The deadline is recorded when the step is reached; neither a restart nor new code moves it.
    """
    return Wait(duration, Timing.DURATION, name=name or _wait_name(duration), description=description)


@overload
def wait_until(time: datetime, *, name: str = "wait", description: str = "") -> Passage: ...
@overload
def wait_until(time: Callable[[A], datetime], *, name: str = "", description: str = "") -> WIO[A, Never, A]: ...
def wait_until(
    time: datetime | Callable[[Any], datetime], *, name: str = "", description: str = ""
) -> WIO[Any, Any, Any]:
    """Return the step that waits until an aware time, given or computed from the value, which passes unchanged.

    Raises `InvalidDefinition` for a time without a zone.
    """
    if isinstance(time, datetime) and time.tzinfo is None:
        raise InvalidDefinition(f"wait_until({time!r}): which zone is meant? Give an aware time, such as tzinfo=UTC.")
    return Wait(time, Timing.INSTANT, name=name or _wait_name(time), description=description)


def _wait_name(moment: timedelta | datetime | Callable[[Any], object]) -> str:
    return name_of(moment, "wait") if callable(moment) else "wait"


@overload
def draft(name: str, *, input: type[A], output: type[B], description: str = "") -> WIO[A, Never, B]: ...
@overload
def draft(name: str, *, input: type[A], output: type[B], error: type[E], description: str = "") -> WIO[A, E, B]: ...
def draft(
    name: str,
    *,
    input: type[Any],
    output: type[Any],
    error: type[Any] | None = None,
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return a step that has a name and types but no body yet: it composes and draws, and a runtime refuses it."""
    return Draft(name, description=description, input=input, output=output, error=error)
