"""Does a checkpoint stand for all that was recorded inside its part? What may change there, and what may not?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from returns.result import Failure, Success

from interpreters.errors import JournalMismatch, UnexpectedQuery, WrongPayload
from interpreters.machine.execution import Execution
from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, SignalExpected, answer, pending
from interpreters.machine.recovery import Latest, Page, Wanted, recover, recovery
from interpreters.machine.transition import apply, begin_from
from interpreters.machine.turn import Turn, overdue_turn
from journals.codecs import JsonCodec
from journals.entries import Entry, Kind
from journals.upcasters import Upcaster
from tests.machine.driving import begun, cancelled, failed, kept, play, play_on, ran, resumed, seen, signalled, waiting
from tests.machine.invariants import broken, shape
from tests.machine.programs import (
    ASK,
    AT,
    NEAR,
    TELL,
    Low,
    Recipe,
    build,
    joined,
    leaves,
    recipes,
    with_checkpoints,
    workflow_of,
)
from wio import (
    WIO,
    Goto,
    Region,
    Rest,
    Stop,
    check,
    checkpoint,
    compute,
    critical,
    handle_signal,
    hold,
    interrupt,
    leave,
    loop,
    machine,
    now,
    on_cancel,
    parallel,
    pure,
    query,
    receive_signal,
    recovered,
    region,
    repeat_while,
    run_io,
    saga,
    scope,
    state,
    timeout,
    undoable,
    wait,
)

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

stimuli = st.lists(st.integers(0, 1_000), min_size=2, max_size=40)
inputs = st.integers(-2, 9)
choices = st.lists(st.integers(0, 3), min_size=1, max_size=8)


def replayed(recipe: Recipe, entries: Sequence[Entry]) -> Execution:
    """Return the execution that all entries lead to, none of which is passed over."""
    execution = begin_from(workflow_of(build(recipe)), entries[0])
    for entry in entries[1:]:
        execution = apply(execution, entry)
    return execution


def _is_the_same(recipe: Recipe, value: int, numbers: list[int]) -> None:
    live = play(workflow_of(build(recipe)), value, numbers)
    again = workflow_of(build(recipe))
    entries: list[Entry] = []
    for turn in live.turns:
        entries.extend(turn.entries)
        plain = replayed(recipe, entries)
        assert (shape(plain), seen(plain)) == (shape(turn.execution), seen(turn.execution))
        for jumps in (True, False):
            short = recover(again, entries, jumps=jumps)
            assert broken(short) == []
            assert short.seq == plain.seq
            assert not short.recovering
            assert seen(short) == seen(plain)
            assert _standing(short) == _standing(plain)


def _standing(execution: Execution) -> dict[str, object]:
    """Return the shape, without threads that once waited for a lock and are gone: nothing follows from them."""
    gated = tuple(prefix for prefix in execution.shared.gated if prefix in execution.threads)
    return shape(replace(execution, shared=replace(execution.shared, gated=gated)))


@LAW
@given(recipes, choices, inputs, stimuli)
def test_recovering_from_checkpoints_gives_what_a_replay_gives(
    recipe: Recipe, chosen: list[int], value: int, numbers: list[int]
) -> None:
    _is_the_same(with_checkpoints(recipe, itertools.cycle([*chosen, 3])), value, numbers)


@LAW
@given(joined, choices, inputs, stimuli)
def test_so_it_does_with_many_threads(recipe: Recipe, chosen: list[int], value: int, numbers: list[int]) -> None:
    _is_the_same(with_checkpoints(recipe, itertools.cycle([*chosen, 3])), value, numbers)


@LAW
@given(recipes, leaves, inputs, stimuli)
def test_what_is_inside_a_passed_checkpoint_may_be_anything(
    recipe: Recipe, other: Recipe, value: int, numbers: list[int]
) -> None:
    """The instance goes on as it would have, whichever program took the place of the old one."""
    after: WIO[int, Any, int] = build(("then", ("run", "a"), ("ask", "a")))
    live = play(workflow_of(checkpoint(build(recipe), result=int) >> after), value, numbers, early=False)
    changed = workflow_of(checkpoint(build(other), result=int) >> after)
    if not any(entry.address == "checkpoint" and entry.kind is Kind.CHECKPOINT for entry in live.entries):
        return
    for jumps in (True, False):
        again = recover(changed, live.entries, jumps=jumps)
        assert pending(again) == pending(live.last.execution)


# One step after another


def same(value: object) -> object:
    return value


def made(_: object, event: Any) -> Any:
    return event


def step(name: str, event: type[Any] = int) -> WIO[int, Any, int]:
    return run_io(same, made, name=name, event=event)


def entries_of(*turns: Turn) -> list[Entry]:
    return [entry for turn in turns for entry in turn.entries]


def turns_of(workflow: Any, value: object, *moves: Callable[[Turn], Turn]) -> list[Turn]:
    turns = [begun(workflow, value)]
    for move in moves:
        turns.append(move(turns[-1]))
    return turns


def runs(event: object, address: str | None = None) -> Callable[[Turn], Turn]:
    return lambda here: ran(here, event, address=address)


def kinds(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    return [(entry.kind.value, entry.address) for entry in entries]


def test_the_output_is_recorded_in_the_turn_in_which_the_part_ends() -> None:
    workflow = workflow_of(checkpoint(step("weigh") >> step("wrap"), result=int, name="pack") >> step("ship"))
    first, second, third = turns_of(workflow, 1, runs(2), runs(3))
    assert kinds(first.entries) == [("started", "")]
    assert kinds(second.entries) == [("event", "pack/weigh")]
    assert kinds(third.entries) == [("event", "pack/wrap"), ("checkpoint", "pack")]
    assert third.entries[-1].key == ":checkpoint:pack"
    assert third.entries[-1].response is None
    assert waiting(third) == EffectToRun("ship", "ship", waiting(third).function, (3,), 1)  # type: ignore[union-attr]


def test_the_inside_may_change_and_a_pure_one_is_not_computed_again() -> None:
    old = workflow_of(checkpoint(compute(lambda value: value + 1), result=int) >> step("ship"))
    new = workflow_of(checkpoint(compute(lambda _: 1 // 0), result=int) >> step("ship"))
    entries = entries_of(*turns_of(old, 1))
    assert pending(recover(new, entries))[0].arguments == (2,)  # type: ignore[union-attr]


def test_an_old_checkpoint_may_be_taken_by_a_step_that_recovers_it() -> None:
    old = workflow_of(checkpoint(step("weigh") >> step("wrap"), result=int, name="pack") >> step("ship"))
    new = workflow_of(recovered("pack", event=int, handler=lambda value, packed: value * 100 + packed) >> step("ship"))
    entries = entries_of(*turns_of(old, 1, runs(2), runs(3)))
    for jumps in (True, False):
        assert pending(recover(new, entries, jumps=jumps))[0].arguments == (103,)  # type: ignore[union-attr]


def test_while_the_part_is_under_way_its_inside_must_fit() -> None:
    old = workflow_of(checkpoint(step("weigh") >> step("wrap"), result=int, name="pack"))
    new = workflow_of(checkpoint(step("measure"), result=int, name="pack"))
    with pytest.raises(JournalMismatch, match="pack/weigh"):
        recover(new, entries_of(*turns_of(old, 1, runs(2))))


def test_an_error_passes_the_checkpoint_by() -> None:
    body = step("weigh") >> check(lambda value: Failure(Low(value)), name="heavy")
    workflow = workflow_of(checkpoint(body, result=int).handle_error(pure(7)) >> step("ship"))
    turns = turns_of(workflow, 1, runs(2))
    assert kinds(turns[-1].entries) == [("event", "checkpoint/weigh")]
    assert seen(recover(workflow, entries_of(*turns))) == seen(turns[-1].execution)


def test_a_value_that_cannot_be_recorded_pauses_the_instance_there() -> None:
    workflow = workflow_of(checkpoint(step("weigh").map(lambda value: [value]), result=int) >> step("ship"))
    turns = turns_of(workflow, 1, runs(2))
    paused = waiting(turns[-1])
    assert isinstance(paused, PausedAt)
    assert paused.address == "checkpoint"
    assert paused.problem.type == "WrongPayload"
    assert "The checkpoint at 'checkpoint'" in paused.problem.message
    mended = workflow_of(checkpoint(step("weigh"), result=int) >> step("ship"))
    again = recover(mended, entries_of(*turns))
    assert pending(again) == (paused,)
    going = resumed(replace(turns[-1], execution=again))
    assert kinds(going.entries) == [("resumed", "checkpoint"), ("checkpoint", "checkpoint")]
    assert seen(recover(mended, entries_of(*turns, going))) == seen(going.execution)


@attrs.frozen
class Parcel:
    weight: int
    fragile: bool = False


def test_the_value_of_an_older_version_of_its_type_is_brought_up_to_date() -> None:
    codec = JsonCodec(upcasters=(Upcaster("Parcel", 1, lambda fields: {**fields, "fragile": True}),))
    old = workflow_of(checkpoint(compute(lambda value: Parcel(value)), result=Parcel, name="pack") >> step("ship"))
    (entries,) = [entries_of(*turns_of(old, 1))]
    assert recover(old, entries, codec) is not None
    assert pending(recover(old, entries, codec))[0].arguments == (Parcel(1, True),)  # type: ignore[union-attr]


# Rounds and states


def rounds(body: WIO[int, Any, int], most: int = 100, back: WIO[int, Any, int] | None = None) -> WIO[int, Any, int]:
    if back is None:
        return loop(body, until=lambda value: value >= most, name="poll", checkpoint=int)
    return loop(body, until=lambda value: value >= most, back=back, name="poll", checkpoint=int)


class Reading:
    """Gives a recovery what it asks for, and notes that."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.wanted: list[Wanted] = []
        self.read = 0

    def recovered(self, workflow: Any) -> Execution:
        reading = recovery(workflow)
        wanted = next(reading)
        while True:
            given = self._given(wanted)
            self.wanted.append(wanted)
            self.read += len(given)
            try:
                wanted = reading.send(given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def _given(self, wanted: Wanted) -> tuple[Entry, ...]:
        match wanted:
            case Page(after, most):
                return tuple(self.entries[after : after + most])
            case Latest(key):
                return tuple([entry for entry in self.entries if entry.key == key][-1:])


def test_a_loop_goes_on_from_the_last_round_and_reads_no_other() -> None:
    workflow = workflow_of(step("before") >> rounds(step("check"), most=2_000) >> step("after"))
    turns = turns_of(workflow, 0, *[runs(number) for number in range(1_500)])
    entries = entries_of(*turns)
    reading = Reading(entries)
    again = reading.recovered(workflow)
    assert seen(again) == seen(turns[-1].execution)
    assert waiting(replace(turns[-1], execution=again)).address == "poll[1500]/check"  # type: ignore[union-attr]
    assert len(entries) == 3_000
    assert reading.read == 102
    assert len(reading.wanted) == 3
    ended = ran(replace(turns[-1], execution=again), 2_000)
    assert waiting(ended).address == "after"  # type: ignore[union-attr]


BESIDE: dict[str, Callable[[WIO[int, Any, int]], WIO[int, Any, Any]]] = {
    "in a scope with an interrupt": lambda part: scope(part, interrupt(stop)),
    "in a timeout": lambda part: timeout(part, timedelta(days=300)),
    "beside a branch that waits": lambda part: parallel(part.named("p"), stop.named("q")),
    "in a critical part of its own": lambda part: critical("l", part),
}
stop = receive_signal(ASK, lambda *_: 1, respond=lambda *_: 0)


@pytest.mark.parametrize("around", BESIDE.values(), ids=BESIDE.keys())
def test_it_does_so_while_something_waits_beside_it_and_once_more_later(
    around: Callable[[WIO[int, Any, int]], WIO[int, Any, Any]],
) -> None:
    workflow = workflow_of(around(rounds(step("check"), most=5_000)))
    here = begun(workflow, 0)
    entries = list(here.entries)
    for more in (1_500, 10):
        for _ in range(more):
            (effect,) = (each for each in pending(here.execution) if isinstance(each, EffectToRun))
            here = ran(here, effect.arguments[0] + 1, address=effect.address)
            entries.extend(here.entries)
        reading = Reading(entries)
        again = reading.recovered(workflow)
        assert seen(again) == seen(here.execution)
        assert reading.read <= 103
        here = replace(here, execution=again)
    assert len(entries) >= 3_000


def test_a_part_is_not_passed_over_in_which_a_cancel_has_come() -> None:
    """A cancel is an entry of the whole instance: what it has withdrawn around a part must be withdrawn again."""
    inner = scope(step("a"), on_cancel(checkpoint(step("tidy"), result=int)))
    workflow = workflow_of(scope(inner, on_cancel(step("say"))))
    turns = turns_of(workflow, 1, cancelled, runs(2), runs(3))
    entries = entries_of(*turns[:-1])
    for length in range(2, len(entries) + 1):
        again = recover(workflow, entries[:length])
        assert seen(again) == seen(replayed_of(workflow, entries[:length]))


def test_the_inside_of_a_round_that_is_over_may_change() -> None:
    old = workflow_of(rounds(step("check"), back=wait(timedelta(hours=1)) >> step("rest")))
    turns = turns_of(old, 0, runs(1))
    assert kinds(turns[-1].entries) == [("event", "poll[1]/check"), ("timer_set", "poll[1]/wait")]
    repeated = workflow_of(rounds(step("check") >> step("more")))
    turns = turns_of(repeated, 0, runs(1), runs(2), runs(3), runs(4))
    assert kinds(turns[-1].entries) == [("event", "poll[2]/more"), ("checkpoint", "poll[2]")]
    new = workflow_of(rounds(step("look")))
    for jumps in (True, False):
        (only,) = pending(recover(new, entries_of(*turns), jumps=jumps))
        assert isinstance(only, EffectToRun)
        assert (only.address, only.arguments) == ("poll[3]/look", (4,))


def test_a_loop_that_asks_first_records_what_flows_into_the_next_round() -> None:
    body = step("check")
    workflow = workflow_of(repeat_while(lambda value: value < 3, body, name="poll", checkpoint=int) >> step("after"))
    turns = turns_of(workflow, 0, runs(1), runs(3))
    assert kinds(entries_of(*turns))[1:] == [
        ("event", "poll[1]/check"),
        ("checkpoint", "poll[1]"),
        ("event", "poll[2]/check"),
    ]
    assert seen(recover(workflow, entries_of(*turns))) == seen(turns[-1].execution)


def test_a_machine_goes_on_in_its_last_state_and_counts_its_visits() -> None:
    def states(name: str) -> WIO[int, Any, int]:
        one = state("one", step(name).map(lambda value: Goto("two", value)), to="two")
        two = state("two", step("end").map(lambda value: Stop(value) if value > 8 else Goto("one", value)), to="one")
        return machine(one | two, start="one", name="order", checkpoint=int)

    turns = turns_of(workflow_of(states("begin")), 0, *[runs(number) for number in (1, 2, 3, 4)])
    assert kinds(turns[-1].entries) == [("event", "order[two#2]/end"), ("checkpoint", "order[two#2]")]
    reading = Reading(entries_of(*turns))
    again = reading.recovered(workflow_of(states("begin differently")))
    assert pending(again)[0].address == "order[one#3]/begin differently"  # type: ignore[union-attr]
    turn = ran(ran(replace(turns[-1], execution=again), 5), 9)
    assert kinds(turn.entries)[0] == ("event", "order[two#3]/end")
    assert pending(turn.execution) == (Outcome(Success(9), recorded=True),)


def test_a_state_that_is_gone_is_a_mismatch_that_names_it() -> None:
    one = state("one", step("a").map(lambda value: Goto("two", value)), to="two")
    two = state("two", step("b").map(Stop))
    old = workflow_of(machine(one | two, start="one", checkpoint=int))
    other = state("one", step("a").map(Stop))
    with pytest.raises(JournalMismatch, match="state 'two' in 'machine', which has no such state"):
        recover(workflow_of(machine(other, start="one", checkpoint=int)), entries_of(*turns_of(old, 0, runs(1))))


def test_many_loops_one_after_another_are_not_asked_for_one_by_one() -> None:
    """The last checkpoint of each is asked for, but not more often than the whole journal is worth reading."""
    inner = rounds(step("check"), most=3)
    workflow = workflow_of(loop(inner.map(lambda _: 0), until=lambda _: False, name="outer"))
    turns = turns_of(workflow, 0, *[runs(number) for number in [1, 2, 3] * 500])
    reading = Reading(entries_of(*turns))
    assert seen(reading.recovered(workflow)) == seen(turns[-1].execution)
    assert sum(isinstance(wanted, Latest) for wanted in reading.wanted) <= 20


# What is not in the value


def hold_inside() -> WIO[int, Any, int]:
    return hold("open", step("a"))


def leave_elsewhere() -> WIO[int, Any, int]:
    return step("a") >> leave(Region("r", result=int), lambda value: value)


def drains() -> WIO[int, Any, int]:
    return parallel(step("slow"), step("a"), join=1, rest=Rest.DRAIN).map(lambda _: 1)


def undo() -> WIO[Any, Any, Any]:
    return step("undo").transform_input(lambda done: done.output)


@pytest.mark.parametrize(
    ("whole", "address", "is_complete"),
    [
        (checkpoint(step("a"), result=int), "a", True),
        (checkpoint(saga(undoable(step("a"), undo())), result=int), "a", True),
        (saga(checkpoint(undoable(step("a"), undo()), result=int)), "a", False),
        (saga(checkpoint(saga(undoable(step("a"), undo())), result=int)), "a", False),
        (checkpoint(hold_inside(), result=int), "a", False),
        (hold("open", checkpoint(step("a"), result=int)), "a", True),
        (critical("lock", checkpoint(step("a"), result=int)), "a", True),
        (checkpoint(region(Region("r", result=int), leave_elsewhere()), result=int), "a", True),
        (
            parallel(
                region(Region("r", result=int), step("b")).named("p"),
                checkpoint(leave_elsewhere(), result=int).named("q"),
            ).map(len),
            "a",
            False,
        ),
        (checkpoint(drains(), result=int), "a", False),
    ],
)
def test_what_reaches_out_of_a_part_keeps_its_entries_needed(
    whole: WIO[int, Any, int], address: str, is_complete: bool
) -> None:
    workflow = workflow_of(whole >> step("after"))
    first = begun(workflow, 1)
    place = next(each.address for each in pending(first.execution) if getattr(each, "name", "") == address)
    turn = ran(first, 2, address=place)
    found = [entry for entry in turn.entries if entry.kind is Kind.CHECKPOINT]
    assert [entry.key is not None for entry in found] == [is_complete]
    assert seen(recover(workflow, entries_of(first, turn))) == seen(turn.execution)


tell = handle_signal(TELL, lambda _, request: request, lambda _, event: event, respond=lambda *_: "", event=int)


def test_signals_that_wait_are_still_there_behind_a_checkpoint() -> None:
    workflow = workflow_of(rounds(step("check") >> step("more")) >> tell)
    turns = turns_of(
        workflow,
        0,
        lambda here: kept(here, TELL, 5),
        runs(1),
        runs(2),
        lambda here: kept(here, TELL, 6),
        runs(3),
        runs(4),
        runs(200),
        runs(200),
    )
    entries = entries_of(*turns)
    marks = [entry for entry in entries if entry.kind is Kind.CHECKPOINT]
    assert [mark.response.text if mark.response else "" for mark in marks] == [
        '{"beside":0,"kept":[2],"state":"","visits":{}}',
        '{"beside":0,"kept":[2,6],"state":"","visits":{}}',
    ]
    for length in range(1, len(entries) + 1):
        plain = replayed_of(workflow, entries[:length])
        for jumps in (True, False):
            again = recover(workflow, entries[:length], jumps=jumps)
            assert (seen(again), again.mailbox) == (seen(plain), plain.mailbox)


def test_a_signal_that_was_kept_stays_with_the_part_that_has_taken_it() -> None:
    one = checkpoint(tell, result=int, name="pack") >> step("a")
    workflow = workflow_of(parallel(one.named("p"), (tell >> step("b")).named("q")).map(len))
    turns = turns_of(
        workflow,
        0,
        lambda here: kept(here, TELL, 5),
        lambda here: kept(here, TELL, 6),
        lambda here: signalled(here, 50, address="parallel[p]/p/pack/tell"),
    )
    entries = entries_of(*turns)
    for jumps in (True, False):
        again = recover(workflow, entries, jumps=jumps)
        assert pending(again) == pending(turns[-1].execution)
    (_, other) = pending(again)
    assert isinstance(other, EffectToRun)
    assert other.arguments == (0, 6)


def test_a_signal_is_not_lost_that_a_part_gave_back_while_the_checkpoint_of_another_was_passed() -> None:
    interrupted = scope(tell >> step("x"), interrupt(receive_signal(ASK, lambda *_: 1, respond=lambda *_: 0)))
    two = checkpoint(interrupted.map(lambda _: 2), result=int, name="pack") >> tell
    one = checkpoint(step("a"), result=int) >> step("b")
    workflow = workflow_of(parallel(one.named("p"), two.named("q")).map(len))
    turns = turns_of(
        workflow,
        0,
        lambda here: kept(here, TELL, 5),
        runs(1, "parallel[p]/p/checkpoint/a"),
        lambda here: signalled(here, 7, address="parallel[q]/q/pack/scope[ask]/ask"),
    )
    assert turns[-1].entries[-1].kind is Kind.SIGNAL_TAKEN
    for jumps in (True, False):
        again = recover(workflow, entries_of(*turns), jumps=jumps)
        assert pending(again) == pending(turns[-1].execution)


def replayed_of(workflow: Any, entries: Sequence[Entry]) -> Execution:
    execution = begin_from(workflow, entries[0])
    for entry in entries[1:]:
        execution = apply(execution, entry)
    return execution


def test_a_query_inside_answers_until_the_checkpoint_and_one_around_it_for_ever() -> None:
    inner = query(NEAR, lambda value: f"in {value}", step("a")) >> step("b")
    turns = turns_of(workflow_of(checkpoint(inner, result=int) >> step("c")), 1, runs(2), runs(3))
    assert answer(turns[1].execution, NEAR) == "in 2"
    with pytest.raises(UnexpectedQuery):
        answer(turns[2].execution, NEAR)
    around = query(NEAR, lambda value: f"around {value}", checkpoint(step("a"), result=int)) >> step("c")
    turns = turns_of(workflow_of(around), 1, runs(2))
    assert answer(turns[-1].execution, NEAR) == "around 2"
    assert answer(recover(workflow_of(around), entries_of(*turns)), NEAR) == "around 2"


def test_in_parallel_branches_each_part_is_passed_over_by_itself() -> None:
    def both(name: str) -> WIO[int, Any, int]:
        part = checkpoint(step(name) >> step("wrap"), result=int, name="pack")
        return parallel((part >> step("ship")).named("p"), (step("bill") >> step("send")).named("q")).map(len)

    moves = (
        runs(1, "parallel[p]/p/pack/weigh"),
        runs(2, "parallel[q]/q/bill"),
        runs(3, "parallel[p]/p/pack/wrap"),
        runs(4, "parallel[q]/q/send"),
    )
    turns = turns_of(workflow_of(both("weigh")), 0, *moves)
    again = recover(workflow_of(both("measure")), entries_of(*turns))
    assert pending(again) == pending(turns[-1].execution)


# Entries of older versions


def test_entries_of_steps_that_are_gone_are_folded_in_order() -> None:
    old = workflow_of(step("a") >> step("b") >> step("c"))
    new = workflow_of(
        recovered("a", event=int, handler=lambda value, event: value + event)
        >> recovered("b", event=int, handler=lambda value, event: value + event)
        >> step("c")
    )
    turns = turns_of(old, 1, runs(10), runs(100))
    assert pending(recover(new, entries_of(*turns)))[0].arguments == (111,)  # type: ignore[union-attr]
    assert pending(recover(new, entries_of(*turns[:2])))[0].arguments == (11,)  # type: ignore[union-attr]


def test_a_fresh_instance_passes_by_and_is_recovered_so() -> None:
    new = workflow_of(recovered("a", event=int, handler=lambda *_: 1 // 0) >> step("b") >> step("c"))
    turns = turns_of(new, 1, runs(2), runs(3))
    assert kinds(entries_of(*turns)) == [("started", ""), ("event", "b"), ("event", "c"), ("completed", "")]
    for length in range(1, 4):
        assert seen(recover(new, entries_of(*turns[:length]))) == seen(turns[:length][-1].execution)


def test_attempts_that_failed_before_are_passed_over() -> None:
    old = workflow_of(step("a") >> step("b"))
    new = workflow_of(recovered("a", event=int, handler=lambda _, event: event) >> step("b"))
    turns = turns_of(old, 1, lambda here: failed(here, OSError("no")), resumed)
    assert pending(recover(new, entries_of(*turns)))[0].arguments == (1,)  # type: ignore[union-attr]
    turns.append(ran(turns[-1], 5))
    assert pending(recover(new, entries_of(*turns)))[0].arguments == (5,)  # type: ignore[union-attr]


def test_an_old_signal_is_folded() -> None:
    old_step = handle_signal(ASK, lambda _, request: request, lambda _, event: event, respond=lambda *_: 1, event=int)
    old = workflow_of(old_step.named("asked") >> step("b"))
    new = workflow_of(recovered("asked", event=int, handler=lambda value, event: value + event) >> step("b"))
    turns = turns_of(old, 1, lambda here: signalled(here, 5))
    assert isinstance(waiting(turns[0]), SignalExpected)
    assert pending(recover(new, entries_of(*turns)))[0].arguments == (6,)  # type: ignore[union-attr]


def test_an_old_signal_that_was_kept_is_folded_and_no_longer_waits() -> None:
    old, new = (
        workflow_of(step("b") >> tell),
        workflow_of(step("b") >> recovered("tell", event=int, handler=old_or_new)),
    )
    turns = turns_of(old, 1, lambda here: kept(here, TELL, 5), runs(2), lambda here: signalled(here, 6))
    for length, waits in ((2, True), (3, True), (4, False)):
        again = recover(new, entries_of(*turns)[:length])
        assert bool(again.mailbox) is waits
    assert recover(new, entries_of(*turns)[:5]).outcome is not None


def old_or_new(value: int, event: int) -> int:
    return value + event


def test_what_nobody_accepts_is_still_a_mismatch() -> None:
    old = workflow_of(step("a") >> step("b"))
    turns = turns_of(old, 1, runs(10), runs(20))
    with pytest.raises(JournalMismatch, match="'b'"):
        recover(workflow_of(recovered("a", event=int, handler=lambda *_: 1) >> step("c")), entries_of(*turns))
    with pytest.raises(WrongPayload):
        recover(workflow_of(recovered("a", event=str, handler=lambda *_: 1) >> step("b")), entries_of(*turns))


def test_in_several_threads_old_entries_find_their_place() -> None:
    def both(first: WIO[int, Any, int]) -> Any:
        return workflow_of(parallel((first >> step("b")).named("p"), (step("c") >> step("d")).named("q")).map(len))

    turns = turns_of(both(step("a")), 1, runs(5, "parallel[q]/q/c"), runs(7, "parallel[p]/p/a"))
    new = both(recovered("a", event=int, handler=lambda value, event: value + event))
    assert pending(recover(new, entries_of(*turns)))[0].arguments == (8,)  # type: ignore[union-attr]
    assert pending(recover(new, entries_of(*turns[:2])))[0].arguments == (1,)  # type: ignore[union-attr]


def test_what_an_older_version_has_left_to_be_recorded_is_found() -> None:
    old = workflow_of(step("a") >> step("b"))
    new = workflow_of(
        recovered("a", event=int, handler=lambda _, event: event) >> now(lambda value, _: value) >> step("b")
    )
    turns = turns_of(old, 1, runs(5))
    again = recover(new, entries_of(*turns))
    overdue = overdue_turn(again, AT)
    assert overdue is not None
    assert kinds(overdue.entries) == [("event", "now")]
    assert overdue_turn(overdue.execution, AT) is None
    assert seen(recover(new, entries_of(*turns, overdue))) == seen(overdue.execution)


@LAW
@given(recipes, choices, inputs, stimuli, stimuli)
def test_what_follows_a_recovery_is_what_would_have_followed(
    recipe: Recipe, chosen: list[int], value: int, numbers: list[int], later: list[int]
) -> None:
    workflow = workflow_of(build(with_checkpoints(recipe, itertools.cycle([*chosen, 3]))))
    live = play(workflow, value, numbers)
    one = play_on(workflow, live.last, later)
    other = play_on(workflow, replace(live.last, execution=recover(workflow, live.entries)), later)
    assert kinds(one.entries) == kinds(other.entries)
    assert seen(one.execution) == seen(other.execution)
