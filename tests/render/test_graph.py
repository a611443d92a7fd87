"""Which dots and lines does a drawing become?"""

from __future__ import annotations

import re
from typing import Any

from interpreters.render import Progress, Reached, State, draw, to_dot, to_mermaid
from interpreters.render.graph import Box, Edge, Frame, Graph, Line, Look, dots
from interpreters.render.laying import graph_of
from interpreters.render.looks import ERROR, box_lines, is_active
from tests.render import sample_operators
from tests.render import sample_workflows as samples
from tests.render.random_programs import step
from wio import WIO, branch, catch, compute, fail, for_each, loop, repeat_while, saga, when

AnyProgram = WIO[Any, Any, Any]
CHOICE = branch(
    (when(bool, name="one") >> step("a")) | (when(bool, name="two") >> step("b")), default=compute(abs), name="way"
)


def graph(program: AnyProgram, progress: Progress | None = None) -> Graph:
    return graph_of(draw(program, progress=progress))


def named(graph: Graph) -> list[tuple[str, str, str, Line]]:
    """Return the edges by the titles of their dots; a dot without a title goes by its look."""
    titles = {dot.id: dot.title or dot.look.value for dot in dots(graph.inside)}
    return [(titles[edge.tail], titles[edge.head], edge.label, edge.line) for edge in graph.edges]


def travelled(graph: Graph) -> list[Edge]:
    return [edge for edge in graph.edges if edge.travelled]


def test_arms_meet_in_one_merge_dot() -> None:
    assert named(graph(CHOICE >> CHOICE))[:8] == [
        ("start", "way", "", Line.FLOW),
        ("way", "a", "one", Line.FLOW),
        ("way", "b", "two", Line.FLOW),
        ("way", "abs", "default", Line.FLOW),
        ("a", "merge", "", Line.FLOW),
        ("b", "merge", "", Line.FLOW),
        ("abs", "merge", "", Line.FLOW),
        ("merge", "way", "", Line.FLOW),
    ]


def test_a_branch_without_a_default_shows_that_it_may_fail() -> None:
    lines = named(graph(branch(when(bool, name="one") >> step("a"))))
    assert ("branch", "fail NoArmMatched", "otherwise", Line.FLOW) in lines


def test_a_loop_leads_back_to_its_beginning() -> None:
    assert named(graph(loop(step("a"), until=bool, back=step("b"), name="poll"))) == [
        ("start", "merge", "", Line.FLOW),
        ("merge", "a", "", Line.FLOW),
        ("a", "poll", "", Line.FLOW),
        ("poll", "b", "repeat", Line.BACK),
        ("b", "merge", "", Line.BACK),
        ("poll", "finish", "done", Line.FLOW),
    ]


def test_a_loop_that_asks_first_leads_back_to_its_question() -> None:
    assert named(graph(repeat_while(bool, step("a"), name="poll"))) == [
        ("start", "poll", "", Line.FLOW),
        ("poll", "a", "repeat", Line.FLOW),
        ("a", "poll", "", Line.BACK),
        ("poll", "finish", "done", Line.FLOW),
    ]


def test_an_error_leads_from_the_box_around_what_may_fail() -> None:
    guarded = graph((step("a") >> step("b")).handle_error(catch(samples.CardDeclined, step("c") >> fail(1))))
    (box,) = (part for part in guarded.inside if isinstance(part, Box))
    assert box.frame is Frame.TRY
    assert [dot.title for dot in dots(box.inside)] == ["a", "b"]
    (leaving,) = (edge for edge in guarded.edges if edge.box)
    assert leaving.box == box.id
    assert ("a", "on CardDeclined", "", Line.ERROR) in named(guarded)
    assert ("on CardDeclined", "c", "", Line.ERROR) in named(guarded)
    assert ("b", "finish", "", Line.FLOW) in named(guarded)


def test_handlers_behind_one_another_leave_one_box() -> None:
    program = step("pay").handle_error(catch(samples.CardDeclined, step("c"))).handle_error(catch(KeyError, step("d")))
    guarded = graph(program)
    (box,) = (part for part in guarded.inside if isinstance(part, Box))
    assert [dot.title for dot in dots(box.inside)] == ["pay"]
    assert [edge.box for edge in guarded.edges if edge.box] == [box.id, box.id]
    (later,) = (dot for dot in dots(guarded.inside) if dot.title == "on KeyError")
    assert later.details == ("handler, also of earlier handlers",)


