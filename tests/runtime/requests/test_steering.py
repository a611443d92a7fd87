"""Do commands of several processes at the same time agree, whatever the program is, and whoever owns its instance?"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Any, TypeAlias

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from interpreters import Runtime
from interpreters.lint.rules import problems
from interpreters.machine.recovery import recover
from interpreters.runtime.instance import Instance
from interpreters.testing import VirtualClock
from journals.entries import WITHOUT_DATA
from tests.machine.programs import workflow_of
from tests.runtime.racing import Recipe, build, new_world, racing
from tests.runtime.requests.test_moves import REFUSED, Moves
from tests.runtime.running import NOTE, note, rounds, run, virtual
from wio import Workflow, parallel

LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
AT_ONCE = (timedelta(milliseconds=1), timedelta(milliseconds=2))
"""Is when to look again: nobody hears of what a lost owner was told."""
MINUTE = timedelta(minutes=1)
WORDS = ("pause", "resume", "resume", "retry", "go back", "go back", "cancel", "delete", "note", "expire")

Step: TypeAlias = tuple[str, int]
"""Is what an operator does, and a number: how long he waits before, and where the instance is to go back to."""
operators = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 40)), max_size=8)


@LAW
@given(racing, st.integers(0, 9), st.integers(0, 99), operators, operators, operators)
def test_commands_at_the_same_time_are_done_or_refused(
    recipe: Recipe, value: int, seed: int, one: list[Step], other: list[Step], third: list[Step]
) -> None:
    """One operator is where the instance is, at first, the others are elsewhere; and owners lose their place."""
    flow = workflow_of(parallel(build(recipe).named("tree"), note().map(len).named("note")).map(lambda _: value))
    assume(not problems(flow))

    async def main() -> None:
        new_world(seed)
        store, clock = Moves(set()), VirtualClock()
        async with (
            virtual(store, flow, clock=clock, look_again=AT_ONCE) as first,
            virtual(store, flow, clock=clock, look_again=AT_ONCE) as second,
            virtual(store, flow, clock=clock, look_again=AT_ONCE, recover=False) as outside,
        ):
            await first.start(flow, id="a", input=value)
            does = [_Operator(store, flow, runtime) for runtime in (first, second, outside)]
            await asyncio.gather(*(each.do(steps) for each, steps in zip(does, (one, other, third), strict=True)))
            for _ in range(5):
                await rounds()
                clock.set(clock.now() + MINUTE)
            record = await store.find("a")
            if record.status in WITHOUT_DATA:
                return
            entries = await store.read("a")
            assert [entry.seq for entry in entries] == list(range(1, record.last_seq + 1))
            again = recover(flow, entries, id="a")
            assert recover(flow, entries, id="a", jumps=False).seq == again.seq == record.last_seq

    run(main())


class _Operator:
    """Does one thing after another with the instance, through a runtime that owns it, or does not."""

    def __init__(self, store: Moves, flow: Workflow[Any, Any, Any], runtime: Runtime) -> None:
        self._store = store
        self._flow = flow
        self._runtime = runtime

    async def do(self, steps: list[Step]) -> None:
        """Do all of it. What is refused is refused with an error that says why; nothing else is raised."""
        instance = await self._runtime.instance(self._flow, "a")
        for word, number in steps:
            await rounds(number)
            with contextlib.suppress(*REFUSED):
                await self._step(instance, word, number)

    async def _step(self, instance: Instance[Any, Any], word: str, number: int) -> None:
        match word:
            case "pause":
                await instance.pause(by="ann")
            case "resume":
                await instance.resume(by="ann")
            case "retry":
                await instance.retry(by="ann")
            case "go back":
                addresses = sorted({entry.address for entry in await instance.history()})
                await instance.retry(from_address=addresses[number % len(addresses)], by="ann")
            case "cancel":
                await instance.cancel(by="ann")
            case "delete":
                await instance.request_data_deletion(by="ann")
            case "note":
                await instance.send(NOTE, "word", key=f"{number}")
            case _:
                self._store.expel(self._runtime._membership.member.epoch)
