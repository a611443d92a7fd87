"""What do `wio tasks`, `claim`, `complete` and the other commands on tasks print, record and refuse?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OFFERED = "offering offers task approve at approve"


def on_task(wio: Callable[..., Any], command: str, *words: str, at: str = "approve", of: str = "offering") -> Any:
    """Do something with the task of the instance that has the name of its workflow."""
    return wio(command, f"shell_workflows:{of}", "--id", of, "--at", at, *words)


def kinds(wio: Callable[..., Any], id: str = "offering") -> list[str]:
    """Return what the journal holds of an instance."""
    return [entry["kind"] for entry in wio("history", "--id", id, "--json").json()]


def test_the_tasks_of_an_instance_are_a_table(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    assert started("offering").out == f"{OFFERED}\n"
    answer = wio("tasks", "shell_workflows:offering", "--id", "offering")
    assert (answer.code, answer.err) == (0, "")
    title, row = answer.out.splitlines()
    assert title.split() == ["address", "task", "to", "input"]
    assert row == 'approve  approve v2  ada, bob  {"item":"book","quantity":2}'
    on_task(wio, "claim", "--by", "ada")
    claimed = wio("tasks", "shell_workflows:offering", "--id", "offering").out.splitlines()[1]
    assert claimed.split()[:6] == ["approve", "approve", "v2", "ada,", "bob", "ada"]


def test_the_tasks_of_an_instance_as_json_have_every_field(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("offering")
    assert wio("tasks", "shell_workflows:offering", "--id", "offering", "--json").json() == [
        {
            "address": "approve",
            "task": "approve",
            "version": 2,
            "to": ["ada", "bob"],
            "by": None,
            "started": False,
            "input": {"item": "book", "quantity": 2},
        }
    ]


def test_looking_for_tasks_changes_nothing_and_none_are_said_to_be(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("order")
    answer = wio("tasks", "shell_workflows:order", "--id", "order")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "wio: no tasks now: order waits for signal confirm at confirm.\n"
    assert wio("tasks", "shell_workflows:order", "--id", "order", "--json").json() == []
    assert len(kinds(wio, "order")) == 2


def test_a_claim_is_recorded_once(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("offering")
    for _ in range(2):
        answer = on_task(wio, "claim", "--by", "ada")
        assert (answer.code, answer.out, answer.err) == (0, f"{OFFERED}, claimed by ada\n", "")
    assert kinds(wio) == ["started", "task_offered", "task_claimed"]


def test_a_completed_task_moves_the_instance(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("offering")
    on_task(wio, "claim", "--by", "ada")
    answer = on_task(wio, "complete", "--by", "ada", "--output", '{"by": "ada"}')
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == 'offering completed with Confirmation {"by":"ada"}\n'


def test_an_output_may_be_a_file_and_what_comes_of_it_json(
    started: Callable[..., Any], wio: Callable[..., Any], tmp_path: Path
) -> None:
    started("offering")
    (tmp_path / "output.json").write_text('{"by": "ada"}')
    on_task(wio, "claim", "--by", "ada")
    document = on_task(wio, "complete", "--by", "ada", "--output", "output.json", "--json").json()
    assert (document["status"], document["outcome"]["value"]) == ("completed", {"by": "ada"})


def test_an_answer_that_is_repeated_with_its_key_does_nothing(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("offering")
    on_task(wio, "claim", "--by", "ada")
    words = ("--by", "ada", "--output", '{"by": "ada"}')
    assert on_task(wio, "complete", *words, "--key", "click-1").code == 0
    assert on_task(wio, "complete", *words, "--key", "click-1").code == 0
    assert on_task(wio, "complete", *words, "--key", "click-2").code == 1


def test_a_task_can_be_failed_with_its_declared_error(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("offering")
    on_task(wio, "claim", "--by", "ada")
    answer = on_task(wio, "fail-task", "--by", "ada", "--error", '{"item": "book"}')
    assert (answer.code, answer.out) == (0, 'offering failed with OutOfStock {"item":"book"}\n')


def test_a_task_can_be_skipped_without_a_claim(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("offering")
    answer = on_task(wio, "skip", "--output", '{"by": "nobody"}')
    assert (answer.code, answer.out) == (0, 'offering completed with Confirmation {"by":"nobody"}\n')


def test_a_task_can_be_released_and_delegated(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("offering")
    on_task(wio, "claim", "--by", "ada")
    assert on_task(wio, "release", "--by", "ada", "--reason", "on holiday").out == f"{OFFERED}\n"
    assert on_task(wio, "delegate", "--to", json.dumps({"group": "cfo"})).code == 0
    (offered,) = wio("tasks", "shell_workflows:offering", "--id", "offering", "--json").json()
    assert (offered["to"], offered["by"]) == ({"group": "cfo"}, None)
    assert '{"group":"cfo"}' in wio("tasks", "shell_workflows:offering", "--id", "offering").out
    assert kinds(wio)[-2:] == ["task_released", "task_delegated"]


def test_the_history_says_which_task_was_offered_who_delegated_and_skipped_it_and_why(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("offering")
    on_task(wio, "delegate", "--to", '"cfo"', "--by", "ada", "--reason", "too large")
    on_task(wio, "skip", "--output", '{"by": "nobody"}', "--by", "eve", "--reason", "urgent")
    told = wio("history", "--id", "offering", "--full").out
    assert "-> task approve v2, to" in told
    assert "-> by ada: too large" in told
    assert "-> by eve: urgent" in told


def test_who_works_on_a_task_says_so(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("offering")
    on_task(wio, "claim", "--by", "ada")
    assert on_task(wio, "start-task", "--by", "ada").code == 0
    assert on_task(wio, "heartbeat", "--by", "ada", "--note", "half done").code == 0
    assert kinds(wio)[-2:] == ["task_started", "task_heartbeat"]
    refused = on_task(wio, "heartbeat", "--by", "bob")
    assert (refused.code, refused.err) == (
        1,
        "wio: The task at 'approve': ada has claimed it, not bob. Nothing was recorded.\n",
    )


@pytest.mark.parametrize(
    ("command", "words", "complaint"),
    [
        ("claim", ("--by", "bob"), "The task at 'approve': ada has claimed it. Nothing was recorded."),
        (
            "complete",
            ("--by", "bob", "--output", '{"by": "bob"}'),
            "The task at 'approve': ada has claimed it, not bob.",
        ),
        ("complete", ("--by", "ada", "--output", "1"), "--output is not a Confirmation: Expected `object`, got `int`."),
        ("complete", ("--by", "ada", "--output", "no.json"), "--output: 'no.json' is neither JSON nor a file that can"),
        ("fail-task", ("--by", "ada", "--error", "1"), "--error is not an OutOfStock: Expected `object`, got `int`."),
    ],
)
def test_what_is_refused_is_one_line_and_records_nothing(
    started: Callable[..., Any], wio: Callable[..., Any], command: str, words: tuple[str, ...], complaint: str
) -> None:
    started("offering")
    on_task(wio, "claim", "--by", "ada")
    answer = on_task(wio, command, *words)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith(f"wio: {complaint}")
    assert answer.err.count("\n") == 1
    assert kinds(wio) == ["started", "task_offered", "task_claimed"]


def test_a_task_that_is_gone_is_said_to_be(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("offering")
    assert "there is no such task" in on_task(wio, "claim", "--by", "ada", at="nowhere").err
    on_task(wio, "skip", "--output", '{"by": "nobody"}')
    assert "it was skipped" in on_task(wio, "complete", "--by", "ada", "--output", '{"by": "ada"}').err


def test_a_task_without_a_declared_error_cannot_be_failed(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("counting")
    on_task(wio, "claim", "--by", "ada", at="count", of="counting")
    answer = on_task(wio, "fail-task", "--by", "ada", "--error", '"no"', at="count", of="counting")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.count("\n") == 1
    assert kinds(wio, "counting")[-1] == "task_claimed"


def test_what_was_broken_off_goes_on_before_a_task_is_claimed(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("offering_late", "--wait", "0s")
    assert kinds(wio, "offering_late")[-1] == "timer_set"
    answer = on_task(wio, "claim", "--by", "ada", of="offering_late")
    assert (answer.code, answer.out) == (0, "offering_late offers task approve at approve, claimed by ada\n")


def test_of_a_parked_instance_the_way_out_is_told(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    for words in (("tasks",), ("claim", "--at", "approve", "--by", "ada")):
        command, *more = words
        answer = wio(command, "shell_workflows:reordered", "--id", "order", *more)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.count("\n") == 1
        assert answer.err.endswith("then: wio resume shell_workflows:reordered --id order\n")


def test_a_missing_address_is_wrong_usage(wio: Callable[..., Any]) -> None:
    answer = wio("claim", "shell_workflows:offering", "--id", "offering", "--by", "ada")
    assert (answer.code, answer.err) == (2, "wio: claim needs --at. See: wio claim --help\n")
