"""Which workflow does MODULE:NAME mean, and what is said when it means none?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("shell_workflows.py:order", "shell_workflows.py is a file, not a module. Write shell_workflows:order."),
        ("./shop/orders.py:order", "./shop/orders.py is a file, not a module. Write shop.orders:order."),
        ("/shop/orders.py:order", "/shop/orders.py is a file, not a module. Write orders:order, in the folder /shop."),
        ("order", "'order' is no MODULE:NAME. Write for instance: orders:order."),
        ("nowhere:order", "There is no module 'nowhere'"),
        ("shell_workflows.inner:order", "There is no module 'shell_workflows.inner'"),
        (
            "shell_workflows:ordr",
            "Module 'shell_workflows' has no 'ordr'. Its workflows are: counting, drafted, ",
        ),
        ("shell_workflows:NUMBER", "shell_workflows:NUMBER is a int, not a Workflow. Its workflows are: "),
        ("shell_workflows:program", "shell_workflows:program is a WIO, not a Workflow. Wrap it: Workflow("),
    ],
)
def test_a_target_that_leads_nowhere_is_explained(wio: Callable[..., Any], target: str, complaint: str) -> None:
    answer = wio("draw", target)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith(f"wio: {complaint}")
    assert answer.err.count("\n") == 1


def test_the_current_folder_is_searched(wio: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "found_in_the_folder.py").write_text(
        "from wio import Workflow, pure\nnothing = Workflow('nothing', version=1, input=int, root=pure(1))\n"
    )
    assert wio("draw", "found_in_the_folder:nothing").out.startswith("nothing v1")


@pytest.mark.parametrize(("line", "error"), [("1 / 0", "ZeroDivisionError"), ("import nowhere", "ModuleNotFoundError")])
def test_a_module_that_cannot_be_imported_is_not_called_missing(
    wio: Callable[..., Any], tmp_path: Path, line: str, error: str
) -> None:
    (tmp_path / "broken_module.py").write_text(f"{line}\n")
    answer = wio("draw", "broken_module:order")
    assert answer.code == 1
    assert answer.err.startswith(f"wio: Module 'broken_module' cannot be imported: {error}: ")
    assert f"{tmp_path / 'broken_module.py'}, line 1)" in answer.err


def test_debug_adds_the_traceback(wio: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "broken_again.py").write_text("1 / 0\n")
    answer = wio("draw", "broken_again:order", "--debug")
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert 'broken_again.py", line 1' in answer.err
