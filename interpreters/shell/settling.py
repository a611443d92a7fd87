"""How long does a command go on with an instance? Until it has ended, is paused, or only waits.

Its children are driven along: their timers are waited for too, and what they do when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from interpreters.errors import InstanceCancelled, InstanceFailed, InstancePaused, InstanceStuck
from interpreters.machine.pending import EffectToRun, TimerRunning
from interpreters.runtime.driving.agenda import due_of
from interpreters.runtime.instance import Instance
from interpreters.runtime.runtime import Runtime
from interpreters.shell.output import say
from journals.errors import JournalError, JournalUnavailable
from journals.ports import Journal

GRACE = timedelta(seconds=10)
"""Is how long an effect that is running gets to end after a Ctrl-C."""

_LONGEST_SLEEP_SECONDS = 0.25
_SHORTEST_LOOK = timedelta(milliseconds=10)
_LOOK_AT_OTHERS = timedelta(milliseconds=50)


async def settle(runtime: Runtime, instance: Instance[Any, Any], patience: timedelta) -> None:
    """Return when the instance has ended, is paused, or waits: for a signal, or for longer than `patience`.

    What another process owns is waited for in the same way, and taken over when that process is gone. Raises what made
    the runtime give the instance up, such as `Conflict`.
    """
    ended: asyncio.Future[None] = asyncio.ensure_future(_ended(instance))
    idle_looks = 0
    try:
        # What has just been asked for takes some turns of the event loop to begin, so that it is looked twice.
        while not ended.done() and idle_looks < 2:
            await runtime.idle()
            if not ended.done() and await runtime.journal.owner(instance.id) is None:
                ended = await _begun_anew(ended, instance)
            delay = await _delay(runtime, instance.id)
            waits_on = delay is None or delay > patience
            idle_looks = idle_looks + 1 if waits_on and runtime.is_idle else 0
            shortest = _LOOK_AT_OTHERS if runtime.is_idle and not waits_on else _SHORTEST_LOOK
            pause = _SHORTEST_LOOK if delay is None or waits_on else max(delay, shortest)
            await asyncio.wait([ended], timeout=pause.total_seconds())
        await runtime.idle()
    finally:
        ended.cancel()
        await asyncio.wait([ended])
    if not ended.cancelled():
        ended.result()


async def _begun_anew(ended: asyncio.Future[None], instance: Instance[Any, Any]) -> asyncio.Future[None]:
    """Wait for the end once more. Who begins to wait for an instance that nobody owns takes it, and goes on with it."""
    ended.cancel()
    await asyncio.wait([ended])
    return asyncio.ensure_future(_ended(instance))


async def _ended(instance: Instance[Any, Any]) -> None:
    with contextlib.suppress(InstancePaused, InstanceStuck, InstanceCancelled, InstanceFailed):
        await instance.result()


async def _delay(runtime: Runtime, instance_id: str) -> timedelta | None:
    """Return for how long the instance and its children wait by themselves; None when only others can move them."""
    try:
        waiting = await runtime.pending(instance_id)
    except InstancePaused:
        return None
    # An effect that may run now was woken between two looks.
    dues = [due_of(each) or datetime.now(UTC) for each in waiting if isinstance(each, EffectToRun | TimerRunning)]
    nearest = runtime.next_wake_up()
    if nearest is not None:
        dues.append(nearest)
    return min(dues) - datetime.now(UTC) if dues else None


@contextlib.contextmanager
def warnings_shown() -> Generator[None]:
    """Print what the runtime warns of, to standard error, unless the command itself tells it in its end."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("wio: %(message)s"))
    handler.addFilter(_tells_news)
    log = logging.getLogger("wio")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _tells_news(record: logging.LogRecord) -> bool:
    """Tell whether a warning is not about an error that ends the command, which is printed then."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    ends = (isinstance(one, Exception) and not isinstance(one, JournalUnavailable) for one in arguments)
    return not any(ends)


@contextlib.asynccontextmanager
async def awake() -> AsyncGenerator[None]:
    """Wake the event loop now and then: a Ctrl-C that comes just before it falls asleep is not seen until it wakes."""
    ticking = asyncio.create_task(_tick())
    try:
        yield
    finally:
        ticking.cancel()


async def _tick() -> None:
    while True:
        await asyncio.sleep(_LONGEST_SLEEP_SECONDS)


@contextlib.asynccontextmanager
async def stopping_said(runtime: Runtime, journal: Journal, instance_id: str) -> AsyncGenerator[None]:
    """Say, when a Ctrl-C comes while something is being done, that the end of it is waited for."""
    try:
        yield
    except asyncio.CancelledError:
        if not runtime.is_idle:
            what = await _what_runs(journal, instance_id)
            say(f"wio: stopping; {what} gets up to {GRACE.seconds} s to end. Ctrl-C again stops now.")
        raise


async def _what_runs(journal: Journal, instance_id: str) -> str:
    """Return the address of the effect that runs, as far as the journal knows it."""
    with contextlib.suppress(JournalError):
        detail = (await journal.find(instance_id)).detail
        if detail.startswith("runs "):
            return detail.removeprefix("runs ").partition(" ")[0]
    return "what is running"
