"""Who keeps watch over a part of a workflow while it runs? Handlers of signals, timers, tasks and cancellation."""

# The overloads go from the special to the general: what cannot fail, is also something that may.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, Never, TypedDict, TypeVar, Unpack, cast, overload

import attrs

from wio.branches import first_doubled, first_name
from wio.errors import InvalidDefinition
from wio.names import name_or
from wio.nodes import WIO, Err, Handler, In, Interrupted, Out, Timing, Wait, Watch, Watched, checked_program
from wio.validators import is_a

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E")
P = TypeVar("P")
E1 = TypeVar("E1")
Q = TypeVar("Q")
E2 = TypeVar("E2")
R = TypeVar("R")
E3 = TypeVar("E3")
S = TypeVar("S")
E4 = TypeVar("E4")
T = TypeVar("T")


class _Called(TypedDict, total=False):
    name: str
    description: str


@attrs.frozen
class On(Generic[In, Err, Out]):
    """Is a handler of a scope: see `interrupt`, `alongside` and `on_cancel`."""

    handler: Handler = attrs.field(
        validator=is_a(Handler, "Make it by interrupt(...), alongside(...) or on_cancel(...).")
    )


@overload
def interrupt(trigger: WIO[A, E, T], *, name: str = "") -> On[A, E, T]: ...
@overload
def interrupt(trigger: WIO[A, Never, T], handler: WIO[Interrupted[A, T], E, B], *, name: str = "") -> On[A, E, B]: ...
@overload
def interrupt(trigger: WIO[A, E, T], handler: WIO[Interrupted[A, T], E2, B], *, name: str = "") -> On[A, E | E2, B]: ...
def interrupt(
    trigger: WIO[Any, Any, Any], handler: WIO[Any, Any, Any] | None = None, *, name: str = ""
) -> On[Any, Any, Any]:
    """Return the handler that, when `trigger` has ended, withdraws the body of its scope and then runs `handler`.

    The trigger runs on the scope's input beside the body: a signal, a wait, a task. The handler gets an `Interrupted`;
    without one the scope ends with the output of the trigger. The handler is named after the trigger.
    """
    named = name_or(name, first_name(checked_program(trigger)) or "interrupt")
    return On(Handler(Watch.INTERRUPT, trigger, handler, named))


@overload
def alongside(
    trigger: WIO[A, Never, T], handler: WIO[Interrupted[A, T], E, B], *, name: str = ""
) -> On[A, E, Never]: ...
@overload
def alongside(
    trigger: WIO[A, E, T], handler: WIO[Interrupted[A, T], E2, B], *, name: str = ""
) -> On[A, E | E2, Never]: ...
def alongside(trigger: WIO[Any, Any, Any], handler: WIO[Any, Any, Any], *, name: str = "") -> On[Any, Any, Never]:
    """Return the handler that runs beside the body whenever `trigger` has ended, any number of times.

    The scope ends when its body and the handlers that have begun have ended.
    """
    named = name_or(name, first_name(checked_program(trigger)) or "alongside")
    return On(Handler(Watch.ALONGSIDE, trigger, checked_program(handler), named))


@overload
def on_cancel(
    handler: WIO[Interrupted[object, None], Never, B], *, name: str = "on cancel"
) -> On[object, Never, Never]: ...
@overload
def on_cancel(handler: WIO[Interrupted[A, None], Never, B], *, name: str = "on cancel") -> On[A, Never, Never]: ...
def on_cancel(handler: WIO[Any, Never, object], *, name: str = "on cancel") -> On[Any, Never, Never]:
    """Return the handler that runs when the part is cancelled or withdrawn; what it ends with has no effect."""
    return On(Handler(Watch.CANCEL, None, checked_program(handler), name))


