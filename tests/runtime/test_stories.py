"""Does a runtime keep its word whatever is asked of it, in whatever order, and however often it is killed?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from interpreters import Runtime
from interpreters.errors import InstancePaused, TaskRefused, UnexpectedSignal, WrongPayload
from interpreters.lint.rules import problems
from interpreters.machine.execution import Execution
from interpreters.machine.pending import PausedAt, Pending, SignalExpected, TaskOffered, TimerRunning, pending
from interpreters.machine.recovery import recover
from interpreters.runtime.driving.agenda import Agenda
from interpreters.runtime.instance import Instance
from interpreters.testing import CrashAt, VirtualClock
from journals.entries import Commit, Entry, Kind
from journals.memory import InMemoryJournal
from journals.run_states import may_move
from tests.machine.driving import seen
from tests.machine.invariants import broken, shape
from tests.machine.programs import ASK, FAR, NEAR, TELL, Recipe, build, joined, workflow_of
from tests.runtime.killing import AtCommit, Processes
from tests.runtime.running import PATIENCE_SECONDS
from wio import Rest, Signal
from wio.errors import WioError

T = TypeVar("T")

IDS = ("a", "b")
NOBODY = "nowhere/at/all"
UNKNOWN = Signal("unknown", request=int, response=int)
numbers = st.integers(0, 30)

_MOST_WAKE_UPS = 20

_long: st.SearchStrategy[Recipe] = joined | st.builds(
    lambda one, two: ("parallel", (one, ("then", ("ask", "a"), two)), None, Rest.DRAIN, None, True), joined, joined
)


class Watched(InMemoryJournal):
    """Is a journal that keeps its commits as they came."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[Commit] = []

    async def commit(self, commit: Commit) -> None:
        """Store a commit, and remember it. None makes a move that the table of run states does not have."""
        before = (await self.find(commit.instance_id)).status if commit.expected else commit.status
        await super().commit(commit)
        assert may_move(before, commit.status), (before, commit)
        self.commits.append(commit)


