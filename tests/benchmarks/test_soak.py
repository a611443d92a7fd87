"""Does the soak have every operator, and do its workflows end as it says when nothing happens to them?"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

import wio
from benchmarks.soak import kinds, other_kinds, steps
from benchmarks.soak.kinds import kinds as kinds_of
from benchmarks.soak.rows import Row, wrong_rows
from benchmarks.soak.runs import RunLog
from benchmarks.soak.steps import ASK, CANCELLED, FORM, MOMENT, NOTE, Kind
from interpreters.errors import InstanceCancelled, InstanceEnded, UnexpectedSignal
from interpreters.testing import SimulatedInstance, Simulation
from journals.entries import Kind as EntryKind

LOG = RunLog("test", None)
KINDS = kinds_of(LOG, transactions=True)
NOT_TO_BE_RUN = {"draft"}
"""A draft is not written yet."""
_MOST_MOMENTS = 30


def test_every_operator_is_in_it() -> None:
    operators = {name for name in wio.__all__ if inspect.isfunction(getattr(wio, name))} - NOT_TO_BE_RUN
    text = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (kinds, other_kinds, steps))
    assert [name for name in sorted(operators) if not re.search(rf"\b{name}\(", text)] == []


def test_a_journal_without_transactions_gets_all_but_the_kinds_that_need_them() -> None:
    left_out = {name for name, kind in KINDS.items() if kind.writes}
    assert left_out
    assert KINDS.keys() - kinds_of(LOG, transactions=False).keys() == left_out


class Table:
    """Is the table of the soak, and a connection to it: what was written stays when the connection ends well."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncGenerator[Table]:
        written = Table()
        yield written
        self.rows += written.rows

    async def execute(self, _query: bytes, params: Sequence[str], /) -> None:
        instance, step = params
        self.rows.append((instance, step))


@pytest.mark.parametrize("name", KINDS)
def test_undisturbed_it_ends_as_it_must(name: str) -> None:
    kind, table = KINDS[name], Table()
    with Simulation(*(each.workflow for each in KINDS.values()), connect=table.connect) as simulation:
        for number in range(4):
            instance = simulation.start(kind.workflow, id=f"{name}-{number}", input=number)
            for note in range(kind.notes):
                instance.send(NOTE, note, key=f"note-{note}")
            asks = list(range(kind.asks))
            for _ in range(_MOST_MOMENTS):
                _give(instance, kind, number, asks)
                simulation.advance(MOMENT)
            assert _outcome(instance) == kind.outcome(number)
            events = [(instance.id, each.address) for each in instance.history if each.kind is EntryKind.EVENT]
            rows = [row for row in table.rows if row[0] == instance.id]
            assert bool(rows) == kind.writes
            assert list(wrong_rows(events if kind.writes else [], rows)) == []


def _give(instance: SimulatedInstance[Any, Any], kind: Kind, number: int, asks: list[int]) -> None:
    """Give an instance what it waits for now."""
    if asks:
        with contextlib.suppress(UnexpectedSignal):
            instance.signal(ASK, asks[0], key=f"ask-{asks[0]}")
            asks.pop(0)
    for offered in instance.tasks:
        instance.complete(offered.address, number, by="Ann", key=FORM.name)
    if kind.cancels:
        with contextlib.suppress(InstanceEnded):
            instance.cancel()


def _outcome(instance: SimulatedInstance[Any, Any]) -> object:
    try:
        return instance.result()
    except InstanceCancelled:
        return CANCELLED
