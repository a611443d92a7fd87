"""Are those that may be what kills their processes tried one at a time, and does nobody else suffer by that?"""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from msgspec.structs import replace
from returns.result import Success

from interpreters import (
    Client,
    Hooks,
    InstanceCancelled,
    InstancePaused,
    Runtime,
    RuntimeStopped,
    UnexpectedSignal,
    effect_context,
)
from interpreters.machine.transition import JSON
from interpreters.machine.turn import first_turn
from interpreters.runtime.client import start_of
from interpreters.testing import CrashAt, Crashed, CrashingJournal
from journals.changes import Change
from journals.entries import Kind, Message, Status
from journals.laws.members import Heard
from journals.memory import InMemoryJournal
from journals.sharing import SUSPECT
from tests.runtime.running import (
    DAY,
    NO_GRACE,
    NOTE,
    Effect,
    FaultyJournal,
    Gate,
    answering,
    kinds,
    note,
    rounds,
    run,
    workflow,
)
from wio import Workflow, parallel, run_io, start_child, wait
from wio.errors import InvalidDefinition


def running(journal: Any, *flows: Workflow[Any, Any, Any], **options: Any) -> Runtime:
    """Return a runtime in real time, as a client starts instances in that."""
    return Runtime(journal, flows, **options)


def gated(name: str) -> tuple[Workflow[Any, Any, Any], Gate]:
    """Return a workflow of one step, and what lets that end."""
    gate = Gate(5)
    return workflow(run_io(gate, name="s", event=int), name=name), gate


async def begin(journal: InMemoryJournal, *flows: Workflow[Any, Any, Any]) -> None:
    """Start an instance of each workflow, under its name, for whoever comes."""
    async with Client(journal, flows) as client:
        for flow in flows:
            await client.start(flow, id=flow.name, input=1)


async def started(journal: InMemoryJournal, flow: Workflow[Any, Any, Any], *names: str) -> None:
    """Start instances of a workflow for whoever comes."""
    async with Client(journal, [flow]) as client:
        for name in names:
            await client.start(flow, id=name, input=1)


async def die(journal: InMemoryJournal, *names: str, times: int = SUSPECT) -> None:
    """Let members die that own these instances, so often; each is in its trial, when it needs one."""
    await journal.open()
    for _ in range(times):
        member = await journal.join("dead", [(name, 1) for name in names], Heard())
        for name in names:
            await member.claim_instance(name)
            await member.begin_trial([name])
        journal.expel(member.epoch)


async def deaths(journal: InMemoryJournal, name: str) -> int:
    """Return how many deaths are counted for an instance that nobody owns."""
    await journal.open()
    member = await journal.join("new", (), Heard())
    found = (await member.claim_instance(name)).deaths
    await member.leave()
    return found


def test_one_suspect_begins_first_then_two_those_with_most_deaths_first() -> None:
    """Who is no suspect does not wait. Who has got through it has no deaths any more."""

    async def main() -> None:
        journal = InMemoryJournal()
        pairs = [gated(name) for name in ("a", "b", "c", "d", "free")]
        flows, (a, b, c, d, free) = [flow for flow, _ in pairs], [gate for _, gate in pairs]
        await begin(journal, *flows)
        await die(journal, "a", "b", "c", "d")
        await die(journal, "c", times=1)
        async with running(journal, *flows, grace=NO_GRACE) as runtime:
            await free.begun.wait()
            await c.begun.wait()
            await rounds()
            assert (a.runs, b.runs, d.runs) == (0, 0, 0)
            c.open.set()
            assert await (await runtime.instance(flows[2], "c")).result() == Success(5)
            await a.begun.wait()
            await b.begun.wait()
            await rounds()
            assert d.runs == 0
            a.open.set()
            await rounds()
            assert d.runs == 0
            b.open.set()
            await d.begun.wait()
        assert await deaths(journal, "d") == SUSPECT
        assert await deaths(journal, "free") == 0

    run(main())


def test_many_innocent_ones_come_through_in_few_rounds() -> None:
    """Each round tries twice as many as the one before."""

    async def main() -> None:
        store = InMemoryJournal()
        names = [f"{number:03}" for number in range(100)]
        flow = workflow(run_io(Effect(5), name="s", event=int))
        await started(store, flow, *names)
        await die(store, *names)
        journal = FaultyJournal(store)
        async with running(journal, flow) as runtime:
            for name in names:
                assert await (await runtime.instance(flow, name)).result() == Success(5)
            assert journal.calls["begin_trial"] <= len(names).bit_length()

    run(main())


