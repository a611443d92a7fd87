"""Does a worker run what nobody else runs, stop without a trace, and leave the other commands as they are?"""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters.shell.journal_urls import without_password
from interpreters.shell.worker_telling import Figures, view_rows
from interpreters.shell.worker_watch import WatchedJournal
from journals.entries import Commit, Entry, Kind, Status
from journals.memory import InMemoryJournal
from tests.runtime.running import run
from tests.shell.workers import data_deleted, owned, result, start, worker

NAMES = ("order", "offering_late", "parent", "pausing", "undoing", "keeping")

pytestmark = pytest.mark.usefixtures("wio")


def status(wio: Callable[..., Any], id: str) -> str:
    return next(record["status"] for record in wio("list", "--json").json()["instances"] if record["id"] == id)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_exit_code_0_and_gives_everything_back(number: int) -> None:
    with worker("order") as first:
        start("order")
        assert owned("order") == first.lines[-1]["epoch"]
        with worker("order", "failing") as second:
            assert first.stop(number) == 0
            assert first.read_until("stopped")
            assert first.lines[-2]["signal"] == signal.Signals(number).name
            start("failing")
            assert second.stop(signal.SIGTERM) == 0


def test_a_worker_that_may_not_use_the_store_has_not_started(wio: Callable[..., Any]) -> None:
    start("order")
    with sqlite3.connect("orders.db") as connection:
        connection.execute("UPDATE wio_meta SET value = 99 WHERE name = 'schema_version'")
    connection.close()
    answer = wio("worker", "shell_workflows:order")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("wio: ")
    assert "schema version 99" in answer.err


def test_the_log_says_what_it_runs_and_warns_of(wio: Callable[..., Any]) -> None:
    with worker("pausing") as process:
        started, joined = process.lines
        assert started["event"] == "started"
        assert (started["pid"], started["workflows"]) == (process.process.pid, ["pausing v1"])
        assert started["journal"] == "sqlite:///orders.db"
        assert joined["epoch"] == 1
        start("pausing")
        warning = process.read_until("warning")
        assert warning["message"].startswith("Instance pausing: attempt 1 of need_file: FileNotFoundError")
        assert (warning["level"], warning["logger"]) == ("warning", "wio.runtime")
    assert wio("run", "shell_workflows:pausing", "--id", "pausing").code == 5


def test_what_runs_gets_a_grace_and_goes_on_in_another_worker(wio: Callable[..., Any]) -> None:
    with worker("listening", grace="0s") as first:
        start("listening")
        assert first.process.stdin is not None
        while status(wio, "listening") != "running":
            pass
        assert first.stop(signal.SIGTERM) == 0
        with worker("listening") as second:
            assert second.process.stdin is not None
            second.process.stdin.close()
            assert wio("run", "shell_workflows:listening", "--id", "listening").code == 0
    kinds = [entry["kind"] for entry in wio("history", "--id", "listening", "--json").json()]
    assert kinds == ["started", "attempt_lost", "event", "completed"]


def test_a_second_signal_ends_it_at_once(wio: Callable[..., Any]) -> None:
    with worker("listening", grace="60s") as process:
        start("listening")
        while status(wio, "listening") != "running":
            pass
        process.process.send_signal(signal.SIGTERM)
        process.read_until("stopping")
        assert process.stop(signal.SIGINT) == 130


def test_one_that_a_newer_release_has_locked_out_says_so_and_ends_with_exit_code_1() -> None:
    """It has lost its lease, and the store does not take it back."""
    with worker("order") as process:
        with closing(sqlite3.connect("orders.db")) as connection, connection:
            connection.execute("UPDATE wio_meta SET value = 99 WHERE name = 'schema_version'")
            connection.execute("DELETE FROM wio_members")
        reason = process.read_until("stopped")["reason"]
        assert "has schema version 99; this release of wio knows versions up to 2" in reason
        assert process.process.stderr is not None
        assert process.process.stderr.read() == f"wio: {reason}\n"
        assert process.process.wait(30) == 1
    told = process.lines[-2]
    assert (told["event"], told["level"]) == ("warning", "error")
    assert told["message"] == f"This runtime has stopped: {reason}"


def test_what_a_killed_worker_ran_is_taken_over(wio: Callable[..., Any]) -> None:
    with worker("listening") as first:
        start("listening")
        while status(wio, "listening") != "running":
            pass
        with worker("listening") as second:
            first.stop(signal.SIGKILL)
            assert second.process.stdin is not None
            second.process.stdin.close()
            assert result("listening") == Success("book")


def test_the_other_commands_reach_what_a_worker_owns(wio: Callable[..., Any]) -> None:
    with worker(*NAMES):
        start(*NAMES)
        for id in ("order", "offering_late", "parent:errand"):
            owned(id)
        asked = ("--id", "order", "--query", "status")
        assert wio("query", "shell_workflows:order", *asked).json() == "Reserved"
        confirm = ("--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k")
        answer = wio("signal", "shell_workflows:order", "--id", "order", *confirm)
        assert (answer.code, answer.json()) == (0, "Hi Ann")
        assert answer.err == 'order completed with str "2 x book by Ann"\n'
        assert wio("signal", "shell_workflows:errand", "--id", "parent:errand", *confirm).json() == "Hi Ann"
        assert wio("run", "shell_workflows:parent", "--id", "parent").code == 0

        at = ("--id", "offering_late", "--at", "approve", "--by", "bob")
        assert [each["address"] for each in tasks(wio)] == ["approve"]
        assert wio("claim", "shell_workflows:offering_late", *at).code == 0
        refused = wio("claim", "shell_workflows:offering_late", *at[:-1], "ada")
        assert (refused.code, refused.err) == (
            1,
            "wio: The task at 'approve': bob has claimed it. Nothing was recorded.\n",
        )
        assert wio("complete", "shell_workflows:offering_late", *at, "--output", '{"by": "bob"}').code == 0
        assert status(wio, "offering_late") == "completed"

        assert wio("resume", "shell_workflows:pausing", "--id", "pausing").code == 5
        assert wio("cancel", "shell_workflows:undoing", "--id", "undoing").code == 0
        refused = wio("signal", "shell_workflows:order", "--id", "order", *confirm[:-1], "another")
        assert refused.code == 1


