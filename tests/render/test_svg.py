"""Is SVG made by whatever is installed, and is it said when nothing is?"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from interpreters.render import RendererMissing, draw, to_svg
from interpreters.render.notebook import svg
from interpreters.render.svg import LAYOUTS, Layout, by_program
from tests.render import sample_workflows as samples
from tests.render.random_programs import NAMES, step


def test_what_is_missing_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(RendererMissing, match=r"pip install 'wio\[render\]'"):
        to_svg(draw(samples.small()), layouts=(lambda _: None,))


def test_the_first_layout_that_can_makes_the_picture() -> None:
    assert to_svg(draw(samples.small()), layouts=(lambda _: None, lambda text: text[:7])) == "digraph"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_name_is_in_the_picture_as_text(layout: Layout) -> None:
    program = step("first")
    for name in NAMES:
        program = program >> step(name)
    if layout("digraph {}") is None:
        pytest.skip("this layout is not installed")
    root = ElementTree.fromstring(to_svg(draw(program), layouts=(layout,)))
    assert set(NAMES) <= {words.replace("\N{NO-BREAK SPACE}", " ") for words in root.itertext()}


def test_a_notebook_shows_a_picture_or_nothing() -> None:
    picture = svg(samples.medium())
    assert picture is None or "<svg" in picture
    assert svg("not a program") is None


def test_a_dot_program_that_may_not_be_run_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search path may also lead through folders that this user may not enter."""
    (tmp_path / "dot").write_text("not for everybody")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert by_program("digraph {}") is None
