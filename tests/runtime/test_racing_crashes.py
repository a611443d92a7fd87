"""Does a crash change what becomes of effects that run at the same time, or let one run more often than it must?"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from interpreters import Runtime
from interpreters.lint.rules import problems
from interpreters.machine.pending import EffectToRun, Outcome, Pending, pending
from interpreters.machine.recovery import recover
from interpreters.testing import CrashAt, VirtualClock
from journals.entries import Commit, Entry, Kind
from journals.errors import UnknownInstance
from journals.memory import InMemoryJournal
from journals.ports import Journal
from tests.faults.worker import store
from tests.machine.programs import workflow_of
from tests.runtime.killing import AtCommit, AtRound, Processes, pending_of
from tests.runtime.racing import Ended, Recipe, World, build, new_world, outcomes, racing
from tests.runtime.running import rounds, run
from wio import Workflow

LAW = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

_MOST_OUTCOMES = 300
_MOST_COMMITS = 20
_MOST_WAITS = 100
_NUMBERS = itertools.count()


class SlowJournal(InMemoryJournal):
    """Takes some rounds of the event loop for a commit, so that what ends meanwhile has to wait."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)

    async def commit(self, commit: Commit) -> None:
        """Store a commit, in its time."""
        await rounds(self._chance.randrange(4))
        await super().commit(commit)
        await rounds(self._chance.randrange(4))


class Story:
    """Is one run of a program by processes that die, and what was seen of it."""

    def __init__(
        self, flow: Workflow[Any, Any, Any], store: Journal, id: str, seed: int, kills: tuple[AtCommit | AtRound, ...]
    ) -> None:
        self.flow = flow
        self.store = store
        self.id = id
        self.world: World = new_world(seed)
        self.lost: Counter[str] = Counter()
        self.processes = Processes(self.store, flow, clock=VirtualClock(), kills=kills)
        self.processes.before_kill, self.processes.after_kill = self._before, self._after
        self._waited: tuple[Pending, ...] | None = None

    async def ended(self, value: int) -> Ended:
        """Return how the instance ends. What it comes to is the same live, by another process, and by its journal."""
        call = self.processes.call
        await call(lambda runtime: runtime.start(self.flow, id=self.id, input=value))
        for _ in range(_MOST_WAITS):
            due = await call(_next_wake_up)
            if due is None:
                break
            self.processes.clock.set(due)
        live: Ended = await call(lambda runtime: runtime.result(self.id))
        self.processes.after_kill = None
        await self.processes.kill()
        async with self.processes.looking() as runtime:
            assert await runtime.result(self.id) == live
        assert pending(recover(self.flow, await self.entries())) == (Outcome(live, recorded=True),)
        return live

    async def entries(self) -> tuple[Entry, ...]:
        """Return what the journal has."""
        try:
            return await self.store.read(self.id)
        except UnknownInstance:
            return ()

    async def _before(self, runtime: Runtime) -> None:
        self._waited = await pending_of(runtime, self.id)

    async def _after(self) -> None:
        """Note what was under way in the process that has died; what the instance waits for is as it was."""
        entries = await self.entries()
        async with self.processes.looking() as runtime:
            now = await pending_of(runtime, self.id)
        assert now == (pending(recover(self.flow, entries)) if entries else ())
        assert self._waited is None or now == self._waited
        self._waited = None
        ended = Counter(entry.address for entry in entries if entry.kind in (Kind.EVENT, Kind.ATTEMPT_FAILED))
        for each in now:
            if isinstance(each, EffectToRun) and self.world.runs[each.address] > (
                ended[each.address] + self.lost[each.address]
            ):
                self.lost[each.address] += 1


async def _next_wake_up(runtime: Runtime) -> Any:
    return runtime.next_wake_up()


@attrs.frozen
class _Ran:
    end: Ended
    commits: int


Ran: TypeAlias = Callable[..., _Ran]


def _ran(recipe: Recipe, value: int, seed: int, *kills: AtCommit | AtRound) -> _Ran:
    return _ran_on(SlowJournal(seed), "i", recipe, value, seed, *kills)


def _ran_on(store: Journal, id: str, recipe: Recipe, value: int, seed: int, *kills: AtCommit | AtRound) -> _Ran:
    async def main() -> _Ran:
        story = Story(workflow_of(build(recipe)), store, id, seed, kills)
        async with story.store:
            end = await story.ended(value)
            _check_runs(story, await story.entries())
            return _Ran(end, story.processes.commits)

    return run(main())


def _check_runs(story: Story, entries: tuple[Entry, ...]) -> None:
    """Each effect has run once for every end that the journal has, and once for every kill while it was under way."""
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    events = Counter(entry.address for entry in entries if entry.kind is Kind.EVENT)
    failed = Counter(entry.address for entry in entries if entry.kind is Kind.ATTEMPT_FAILED)
    assert not story.world.twice
    assert events.keys() <= story.world.runs.keys()
    assert all(count == 1 for count in events.values())
    for address, runs in story.world.runs.items():
        must = events[address] + failed[address] + story.lost[address]
        assert must <= runs <= must + (0 if events[address] else 1), address


_KILLS = st.builds(AtCommit, st.integers(1, 6), st.sampled_from(CrashAt)) | st.builds(AtRound, st.integers(1, 20))


@LAW
@given(racing, st.integers(0, 9), st.integers(0, 99), st.lists(_KILLS, max_size=4))
def test_a_crash_brings_no_outcome_that_no_order_has_and_runs_nothing_in_vain(
    recipe: Recipe, value: int, seed: int, kills: list[AtCommit | AtRound]
) -> None:
    """Random trees, a crash at every commit, and at random rounds of the event loop."""
    _check_every_crash(_ran, recipe, value, seed, _MOST_COMMITS)
    assert _ran(recipe, value, seed, *kills).end in outcomes(recipe, value)


def _check_every_crash(ran: Ran, recipe: Recipe, value: int, seed: int, most_commits: int) -> None:
    """Let a process die before and after each of the commits that an undisturbed one makes."""
    assume(not problems(workflow_of(build(recipe))))
    allowed = outcomes(recipe, value)
    assume(len(allowed) <= _MOST_OUTCOMES)
    calm = ran(recipe, value, seed)
    assert calm.end in allowed
    assume(calm.commits <= most_commits)
    for number in range(1, calm.commits + 1):
        for side in CrashAt:
            assert ran(recipe, value, seed, AtCommit(number, side)).end in allowed


@settings(LAW, max_examples=20)
@given(racing, st.integers(0, 9), st.integers(0, 99))
def test_a_crash_at_any_commit_to_a_database_brings_no_outcome_that_no_order_has(
    place: str, recipe: Recipe, value: int, seed: int
) -> None:
    """Random trees on real stores: each process is followed by another on the same database."""

    def ran(*arguments: Any) -> _Ran:
        return _ran_on(store(place), f"i{next(_NUMBERS)}", *arguments)

    _check_every_crash(ran, recipe, value, seed, _MOST_COMMITS // 2)