class Killer:
    """Is a step of many instances; that of one lets its process die, while the others are still at it."""

    def __init__(self, store: InMemoryJournal, guilty: str) -> None:
        self._store = store
        self._guilty = guilty
        self.kills = 0
        self.attempts: list[int] = []

    async def process(self, flow: Workflow[Any, Any, Any]) -> None:
        """Run until the process dies, or until the guilty one is parked."""
        self._dead = asyncio.Event()
        async with running(self._store, flow, grace=NO_GRACE) as runtime:
            self._runtime = runtime
            runtime._suspects.trials._seconds = self._seconds
            parked = asyncio.create_task(self._parked(runtime, flow))
            await asyncio.wait({parked, asyncio.create_task(self._dead.wait())}, return_when=asyncio.FIRST_COMPLETED)
            if parked.done():
                await runtime.idle()
            parked.cancel()
        await self._store.open()

    async def _parked(self, runtime: Runtime, flow: Workflow[Any, Any, Any]) -> None:
        with pytest.raises(InstancePaused, match="after 5 deaths"):
            await (await runtime.instance(flow, self._guilty)).result()

    def _seconds(self, attempts: int) -> float:
        self.attempts.append(attempts)
        return 60.0

    async def __call__(self, _: int) -> int:
        if effect_context().instance_id == self._guilty:
            self.kills += 1
            self._runtime._running = False  # it hears nothing any more
            self._store.expel(self._runtime._membership.member.epoch)
            self._dead.set()
            await asyncio.Event().wait()
        await rounds(100)
        return 5


@pytest.mark.parametrize("place", [0, 20, 39])
def test_the_guilty_one_is_found_in_few_deaths_and_nobody_else_is_blamed(place: int) -> None:
    """Each death of several leaves half as many to look among; and the trials do not become longer by that."""

    async def main() -> None:
        store = InMemoryJournal()
        names = [f"{number:03}" for number in range(40)]
        killer = Killer(store, names[place])
        flow = workflow(run_io(killer, name="s", event=int))
        await started(store, flow, *names)
        await die(store, *names)
        while (await store.find(names[place])).status is not Status.PAUSED:
            await killer.process(flow)
        assert killer.kills <= len(names).bit_length() + 3
        assert max(killer.attempts) <= SUSPECT + 3
        statuses = {name: (await store.find(name)).status for name in names}
        assert statuses == dict.fromkeys(names, Status.COMPLETED) | {names[place]: Status.PAUSED}

    run(main())


def test_a_trial_passes_when_its_time_is_over() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        pairs = [gated(name) for name in ("a", "b")]
        flows, (a, b) = [flow for flow, _ in pairs], [gate for _, gate in pairs]
        await begin(journal, *flows)
        await die(journal, "a", "b")
        async with running(journal, *flows, grace=NO_GRACE, recover=False) as runtime:
            runtime._suspects.trials._seconds = lambda _: 0.0
            for flow in flows:
                await runtime.start(flow, id=flow.name, input=1)
            await a.begun.wait()
            await b.begun.wait()
        assert await deaths(journal, "a") == 0

    run(main())


def test_a_trial_passes_when_the_lost_step_has_ended_whatever_comes_then() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        quick, gate = Effect(1), Gate(5)
        flow = workflow(run_io(quick, name="s", event=int) >> run_io(gate, name="t", event=int), name="a")
        other, second = gated("b")
        await begin(journal, flow, other)
        await die(journal, "a", "b")
        async with running(journal, flow, other, grace=NO_GRACE):
            await gate.begun.wait()
            await second.begun.wait()

    run(main())


def test_what_has_killed_too_often_is_not_run_until_it_is_resumed() -> None:
    """What kills each process that recovers it is parked, with the reason; others proceed."""

    async def main() -> None:
        journal = InMemoryJournal()
        effect = Effect(5)
        flow = workflow(answering(run_io(effect, name="s", event=int)), name="a")
        await begin(journal, flow)
        await die(journal, "a", times=4)
        async with running(journal, flow, most_deaths=4) as runtime:
            instance = await runtime.instance(flow, "a")
            with pytest.raises(InstancePaused, match="after 4 deaths of its process in a row, before: runs s"):
                await instance.result()
            record = await instance.record()
            assert (record.status, record.wake_up, effect.runs) == (Status.PAUSED, None, 0)
            with pytest.raises(InstancePaused, match="after 4 deaths"):
                await instance.signal(NOTE, "early")
            await instance.resume()
            assert await instance.result() == Success(5)
            assert await kinds(instance) == [Kind.STARTED, Kind.RESUMED, Kind.EVENT, Kind.COMPLETED]
        assert (await deaths(journal, "a"), effect.runs) == (0, 1)

    run(main())


