"""Is it said since when an instance waits for what it waits for, whatever else happens in it meanwhile?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from interpreters import Client, Instance, Runtime
from interpreters.runtime.explaining.why import Because
from interpreters.testing import START, VirtualClock
from journals.memory import InMemoryJournal
from tests.runtime.running import DAY, NOTE, Effect, Gate, note, rounds, run, virtual, workflow
from wio import WIO, Task, checkpoint, for_each, parallel, run_io, task, wait

MINUTE = timedelta(minutes=1)
REVIEW = Task("review", input=int, output=bool)


def beside(root: WIO[Any, Any, Any]) -> WIO[Any, Any, Any]:
    """Return a program beside which three notes are taken, each with a commit of its own."""
    return parallel(root.named("it"), (note() >> note() >> note()).named("notes"))


def play(
    root: WIO[Any, Any, Any], story: Callable[[Runtime, Instance[Any, Any], VirtualClock], Awaitable[None]]
) -> None:
    """Run a story with a running instance "a" of a program."""

    async def main() -> None:
        clock, flow = VirtualClock(), workflow(root)
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            await rounds()
            await story(runtime, instance, clock)

    run(main())


async def notes(instance: Instance[Any, Any], clock: VirtualClock, number: int = 2) -> None:
    """Let a minute pass, then take a note, so often."""
    for each in range(number):
        clock.set(clock.now() + MINUTE)
        await instance.signal(NOTE, f"{each}")


async def since(runtime: Runtime, because: Because) -> datetime | None:
    """Return since when the instance waits for something, which must be this."""
    found = await runtime.why("a")
    assert found.because is because, found.sentence
    assert found.since is not None
    assert f", since {found.since:%Y-%m-%d %H:%M:%S} UTC (for " in found.sentence
    return found.since


def test_a_commit_of_another_part_does_not_begin_a_running_step_anew() -> None:
    gate = Gate()

    async def story(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        await notes(instance, clock)
        assert (await instance.record()).updated_at == START + 2 * MINUTE
        assert await since(runtime, Because.EFFECT) == START
        gate.open.set()

    play(beside(run_io(gate, name="pay", event=int)), story)


def test_nor_anything_else_that_one_waits_for() -> None:
    async def timer(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        await notes(instance, clock, 3)
        assert await since(runtime, Because.TIMER) == START

    async def offer(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        await notes(instance, clock, 1)
        assert await since(runtime, Because.TASK) == START
        await instance.claim("parallel[it]/it", by="bob")
        await notes(instance, clock, 1)
        assert await since(runtime, Because.TASK) == START + MINUTE
        await instance.heartbeat("parallel[it]/it", by="bob")
        assert await since(runtime, Because.TASK) == START + MINUTE

    play(beside(wait(DAY, name="cool down")), timer)
    play(beside(task(REVIEW, lambda value: value)), offer)


def test_a_step_runs_since_it_was_reached_not_since_the_start() -> None:
    gate = Gate()

    async def story(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        await notes(instance, clock, 1)
        await notes(instance, clock, 1)
        assert await since(runtime, Because.EFFECT) == START + MINUTE
        gate.open.set()

    play(parallel((note() >> run_io(gate, event=int)).named("it"), note().named("other")), story)


def test_a_resumed_step_runs_since_the_resume() -> None:
    gate = Gate()

    async def story(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        clock.set(START + MINUTE)
        assert await since(runtime, Because.PAUSED) == START
        await instance.resume()
        await gate.begun.wait()
        await notes(instance, clock, 1)
        assert await since(runtime, Because.EFFECT) == START + MINUTE
        gate.open.set()

    first = Effect(OSError("down"), 1)

    async def effect(value: object) -> Any:
        return first(value) if first.runs == 0 else await gate(value)

    play(beside(run_io(effect, name="s", event=int)), story)


def test_what_a_command_has_paused_runs_since_the_resume() -> None:
    gate = Gate()

    async def story(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        await instance.pause()
        clock.set(START + MINUTE)
        await instance.resume()
        await notes(instance, clock, 1)
        assert await since(runtime, Because.EFFECT) == START + MINUTE
        gate.open.set()

    play(beside(wait(MINUTE / 2) >> run_io(gate, event=int)), story)


def test_what_has_gone_back_runs_since_then() -> None:
    gate = Gate()

    async def story(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        clock.set(START + MINUTE)
        await instance.retry(from_address="s")
        await gate.begun.wait()
        clock.set(START + 2 * MINUTE)
        assert await since(runtime, Because.EFFECT) == START + MINUTE
        gate.open.set()

    first = Effect(1, 1)

    async def effect(value: object) -> Any:
        return first(value) if first.runs == 0 else await gate(value)

    play(run_io(effect, name="s", event=int) >> wait(DAY), story)


def test_behind_checkpoints_and_far_back_it_is_found_too() -> None:
    gate = Gate()
    steps: WIO[Any, Any, Any] = run_io(lambda value: value, name="s", event=int)
    items = for_each(lambda _: range(300), steps, key=str)

    async def story(runtime: Runtime, instance: Instance[Any, Any], clock: VirtualClock) -> None:
        async with asyncio.timeout(60):
            while (await instance.record()).last_seq <= 300:
                await rounds(10)
        clock.set(START + MINUTE)
        assert await since(runtime, Because.EFFECT) == START
        async with Client(runtime.journal, [workflow(root)]) as client:
            assert (await client.why("a")).since == START
        gate.open.set()

    body = checkpoint(run_io(lambda value: value, name="c", event=int), result=int)
    root = parallel(run_io(gate, event=int).named("it"), (body >> items).named("others"))
    play(root, story)
