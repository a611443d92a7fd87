"""Which commits go out together, and who hears what became of them?"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from journals.entries import Commit, Status
from journals.errors import Conflict, JournalError, JournalUnavailable
from journals.grouping import GroupCommit, Hear, Load, StoreBatch, in_task

Tasks = list["asyncio.Task[None]"]


def commit(instance_id: str, expected: int = 1) -> Commit:
    return Commit(instance_id, "orders", 1, expected, (), Status.RUNNING, datetime.now(UTC), "token")


class Store:
    """Notes each batch, and answers it when the test says so."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[str, int]]] = []
        self._turns: asyncio.Queue[asyncio.Future[Sequence[JournalError | None] | None]] = asyncio.Queue()

    async def store(self, commits: Sequence[Commit]) -> Sequence[JournalError | None]:
        self.batches.append([(commit.instance_id, commit.expected) for commit in commits])
        turn: asyncio.Future[Sequence[JournalError | None] | None] = asyncio.get_running_loop().create_future()
        self._turns.put_nowait(turn)
        answers = await turn
        return [None] * len(commits) if answers is None else answers

    async def answer(self, answers: Sequence[JournalError | None] | None = None) -> None:
        (await self._turns.get()).set_result(answers)

    async def fail(self, error: BaseException) -> None:
        (await self._turns.get()).set_exception(error)


def driven(test: Callable[[Store, GroupCommit], Coroutine[Any, Any, None]]) -> None:
    """Run a test with a store it drives; a test that waits for what never comes fails after some seconds."""

    async def run() -> None:
        store = Store()
        async with asyncio.timeout(20):
            await test(store, GroupCommit(in_task(store.store), most_commits=4))

    asyncio.run(run())


def waiting(group: GroupCommit, *commits: Commit) -> Tasks:
    return [asyncio.create_task(group.commit(each)) for each in commits]


def test_a_lone_commit_is_stored_at_once() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        (task,) = waiting(group, commit("a"))
        await store.answer()
        await task
        assert store.batches == [[("a", 1)]]

    driven(test)


def test_commits_of_the_same_moment_go_together() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        tasks = waiting(group, commit("a"), commit("b"), commit("c"))
        await store.answer()
        await asyncio.gather(*tasks)
        assert store.batches == [[("a", 1), ("b", 1), ("c", 1)]]

    driven(test)


