"""Does the page on the command line show what really happens, and does it name every option and exit code?"""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from cyclopts import Parameter

from docs.snippets import ROOT, blocks
from interpreters.shell import exit_codes
from interpreters.shell.asking import query, signal
from interpreters.shell.drawing import draw
from interpreters.shell.history import history
from interpreters.shell.linting import lint
from interpreters.shell.listing import list_instances
from interpreters.shell.running import resume, run

PAGE = ROOT / "docs" / "cli.md"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")


def session() -> list[tuple[str, str]]:
    """Return the commands of the page, each with what it prints."""
    (block,) = re.findall(r"^```console\n\$ (.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    steps = (step.partition("\n") for step in block.split("\n$ "))
    return [(command, printed.rstrip("\n")) for command, _, printed in steps]


def test_the_session_prints_what_the_page_says(
    wio: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (module,) = blocks(PAGE)
    (tmp_path / "orders.py").write_text(module.code, encoding="utf-8")
    code = 0
    for command, printed in session():
        program, *words = shlex.split(command)
        if program == "export":
            name, _, value = words[0].partition("=")
            monkeypatch.setenv(name, value)
        elif program == "echo":
            assert printed == str(code)
        else:
            answer = wio(*words)
            code = answer.code
            assert TIME.sub("T", answer.out + answer.err).rstrip("\n") == TIME.sub("T", printed), command


def test_every_option_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition("## Options")[2].partition("## ")[0]
    for command in (run, resume, signal, query, list_instances, history, draw, lint):
        for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                named = [one.name for one in get_args(parameter.annotation) if isinstance(one, Parameter)]
                assert f"`{(named[0] or (f'--{name}',))[0]}`" in table, (command.__name__, name)


def test_every_exit_code_is_on_the_page() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Exit codes")[2]
    codes = [code for name, code in vars(exit_codes).items() if name.isupper()]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == codes
