"""Do all formats say what the drawing holds, whatever the names are?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from hypothesis import given

from interpreters.render import Progress, Reached, State, draw, to_dot, to_json, to_mermaid, to_text
from interpreters.render.drawing import (
    CheckStep,
    ComputeStep,
    DraftStep,
    Drawing,
    RecordStep,
    SignalStep,
    Step,
    TaskStep,
    WaitStep,
)
from interpreters.render.inside import bodies
from interpreters.render.mermaid import escaped
from tests.render import sample_workflows as samples
from tests.render.random_programs import LAW, NAMES, programs, step
from tests.render.test_walk import shapes
from wio import WIO, Workflow, branch, compute, loop, when

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


def test_notes_and_names_are_never_cut() -> None:
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
    problem = "ConnectionError: the warehouse in the next town does not answer, and nobody knows why it does not"
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


def test_a_way_without_a_step_is_said_to_be_empty() -> None:
    silent = compute(samples.never)
    program = branch(when(bool, name="large") >> step("a"), default=silent).handle_error(silent)
    lines = to_text(draw(program)).splitlines()
    assert [line.strip("│└├─ ") for line in lines if line.endswith("(nothing)")] == ["(nothing)"] * 2


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
    silent = compute(samples.never)
    program = silent.handle_error(silent) >> silent.named("silent") >> loop(silent, until=samples.never)
    drawing = draw(program)
    assert all(body == () for shape in drawing.body for body in bodies(shape))
    assert " -> " in to_dot(drawing)
    assert "-.->" in to_mermaid(drawing)
