"""What do very long chains cost? `python -m benchmarks.chains [--steps 100000] [--json]`

Chains by `>>`, by `loop` and by `flat_map` are built, run, recovered and drawn at the default recursion limit. Memory
is the peak that Python allocates while an instance runs and its entries are thrown away.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from benchmarks.playing import played
from benchmarks.report import report
from benchmarks.workflows import Count, chained, looped, recursive
from interpreters import draw, progress, recover, to_text
from journals import Entry
from wio import Workflow

T = TypeVar("T")


def main() -> None:
    """Measure the three kinds of chains."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=100_000)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    steps: int = options.steps
    assert sys.getrecursionlimit() == 1_000
    figures: dict[str, object] = {"steps": steps}
    kinds: tuple[tuple[str, Callable[[int], Workflow[Count, Any, Count]]], ...] = (
        ("chained", chained),
        ("looped", lambda _: looped()),
        ("recursive", lambda _: recursive()),
    )
    for name, workflow_of in kinds:
        figures.update({f"{name}_{figure}": value for figure, value in _measured(workflow_of, steps).items()})
    report(figures, as_json=options.json)


def _measured(workflow_of: Callable[[int], Workflow[Count, Any, Count]], steps: int) -> dict[str, object]:
    workflow, build_s = _timed(lambda: workflow_of(steps))
    entries, run_s = _timed(lambda: list(_run(workflow, steps)))
    _, recover_s = _timed(lambda: recover(workflow, entries))
    picture, draw_s = _timed(lambda: to_text(draw(workflow, progress=progress(workflow, entries))))
    return {
        "build_s": round(build_s, 2),
        "run_s": round(run_s, 2),
        "recover_s": round(recover_s, 2),
        "draw_s": round(draw_s, 2),
        "picture_lines": picture.count("\n"),
        "peak_kb_tenth": _peak_kb(workflow_of(steps // 10), steps // 10),
        "peak_kb": _peak_kb(workflow, steps),
    }


def _run(workflow: Workflow[Count, Any, Count], steps: int) -> Iterator[Entry]:
    """Yield the entries of an instance as it runs."""
    for here in played(workflow, steps):
        yield from here.entries


def _peak_kb(workflow: Workflow[Count, Any, Count], steps: int) -> int:
    tracemalloc.start()
    for _ in _run(workflow, steps):
        pass
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(peak_bytes / 1_000)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    done = work()
    return done, time.perf_counter() - started


if __name__ == "__main__":
    main()
