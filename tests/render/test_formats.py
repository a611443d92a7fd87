"""Do all formats say what the drawing holds, whatever the names are?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given

from interpreters.render import Mark, Progress, Reached, State, draw, to_dot, to_json, to_mermaid, to_text
from interpreters.render.drawing import (
    NOWHERE,
    CheckStep,
    ComputeStep,
    DraftStep,
    Drawing,
    Handled,
    Part,
    RecordStep,
    SignalStep,
    Step,
    TaskStep,
    WaitStep,
)
from interpreters.render.mermaid import escaped
from tests.render import sample_operators
from tests.render import sample_workflows as samples
from tests.render.random_programs import LAW, NAMES, programs, step
from tests.render.test_walk import shapes
from wio import WIO, Retry, Workflow, branch, catch, checkpoint, compute, interrupt, saga, scope, timeout, when

AnyProgram = WIO[Any, Any, Any]
_NAMED = (Step, SignalStep, WaitStep, DraftStep, RecordStep, TaskStep, ComputeStep, CheckStep)


def leaf_names(drawing: Drawing) -> set[str]:
    return {shape.name for shape in shapes(drawing.body) if isinstance(shape, _NAMED)}


def quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


@LAW
@given(programs())
def test_every_named_leaf_is_in_every_format(program: AnyProgram) -> None:
    drawing = draw(program, most=1_000)
    text, mermaid, dot = to_text(drawing), to_mermaid(drawing), to_dot(drawing)
    for name in leaf_names(drawing):
        assert name in text
        assert escaped(name) in mermaid
        assert quoted(name) in dot
        assert json.dumps(name, ensure_ascii=False) in to_json(drawing)


def test_no_format_calls_a_function_of_the_user() -> None:
    for workflow in (samples.small(), samples.medium(), samples.every_node(), samples.large()):
        drawing = draw(workflow)
        for made in (to_text, to_mermaid, to_dot, to_json):
            assert made(drawing)


# Text


def test_the_ascii_form_is_ascii() -> None:
    program = step("größe") >> samples.medium().root
    assert to_text(draw(program, progress=samples.medium_progress()), ascii=True).isascii()
    assert "gr\\xf6\\xdfe" in to_text(draw(program), ascii=True)


def test_the_ascii_form_keeps_the_columns_and_the_width() -> None:
    program = samples.step("größe", retry=samples.RETRY) >> checkpoint(step("b"), result=int, name="packing")
    assert to_text(draw(program), ascii=True).splitlines()[1:] == [
        "|- gr\\xf6\\xdfe  retry x4",
        "`- packing      ^ checkpoint",
        "   `- b",
    ]
    drawing = draw(sample_operators.combined_60(), progress=sample_operators.combined_60_progress())
    for width in range(70, 100):
        assert max(map(len, to_text(drawing, ascii=True, width=width).splitlines())) <= width


def test_names_and_short_notes_are_never_cut() -> None:
    drawing = draw(samples.medium(), progress=samples.medium_progress())
    for width in range(40, 110):
        lines = to_text(drawing, width=width).splitlines()
        assert max(map(len, lines)) <= max(width, 48)
        assert any("look up parcel" in line for line in lines)
        pause = next(index for index, line in enumerate(lines) if "─ pause" in line)
        assert "waiting: until 2026-11-21 09:00" in " ".join(
            " ".join(lines[pause : pause + 3]).replace("│", "").split()
        )


def test_what_kind_of_thing_it_is_gives_way_to_a_note() -> None:
    drawing = draw(samples.medium(), progress=samples.medium_progress())
    lines = to_text(drawing, width=76).splitlines()
    assert [line for line in lines if "…" in line] == [line for line in lines if "loop until del…" in line]
    assert any(line.endswith("timer for 6h     ◌ waiting: until 2026-11-21 09:00") for line in lines)
    assert "…" not in to_text(drawing)


def test_a_note_that_is_too_long_goes_on_below_itself() -> None:
    problem = "ConnectionError: the warehouse in the next town does not answer, and nobody knows why"
    trace = (Reached("reserve"), Reached("charge", State.PAUSED, problem))
    lines = to_text(draw(samples.small(), progress=Progress(trace)), width=76).splitlines()
    first = next(index for index, line in enumerate(lines) if "charge" in line)
    note_at = lines[first].index("‖")
    assert " ".join(line[note_at:] for line in lines[first : first + 2]) == f"‖ paused: {problem}"
    assert lines[first + 1].startswith("│  ")
    assert max(map(len, lines)) <= 76


def test_a_row_that_is_too_long_goes_on_below_in_its_columns() -> None:
    long = "ask the warehouse in the next town for a replacement"
    program = samples.small().root >> samples.step(long, retry=samples.RETRY) >> samples.step("b", retry=samples.RETRY)
    names = ("reserve", "charge", "confirm", "wait", "ship", long)
    trace = (*map(Reached, names), Reached("b", State.RUNNING))
    lines = to_text(draw(program, progress=Progress(trace)), width=76).splitlines()
    charge, name, rest, last = lines[2], *lines[6:]
    assert name == f"├─ {long}"
    assert charge.index("retry") == rest.index("retry") == last.index("retry")
    assert charge.index("✓") == rest.index("✓") == last.index("►")


def test_a_note_of_more_than_100_characters_ends_at_a_word() -> None:
    problem = "ConnectionError: " + "the warehouse in the next town does not answer, and nobody knows why " * 3
    drawing = draw(samples.small(), progress=Progress((Reached("reserve", State.PAUSED, problem),)))
    begun = "the warehouse in the next town does not answer, and nobody knows why the warehouse"
    assert f"‖ paused: ConnectionError: {begun}…\n" in to_text(drawing)
    for form in (to_mermaid, to_dot):
        words = re.sub(r"\\n|<br/>|#58;", " ", form(drawing))
        assert "the warehouse…" in words
    assert f'"note": "{problem}"' in to_json(drawing)


def test_nothing_is_cut_or_broken_when_no_width_is_given() -> None:
    long = "ask the warehouse in the next town, which is larger than ours, for another one"
    program = samples.step(long, retry=samples.RETRY) >> samples.step("b", retry=samples.RETRY)
    trace = (Reached(long), Reached("b", State.RETRYING, f"attempt 2: {long}"))
    assert to_text(draw(program, progress=Progress(trace, Mark(State.RETRYING)))).splitlines() == [
        "program".ljust(len(long) + 15) + "↻ retrying",
        f"├─ {long}  retry \N{MULTIPLICATION SIGN}4  ✓ done",
        "└─ b".ljust(len(long) + 5) + f"retry \N{MULTIPLICATION SIGN}4  ↻ retrying: attempt 2: {long}",
    ]


def test_a_note_that_goes_on_below_anyway_takes_no_room_from_the_kinds() -> None:
    drawing = draw(sample_operators.combined_20(), progress=sample_operators.combined_20_progress())
    lines = to_text(drawing, width=80).splitlines()
    assert any("approve           task approve v2      ✓ done" in line for line in lines)
    assert "…" not in to_text(drawing, width=80)
    assert max(map(len, lines)) <= 80


def test_a_kind_without_a_note_goes_on_below_where_it_is_too_wide() -> None:
    retry = Retry(attempts=4, attempt_timeout=timedelta(seconds=30), overall=timedelta(hours=2), fail_on=(OSError,))
    lines = to_text(draw(samples.step("charge", retry=retry)), width=40).splitlines()
    assert lines == [
        "program",
        "└─ charge  retry \N{MULTIPLICATION SIGN}4, 30s each, 2h in",
        "           all, fails on OSError",
    ]


def test_a_part_that_only_computes_is_drawn_by_the_name_of_its_function() -> None:
    program = branch(when(bool, name="large") >> step("a"), default=compute(abs).map(hex)).handle_error(compute(repr))
    lines = to_text(draw(program)).splitlines()
    assert [line.split()[-2:] for line in lines if line.endswith("compute")] == [
        ["hex", "compute"],
        ["repr", "compute"],
    ]
    assert "└─ compute\n" in to_text(draw(step("a").handle_error(compute(lambda caught: caught))))
    assert "(nothing)" not in to_text(draw(program))


def test_handlers_behind_one_another_are_handlers_of_one_part() -> None:
    program = step("pay").handle_error(catch(samples.CardDeclined, compute(repr)))
    program = program.handle_error(catch(samples.OutOfStock, step("order"))).handle_error(catch(KeyError, step("find")))
    assert to_text(draw(program)).splitlines()[1:] == [
        "├─ try",
        "│  └─ pay",
        "├─ on CardDeclined  handler",
        "│  └─ repr          compute",
        "├─ on OutOfStock    handler",
        "│  └─ order",
        "└─ on KeyError      handler, also of earlier handlers",
        "   └─ find",
    ]


def test_a_handler_behind_one_of_all_errors_is_for_that_one() -> None:
    program = step("pay").handle_error(step("look")).handle_error(catch(KeyError, step("find")))
    assert "on KeyError   handler of earlier handlers\n" in to_text(draw(program))


@pytest.mark.parametrize(
    ("program", "row"),
    [
        (timeout(step("a"), timedelta(days=2)), ["timeout", "after 2d"]),
        (timeout(step("a"), timedelta(days=2), name="pay"), ["pay", "timeout after 2d"]),
        (timeout(step("a"), samples.function("patience"), name="pay"), ["pay", "timeout after patience"]),
        (scope(step("a"), interrupt(step("deadline"))), ["scope"]),
        (scope(step("a"), interrupt(step("deadline")), name="pay"), ["pay", "scope"]),
        (saga(step("a")), ["saga"]),
        (saga(step("a"), name="trip"), ["trip", "saga"]),
    ],
)
def test_a_box_is_told_by_its_name_and_what_it_is_in_text_and_graphs(program: AnyProgram, row: list[str]) -> None:
    drawing = draw(program)
    assert re.split("  +", to_text(drawing).splitlines()[1].removeprefix("└─ ")) == row
    (title,) = re.findall(r'graph \[label="([^"]*)", labeljust', to_dot(drawing))
    assert [line.strip() for line in title.split("\\l") if line] == row


def test_wide_letters_keep_the_columns() -> None:
    retried = samples.step("日本", retry=samples.RETRY) >> samples.step("four", retry=samples.RETRY)
    first, second = to_text(draw(retried)).splitlines()[1:]
    assert first.index("retry") == second.index("retry") - 2


# DOT


_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ATTRIBUTES = rf"\[(?:\w+={_QUOTED}(?:, )?)*\]"
_DOT_LINE = re.compile(
    rf" *(?:(?:graph|node|edge|n\d+|n\d+ -> n\d+)(?: {_ATTRIBUTES})?;|subgraph cluster_b\d+ {{|}})|digraph {{"
)


@LAW
@given(programs())
def test_dot_is_made_of_whole_statements(program: AnyProgram) -> None:
    lines = to_dot(draw(program)).splitlines()
    assert all(_DOT_LINE.fullmatch(line) for line in lines)
    assert sum(line.endswith("{") for line in lines) == sum(line.endswith("}") for line in lines)


def test_a_description_of_several_lines_is_a_tooltip() -> None:
    workflow = Workflow("w", version=1, input=int, root=step("a"), description='says "so"\nand ends\\')
    assert '\\"so\\" and ends\\\\' in to_dot(draw(workflow))


# Mermaid


_LABEL = r'"[^"<>`]*(?:<br/>[^"<>`]*)*"'
_MERMAID_LINE = re.compile(
    rf" *(?:n\d+(?:\(|\[|{{|>)+[/\\]?{_LABEL}[/\\]?(?:\)|\]|}})+"
    rf"|subgraph b\d+\[{_LABEL}\]|end|[nb]\d+ -\.?->(?:\|{_LABEL}\|)? [nb]\d+"
    r"|classDef c\d+ [\w#:,. -]+|class [n\d,]+ c\d+|style b\d+ [\w#:,. -]+|linkStyle [\d,]+ [\w#:,-]+"
    r'|---|title: ".*"|flowchart TD)'
)


@LAW
@given(programs())
def test_mermaid_is_made_of_whole_statements(program: AnyProgram) -> None:
    for line in to_mermaid(draw(program)).splitlines():
        assert _MERMAID_LINE.fullmatch(line), line


def test_mermaid_reads_no_name_as_markup() -> None:
    assert [escaped(name) for name in NAMES] == [
        "a",
        "b",
        "end",
        "say #34;hi#34;",
        "#60;b#62;",
        "x #38; y",
        "größe",
        "日本",
        "1#46; go",
        "#45; no",
        "#96;tick#96;",
        "back#92;slash",
        "#37;#37;#123;",
    ]


# JSON


def _shape_names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        if "shape" in fields:
            yield str(fields["shape"])
        for field in fields.values():
            yield from _shape_names(field)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _shape_names(item)


@LAW
@given(programs())
def test_json_holds_every_shape(program: AnyProgram) -> None:
    drawing = draw(program)
    found = list(_shape_names(json.loads(to_json(drawing))))
    for shape in shapes(drawing.body):
        found.remove(type(shape).__name__.lower())
    assert set(found) <= {"drawing", "place", "way", "alarm", "stage", "held"}


def test_json_says_where_a_step_is_and_how_far() -> None:
    drawing = json.loads(to_json(draw(samples.medium(), progress=samples.medium_progress())))
    cycle = drawing["body"][0]["body"][3]
    assert cycle["shape"] == "cycle"
    assert cycle["back"][0]["place"] == {
        "shape": "place",
        "address": "poll[*]/pause",
        "at": "poll[2]/pause",
        "state": "waiting",
        "note": "until 2026-11-21 09:00",
    }


# Empty bodies


def test_parts_in_which_nothing_is_drawn_still_connect() -> None:
    empty = Drawing("empty", (Handled((), "KeyError", NOWHERE, ()), Part("silent", NOWHERE, ())))
    assert " -> " in to_dot(empty)
    assert "-.->" in to_mermaid(empty)
    assert to_text(empty).count("(nothing)") == 2
