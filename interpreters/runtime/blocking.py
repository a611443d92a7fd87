"""How does a script without an event loop run workflows? Through a facade over the same runtime.

The runtime lives in an event loop of its own, in a thread; every call is handed over to it and waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterable
from concurrent.futures import CancelledError, Future
from datetime import timedelta
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from returns.result import Result

from interpreters.errors import RuntimeStopped
from interpreters.runtime.arguments import duration_given
from interpreters.runtime.instance import Instance
from interpreters.runtime.requests.tasking import OfferedTask
from interpreters.runtime.runtime import Runtime
from journals.entries import Entry, InstanceRecord
from journals.labels import Labels
from journals.search import EVERY, Count, Cursor, Order, Search
from wio.errors import WioError
from wio.nodes import Err, Out
from wio.signals import Query, Signal
from wio.workflow import Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")
R = TypeVar("R")
T = TypeVar("T")
Req = TypeVar("Req")
Resp = TypeVar("Resp")

_INSIDE = "with BlockingRuntime(Runtime(...))"


class BlockingRuntime:
    """Is a `Runtime` for synchronous code, inside `with`.

    Give it the runtime to use: `BlockingRuntime(Runtime(journal, [workflow]))`. Its methods may be called from any
    thread. They raise what the runtime's raise, and `TimeoutError` where a timeout is given and passes. A timeout is a
    `timedelta`, or None to wait for ever; a number raises `InvalidDefinition`. An effect that raises `SystemExit` ends
    the calls that wait for its instance with that.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        # Guards the step from "the loop is there" to "the loop has the call".
        self._handing_over = threading.Lock()

    def __enter__(self) -> Self:
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_run, args=(loop,), name="wio-runtime", daemon=True)
        self._thread.start()
        try:
            self.wait_for(self._runtime.__aenter__())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.wait_for(self._runtime.__aexit__(kind, error, trace))
        finally:
            self._close()

    def start(
        self, workflow: Workflow[A, E, B], *, id: str, input: A, tags: Iterable[str] = (), within: object | None = None
    ) -> BlockingInstance[E, B]:
        """Start an instance, or attach to it; see `Runtime.start`. `within` is a blocking connection."""
        starting = self._runtime.start(workflow, id=id, input=input, tags=tags, within=within)
        return BlockingInstance(self, self.wait_for(starting))

    def instance(self, workflow: Workflow[Any, E, B], id: str) -> BlockingInstance[E, B]:
        """Return the handle of an instance that exists; see `Runtime.instance`."""
        return BlockingInstance(self, self.wait_for(self._runtime.instance(workflow, id)))

    def instances(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 100
    ) -> tuple[InstanceRecord, ...]:
        """Return records of the instances that fit a search; see `Runtime.instances`."""
        return self.wait_for(self._runtime.instances(search, order=order, after=after, most=most))

    def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """Return how many instances fit a search; see `Runtime.count`."""
        return self.wait_for(self._runtime.count(search))

    def idle(self, timeout: timedelta | None = None) -> None:
        """Return when no instance has anything to do but wait; see `Runtime.idle`."""
        self.wait_for(self._runtime.idle(), timeout)

    def wait_for(self, call: Coroutine[Any, Any, T], timeout: timedelta | None = None) -> T:
        """Return what a coroutine of the runtime returns.

        Raises `RuntimeStopped` when the runtime is not running, or stops meanwhile, and `CalledInside`.
        """
        try:
            seconds = None if timeout is None else duration_given(timeout, "timeout").total_seconds()
            waiting = self._handed_over(call)
        except BaseException:
            call.close()
            raise
        try:
            return waiting.result(seconds)
        except (CancelledError, RuntimeStopped):
            raise RuntimeStopped(_INSIDE) from None
        except BaseException:
            waiting.cancel()
            raise

    def _handed_over(self, call: Coroutine[Any, Any, T]) -> Future[T]:
        with self._handing_over:
            if self._loop is None:
                raise RuntimeStopped(_INSIDE)
            if threading.current_thread() is self._thread:
                raise CalledInside
            return asyncio.run_coroutine_threadsafe(call, self._loop)

    def _close(self) -> None:
        with self._handing_over:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