class Stories(RuleBasedStateMachine):
    """Tells a story of instances of one workflow, by one process after another."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = Watched()
        self.runner.run(self.store.open())
        self.begun: dict[str, tuple[Entry, ...]] = {}  # what was seen of each
        self.told = 0
        self.keys = 0

    @initialize(recipe=_long, value=st.integers(-2, 9))
    def begins(self, recipe: Recipe, value: int) -> None:
        self.flow = workflow_of(build(recipe))
        assume(not problems(self.flow))
        self.processes = Processes(self.store, self.flow, clock=VirtualClock())
        self.starts("a", value)

    def teardown(self) -> None:
        if hasattr(self, "processes"):
            self._run(self.processes.stop)
        self.runner.close()

    # What is asked of it

    @rule(id=st.sampled_from(IDS), value=st.integers(-2, 9))
    def starts(self, id: str, value: int) -> None:
        try:
            self._asked(lambda runtime: runtime.start(self.flow, id=id, input=value))
        finally:
            if self._has(id):
                self.begun.setdefault(id, ())

    @rule(id=st.sampled_from(IDS), number=numbers)
    def brings_what_is_waited_for(self, id: str, number: int) -> None:
        self._brings(id, number)

    @rule(id=st.sampled_from(IDS), some=st.lists(numbers, min_size=2, max_size=6))
    def brings_much_that_is_waited_for(self, id: str, some: list[int]) -> None:
        for number in some:
            self._brings(id, number)
            self._holds()

    def _brings(self, id: str, number: int) -> None:
        waiting, key = self._pending(id), self._key()
        match waiting[number % len(waiting)]:
            case SignalExpected(_, node):
                self._on(id, lambda instance: instance.send(node.signal, number, key=key))
            case TaskOffered(address, by=None):
                self._on(id, lambda instance: instance.claim(address, by="ann"))
            case TaskOffered(address, by=str(by)):
                self._on(id, lambda instance: instance.complete(address, number, by=by, key=key))
            case TimerRunning(_, due) if due is not None:
                self._lets_it_be(due)
            case PausedAt():
                self.resumes(id)
            case _:
                self._lets_it_be(self.processes.clock.now() + timedelta(minutes=1))

    @rule(id=st.sampled_from(IDS), number=numbers, twice=st.booleans())
    def sends_what_may_be_early(self, id: str, number: int, twice: bool) -> None:
        key = self._key()
        self._on(id, lambda instance: instance.send(TELL, number, key=key))
        if twice:
            self._unchanged(id, lambda: self._on(id, lambda instance: instance.send(TELL, number, key=key)))

    @rule(id=st.sampled_from(IDS), wrong=st.sampled_from((UNKNOWN, ASK)))
    def sends_what_nobody_waits_for(self, id: str, wrong: Signal[int, int]) -> None:
        names = {each.node.signal.name for each in self._pending(id) if isinstance(each, SignalExpected)}
        if wrong.name not in names:
            self._refused(id, lambda instance: instance.signal(wrong, 1), UnexpectedSignal)

    @rule(id=st.sampled_from(IDS), signal=st.sampled_from((ASK, TELL)))
    def sends_what_is_no_number(self, id: str, signal: Signal[Any, Any]) -> None:
        self._refused(id, lambda instance: instance.signal(signal, "none"), UnexpectedSignal, WrongPayload)

    @rule(id=st.sampled_from(IDS), number=numbers, by=st.sampled_from(("ann", "bob")))
    def claims(self, id: str, number: int, by: str) -> None:
        self._on_task(id, number, lambda instance, at: instance.claim(at, by=by))

    @rule(id=st.sampled_from(IDS), number=numbers, by=st.sampled_from(("ann", "bob")))
    def completes(self, id: str, number: int, by: str) -> None:
        key = self._key()
        self._on_task(id, number, lambda instance, at: instance.complete(at, number, by=by, key=key))

    @rule(id=st.sampled_from(IDS), number=numbers, by=st.sampled_from(("ann", "bob")))
    def releases(self, id: str, number: int, by: str) -> None:
        self._on_task(id, number, lambda instance, at: instance.release(at, by=by))

    @rule(id=st.sampled_from(IDS))
    def answers_what_is_no_task(self, id: str) -> None:
        self._refused(id, lambda instance: instance.complete(NOBODY, 1, by="ann"), TaskRefused)

    @rule(minutes=st.integers(1, 90))
    def lets_time_pass(self, minutes: int) -> None:
        self._lets_it_be(self.processes.clock.now() + timedelta(minutes=minutes))

    def _lets_it_be(self, until: datetime) -> None:
        """Let time pass; what becomes due on the way happens in order."""
        for _ in range(_MOST_WAKE_UPS):
            due = self._call(_next_wake_up)
            if due is None or due > until:
                break
            self._call(partial(self._sets, due))
        self._call(partial(self._sets, until))

    @rule(id=st.sampled_from(IDS))
    def resumes(self, id: str) -> None:
        self._on(id, lambda instance: instance.resume())

    @rule(id=st.sampled_from(IDS))
    def pauses(self, id: str) -> None:
        self._on(id, lambda instance: instance.pause(by="ann", reason="hm"))

    @rule(id=st.sampled_from(IDS))
    def retries(self, id: str) -> None:
        self._on(id, lambda instance: instance.retry(by="ann"))

    @rule(id=st.sampled_from(IDS), number=numbers)
    def goes_back(self, id: str, number: int) -> None:
        addresses = sorted({entry.address for entry in self._entries(id) if entry.address})
        if addresses:
            self._on(id, lambda instance: instance.retry(from_address=addresses[number % len(addresses)], by="ann"))

    @precondition(lambda self: self.told > 6)  # else most stories would be over soon
    @rule(id=st.sampled_from(IDS))
    def cancels(self, id: str) -> None:
        self._on(id, lambda instance: instance.cancel())

    @rule(id=st.sampled_from(IDS), question=st.sampled_from((NEAR, FAR)))
    def asks(self, id: str, question: Any) -> None:
        self._unchanged(id, lambda: self._on(id, lambda instance: instance.query(question)))

    @rule()
    def is_killed(self) -> None:
        before = {id: (self._entries(id), self._pending(id)) for id in self.begun}
        self._run(self.processes.kill)
        assert {id: (self._entries(id), self._pending(id)) for id in self.begun} == before

    @rule(number=st.integers(1, 4), side=st.sampled_from(CrashAt))
    def will_be_killed(self, number: int, side: CrashAt) -> None:
        self.processes.kill_at(AtCommit(number, side))

    # What holds

    @invariant()
    def _holds(self) -> None:
        self._the_journal_grows_without_a_gap()
        self._the_live_instance_is_what_its_journal_says()
        self._each_commit_says_of_the_instance_what_its_entries_say()

    def _the_journal_grows_without_a_gap(self) -> None:
        for id, before in self.begun.items():
            entries = self._entries(id)
            assert entries[: len(before)] == before
            assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
            self.begun[id] = entries

    def _the_live_instance_is_what_its_journal_says(self) -> None:
        for id in self.begun:
            live = self._live(id)
            again = recover(self.flow, self._entries(id))
            assert broken(again) == []
            assert pending(again) == self._pending(id)
            if live is not None:
                assert (shape(live), seen(live)) == (shape(again), seen(again))

    def _each_commit_says_of_the_instance_what_its_entries_say(self) -> None:
        for commit in self.store.commits[self.told :]:
            goes_back = any(entry.kind is Kind.WENT_BACK for entry in commit.entries)  # it is read anew first
            if commit.entries and commit.instance_id in self.begun and not goes_back:
                execution = recover(self.flow, self._entries(commit.instance_id)[: commit.entries[-1].seq])
                agenda, _ = Agenda.of(execution)
                assert commit.status is agenda.status(execution)
                assert commit.wake_up == agenda.look_at(commit.at)
                assert _parts(commit.detail) == _parts(agenda.detail(execution))
        self.told = len(self.store.commits)

    # How

    def _asked(self, call: Callable[[Runtime], Awaitable[Any]]) -> WioError | None:
        try:
            self._call(call)
        except WioError as error:
            return error
        return None

    def _on(self, id: str, call: Callable[[Instance[Any, Any]], Awaitable[Any]]) -> WioError | None:
        return self._asked(lambda runtime: call(Instance(runtime, self.flow, self._of(id))))

    def _on_task(self, id: str, number: int, call: Callable[[Instance[Any, Any], str], Awaitable[Any]]) -> None:
        offered = [each.address for each in self._pending(id) if isinstance(each, TaskOffered)]
        if offered:
            self._on(id, lambda instance: call(instance, offered[number % len(offered)]))

    def _refused(self, id: str, call: Callable[[Instance[Any, Any]], Awaitable[Any]], *errors: type[WioError]) -> None:
        error: list[WioError | None] = []
        self._unchanged(id, lambda: error.append(self._on(id, call)))
        assert isinstance(error[0], (*errors, InstancePaused)), error[0]

    def _unchanged(self, id: str, call: Callable[[], Any]) -> None:
        before = self._entries(id)
        call()
        assert self._entries(id) == before

    def _key(self) -> str:
        self.keys += 1
        return f"{self.keys}"

    async def _sets(self, now: datetime, _runtime: Runtime) -> None:
        self.processes.clock.set(now)

    def _of(self, id: str) -> str:
        """Return an instance that has begun: this one, or else the first."""
        return id if id in self.begun else IDS[0]

    def _pending(self, id: str) -> tuple[Pending, ...]:
        return self._call(lambda runtime: runtime.pending(self._of(id)))

    def _live(self, id: str) -> Execution | None:
        """Return the execution in memory, which no public method shows."""

        async def of(runtime: Runtime) -> Execution | None:
            return runtime._lives.get(id).execution  # pyright: ignore[reportPrivateUsage]

        return self._call(of)

    def _entries(self, id: str) -> tuple[Entry, ...]:
        return self._run(lambda: self.store.read(self._of(id)))

    def _has(self, id: str) -> bool:
        return id in {record.id for record in self._run(self.store.find_all)}

    def _call(self, call: Callable[[Runtime], Awaitable[T]]) -> T:
        return self._run(lambda: self.processes.call(call))

    def _run(self, call: Callable[[], Awaitable[T]]) -> T:
        async def patiently() -> T:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await call()

        return self.runner.run(patiently())


async def _next_wake_up(runtime: Runtime) -> Any:
    return runtime.next_wake_up()


def _parts(detail: str) -> list[str]:
    """Return what a detail says; of more than three parts, which three are named is nobody's promise."""
    parts = detail.split("; ")
    return parts[-1:] if parts[-1].startswith("and ") else sorted(parts)


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
