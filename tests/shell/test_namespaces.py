"""Do commands reach the instances of the namespace that they name, and only those?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journals.postgres.test_journal import execute
from tests.shell.conftest import INPUT, Wio
from tests.shell.workers import worker

RUN = ("run", "shell_workflows:order", "--id", "a", "--input", INPUT)


def listed(wio: Wio, *words: str) -> list[str]:
    return [each["id"] for each in wio("list", "--json", *words).json()["instances"]]


@pytest.fixture(params=["sqlite:///orders.db", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_dsn") if request.param == "postgres" else request.param)


def test_one_id_is_two_instances_in_two_namespaces(wio: Wio, url: str) -> None:
    acme = ("--journal", url, "--namespace", "acme")
    assert wio(*RUN, *acme).code == 4
    assert wio(*RUN, "--journal", url).code == 4
    assert wio("cancel", "shell_workflows:order", "--id", "a", *acme).code == 0
    assert listed(wio, "--journal", url, "--status", "cancelled") == []
    assert listed(wio, *acme, "--status", "cancelled") == ["a"]
    assert wio("namespaces", "--journal", url).out == "acme\nwio\n"
    assert wio("namespaces", "--journal", url, "--json").json() == ["acme", "wio"]


def test_the_environment_may_name_it(wio: Wio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIO_NAMESPACE", "acme")
    assert wio(*RUN).code == 4
    assert [each.name for each in tmp_path.glob("*.db")] == ["orders.acme.db"]
    assert wio("draw", "shell_workflows:order", "--id", "a").code == 0
    monkeypatch.delenv("WIO_NAMESPACE")
    assert wio("list").code == 1


def test_a_namespace_that_is_misspelt_is_not_made(wio: Wio, url: str, tmp_path: Path) -> None:
    assert wio(*RUN, "--journal", url).code == 4
    answer = wio("list", "--journal", url, "--namespace", "acmee")
    assert answer.code == 1
    assert "acmee" in answer.err
    assert "Check the" in answer.err
    if url.startswith("postgres"):
        assert execute(url, "SELECT to_regnamespace('acmee')") == [(None,)]
    else:
        assert [each.name for each in tmp_path.glob("*.db")] == ["orders.db"]


def test_a_name_that_cannot_be_one_is_refused(wio: Wio, url: str) -> None:
    answer = wio("list", "--journal", url, "--namespace", "Acme Corp")
    assert answer.code == 1
    assert "'Acme Corp' cannot be a namespace" in answer.err


def test_a_worker_serves_one_namespace(wio: Wio) -> None:
    with worker("order", more=("--namespace", "acme", "--keep", "12h", "--archive", "old")) as process:
        assert process.lines[0]["namespace"] == "acme"
        assert json.loads(wio("workflows", "--json", "--namespace", "acme").out)
    assert wio("namespaces").out == "acme\n"


def test_there_may_be_none(wio: Wio, url: str) -> None:
    answer = wio("namespaces", "--journal", url)
    assert (answer.code, answer.out, answer.err) == (0, "", "wio: no namespaces.\n")
