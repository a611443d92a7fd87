"""How long does a command go on with an instance? Until it has ended, is paused, or only waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from interpreters.errors import InstancePaused
from interpreters.machine.pending import EffectToRun
from interpreters.machine.turn import wake_up_of
from interpreters.runtime.instance import Instance
from interpreters.runtime.runtime import Runtime

_SHORTEST_LOOK = timedelta(milliseconds=10)


async def settle(runtime: Runtime, instance: Instance[Any, Any], patience: timedelta) -> None:
    """Return when the instance has ended, is paused, or waits: for a signal, or for longer than `patience`.

    Raises what made the runtime give the instance up, such as `Conflict`.
    """
    ended = asyncio.ensure_future(_ended(instance))
    try:
        while not ended.done():
            await runtime.idle()
            delay = timedelta(0) if ended.done() else await _delay(runtime, instance.id)
            if delay is None or delay > patience:
                break
            await asyncio.wait([ended], timeout=max(delay, _SHORTEST_LOOK).total_seconds())
    finally:
        ended.cancel()
        await asyncio.wait([ended])
    if not ended.cancelled():
        ended.result()


async def _ended(instance: Instance[Any, Any]) -> None:
    with contextlib.suppress(InstancePaused):
        await instance.result()


async def _delay(runtime: Runtime, instance_id: str) -> timedelta | None:
    """Return for how long the instance waits by itself; None when only somebody else can move it."""
    try:
        waiting = await runtime.pending(instance_id)
    except InstancePaused:
        return None
    due = wake_up_of(waiting)
    if due is not None:
        return due - datetime.now(UTC)
    # It was woken between two looks.
    return timedelta(0) if isinstance(waiting, EffectToRun) else None


@contextlib.contextmanager
def warnings_shown() -> Generator[None]:
    """Print what the runtime warns of, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("wio: %(message)s"))
    log = logging.getLogger("wio")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
