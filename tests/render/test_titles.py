"""Do the titles of boxes in SVG stand where no line runs through them?"""

from __future__ import annotations

import re

import pytest

from interpreters.render import Drawing, draw, to_svg
from interpreters.render.svg import LAYOUTS, Layout
from interpreters.render.titles import _between, _points, text_width, with_clear_titles
from tests.render import sample_operators as operators
from tests.render import sample_workflows as samples
from wio import critical, query, saga

_TITLE = re.compile(
    r'<text [^>]*text-anchor="start" x="([\d.-]+)" y="([\d.-]+)"[^>]*font-size="([\d.]+)"[^>]*>([^<]+)<'
)
_BOX = """<g id="clust1" class="cluster">
<title>cluster_b1</title>
<path fill="#f4f8fc" stroke="#9fb6cc" d="M8,-100C8,-100 108,-100 108,-100 108,-100 108,0 108,0"/>
<text xml:space="preserve" text-anchor="start" x="16" y="-88" font-size="10.00">stock &#160;&#160;</text>
</g>
"""


def _line(x: int) -> str:
    return (
        f'<g id="edge1" class="edge">\n<path fill="none" d="M{x},-120C{x},-100 {x},-60 {x},-50"/>\n</g>\n</g>\n</svg>'
    )


def _x(svg: str) -> float:
    return float(_TITLE.findall(svg)[0][0])


def test_a_title_stays_at_the_left_where_no_line_is() -> None:
    moved = with_clear_titles(_BOX + _line(70))
    assert _x(moved) == 16
    assert ">stock</text>" in moved


def test_a_title_stands_behind_a_line_that_runs_through_it() -> None:
    assert 28 <= _x(with_clear_titles(_BOX + _line(24))) < 70


def test_a_line_ends_behind_a_title_that_has_no_room_beside_it() -> None:
    narrow = _BOX.replace("108", "50") + _line(30)
    moved = with_clear_titles(narrow)
    assert moved.index('class="edge"') < moved.index("<rect ") < moved.index(">stock</text>")
    assert moved.count("<text") == 1


def test_what_is_no_svg_of_graphviz_is_left_as_it_is() -> None:
    assert with_clear_titles("digraph {}") == "digraph {}"


def _drawings() -> dict[str, Drawing]:
    nested = query(samples.STATUS, samples.never, saga(critical("stock", samples.step("a")), name="trip"))
    workflow, so_far = operators.together()[60]
    samples_of = operators.operators()
    return {"nested": draw(nested), "instance": draw(workflow, progress=so_far)} | {
        name: draw(samples_of[name].program) for name in ("timeout", "for_each", "machine", "recursive", "retrying")
    }


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("drawing", _drawings().values(), ids=_drawings().keys())
def test_no_line_runs_through_a_title(layout: Layout, drawing: Drawing) -> None:
    if layout("digraph {}") is None:
        pytest.skip("this layout is not installed")
    svg = to_svg(drawing, layouts=(layout,))
    for left, base, size, words in _TITLE.findall(svg.partition("<rect ")[0]):
        right = float(left) + text_width(words, float(size))
        crossed = _between(tuple(_points(svg)), float(base) - float(size), float(base))
        assert not [x for x in crossed if float(left) < x < right], words
