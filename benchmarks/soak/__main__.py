"""Does everything come to its one right end, whatever dies meanwhile? `python -m benchmarks.soak --minutes 1`

Workers share a store and are killed, frozen and stopped at random; a Postgres is restarted as well. A client starts
instances, signals and cancels them and answers their tasks. Then the chaos stops, everything gets time to end, and it
is checked that nothing was lost, and nothing done twice without a reason. What is wrong is said, and the code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from types import FrameType

import attrs

from benchmarks.report import report
from benchmarks.servers import own_postgres
from benchmarks.soak.chaos import Chaos, Setting
from benchmarks.soak.checks import (
    delivered,
    events_with_a_row,
    losses,
    unexplained,
    wrong_journals,
    wrong_messages,
    wrong_outcomes,
    wrong_signals,
    wrong_undos,
)
from benchmarks.soak.kinds import kinds
from benchmarks.soak.rows import lay_table, rows_in, wrong_rows
from benchmarks.soak.runs import RunLog, lines_of, runs_of
from benchmarks.soak.store import has_transactions, opened
from benchmarks.soak.visits import Visits
from interpreters.runtime.client import Client

_AT_ONCE = 100
_MOST_TOLD = 20


@attrs.frozen
class Options:
    """Is what was asked for."""

    seconds: float
    workers: int
    per_second: float
    most: int
    pause_seconds: float
    settle_seconds: float
    seed: int


def main() -> None:
    """Soak one store."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    arguments.add_argument("--journal", choices=("postgres", "sqlite"), default="postgres")
    arguments.add_argument("--minutes", type=float, default=1.0)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--rate", type=float, default=8.0, help="instances a second")
    arguments.add_argument("--most", type=int, default=10_000, help="instances in all")
    arguments.add_argument("--pause", type=float, default=0.7, help="seconds between disturbances, on average")
    arguments.add_argument("--lease", type=float, default=1.5, help="seconds of a worker's lease")
    arguments.add_argument("--settle", type=float, default=90.0, help="seconds that all have to end, at most")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    options = Options(given.minutes * 60, given.workers, given.rate, given.most, given.pause, given.settle, given.seed)
    signal.signal(signal.SIGTERM, _interrupt)
    with _setting(given.journal, given.lease) as setting:
        figures, failures = asyncio.run(_soak(setting, options))
    for failure in failures[:_MOST_TOLD]:
        print(f"WRONG: {failure}", file=sys.stderr)
    report({"journal": given.journal, "seed": given.seed, **figures, "wrong": len(failures)}, as_json=given.json)
    sys.exit(1 if failures else 0)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _setting(kind: str, lease_seconds: float) -> Generator[Setting]:
    """Yield an empty store with a folder; nothing of it is left after the block."""
    with tempfile.TemporaryDirectory(prefix="wio-soak-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        if kind == "sqlite":
            yield Setting(str(folder / "soak.db"), folder, lease_seconds, None)
            return
        server = stack.enter_context(own_postgres())
        lay_table(server.dsn)
        yield Setting(server.dsn, folder, lease_seconds, server.restart)


async def _soak(setting: Setting, options: Options) -> tuple[dict[str, object], list[str]]:
    chance = random.Random(options.seed)
    transactions = has_transactions(setting.place)
    known = kinds(RunLog("client", None), transactions=transactions)
    workflows = {name: kind.workflow for name, kind in known.items()}
    chaos = Chaos(setting, options.workers, random.Random(chance.random()))
    async with Client(opened(setting.place), workflows.values()) as client:
        visits = Visits(client, known, random.Random(chance.random()))
        try:
            chaos.begin()
            async with asyncio.TaskGroup() as group:
                group.create_task(visits.begin(options.seconds, options.per_second, options.most, _AT_ONCE))
                group.create_task(chaos.rage(options.seconds, options.pause_seconds))
            settling = time.monotonic()
            await visits.end(options.settle_seconds)
            await delivered(client.journal, options.settle_seconds)
            settled = time.monotonic() - settling
            await chaos.end()
        finally:
            await visits.stop()
            chaos.dispose()
        lines = lines_of(setting.folder)
        runs = runs_of(lines)
        rows = rows_in(setting.place) if transactions else []
        failures = [
            *chaos.failures,
            *visits.failures,
            *wrong_outcomes(visits.asked, visits.outcomes),
            *await wrong_journals(client.journal, workflows),
            *await wrong_signals(client.journal, visits.asked),
            *wrong_rows(await events_with_a_row(client.journal, visits.asked), rows),
            *wrong_undos(visits.asked, runs),
            *wrong_messages(visits.asked, lines),
            *unexplained(runs, losses(lines, chaos.happened, setting.lease_seconds)),
            *(f"{member.name} is a member still" for member in await client.journal.members()),
        ]
    figures: dict[str, object] = {
        "instances": len(visits.asked),
        "effects": len({run.began.key for run in runs}),
        "runs": len(runs),
        "runs_ended_otherwise": sum(run.how != "ended" for run in runs),
        **{f"{what}s": count for what, count in Counter(each.what for each in chaos.happened).items()},
        "rows": len(rows),
        "deliveries": sum(line.what == "published" for line in lines),
        "leases_lost": sum(line.what == "lost" for line in lines),
        "seconds_to_settle": round(settled, 1),
        **visits.counts,
    }
    return figures, failures


if __name__ == "__main__":
    main()
