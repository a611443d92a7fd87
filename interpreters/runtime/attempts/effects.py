"""How is an effect run, and what can it ask about itself?"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import lru_cache
from types import GeneratorType
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import asdict
from returns.io import IO, IOFailure, IOResult
from returns.primitives.container import BaseContainer
from returns.unsafe import unsafe_perform_io

from interpreters.errors import EffectFailed
from interpreters.machine.pending import EffectToRun
from interpreters.runtime.attempts.threads import Workers
from wio.errors import WioError


class EffectContext(Struct, frozen=True, gc=False):
    """Tells an effect where it runs.

    `attempt` counts from 1. `idempotency_key` is the same on every attempt of the step, and no other step of any
    instance in the journal has it: give it to services that recognise repeated requests. For the effect of a signal
    `delivery` tells one request from another: a repeat with the sender's key has the same.
    """

    instance_id: str
    workflow: str
    address: str
    attempt: int
    delivery: str = ""

    @property
    def idempotency_key(self) -> str:
        """Is the instance's id, the step's address and, for a signal, the delivery, with colons between them.

        An address has no colon, and those of an id are escaped, so no two keys are the same.
        """
        instance_id = self.instance_id.replace("%", "%25").replace(":", "%3A")
        return ":".join((instance_id, self.address, self.delivery) if self.delivery else (instance_id, self.address))

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """Is a logger whose records carry `instance_id`, `address` and `attempt`."""
        return logging.LoggerAdapter(logging.getLogger(f"wio.effects.{self.workflow}"), asdict(self))


class NoEffect(WioError):
    """Says that the context of an effect was asked for outside of one."""

    def __init__(self) -> None:
        super().__init__("No effect is running here. Call effect_context() inside an effect, not in a pure function.")


class CancelledInside(WioError):
    """Says that an effect raised `CancelledError` although nobody had cancelled it."""

    def __init__(self, error: asyncio.CancelledError) -> None:
        super().__init__(
            f"The effect was cancelled from inside: {error!r}. Something that it awaits was cancelled by other code;"
            " catch that in the effect, or let the retry policy try again."
        )


_CONTEXT: ContextVar[EffectContext] = ContextVar("wio_effect_context")


def effect_context() -> EffectContext:
    """Return the context of the effect that calls this. Raises `NoEffect` elsewhere."""
    try:
        return _CONTEXT.get()
    except LookupError:
        raise NoEffect from None


async def run_effect(effect: EffectToRun, context: EffectContext, workers: Workers) -> Any:
    """Return the event of an effect; raise what it raises, or carries as `IOFailure`.

    `CancelledError` comes out of it only when the task that calls this is being cancelled.
    """
    token = _CONTEXT.set(context)
    try:
        if _is_async(effect.function):
            produced = await effect.function(*effect.arguments)
        else:
            produced = await workers.run(effect.function, effect.arguments)
        while not _is_event(produced.__class__):
            if not inspect.isawaitable(produced):
                return _unwrapped(produced)
            produced = await produced
        return produced
    except asyncio.CancelledError as cancelled:
        if is_cancelled():
            raise
        raise CancelledInside(cancelled) from cancelled
    finally:
        _CONTEXT.reset(token)


def is_cancelled() -> bool:
    """Tell whether somebody has cancelled the present task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@lru_cache(maxsize=1_024)
def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _is_async(function: Callable[..., Any]) -> bool:
    """Tell whether calling a function gives a coroutine. The answer is remembered: it takes longer than most calls."""
    try:
        return _is_coroutine_function(function)
    except TypeError:  # a callable object that cannot be hashed
        return _is_coroutine_function.__wrapped__(function)


@lru_cache(maxsize=1_024)
def _is_event(kind: type[object]) -> bool:
    """Tell whether what an effect has returned is its event as it is: neither to be awaited nor to be unwrapped.

    The answer is remembered by type: isinstance is slow where the metaclass is that of abstract classes.
    """
    return not issubclass(kind, BaseContainer | GeneratorType | Awaitable)


def _unwrapped(produced: object) -> object:
    if isinstance(produced, IOFailure):
        content: object = unsafe_perform_io(cast("IOResult[Any, Any]", cast(object, produced)).failure())
        raise content if isinstance(content, BaseException) else EffectFailed(content)
    if isinstance(produced, IOResult):
        return unsafe_perform_io(cast("IOResult[Any, Any]", cast(object, produced)).unwrap())
    if isinstance(produced, IO):
        return unsafe_perform_io(cast("IO[Any]", cast(object, produced)))
    return produced
