"""How does an instance go on by `wio run` and `wio resume`, and which exit codes tell how it ended?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.shell.begun_instances import NOW, begun


def test_a_failure_of_the_workflow_is_exit_code_3(started: Callable[..., Any]) -> None:
    answer = started("failing")
    assert answer.code == 3
    assert answer.out == 'running reserve\nfailing failed with OutOfStock {"item":"book"}\n'
    assert answer.err == ""


def test_a_wait_is_exit_code_4_and_says_for_what(started: Callable[..., Any]) -> None:
    answer = started("order")
    assert answer.code == 4
    assert answer.out == "running reserve\norder waits for signal confirm at confirm\n"


def test_a_repeat_attaches_and_skips_what_is_recorded(started: Callable[..., Any]) -> None:
    started("order")
    assert started("order").out == "order waits for signal confirm at confirm\n"


def test_json_is_one_document_although_effects_print(started: Callable[..., Any]) -> None:
    answer = started("failing", "--json")
    assert answer.code == 3
    document = answer.json()
    assert document["status"] == "failed"
    assert document["outcome"] == {"type": "OutOfStock", "version": 1, "value": {"item": "book"}}
    assert "running reserve" in answer.err


def test_a_short_timer_is_waited_for(started: Callable[..., Any]) -> None:
    answer = started("moment")
    assert (answer.code, answer.out) == (0, 'moment completed with str "Order"\n')


def test_a_timer_beyond_the_patience_is_not_waited_for(started: Callable[..., Any]) -> None:
    answer = started("soon", "--wait", "0s")
    assert answer.code == 4
    assert answer.out.startswith("soon waits at wait until ")


def test_a_short_delay_between_attempts_is_waited_for(started: Callable[..., Any]) -> None:
    answer = started("retried")
    assert (answer.code, answer.out) == (0, 'retried completed with str "at last"\n')
    assert "wio: Instance retried: attempt 1 of fail_once: TimeoutError('book')" in answer.err


def test_a_long_delay_between_attempts_is_exit_code_4(started: Callable[..., Any]) -> None:
    answer = started("retrying")
    assert answer.code == 4
    assert answer.out.startswith("retrying retries need_file, attempt 2 of 9, at ")
    assert "UTC, after FileNotFoundError: " in answer.out


def test_a_paused_instance_is_resumed(started: Callable[..., Any], wio: Callable[..., Any], tmp_path: Path) -> None:
    answer = started("pausing")
    assert answer.code == 5
    assert answer.out.startswith("pausing is paused at need_file: FileNotFoundError: ")
    hint = "wio: Nothing is lost. Mend the cause, then: wio resume shell_workflows:pausing --id pausing"
    assert answer.err.splitlines()[-1] == hint
    assert started("pausing").code == 5
    (tmp_path / "mended").write_text("a ")
    resumed = wio("resume", "shell_workflows:pausing", "--id", "pausing")
    assert (resumed.code, resumed.out) == (0, 'pausing completed with str "a book"\n')


@pytest.mark.parametrize("command", ["run", "resume"])
def test_a_parked_instance_is_told_once_with_its_own_way_out(
    started: Callable[..., Any], wio: Callable[..., Any], command: str
) -> None:
    started("order")
    wio("query", "shell_workflows:reordered", "--id", "order", "--query", "status")
    more = ("--input", '{"item": "book", "quantity": 2}') if command == "run" else ()
    answer = wio(command, "shell_workflows:reordered", "--id", "order", *more)
    assert answer.code == 5
    assert answer.out.startswith("order is paused: JournalMismatch: Entry 2 ")
    assert answer.err == (
        "wio: Nothing is lost. Do one of the two, then: wio resume shell_workflows:reordered --id order\n"
    )
    assert wio("resume", "shell_workflows:order", "--id", "order").code == 4


def test_only_a_paused_instance_can_be_resumed(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("resume", "shell_workflows:order", "--id", "order")
    assert (answer.code, answer.out) == (1, "")
    assert "not paused" in answer.err


def test_an_attempt_lost_in_a_crash_is_recorded_and_other_instances_are_left_alone(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    begun("failing", "other")
    assert started("failing").code == 3
    kinds = [entry["kind"] for entry in wio("history", "--id", "failing", "--json").json()]
    assert kinds == ["started", "attempt_lost", "event", "failed"]
    (other,) = wio("list", "--status", "running", "--json").json()["instances"]
    assert (other["id"], other["entries"], other["updated_at"]) == ("other", 1, NOW.isoformat())


def test_an_instance_of_an_older_version_goes_on_in_that_version(
    wio: Callable[..., Any], started: Callable[..., Any]
) -> None:
    words = ("--id", "first_order", "--input", '{"item": "book", "quantity": 2}')
    started("first_order")
    answer = wio("run", "shell_workflows:order", *words)
    assert answer.code == 4
    assert answer.out.startswith("first_order waits at wait until ")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ('{"item": "book"}', "--input is not an Order: Object missing required field `quantity`"),
        ('{"item": 3, "quantity": 2}', "Expected `str`, got `int` - at `$.item`"),
        ("missing.json", "'missing.json' is neither JSON nor a file that can be read (No such file or directory)"),
    ],
)
def test_a_wrong_input_is_named_and_starts_nothing(wio: Callable[..., Any], given: str, complaint: str) -> None:
    answer = wio("run", "shell_workflows:order", "--id", "a", "--input", given)
    assert (answer.code, answer.out) == (1, "")
    assert complaint in answer.err
    assert answer.err.count("\n") == 1
    assert not Path("orders.db").exists()


def test_the_input_may_be_a_file(wio: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"item": "book", "quantity": 2}')
    assert wio("run", "shell_workflows:failing", "--id", "a", "--input", "input.json").code == 3


def test_another_input_under_the_same_id_is_refused(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("run", "shell_workflows:order", "--id", "order", "--input", '{"item": "pen", "quantity": 1}')
    assert answer.code == 1
    assert "exists with another input" in answer.err


def test_a_workflow_with_drafts_is_refused(started: Callable[..., Any]) -> None:
    answer = started("drafted")
    assert answer.code == 1
    assert "drafts: ship" in answer.err


@pytest.mark.parametrize(("name", "code"), [("order", 4), ("failing", 3), ("pausing", 5)])
def test_an_instance_that_exists_goes_on_without_its_input(
    started: Callable[..., Any], wio: Callable[..., Any], name: str, code: int
) -> None:
    first = started(name)
    again = wio("run", f"shell_workflows:{name}", "--id", name)
    assert (again.code, again.out) == (code, first.out.removeprefix("running reserve\n"))


def test_what_was_broken_off_goes_on_without_the_input(wio: Callable[..., Any]) -> None:
    begun("failing")
    assert wio("run", "shell_workflows:failing", "--id", "failing").code == 3


def test_the_start_of_an_instance_needs_its_input(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("run", "shell_workflows:order", "--id", "new")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "wio: There is no instance 'new' yet, and to start it, its input is needed: --input JSON.\n"
    assert [record["id"] for record in wio("list", "--json").json()["instances"]] == ["order"]


def test_without_the_input_no_journal_is_made(wio: Callable[..., Any]) -> None:
    answer = wio("run", "shell_workflows:order", "--id", "new")
    assert (answer.code, answer.out) == (1, "")
    assert "There is no journal orders.db" in answer.err
    assert not Path("orders.db").exists()