def tasks(wio: Callable[..., Any]) -> Any:
    return wio("tasks", "shell_workflows:offering_late", "--id", "offering_late", "--json").json()


def test_a_signal_that_a_worker_keeps_is_said_to_be_kept(wio: Callable[..., Any]) -> None:
    with worker("keeping"):
        start("keeping")
        words = ("--id", "keeping", "--signal", "kept", "--request", "3", "--key", "k")
        for _ in range(2):
            answer = wio("signal", "shell_workflows:keeping", *words)
            assert (answer.code, answer.out) == (4, "null\n")
            assert "the signal is kept until a step takes it" in answer.err


def test_a_signal_is_taken_over_from_a_worker_that_was_killed(wio: Callable[..., Any]) -> None:
    with worker("order") as process:
        start("order")
        owned("order")
        process.stop(signal.SIGKILL)
        confirm = ("--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k")
        assert wio("signal", "shell_workflows:order", "--id", "order", *confirm).json() == "Hi Ann"


def test_workers_share_a_postgres(wio: Callable[..., Any], postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIO_JOURNAL", postgres_dsn)
    with worker("order") as first, worker("order") as second:
        assert first.lines[-1]["epoch"] != second.lines[-1]["epoch"]
        answer = wio("run", "shell_workflows:order", "--id", "order", "--input", '{"item": "book", "quantity": 2}')
        assert answer.code == 4
        words = ("--id", "order", "--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k")
        assert wio("signal", "shell_workflows:order", *words).json() == "Hi Ann"
        assert first.stop(signal.SIGTERM) == 0
        assert second.stop(signal.SIGINT) == 0


def test_a_wrong_name_is_told_in_one_line(wio: Callable[..., Any]) -> None:
    answer = wio("worker", "shell_workflows:order", "shell_workflows:nothing")
    assert (answer.code, answer.out) == (1, "")
    assert "has no 'nothing'" in answer.err


def test_after_how_many_deaths_an_instance_is_parked_may_be_told(wio: Callable[..., Any]) -> None:
    refused = wio("worker", "shell_workflows:order", "--most-deaths", "2")
    assert refused.code == 1
    assert "after 2 deaths of a process nobody knows yet which instance it was" in refused.err.splitlines()[-1]


def test_the_figures_say_how_much_was_done_lately_and_how_late() -> None:
    async def main() -> None:
        seconds = [0.0]
        store = InMemoryJournal()
        watched = WatchedJournal(store, epochs.append, lambda: seconds[0])
        async with watched:
            member = await watched.join("test", [("flow", 1)], lambda _: None)
            now = member.now()
            due = now - timedelta(seconds=3)
            entries = (Entry(1, Kind.STARTED, "", None, now), Entry(2, Kind.EVENT, "a", None, now))
            await watched.commit(Commit("a", "flow", 1, 0, entries, Status.WAITING, now, "token", due))
            seconds[0] = 2.0
            assert watched.steps_a_second() == 0.5
            assert watched.lag() == timedelta(0)
            await member.claim(1)
            assert timedelta(seconds=3) <= watched.lag() < timedelta(seconds=5)
            seconds[0] = 13.0
            assert (watched.steps_a_second(), watched.lag()) == (0.0, timedelta(0))

    epochs: list[int] = []
    run(main())
    assert len(epochs) == 1


def test_the_view_has_a_line_for_each_thing() -> None:
    facts: dict[str, object] = {"workflows": ("order v1",), "journal": "sqlite:///orders.db", "epoch": 7}
    figures = Figures(3, 120, 12.34, timedelta(milliseconds=5))
    assert view_rows("joined", facts, figures, ("one", "two"), (12, 3)) == [
        ("wio worker", "joined"),
        ("workflows", "order v1"),
        ("journal", "sqlite:///orders.db, epoch 7"),
        ("instances", "3 running, 120 in memory"),
        ("steps", "12.3 a second"),
        ("lag", "0.005 s"),
        ("errors", "12 since the start, 3 in the last minute"),
        ("warnings", "one"),
        ("", "two"),
    ]


def test_no_password_is_logged() -> None:
    assert without_password("postgresql://ann:secret@host/orders?password=x") == "postgresql://ann@host/orders"
    assert without_password("sqlite:///orders.db") == "sqlite:///orders.db"


def test_a_scrubber_says_what_is_left_of_deleted_data(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    assert wio("delete-data", "--id", "failing").code == 0
    with worker("failing", more=("--scrubber", "shell_workflows:names_only")):
        first = data_deleted("failing")[0].payload
    assert first is not None
    assert first.text == '"entry 1"'
    refused = wio("worker", "shell_workflows:failing", "--scrubber", "shell_workflows:paper")
    assert "scrubber=<" in refused.err
    assert "cannot be called. Give a function of an entry and a payload" in refused.err
