"""What can be done with one instance? The handle that `Runtime.start` gives."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from returns.result import Result

from journals.entries import Entry, InstanceRecord
from journals.ports import Journal
from wio.signals import Query, Signal
from wio.workflow import Workflow

E = TypeVar("E")
B = TypeVar("B")
R = TypeVar("R")
Req = TypeVar("Req")
Resp = TypeVar("Resp")


class Host(Protocol):
    """Is what a handle needs of its runtime; each method is described where the handle offers it."""

    @property
    def journal(self) -> Journal: ...

    async def deliver(self, id: str, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp: ...

    async def answer(self, id: str, question: Query[R]) -> R: ...

    async def result(self, id: str) -> Result[Any, Any]: ...

    async def resume(self, id: str) -> None: ...

    async def history(self, id: str) -> tuple[Entry, ...]: ...


class Instance(Generic[E, B]):
    """Is one run of a workflow, by its id. It holds no state: any number of handles may name one instance."""

    def __init__(self, runtime: Host, workflow: Workflow[Any, E, B], id: str) -> None:
        self._runtime = runtime
        self.workflow = workflow
        self.id = id

    def __repr__(self) -> str:
        return f"Instance({self.id!r}, {self.workflow.name!r})"

    async def signal(self, signal: Signal[Req, Resp], request: Req, *, key: str | None = None) -> Resp:
        """Send a signal and return the response.

        A repeat with the same `key` returns the first response and does nothing else. A signal that comes early is
        refused, or kept and answered when the workflow gets there, as `signal.early` says. Cancelling the call
        takes nothing back: an effect that has begun goes on and is recorded.

        Raises `UnexpectedSignal`, `WrongPayload`, or what the effect raises; then nothing was recorded; and
        `NotHandled` when the instance ends before a kept signal's turn.
        """
        return await self._runtime.deliver(self.id, signal, request, key)

    async def query(self, question: Query[R]) -> R:
        """Return the answer to a question. It changes and records nothing. Raises `UnexpectedQuery`."""
        return await self._runtime.answer(self.id, question)

    async def result(self) -> Result[B, E]:
        """Wait for the end and return `Success(value)` or `Failure(error)`; at once when it has ended before.

        Raises `InstancePaused` when the instance is or becomes paused, and `RuntimeStopped`.
        """
        return await self._runtime.result(self.id)

    async def resume(self) -> None:
        """Let a paused instance go on, with a fresh retry policy. Raises `NotPaused`."""
        await self._runtime.resume(self.id)

    async def record(self) -> InstanceRecord:
        """Return what the journal knows of the instance without its entries: status, wake-up time, detail."""
        return await self._runtime.journal.find(self.id)

    async def history(self) -> tuple[Entry, ...]:
        """Return all entries, in order."""
        return await self._runtime.history(self.id)
