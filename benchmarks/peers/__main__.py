"""How does wio compare, side by side? `python -m benchmarks.peers [--only wio,floor] [--json]`

wio, DBOS, Absurd and the bare loop of `benchmarks.floor` do the same work against the same Postgres, in turn, several
rounds of it; of each figure the median counts. Each works in a process of its own and begins with an empty database.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TypeAlias

import attrs

from benchmarks.peers.table import table
from benchmarks.peers.versions import durability, versions
from benchmarks.peers.work import Work
from benchmarks.servers import new_database, postgres_dsn

Figures: TypeAlias = Mapping[str, float]

_TIMEOUT_SECONDS = 600


@attrs.frozen
class _Peer:
    """Is who is measured: a module to run, and the distributions that are measured by it."""

    name: str
    module: str
    distributions: tuple[str, ...]
    imported: str


_PEERS = (
    _Peer("wio", "benchmarks.peers.wio_peer", ("wio",), "wio"),
    _Peer("dbos", "benchmarks.peers.dbos_peer", ("dbos",), "dbos"),
    _Peer("absurd", "benchmarks.peers.absurd_peer", ("absurd-sdk", "absurdctl"), "absurd_sdk"),
    _Peer("floor", "benchmarks.floor", (), "psycopg"),
)


def main() -> None:
    """Measure the peers that were asked for, and print the medians."""
    names = ",".join(peer.name for peer in _PEERS)
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    arguments.add_argument("--workflows", type=int, default=300)
    arguments.add_argument("--steps", type=int, default=10)
    arguments.add_argument("--concurrency", type=int, default=64)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", default=names, help=f"some of {names}")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    peers = _chosen(options.only)
    with postgres_dsn() as server_dsn:
        work = Work(server_dsn, options.workflows, options.steps, options.concurrency)
        medians = _medians(peers, work, options.rounds)
        distributions = [name for peer in peers for name in peer.distributions]
        about = {"versions": versions(server_dsn, distributions), "durability": durability(server_dsn)}
    if options.json:
        size = attrs.asdict(work, filter=lambda field, _: field.name != "dsn")
        print(json.dumps({**size, "rounds": options.rounds, **medians, **about}))
        return
    print(_heading(work, options.rounds), table(medians), *map(_line, about.values()), sep="\n\n")


def _chosen(names: str) -> tuple[_Peer, ...]:
    """Return the peers of these names. Ends the program when there is none of a name, or it is not installed."""
    wanted = names.split(",")
    unknown = set(wanted) - {peer.name for peer in _PEERS}
    if unknown:
        sys.exit(f"No peer is called {', '.join(sorted(unknown))}. There are {', '.join(p.name for p in _PEERS)}.")
    chosen = tuple(peer for peer in _PEERS if peer.name in wanted)
    missing = [peer.name for peer in chosen if find_spec(peer.imported) is None]
    if missing:
        sys.exit(
            f"Not installed: {', '.join(missing)}. Run: pip install -e '.[bench,test]'. Or measure others by --only."
        )
    return chosen


def _medians(peers: Sequence[_Peer], work: Work, rounds: int) -> dict[str, Figures]:
    """Return the medians of each peer after rounds in which all of them had their turn."""
    found: dict[str, list[Figures]] = {peer.name: [] for peer in peers}
    for number in range(1, rounds + 1):
        for peer in peers:
            print(f"round {number} of {rounds}: {peer.name}", file=sys.stderr)
            with new_database(work.dsn) as dsn:
                found[peer.name].append(_measured(peer, attrs.evolve(work, dsn=dsn)))
    return {name: _median(figures) for name, figures in found.items()}


def _measured(peer: _Peer, work: Work) -> Figures:
    """Run a peer. Return the numbers among what it tells on its last line."""
    size = [f"--workflows={work.workflows}", f"--steps={work.steps}", f"--concurrency={work.concurrency}", "--json"]
    command = [sys.executable, "-m", peer.module, f"--dsn={work.dsn}", *size]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=_TIMEOUT_SECONDS)
    told: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return {name: figure for name, figure in told.items() if name not in attrs.asdict(work)}


def _median(rounds: Sequence[Figures]) -> Figures:
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def _heading(work: Work, rounds: int) -> str:
    return (
        f"{work.workflows} workflows of {work.steps} steps, {work.concurrency} at once; medians, rounds: {rounds}.\n"
        "Beside each figure: how many times as fast wio is."
    )


def _line(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


if __name__ == "__main__":
    main()
