"""The command `wio draw`: how does a workflow, or an instance of it, look?"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import attrs
from cyclopts import Parameter

from interpreters.render import Drawing, Mark, Progress, Reached, State, to_dot, to_json, to_mermaid, to_svg, to_text
from interpreters.render import draw as picture_of
from interpreters.runtime.journal.reading import read_all
from interpreters.runtime.journal.storing import check_has_data
from interpreters.shell import options
from interpreters.shell.journal_urls import journal_at
from interpreters.shell.output import say
from interpreters.shell.shell_errors import WrongInput, WrongOutput
from interpreters.shell.targets import Target, load
from interpreters.tracing import progress
from journals.entries import InstanceRecord, Status
from journals.namespaces import DEFAULT_NAMESPACE
from journals.ports import Journal

Format: TypeAlias = Literal["text", "mermaid", "dot", "svg", "json"]

_UNBOUNDED = sys.maxsize


def draw(
    workflow: options.WorkflowName,
    /,
    *,
    format: Annotated[Format | None, Parameter(help="By default what --output ends in says, or else text.")] = None,
    output: Annotated[Path | None, Parameter(help="The file to write; by default it is printed.")] = None,
    id: Annotated[str | None, Parameter(name="--id", help="Draw how far this instance is.")] = None,
    journal: Annotated[
        str | None, Parameter(name="--journal", env_var="WIO_JOURNAL", help="The journal that holds the instance.")
    ] = None,
    namespace: options.Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Draw a workflow, or with --id and --journal how far an instance of it is."""
    chosen = format or _format_of(output)
    target = load(workflow)
    if id is None:
        drawing = picture_of(target.workflow)
    elif journal is None:
        raise WrongInput("To draw an instance, say where it is kept: --journal sqlite:///orders.db.")
    else:
        drawing = asyncio.run(instance_drawing(target, id, journal_at(options.Place(journal, namespace))))
    text = printed_text(drawing) if chosen == "text" and output is None else _WRITERS[chosen](drawing)
    if output is None:
        print(text, end="" if text.endswith("\n") else "\n")
    else:
        _write(output, text)
        say(f"wio: wrote {output}")


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongOutput(f"Cannot write {output}: {error.strerror}. Name a file in a folder that exists.") from error


async def instance_drawing(target: Target, id: str, journal: Journal) -> Drawing:
    """Return the picture of an instance; nothing is run. Raises `JournalMismatch` when its journal does not fit."""
    async with journal:
        record = await journal.find(id)
        check_has_data(record)
        workflow = target.version_of(record)
        return picture_of(workflow, progress=_as_recorded(progress(workflow, await read_all(journal, id)), record))


def _as_recorded(progress: Progress, record: InstanceRecord) -> Progress:
    """Return the progress without the claim that something runs: that cannot be known from a journal."""

    def known(state: State, note: str) -> Mark:
        if record.status is Status.RUNNING and state in (State.RUNNING, State.RETRYING):
            return Mark(State.BEGUN, note)
        return Mark(State.WAITING, "to be picked up") if state is State.RUNNING else Mark(state, note)

    trace = tuple(
        Reached(one.address, *attrs.astuple(known(one.state, one.note))) if isinstance(one, Reached) else one
        for one in progress.trace
    )
    return Progress(trace, known(progress.outcome.state, progress.outcome.note))


def printed_text(drawing: Drawing) -> str:
    """Return a drawing as text for standard output: no wider than a terminal, in ASCII where nothing else is shown."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNBOUNDED
    return to_text(drawing, ascii=not unicode, width=width)


def _whole_text(drawing: Drawing) -> str:
    return to_text(drawing, width=_UNBOUNDED)


_WRITERS: Mapping[Format, Callable[[Drawing], str]] = {
    "text": _whole_text,
    "mermaid": to_mermaid,
    "dot": to_dot,
    "svg": to_svg,
    "json": to_json,
}
_FORMATS: Mapping[str, Format] = {
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".svg": "svg",
    ".json": "json",
    ".txt": "text",
}


def _format_of(output: Path | None) -> Format:
    if output is None:
        return "text"
    found = _FORMATS.get(output.suffix.lower())
    if found is None:
        raise WrongOutput(
            f"{output}: the ending {output.suffix or '(none)'} tells no format. Known are"
            f" {', '.join(_FORMATS)}; or say it: --format {'|'.join(_WRITERS)}."
        )
    return found
