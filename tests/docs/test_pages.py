"""Do the pages hang together: links that lead somewhere, a reference without gaps, every operator explained?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wio
from docs import reference
from docs.pictures import operator_pages
from docs.snippets import blocks, module_name, pages

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"```.*?```", re.DOTALL)
MOST_LINES_OF_EXAMPLE = 25
NO_OPERATORS = {
    "WIO",
    "Arms",
    "AttributeValue",
    "Catch",
    "Guard",
    "WioError",
    "InvalidDefinition",
    "InvalidName",
    "Linear",
}


def _prose(page: Path) -> str:
    return CODE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=module_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(_prose(page)):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in _anchors(target), f"{path}#{anchor}"


def test_the_reference_is_up_to_date() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), "python -m docs.reference"


@pytest.mark.parametrize("module", reference.MODULES)
def test_the_reference_has_every_public_name(module: str) -> None:
    text = reference.PAGE.read_text(encoding="utf-8")
    section = text.partition(f"\n## {module}\n")[2].partition("\n## ")[0]
    names = reference.public_names(module)
    assert names
    assert [name for name in names if f"| `{name}`" not in section and f"| `{name}(" not in section] == []


def test_every_public_name_has_a_sentence() -> None:
    assert [line for line in reference.page().splitlines() if line.endswith("|  |")] == []


@pytest.mark.parametrize("page", operator_pages(), ids=lambda page: page.stem)
def test_the_page_of_an_operator_has_its_parts(page: Path) -> None:
    headings = re.findall(r"^## (.*)$", _prose(page), re.MULTILINE)
    assert headings == ["Example", "What is recorded", "On replay", "Edge cases and errors"]


@pytest.mark.parametrize("page", operator_pages(), ids=lambda page: page.stem)
def test_the_example_is_short_and_asserts(page: Path) -> None:
    example, recorded = blocks(page)[:2]
    assert len([line for line in example.code.splitlines() if line.strip()]) <= MOST_LINES_OF_EXAMPLE
    assert "assert" in example.code
    assert "entry.kind.value, entry.address" in example.code
    assert "assert recorded ==" in recorded.code


def test_every_constructor_is_explained_in_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in operator_pages())
    assert [name for name in wio.__all__ if name not in NO_OPERATORS and name not in text] == []
