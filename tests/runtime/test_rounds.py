"""Is a job that is asked for often done one at a time, again when it was asked for meanwhile, and until it succeeds?"""

from __future__ import annotations

import asyncio
import logging

import pytest

from interpreters.runtime.rounds import Rounds
from journals.errors import JournalUnavailable
from tests.runtime.running import rounds, run


class Job:
    """Counts its runs; each waits until it is let, and raises what it is told to."""

    def __init__(self, *faults: BaseException) -> None:
        self.faults = list(faults)
        self.runs = 0
        self.at_once = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self) -> None:
        self.runs += 1
        self.at_once += 1
        assert self.at_once == 1
        try:
            await self.open.wait()
            if self.faults:
                raise self.faults.pop(0)
        finally:
            self.at_once -= 1


def test_what_is_asked_for_meanwhile_is_one_more_round() -> None:
    async def main() -> None:
        job = Job()
        job.open.clear()
        asked = Rounds("work", job)
        asked.ask()
        await rounds()
        for _ in range(5):
            asked.ask()
        assert (job.runs, len(asked.running)) == (1, 1)
        job.open.set()
        await asyncio.wait(asked.running)
        assert job.runs == 2
        await rounds()
        assert not asked.running
        asked.ask()
        await asyncio.wait(asked.running)
        assert job.runs == 3

    run(main())


def test_while_the_store_is_away_it_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        job = Job(JournalUnavailable("It is away."))
        asked = Rounds("work", job)
        asked.ask()
        await asyncio.wait(asked.running)
        assert job.runs == 2

    run(main())
    assert "Could not work: It is away. Trying again in 0.1 s." in caplog.text


def test_another_error_is_told_and_the_next_round_is_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        job = Job(ValueError("broken"))
        asked = Rounds("work", job)
        asked.ask()
        await asyncio.wait(asked.running)
        await rounds()
        assert (job.runs, asked.running) == (1, frozenset())
        asked.ask()
        await asyncio.wait(asked.running)
        assert job.runs == 2

    with caplog.at_level(logging.ERROR):
        run(main())
    assert "Could not work" in caplog.text
    assert "ValueError: broken" in caplog.text


def test_to_stop_waits_for_the_round_under_way_and_lets_none_begin() -> None:
    async def main() -> None:
        job = Job(JournalUnavailable("away"))
        asked = Rounds("work", job)
        job.open.clear()
        asked.ask()
        await rounds()
        asked.ask()
        stop = asyncio.create_task(asked.stop())
        await rounds()
        assert not stop.done()
        job.open.set()
        await stop
        asked.ask()
        await rounds()
        assert (job.runs, asked.running) == (1, frozenset())
        await asked.stop()

    run(main())


def test_what_is_asked_for_in_the_last_moment_of_a_round_is_done() -> None:
    async def main() -> None:
        runs = 0

        async def job() -> None:
            nonlocal runs
            runs += 1
            if runs == 1:
                asyncio.get_running_loop().call_soon(asked.ask)

        asked = Rounds("work", job)
        asked.ask()
        await rounds()
        assert runs == 2

    run(main())
