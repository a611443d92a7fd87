"""What does `wio why` say, with the workflow's code and without?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from interpreters.runtime.explaining.why import Action, Remedy
from interpreters.shell.why import command_of
from tests.shell.begun_instances import begun


def test_without_a_live_process_everything_is_stranded(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("why", "order", "shell_workflows:order")
    first, *helps = answer.out.splitlines()
    assert first == (
        "order is stranded: no live process knows workflow order version 2, nor any other version of it;"
        " it waits for signal confirm at confirm."
    )
    assert helps == [
        "  start a process that knows workflow order version 2: wio worker shell_workflows:order",
        "  or give it up: wio cancel shell_workflows:order --id order",
    ]
    assert (answer.code, answer.err) == (0, "")


def test_it_answers_without_the_workflow(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    assert "its record says: waits for signal confirm at confirm." in wio("why", "order").out
    answer = wio("why", "order")
    assert "wio worker MODULE:NAME" in answer.out
    assert answer.err == "wio: its workflow, order v2, tells more: wio why order MODULE:NAME\n"


def test_of_a_paused_one_the_problem_and_the_way_out(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("pausing")
    for words in (["pausing"], ["pausing", "shell_workflows:pausing"]):
        out = wio("why", *words).out
        assert out.startswith("pausing is paused at ")
        assert "wio resume " in out
    assert "wio resume shell_workflows:pausing --id pausing" in out


@pytest.mark.parametrize(("version", "said"), [((), ""), (("--version", "3"), " --version 3")])
def test_of_one_that_is_to_start_what_is_disabled_how_to_enable_it(
    version: tuple[str, ...], said: str, started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    started("failing")
    assert wio("disable", "errand", *version).code == 0
    started("parent")
    enable = f"  first enable the workflow that it is to start: wio enable errand{said}\n"
    for words in (["parent"], ["parent", "shell_workflows:parent"]):
        out = wio("why", *words).out
        assert out.index(enable) < out.index("wio resume ")
    assert wio("why", "parent", "--json").json()["actions"][0]["version"] == (3 if version else None)
    assert wio("enable", "errand", *version).code == 0
    for words in (["parent"], ["parent", "shell_workflows:parent"]):
        out = wio("why", *words).out
        assert f" By now workflow 'errand'{' version 3' if version else ''} is enabled." in out
        assert "wio enable" not in out
        assert "wio resume " in out


def test_of_an_ended_one_its_end(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("failing")
    answer = wio("why", "failing", "--json").json()
    assert answer["because"] == "ended"
    assert answer["sentence"].startswith("failing has ended: it is failed with ")
    assert answer["actions"] == []


def test_as_json_it_has_every_field(wio: Callable[..., Any]) -> None:
    begun("a")
    answer = wio("why", "a", "shell_workflows:failing", "--json").json()
    del answer["sentence"]
    assert answer == {
        "id": "a",
        "because": "stranded",
        "since": None,
        "until": None,
        "address": "",
        "owner": None,
        "others": [],
        "more": 0,
        "actions": [
            {
                "remedy": "start process",
                "about": "failing version 1",
                "version": None,
                "command": "wio worker shell_workflows:failing",
            },
            {"remedy": "cancel", "about": "", "version": None, "command": "wio cancel shell_workflows:failing --id a"},
        ],
    }


def test_a_module_that_does_not_have_the_workflow_is_said(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("why", "order", "examples.approval:approval")
    assert answer.err == "wio: order v2, its workflow, is not in the module of examples.approval:approval.\n"
    assert "its record says: waits for signal confirm" in answer.out


def test_an_unknown_instance_is_an_error(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("order")
    answer = wio("why", "nobody")
    assert answer.code == 1
    assert "No instance 'nobody'" in answer.err


_OTHERS = (Remedy.START_PROCESS, Remedy.LOOK_AT_CHILD, Remedy.ENABLE)
"""Are not about the instance itself."""


@pytest.mark.parametrize("remedy", Remedy)
def test_every_remedy_has_its_command_or_needs_none(remedy: Remedy) -> None:
    command = command_of("a b", Action(remedy, "x y"), "orders:order")
    assert (command is None) == (remedy in (Remedy.WAIT, Remedy.MEND))
    assert command is None or command.startswith("wio ")
    assert command is None or "'a b'" in command or remedy in _OTHERS