def test_a_handler_that_only_computes_is_a_dot_of_its_own() -> None:
    guarded = named(graph(step("pay").handle_error(catch(samples.CardDeclined, compute(abs)))))
    assert ("on CardDeclined", "abs", "", Line.ERROR) in guarded


def test_a_box_is_active_where_nothing_inside_it_is() -> None:
    """A for-each is paused itself when the function that makes its elements raises."""
    program = for_each(abs, step("read"), element=int, name="pages")
    program = saga(program, name="scan")
    trace = (Reached("scan/pages", State.PAUSED, "ValueError: no pages"),)
    (scan,) = (part for part in graph(program, Progress(trace)).inside if isinstance(part, Box))
    (pages,) = (part for part in scan.inside if isinstance(part, Box))
    assert (is_active(scan), is_active(pages)) == (False, True)
    assert "paused: ValueError: no pages" in box_lines(pages, True)
    drawing = draw(program, progress=Progress(trace))
    assert re.search(r'"\|\|\| pages.*?penwidth="2.6"', to_dot(drawing))
    assert f"  style {pages.id} fill:#f3f6f4,stroke:{ERROR},stroke-width:3px" in to_mermaid(drawing)


def test_a_long_line_is_broken_behind_a_comma_if_that_will_do() -> None:
    lines = box_lines(Box("b1", Frame.EACH, "", (), ("1 done, 1 running, 1 paused, 4 to come",)), False)
    assert lines == ("1 done, 1 running, 1 paused,", "4 to come")


def test_a_scope_is_not_active_while_its_handler_runs() -> None:
    sample = sample_operators.operators()["timeout"]
    trace = (*sample.progress.trace[:2], Reached("timeout[deadline]/give up", State.RUNNING))
    (box,) = (part for part in graph(sample.program, Progress(trace)).inside if isinstance(part, Box))
    assert not is_active(box)


def test_long_lines_in_dots_and_boxes_are_broken() -> None:
    trace = (Reached("pages", State.PAUSED, "ValueError: the document has no pages, and nobody knows why"),)
    drawing = draw(for_each(abs, step("read"), element=int, name="pages"), progress=Progress(trace))
    labels = re.findall(r'label="([^"]*)"', to_dot(drawing))
    assert max(len(line.rstrip()) for label in labels for line in re.split(r"\\[nl]", label)) <= 32


def test_a_continuation_is_named_on_its_line() -> None:
    lines = named(graph(samples.recursion()))
    assert ("look", "decided at run time", "again", Line.DYNAMIC) in lines
    expanded = named(graph(samples.recursion(), samples.recursion_progress(2)))
    assert ("look", "look", "again", Line.DYNAMIC) in expanded


def test_the_way_of_an_instance_is_told_from_the_others() -> None:
    trace = (Reached("way[two]/b"),)
    assert [(edge.tail, edge.head) for edge in travelled(graph(CHOICE, Progress(trace)))] == [
        ("n1", "n2"),
        ("n2", "n4"),
        ("n4", "n6"),
    ]


def test_what_was_passed_in_the_first_round_of_a_loop_is_travelled() -> None:
    program = loop(step("a"), until=bool, back=step("b"), name="poll")
    drawn = graph(program, Progress((Reached("poll[1]/a"), Reached("poll[1]/b", State.WAITING))))
    titles = {dot.id: dot.title or dot.look.value for dot in dots(drawn.inside)}
    assert [(titles[edge.tail], titles[edge.head]) for edge in travelled(drawn)] == [
        ("start", "merge"),
        ("merge", "a"),
        ("a", "poll"),
        ("poll", "b"),
    ]
    (test,) = (dot for dot in dots(drawn.inside) if dot.title == "poll")
    assert test.place.state is State.DONE


def test_every_kind_of_node_has_its_look() -> None:
    instance = graph_of(draw(samples.recursion(), progress=samples.recursion_progress(1_000), most=12))
    together = graph_of(draw(sample_operators.combined_60()))
    child, gather = (graph_of(draw(sample_operators.operators()[name].program)) for name in ("child", "gather"))
    every_node = graph_of(draw(samples.every_node()))
    shown = [dot for drawn in (every_node, together, child, gather, instance) for dot in dots(drawn.inside)]
    assert {dot.look for dot in shown} == set(Look)
