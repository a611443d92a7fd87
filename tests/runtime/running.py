"""What do the tests of the runtime run, and on what? A few small workflows, and journals that misbehave on demand."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import attrs

from interpreters import Runtime
from interpreters.machine.recorded import AttemptFailed, AttemptLost, Paused
from interpreters.testing import VirtualClock
from journals.codecs import JsonCodec
from journals.entries import Commit, Entry, Kind
from journals.forwarding import ForwardingJournal
from journals.ports import Journal
from wio import WIO, Early, Query, Signal, Workflow, handle_signal, query

T = TypeVar("T")

PATIENCE_SECONDS = 120
"""Bounds a hang only: a loaded machine may be much slower than others."""
NO_GRACE = timedelta(0)
DAY = timedelta(days=1)


@attrs.frozen
class Approval:
    """Is a request."""

    by: str


APPROVE = Signal("approve", request=Approval, response=str)
NOTE = Signal("note", request=str, response=str, early=Early.KEEP)
STATE = Query("state", response=str)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a test in an event loop of its own; a test that hangs fails."""

    async def patiently() -> T:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await coroutine

    return asyncio.run(patiently())


def workflow(
    root: WIO[Any, Any, Any], *, version: int = 1, input: type = int, name: str = "flow"
) -> Workflow[Any, Any, Any]:
    """Return a workflow that takes an int, unless told otherwise."""
    return Workflow(name, version=version, input=input, root=root)


def approved(value: int, request: Approval) -> str:
    """Return the event of an approval."""
    return f"{value} by {request.by}"


def noted(value: object, request: str) -> str:
    """Return the event of a note."""
    return f"{value} {request}"


def approval(effect: Callable[[Any, Approval], Any] = approved) -> WIO[Any, Any, Any]:
    """Return the step that waits for an approval and ends with who gave it."""
    return handle_signal(APPROVE, effect, lambda _, event: event, respond=lambda _, event: f"ok {event}", event=str)


def note(effect: Callable[[Any, str], Any] = noted) -> WIO[Any, Any, Any]:
    """Return the step that waits for a note."""
    return handle_signal(NOTE, effect, lambda _, event: event, respond=lambda _, event: f"noted {event}", event=str)


def answering(root: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
    """Return the program with an answer to `STATE`."""
    return query(STATE, lambda state: f"at {state}", root)


class Effect:
    """Is an effect that counts its runs, and does what it is told to on each of them: return, raise or call."""

    def __init__(self, *answers: Any) -> None:
        self._answers = deque(answers)
        self.runs = 0

    def __call__(self, value: Any, *_: Any) -> Any:
        self.runs += 1
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer(value) if callable(answer) else answer


class Gate:
    """Is an effect that tells when it has begun, and ends when it is let."""

    def __init__(self, event: Any = 1) -> None:
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.runs = 0
        self.broken_off = 0
        self._event = event

    async def __call__(self, *_: Any) -> Any:
        self.runs += 1
        self.begun.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        return self._event


class FaultyJournal(ForwardingJournal):
    """Passes everything on to a journal, but fails where it was told to.

    `before` and `after` have for each method what happens on its next calls, before or after the real call: None
    for nothing, an error to raise, or something to wait for. `calls` counts.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.before: dict[str, deque[Any]] = {}
        self.after: dict[str, deque[Any]] = {}
        self.calls: Counter[str] = Counter()
        self.commits: list[Commit] = []

    def fail(self, method: str, *faults: Any, late: bool = False) -> None:
        """Let the next calls of a method fail, before it has done its work or after."""
        (self.after if late else self.before).setdefault(method, deque()).extend(faults)

    async def around(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Fail where it was told so."""
        self.calls[method] += 1
        await _happens(self.before.get(method))
        returned = await call()
        await _happens(self.after.get(method))
        return returned

    async def commit(self, commit: Commit) -> None:
        """Commit, and remember it."""
        self.commits.append(commit)
        await super().commit(commit)


async def _happens(faults: deque[Any] | None) -> None:
    fault = faults.popleft() if faults else None
    if isinstance(fault, BaseException):
        raise fault
    if fault is not None:
        await fault()


def virtual(
    journal: Any, *workflows: Workflow[Any, Any, Any], clock: VirtualClock | None = None, **options: Any
) -> Runtime:
    """Return a runtime in virtual time."""
    return Runtime(journal, workflows, clock=clock or VirtualClock(), **options)


async def rounds(number: int = 20) -> None:
    """Let everything that can happen at once happen: that many rounds of the event loop."""
    for _ in range(number):
        await asyncio.sleep(0)


async def kinds(instance: Any) -> list[Kind]:
    """Return the kinds of an instance's entries, in order."""
    return [entry.kind for entry in await instance.history()]


def told(entry: Entry) -> Any:
    """Return what the machine has recorded in an entry of its own."""
    forms: dict[Kind, type] = {
        Kind.ATTEMPT_FAILED: AttemptFailed,
        Kind.ATTEMPT_LOST: AttemptLost,
        Kind.PAUSED: Paused,
    }
    assert entry.payload is not None
    return JsonCodec().decode(entry.payload, forms[entry.kind])