@overload
def scope(body: WIO[A, E, B], p: On[A, Never, P], /, **called: Unpack[_Called]) -> WIO[A, E, B | P]: ...
@overload
def scope(
    body: WIO[A, E, B], p: On[A, Never, P], q: On[A, Never, Q], /, **called: Unpack[_Called]
) -> WIO[A, E, B | P | Q]: ...
@overload
def scope(
    body: WIO[A, E, B], p: On[A, Never, P], q: On[A, Never, Q], r: On[A, Never, R], /, **called: Unpack[_Called]
) -> WIO[A, E, B | P | Q | R]: ...
@overload
def scope(
    body: WIO[A, E, B],
    p: On[A, Never, P],
    q: On[A, Never, Q],
    r: On[A, Never, R],
    s: On[A, Never, S],
    /,
    **called: Unpack[_Called],
) -> WIO[A, E, B | P | Q | R | S]: ...
@overload
def scope(body: WIO[A, E, B], p: On[A, E1, P], /, **called: Unpack[_Called]) -> WIO[A, E | E1, B | P]: ...
@overload
def scope(
    body: WIO[A, E, B], p: On[A, E1, P], q: On[A, E2, Q], /, **called: Unpack[_Called]
) -> WIO[A, E | E1 | E2, B | P | Q]: ...
@overload
def scope(
    body: WIO[A, E, B], p: On[A, E1, P], q: On[A, E2, Q], r: On[A, E3, R], /, **called: Unpack[_Called]
) -> WIO[A, E | E1 | E2 | E3, B | P | Q | R]: ...
@overload
def scope(
    body: WIO[A, E, B], p: On[A, E1, P], q: On[A, E2, Q], r: On[A, E3, R], s: On[A, E4, S], /, **called: Unpack[_Called]
) -> WIO[A, E | E1 | E2 | E3 | E4, B | P | Q | R | S]: ...
@overload
def scope(body: WIO[A, E, B], /, *many: On[A, Never, C], **called: Unpack[_Called]) -> WIO[A, E, B | C]: ...
@overload
def scope(body: WIO[A, E, B], /, *many: On[A, E1, C], **called: Unpack[_Called]) -> WIO[A, E | E1, B | C]: ...
def scope(
    body: WIO[Any, Any, Any], *handlers: On[Any, Any, Any], name: str = "scope", description: str = ""
) -> WIO[Any, Any, Any]:
    """Return the program that runs `body` while its handlers keep watch over it.

    Raises `InvalidDefinition` when two handlers have the same name.
    """
    stray = [each for each in handlers if not isinstance(cast(object, each), On)]
    if stray:
        raise InvalidDefinition(
            f"{stray[0]!r:.100} is no handler of {name!r}. Make it one: interrupt(trigger, handler), alongside(...) or"
            " on_cancel(...). To run it after the body, use >>."
        )
    doubled = first_doubled(on.handler.name for on in handlers)
    if doubled is not None:
        raise InvalidDefinition(
            f"Two handlers of {name!r} are called {doubled!r}, so the journal could not tell them apart."
            " Give one of them another name: interrupt(trigger, name=...)."
        )
    if sum(on.handler.watch is Watch.CANCEL for on in handlers) > 1:
        raise InvalidDefinition(
            f"{name!r} has two handlers for being cancelled, and only one could run. Put both into one."
        )
    return Watched(body, tuple(on.handler for on in handlers), name=name, description=description)


@overload
def timeout(
    body: WIO[A, E, B], after: timedelta | Callable[[A], timedelta], *, name: str = "timeout"
) -> WIO[A, E, B | A]: ...
@overload
def timeout(
    body: WIO[A, E, B],
    after: timedelta | Callable[[A], timedelta],
    otherwise: WIO[Interrupted[A, A], Never, C],
    *,
    name: str = "timeout",
) -> WIO[A, E, B | C]: ...
@overload
def timeout(
    body: WIO[A, E, B],
    after: timedelta | Callable[[A], timedelta],
    otherwise: WIO[Interrupted[A, A], E2, C],
    *,
    name: str = "timeout",
) -> WIO[A, E | E2, B | C]: ...
def timeout(
    body: WIO[Any, Any, Any],
    after: timedelta | Callable[[Any], timedelta],
    otherwise: WIO[Any, Any, Any] | None = None,
    *,
    name: str = "timeout",
) -> WIO[Any, Any, Any]:
    """Return the program that runs `body`, and when that takes too long withdraws it and runs `otherwise`.

    Without `otherwise` it then ends with its input. It is a scope with a wait as its interrupting trigger.
    """
    trigger = Wait(after, Timing.DURATION, name="deadline")
    handler = Handler(Watch.INTERRUPT, trigger, otherwise, "deadline")
    return Watched(body, (handler,), name=name)
