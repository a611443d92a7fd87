"""When is a commit written? With all others that wait, as soon as the store has finished the batch before.

There is no timer: an idle store writes a lone commit at once, a busy one writes larger batches.
"""

from __future__ import annotations

import asyncio
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


class GroupCommit:
    """Collects the commits of one event loop into batches for `store`, at most one batch at a time.

    It works by callbacks, not in a task: a lone commit costs two turns of the event loop.
    """

    def __init__(self, store: StoreBatch, most_commits: int = 256) -> None:
        self._store = store
        self._most_commits = most_commits
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

    def _go_on(self) -> None:
        """Write the next batch, if anything waits."""
        if self._waiting:
            batch = self._next_batch()
            try:
                self._store([commit for commit, _ in batch], partial(self._heard, batch))
            except Exception as error:
                self._heard(batch, error)
            return
        self._busy_in = None
        drained, self._draining = self._draining, []
        for each in drained:
            _settle(each, None)

    def _next_batch(self) -> list[_Waiting]:
        """Take the first commits in line, but of each instance only one: its next one builds on that."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken: set[str] = set()
        while self._waiting and len(batch) < self._most_commits:
            commit, done = self._waiting.popleft()
            if commit.instance_id in taken:
                later.append((commit, done))
            else:
                taken.add(commit.instance_id)
                batch.append((commit, done))
        self._waiting.extendleft(reversed(later))
        return batch

    def _heard(self, batch: list[_Waiting], answers: Answers) -> None:
        """Tell everybody in the batch how it ended, and go on when they have had their turn.

        Those who commit again in that turn are in the next batch together.
        """
        if not isinstance(answers, BaseException) and len(answers) != len(batch):
            answers = ValueError(f"The store gave {len(answers)} answers to {len(batch)} commits.")
        of_each = [answers] * len(batch) if isinstance(answers, BaseException) else answers
        for (_, done), answer in zip(batch, of_each, strict=True):
            _settle(done, answer)
        asyncio.get_running_loop().call_soon(self._go_on)


def in_task(store: Callable[[Sequence[Commit]], Coroutine[Any, Any, Sequence[JournalError | None]]]) -> StoreBatch:
    """Return a store that works in a task of its own; whatever it raises concerns its batch only."""

    def begin(commits: Sequence[Commit], hear: Hear) -> None:
        asyncio.create_task(store(commits)).add_done_callback(partial(_report, hear))

    return begin


def _report(hear: Hear, storing: asyncio.Task[Sequence[JournalError | None]]) -> None:
    if storing.cancelled():
        hear(asyncio.CancelledError())
    else:
        hear(storing.exception() or storing.result())


def _settle(done: asyncio.Future[None], answer: BaseException | None) -> None:
    if done.done():
        return
    if answer is None:
        done.set_result(None)
    elif isinstance(answer, asyncio.CancelledError):
        done.cancel()
    else:
        done.set_exception(answer)
