"""When is a commit written? With all others that wait, as soon as the store has finished the batch before.

There is no timer: an idle store writes a lone commit at once, a busy one writes larger batches. Many callers that
commit again and again would all end up in one batch, and they and the store would only ever wait for one another:

    all in one     callers ===|          |===|              in halves      callers A==|B==|A==|B==|
                   store      |==========|                                 store      |A==|B==|A==|

So where the event loop is busy most of the time, half of a large batch waits, and the halves go on taking turns. Where
it is not, the store is what takes long, and fewer and larger batches are better.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeAlias

from journals.entries import Commit
from journals.errors import JournalError

Answers: TypeAlias = Sequence[JournalError | None] | BaseException
"""Says of each commit of a batch, in order, None or why nothing of it was stored; or why the whole batch failed."""

Hear: TypeAlias = Callable[[Answers], None]
"""Takes the answers, in the event loop that gave the batch."""

StoreBatch: TypeAlias = Callable[[Sequence[Commit], Hear], None]
"""Begins to store commits of different instances, and calls back once."""

_Waiting: TypeAlias = tuple[Commit, "asyncio.Future[None]"]

_MANY = 8
"""Is how many commits are worth a batch of their own. A batch costs as much as some commits do."""


class Load:
    """Tells how busy the present thread is. `spent` and `passed` give its processor time and the time, in seconds."""

    def __init__(
        self, spent: Callable[[], float] = time.thread_time, passed: Callable[[], float] = time.perf_counter
    ) -> None:
        self._spent = spent
        self._passed = passed
        self._last = (spent(), passed())

    def is_high(self) -> bool:
        """Tell whether the thread has been busy for more than half of the time since this was last asked."""
        (spent_before, passed_before), self._last = self._last, (self._spent(), self._passed())
        spent, passed = self._last
        return spent - spent_before > (passed - passed_before) / 2


class GroupCommit:
    """Collects the commits of one event loop into batches for `store`, at most one batch at a time.

    It works by callbacks, not in a task: a lone commit costs two turns of the event loop. `load` tells how busy the
    loop is from one batch to the next. With `in_halves=False` all that wait go together in any case: a store that works
    in a thread of this process would only take time from its callers.
    """

    def __init__(
        self, store: StoreBatch, most_commits: int = 256, *, load: Load | None = None, in_halves: bool = True
    ) -> None:
        self._store = store
        self._most_commits = most_commits
        self._load = load or Load()
        self._in_halves = in_halves
        self._waiting: deque[_Waiting] = deque()
        self._busy_in: asyncio.AbstractEventLoop | None = None
        self._draining: list[asyncio.Future[None]] = []

    async def commit(self, commit: Commit) -> None:
        """Return when the commit is stored. Raises what the store says of it; a cancelled wait cancels no commit."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if self._busy_in is not loop:
            self._waiting.clear()  # what a loop that has ended left behind; nobody waits for it
            self._busy_in = loop
            loop.call_soon(self._go_on)
        self._waiting.append((commit, done))
        await done

    async def drain(self) -> None:
        """Return when nothing waits and nothing is being written."""
        loop = asyncio.get_running_loop()
        while self._busy_in is loop:
            drained: asyncio.Future[None] = loop.create_future()
            self._draining.append(drained)
            await drained

    def _go_on(self, most_commits: int | None = None) -> None:
        """Write the next batch, if anything waits."""
        if self._waiting:
            batch = self._next_batch(most_commits or self._most_commits)
            try:
                self._store([commit for commit, _ in batch], partial(self._heard, batch))
            except Exception as error:
                self._heard(batch, error)
            return
        self._busy_in = None
        drained, self._draining = self._draining, []
        for each in drained:
            _settle(each, None)

    def _go_on_in_halves(self) -> None:
        """Write half of what waits, if that is much; the rest is next."""
        half = (len(self._waiting) + 1) // 2
        self._go_on(min(half, self._most_commits) if half >= _MANY else None)

    def _next_batch(self, most_commits: int) -> list[_Waiting]:
        """Take the first commits in line, but of each instance only one: its next one builds on that."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken: set[str] = set()
        while self._waiting and len(batch) < most_commits:
            commit, done = self._waiting.popleft()
            if commit.instance_id in taken:
                later.append((commit, done))
            else:
                taken.add(commit.instance_id)
                batch.append((commit, done))
        self._waiting.extendleft(reversed(later))
        return batch

    def _heard(self, batch: list[_Waiting], answers: Answers) -> None:
        """Tell everybody in the batch how it ended, and go on.

        Where the loop is busy and much waits already, it is written while those in the batch have their turn.
        Otherwise those who commit again in that turn are in the next batch together.
        """
        if not isinstance(answers, BaseException) and len(answers) != len(batch):
            answers = ValueError(f"The store gave {len(answers)} answers to {len(batch)} commits.")
        of_each = [answers] * len(batch) if isinstance(answers, BaseException) else answers
        is_busy = self._in_halves and self._load.is_high()
        goes_on_at_once = is_busy and len(self._waiting) >= _MANY
        if goes_on_at_once:
            self._go_on()
        for (_, done), answer in zip(batch, of_each, strict=True):
            _settle(done, answer)
        if not goes_on_at_once:
            asyncio.get_running_loop().call_soon(self._go_on_in_halves if is_busy else self._go_on)


def in_task(store: Callable[[Sequence[Commit]], Coroutine[Any, Any, Sequence[JournalError | None]]]) -> StoreBatch:
    """Return a store that works in a task of its own; whatever it raises concerns its batch only."""

    async def storing(commits: Sequence[Commit], hear: Hear) -> None:
        hear(await store(commits))  # from here, and not when the task has ended: that is a turn of the loop later

    def begin(commits: Sequence[Commit], hear: Hear) -> None:
        asyncio.create_task(storing(commits, hear)).add_done_callback(partial(_report, hear))

    return begin


def _report(hear: Hear, storing: asyncio.Task[None]) -> None:
    """Tell of a batch that has failed as a whole."""
    error = asyncio.CancelledError() if storing.cancelled() else storing.exception()
    if error is not None:
        hear(error)


def _settle(done: asyncio.Future[None], answer: BaseException | None) -> None:
    if done.done():
        return
    if answer is None:
        done.set_result(None)
    elif isinstance(answer, asyncio.CancelledError):
        done.cancel()
    else:
        done.set_exception(answer)
