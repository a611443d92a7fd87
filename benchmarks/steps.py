"""How many durable steps a second does a runtime do? `python -m benchmarks.steps --journal sqlite [--json]`

N workflows of S steps that do nothing but return, at most C under way at once, from start to awaited result; every
step is durable when the workflow ends. Then the same with one workflow at a time, then one-step workflows one
after another, and a signal to a waiting workflow until its response.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from benchmarks.report import percentile_ms, report
from benchmarks.servers import postgres_dsn
from benchmarks.turns import Turns, take_turns
from benchmarks.workflows import Count, chained
from interpreters import Runtime
from journals import Durability, InMemoryJournal, Journal, SqliteJournal
from wio import Signal, Workflow, handle_signal, loop

JOURNALS = ("memory", "sqlite", "sqlite-normal", "postgres")
PING = Signal("ping", request=int, response=int)


def _pinged(state: int, request: int) -> int:
    del state
    return request


def _fold(state: int, event: int) -> int:
    del state
    return event


def _is_last(state: int) -> bool:
    return state < 0


PINGS = Workflow(
    "pings",
    version=1,
    input=int,
    root=loop(handle_signal(PING, _pinged, _fold, respond=_fold), until=_is_last),
)


def main() -> None:
    """Measure one journal."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--journal", choices=JOURNALS, default="sqlite")
    arguments.add_argument("--workflows", type=int, default=300)
    arguments.add_argument("--steps", type=int, default=10)
    arguments.add_argument("--concurrency", type=int, default=64)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with fresh_journal(options.journal) as journal:
        figures = asyncio.run(measure(journal, options.workflows, options.steps, options.concurrency))
    report({"journal": options.journal, **figures}, as_json=options.json)


@contextlib.contextmanager
def fresh_journal(kind: str) -> Generator[Journal]:
    """Yield a fresh, unopened journal."""
    with tempfile.TemporaryDirectory(prefix="wio-bench-") as folder:
        match kind:
            case "memory":
                yield InMemoryJournal()
            case "postgres":
                with _postgres() as journal:
                    yield journal
            case _:
                durability = Durability.NORMAL if kind == "sqlite-normal" else Durability.FULL
                yield SqliteJournal(Path(folder) / "steps.db", durability=durability)


@contextlib.contextmanager
def _postgres() -> Generator[Journal]:
    """Yield a journal in a schema of its own, on WIO_TEST_POSTGRES or on a server started for it."""
    from journals.postgres import PostgresJournal  # noqa: PLC0415  (an optional dependency)

    with postgres_dsn() as dsn:
        yield PostgresJournal(dsn, schema=f"wio_bench_{os.getpid()}")


async def measure(journal: Journal, workflows: int, steps: int, concurrency: int) -> dict[str, object]:
    """Return the figures of a fresh, unopened journal."""
    chain, single = chained(steps), _renamed(chained(1), "single")
    async with Runtime(journal, [chain, single, PINGS]) as runtime:
        await run(runtime, chain, steps, workflows=20, concurrency=concurrency, prefix="warm")
        many = await run(runtime, chain, steps, workflows, concurrency, "many")
        alone = await run(runtime, chain, steps, max(workflows // 6, 1), 1, "alone")
        lone = await run(runtime, single, 1, 200, 1, "single")
        signals = await _signals(runtime, 200)
    return {
        "workflows": workflows,
        "steps": steps,
        "concurrency": concurrency,
        "steps_per_second": round(workflows * steps / many.seconds),
        "alone_steps_per_second": round(max(workflows // 6, 1) * steps / alone.seconds),
        "latency_ms_p50": percentile_ms(lone.each_seconds, 50),
        "latency_ms_p99": percentile_ms(lone.each_seconds, 99),
        "signal_ms_p50": percentile_ms(signals, 50),
        "signal_ms_p99": percentile_ms(signals, 99),
    }


def _renamed(workflow: Workflow[Count, object, Count], name: str) -> Workflow[Count, object, Count]:
    return Workflow(name, version=1, input=Count, root=workflow.root)


async def run(
    runtime: Runtime,
    workflow: Workflow[Count, object, Count],
    steps: int,
    workflows: int,
    concurrency: int,
    prefix: str,
) -> Turns:
    """Run workflows, each from start to awaited result."""

    async def each(number: int) -> None:
        instance = await runtime.start(workflow, id=f"{prefix}-{number}", input=Count(0, steps))
        result = await instance.result()
        assert result.unwrap().done == steps

    return await take_turns(each, workflows, concurrency)


async def _signals(runtime: Runtime, signals: int) -> list[float]:
    """Return how long each signal to a waiting workflow took until its response, in seconds."""
    instance = await runtime.start(PINGS, id="pings", input=0)
    latencies: list[float] = []
    for number in range(signals):
        started = time.perf_counter()
        assert await instance.signal(PING, number) == number
        latencies.append(time.perf_counter() - started)
    await instance.signal(PING, -1)
    await instance.result()
    return latencies


if __name__ == "__main__":
    main()
