"""What does `wio draw` print or write?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journals.entries import Status
from tests.shell.begun_instances import begun


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


def test_only_a_terminal_bounds_the_width(
    started: Callable[..., Any], wio: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started("offering")
    monkeypatch.setenv("COLUMNS", "30")
    drawn = wio("draw", "shell_workflows:offering", "--id", "offering").out
    step = drawn.splitlines()[1]
    assert "task approve v2, to " in step
    assert step.endswith("waiting: offered")
    wio("draw", "shell_workflows:offering", "--id", "offering", "--output", "picture.txt")
    assert (tmp_path / "picture.txt").read_text() == drawn


@pytest.mark.parametrize("name", ["picture.png", "picture"])
def test_a_file_whose_name_tells_no_format_is_refused(wio: Callable[..., Any], tmp_path: Path, name: str) -> None:
    answer = wio("draw", "shell_workflows:order", "--output", name)
    assert (answer.code, answer.out) == (1, "")
    assert ".svg" in answer.err
    assert ".txt" in answer.err
    assert "--format text|mermaid|dot|svg|json" in answer.err
    assert not (tmp_path / name).exists()
    assert wio("draw", "shell_workflows:order", "--output", name, "--format", "dot").code == 0


def test_a_file_that_cannot_be_written_is_named(wio: Callable[..., Any]) -> None:
    answer = wio("draw", "shell_workflows:order", "--output", "nowhere/picture.json")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "wio: Cannot write nowhere/picture.json: No such file or directory. Name a file in a folder that exists.\n"
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [(Status.RUNNING, "► began, no end recorded"), (Status.WAITING, "◌ waiting: to be picked up")],
)
def test_it_is_not_claimed_that_a_process_lives(wio: Callable[..., Any], status: Status, words: str) -> None:
    begun("failing", status=status)
    drawn = wio("draw", "shell_workflows:failing", "--id", "failing").out.splitlines()
    assert len([line for line in drawn if line.endswith(words)]) == 2
    assert "running" not in "".join(drawn)


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
