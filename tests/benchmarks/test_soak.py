"""Does the soak have every operator, and do its workflows end as it says when nothing happens to them?"""

from __future__ import annotations

import contextlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import wio
from benchmarks.soak import kinds, other_kinds, steps
from benchmarks.soak.kinds import kinds as kinds_of
from benchmarks.soak.runs import RunLog
from benchmarks.soak.steps import ASK, CANCELLED, FORM, MOMENT, NOTE, Kind
from interpreters.errors import InstanceCancelled, InstanceEnded, UnexpectedSignal
from interpreters.testing import SimulatedInstance, Simulation

KINDS = kinds_of(RunLog("test", None))
NOT_TO_BE_RUN = {"draft", "run_in_transaction"}
"""A draft is not written yet. A transaction needs a table of the user's: see `tests/faults/test_transactions.py`."""
_MOST_MOMENTS = 30


def test_every_operator_is_in_it() -> None:
    operators = {name for name in wio.__all__ if inspect.isfunction(getattr(wio, name))} - NOT_TO_BE_RUN
    text = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (kinds, other_kinds, steps))
    assert [name for name in sorted(operators) if not re.search(rf"\b{name}\(", text)] == []


@pytest.mark.parametrize("name", KINDS)
def test_undisturbed_it_ends_as_it_must(name: str) -> None:
    kind = KINDS[name]
    with Simulation(*(each.workflow for each in KINDS.values())) as simulation:
        for number in range(4):
            instance = simulation.start(kind.workflow, id=f"{name}-{number}", input=number)
            for note in range(kind.notes):
                instance.send(NOTE, note, key=f"note-{note}")
            asks = list(range(kind.asks))
            for _ in range(_MOST_MOMENTS):
                _give(instance, kind, number, asks)
                simulation.advance(MOMENT)
            assert _outcome(instance) == kind.outcome(number)


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
