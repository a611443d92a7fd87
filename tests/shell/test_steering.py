"""What do `wio pause`, `resume`, `retry` and `delete-data` do and print, and does the history say who and why?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SAID = ("--by", "ada", "--reason", "a recall")


def on(wio: Callable[..., Any], command: str, name: str, *words: str) -> Any:
    return wio(command, f"shell_workflows:{name}", "--id", name, *words)


def test_a_pause_says_by_whom_and_why_and_how_it_goes_on(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = on(wio, "pause", "order", *SAID)
    assert (answer.code, answer.out[:31]) == (0, "order is paused by ada since 20"), answer
    assert answer.out.endswith(" UTC: a recall\n")
    assert answer.err == "wio: It goes on with: wio resume shell_workflows:order --id order\n"
    again = on(wio, "pause", "order")
    assert again.code == 1
    assert "only to Cancelled, Completed, Failed, Running" in again.err
    resumed = on(wio, "resume", "order", "--by", "eve", "--json")
    assert (resumed.code, resumed.json()["status"]) == (4, "waiting")
    table = wio("history", "--id", "order").out
    assert "by ada: a recall" in table
    assert "by eve" in table
    told = wio("history", "--id", "order", "--activities").out
    assert "workflow paused" in told


def test_a_retry_without_anything_to_try_is_refused(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = on(wio, "retry", "order")
    assert answer.code == 1
    assert "has nothing to try again" in answer.err


def test_a_retry_goes_back_to_an_earlier_step(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    address = wio("history", "--id", "order", "--json").json()[1]["address"]
    answer = on(wio, "retry", "order", "--from", address, *SAID)
    assert answer.code == 4, answer
    assert f"to {address} by ada: a recall" in wio("history", "--id", "order").out
    refused = on(wio, "retry", "order", "--from", "nowhere")
    assert refused.code == 1
    assert "nothing is recorded there" in refused.err


def test_data_is_deleted_by_whoever_runs_the_workflow(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    early = wio("delete-data", "--id", "order")
    assert early.code == 1
    assert "cannot go from Running to RequestedDataDeleted" in early.err
    on(wio, "cancel", "order")
    answer = wio("delete-data", "--id", "order", *SAID)
    assert (answer.code, answer.out) == (0, "order waits for its data to be deleted\n")
    assert wio("list", "--json").json()["instances"][0]["status"] == "data_deletion_requested"
    assert "by ada: a recall" in wio("history", "--id", "order").out
    drawn = wio("draw", "shell_workflows:order", "--id", "order")
    assert drawn.code == 1
    assert "its data is deleted" in drawn.err


def test_a_resume_of_a_parked_instance_says_who_and_why_and_why_it_was_parked(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("order")
    assert wio("cancel", "shell_workflows:reordered", "--id", "order").code == 5
    assert "order is paused: JournalMismatch" in wio("why", "order").out
    refused = wio("resume", "shell_workflows:reordered", "--id", "order", *SAID)
    assert (refused.code, "JournalMismatch" in refused.out) == (5, True)
    before = wio("history", "--id", "order", "--json").json()
    assert on(wio, "resume", "order", "--by", "ada", "--reason", "mended the code").code == 4
    row = wio("history", "--id", "order").out.splitlines()[len(before) + 1]
    assert "by ada: mended the code -> was parked: JournalMismatch: Entry 2" in row
    assert len(wio("history", "--id", "order", "--json").json()) == len(before) + 1
    assert "it waits for signal confirm" in wio("why", "order", "shell_workflows:order").out


@pytest.mark.parametrize(
    ("command", "of"),
    [
        ("pause", "order"),
        ("cancel", "order"),
        ("resume", "pausing"),
        ("retry", "pausing"),
        ("release --at approve", "offering"),
        ("delegate --at approve --to {}", "offering"),
        ('skip --at approve --output {"by":"Ann"}', "offering"),
    ],
)
def test_every_command_says_in_the_history_who_gave_it_and_why(
    command: str, of: str, started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started(of)
    if of == "offering":
        on(wio, "claim", of, "--at", "approve", "--by", "ada")
    name, *words = command.split()
    on(wio, name, of, *words, *SAID)
    assert "by ada: a recall" in wio("history", "--id", of).out
    assert "by ada: a recall" in wio("history", "--id", of, "--activities").out
