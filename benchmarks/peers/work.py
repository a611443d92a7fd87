"""What is a peer asked to do, and how does it answer? With one line of JSON, the same figures for each of them.

steps_per_second         workflows of steps, so many at once, from the first start to the last result
steps_per_second_alone   the same work, one workflow at a time
one_step_p50_ms, p99     a workflow of one step, from its start to its awaited result
signal_p50_ms, p99       a signal to a waiting workflow, until its effect can be seen
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs

from benchmarks.report import percentile_ms
from benchmarks.turns import take_turns

RunSteps = Callable[[int], Awaitable[None]]
"""Starts a workflow of so many steps and waits for its result."""


@attrs.frozen
class Work:
    """Is where a peer works, and how much it does."""

    dsn: str
    workflows: int
    steps: int
    concurrency: int


def asked_work() -> Work:
    """Return the work that the command line asks for."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn", required=True, help="an empty database, for this peer alone")
    arguments.add_argument("--workflows", type=int, default=300)
    arguments.add_argument("--steps", type=int, default=10)
    arguments.add_argument("--concurrency", type=int, default=64)
    arguments.add_argument("--json", action="store_true", help="changes nothing: a peer always tells JSON")
    options = arguments.parse_args()
    return Work(options.dsn, options.workflows, options.steps, options.concurrency)


def tell(figures: Mapping[str, object]) -> None:
    """Print the figures as the line that `benchmarks.peers` reads."""
    print(json.dumps(dict(figures)))


async def chain_figures(work: Work, run: RunSteps, *, one_step_samples: int) -> dict[str, float]:
    """Measure workflows that do nothing but steps, each begun by the one who awaits its result."""
    lone = max(work.workflows // 6, 1)

    async def many_steps(_: int) -> None:
        await run(work.steps)

    async def one_step(_: int) -> None:
        await run(1)

    await take_turns(many_steps, 20, work.concurrency)
    many = await take_turns(many_steps, work.workflows, work.concurrency)
    alone = await take_turns(many_steps, lone, 1)
    single = await take_turns(one_step, one_step_samples, 1)
    return {
        "steps_per_second": round(work.workflows * work.steps / many.seconds),
        "steps_per_second_alone": round(lone * work.steps / alone.seconds),
        **latency_figures("one_step", single.each_seconds),
    }


async def signal_figures(send: Callable[[int], Awaitable[None]], samples: int) -> dict[str, float]:
    """Measure signals, one after another."""
    signals = await take_turns(send, samples, 1)
    return latency_figures("signal", signals.each_seconds)


def latency_figures(name: str, each_seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th percentile, in milliseconds."""
    return {
        f"{name}_p50_ms": percentile_ms(each_seconds, 50),
        f"{name}_p99_ms": percentile_ms(each_seconds, 99),
    }
