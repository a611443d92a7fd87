"""What do `wio outbox` and `wio feed` print, and what does a worker deliver?"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from interpreters import Runtime
from journals.sqlite import SqliteJournal
from tests.shell import shell_workflows
from tests.shell.conftest import INPUT, URL
from tests.shell.workers import result, start, worker


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_waits_in_the_outbox_is_told(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    assert wio("outbox").err == "wio: the outbox is empty.\n"
    started("telling")
    printed = wio("outbox")
    title, row = printed.out.splitlines()
    assert title.split("  ")[0] == "instance"
    assert row.split()[:3] == ["telling", "publisher", "1"]
    assert printed.err == "wio: messages and calls that wait: 1.\n"
    (waiting,) = wio("outbox", "--json").json()
    assert waiting.pop("oldest").startswith("20")
    assert waiting == {
        "instance": "telling",
        "for": "publisher",
        "messages": 1,
        "failures": 0,
        "next_try": None,
        "last_error": None,
    }


def test_without_a_subscriber_there_is_no_feed(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("feed")
    assert (answer.out, answer.code) == ("", 0)
    assert answer.err == (
        "wio: nobody follows the changes, so none are noted. Begin with: wio feed --subscriber audit\n"
    )


def test_a_subscriber_is_told_how_things_stand_and_then_what_changes(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("order")
    (first,) = wio("feed", "--subscriber", "audit").out.splitlines()
    assert first.split("  ")[0] == "1"
    assert first.split("  ")[2:] == ["order", "order v2", "started", "waits for signal confirm at confirm"]
    started("failing")
    assert [row["change"] for row in lines(wio("feed", "--json").out)] == ["started", "failed"]
    told = lines(wio("feed", "--subscriber", "audit", "--json").out)
    assert [(row["id"], row["status"], row["before"]) for row in told] == [
        ("failing", "running", None),
        ("failing", "failed", "running"),
    ]
    assert wio("feed", "--subscriber", "audit").out == ""
    assert wio("feed", "--subscriber", "other", "--after", "1000").out == ""
    assert wio("feed", "--subscriber", "audit", "--unsubscribe").err == "wio: 'audit' follows no more.\n"
    assert wio("feed", "--subscriber", "audit", "--unsubscribe").err == "wio: nobody follows as 'audit'.\n"


def test_who_is_to_be_forgotten_has_to_be_named(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("feed", "--unsubscribe")
    assert (answer.code, answer.err) == (1, "wio: --unsubscribe needs a --subscriber. Nobody follows.\n")
    wio("feed", "--subscriber", "audit")
    wio("feed", "--subscriber", "table")
    started("failing")
    wio("feed", "--subscriber", "table")
    answer = wio("feed", "--unsubscribe")
    assert (answer.code, answer.out) == (1, "")
    assert re.fullmatch(
        r"wio: --unsubscribe needs a --subscriber. These follow: audit, \d+ changes behind; table, 0 changes behind.\n",
        answer.err,
    )


def test_it_follows_until_it_is_interrupted(started: Callable[..., Any]) -> None:
    words = ["feed", "--subscriber", "audit", "--follow", "--json", "--journal", URL]
    started("order")
    with subprocess.Popen(
        [sys.executable, "-m", "interpreters.shell.main", *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # A test that runs in the background of a shell has this signal ignored, and so would what it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["id"] == "order"
            started("failing")
            assert json.loads(process.stdout.readline())["change"] == "started"
            assert json.loads(process.stdout.readline())["change"] == "failed"
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        finally:
            process.kill()


def test_a_worker_delivers_and_calls_hooks(wio: Callable[..., Any]) -> None:
    more = ("--publisher", "shell_workflows:paper", "--hooks", "shell_workflows:hooks")
    with worker("telling", more=more) as process:
        start("telling")
        result("telling")
        assert process.stop(signal.SIGTERM) == 0
    assert sorted(Path("paper").read_text().splitlines()) == [
        "telling completed",
        'telling:2 orders "Order"',
    ]
    assert wio("outbox").out == ""


def test_what_a_command_does_is_told_to_the_hooks_and_the_publisher_of_others(wio: Callable[..., Any]) -> None:
    async def serve() -> None:
        journal, given = (
            SqliteJournal("orders.db"),
            {"publisher": shell_workflows.paper, "hooks": shell_workflows.hooks},
        )
        async with Runtime(journal, [shell_workflows.telling], **given):
            pass

    asyncio.run(serve())
    wio("run", "shell_workflows:telling", "--id", "told", "--input", INPUT)
    rows = wio("outbox", "--json").json()
    assert sorted((row["instance"], row["for"], row["messages"]) for row in rows) == [
        ("told", "hook telling", 1),
        ("told", "publisher", 1),
    ]
    asyncio.run(serve())
    assert sorted(Path("paper").read_text().splitlines()) == ["told completed", 'told:2 orders "Order"']
    assert wio("outbox").out == ""


def test_a_publisher_that_is_none_is_refused(wio: Callable[..., Any]) -> None:
    named = ("worker", "shell_workflows:telling", "--publisher")
    assert "cannot publish" in wio(*named, "shell_workflows:telling").err
    assert "is no MODULE:NAME" in wio(*named, "paper").err
    assert "has no 'missing'" in wio(*named, "shell_workflows:missing").err
