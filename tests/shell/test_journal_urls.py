"""Which journal does a URL mean?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interpreters.shell.journal_urls import absolute, journal_at
from interpreters.shell.shell_errors import WrongJournal


def test_three_slashes_come_before_a_relative_path_and_four_before_an_absolute_one(tmp_path: Path) -> None:
    assert repr(journal_at("sqlite:///some/orders.db", create=True)) == "SqliteJournal('some/orders.db')"
    assert repr(journal_at(f"sqlite:///{tmp_path}/orders.db", create=True)) == f"SqliteJournal('{tmp_path}/orders.db')"


def test_a_postgres_url_means_a_database_and_its_password_is_not_shown() -> None:
    shown = repr(journal_at("postgresql://me:secret@host.example/orders"))
    assert shown.startswith("PostgresJournal(")
    assert "host.example" in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("memory:", "gone when the command ends"),
        ("orders.db", "For a file write sqlite:///orders.db"),
        ("sqlite:orders.db", "three slashes"),
        ("sqlite://orders.db", "three slashes"),
        ("sqlite:///", "names no file"),
        ("sqlite:///missing.db", "There is no journal missing.db"),
        ("mysql://host/orders", "'mysql://host/orders' is the URL of no journal"),
        ("", "'' is the URL of no journal. It is empty: give --journal, or set WIO_JOURNAL."),
        ("postgresql+psycopg://host/orders", "leave out the + and the driver behind it"),
    ],
)
def test_any_other_url_is_refused_with_a_way_out(url: str, complaint: str, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongJournal) as caught:
        journal_at(url)
    assert complaint in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_url_can_be_made_independent_of_the_folder(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:///orders.db") == f"sqlite:///{tmp_path}/orders.db"
    assert absolute("sqlite:////srv/orders.db") == "sqlite:////srv/orders.db"
    assert absolute("postgresql://host/orders") == "postgresql://host/orders"


def test_only_run_makes_a_file(wio: Callable[..., Any], tmp_path: Path) -> None:
    for words in (
        ["list"],
        ["history", "--id", "a"],
        ["query", "shell_workflows:order", "--id", "a", "--query", "status"],
    ):
        answer = wio(*words)
        assert answer.code == 1
        assert "There is no journal orders.db" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_the_option_goes_before_the_environment(wio: Callable[..., Any]) -> None:
    assert "mysql:" in wio("list", "--journal", "mysql://host").err


def test_a_file_of_another_application_is_refused(wio: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "orders.db").write_text("no database, but text of more than sixteen characters\n" * 100)
    answer = wio("list")
    assert (answer.code, answer.out) == (1, "")
    assert "orders.db" in answer.err
    assert answer.err.count("\n") == 1


def test_every_command_works_on_postgres(
    wio: Callable[..., Any], postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIO_JOURNAL", postgres_dsn)
    assert wio("run", "shell_workflows:order", "--id", "a", "--input", '{"item": "book", "quantity": 2}').code == 4
    words = ("--id", "a", "--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k")
    assert wio("signal", "shell_workflows:order", *words).json() == "Hi Ann"
    assert [record["status"] for record in wio("list", "--json").json()["instances"]] == ["completed"]