def test_a_hook_is_called_for_what_is_parked_for_its_deaths() -> None:
    async def main() -> None:
        journal, effect, words = InMemoryJournal(), Effect(5), list[tuple[str, str]]()

        async def page(change: Change) -> None:
            words.append((change.id, change.word))

        flow = workflow(run_io(effect, name="s", event=int), name="a")
        await begin(journal, flow)
        await die(journal, "a", times=4)
        async with running(journal, flow, most_deaths=4, hooks=Hooks(on_pause=page)) as runtime:
            await runtime.idle()
        assert (words, effect.runs) == ([("a", "paused")], 0)

    run(main())


async def parked_while_held(journal: InMemoryJournal, flow: Workflow[Any, Any, Any]) -> None:
    """Let an instance be parked for its deaths that an operator has paused before; a message has kept it busy."""
    await journal.open()
    async with Client(journal, [flow]) as client, running(journal, flow) as runtime:
        instance = await client.start(flow, id="a", input=1)
        await instance.pause(by="Ann")
        await runtime.idle()
    await journal.open()
    await journal.post(Message("a", "signal", "unknown", None, "key"))
    await die(journal, "a", times=5)
    async with running(journal, flow) as runtime:
        await rounds()
        assert (await (await runtime.instance(flow, "a")).record()).detail.startswith("after 5 deaths")
    await journal.open()


