"""What do `wio disable`, `wio enable`, `wio workflows` and `wio stranded` print?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_disabled_workflow_is_not_run(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    answer = wio("disable", "order", "--by", "ann", "--reason", "the prices are wrong")
    assert (answer.code, answer.out) == (0, "workflow order is disabled. Instances that have begun go on.\n")
    refused = started("order")
    assert refused.code == 1
    assert refused.err.startswith("wio: Workflow 'order' is disabled by ann since 20")
    assert "UTC: the prices are wrong. Instance 'order' was not started." in refused.err
    answer = wio("enable", "order")
    assert (answer.code, answer.out, answer.err) == (0, "workflow order is enabled.\n", "")
    assert started("order").code == 4


def test_a_name_that_nobody_knows_may_be_misspelt(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("disable", "ordr")
    assert (answer.code, answer.out) == (0, "workflow ordr is disabled. Instances that have begun go on.\n")
    assert answer.err == (
        "wio: nobody knows workflow ordr: no live process, no unfinished instance. Known are: order version 2."
        " If it is misspelt: wio enable ordr\n"
    )
    assert wio("disable", "order", "--version", "7").err == (
        "wio: nobody knows workflow order version 7: no live process, no unfinished instance."
        " Known are: order version 2. If it is misspelt: wio enable order --version 7\n"
    )
    assert wio("disable", "order", "--version", "2").err == ""
    assert wio("disable", "order").err == ""


def test_what_has_begun_goes_on(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    wio("disable", "order")
    assert wio("run", "shell_workflows:order", "--id", "order").code == 4


def test_what_is_still_disabled_is_said(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    wio("disable", "order", "--by", "ann")
    answer = wio("enable", "order", "--version", "2")
    assert answer.out == "workflow order version 2 was not disabled.\n"
    assert answer.err.startswith("wio: still disabled: workflow order, since 20")
    assert answer.err.endswith(" by ann\n")


def test_workflows_are_listed(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    started("failing")
    wio("disable", "gone", "--version", "3", "--by", "ann", "--reason", "never\nagain")
    title, *rows = wio("workflows").out.splitlines()
    assert title.split() == ["workflow", "version", "starts", "unfinished", "known", "by", "disabled"]
    assert [row.split()[:5] for row in rows] == [
        ["gone", "3", "no", "0", "nobody"],
        ["order", "2", "yes", "1", "nobody"],
    ]
    assert rows[0].endswith("by ann: never again")
    gone, order = wio("workflows", "--json").json()
    assert gone["disabled"].pop("at").endswith("+00:00")
    assert gone["disabled"] == {"version": 3, "by": "ann", "reason": "never\nagain"}
    assert order == {
        "workflow": "order",
        "version": 2,
        "enabled": True,
        "unfinished": 1,
        "known_by": [],
        "disabled": None,
    }


def test_no_workflows_are_said(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    answer = wio("workflows")
    assert (answer.code, answer.out, answer.err) == (0, "", "wio: no workflows.\n")


def test_the_stranded_are_listed(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    started("pausing")
    title, *rows = wio("stranded").out.splitlines()
    assert title.split() == ["id", "workflow", "status", "reason", "detail"]
    assert [row.split()[:4] for row in rows] == [
        ["order", "order", "v2", "waiting"],
        ["pausing", "pausing", "v1", "paused"],
    ]
    assert "no live process knows workflow order version 2, nor any other version of it" in rows[0]
    first = wio("stranded", "--most", "1", "--json")
    assert [(each["id"], each["known_versions"]) for each in first.json()["instances"]] == [("order", [])]
    assert (first.json()["next"], first.err) == ("order", "")
    assert wio("stranded", "--most", "1").err == "wio: there are more. Go on with: --after order\n"
    assert wio("stranded", "--after", "order", "--json").json()["next"] is None
    assert [each["id"] for each in wio("stranded", "--after", "order", "--json").json()["instances"]] == ["pausing"]


def test_what_was_switched_is_also_said_as_json(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("disable", "order", "--version", "2", "--by", "ann", "--json")
    assert answer.json() == {"workflow": "order", "version": 2, "enabled": False, "known_versions": [2]}
    assert wio("disable", "ordr", "--json").json()["known_versions"] == []
    wio("disable", "order", "--by", "bob", "--reason", "closed")
    answer = wio("enable", "order", "--version", "2", "--json")
    still = answer.json().pop("still_disabled")
    assert [(each["version"], each["by"], each["reason"]) for each in still] == [(None, "bob", "closed")]
    assert answer.json() == {
        "workflow": "order",
        "version": 2,
        "enabled": False,
        "was_disabled": True,
        "still_disabled": still,
    }
    assert wio("enable", "order", "--json").json() == {
        "workflow": "order",
        "version": None,
        "enabled": True,
        "was_disabled": True,
        "still_disabled": [],
    }


def test_nothing_stranded_is_said(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    answer = wio("stranded")
    assert (answer.code, answer.out, answer.err) == (0, "", "wio: no instance is stranded.\n")


def test_disabling_makes_no_journal(wio: Callable[..., Any]) -> None:
    """A wrong path would otherwise look as if the workflow were disabled."""
    answer = wio("disable", "order")
    assert answer.code == 1
    assert "There is no journal orders.db" in answer.err
