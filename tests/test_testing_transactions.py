"""Is a step that writes in a transaction tested in virtual time, on whatever the test lends?"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstancePaused
from interpreters.testing import CrashAt, Simulation
from journals.entries import Kind
from journals.errors import NoTransactions, RolledBack
from wio import Fixed, Retry, Workflow, run_in_transaction, wait

DAY = timedelta(days=1)


class Shelf:
    """Is a database of a test: what was written is there once its block has ended well."""

    def __init__(self) -> None:
        self.books: list[int] = []

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncGenerator[list[int], None]:
        """Lend what is to be written."""
        written: list[int] = []
        yield written
        self.books += written


async def put(number: int, shelf: list[int]) -> int:
    shelf.append(number)
    return number + 1


FLOW = Workflow("flow", version=1, input=int, root=run_in_transaction(put) >> wait(DAY) >> run_in_transaction(put))


def outcome(shelf: Shelf, crash: tuple[int, CrashAt] | None = None) -> tuple[Any, int]:
    """Return the result of an instance, and how many commits that took."""
    with Simulation(FLOW, connect=shelf.connect) as simulation:
        if crash is not None:
            simulation.crash_at(*crash)
        run = simulation.start(FLOW, id="a", input=1)
        simulation.advance(DAY)
        return run.result(), simulation.commits


@pytest.mark.parametrize("side", CrashAt)
def test_a_crash_at_every_commit_writes_once(side: CrashAt) -> None:
    result, commits = outcome(Shelf())
    for commit in range(1, commits + 1):
        shelf = Shelf()
        assert outcome(shelf, (commit, side))[0] == result
        assert shelf.books == [1, 2]


def test_an_effect_that_raises_writes_nothing() -> None:
    """It is tried again as its policy says."""
    shelf, runs = Shelf(), []

    async def fail(number: int, written: list[int]) -> int:
        runs.append(number)
        written.append(number)
        if len(runs) < 3:
            raise OSError("not yet")
        return number

    retry = Retry(attempts=2, backoff=Fixed(DAY))
    flow = Workflow("flow", version=1, input=int, root=run_in_transaction(fail, retry=retry))
    with Simulation(flow, connect=shelf.connect) as simulation:
        run = simulation.start(flow, id="a", input=1)
        simulation.advance(DAY)
        with pytest.raises(InstancePaused, match="not yet"):
            run.result()
        assert shelf.books == []
        run.resume()
        assert run.result() == Success(1)
        assert shelf.books == [1]


def test_a_test_plays_a_conflict_by_raising_it() -> None:
    shelf, runs = Shelf(), []

    async def conflict(number: int, written: list[int]) -> int:
        runs.append(number)
        written.append(number)
        if len(runs) < 3:
            raise RolledBack("others were first")
        return number

    flow = Workflow("flow", version=1, input=int, root=run_in_transaction(conflict))
    with Simulation(flow, connect=shelf.connect) as simulation:
        run = simulation.start(flow, id="a", input=1)
        assert run.result() == Success(1)
        assert [entry.kind for entry in run.history] == [Kind.STARTED, Kind.EVENT, Kind.COMPLETED]
    assert (shelf.books, len(runs)) == ([1], 3)


def test_a_simulation_without_connections_says_how_to_give_them() -> None:
    with (
        pytest.raises(NoTransactions, match=r"step 'put' of workflow 'flow'.*Simulation\(workflow, connect="),
        Simulation(FLOW),
    ):
        pass
