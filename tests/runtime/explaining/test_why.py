"""Is it said of every instance why it does not go on, since when, until when, and what can be done?"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast, get_args

import attrs
import pytest
from returns.result import Success

from interpreters import Client, Runtime
from interpreters.machine.execution import ChildLink, Held
from interpreters.machine.pending import (
    ChildRunning,
    ChildToCancel,
    ChildToStart,
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
    ToRecord,
)
from interpreters.machine.recorded import Problem
from interpreters.machine.transition import JSON
from interpreters.runtime.explaining.asking_why import reason_of
from interpreters.runtime.explaining.why import (
    Action,
    Because,
    Reason,
    Remedy,
    Seen,
    because_of,
    can_be_done_about,
    why,
)
from interpreters.runtime.explaining.why_words import said
from interpreters.runtime.journal.reading import read_execution
from interpreters.testing import START, Simulation
from journals.entries import InstanceRecord, Payload, Status
from journals.errors import UnknownInstance
from journals.memory import InMemoryJournal
from journals.sharing import MemberRecord
from tests.runtime.running import APPROVE, DAY, Approval, Gate, approval, rounds, run, virtual, workflow
from wio import (
    WIO,
    Fixed,
    Pause,
    Retry,
    Task,
    Workflow,
    child,
    critical,
    fail,
    parallel,
    pure,
    receive_signal,
    run_io,
    set_attributes,
    task,
    timeout,
    wait,
)
from wio.nodes import HandleSignal, OfferTask

REVIEW = Task("review", input=int, output=bool)
MINUTE = timedelta(minutes=1)
CANCEL = Action(Remedy.CANCEL)


def breaks(value: object) -> int:
    raise OSError(f"no route for {value}")


@contextmanager
def simulated(root: WIO[Any, Any, Any], *more: Workflow[Any, Any, Any]) -> Generator[Simulation]:
    """Yield a simulation in which an instance "a" has begun, with input 7."""
    flow = workflow(root)
    with Simulation(flow, *more) as simulation:
        simulation.start(flow, id="a", input=7)
        yield simulation


def reason(simulation: Simulation, id: str = "a") -> Reason:
    return simulation.call(lambda: simulation.runtime.why(id))


def test_a_signal_since_when() -> None:
    with simulated(run_io(lambda value: value, name="reserve", event=int) >> approval()) as simulation:
        simulation.advance(3 * MINUTE)
        found = reason(simulation)
    assert found.sentence == "a waits for signal approve at approve, since 2026-01-01 00:00:00 UTC (for 3 min)."
    assert (found.because, found.address) == (Because.SIGNAL, "approve")
    assert (found.since, found.until) == (START, None)
    assert found.actions == (Action(Remedy.SEND_SIGNAL, "approve"), CANCEL)


def test_a_timer_until_when() -> None:
    with simulated(wait(2 * DAY, name="cool down")) as simulation:
        simulation.advance(DAY)
        found = reason(simulation)
    assert found.sentence == (
        "a waits at cool down until 2026-01-03 00:00:00 UTC (in 24 h), since 2026-01-01 00:00:00 UTC (for 24 h)."
    )
    assert (found.because, found.since, found.until) == (Because.TIMER, START, START + 2 * DAY)
    assert found.actions == (Action(Remedy.WAIT), CANCEL)


def test_a_retry_when_which_and_because_of_what() -> None:
    retry = Retry(attempts=10, backoff=Fixed(MINUTE))
    with simulated(run_io(breaks, name="pay", retry=retry)) as simulation:
        simulation.advance(2 * MINUTE)
        found = reason(simulation)
    assert found.sentence == (
        "a retries pay, attempt 4 of 10, at 2026-01-01 00:03:00 UTC (in 60 s) because of OSError: no route for 7,"
        " since 2026-01-01 00:02:00 UTC (for 0 s)."
    )
    assert (found.because, found.until) == (Because.RETRY, START + 3 * MINUTE)


def test_a_task_and_who_has_claimed_it() -> None:
    flow = workflow(task(REVIEW, lambda value: value, to=lambda _: ["ada", "bob"]))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        offered = reason(simulation)
        simulation.advance(MINUTE)
        instance.claim("review", by="bob")
        claimed = reason(simulation)
    assert offered.sentence == (
        'a offers task review at review to ["ada","bob"], since 2026-01-01 00:00:00 UTC (for 0 s).'
    )
    assert offered.actions == (Action(Remedy.CLAIM_TASK, "review"), CANCEL)
    assert claimed.sentence == (
        "a waits for task review at review, claimed by bob, since 2026-01-01 00:01:00 UTC (for 0 s)."
    )
    assert claimed.actions == (Action(Remedy.COMPLETE_TASK, "review"), CANCEL)


def test_a_child_and_what_it_waits_for_itself() -> None:
    packing = workflow(approval(), name="packing")
    with simulated(child(packing, result=str), packing) as simulation:
        found, of_child = reason(simulation), reason(simulation, "a:packing")
    assert found.sentence == (
        "a waits for child a:packing at packing, which waits for signal approve at approve,"
        " since 2026-01-01 00:00:00 UTC (for 0 s)."
    )
    assert found.actions == (Action(Remedy.LOOK_AT_CHILD, "a:packing"), CANCEL)
    assert of_child.because is Because.SIGNAL


def test_a_paused_child_is_said_to_be_paused() -> None:
    packing = workflow(run_io(breaks, name="pack"), name="packing")
    with simulated(child(packing, result=int), packing) as simulation:
        assert "child a:packing at packing, which is paused at pack: OSError" in reason(simulation).sentence


def test_a_pause_after_how_many_errors() -> None:
    retry = Retry(attempts=3, backoff=Fixed(MINUTE))
    with simulated(run_io(breaks, name="pay", retry=retry)) as simulation:
        simulation.advance(2 * MINUTE)
        found = reason(simulation)
    assert found.sentence == (
        "a is paused at pay after 3 errors: OSError: no route for 7, since 2026-01-01 00:02:00 UTC (for 0 s)."
    )
    assert (found.because, found.since) == (Because.PAUSED, START + 2 * MINUTE)
    assert found.actions == (Action(Remedy.RESUME), CANCEL)


def test_a_pause_that_ends_by_itself_says_when() -> None:
    retry = Retry(attempts=2, backoff=Fixed(MINUTE), exceeded=Pause(resume_after=DAY))
    with simulated(run_io(breaks, name="pay", retry=retry)) as simulation:
        simulation.advance(MINUTE)
        found = reason(simulation)

        async def without_the_workflow() -> Reason:
            async with Client(simulation.runtime.journal, []) as stranger:
                return await stranger.why("a")

        told = simulation.call(without_the_workflow)
    assert found.sentence == (
        "a is paused at pay after 2 errors: OSError: no route for 7; goes on by itself at 2026-01-02 00:01:00 UTC"
        " (in 24 h), since 2026-01-01 00:01:00 UTC (for 0 s)."
    )
    assert found.until == told.until == START + MINUTE + DAY
    assert found.actions == told.actions == (Action(Remedy.WAIT), Action(Remedy.RESUME), CANCEL)


def test_what_a_command_has_paused_says_since_when_once() -> None:
    """Also where only the record can be read, which says it too."""
    with simulated(approval()) as simulation:
        instance = simulation.instance(workflow(approval()), "a")
        instance.pause(by="ada", reason="a recall since 2025-12-31 00:00:00 UTC")
        simulation.advance(MINUTE)

        async def without_the_workflow() -> Reason:
            async with Client(simulation.runtime.journal, []) as stranger:
                return await stranger.why("a")

        found = reason(simulation)
        told = simulation.call(without_the_workflow)
    said = "a is paused by ada: a recall since 2025-12-31 00:00:00 UTC, since 2026-01-01 00:00:00 UTC (for "
    assert found.sentence.startswith(said)
    assert told.sentence.startswith(said)
    assert found.since == told.since == START


def test_what_is_stuck() -> None:
    def go(name: str) -> WIO[Any, Any, Any]:
        return receive_signal(APPROVE, lambda value, _: value, respond=lambda _, request: request.by, name=name)

    one = critical("m", go("one") >> critical("n", go("two")))
    other = critical("n", go("three") >> critical("m", go("four")))
    flow = workflow(parallel(one.named("x"), other.named("y")))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        for by in ("ada", "bob"):
            instance.signal(APPROVE, Approval(by))
        found = reason(simulation)
    assert found.sentence.startswith(
        "a is stuck, nothing can happen in it any more: parallel[x]/x/m/n/two waits for the lock of "
    )
    assert (found.because, found.actions) == (Because.STUCK, (CANCEL,))


def test_the_end() -> None:
    with simulated(pure("done")) as simulation:
        simulation.advance(MINUTE)
        found = reason(simulation)
    assert found.sentence == ('a has ended: it is completed with str "done", since 2026-01-01 00:00:00 UTC (for 60 s).')
    assert (found.because, found.actions) == (Because.ENDED, ())


@pytest.mark.parametrize(
    ("by", "why", "said"), [("ada", "a recall.", "ada: a recall"), ("", "", "a command"), ("bob", "", "bob")]
)
def test_who_has_cancelled_it_and_why(by: str, why: str, said: str) -> None:
    flow = workflow(approval())
    with Simulation(flow) as simulation:
        simulation.start(flow, id="a", input=7).cancel(by=by, reason=why)
        simulation.advance(MINUTE)
        found = reason(simulation)
        journal = simulation.runtime.journal
        without = simulation.call(lambda: reason_of(journal, {}, JSON, "a", simulation.clock.now))
    assert found.sentence == f"a has ended: it is cancelled by {said}, since 2026-01-01 00:00:00 UTC (for 60 s)."
    assert (found, found.because) == (without, Because.ENDED)


def test_of_several_waits_the_nearest_and_how_many_more() -> None:
    both = parallel(approval(), wait(2 * DAY, name="give up"), wait(DAY, name="remind"))
    with simulated(both) as simulation:
        found = reason(simulation)
    assert (found.because, found.until, found.more) == (Because.SIGNAL, START + DAY, 2)
    assert found.sentence.startswith("a waits for signal approve at parallel[approve]/approve, since")
    assert found.sentence.endswith(
        " Besides, it waits at parallel[remind]/remind until 2026-01-02 00:00:00 UTC; waits at parallel[give up]/give"
        " up until 2026-01-03 00:00:00 UTC."
    )
    assert len(found.others) == 2


def test_a_signal_comes_before_its_deadline() -> None:
    with simulated(timeout(approval(), 2 * DAY)) as simulation:
        found = reason(simulation)
    assert found.sentence == (
        "a waits for signal approve at timeout/approve, since 2026-01-01 00:00:00 UTC (for 0 s). Besides, it waits for"
        " that at timeout[deadline]/deadline until 2026-01-03 00:00:00 UTC."
    )
    assert (found.because, found.until) == (Because.SIGNAL, START + 2 * DAY)
    assert found.actions == (Action(Remedy.SEND_SIGNAL, "approve"), CANCEL)


def test_a_task_comes_before_its_deadline() -> None:
    with simulated(timeout(task(REVIEW, lambda value: value), DAY)) as simulation:
        found = reason(simulation)
    assert (found.because, found.until) == (Because.TASK, START + DAY)
    assert found.others == ("waits for that at timeout[deadline]/deadline until 2026-01-02 00:00:00 UTC",)


def test_many_waits_are_not_all_told() -> None:
    with simulated(parallel(*(wait(DAY, name=f"w{n}") for n in range(6)))) as simulation:
        found = reason(simulation)
    assert (len(found.others), found.more) == (3, 5)
    assert found.sentence.endswith("; and 2 more.")


def test_a_running_effect_and_who_runs_it() -> None:
    async def main() -> None:
        gate = Gate(5)
        flow = workflow(run_io(gate, name="reserve"))
        async with virtual(InMemoryJournal(), flow) as runtime:
            await runtime.start(flow, id="a", input=7)
            await rounds(5)
            (member,) = await runtime.journal.members()
            found = await runtime.why("a")
            assert found.sentence == (
                f"a is owned by {member.name} (member {member.epoch}), which runs reserve,"
                " since 2026-01-01 00:00:00 UTC (for 0 s)."
            )
            assert (found.because, found.owner) == (Because.EFFECT, member.name)
            assert found.actions == (Action(Remedy.WAIT), CANCEL)
            gate.open.set()

    run(main())


def test_what_nobody_knows_is_stranded() -> None:
    flow, newer = workflow(approval()), workflow(approval(), version=2)

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, newer), Client(journal, [flow]) as client, Client(journal, []) as stranger:
            await client.start(flow, id="a", input=7)
            found = await client.why("a")
            assert found.sentence == (
                "a is stranded: no live process knows workflow flow version 1; known is version 2;"
                " it waits for signal approve at approve."
            )
            assert found.because is Because.STRANDED
            assert found.actions == (Action(Remedy.START_PROCESS, "flow version 1"), CANCEL)
            assert (await stranger.why("a")).sentence == (
                "a is stranded: no live process knows workflow flow version 1; known is version 2;"
                " its record says: waits for signal approve at approve."
            )
            async with virtual(journal, flow):
                assert (await client.why("a")).because is Because.SIGNAL

    run(main())


def test_what_nobody_can_run_does_not_run() -> None:
    flow = workflow(run_io(lambda value: value, name="reserve", event=int))

    async def main() -> None:
        journal = InMemoryJournal()
        async with Client(journal, [flow]) as client, Client(journal, []) as stranger:
            await client.start(flow, id="a", input=7)
            assert (await client.why("a")).sentence.endswith("; it runs reserve next.")
            assert (await stranger.why("a")).sentence.endswith("; its record says: runs reserve next.")

    run(main())


def test_what_is_due_waits_to_be_claimed() -> None:
    flow = workflow(run_io(lambda value: value, name="reserve", event=int))

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow], recover=False) as idle, Client(journal, [flow]) as client:
            await client.start(flow, id="a", input=7)
            (member,) = await journal.members()
            found = await client.why("a")
            assert found.because is Because.UNCLAIMED
            assert f": one live process knows it ({member.name}); then it runs reserve." in found.sentence
            assert (await idle.why("a")).because is Because.UNCLAIMED

    run(main())


def test_what_has_gone_back_to_a_step_that_only_records_is_not_stuck() -> None:
    flow = workflow(set_attributes(stage="new") >> fail("sold out"))

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=7)
            await runtime.idle()
        async with Client(journal, [flow]) as client:
            await (await client.instance(flow, "a")).retry(from_address="attributes")
            stranded = await client.why("a")
            assert stranded.because is Because.STRANDED
            assert stranded.sentence.endswith("; its record says: goes back to attributes.")
            record, execution = await journal.find("a"), await read_execution(journal, "a", flow, JSON)
            async with Runtime(journal, [flow], recover=False):
                assert (await client.why("a")).sentence.endswith("); then it goes back to attributes.")
        owned = Seen(record, execution, 1, (MemberRecord(1, "me", (), START, START),), START)
        found = why(owned)
        assert found.sentence.startswith("a goes back to attributes, by its record of ")
        assert found.sentence.endswith(", owned by me (member 1).")
        assert (found.because, found.actions) == (Because.RECORDED, (Action(Remedy.WAIT), CANCEL))

    run(main())


def test_a_record_has_to_do_where_the_workflow_is_not_known() -> None:
    flow, failing = workflow(approval()), workflow(run_io(breaks, name="pay"), name="failing")

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, flow, failing) as runtime, Client(journal, []) as stranger:
            await runtime.start(flow, id="a", input=7)
            await runtime.start(failing, id="b", input=7)
            await runtime.idle()
            found = await stranger.why("a")
            assert found.because is Because.RECORDED
            assert found.sentence.startswith("a waits for signal approve at approve, by its record of 2026-01-01 00:00")
            assert found.sentence.endswith("told: workflow flow version 1 is not known here.")
            paused = await stranger.why("b")
            assert paused.sentence.startswith("b is paused at pay: OSError: no route for 7, since 2026-01-01 00:00:00")
            assert (paused.because, paused.address) == (Because.PAUSED, "pay")
            with pytest.raises(UnknownInstance):
                await stranger.why("nobody")

    run(main())


def test_a_parked_instance_has_to_be_mended_first() -> None:
    detail = "JournalMismatch: Entry 2 does not fit."
    parked = InstanceRecord("a", "flow", 1, Status.PAUSED, 2, None, detail, START, START)
    found = why(Seen(parked, None, None, (), START + MINUTE))
    assert found.sentence == (
        "a is paused: JournalMismatch: Entry 2 does not fit, since 2026-01-01 00:00:00 UTC (for 60 s)."
        " A resume waits for a process: no live process knows workflow flow version 1, nor any other version of it."
    )
    assert found.because is Because.PARKED
    assert [each.remedy for each in found.actions] == [Remedy.MEND, Remedy.RESUME]  # a cancel is refused


def test_a_journal_that_does_not_fit_here_is_told_with_why() -> None:
    flow, other = workflow(pure(1) >> run_io(lambda v: v, name="s", event=int) >> approval()), workflow(wait(DAY))

    async def main() -> None:
        async with virtual(InMemoryJournal(), flow) as runtime:
            await runtime.start(flow, id="a", input=7)
            await runtime.idle()
            found = await reason_of(runtime.journal, {("flow", 1): other}, JSON, "a", lambda: START + DAY)
            assert found.because is Because.RECORDED
            assert "What it waits for in detail cannot be told: JournalMismatch: Entry 2" in found.sentence

    run(main())


def test_since_when_is_found_far_back() -> None:
    async def main() -> None:
        flow = workflow(parallel(wait(DAY, name="late"), _many(450)))
        async with virtual(InMemoryJournal(), flow) as runtime:
            await runtime.start(flow, id="a", input=7)
            await runtime.idle()
            assert (await runtime.journal.find("a")).last_seq > 450
            assert (await runtime.why("a")).since == START

    run(main())


def _many(steps: int) -> WIO[Any, Any, Any]:
    program: WIO[Any, Any, Any] = approval()
    for number in range(steps):
        program = run_io(lambda value: value, name=f"s{number}", event=int) >> program
    return program


def test_what_has_ended_and_loses_its_data() -> None:
    record = InstanceRecord("a", "flow", 1, Status.DATA_DELETION_REQUESTED, 2, None, "", START, START)
    member = MemberRecord(1, "one", (("flow", 1),), START, START + DAY)
    found = why(Seen(record, None, 1, (member,), START + MINUTE))
    assert found.sentence == (
        "a has ended, and its data is about to be deleted, since 2026-01-01 00:00:00 UTC (for 60 s)."
    )
    gone = why(Seen(attrs.evolve(record, status=Status.DATA_DELETED), None, None, (), START))
    assert gone.sentence == "a has ended: it is data deleted, since 2026-01-01 00:00:00 UTC (for 0 s)."


def test_an_owner_that_is_gone() -> None:
    record = InstanceRecord("a", "flow", 1, Status.RUNNING, 1, None, "runs pay", START, START)
    knows = MemberRecord(2, "other", (("flow", 1),), START, START + DAY)
    found = why(Seen(record, None, 1, (knows,), START + MINUTE))
    assert found.sentence == ("a is owned by member 1, which gives no sign of life. Others take it over soon.")
    assert (found.because, found.owner) == (Because.OWNER_GONE, None)


# Every kind of wait

_OFFER = cast(OfferTask, task(REVIEW, lambda value: value))
_LINK = ChildLink("a:packing", "packing", 1, Payload("int", 1, "7"), "packing")
EVERY: tuple[tuple[Pending, Because, str], ...] = (
    (EffectToRun("pay", "pay", str, (), 1), Because.EFFECT, "runs pay"),
    (EffectToRun("pay", "pay", str, (), 2, None, None, 3), Because.EFFECT, "runs pay, attempt 2 of 3"),
    (
        EffectToRun("pay", "pay", str, (), 4, START, None, None, Problem("OSError", "no\nroute")),
        Because.RETRY,
        "retries pay, attempt 4, at 2026-01-01 00:00:00 UTC because of OSError: no route",
    ),
    (
        SignalExpected("confirm", cast(HandleSignal, approval())),
        Because.SIGNAL,
        "waits for signal approve at confirm",
    ),
    (TimerRunning("cool", START), Because.TIMER, "waits at cool until 2026-01-01 00:00:00 UTC"),
    (TimerRunning("cool", None), Because.TIMER, "waits at cool until a time to be recorded"),
    (TaskOffered("review", _OFFER, None, None), Because.TASK, "offers task review at review"),
    (TaskOffered("review", _OFFER, None, "bob"), Because.TASK, "waits for task review at review, claimed by bob"),
    (
        ChildToStart("packing", _LINK),
        Because.CHILD_TO_START,
        "starts child a:packing at packing, which has not begun",
    ),
    (ChildRunning("packing", _LINK), Because.CHILD, "waits for child a:packing at packing, which has not begun"),
    (
        ChildToCancel("packing", _LINK),
        Because.CHILD_TO_CANCEL,
        "cancels child a:packing at packing, which has not begun",
    ),
    (
        PausedAt("undo", Problem("OSError", "no route."), ("pay", "book")),
        Because.PAUSED,
        "is paused at undo: OSError: no route; still to be undone after it: pay, book",
    ),
    (
        PausedAt("pay", Problem("OSError", "no route."), errors=2, resume_at=START),
        Because.PAUSED,
        "is paused at pay: OSError: no route; goes on by itself at 2026-01-01 00:00:00 UTC",
    ),
    (ToRecord("stage"), Because.RECORDED, "goes on at stage, which is still to be recorded"),
    (Held("ada", "a recall.", START), Because.PAUSED, "is paused by ada: a recall"),
    (Stuck("x waits"), Because.STUCK, "is stuck, nothing can happen in it any more: x waits"),
    (Outcome(Success(1), False), Because.ENDING, "has come to its end, which is still to be recorded"),
)


def test_every_kind_of_wait_is_here() -> None:
    """Whoever adds a kind to `Pending` is asked here for its sentence, and by the type checker."""
    assert {type(waiting) for waiting, _, _ in EVERY} == set(get_args(Pending))


@pytest.mark.parametrize(("waiting", "because", "words"), EVERY)
def test_it_has_its_reason_and_its_words(waiting: Pending, because: Because, words: str) -> None:
    assert because_of(waiting) is because
    assert said(waiting, {}) == words
    assert can_be_done_about(waiting) != ()


@pytest.mark.parametrize(
    ("status", "detail", "words"),
    [
        (Status.COMPLETED, "", "which is completed"),
        (Status.WAITING, "waits at cool", "which waits at cool"),
        (Status.RUNNING, "", "which is running"),
        (Status.STUCK, "stuck: locks", "which is stuck: locks"),
    ],
)
def test_a_child_is_told_by_its_record(status: Status, detail: str, words: str) -> None:
    record = InstanceRecord("a:packing", "packing", 1, status, 1, None, detail, START, START)
    told = said(ChildRunning("packing", _LINK), {"a:packing": record})
    assert told == f"waits for child a:packing at packing, {words}"


def test_times_are_also_told_by_how_far_they_are() -> None:
    timer = TimerRunning("cool", START + DAY)
    assert said(timer, {}, START) == "waits at cool until 2026-01-02 00:00:00 UTC (in 24 h)"
    assert said(timer, {}, START + 2 * DAY) == "waits at cool until 2026-01-02 00:00:00 UTC (24 h ago)"
