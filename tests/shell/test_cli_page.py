"""Does the page on the command line show what really happens, and does it name every option and exit code?"""

from __future__ import annotations

import inspect
import itertools
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from cyclopts import Parameter

from docs.snippets import ROOT, blocks
from interpreters.shell import exit_codes
from interpreters.shell.asking import query, signal
from interpreters.shell.drawing import draw
from interpreters.shell.finding import Filters
from interpreters.shell.history import archived, history
from interpreters.shell.linting import lint
from interpreters.shell.listing import count_instances, list_instances
from interpreters.shell.namespaces import namespaces
from interpreters.shell.options import Going, Place
from interpreters.shell.outgoing import feed, outbox
from interpreters.shell.pruning import prune
from interpreters.shell.running import cancel, resume, run
from interpreters.shell.stranded import stranded
from interpreters.shell.task_list import tasks
from interpreters.shell.tasking import claim, complete, delegate, fail_task, release, skip
from interpreters.shell.why import why
from interpreters.shell.worker import worker
from interpreters.shell.workflow_switching import disable, enable, workflows

PAGE = ROOT / "docs" / "cli.md"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
COMMANDS = (run, resume, cancel, worker, signal, query, list_instances, count_instances, history, draw, lint)
COMMANDS_ON_THE_WHOLE = (outbox, feed, why, stranded, workflows, disable, enable, prune, namespaces, archived)
COMMANDS_ON_TASKS = (tasks, claim, complete, fail_task, release, delegate, skip)
ALL = COMMANDS + COMMANDS_ON_THE_WHOLE + COMMANDS_ON_TASKS


def sessions() -> list[list[tuple[str, str]]]:
    """Return the sessions of the page, each with its commands and what they print."""
    found = re.findall(r"^```console\n\$ (.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    steps = ([step.partition("\n") for step in block.split("\n$ ")] for block in found)
    return [[(command, printed.rstrip("\n")) for command, _, printed in session] for session in steps]


def write_modules(folder: Path) -> None:
    """Write the files of the page, whose names stand above their code."""
    names = re.findall(r"The file `(\w+\.py)`", PAGE.read_text(encoding="utf-8"))
    for name, module in zip(names, blocks(PAGE), strict=True):
        (folder / name).write_text(module.code, encoding="utf-8")


def test_the_sessions_print_what_the_page_says(
    wio: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_modules(tmp_path)
    code = 0
    for command, printed in itertools.chain.from_iterable(sessions()):
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


def options_of(command: Any) -> Iterator[str]:
    """Yield the names of the options of a command."""
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        if parameter.annotation in (Going, Filters, Place):
            yield from options_of(parameter.annotation)
        elif parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            named = [one.name for one in get_args(parameter.annotation) if isinstance(one, Parameter)]
            yield (named[0] or (f"--{name}",))[0]


@pytest.mark.parametrize("command", ALL, ids=lambda command: command.__name__)
def test_every_option_is_on_the_page(command: Any) -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition("## Options")[2].partition("## ")[0]
    assert [name for name in options_of(command) if f"`{name}`" not in table] == []


def test_every_command_is_on_the_page(wio: Callable[..., Any]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^\W+ ([a-z]\S+)  +[A-Z]", wio("--help").out, re.MULTILINE)
    assert len(shown) > len(ALL)
    assert [name for name in shown if f"`{name}`" not in text and f"`wio {name}`" not in text] == []


def test_every_exit_code_is_on_the_page() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Exit codes")[2]
    codes = [code for name, code in vars(exit_codes).items() if name.isupper()]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == codes
