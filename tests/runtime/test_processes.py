"""Does a workflow survive that its process is killed, anywhere, by SIGKILL, on a real file?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from interpreters import Runtime
from journals.entries import Kind, Status
from journals.sqlite import SqliteJournal
from tests.runtime.dying import OUTCOME, order
from tests.runtime.running import kinds, run

ROOT = Path(__file__).parents[2]
UNDISTURBED = Counter(plain=1, coroutine=1, failing=2)
COMMITS = 7
"""Is how many commits an undisturbed order takes: the start, one event with the deadline, the end of the wait, one
event, a failed attempt, the beginning of the next one, and one event with the outcome."""


def process(folder: Path, place: str) -> int:
    """Run an order in a process of its own, and return how that ended."""
    command = [sys.executable, "-m", "tests.runtime.dying", str(folder / "journal.db"), str(folder / "log"), place]
    return subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode


def effects(folder: Path) -> list[tuple[str, int, str]]:
    """Return name, attempt and idempotency key of each effect that has begun, in order."""
    log = folder / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [(name, int(attempt), key) for name, attempt, key in (line.split() for line in lines)]


def recovered(folder: Path) -> list[Kind]:
    """Let this process go on with the order to its end, and return the kinds of its entries."""

    async def main() -> list[Kind]:
        flow = order(folder / "log")
        async with Runtime(SqliteJournal(folder / "journal.db"), [flow]) as runtime:
            instance = await runtime.start(flow, id="order", input=1)
            assert await instance.result() == OUTCOME
            assert (await instance.record()).status is Status.COMPLETED
            return await kinds(instance)

    return run(main())


def test_an_undisturbed_order_takes_as_many_commits_as_the_tests_kill_it_in(tmp_path: Path) -> None:
    assert process(tmp_path, f"before:{COMMITS + 1}") == 0
    assert Counter(name for name, _, _ in effects(tmp_path)) == UNDISTURBED
    assert Kind.ATTEMPT_LOST not in recovered(tmp_path)


# Between an effect and the commit of its event: that effect, and only that, runs once more.
AGAIN_BEFORE = {2: "plain", 4: "coroutine", 5: "failing", 7: "failing"}


@pytest.mark.parametrize("commit", range(1, COMMITS + 1))
def test_killed_before_a_commit_at_most_the_effect_that_it_was_for_runs_again(tmp_path: Path, commit: int) -> None:
    """The process gets SIGKILL before a commit: no other effect than the one it was for runs again."""
    assert process(tmp_path, f"before:{commit}") == -signal.SIGKILL
    entries = recovered(tmp_path)
    again = AGAIN_BEFORE.get(commit)
    expected = UNDISTURBED + Counter([again] if again else [])
    if commit == 5:  # the attempt that was to fail first counts as lost, and the next one succeeds
        expected = UNDISTURBED
    assert Counter(name for name, _, _ in effects(tmp_path)) == expected
    assert entries.count(Kind.ATTEMPT_LOST) == (1 if again else 0)
    assert len({key for name, _, key in effects(tmp_path) if name == again}) <= 1


@pytest.mark.parametrize("commit", range(1, COMMITS + 1))
def test_killed_after_a_commit_no_effect_runs_again(tmp_path: Path, commit: int) -> None:
    """The process gets SIGKILL after a commit, before the next step: what is stored does not run again."""
    assert process(tmp_path, f"after:{commit}") == -signal.SIGKILL
    recovered(tmp_path)
    assert Counter(name for name, _, _ in effects(tmp_path)) == UNDISTURBED


@pytest.mark.parametrize("name", ["plain", "coroutine"])
def test_killed_in_an_effect_it_runs_again_with_its_key_and_the_next_number(tmp_path: Path, name: str) -> None:
    assert process(tmp_path, f"in:{name}") == -signal.SIGKILL
    assert Kind.ATTEMPT_LOST in recovered(tmp_path)
    assert [each for each in effects(tmp_path) if each[0] == name] == [
        (name, 1, f"order:{name}"),
        (name, 2, f"order:{name}"),
    ]


def test_an_effect_that_blocks_for_ever_does_not_keep_the_process_from_ending(tmp_path: Path) -> None:
    began = time.monotonic()
    assert process(tmp_path, "blocked") == 0
    assert time.monotonic() - began < 15
    assert recovered(tmp_path)[1] is Kind.ATTEMPT_LOST
