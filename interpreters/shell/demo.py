"""The command `wio demo`: is it true that a killed workflow goes on where it was? It does so before your eyes.

The workflow is `examples.order`. It runs by the same `wio run` that anybody would type, in real processes, the first of
which gets a real SIGKILL inside the second step.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import attrs
from cyclopts import Parameter

from interpreters.history import activities
from interpreters.render import Drawing, RendererMissing, draw, to_svg
from interpreters.runtime.journal.reading import read_all
from interpreters.shell import options
from interpreters.shell.asking import answer_of
from interpreters.shell.demo_processes import ProcessRun, run_process
from interpreters.shell.drawing import printed_text
from interpreters.shell.exit_codes import DONE, ERROR
from interpreters.shell.history import print_activities, print_entries
from interpreters.shell.journal_urls import absolute, journal_at
from interpreters.shell.output import Column, print_heading, print_table
from interpreters.shell.shell_errors import WrongTarget
from interpreters.shell.targets import Target, load
from interpreters.tracing import progress
from journals.entries import Entry, Kind
from journals.namespaces import DEFAULT_NAMESPACE
from wio.signals import Query

_TARGET = "examples.order:order"
_PICTURE = Path("wio-demo.svg")
_KILLED_IN_STEP = 2


@attrs.frozen(eq=False)
class _Demo:
    """Is what the demonstration works on. `folder` is the clone of the repository."""

    target: Target
    question: Query[Any]
    folder: Path
    id: str
    place: options.Place

    def run(self, words: Sequence[str], *, kill_in_step: int | None = None) -> ProcessRun:
        """Show a command of `wio` and run it in a process of its own."""
        _print_command(words)
        places = {"WIO_JOURNAL": self.place.url, "WIO_NAMESPACE": self.place.namespace}
        environment = {**os.environ, **places}
        return run_process(words, self.folder, environment, _print, kill_in_step=kill_in_step)


def demo(
    *,
    journal: Annotated[
        str | None, Parameter(help="The journal to use; by default a new SQLite file in a temporary folder.")
    ] = None,
    namespace: options.Namespace = DEFAULT_NAMESPACE,
) -> int:
    """Kill a workflow in the middle, run it again, and show what was skipped. It also writes wio-demo.svg."""
    shown = _demo(journal, namespace)
    run = ("run", _TARGET, "--id", shown.id, "--input", "examples/order.json")

    print_heading("1. The workflow is a value: it is drawn before anything runs")
    _print_command(("draw", _TARGET))
    _print(printed_text(draw(shown.target.workflow)))

    print_heading(f"2. A process runs it, and gets a SIGKILL inside step {_KILLED_IN_STEP}")
    _print(f"$ export WIO_JOURNAL={shlex.quote(shown.place.url)}")
    first = shown.run(run, kill_in_step=_KILLED_IN_STEP)
    if not first.was_killed:
        _print(f"Process {first.pid} ended with exit code {first.exit_code} before it could be killed.")
        return ERROR
    _print(f"Process {first.pid} was killed with SIGKILL inside {first.steps[-1]}.")

    print_heading("3. Another process runs the same command")
    second = shown.run(run)
    if second.exit_code != DONE:
        _print(f"Process {second.pid} ended with exit code {second.exit_code}; the workflow should have completed.")
        return ERROR
    _print(f"Process {second.pid} went on from the journal, to the end.")

    _show_journal(shown, first, second)
    return DONE


def _demo(journal: str | None, namespace: str) -> _Demo:
    try:
        target = load(_TARGET)
    except WrongTarget as error:
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise WrongTarget(
                "wio demo runs in a clone of the repository, which has the folder examples: pip install -e '.[all]'"
            ) from error
        raise
    folder = Path(str(target.namespace["__file__"])).resolve().parents[1]
    question = target.query("status")
    if journal is not None:
        return _Demo(
            target, question, folder, f"demo-{uuid.uuid4().hex[:8]}", options.Place(absolute(journal), namespace)
        )
    path = Path(tempfile.mkdtemp(prefix="wio-demo-")) / "orders.db"
    return _Demo(target, question, folder, "order-1", options.Place(f"sqlite:///{path}", namespace))


def _show_journal(shown: _Demo, first: ProcessRun, second: ProcessRun) -> None:
    workflow = shown.target.workflow
    entries = asyncio.run(_entries(shown))
    print_heading("4. Each step ran to its end once")
    _print_steps(entries, first, second)

    print_heading("5. The instance answers queries, also after its end")
    _print_command(("query", _TARGET, "--id", shown.id, "--query", shown.question.name))
    answer = asyncio.run(answer_of(shown.target, shown.id, journal_at(shown.place), shown.question))
    _print(json.dumps(answer, ensure_ascii=False))

    print_heading("6. The journal holds what happened")
    _print_command(("history", "--id", shown.id))
    print_entries(entries)

    print_heading("7. The same in the words of workflow engines")
    _print_command(("history", "--id", shown.id, "--activities"))
    print_activities(activities(workflow.name, entries))

    print_heading("8. The picture shows how far the instance is")
    _print_command(("draw", _TARGET, "--id", shown.id))
    drawing = draw(workflow, progress=progress(workflow, entries))
    _print(printed_text(drawing))
    _print(f"\n{_written(drawing)}")


async def _entries(shown: _Demo) -> tuple[Entry, ...]:
    async with journal_at(shown.place) as journal:
        return await read_all(journal, shown.id)


def _print_steps(entries: tuple[Entry, ...], first: ProcessRun, second: ProcessRun) -> None:
    steps = [entry.address for entry in entries if entry.kind is Kind.EVENT]
    rows = [(step, _in_first(step, first), _in_second(step, first, second)) for step in steps]
    print_table(
        (Column("step", "bold"), Column(f"process {first.pid}"), Column(f"process {second.pid}")),
        rows,
    )


def _in_first(step: str, first: ProcessRun) -> str:
    if step not in first.steps:
        return "not reached"
    return "killed inside it" if step == first.steps[-1] else "ran"


def _in_second(step: str, first: ProcessRun, second: ProcessRun) -> str:
    if step not in second.steps:
        return "skipped: the journal holds its event"
    return "ran again" if step in first.steps else "ran"


def _written(drawing: Drawing) -> str:
    try:
        svg = to_svg(drawing)
    except RendererMissing as error:
        return str(error)
    _PICTURE.write_text(svg, encoding="utf-8")
    return f"The picture is also in {_PICTURE.absolute()}"


def _print_command(words: Sequence[str]) -> None:
    _print(f"$ wio {shlex.join(words)}")


def _print(text: str) -> None:
    print(text.rstrip("\n"), flush=True)
