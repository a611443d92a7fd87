"""Does `wio prune` remove what ended long ago, say so, and leave the rest? And can what was archived be read?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from interpreters.shell.pruning import _Count
from journals.entries import InstanceRecord, Status
from tests.shell.conftest import Answer, Wio
from tests.shell.workers import worker

Started = Callable[..., Answer]


def listed(wio: Wio) -> list[str]:
    return [each["id"] for each in wio("list", "--json").json()["instances"]]


def test_what_ended_is_removed_and_what_waits_is_left(wio: Wio, started: Started) -> None:
    assert (started("order").code, started("failing").code) == (4, 3)
    answer = wio("prune", "--before", "0s")
    assert answer.code == 0
    assert "failing   failed  1" in answer.out
    assert answer.err == "wio: removed: 1.\n"
    assert listed(wio) == ["order"]
    assert wio("prune", "--before", "0s").out == ""


def test_a_dry_run_removes_nothing(wio: Wio, started: Started) -> None:
    started("failing")
    answer = wio("prune", "--before", "0s", "--dry-run", "--json")
    assert answer.code == 0
    found = answer.json()
    assert found["dry_run"]
    assert [(each["workflow"], each["status"], each["instances"]) for each in found["removed"]] == [
        ("failing", "failed", 1)
    ]
    assert found["removed"][0]["first"] == found["removed"][0]["last"]
    assert answer.err == "wio: would be removed: 1.\n"
    assert listed(wio) == ["failing"]


def test_what_ended_lately_or_is_of_another_workflow_is_left(wio: Wio, started: Started) -> None:
    started("failing")
    assert wio("prune", "--before", "1h", "--json").json()["removed"] == []
    assert wio("prune", "--before", "0s", "--workflow", "order", "--json").json()["removed"] == []
    assert listed(wio) == ["failing"]


def test_what_is_archived_can_be_read_as_before(wio: Wio, started: Started, tmp_path: Path) -> None:
    started("failing")
    history = [wio("history", "--id", "failing", *more).out for more in ((), ("--json",), ("--activities",))]
    assert wio("prune", "--before", "0s", "--archive", "old").code == 0
    assert listed(wio) == []
    (file,) = (tmp_path / "old").rglob("*.jsonl")
    assert [wio("archived", str(file), *more).out for more in ((), ("--json",), ("--activities",))] == history
    assert started("failing").code == 3


def test_an_archive_that_cannot_be_written_keeps_all_and_is_an_error(wio: Wio, started: Started) -> None:
    started("failing")
    Path("old").write_text("no folder")
    answer = wio("prune", "--before", "0s", "--archive", "old")
    assert answer.code == 1
    assert "Instance failing is kept, as it cannot be archived" in answer.err
    assert listed(wio) == ["failing"]


def test_a_file_that_is_no_archive_is_refused(wio: Wio) -> None:
    Path("a.jsonl").write_text("[]")
    answer = wio("archived", "a.jsonl")
    assert (answer.code, "no archived instance" in answer.err) == (1, True)


@pytest.mark.usefixtures("wio")
@pytest.mark.parametrize("keep", ["forever", "30d", "90m"])
def test_a_worker_is_told_how_long_to_keep(keep: str) -> None:
    with worker("order", more=("--keep", keep)) as process:
        assert process.lines[0]["kept"] == {"forever": "forever", "30d": "30 days", "90m": "1:30:00"}[keep]


def test_a_period_that_is_none_is_wrong_usage(wio: Wio) -> None:
    assert wio("worker", "shell_workflows:order", "--keep", "soon").code == 2


def test_the_first_and_the_last_end_are_told_in_whatever_order_they_were_removed() -> None:
    ends = [datetime(2026, 1, day, tzinfo=UTC) for day in (5, 3, 9)]
    count = _Count()
    for end in ends:
        count.add(InstanceRecord("a", "order", 1, Status.FAILED, 1, None, "", end, end))
    assert (count.instances, count.first, count.last) == (3, ends[1], ends[2])


def test_batches_of_nothing_are_refused(wio: Wio, started: Started) -> None:
    started("failing")
    answer = wio("prune", "--before", "0s", "--batch", "0")
    assert (answer.code, answer.out) == (2, "")
    assert "--batch" in answer.err
