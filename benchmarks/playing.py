"""How is a journal written without a runtime? Turn by turn, each effect as soon as it can run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from benchmarks.workflows import Count, Counted
from interpreters.machine.execution import Active
from interpreters.machine.pending import EffectToRun, pending_at
from interpreters.machine.recording import event_entry
from interpreters.machine.turn import Turn, first_turn, turn
from wio import Workflow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def played(workflow: Workflow[Count, Any, Any], steps: int) -> Iterator[Turn]:
    """Yield the turns of an instance from its start to its end; the n-th effect brings `Counted(n)`."""
    here = first_turn(workflow, Count(0, steps), NOW)
    yield here
    ready = deque(_effects(here))
    number = 0
    while ready:
        number += 1
        entry = event_entry(here.execution, ready.popleft(), Counted(number), NOW)
        here = turn(here.execution, entry, NOW)
        yield here
        ready.extend(_effects(here))


def _effects(here: Turn) -> Iterator[str]:
    """Yield the addresses of the effects that a turn has made ready."""
    for prefix in here.touched:
        place = here.execution.threads.find(prefix)
        waiting = pending_at(here.execution, place) if isinstance(place, Active) else None
        if isinstance(waiting, EffectToRun):
            yield waiting.address
