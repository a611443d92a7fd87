"""How does a worker tell what it does? By lines of JSON for programs, or by a view for people that stays in its place.

Both go to standard error: standard output belongs to the effects.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Protocol, cast

import attrs

from interpreters.shell.complaints import one_line
from interpreters.shell.worker_warnings import Warnings
from journals.namespaces import DEFAULT_NAMESPACE

_LOOK_SECONDS = 1.0
_NUMBER = re.compile(r"\d+(\.\d+)?")
"""Is what differs between warnings that are about no instance, and say the same: how often, and for how long."""


@attrs.frozen
class Figures:
    """Is how much a worker does: instances that run and that are in memory, and how fast and how late it is lately."""

    running: int
    in_memory: int
    steps_a_second: float
    lag: timedelta


class Telling(Protocol):
    """Tells what happens to a worker."""

    def tell(self, event: str, **facts: object) -> None:
        """Tell one thing: started, joined, stranded, warning, stopping or stopped."""
        ...

    def shown(self, figures: Callable[[], Figures | None]) -> AbstractAsyncContextManager[None]:
        """Show the figures, as far as this shows any; they are None before the worker has begun."""
        ...


class JsonLines:
    """Prints a line of JSON for each thing that happens."""

    def tell(self, event: str, **facts: object) -> None:
        """See `Telling`."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)

    @contextlib.asynccontextmanager
    async def shown(self, figures: Callable[[], Figures | None]) -> AsyncGenerator[None]:  # noqa: ARG002
        """See `Telling`."""
        yield


class LiveView:
    """Shows a few lines on a terminal, and renews them once a second. What effects print goes above them."""

    def __init__(self) -> None:
        self._facts: dict[str, object] = {}
        self._state = "starting"
        self._warnings = Warnings()
        self._live: Any = None

    def tell(self, event: str, **facts: object) -> None:
        """See `Telling`."""
        if event == "warning":
            message, instance = one_line(str(facts["message"])), str(facts.get("instance", ""))
            about = (instance, str(facts.get("address", "")) if instance else _NUMBER.sub("#", message))
            is_error = bool(instance) or facts.get("level") != "warning"
            self._warnings.note(message, about=about, is_error=is_error)
            return
        if event == "stranded":
            self._facts["stranded"] = ", ".join(cast(tuple[str, ...], facts["workflows"]))
            return
        self._facts.update(facts)
        self._state = event
        if event == "stopping":
            self._state = f"stopping: what runs gets up to {facts['grace_seconds']} s; again to end at once"

    @contextlib.asynccontextmanager
    async def shown(self, figures: Callable[[], Figures | None]) -> AsyncGenerator[None]:
        """See `Telling`."""
        console = import_module("rich.console").Console(stderr=True, highlight=False)
        live: Any = import_module("rich.live").Live(console=console, auto_refresh=False)
        with live:
            renewing = asyncio.create_task(self._renew(live, figures))
            try:
                yield
            finally:
                renewing.cancel()
                await asyncio.wait({renewing})
                live.update(self._view(figures()), refresh=True)

    async def _renew(self, live: Any, figures: Callable[[], Figures | None]) -> None:
        while True:
            live.update(self._view(figures()), refresh=True)
            await asyncio.sleep(_LOOK_SECONDS)

    def rows(self, figures: Figures | None) -> list[tuple[str, str]]:
        """Return the lines that are shown: a title, and words."""
        return view_rows(self._state, self._facts, figures, self._warnings.lines(), self._warnings.errors())

    def _view(self, figures: Figures | None) -> Any:
        tables, texts = import_module("rich.table"), import_module("rich.text")
        table: Any = tables.Table.grid(padding=(0, 2))
        for title, words in self.rows(figures):
            table.add_row(texts.Text(title, style="bold"), texts.Text(words, overflow="ellipsis", no_wrap=True))
        return table


def view_rows(
    state: str,
    facts: dict[str, object],
    figures: Figures | None,
    warnings: tuple[str, ...],
    errors: tuple[int, int] = (0, 0),
) -> list[tuple[str, str]]:
    """Return the lines of the view: a title, and words. `errors` are those since the start, and lately."""
    workflows = ", ".join(cast(tuple[str, ...], facts.get("workflows", ())))
    named = facts.get("namespace", DEFAULT_NAMESPACE)
    namespace = "" if named == DEFAULT_NAMESPACE else f", namespace {named}"
    epoch = f", epoch {facts['epoch']}" if "epoch" in facts else ""
    rows = [
        ("wio worker", state),
        ("workflows", workflows),
        ("journal", f"{facts.get('journal', '')}{namespace}{epoch}"),
    ]
    if figures is not None:
        rows += [
            ("instances", f"{figures.running} running, {figures.in_memory} in memory"),
            ("steps", f"{figures.steps_a_second:.1f} a second"),
            ("lag", f"{figures.lag.total_seconds():.3f} s"),
            ("errors", f"{errors[0]} since the start, {errors[1]} in the last minute"),
        ]
    if facts.get("stranded"):
        rows.append(("stranded", f"{facts['stranded']} (no live process knows them)"))
    return rows + [("" if number else "warnings", words) for number, words in enumerate(warnings)]


@contextlib.contextmanager
def warnings_told(telling: Telling) -> Generator[None]:
    """Tell what wio warns of in its log."""
    handler = _Handler(telling)
    log = logging.getLogger("wio")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _Handler(logging.Handler):
    def __init__(self, telling: Telling) -> None:
        super().__init__(logging.WARNING)
        self._telling = telling

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one record, with the class and the words of an error that comes with it."""
        error = record.exc_info[1] if record.exc_info else None
        said = "" if error is None else f": {type(error).__name__}: {error}"
        level = record.levelname.lower()
        where = {name: found for name in ("instance", "address") if (found := getattr(record, name, None)) is not None}
        message = f"{record.getMessage()}{said}"
        self._telling.tell("warning", level=level, logger=record.name, **where, message=message)
