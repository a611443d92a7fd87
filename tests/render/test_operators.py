"""Is every operator drawn with what is known of it, and with what an instance did there?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from interpreters.render import (
    Elements,
    Mark,
    Progress,
    Reached,
    State,
    Undoing,
    draw,
    to_dot,
    to_json,
    to_mermaid,
    to_text,
)
from interpreters.render.drawing import (
    AgainStep,
    Assembly,
    ComputeStep,
    Drawing,
    Enclosure,
    EventChoice,
    Fence,
    Gate,
    Handled,
    LeaveStep,
    More,
    Multiple,
    Place,
    Split,
    StateGraph,
    TaskStep,
    Undoable,
    Watching,
)
from interpreters.render.graph import Box, Dot, Edge, Line, Look, dots
from interpreters.render.inside import shape_count, step_count
from interpreters.render.laying import graph_of
from interpreters.render.progress import begun
from tests.render.sample_operators import CAR, ORDER, Sample, going, offered, operators, together
from tests.render.sample_workflows import AnyProgram, function, never, signal_step, step
from tests.render.test_walk import addresses, shapes, states
from wio import (
    Fixed,
    Meeting,
    Rest,
    Retry,
    alongside,
    arrive,
    branch,
    check,
    compute,
    critical,
    for_each,
    gather,
    leave,
    machine,
    meet,
    multi_merge,
    parallel,
    recursive,
    region,
    retrying,
    saga,
    scope,
    state,
    timeout,
    undoable,
    wait,
    when,
)

SAMPLES = operators()
TEA = Meeting("tea", brings=object, needs={"x": 1})


def drawn(sample: Sample) -> Drawing:
    return draw(sample.program, progress=sample.progress)


def only(drawing: Drawing, kind: type[Any]) -> Any:
    (found,) = (shape for shape in shapes(drawing.body) if isinstance(shape, kind))
    return found


def after(program: AnyProgram, *trace: Any, outcome: State = State.RUNNING) -> Drawing:
    return draw(program, progress=Progress(tuple(trace), Mark(outcome)))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_no_format_calls_a_function_of_the_user(name: str) -> None:
    for drawing in (draw(SAMPLES[name].program), drawn(SAMPLES[name])):
        for made in (to_text, to_mermaid, to_dot, to_json):
            assert made(drawing)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_place_of_an_instance_is_found(name: str) -> None:
    assert drawn(SAMPLES[name]).unplaced == ()


@pytest.mark.parametrize("size", sorted(together()))
def test_all_operators_together_find_their_places(size: int) -> None:
    workflow, so_far = together()[size]
    assert draw(workflow, progress=so_far).unplaced == ()
    assert abs(shape_count(draw(workflow).body) - size) < 10


# Branches


def test_the_tail_of_a_multi_merge_is_drawn_once_behind_its_branches() -> None:
    program = multi_merge(step("a"), step("b"), each=step("tail"))
    split = only(draw(program), Split)
    assert [shape.place.address for shape in split.tail.body] == ["merge[*]/tail"]
    assert (split.tail.place, split.runs) == (Place(), "")
    graph = graph_of(draw(program))
    assert [dot.title for dot in dots(graph.inside) if dot.title == "tail"] == ["tail"]


def test_the_runs_of_a_tail_are_counted_and_the_one_that_needs_somebody_is_drawn() -> None:
    names = ("a", "b", "c", "d")
    program = multi_merge(*map(step, names), each=step("tail"))
    trace: list[Any] = [Reached(f"merge[{name}]") for name in names]
    trace += [Reached(f"merge[{name}]/{name}") for name in "abc"]
    trace += [Reached("merge[a]/tail"), Reached("merge[b]/tail", State.PAUSED, "no"), Reached("merge[c]/tail")]
    trace += [Reached("merge[d]/d", State.RUNNING)]
    drawing = after(program, *trace)
    assert drawing.unplaced == ()
    split = only(drawing, Split)
    assert split.runs == "2 done, 1 paused"
    assert split.tail.place.state is State.PAUSED
    assert split.tail.body[0].place.note == "no"
    assert [way.place.state for way in split.ways] == [State.DONE] * 3 + [State.RUNNING]


def test_a_multi_merge_is_done_when_all_runs_of_its_tail_are() -> None:
    program = multi_merge(step("a"), step("b"), each=step("tail"))
    trace = [Reached(f"merge[{name}]/{part}") for name in "ab" for part in (name, "tail")]
    split = only(after(program, *trace), Split)
    assert (split.place.state, split.runs) == (State.DONE, "2 done")
    waiting = only(after(program, *trace[:3], Reached("merge[b]/tail", State.WAITING)), Split)
    assert (waiting.place.state, waiting.runs) == (State.WAITING, "1 done, 1 waiting")


def test_a_join_says_for_how_many_it_waits() -> None:
    branches = (step("a"), step("b"), step("c"))
    drawings = [
        draw(parallel(*branches)),
        draw(parallel(*branches, join=2)),
        draw(parallel(*branches, join=0, rest=Rest.BLOCK)),
        draw(parallel(*branches, join=function("two good"), rest=Rest.CANCEL)),
    ]
    assert [(split.join, split.rest) for split in (only(drawing, Split) for drawing in drawings)] == [
        ("", ""),
        ("join 2 of 3", "rest: drain"),
        ("join none", "rest: block"),
        ("join by two good", "rest: cancel"),
    ]


def test_a_guard_is_told_on_its_line() -> None:
    program = parallel(step("a"), when(function("is large"), name="large") >> step("b"))
    graph = graph_of(draw(program))
    assert [edge.label for edge in graph.edges if edge.label] == ["[large]"]


def test_branches_with_and_without_their_end_have_their_states() -> None:
    split = only(drawn(SAMPLES["parallel"]), Split)
    assert split.place.state is State.RETRYING
    assert [way.place.state for way in split.ways] == [State.RETRYING, State.WAITING, State.SKIPPED]


def test_a_join_that_went_on_is_done_though_others_go_on() -> None:
    program = parallel(step("a"), step("b"), join=1) >> step("c")
    trace = (Reached("parallel[a]/a"), Reached("parallel[b]/b", State.RUNNING), Reached("c", State.RUNNING))
    split = only(after(program, *trace), Split)
    assert split.place == Place("parallel", "parallel", State.DONE)
    assert [way.place.state for way in split.ways] == [State.DONE, State.RUNNING]


def test_a_parallel_without_a_true_guard_is_passed() -> None:
    program = parallel(when(bool, name="x") >> step("a")) >> step("b")
    split = only(after(program, Reached("b", State.RUNNING)), Split)
    assert (split.place.state, split.ways[0].place.state) == (State.DONE, State.SKIPPED)


def test_a_part_that_may_not_be_entered_yet_passes_nothing_by() -> None:
    program = parallel(step("a"), step("b"))
    split = only(after(program, Reached("parallel", State.WAITING, "others still run")), Split)
    assert split.place.state is State.WAITING
    assert {way.place.state for way in split.ways} == {State.NOT_REACHED}


def test_the_losers_of_a_choice_are_withdrawn() -> None:
    choice = only(drawn(SAMPLES["first_of"]), EventChoice)
    assert [way.place.state for way in choice.ways] == [State.RUNNING, State.WITHDRAWN, State.WITHDRAWN]
    assert "⊘ withdrawn" in to_text(drawn(SAMPLES["first_of"]))


def test_a_branch_that_was_withdrawn_between_steps_is_told_by_itself() -> None:
    program = parallel(step("a") >> step("b"), step("c"))
    trace = (Reached("parallel[a]/a"), Reached("parallel[c]/c"), Reached("parallel[a]", State.WITHDRAWN))
    split = only(after(program, *trace), Split)
    assert [way.place.state for way in split.ways] == [State.WITHDRAWN, State.DONE]
    assert split.place.state is State.WITHDRAWN


def test_of_very_many_branches_some_are_drawn() -> None:
    program = parallel(*(step(f"s{number}") for number in range(1_000)))
    drawing = draw(program, most=20)
    split = only(drawing, Split)
    assert shape_count(drawing.body) <= 20
    assert step_count(drawing.body) == 1_000
    assert [way.name for way in split.ways][:2] == ["s0", "s1"]
    assert "more ways" in to_text(drawing)


# Elements


def test_elements_are_counted_and_one_of_each_state_is_drawn() -> None:
    multiple = only(drawn(SAMPLES["for_each"]), Multiple)
    assert multiple.rule == "3 at once"
    assert multiple.counts == "7 done, 2 running, 1 retrying, 2 to come"
    assert [(way.name, way.place.state) for way in multiple.elements] == [
        ("page 10", State.RETRYING),
        ("page 8", State.RUNNING),
        ("page 1", State.DONE),
    ]
    assert [way.name for way in multiple.sides] == ["add", "finish"]


def test_ten_thousand_elements_are_a_few_shapes() -> None:
    program = for_each(function("pages"), step("a") >> step("b"), element=int)
    trace = [Reached(f"each[{n}]/{name}") for n in range(10_000) for name in ("a", "b")]
    drawing = after(program, Elements("each", 10_001), *trace, Reached("each[7]/b", State.PAUSED, "no disk"))
    assert shape_count(drawing.body) == 5
    assert only(drawing, Multiple).counts == "9,999 done, 1 paused, 1 to come"
    assert "‖ paused: no disk" in to_text(drawing)


def test_a_for_each_without_elements_says_so() -> None:
    program = for_each(function("pages"), step("a"), element=int) >> step("b")
    drawing = after(program, Elements("each", 0), Reached("b"), outcome=State.DONE)
    assert only(drawing, Multiple).counts == "no elements"
    assert only(drawing, Multiple).place.state is State.DONE


def test_an_element_that_was_withdrawn_is_counted_as_such() -> None:
    program = for_each(function("pages"), step("a"), element=int, join=1, rest=Rest.CANCEL) >> step("b")
    trace = (Reached("each[1]/a"), Reached("each[2]/a", State.WITHDRAWN), Reached("b", State.RUNNING))
    assert only(after(program, *trace), Multiple).counts == "1 done, 1 withdrawn"


def test_all_of_a_few_elements_are_drawn() -> None:
    program = for_each(function("pages"), step("a"), element=int)
    trace = [Reached(f"each[{key}]/a") for key in ("x", "y", "z", "u")]
    few, many = (only(after(program, *part, outcome=State.DONE), Multiple) for part in (trace[:3], trace))
    assert [way.name for way in few.elements] == ["x", "y", "z"]
    assert ([way.name for way in many.elements], many.counts) == (["x"], "4 done")


# Scopes


def test_the_kinds_of_handlers_have_their_lines() -> None:
    graph = graph_of(draw(SAMPLES["scope"].program))
    leaving = {edge.line for edge in graph.edges if edge.box}
    assert leaving == {Line.INTERRUPT, Line.ALONGSIDE, Line.CANCEL}
    titles = {dot.id: dot.title for dot in dots(graph.inside)}
    assert [titles[edge.head] for edge in graph.edges if edge.box] == ["interrupts", "alongside", "on cancel"]


def test_only_a_handler_that_interrupts_leads_to_what_follows() -> None:
    merged = {tail for tail, head in lines(draw(SAMPLES["scope"].program)) if not head}
    assert {"pack", "release"} <= merged
    assert not {"remind", "tell customer"} & merged


def test_a_part_stands_as_the_arm_that_it_ends_with() -> None:
    program = (step("b") >> branch(when(bool, name="x") >> signal_step("paid"), default=step("a"))).named("part")
    drawing = after(program, Reached("part/b"), Reached("part/branch[x]/paid", State.WAITING))
    assert drawing.body[0].place.state is State.WAITING


def test_an_interrupted_body_is_withdrawn_and_its_handler_tells_how_it_stands() -> None:
    drawing = drawn(SAMPLES["timeout"])
    watching = only(drawing, Watching)
    assert [shape.place.state for shape in watching.body] == [State.WITHDRAWN, State.SKIPPED]
    assert (watching.place.state, watching.alarms[0].fired) == (State.DONE, True)


def test_the_most_urgent_run_of_a_handler_is_drawn() -> None:
    program = scope(signal_step("paid"), alongside(wait(timedelta(days=1), name="day"), step("remind")))
    first = (Reached("scope[day]/day"), Reached("scope[day]/remind", State.RETRYING))
    drawing = after(program, *first, Reached("scope[day#2]/day", State.WAITING), Reached("scope/paid", State.WAITING))
    alarm = only(drawing, Watching).alarms[0]
    assert (alarm.place.at, alarm.place.state, alarm.runs) == ("scope[day]", State.RETRYING, 1)
    assert only(drawing, Watching).place.state is State.RETRYING


def test_a_handler_beside_a_scope_says_how_often_it_ran() -> None:
    program = scope(signal_step("paid"), alongside(wait(timedelta(days=1), name="day"), step("remind"))) >> step("b")
    ran = [Reached(f"scope[{run}]/{name}") for run in ("day", "day#2") for name in ("day", "remind")]
    armed = Reached("scope[day#3]/day", State.WAITING, "until 09:00")
    at_work = after(program, *ran, armed, Reached("scope/paid", State.WAITING))
    assert "◌ waiting: ran 2 times" in to_text(at_work)
    assert "◌ waiting: until 09:00" in to_text(at_work)
    withdrawn = Reached("scope[day#3]/day", State.WITHDRAWN)
    over = after(program, *ran, Reached("scope/paid"), withdrawn, Reached("b"), outcome=State.DONE)
    alarm = only(over, Watching).alarms[0]
    assert (alarm.place.at, alarm.place.state, alarm.runs) == ("scope[day#2]", State.DONE, 2)
    assert "✓ done: ran 2 times" in to_text(over)
    assert "ran 2 times" in to_dot(over)


def test_a_handler_that_never_ran_does_not_say_so() -> None:
    program = scope(signal_step("paid"), alongside(wait(timedelta(days=1), name="day"), step("remind")))
    drawing = after(program, Reached("scope[day]/day", State.WITHDRAWN), Reached("scope/paid"), outcome=State.DONE)
    assert only(drawing, Watching).alarms[0].runs == 0
    assert "ran" not in to_text(drawing)


def test_a_scope_that_was_left_still_undoes() -> None:
    undo = step("undo")
    program = timeout(saga(undoable(step("a"), undo) >> signal_step("b")), timedelta(days=1), step("c"))
    trace = (
        Reached("timeout/saga/a"),
        Reached("timeout[deadline]/deadline"),
        Reached("timeout/saga/b", State.WITHDRAWN),
    )
    undoing = (Undoing("timeout/saga[undo 1]", undo), Reached("timeout/saga[undo 1]/undo", State.PAUSED, "down"))
    assert only(after(program, *trace, *undoing), Watching).place.state is State.PAUSED


def test_a_part_of_a_region_that_was_left_says_so_and_what_follows_goes_on() -> None:
    drawing = drawn(SAMPLES["region"])
    left = [shape.place for shape in shapes(drawing.body) if isinstance(shape, Enclosure)]
    assert [(place.state, place.note) for place in left] == [(State.DONE, "left"), (State.WITHDRAWN, "")]
    assert ("c", "d") in travelled(drawing)


def test_what_records_nothing_is_not_passed_in_a_part_that_was_left() -> None:
    part = region(ORDER, step("a") >> compute(abs, name="absolute"))
    drawing = after(part >> step("b"), Reached("order/a", State.WITHDRAWN), Reached("b", State.RUNNING))
    assert only(drawing, ComputeStep).place.state is State.NOT_REACHED


def test_leaving_from_inside_is_an_end_and_from_outside_is_not() -> None:
    outside = leave(ORDER, never) >> step("a")
    inside = region(ORDER, leave(ORDER, never) >> step("a"))
    assert [only(draw(program), LeaveStep).inside for program in (outside, inside)] == [False, True]
    assert ("leave order", "a") in lines(draw(outside))
    assert ("leave order", "a") not in lines(draw(inside))


def test_a_milestone_that_was_missed_leads_the_other_way() -> None:
    gate = only(drawn(SAMPLES["milestone"]), Gate)
    assert (gate.missed, gate.place.state) == (True, State.DONE)
    assert [shape.place.state for shape in (*gate.body, *gate.otherwise)] == [State.WITHDRAWN, State.DONE]


def test_a_handler_whose_trigger_can_no_longer_come_was_passed_by() -> None:
    sample = SAMPLES["timeout"]
    trace = (
        Reached("timeout[deadline]/deadline", State.WITHDRAWN),
        Reached("timeout/paid"),
        Reached("timeout/thank"),
        Reached("close", State.RUNNING),
    )
    (alarm,) = only(after(sample.program, *trace), Watching).alarms
    assert [shape.place.state for shape in (*alarm.trigger, *alarm.body)] == [State.WITHDRAWN, State.SKIPPED]


def test_a_handler_of_an_error_that_did_not_come_was_passed_by() -> None:
    program = step("a").handle_error(step("b")) >> step("c")
    before, behind = after(program, Reached("a", State.RUNNING)), after(program, Reached("a"), Reached("c"))
    states = [(only(it, Handled).place.state, only(it, Handled).handler[0].place.state) for it in (before, behind)]
    assert states == [(State.NOT_REACHED, State.NOT_REACHED), (State.SKIPPED, State.SKIPPED)]


def test_what_holds_for_a_part_is_its_title() -> None:
    policy = Retry(attempts=3, backoff=Fixed(timedelta(seconds=10)))
    program = critical("stock", saga(retrying(step("a"), policy), name="booking"))
    titles = [line.split('"')[1] for line in to_mermaid(draw(program)).splitlines() if "subgraph" in line]
    assert titles == ["stock<br/>lock", "booking<br/>saga", "retry \u00d73, after 10s"]


# Compensation


def test_a_meeting_is_drawn_as_it_was_held_last_and_with_a_line_from_all_who_arrive() -> None:
    (held,) = only(drawn(SAMPLES["gather"]), Assembly).meetings
    assert (held.place.at, held.place.state, held.runs) == ("hall[car#2]", State.WAITING, 2)
    assert [shape.place.at for shape in held.body] == ["hall[car#2]/assemble", "hall[car#2]/test drive"]
    came = {(tail, head) for tail, head in lines(drawn(SAMPLES["gather"])) if head == "car"}
    assert came == {("arrive car", "car"), ("decline car", "car")}


def test_an_arrival_at_an_outer_meeting_leads_out_of_the_inner_gathering() -> None:
    inner = gather(step("a") >> arrive(CAR, "wheel") >> arrive(TEA, "x"), meet(TEA, step("b") >> arrive(TEA, "x")))
    graph = graph_of(draw(gather(inner, meet(CAR, step("c")))))
    titles = {dot.id: dot.title for dot in dots(graph.inside)}
    came = [(titles[edge.tail], titles[edge.head]) for edge in graph.edges if edge.line is Line.ARRIVAL]
    assert came == [("arrive tea", "tea"), ("arrive tea", "tea"), ("arrive car", "car")]


def test_an_undo_is_found_by_the_program_that_runs() -> None:
    drawing = drawn(SAMPLES["saga"])
    first, second = (shape for shape in shapes(drawing.body) if isinstance(shape, Undoable))
    assert [shape.place.at for shape in first.undo] == ["booking[undo 2]/cancel flight"]
    assert [shape.place.at for shape in second.undo] == ["booking[undo 1]/cancel hotel", "booking[undo 1]/refund"]
    assert (first.undone.state, second.undone.state) == (State.RUNNING, State.DONE)
    saga_place = next(shape.place for shape in shapes(drawing.body) if isinstance(shape, Enclosure))
    assert (saga_place.state, saga_place.note) == (State.RUNNING, "undo 2")


@pytest.mark.parametrize("state", [State.PAUSED, State.RETRYING, State.RUNNING, State.WAITING])
def test_an_undo_that_is_shared_is_drawn_at_the_action_that_it_undoes(state: State) -> None:
    undo = step("cancel")
    program = saga(undoable(step("a"), undo) >> undoable(step("b"), undo) >> step("c"))
    begun = (Reached("saga/a"), Reached("saga/b"), Reached("saga/c", State.FAILED), Undoing("saga[undo 1]", undo))
    at_work = Reached("saga[undo 1]/cancel", state, "says why")
    assert _undos(after(program, *begun, at_work)) == [
        Place("saga[undo *]/cancel"),
        Place("saga[undo *]/cancel#2", at_work.address, state, "says why"),
    ]
    then = (
        Reached("saga[undo 1]/cancel"),
        Undoing("saga[undo 2]", undo),
        attrs.evolve(at_work, address="saga[undo 2]/cancel"),
    )
    first, second = _undos(after(program, *begun, *then))
    assert (first.at, first.state, first.note) == ("saga[undo 2]/cancel", state, "says why")
    assert (second.at, second.state) == ("saga[undo 1]/cancel", State.DONE)


def _undos(drawing: Drawing) -> list[Place]:
    return [shape.undo[0].place for shape in shapes(drawing.body) if isinstance(shape, Undoable)]


def test_a_saga_that_failed_says_so_and_how_much_it_undid() -> None:
    undo = step("cancel")
    program = saga(undoable(step("a"), undo) >> check(never, name="valid")).handle_error(step("b"))
    undone = (Reached("saga/a"), Undoing("saga[undo 1]", undo), Reached("saga[undo 1]/cancel"))
    failed = only(after(program, *undone, outcome=State.FAILED), Enclosure)
    assert (failed.place.state, failed.place.note) == (State.FAILED, "undid 1")
    handled = only(after(program, *undone, Reached("!error/b"), outcome=State.DONE), Enclosure)
    assert (handled.place.state, handled.place.note) == (State.HANDLED, "undid 1")


def test_the_undos_of_a_saga_are_counted_together() -> None:
    program = saga(undoable(step("a"), step("u")) >> undoable(step("b"), step("u")))
    assert addresses(program) == ["saga", "saga/a", "saga[undo *]/u", "saga/b", "saga[undo *]/u#2"]


def test_the_beginning_of_an_undo_is_told_from_that_of_other_scopes() -> None:
    undo = step("u")
    assert begun("order/saga[undo 3]/", undo) == Undoing("order/saga[undo 3]", undo)
    assert begun("saga[undo 3]/part[x]/", undo) == Reached("saga[undo 3]/part[x]")


# Named states


def test_a_machine_is_the_graph_that_was_declared() -> None:
    between = {(edge.box, edge.into) for edge in graph_of(draw(SAMPLES["machine"].program)).edges if edge.box}
    titles = boxes(draw(SAMPLES["machine"].program))
    assert {(titles[tail], titles[head]) for tail, head in between if head} == {
        ("placed", "paid"),
        ("placed", "cancelled"),
        ("paid", "shipped"),
        ("paid", "packing failed"),
        ("packing failed", "paid"),
        ("packing failed", "cancelled"),
    }
    assert {titles[tail] for tail, head in between if not head} == {"placed", "packing failed", "shipped", "cancelled"}
    assert ("repair", "repair") in lines(draw(SAMPLES["machine"].program))


def test_a_start_that_is_computed_leads_to_the_machine_until_it_is_known() -> None:
    program = machine(state("a", step("a"), to="b") | state("b", step("b")), start=function("by age"), name="m")
    titles = boxes(draw(program))
    assert [titles[edge.into] for edge in graph_of(draw(program)).edges if edge.into and not edge.box] == ["m"]
    assert "starts by by age" in to_text(draw(program))
    instance = after(program, Reached("m[b]/b", State.RUNNING))
    assert [boxes(instance)[edge.into] for edge in graph_of(instance).edges if edge.into and not edge.box] == ["b"]


def test_a_state_that_may_also_stop_leads_to_what_follows() -> None:
    """What is not annotated may stop."""
    states = state("at", step("ask"), to="lost") | state("lost", going("search"), to="at")
    drawing = draw(machine(states, start="at", name="m") >> step("archive"))
    assert ("ask", "archive") in lines(drawing)
    assert ("search", "archive") not in lines(drawing)
    kinds = [line.split("]")[1].strip() for line in to_text(drawing).splitlines() if "]" in line]
    assert kinds == ["to lost, or ends", "to at"]


def test_a_state_that_goes_nowhere_ends_and_its_empty_body_is_not_told() -> None:
    states = state("open", step("ask"), to="shut") | state("shut", compute(never))
    silent = state("gone", compute(never), to="open")
    text = to_text(draw(machine(states | silent, start="open")))
    assert [line.split("]")[1].strip() for line in text.splitlines() if "]" in line] == [
        "to shut, or ends",
        "ends",
        "to open, or ends",
    ]
    assert "(nothing)" not in text


def test_a_way_to_an_earlier_state_leads_back() -> None:
    drawing = draw(SAMPLES["machine"].program)
    titles = boxes(drawing)
    back = [edge for edge in graph_of(drawing).edges if edge.line is Line.BACK and edge.into]
    assert [(titles[edge.box], titles[edge.into]) for edge in back] == [("packing failed", "paid")]


def test_the_ways_between_states_are_those_that_the_instance_went() -> None:
    drawing = drawn(SAMPLES["machine"])
    graph = only(drawing, StateGraph)
    assert graph.went == ("placed", "paid", "packing failed", "paid")
    assert [stage.visits for stage in graph.stages] == [1, 2, 1, 0, 0]
    titles = boxes(drawing)
    went = [edge for edge in graph_of(drawing).edges if edge.box and edge.into and edge.travelled]
    assert {(titles[edge.box], titles[edge.into]) for edge in went} == {
        ("placed", "paid"),
        ("paid", "packing failed"),
        ("packing failed", "paid"),
    }


# Recursion


def test_a_call_of_itself_is_a_reference() -> None:
    program = SAMPLES["recursive"].program
    assert only(draw(program), AgainStep).place.address == "walk/branch[has more]/walk"


def test_of_a_recursion_the_first_and_the_innermost_level_are_drawn() -> None:
    drawing = drawn(SAMPLES["recursive"])
    levels = [shape for shape in shapes(drawing.body) if isinstance(shape, Enclosure) and shape.fence is Fence.AGAIN]
    assert [level.place.note for level in levels] == ["level 6"]
    assert only(drawing, More).steps == 12


def test_a_recursion_of_any_depth_is_a_few_shapes() -> None:
    program = recursive("f", lambda again: step("a") >> again)
    prefix, trace = "f/", []
    for _ in range(300):
        trace.append(Reached(f"{prefix}a"))
        prefix += "f/"
    drawing = after(program, *trace, Reached(f"{prefix}a", State.RUNNING))
    assert drawing.unplaced == ()
    assert shape_count(drawing.body) == 6
    assert states(drawing)[f"{prefix}a"] is State.RUNNING
    for made in (to_text, to_mermaid, to_dot, to_json):
        assert made(drawing)


# Steps


def test_a_task_and_a_drawn_value_have_looks_of_their_own() -> None:
    graph = graph_of(draw(SAMPLES["steps"].program))
    looks = [dot.look for dot in dots(graph.inside)][1:-1]
    assert looks == [*[Look.RECORD] * 5, Look.TASK, Look.SIGNAL]
    assert "topic lots" in to_text(draw(SAMPLES["steps"].program))
    assert "task approve v2, to managers" in to_text(draw(SAMPLES["steps"].program))


def test_whom_a_task_is_for_is_drawn_as_it_was_given() -> None:
    told = [draw(offered(to=to)) for to in ("managers", ("ann", "bob"), {"role": "clerk"}, lambda _: "x", ["a" * 90])]
    words = [only(drawing, TaskStep).to for drawing in told]
    assert words == ["managers", "ann, bob", "role: clerk", "someone computed", "a" * 59 + "…"]
    assert "to managers" in to_dot(told[0])


def test_a_cancelled_instance_says_so() -> None:
    drawing = after(offered(), Reached("approve", State.WITHDRAWN), outcome=State.CANCELLED)
    assert to_text(drawing, ascii=True).splitlines()[0].endswith("x cancelled")
    assert "cancelled" in to_dot(drawing)


def boxes(drawing: Drawing) -> dict[str, str]:
    """Return the titles of the boxes by their ids."""

    def inside(parts: tuple[Dot | Box, ...]) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in parts:
            if isinstance(part, Box):
                found |= {part.id: part.title, **inside(part.inside)}
        return found

    return inside(graph_of(drawing).inside)


def lines(drawing: Drawing, edges: tuple[Edge, ...] | None = None) -> set[tuple[str, str]]:
    """Return the lines by the titles of their dots."""
    graph = graph_of(drawing)
    titles = {dot.id: dot.title for dot in dots(graph.inside)}
    return {(titles[edge.tail], titles[edge.head]) for edge in (graph.edges if edges is None else edges)}


def travelled(drawing: Drawing) -> set[tuple[str, str]]:
    return lines(drawing, tuple(edge for edge in graph_of(drawing).edges if edge.travelled))
