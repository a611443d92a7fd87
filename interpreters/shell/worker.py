"""The command `wio worker`: how does a process run the instances of some workflows, beside others like it?

It is a member of the journal until a signal tells it to stop. Then it claims nothing more, lets what runs end for a
while, and gives everything back, so that its peers go on at once. Where the journal does not take it back after it has
lost its lease, it ends with that error.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from interpreters.machine.questions import with_children
from interpreters.runtime.keeping.retention import KEPT, Retention
from interpreters.runtime.runtime import Runtime
from interpreters.runtime.sharing.suspects import MOST_DEATHS
from interpreters.shell import options
from interpreters.shell.exit_codes import INTERRUPTED
from interpreters.shell.journal_urls import journal_at, without_password
from interpreters.shell.settling import GRACE
from interpreters.shell.targets import AnyWorkflow, load, load_object
from interpreters.shell.worker_stranded import watched_stranded
from interpreters.shell.worker_telling import Figures, JsonLines, LiveView, Telling, warnings_told
from interpreters.shell.worker_watch import WatchedJournal
from journals.archives import FolderArchive
from journals.errors import JournalError
from journals.ports import Journal

_KEEP = (
    "How long instances are kept after their end: 30d, 12h or forever. All workers of a workflow should say the same."
)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def worker(
    workflow: options.WorkflowName,
    /,
    *more: options.WorkflowName,
    journal: options.JournalUrl,
    grace: Annotated[timedelta, Parameter(help="How long steps that run get to end when the worker stops.")] = GRACE,
    keep: Annotated[Literal["forever"] | timedelta, Parameter(help=_KEEP)] = KEPT,
    archive: Annotated[Path | None, Parameter(help="A folder that gets each instance, as a file, before that.")] = None,
    json: Annotated[bool, Parameter(name="--json", negative="", help="Log lines of JSON, on a terminal too.")] = False,
    publisher: Annotated[str, Parameter(help="Who gets what is published: MODULE:NAME of an object.")] = "",
    hooks: Annotated[
        str, Parameter(help="What is called when instances pause or end: MODULE:NAME of Hooks(...).")
    ] = "",
    scrubber: Annotated[
        str, Parameter(help="What is left of a payload when data is deleted: MODULE:NAME of a function.")
    ] = "",
    most_deaths: Annotated[
        int,
        Parameter(name="--most-deaths", help="After how many deaths of its process in a row an instance is parked."),
    ] = MOST_DEATHS,
) -> None:
    """Run the instances of some workflows until a SIGTERM or Ctrl-C, beside other workers on the same journal.

    All versions that the modules hold are run, and the workflows that are written in them as children. The first
    signal lets what runs end and gives everything back to the other workers; the second ends the worker at once.
    """
    workflows = _workflows((workflow, *more))
    telling = LiveView() if sys.stderr.isatty() and not json else JsonLines()
    period, folder = None if keep == "forever" else keep, None if archive is None else FolderArchive(archive)
    retention = Retention(period, archive=folder)
    named = {"publisher": publisher, "hooks": hooks, "scrubber": scrubber}
    given = {name: _given(target) for name, target in named.items() if target}
    runtime = partial(Runtime, workflows=workflows, grace=grace, retention=retention, most_deaths=most_deaths, **given)
    kept = "forever" if period is None else str(period).removesuffix(", 0:00:00")
    where = {"journal": without_password(journal.url), "namespace": journal.namespace, "kept": kept}
    with warnings_told(telling):
        asyncio.run(_work(workflows, journal_at(journal, create=True), where, runtime, grace, telling))


def _given(target: str) -> Any:
    """Return the object that is named; the runtime refuses one that is not what it must be."""
    return load_object(target)


def _workflows(names: tuple[str, ...]) -> tuple[AnyWorkflow, ...]:
    """Return the workflows of these names in all versions, each once."""
    found: list[AnyWorkflow] = []
    for name in names:
        found += [workflow for workflow in load(name).versions() if not any(workflow is one for one in found)]
    return tuple(found)


async def _work(
    workflows: tuple[AnyWorkflow, ...],
    journal: Journal,
    where: dict[str, str],
    runtime_on: Callable[[Journal], Runtime],
    grace: timedelta,
    telling: Telling,
) -> None:
    known = tuple(f"{one.name} v{one.version}" for one in with_children(workflows))

    def started() -> None:
        telling.tell("started", host=socket.gethostname(), pid=os.getpid(), workflows=known, **where)

    watched = WatchedJournal(journal, lambda epoch: telling.tell("joined", epoch=epoch), opened=started)
    runtime = runtime_on(watched)
    begun: list[Runtime] = []

    def figures() -> Figures | None:
        return Figures(runtime.running, runtime.in_memory, watched.steps_a_second(), watched.lag()) if begun else None

    async with telling.shown(figures):
        with _stop_signals() as stopped:
            try:
                async with runtime, watched_stranded(journal, telling, lambda: watched.epoch):
                    begun.append(runtime)
                    name = await _first_signal(stopped, runtime)
                    telling.tell("stopping", signal=name, grace_seconds=grace.total_seconds())
            except JournalError as error:
                if begun:
                    telling.tell("stopped", reason=str(error))
                raise
        telling.tell("stopped")


async def _first_signal(stopped: asyncio.Future[str], runtime: Runtime) -> str:
    """Return the name of the signal that stops the worker. Raises why the runtime stops by itself before."""
    ending = asyncio.create_task(runtime.until_stopped())
    try:
        await asyncio.wait((stopped, ending), return_when=asyncio.FIRST_COMPLETED)
        return await (ending if ending.done() else stopped)
    finally:
        ending.cancel()


@contextlib.contextmanager
def _stop_signals() -> Generator[asyncio.Future[str]]:
    """Give what becomes the name of the first signal. The second one ends the process, whatever it does then."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[str] = loop.create_future()
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        received.append(number)
        if len(received) > 1:
            _show_cursor()
            os._exit(INTERRUPTED)
        loop.call_soon_threadsafe(stopped.set_result, signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_cursor() -> None:
    """Give a terminal its cursor back, which the live view hides."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h")