def test_what_comes_while_a_batch_is_written_goes_out_after_it_together() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        first = waiting(group, commit("a"))
        while not store.batches:
            await asyncio.sleep(0)
        second = waiting(group, commit("b"), commit("c"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert store.batches == [[("a", 1)]], "A second batch began before the first had ended."
        await store.answer()
        await store.answer()
        await asyncio.gather(*first, *second)
        assert store.batches == [[("a", 1)], [("b", 1), ("c", 1)]]

    driven(test)


def test_a_batch_has_one_commit_of_an_instance_and_keeps_their_order() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        tasks = waiting(group, commit("a", 1), commit("a", 2), commit("b", 1), commit("a", 3), commit("b", 2))
        for _ in range(3):
            await store.answer()
        await asyncio.gather(*tasks)
        assert store.batches == [[("a", 1), ("b", 1)], [("a", 2), ("b", 2)], [("a", 3)]]

    driven(test)


def test_a_batch_has_at_most_so_many_commits() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        tasks = waiting(group, *(commit(name) for name in "abcdefghi"))
        for _ in range(3):
            await store.answer()
        await asyncio.gather(*tasks)
        assert [len(batch) for batch in store.batches] == [4, 4, 1]

    driven(test)


def test_each_caller_hears_of_its_own_commit() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        tasks = waiting(group, commit("a"), commit("b"), commit("c"))
        conflict = Conflict("b", 1)
        await store.answer([None, conflict, None])
        assert await asyncio.gather(*tasks, return_exceptions=True) == [None, conflict, None]

    driven(test)


def test_a_store_that_fails_fails_its_batch_and_no_other() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        failing = waiting(group, *(commit(name) for name in "abcd"))
        later = waiting(group, commit("a", 2), commit("e"))
        trouble = JournalUnavailable("The disk is gone.")
        await store.fail(trouble)
        await store.answer()
        assert await asyncio.gather(*failing, return_exceptions=True) == [trouble] * 4
        assert await asyncio.gather(*later) == [None, None]
        (again,) = waiting(group, commit("a"))
        await store.answer()
        await again

    driven(test)


def test_who_stops_waiting_stops_nobody_else() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        tasks = waiting(group, commit("a"), commit("b"), commit("c"))
        while not store.batches:
            await asyncio.sleep(0)
        tasks[1].cancel()
        await store.answer()
        first, cancelled, last = await asyncio.gather(*tasks, return_exceptions=True)
        assert (first, last) == (None, None)
        assert isinstance(cancelled, asyncio.CancelledError)
        (again,) = waiting(group, commit("b", 2))
        await store.answer()
        await again

    driven(test)


def test_drain_waits_for_everything_that_was_given() -> None:
    async def test(store: Store, group: GroupCommit) -> None:
        tasks = waiting(group, *(commit(name) for name in "abcdef"))
        await asyncio.sleep(0)
        draining = asyncio.create_task(group.drain())
        await store.answer()
        await asyncio.sleep(0)
        assert not draining.done()
        await store.answer()
        await draining
        assert [len(batch) for batch in store.batches] == [4, 2]
        assert await asyncio.gather(*tasks) == [None] * 6

    driven(test)


def test_drain_of_an_idle_group_returns_at_once() -> None:
    async def test(_store: Store, group: GroupCommit) -> None:
        await group.drain()

    driven(test)


@pytest.mark.parametrize("number", range(3))
def test_a_group_serves_one_loop_after_another(number: int) -> None:
    async def store(commits: Sequence[Commit]) -> Sequence[JournalError | None]:
        return [None] * len(commits)

    group = GroupCommit(in_task(store))
    for _ in range(number):
        asyncio.run(group.commit(commit("a")))


def test_a_loop_that_ended_in_the_middle_holds_up_no_later_one() -> None:
    def never(_commits: Sequence[Commit], _hear: Hear) -> None:
        pass

    def at_once(commits: Sequence[Commit], hear: Hear) -> None:
        stored.extend(commits)
        hear([None] * len(commits))

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(group.commit(commit("a")), 0.01)

    stored: list[Commit] = []
    group = GroupCommit(never)
    asyncio.run(give_up())
    group._store = at_once
    asyncio.run(asyncio.wait_for(group.commit(commit("b")), 20))
    assert [each.instance_id for each in stored] == ["b"]


def _raise(_commits: Sequence[Commit], _hear: Hear) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("begin", [lambda _commits, hear: hear([None]), _raise])
def test_a_store_that_breaks_its_promise_leaves_nobody_waiting(begin: StoreBatch) -> None:
    async def run() -> list[BaseException | None]:
        group = GroupCommit(begin)
        waits = [asyncio.create_task(group.commit(commit(name))) for name in "ab"]
        async with asyncio.timeout(20):
            return await asyncio.gather(*waits, return_exceptions=True)

    assert all(isinstance(error, ValueError | ZeroDivisionError) for error in asyncio.run(run()))


# Halves


def load(of_each_second: float) -> Load:
    """Return the load of a thread that is busy for so much of each second."""
    seconds = itertools.count()
    return Load(lambda: of_each_second * next(seconds), itertools.count().__next__)


async def sizes_of_batches(load: Load, callers: int, rounds: int, *, in_halves: bool = True) -> list[int]:
    """Return how large the batches are in which so many callers commit, each of them so often."""
    sizes: list[int] = []

    async def store(commits: Sequence[Commit]) -> Sequence[JournalError | None]:
        sizes.append(len(commits))
        for _ in range(5):  # It takes longer than the callers do.
            await asyncio.sleep(0)
        return [None] * len(commits)

    async def call(name: str) -> None:
        for seq in range(rounds):
            await group.commit(commit(name, seq))

    group = GroupCommit(in_task(store), load=load, in_halves=in_halves)
    async with asyncio.timeout(20):
        await asyncio.gather(*(call(f"i{number}") for number in range(callers)))
    return sizes


def test_where_the_loop_is_busy_many_callers_commit_in_two_halves_that_take_turns() -> None:
    sizes = asyncio.run(sizes_of_batches(load(0.9), callers=64, rounds=4))
    assert sizes == [64, *[32] * 6]


def test_where_the_store_takes_long_all_callers_commit_together() -> None:
    assert asyncio.run(sizes_of_batches(load(0.1), callers=64, rounds=4)) == [64] * 4


def test_few_callers_commit_together_in_any_case() -> None:
    assert asyncio.run(sizes_of_batches(load(0.9), callers=14, rounds=4)) == [14] * 4


def test_all_callers_commit_together_where_a_store_wants_that() -> None:
    assert asyncio.run(sizes_of_batches(load(0.9), callers=64, rounds=4, in_halves=False)) == [64] * 4


def test_halves_come_together_again_when_the_store_takes_longer() -> None:
    loads = itertools.chain([0.9] * 4, itertools.repeat(0.1))
    spent = itertools.accumulate(loads, initial=0.0)
    changing = Load(lambda: next(spent), itertools.count().__next__)
    sizes = asyncio.run(sizes_of_batches(changing, callers=64, rounds=6))
    assert sizes == [64, 32, 32, 32, 32, 64, 64, 64]


def test_a_load_is_high_when_more_than_half_of_the_time_was_spent() -> None:
    spent, passed = iter([0.0, 0.6, 1.0, 1.0]), iter([5.0, 6.0, 7.0, 7.0])
    measured = Load(lambda: next(spent), lambda: next(passed))
    assert [measured.is_high() for _ in range(3)] == [True, False, False]
