"""What does `wio draw` print or write?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("format", "begin"),
    [("text", "order v2"), ("mermaid", "---\ntitle:"), ("dot", "digraph {"), ("json", "{"), ("svg", "<?xml")],
)
def test_a_workflow_is_drawn_in_every_format(wio: Callable[..., Any], format: str, begin: str) -> None:
    answer = wio("draw", "shell_workflows:order", "--format", format)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(begin)
    assert "reserve" in answer.out


def test_the_name_of_the_file_tells_the_format(wio: Callable[..., Any], tmp_path: Path) -> None:
    answer = wio("draw", "shell_workflows:order", "--output", "picture.json")
    assert (answer.code, answer.out, answer.err) == (0, "", "wio: wrote picture.json\n")
    assert json.loads((tmp_path / "picture.json").read_text())["title"] == "order v2"


def test_an_instance_is_drawn_with_its_progress(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    drawn = wio("draw", "shell_workflows:order", "--id", "order").out
    lines = {line.split()[1]: line for line in drawn.splitlines() if "─" in line and "query" not in line}
    assert lines["reserve"].endswith("✓ done")
    assert "◌ waiting" in lines["confirm"]


def test_an_instance_of_an_older_version_is_drawn_as_that(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("first_order")
    assert wio("draw", "shell_workflows:order", "--id", "first_order").out.startswith("order v1")


def test_an_instance_of_another_workflow_is_refused(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    answer = wio("draw", "shell_workflows:order", "--id", "failing")
    assert (answer.code, answer.out) == (1, "")
    assert "belongs to failing v1" in answer.err


def test_an_instance_needs_a_journal(wio: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WIO_JOURNAL")
    answer = wio("draw", "shell_workflows:order", "--id", "order")
    assert answer.code == 1
    assert "--journal" in answer.err
