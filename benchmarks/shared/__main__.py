"""Measures what it costs to share; see `benchmarks.shared`."""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Coroutine
from typing import Any

from benchmarks.report import report
from benchmarks.servers import new_database, postgres_dsn
from benchmarks.shared.latency import latency
from benchmarks.shared.many_rows import many_rows
from benchmarks.shared.recovery import recovery
from benchmarks.shared.timers import timers
from benchmarks.shared.workers import steps_per_second

_QUESTIONS = ("latency", "workers", "rows", "timers", "recovery")


def main() -> None:
    """Answer one question."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.shared", description=__doc__)
    arguments.add_argument("question", choices=_QUESTIONS)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="finished, and as many sleeping, instances")
    arguments.add_argument("--timers", type=int, default=100_000)
    arguments.add_argument("--instances", type=int, default=10_000, help="that are recovered")
    arguments.add_argument("--working", type=int, default=4_000, help="instances that the workers run")
    arguments.add_argument("--rounds", type=int, default=3, help="of one worker, then two")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with postgres_dsn() as server:
        figures = _answer(options, server)
    report({"question": options.question, **figures}, as_json=options.json)


def _answer(options: argparse.Namespace, server: str) -> dict[str, object]:
    match options.question:
        case "workers":
            return _workers(server, options.working, options.rounds)
        case "recovery":
            with new_database(server) as one, new_database(server) as other:
                return asyncio.run(recovery((one, other), options.instances))
        case question:
            with new_database(server) as dsn:
                return asyncio.run(_in_one_database(question, dsn, options))


def _in_one_database(question: str, dsn: str, options: argparse.Namespace) -> Coroutine[Any, Any, dict[str, object]]:
    match question:
        case "latency":
            return latency(dsn)
        case "rows":
            return many_rows(dsn, options.rows)
        case _:
            return timers(dsn, options.timers)


def _workers(server: str, instances: int, rounds: int) -> dict[str, object]:
    """Return the medians of rounds in which one worker and two take turns, each with a new database."""
    found: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers, figures in found.items():
            with new_database(server) as dsn:
                figures.append(asyncio.run(steps_per_second(dsn, workers, instances)))
    one, two = (statistics.median(figures) for figures in found.values())
    return {"steps_per_second_of_1": round(one), "steps_per_second_of_2": round(two), "times": round(two / one, 2)}


if __name__ == "__main__":
    main()
