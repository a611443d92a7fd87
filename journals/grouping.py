"""When is a commit written? With all others that wait, as soon as the store has finished the batch before.

There is no timer: an idle store writes a lone commit at once, a busy one writes larger batches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from journals.entries import Commit
from journals.errors import JournalError

StoreBatch: TypeAlias = Callable[[Sequence[Commit]], Awaitable[Sequence[JournalError | None]]]
"""Stores commits of different instances; gives for each, in order, None or the reason why nothing of it was stored."""

_Waiting: TypeAlias = tuple[Commit, "asyncio.Future[None]"]


class GroupCommit:
    """Collects the commits of one event loop into batches for `store`, at most one batch at a time."""

    def __init__(self, store: StoreBatch, most_commits: int = 256) -> None:
        self._store = store
        self._most_commits = most_commits
        self._waiting: deque[_Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def commit(self, commit: Commit) -> None:
        """Return when the commit is stored. Raises what the store says of it; a cancelled wait cancels no commit."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((commit, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def drain(self) -> None:
        """Return when nothing waits and nothing is being written."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write(self._next_batch())
        finally:
            self._writer = None

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

    async def _write(self, batch: list[_Waiting]) -> None:
        """Tell everybody in the batch how it ended. Whatever `store` raises concerns this batch only."""
        try:
            answers: Sequence[BaseException | None] = await self._store([commit for commit, _ in batch])
            told = list(zip(batch, answers, strict=True))
        except Exception as error:
            told = [(waiting, error) for waiting in batch]
        except BaseException as error:
            _tell([(waiting, error) for waiting in batch])
            raise
        _tell(told)


def _tell(told: Sequence[tuple[_Waiting, BaseException | None]]) -> None:
    for (_, done), answer in told:
        if done.done():
            continue
        if answer is None:
            done.set_result(None)
        else:
            done.set_exception(answer)