def test_who_dies_before_a_resume_is_recorded_leaves_a_paused_instance_paused() -> None:
    """It is resumed again then; nothing of it is under way, and so nothing is lost."""

    async def main() -> None:
        store = InMemoryJournal()
        effect = Effect(5)
        flow = workflow(run_io(effect, name="s", event=int) >> note(), name="a")
        await parked_while_held(store, flow)
        journal = CrashingJournal(store)
        journal.crash_at(2, CrashAt.BEFORE)
        with pytest.raises(Crashed):
            async with running(journal, flow, grace=NO_GRACE) as runtime:
                await (await runtime.instance(flow, "a")).resume()
        store.expel(runtime._membership.member.epoch)
        record = await store.find("a")
        assert record.status is Status.PAUSED
        assert record.detail.startswith("paused by Ann since")
        async with running(store, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            await runtime.idle()
            assert (await instance.record()).status is Status.PAUSED
            await instance.resume()
            await instance.signal(NOTE, "word")
            assert Kind.ATTEMPT_LOST not in await kinds(instance)

    run(main())


class _Breaks:
    def __call__(self, _value: int) -> int:
        raise OSError("no route")


async def _asked_then_dead(journal: InMemoryJournal, *flows: Workflow[Any, Any, Any]) -> None:
    """Let a runtime own instance "a" for a message that changes nothing, and die when it has answered."""
    async with running(journal, *flows) as runtime, Client(journal, flows) as client:
        instance = await client.instance(flows[0], "a")
        with pytest.raises((InstancePaused, UnexpectedSignal)):
            await instance.signal(NOTE, "x")
        await runtime.idle()
        (member,) = await journal.members()
        assert await journal.owner("a") == member.epoch
        journal.expel(member.epoch)


@pytest.mark.parametrize("is_parked", [False, True])
def test_who_dies_after_an_answer_is_not_counted_for_what_is_paused(is_parked: bool) -> None:
    async def main() -> None:
        journal, flow = InMemoryJournal(), workflow(run_io(_Breaks(), name="s", event=int))
        async with running(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        if is_parked:
            await _asked_then_dead(journal, workflow(run_io(_Breaks(), name="another", event=int)))
            assert await deaths(journal, "a") == 0
            assert (await journal.find("a")).detail.startswith("JournalMismatch")
        for _ in range(3):
            await _asked_then_dead(journal, flow)
            assert await deaths(journal, "a") == 0

    run(main())


def test_who_dies_after_an_answer_is_not_counted_for_what_waits_and_its_time_is_kept() -> None:
    async def main() -> None:
        journal, flow = InMemoryJournal(), workflow(wait(DAY))
        async with running(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            due = (await journal.find("a")).wake_up
        await _asked_then_dead(journal, flow)
        assert await deaths(journal, "a") == 0
        assert (await journal.find("a")).wake_up == due

    run(main())


def test_what_is_about_to_begin_is_not_put_off_by_an_answer() -> None:
    """A stop leaves what is to run as waiting, and due."""

    async def main() -> None:
        journal, (flow, gate) = InMemoryJournal(), gated("a")
        await begin(journal, flow)
        async with running(journal, flow, recover=False, grace=NO_GRACE) as runtime:
            live = runtime._lives.get("a")
            await runtime._store.load(live)
            live.overdue = attrs.evolve(await journal.find("a"), status=Status.WAITING)
            await runtime._store.put_off(live)
            assert (await journal.find("a")).wake_up is not None
            gate.open.set()
            await runtime.idle()

    run(main())


def test_the_number_of_deaths_is_the_users_choice() -> None:
    """A process with another number tries it on."""

    async def main() -> None:
        journal = InMemoryJournal()
        flow, gate = gated("a")
        gate.open.set()
        await begin(journal, flow)
        await die(journal, "a", times=5)
        async with running(journal, flow, most_deaths=6) as runtime:
            assert await (await runtime.instance(flow, "a")).result() == Success(5)

    run(main())
    with pytest.raises(InvalidDefinition, match="Give a number above that"):
        Runtime(InMemoryJournal(), [], most_deaths=SUSPECT)


def test_what_is_asked_of_a_parked_one_by_then_is_refused_and_a_client_hears_of_it() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(note(), name="a")
        async with Client(journal, [flow]) as client:
            instance = await client.start(flow, id="a", input=1)
            sent = asyncio.create_task(instance.signal(NOTE, "word"))
            await rounds()
            await die(journal, "a", times=5)
            async with running(journal, flow):
                for waiting in (sent, instance.result()):
                    with pytest.raises(InstancePaused, match="after 5 deaths"):
                        await waiting
            await journal.open()  # the runtime has closed it
            late = asyncio.create_task(instance.signal(NOTE, "late"))
            await rounds()
            async with running(journal, flow):
                with pytest.raises(InstancePaused, match="after 5 deaths"):
                    await late
                await instance.resume()
                assert await instance.signal(NOTE, "again") == "noted 1 again"
                assert await instance.result() == Success("1 again")

    run(main())


def test_a_runtime_that_stops_leaves_those_that_wait_as_they_were() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        pairs = [gated(name) for name in ("a", "b")]
        flows, (a, b) = [flow for flow, _ in pairs], [gate for _, gate in pairs]
        await begin(journal, *flows)
        await die(journal, "a", "b")
        async with running(journal, *flows, grace=NO_GRACE) as runtime:
            await a.begun.wait()
            waiting = asyncio.create_task((await runtime.instance(flows[1], "b")).result())
            await rounds()
        with pytest.raises(RuntimeStopped):
            await waiting
        assert b.runs == 0
        assert await deaths(journal, "a") == await deaths(journal, "b") == SUSPECT
        a.open.set()
        b.open.set()
        async with running(journal, *flows) as runtime:
            for flow in flows:
                assert await (await runtime.instance(flow, flow.name)).result() == Success(5)

    run(main())


def test_a_parent_is_not_paused_as_its_child_is_not_tried_any_more() -> None:
    """Its runtime stops while the child, a suspect, is told to cancel; the next one tells it again."""

    async def main() -> None:
        journal = InMemoryJournal()
        inner = workflow(note(), name="inner")
        parent = workflow(start_child(inner, id=lambda _: "c") >> note(), name="a")
        async with running(journal, parent) as runtime:
            await runtime.start(parent, id="a", input=1)
            await runtime.idle()
        await journal.open()
        await journal.post(Message("c", "signal", "unknown", None, "key"))
        await die(journal, "c")
        async with running(journal, parent, recover=False) as runtime:
            runtime._suspects.trials.close()
            await (await runtime.instance(parent, "a")).cancel()
            await rounds()
        await journal.open()
        assert (await journal.find("a")).status is not Status.PAUSED
        async with running(journal, parent) as runtime:
            with pytest.raises(InstanceCancelled):
                await (await runtime.instance(parent, "a")).result()
            assert (await journal.find("c")).status is Status.CANCELLED

    run(main())


def test_all_losses_are_recorded_at_once() -> None:
    """After a crash between two of them, one of the steps would be lost again that had not begun anew."""

    async def main() -> None:
        store = InMemoryJournal()
        flow = workflow(parallel(run_io(Gate(), name="s", event=int), run_io(Gate(), name="t", event=int)), name="a")
        await store.open()
        dead = await store.join("dead", (), Heard())
        start = start_of("a", first_turn(flow, 1, dead.now(), JSON, lambda: 0.0, id="a"))
        await store.commit(replace(start, owner=dead.epoch, status=Status.RUNNING))
        store.expel(dead.epoch)
        journal = FaultyJournal(store)
        async with running(journal, flow, grace=NO_GRACE):
            await rounds()
            lost = [[entry.kind for entry in commit.entries] for commit in journal.commits]
            assert lost == [[Kind.ATTEMPT_LOST] * 2]

    run(main())
