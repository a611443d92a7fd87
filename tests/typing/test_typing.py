"""Do both type checkers accept right programs, and reject each wrong line, and only those?"""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import wio

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
ACCEPTED = ("accepted", "accepted_operators", "accepted_pointfree", "accepted_children", "accepted_changes")
REJECTED = ("rejected", "rejected_operators", "rejected_children", "rejected_changes")
FIXTURES = ACCEPTED + REJECTED
MARK = re.compile(r"# must fail(?:: (?P<words>.*))?$")

OPERATORS = [name for name in wio.__all__ if name[0].islower()]
METHODS = [name for name in vars(wio.WIO) if not name.startswith("_") and callable(getattr(wio.WIO, name))]

Lines: TypeAlias = set[int]
Reports: TypeAlias = dict[str, Lines]
"""Is, by the name of a fixture, the lines on which a checker reports an error."""


def _run(checker: str, *arguments: str) -> str:
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    command = [sys.executable, "-m", checker, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def said_by_mypy() -> str:
    """What mypy says, strict and with the plugin of `returns`, as the project configures it."""
    return _run("mypy", *(argument for name in FIXTURES for argument in ("-m", f"tests.typing.{name}")))


@pytest.fixture(scope="module")
def mypy(said_by_mypy: str) -> Reports:
    """What mypy reports."""
    reports: Reports = {name: set() for name in FIXTURES}
    for file, line in re.findall(r"^tests/typing/(\w+)\.py:(\d+): error", said_by_mypy, re.MULTILINE):
        reports.setdefault(file, set()).add(int(line))
    return reports


@pytest.fixture(scope="module")
def basedpyright() -> Reports:
    """What basedpyright reports, strict, as the project configures it; `flow` is no fare for it."""
    files = [str(FOLDER / f"{name}.py") for name in FIXTURES if name != "accepted_pointfree"]
    found: dict[str, Any] = json.loads(_run("basedpyright", "--outputjson", *files))
    assert found["summary"]["filesAnalyzed"] == len(files)
    reports: Reports = {name: set() for name in FIXTURES}
    for each in found["generalDiagnostics"]:
        if each["severity"] == "error":
            reports[Path(each["file"]).stem].add(each["range"]["start"]["line"] + 1)
    return reports


def _marked(fixture: str) -> Lines:
    return set(_wanted_words(fixture))


def _wanted_words(fixture: str) -> dict[int, str]:
    """Return the marked lines of a fixture, each with the words that mypy has to use about it."""
    lines = (FOLDER / f"{fixture}.py").read_text().splitlines()
    marks = {number: MARK.search(line) for number, line in enumerate(lines, 1)}
    return {number: mark["words"] or "" for number, mark in marks.items() if mark is not None}


CHECKERS = pytest.mark.parametrize("checker", ["mypy", "basedpyright"])


@CHECKERS
@pytest.mark.parametrize("fixture", REJECTED)
def test_each_wrong_line_is_rejected_and_no_other(checker: str, fixture: str, request: pytest.FixtureRequest) -> None:
    reported: Reports = request.getfixturevalue(checker)
    assert len(_marked(fixture)) > 10
    assert reported[fixture] == _marked(fixture)


@pytest.mark.parametrize("fixture", REJECTED)
def test_mypy_says_what_does_not_fit(fixture: str, said_by_mypy: str) -> None:
    for line, words in _wanted_words(fixture).items():
        said = re.findall(rf"^tests/typing/{fixture}\.py:{line}: (.*)$", said_by_mypy, re.MULTILINE)
        assert words in "".join(said)


@CHECKERS
@pytest.mark.parametrize("fixture", ACCEPTED)
def test_right_programs_infer_without_annotations(checker: str, fixture: str, request: pytest.FixtureRequest) -> None:
    reported: Reports = request.getfixturevalue(checker)
    assert reported[fixture] == set()


@pytest.mark.parametrize("fixture", ACCEPTED)
def test_the_right_programs_can_be_built(fixture: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the checkers accept, Python accepts too: importing the fixtures builds every program in them."""
    assert importlib.import_module(f"tests.typing.{fixture}")
    assert capsys.readouterr().out == ""


def _parsed(text: str) -> ast.Module:
    """Parse a program. What is collected meanwhile, and runs, can make Python 3.11 lose count of its recursions."""
    gc.collect()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        gc.enable()


def _called(fixture: str, lines: Lines | None = None) -> set[str]:
    """Return the names of what a fixture calls: anywhere, or on some of its lines."""
    tree = _parsed((FOLDER / f"{fixture}.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and (lines is None or node.lineno in lines)]
    functions = [call.func for call in calls]
    named = {function.id for function in functions if isinstance(function, ast.Name)}
    return named | {function.attr for function in functions if isinstance(function, ast.Attribute)}


def test_each_operator_has_a_right_line_and_a_wrong_one() -> None:
    """A new operator or method of `WIO` needs a line that the checkers accept, and one that they refuse."""
    right = {name for fixture in ACCEPTED for name in _called(fixture)}
    wrong = {name for fixture in REJECTED for name in _called(fixture, _marked(fixture))}
    assert len(OPERATORS) > 50
    assert METHODS
    assert [name for name in OPERATORS + METHODS if name not in right] == []
    assert [name for name in OPERATORS + METHODS if name not in wrong] == []


def test_each_fixture_is_checked() -> None:
    """A fixture that nobody names here would be checked by nobody."""
    kinds = ("accepted", "rejected")
    assert {path.stem for path in FOLDER.glob("*.py") if path.stem.startswith(kinds)} == set(FIXTURES)
