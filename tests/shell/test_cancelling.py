"""What does `wio cancel` undo, print and refuse?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def cancel(wio: Callable[..., Any], name: str, *words: str) -> Any:
    """Cancel the instance that has the name of its workflow."""
    return wio("cancel", f"shell_workflows:{name}", "--id", name, *words)


def test_a_cancelled_instance_undoes_what_its_saga_says(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("undoing")
    answer = cancel(wio, "undoing")
    assert (answer.code, answer.out, answer.err) == (0, "undoing cancelled\n", "")
    kinds = [entry["kind"] for entry in wio("history", "--id", "undoing", "--json").json()]
    assert kinds[-3:] == ["cancelling", "event", "cancelled"]
    assert wio("run", "shell_workflows:undoing", "--id", "undoing").code == 3


def test_what_came_of_it_is_told_as_json(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("undoing")
    assert cancel(wio, "undoing", "--json").json()["status"] == "cancelled"


def test_an_undo_that_cannot_be_done_pauses(
    started: Callable[..., Any], wio: Callable[..., Any], tmp_path: Path
) -> None:
    started("undoing_late")
    answer = cancel(wio, "undoing_late")
    assert answer.code == 5
    assert answer.out.startswith("undoing_late is paused at ")
    assert answer.err.endswith("then: wio resume shell_workflows:undoing_late --id undoing_late\n")
    (tmp_path / "mended").touch()
    resumed = wio("resume", "shell_workflows:undoing_late", "--id", "undoing_late")
    assert (resumed.code, resumed.out) == (3, "undoing_late cancelled\n")


def test_a_paused_instance_can_be_cancelled(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("pausing")
    assert cancel(wio, "pausing").code == 0


def test_an_instance_that_has_ended_cannot_be_cancelled(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    answer = cancel(wio, "failing")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "wio: Instance 'failing' has ended already: it cannot go from Failed to Cancelled,"
        " only to RequestedDataDeleted, Running. Nothing was recorded.\n"
    )


def test_a_parked_instance_is_not_cancelled(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("cancel", "shell_workflows:reordered", "--id", "order")
    assert answer.code == 5
    assert answer.out.startswith("order is paused: JournalMismatch: ")
    assert answer.err.endswith("then: wio resume shell_workflows:reordered --id order\n")


def test_the_children_of_a_cancelled_instance_are_cancelled_and_undone(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("undoing_parent")
    assert cancel(wio, "undoing_parent").code == 0
    statuses = {record["id"]: record["status"] for record in wio("list", "--json").json()["instances"]}
    assert statuses == {"undoing_parent": "cancelled", "undoing_parent:undoing": "cancelled"}
