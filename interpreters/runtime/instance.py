"""What can be done with one instance? The handle that `Runtime.start` gives."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from returns.result import Result

from interpreters.machine.recorded import Note
from interpreters.runtime.requests.commands import Command, Verb
from interpreters.runtime.requests.tasking import OfferedTask, Report
from journals.entries import Entry, InstanceRecord, Kind
from journals.labels import Labels
from journals.ports import Journal
from wio.nodes import Err, Out
from wio.signals import Query, Signal
from wio.workflow import Workflow

R = TypeVar("R")
Req = TypeVar("Req")
Resp = TypeVar("Resp")


class Host(Protocol):
    """Is what a handle needs of its runtime; each method is described where the handle offers it."""

    journal: Journal

    async def deliver(self, id: str, signal: Signal[Req, Resp], request: Req, key: str | None) -> Resp: ...

    async def send(self, id: str, signal: Signal[Req, Any], request: Req, key: str | None) -> None: ...

    async def answer(self, id: str, question: Query[R]) -> R: ...

    async def result(self, id: str) -> Result[Any, Any]: ...

    async def steer(self, id: str, command: Command) -> None: ...

    async def request_data_deletion(self, id: str, note: Note) -> None: ...

    async def tasks(self, id: str) -> tuple[OfferedTask[Any], ...]: ...

    async def report(self, id: str, report: Report) -> None: ...

    async def history(self, id: str) -> tuple[Entry, ...]: ...


class Instance(Generic[Err, Out]):
    """Is one run of a workflow, by its id. It holds no state: any number of handles may name one instance."""

    def __init__(self, runtime: Host, workflow: Workflow[Any, Err, Out], id: str) -> None:
        self._runtime = runtime
        self.workflow = workflow
        self.id = id

    def __repr__(self) -> str:
        return f"Instance({self.id!r}, {self.workflow.name!r})"

    async def signal(self, signal: Signal[Req, Resp], request: Req, *, key: str | None = None) -> Resp:
        """Send a signal and return the response.

        A repeat with the same `key` returns the first response and does nothing else. A signal that comes early is
        refused, or kept, as `signal.early` says. The call for a kept one waits until a step has taken it, which may be
        never; `send` does not wait. Cancelling the call takes nothing back: an effect that has begun goes on and is
        recorded.

        Raises `UnexpectedSignal`, `WrongPayload`, or what the effect raises; then nothing was recorded; and
        `NotHandled` when the instance ends before a kept signal's turn.
        """
        return await self._runtime.deliver(self.id, signal, request, key)

    async def send(self, signal: Signal[Req, Any], request: Req, *, key: str | None = None) -> None:
        """Send a signal and return as soon as the journal has it, handled or kept.

        A repeat with the same `key` does nothing. Raises like `signal`, except for `NotHandled`.
        """
        await self._runtime.send(self.id, signal, request, key)

    async def query(self, question: Query[R]) -> R:
        """Return the answer to a question. It changes and records nothing. Raises `UnexpectedQuery`."""
        return await self._runtime.answer(self.id, question)

    async def result(self) -> Result[Out, Err]:
        """Wait for the end and return `Success(value)` or `Failure(error)`; at once when it has ended before.

        Raises `InstancePaused` when the instance is or becomes paused, `InstanceStuck` when nothing can happen in it
        any more, `InstanceCancelled` when it was cancelled, `InstanceFailed` when the retry policy of a step has failed
        it, and `RuntimeStopped`.
        """
        return await self._runtime.result(self.id)

    async def pause(self, *, by: str = "", reason: str = "") -> None:
        """Let nothing of the instance begin any more, until it is resumed: no effect, timer or attempt.

        An effect under way ends, and its event is recorded; nothing follows from it. Signals are refused with
        `InstancePaused`, or kept where they may come early. `by` and `reason`, here and in what follows, say in the
        journal who has given the command, and why. Raises `AlreadyPaused` or `InstanceEnded`.
        """
        await self._runtime.steer(self.id, Command(Verb.PAUSE, by, reason))

    async def resume(self, *, by: str = "", reason: str = "") -> None:
        """Let a paused instance go on, with a fresh retry policy where a step has paused it.

        Raises `NotPaused`, and `InstancePaused` for one that is parked and cannot be read yet.
        """
        await self._runtime.steer(self.id, Command(Verb.RESUME, by, reason))

    async def retry(self, *, from_address: str = "", by: str = "", reason: str = "") -> None:
        """Let every step that waits for its next attempt make it now, and those go on that have paused the instance.

        With `from_address`, the instance goes back to that step or part, also when it is paused or has failed: what
        was recorded there and since then stays in its history, and does not count any more. Raises `CannotGoBack` with
        the reason where that cannot be meant, `NothingToRetry`, `InstancePaused` when a command has paused it, or
        `MoveRefused`.
        """
        await self._runtime.steer(self.id, Command(Verb.RETRY, by, reason, address=from_address))

    async def cancel(self, *, by: str = "", reason: str = "") -> None:
        """Cancel the instance, also a paused one: withdraw everything, and undo what its sagas say.

        When it returns, the command is in the journal; wait for the end with `result`. Raises `InstanceEnded`.
        """
        await self._runtime.steer(self.id, Command(Verb.CANCEL, by, reason))

    async def request_data_deletion(self, *, by: str = "", reason: str = "") -> None:
        """Let the data of the instance, which has ended, be deleted by the next runtime that can run it.

        Its entries stay, with number, kind, address and time; of their payloads stays what the runtime's `scrubber`
        leaves. From now on, whoever asks for the result or anything else gets `InstanceDataDeleted`. Raises
        `MoveRefused` when it has not ended, or the deletion is under way.
        """
        await self._runtime.request_data_deletion(self.id, Note(by, reason))

    async def tasks(self) -> tuple[OfferedTask[Any], ...]:
        """Return the tasks that can be worked on now, in the order of their addresses."""
        return await self._runtime.tasks(self.id)

    async def claim(self, address: str, *, by: str) -> None:
        """Take a task upon oneself; a repeat by the same one does nothing.

        Raises `TaskRefused` when somebody else has it, or it is gone.
        """
        await self._report(Kind.TASK_CLAIMED, address, by)

    async def start_task(self, address: str, *, by: str) -> None:
        """Record that the work has begun. Raises `TaskRefused` for who has not claimed it."""
        await self._report(Kind.TASK_STARTED, address, by)

    async def heartbeat(self, address: str, *, by: str, note: str = "") -> None:
        """Record a sign of life. Raises `TaskRefused` for who has not claimed it."""
        await self._report(Kind.TASK_HEARTBEAT, address, by, note)

    async def release(self, address: str, *, by: str, reason: str = "") -> None:
        """Give a claimed task back, to be offered again. Raises `TaskRefused` for who has not claimed it."""
        await self._report(Kind.TASK_RELEASED, address, by, reason)

    async def delegate(self, address: str, *, to: object, by: str = "", reason: str = "") -> None:
        """Offer a task to somebody else, given as plain JSON. Raises `TaskRefused` when it is gone.

        Anybody may do so: `by` and `reason` say in the journal who did, and why.
        """
        await self._report(Kind.TASK_DELEGATED, address, by, reason, to)

    async def complete(self, address: str, output: object, *, by: str, key: str | None = None) -> None:
        """Answer a task with its output.

        A repeat with the `key` of the answer that was recorded there does nothing. Raises `TaskRefused` for who has not
        claimed the task, or when it is gone or answered otherwise, and `WrongPayload`.
        """
        await self._report(Kind.TASK_COMPLETED, address, by, "", output, key)

    async def fail_task(self, address: str, error: object, *, by: str, key: str | None = None) -> None:
        """Answer a task with its declared error; see `complete`."""
        await self._report(Kind.TASK_FAILED, address, by, "", error, key)

    async def skip(
        self, address: str, output: object, *, by: str = "", reason: str = "", key: str | None = None
    ) -> None:
        """Let the workflow go on without the work, with an output given instead; see `complete`.

        Anybody may do so: `by` and `reason` say in the journal who did, and why.
        """
        await self._report(Kind.TASK_SKIPPED, address, by, reason, output, key)

    async def _report(
        self, kind: Kind, address: str, by: str, text: str = "", value: object = None, key: str | None = None
    ) -> None:
        await self._runtime.report(self.id, Report(kind, address, by, text, value, key))

    async def record(self) -> InstanceRecord:
        """Return what the journal knows of the instance without its entries: status, wake-up time, detail."""
        return await self._runtime.journal.find(self.id)

    async def labels(self) -> Labels:
        """Return the tags that it was started with, and the attributes that it has set."""
        (labels,) = await self._runtime.journal.labels([self.id])
        return labels

    async def history(self) -> tuple[Entry, ...]:
        """Return all entries, in order."""
        return await self._runtime.history(self.id)
