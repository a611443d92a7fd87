"""What does `wio list` print?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from journals.entries import Status
from tests.shell.begun_instances import begun


def test_a_list_is_a_plain_table_in_a_pipe(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    started("failing")
    title, *rows = wio("list").out.splitlines()
    assert title.split("  ")[0] == "id"
    assert [row.split()[:4] for row in rows] == [
        ["failing", "failing", "v1", "failed"],
        ["order", "order", "v2", "waiting"],
    ]
    assert rows[1].endswith("waits for signal confirm at confirm")


def test_of_a_begun_step_only_what_is_recorded_is_told(wio: Callable[..., Any]) -> None:
    begun("failing")
    assert wio("list").out.splitlines()[1].endswith("began reserve; no end recorded")
    begun("next", status=Status.WAITING)
    assert [record["detail"] for record in wio("list", "--json").json()["instances"]] == [
        "began reserve; no end recorded",
        "runs reserve next",
    ]


def test_a_column_with_nothing_in_it_is_left_out(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    assert "wake-up" not in wio("list").out
    started("first_order")
    assert "wake-up" in wio("list").out


def test_a_parent_that_waits_for_its_child_shows_no_time_at_which_it_goes_on(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    """Its record has one that has been: whoever takes it over has to look at the child at once."""
    started("unlucky")
    assert "wake-up" not in wio("list").out
    assert [record["wake_up"] for record in wio("list", "--json").json()["instances"]] == [None, None]


def test_a_list_as_json_has_every_field(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    (record,) = wio("list", "--json").json()["instances"]
    assert record.pop("started_at") <= record.pop("updated_at")
    assert record == {
        "id": "order",
        "workflow": "order",
        "version": 2,
        "state": "Running",
        "status": "waiting",
        "detail": "waits for signal confirm at confirm",
        "wake_up": None,
        "entries": 2,
        "tags": [],
        "attributes": {},
    }


def test_a_list_can_be_of_some_statuses(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    for name in ("order", "failing", "pausing"):
        started(name)

    def ids(*words: str) -> list[str]:
        return [record["id"] for record in wio("list", "--json", *words).json()["instances"]]

    assert ids("--status", "failed", "--status", "paused") == ["failing", "pausing"]
    assert ids("--status", "completed") == []


def test_a_long_list_is_gone_on_with(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    started("failing")
    first = wio("list", "--most", "1", "--json")
    assert [record["id"] for record in first.json()["instances"]] == ["failing"]
    assert (first.json()["next"], first.err) == ("failing", "")
    assert wio("list", "--most", "1").err == "wio: there are more. Go on with: --after failing\n"
    second = wio("list", "--most", "1", "--after", "failing", "--json")
    assert [record["id"] for record in second.json()["instances"]] == ["order"]
    assert (second.json()["next"], second.err) == (None, "")


def test_nothing_to_list_is_said(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("list", "--status", "completed")
    assert (answer.code, answer.out, answer.err) == (0, "", "wio: no instances.\n")


def test_a_long_detail_is_one_line_and_whole_in_a_pipe(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("talking")
    _, row = wio("list").out.splitlines()
    assert "paused at talk: ValueError: it went wrong and so on and so on and " in row
    assert row.endswith("and to the end")


def test_what_is_listed_and_counted_fits_all_that_is_asked_for(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("order", "--tag", "vip", "--tag", "eu")
    for name in ("failing", "pausing"):
        started(name)

    def ids(*words: str) -> list[str]:
        return [record["id"] for record in wio("list", "--json", *words).json()["instances"]]

    assert ids("--workflow", "order") == ["order"]
    assert ids("--workflow", "order", "--version", "1") == []
    assert ids("--detail", "confirm") == ["order"]
    assert ids("--state", "Failed", "--state", "Running") == ["failing", "order"]
    assert ids("--status", "failed", "--status", "waiting") == ["failing", "order"]
    assert ids("--state", "Running", "--status", "waiting") == ["order"]
    assert ids("--state", "Running", "--status", "failed") == []
    assert ids("--state", "RequestedDataDeleted") == []
    assert ids("--since", "1h") == ["failing", "order", "pausing"]
    assert ids("--until", "2026-01-31T12:00") == []
    assert ids("--updated-until", "2026-01-31T12:00+01:00") == []
    assert ids("--tag", "eu", "--tag", "vip") == ["order"]
    assert ids("--tag", "nobody") == []
    assert wio("count", "--json").json() == {"Failed": 1, "Running": 1, "Paused": 1}
    assert wio("count", "--by", "status", "--json").json() == {"failed": 1, "waiting": 1, "paused": 1}
    assert wio("count", "--state", "Paused").out.split() == ["state", "instances", "Paused", "1"]
    table = wio("count", "--by", "workflow", "--state", "failed").out
    assert table.split() == ["workflow", "instances", "failing", "1"]
    assert wio("count", "--workflow", "nothing").err == "wio: no instances.\n"


def test_the_newest_are_gone_on_with_where_the_page_ended(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    started("failing")
    first = wio("list", "--newest", "--limit", "1", "--json")
    assert [record["id"] for record in first.json()["instances"]] == ["failing"]
    place = first.json()["next"]
    assert wio("list", "--newest", "--limit", "1").err == f"wio: there are more. Go on with: --after {place}\n"
    second = wio("list", "--newest", "--limit", "1", "--after", place, "--json")
    assert [record["id"] for record in second.json()["instances"]] == ["order"]
    assert second.json()["next"] is None


def test_wrong_filters_are_told(wio: Callable[..., Any], started: Callable[..., Any]) -> None:
    started("order")
    for words, said in (
        (("--since", "soon"), "--since 'soon' is no time."),
        (("--attribute", "customer"), "--attribute 'customer' has no value."),
        (("--newest", "--after", "order"), "'order' is no place in a list with the newest first."),
        (("--tag", "#vip"), "The tag '#vip' is none"),
    ):
        answer = wio("list", *words)
        assert (answer.code, answer.out) == (1, "")
        assert said in answer.err


@pytest.mark.parametrize("command", ["list", "stranded", "outbox"])
@pytest.mark.parametrize("most", ["0", "-1"])
def test_a_page_of_nothing_is_refused(wio: Callable[..., Any], command: str, most: str) -> None:
    answer = wio(command, "--most", most)
    assert (answer.code, answer.out) == (2, "")
    assert "--most" in answer.err
