"""Is a child driven along with its parent, and is it said which child is waited for and how the parent goes on?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHILD = "parent:errand"
SEE = f"See: wio draw shell_workflows:errand --id {CHILD}"


def confirm(wio: Callable[..., Any], id: str) -> Any:
    """Let a child go on to its end."""
    words = ("--id", id, "--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k")
    return wio("signal", "shell_workflows:errand", *words)


def test_the_child_that_is_waited_for_is_named_with_the_command_that_shows_it(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    answer = started("parent")
    assert answer.code == 4
    assert answer.out == f"running reserve\nparent waits for child {CHILD} at errand\n"
    assert answer.err == f"wio: child {CHILD}, of errand v3, waits for signal confirm at confirm. {SEE}\n"
    shown = wio(*SEE.split()[2:])
    assert (shown.code, shown.out[:9]) == (0, "errand v3")
    assert started("parent", "--json").json()["status"] == "waiting"


def test_where_a_parent_offers_no_task_its_child_is_named(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("parent")
    assert wio("tasks", "shell_workflows:parent", "--id", "parent").err.splitlines()[1].endswith(SEE)


def test_the_child_of_a_child_is_named_too(started: Callable[..., Any]) -> None:
    assert started("grandparent").err.splitlines() == [
        "wio: child grandparent:parent, of parent v1, waits for child grandparent:parent:errand at errand."
        " See: wio draw shell_workflows:parent --id grandparent:parent",
        "wio: child grandparent:parent:errand, of errand v3, waits for signal confirm at confirm."
        " See: wio draw shell_workflows:errand --id grandparent:parent:errand",
    ]


def test_a_child_whose_workflow_is_in_another_module_is_shown_by_its_history(
    wio: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "far_parent.py").write_text(
        "import shell_workflows\nfrom wio import Workflow, child\n"
        "step = child(shell_workflows.errand, result=str)\n"
        "far = Workflow('far', version=1, input=shell_workflows.Order, root=step)\n"
    )
    answer = wio("run", "far_parent:far", "--id", "far", "--input", '{"item": "book", "quantity": 2}')
    assert answer.err.endswith("See: wio history --id far:errand\n")
    assert confirm(wio, "far:errand").err.endswith(
        "wio: parent far, of far v1, goes on with: wio run MODULE:NAME --id far\n"
    )


def test_only_some_children_are_named(wio: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "many_children.py").write_text(
        "import shell_workflows\nfrom wio import Workflow, child, parallel\n"
        "steps = [child(shell_workflows.errand, result=str, name=f'errand-{number}') for number in range(5)]\n"
        "many = Workflow('many', version=1, input=shell_workflows.Order, root=parallel(*steps))\n"
    )
    answer = wio("run", "many_children:many", "--id", "many", "--input", '{"item": "book", "quantity": 2}')
    *children, more = answer.err.splitlines()
    assert len(children) == 3
    assert more == "wio: it waits for more children. See: wio list"


def test_the_timers_of_a_child_are_waited_for(started: Callable[..., Any]) -> None:
    answer = started("patient")
    assert (answer.code, answer.out, answer.err) == (0, 'patient completed with str "Order"\n', "")


def test_a_child_that_a_continuation_starts_is_found_in_the_module(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    assert started("hasty").out == 'hasty completed with str "Order"\n'
    assert wio("list", "--json").json()["instances"][0]["id"] == "Order"


def test_a_child_that_an_earlier_command_left_waiting_goes_on_with_its_parent(
    started: Callable[..., Any], wio: Callable[..., Any]
) -> None:
    assert started("patient", "--wait", "0s").code == 4
    answer = wio("run", "shell_workflows:patient", "--id", "patient")
    assert (answer.code, answer.out) == (0, 'patient completed with str "Order"\n')


def test_a_child_that_is_paused_is_named_and_resumed(
    started: Callable[..., Any], wio: Callable[..., Any], tmp_path: Path
) -> None:
    answer = started("unlucky")
    assert answer.code == 4
    assert "wio: child unlucky:pausing, of pausing v1, is paused at need_file: FileNotFoundError: " in answer.err
    (tmp_path / "mended").write_text("a ")
    resumed = wio("resume", "shell_workflows:pausing", "--id", "unlucky:pausing")
    assert (resumed.code, resumed.out) == (0, 'unlucky:pausing completed with str "a book"\n')
    goes_on = "parent unlucky, of unlucky v1, goes on with: wio run shell_workflows:unlucky --id unlucky"
    assert resumed.err == f"wio: {goes_on}\n"
    done = wio("run", "shell_workflows:unlucky", "--id", "unlucky")
    assert (done.code, done.out, done.err) == (0, 'unlucky completed with str "a book"\n', "")


def test_a_signal_to_a_child_says_how_its_parent_goes_on(started: Callable[..., Any], wio: Callable[..., Any]) -> None:
    started("parent")
    answer = confirm(wio, CHILD)
    assert (answer.code, answer.json()) == (0, "Hi Ann")
    assert answer.err.splitlines()[-1] == (
        "wio: parent parent, of parent v1, goes on with: wio run shell_workflows:parent --id parent"
    )
    done = wio("run", "shell_workflows:parent", "--id", "parent")
    assert (done.code, done.out) == (0, 'parent completed with str "2 x book by Ann"\n')


@pytest.mark.parametrize("command", ["run", "signal"])
def test_an_instance_that_has_no_kin_says_nothing_of_it(
    started: Callable[..., Any], wio: Callable[..., Any], command: str
) -> None:
    assert started("order").err == ""
    if command == "signal":
        words = ("--id", "order", "--signal", "confirm", "--request", '{"by": "Ann"}', "--key", "k")
        assert wio("signal", "shell_workflows:order", *words).err.count("\n") == 1


def test_what_cannot_run_or_is_defined_twice_is_no_companion(wio: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "odd_company.py").write_text(
        "import shell_workflows as s\nfrom wio import Workflow, child, draft, pure\n"
        "hasty, moment = s.hasty, s.moment\n"
        "unready = Workflow('unready', version=1, input=int, root=draft('ship', input=int, output=int))\n"
        "other = Workflow('moment', version=1, input=int, root=pure(1))\n"
        "another = Workflow('another', version=1, input=int, root=child(other, result=int))\n"
    )
    answer = wio("run", "odd_company:hasty", "--id", "hasty", "--input", '{"item": "book", "quantity": 2}')
    assert (answer.code, answer.out) == (0, 'hasty completed with str "Order"\n')
