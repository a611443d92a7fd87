"""What does `wio history` print?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_history_has_one_row_for_each_entry(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    _, *rows = wio("history", "--id", "failing").out.splitlines()
    assert [(row.split()[0], row.split()[3]) for row in rows] == [("1", "started"), ("2", "event"), ("3", "failed")]
    assert rows[1].endswith('reserve  Reserved {"reservation":"2 x book"}')


def test_a_long_payload_is_whole_where_no_terminal_is(wio: Callable[..., Any]) -> None:
    item = "x" * 500
    wio("run", "shell_workflows:failing", "--id", "a", "--input", f'{{"item": "{item}", "quantity": 1}}')
    assert item in wio("history", "--id", "a").out
    first = wio("history", "--id", "a", "--json").json()[0]
    assert first["payload"] == {"type": "Order", "version": 1, "value": {"item": item, "quantity": 1}}


def test_a_history_shows_the_key_and_the_response_of_a_signal(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("order")
    words = ("--id", "order", "--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "key-1")
    wio("signal", "shell_workflows:order", *words)
    row = wio("history", "--id", "order").out.splitlines()[3]
    assert row.split()[3:6] == ["signal", "confirm", "confirm:key-1"]
    assert row.endswith('Confirmation {"by":"Ann"} -> str "Hi Ann"')


def test_a_history_can_be_told_as_activities(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    events = [row["event"] for row in wio("history", "--id", "failing", "--activities", "--json").json()]
    assert events == [
        "workflow started",
        "activity scheduled",
        "activity started",
        "activity completed",
        "workflow failed",
    ]
    assert "activity completed" in wio("history", "--id", "failing", "--activities").out


def test_an_error_is_told_with_what_was_decided(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("pausing")
    row = wio("history", "--id", "pausing").out.splitlines()[2]
    assert row.split()[3:5] == ["attempt_failed", "need_file"]
    assert row.endswith("need_file  FileNotFoundError: [Errno 2] No such file or directory: 'mended' -> pause")
    error = wio("history", "--id", "pausing", "--json").json()[1]["payload"]["value"]["error"]
    assert "Traceback" in error["traceback"]


def test_a_history_of_nobody_is_an_error(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("history", "--id", "nobody")
    assert (answer.code, answer.out) == (1, "")
    assert "No instance 'nobody' in SqliteJournal('orders.db')" in answer.err
