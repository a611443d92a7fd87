"""How is a step written? The constructors of the leaves of a workflow.

An *effect* may be a plain function, a coroutine function, or return `IOResultE` or `FutureResultE` of the
`returns` package. What it raises (or carries as `IOFailure`) is a technical error, for the retry policy.
What it returns is an *event*, which is recorded. A pure *handler* folds the event: it returns the output,
or a `Result` whose `Failure` is a domain error, in the `Err` channel. Steps that wait for somebody outside are
in `wio.receiving`.
"""

# The overloads go from the special to the general: every `Result` is also a plain value.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import UnionType
from typing import Any, Never, TypeAlias, TypedDict, TypeVar, Unpack, overload
from uuid import UUID

from returns.io import IOResult

from wio.attributes import AttributeValue
from wio.errors import InvalidDefinition
from wio.names import name_of, name_or
from wio.nodes import WIO, Check, Compute, Draft, Drawn, Fail, Passage, Pure, Record, RunIO, SetAttributes, Timing, Wait
from wio.results import ResultLike
from wio.retries import Retry

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E")
Ev = TypeVar("Ev")

EventType: TypeAlias = type[Any] | UnionType | None
"""Is a class or a union of classes; needed only where the effect has no annotation that tells it."""


class AnyEvent:
    """Is no event of any effect: its overload is for mypy, which describes the first one when none fits."""


class _Running(TypedDict, total=False):
    name: str
    description: str
    event: EventType
    retry: Retry | None


def pure(value: B) -> WIO[object, Never, B]:
    """Return the program that ends with the value at once and records nothing."""
    return Pure(value)


def fail(error: E) -> WIO[object, E, Never]:
    """Return the program that fails with the error at once and records nothing."""
    return Fail(error)


def compute(function: Callable[[A], B], *, name: str = "", description: str = "") -> WIO[A, Never, B]:
    """Return the program that applies a pure function. Without a name it is left out of pictures."""
    return Compute(function, name=name, description=description)


def check(function: Callable[[A], ResultLike[B, E]], *, name: str = "", description: str = "") -> WIO[A, E, B]:
    """Return the program that ends or fails as a pure function says. It is named after the function."""
    return Check(function, name=name_or(name, name_of(function, "check")), description=description)


@overload
def run_io(
    effect: Callable[[A], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    **how: Unpack[_Running],
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    **how: Unpack[_Running],
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[Ev]],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    **how: Unpack[_Running],
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], Ev],
    handler: Callable[[A, Ev], ResultLike[B, E]],
    **how: Unpack[_Running],
) -> WIO[A, E, B]: ...
@overload
def run_io(
    effect: Callable[[A], IOResult[Ev, Exception]],
    handler: Callable[[A, Ev], B],
    **how: Unpack[_Running],
) -> WIO[A, Never, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[IOResult[Ev, Exception]]],
    handler: Callable[[A, Ev], B],
    **how: Unpack[_Running],
) -> WIO[A, Never, B]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[Ev]],
    handler: Callable[[A, Ev], B],
    **how: Unpack[_Running],
) -> WIO[A, Never, B]: ...
@overload
def run_io(
    effect: Callable[[A], Ev],
    handler: Callable[[A, Ev], B],
    **how: Unpack[_Running],
) -> WIO[A, Never, B]: ...
@overload
def run_io(effect: Callable[[A], AnyEvent], **how: Unpack[_Running]) -> WIO[A, Never, Any]: ...
@overload
def run_io(
    effect: Callable[[A], IOResult[Ev, Exception]],
    **how: Unpack[_Running],
) -> WIO[A, Never, Ev]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[IOResult[Ev, Exception]]],
    **how: Unpack[_Running],
) -> WIO[A, Never, Ev]: ...
@overload
def run_io(
    effect: Callable[[A], Awaitable[Ev]],
    **how: Unpack[_Running],
) -> WIO[A, Never, Ev]: ...
@overload
def run_io(
    effect: Callable[[A], Ev],
    **how: Unpack[_Running],
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
        name=name_or(name, name_of(effect, "step")),
        description=description,
        event=event,
        retry=retry,
    )


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
    return Wait(duration, Timing.DURATION, name=name_or(name, _wait_name(duration)), description=description)


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
    return Wait(time, Timing.INSTANT, name=name_or(name, _wait_name(time)), description=description)


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


@overload
def now(*, name: str = "now", description: str = "") -> WIO[object, Never, datetime]: ...
@overload
def now(handler: Callable[[A, datetime], B], *, name: str = "now", description: str = "") -> WIO[A, Never, B]: ...
def now(
    handler: Callable[[Any, Any], Any] | None = None, *, name: str = "now", description: str = ""
) -> WIO[Any, Any, Any]:
    """Return the step that records the time when it is reached, in UTC, and folds it with a pure `handler`.

    Without a handler the time is the output.
    """
    return _drawn(Drawn.NOW, handler, name, description)


@overload
def random_number(*, name: str = "random number", description: str = "") -> WIO[object, Never, float]: ...
@overload
def random_number(
    handler: Callable[[A, float], B], *, name: str = "random number", description: str = ""
) -> WIO[A, Never, B]: ...
def random_number(
    handler: Callable[[Any, Any], Any] | None = None, *, name: str = "random number", description: str = ""
) -> WIO[Any, Any, Any]:
    """Return the step that draws a number in [0, 1), records it, and folds it with a pure `handler`.

    Without a handler the number is the output.
    """
    return _drawn(Drawn.RANDOM, handler, name, description)


@overload
def new_uuid(*, name: str = "new UUID", description: str = "") -> WIO[object, Never, UUID]: ...
@overload
def new_uuid(handler: Callable[[A, UUID], B], *, name: str = "new UUID", description: str = "") -> WIO[A, Never, B]: ...
def new_uuid(
    handler: Callable[[Any, Any], Any] | None = None, *, name: str = "new UUID", description: str = ""
) -> WIO[Any, Any, Any]:
    """Return the step that makes a random UUID, records it, and folds it with a pure `handler`.

    Without a handler the UUID is the output.
    """
    return _drawn(Drawn.UUID, handler, name, description)


@overload
def set_attributes(**attributes: AttributeValue) -> Passage: ...
@overload
def set_attributes(**attributes: AttributeValue | Callable[[A], AttributeValue]) -> WIO[A, Never, A]: ...
def set_attributes(**attributes: Any) -> WIO[Any, Any, Any]:
    """Return the step that sets attributes by which the instance is found; the value passes unchanged.

    Each is given, or computed by a pure function from the value: a text of up to 200 characters, a number, a bool or
    an aware time. None removes it. They are recorded and stored in the same commit as what led there. Raises
    `InvalidDefinition` for a name or a value that cannot be kept.

    >>> set_attributes(stage="packed", total=len)
    <WIO attributes>
    >>> set_attributes(stage="packed").named("stage")
    <WIO stage>
    """
    return SetAttributes(tuple(attributes.items()))


def _drawn(drawn: Drawn, handler: Callable[[Any, Any], Any] | None, name: str, description: str) -> WIO[Any, Any, Any]:
    step = Record(drawn, name=name, description=description)
    return step if handler is None else step.transform_output(handler)
