"""What does `wio lint` print, and when is its exit code 1?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_workflow_without_findings_is_clean(wio: Callable[..., Any]) -> None:
    answer = wio("lint", "shell_workflows:order")
    assert (answer.code, answer.out) == (0, "order v2: nothing to report\n")


def test_warnings_leave_the_exit_code_at_0(wio: Callable[..., Any]) -> None:
    answer = wio("lint", "shell_workflows:drafted")
    assert answer.code == 0
    assert answer.out.splitlines()[1].split()[:3] == ["warning", "draft", "ship"]
    assert answer.out.endswith("drafted v1: 1 warning\n")
    assert wio("lint", "shell_workflows:drafted", "--strict").code == 1
    assert wio("lint", "shell_workflows:order", "--strict").code == 0


def test_an_error_makes_the_exit_code_1(wio: Callable[..., Any]) -> None:
    answer = wio("lint", "shell_workflows:unkept", "--json")
    assert answer.code == 1
    (finding,) = answer.json()
    assert (finding["level"], finding["rule"], finding["address"]) == ("error", "unkept-type", "take_private")
