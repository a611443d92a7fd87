"""Are the pictures in the pages those of the examples beside them?"""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.pictures import FOLDER, OPERATORS, operator_pages, shown, texts

ANEW = "python -m docs.pictures"


@pytest.mark.parametrize("page", operator_pages(), ids=lambda page: page.stem)
def test_the_pictures_are_up_to_date(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = texts(page)
    kept = {name: (FOLDER / name).read_text(encoding="utf-8") for name in drawn}
    assert kept == drawn, ANEW
    assert shown(page) == drawn[f"{page.stem}.txt"], ANEW


@pytest.mark.parametrize("page", operator_pages(), ids=lambda page: page.stem)
def test_the_page_shows_its_svg(page: Path) -> None:
    assert f"](pictures/{page.stem}.svg)" in page.read_text(encoding="utf-8")
    assert "</svg>" in (FOLDER / f"{page.stem}.svg").read_text(encoding="utf-8"), ANEW


def test_no_picture_is_left_over() -> None:
    pages = {page.stem for page in operator_pages()}
    assert {file.stem for file in FOLDER.iterdir()} == pages


def test_the_index_leads_to_every_operator() -> None:
    index = (OPERATORS / "index.md").read_text(encoding="utf-8")
    assert [page.name for page in operator_pages() if f"]({page.name})" not in index] == []