class CalledInside(WioError):
    """Says that a coroutine, such as an effect, has called the blocking runtime in whose event loop it runs."""

    def __init__(self) -> None:
        super().__init__(
            "A coroutine called the blocking runtime that runs it, and so would wait for itself for ever."
            " Call it from a plain function, which runs in a thread of its own."
        )


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped, then end what is left in it."""
    stopped = False
    while not stopped:
        # An effect that wants to end the process ends the calls that wait for it, not the loop of all others.
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            loop.run_forever()
            stopped = True
    while tasks := asyncio.all_tasks(loop):
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.wait(tasks))
    loop.run_until_complete(loop.shutdown_asyncgens())


class BlockingInstance(Generic[Err, Out]):
    """Is an `Instance` for synchronous code."""

    def __init__(self, runtime: BlockingRuntime, instance: Instance[Err, Out]) -> None:
        self._runtime = runtime
        self._instance = instance
        self.id = instance.id

    def signal(
        self, signal: Signal[Req, Resp], request: Req, *, key: str | None = None, timeout: timedelta | None = None
    ) -> Resp:
        """Send a signal and return the response; see `Instance.signal`."""
        return self._runtime.wait_for(self._instance.signal(signal, request, key=key), timeout)

    def send(
        self, signal: Signal[Req, Any], request: Req, *, key: str | None = None, timeout: timedelta | None = None
    ) -> None:
        """Send a signal and return as soon as the journal has it; see `Instance.send`."""
        self._runtime.wait_for(self._instance.send(signal, request, key=key), timeout)

    def query(self, question: Query[R]) -> R:
        """Return the answer to a question; see `Instance.query`."""
        return self._runtime.wait_for(self._instance.query(question))

    def result(self, timeout: timedelta | None = None) -> Result[Out, Err]:
        """Wait for the end; see `Instance.result`."""
        return self._runtime.wait_for(self._instance.result(), timeout)

    def pause(self, *, by: str = "", reason: str = "") -> None:
        """Let nothing of the instance begin any more; see `Instance.pause`."""
        self._runtime.wait_for(self._instance.pause(by=by, reason=reason))

    def resume(self, *, by: str = "", reason: str = "") -> None:
        """Let a paused instance go on; see `Instance.resume`."""
        self._runtime.wait_for(self._instance.resume(by=by, reason=reason))

    def retry(self, *, from_address: str = "", by: str = "", reason: str = "") -> None:
        """Let steps that wait for their next attempt make it now, or go back; see `Instance.retry`."""
        self._runtime.wait_for(self._instance.retry(from_address=from_address, by=by, reason=reason))

    def cancel(self, *, by: str = "", reason: str = "") -> None:
        """Cancel the instance; see `Instance.cancel`."""
        self._runtime.wait_for(self._instance.cancel(by=by, reason=reason))

    def request_data_deletion(self, *, by: str = "", reason: str = "") -> None:
        """Let the data of the instance be deleted; see `Instance.request_data_deletion`."""
        self._runtime.wait_for(self._instance.request_data_deletion(by=by, reason=reason))

    def tasks(self) -> tuple[OfferedTask[Any], ...]:
        """Return the tasks that can be worked on now; see `Instance.tasks`."""
        return self._runtime.wait_for(self._instance.tasks())

    def claim(self, address: str, *, by: str) -> None:
        """Take a task upon oneself; see `Instance.claim`."""
        self._runtime.wait_for(self._instance.claim(address, by=by))

    def start_task(self, address: str, *, by: str) -> None:
        """Record that the work has begun; see `Instance.start_task`."""
        self._runtime.wait_for(self._instance.start_task(address, by=by))

    def heartbeat(self, address: str, *, by: str, note: str = "") -> None:
        """Record a sign of life; see `Instance.heartbeat`."""
        self._runtime.wait_for(self._instance.heartbeat(address, by=by, note=note))

    def release(self, address: str, *, by: str, reason: str = "") -> None:
        """Give a claimed task back; see `Instance.release`."""
        self._runtime.wait_for(self._instance.release(address, by=by, reason=reason))

    def delegate(self, address: str, *, to: object, by: str = "", reason: str = "") -> None:
        """Offer a task to somebody else; see `Instance.delegate`."""
        self._runtime.wait_for(self._instance.delegate(address, to=to, by=by, reason=reason))

    def complete(self, address: str, output: object, *, by: str, key: str | None = None) -> None:
        """Answer a task with its output; see `Instance.complete`."""
        self._runtime.wait_for(self._instance.complete(address, output, by=by, key=key))

    def fail_task(self, address: str, error: object, *, by: str, key: str | None = None) -> None:
        """Answer a task with its declared error; see `Instance.fail_task`."""
        self._runtime.wait_for(self._instance.fail_task(address, error, by=by, key=key))

    def skip(self, address: str, output: object, *, by: str = "", reason: str = "", key: str | None = None) -> None:
        """Let the workflow go on without the work; see `Instance.skip`."""
        self._runtime.wait_for(self._instance.skip(address, output, by=by, reason=reason, key=key))

    def record(self) -> InstanceRecord:
        """Return what the journal knows without the entries; see `Instance.record`."""
        return self._runtime.wait_for(self._instance.record())

    def labels(self) -> Labels:
        """Return the tags and the attributes; see `Instance.labels`."""
        return self._runtime.wait_for(self._instance.labels())

    def history(self) -> tuple[Entry, ...]:
        """Return all entries, in order; see `Instance.history`."""
        return self._runtime.wait_for(self._instance.history())
