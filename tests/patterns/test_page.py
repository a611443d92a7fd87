"""Does the page of the patterns say what is so?"""

from __future__ import annotations

from pathlib import Path

import wio
from tests.patterns.machine_driver import MachineDriver
from tests.patterns.playing import check, recovering
from tests.patterns.programs import PROGRAMS
from tests.patterns.scenarios import SCENARIOS, Scenario

PAGE = Path(__file__).parents[2] / "docs" / "patterns.md"
NOT_EXPRESSIBLE = "not expressible"


def _row(scenario: Scenario) -> str:
    program = PROGRAMS.get(scenario.number)
    if program is None:
        return f"| {scenario.number} | {scenario.name} | | {NOT_EXPRESSIBLE} |"
    for line in scenario.lines:
        check(MachineDriver(program.workflow, None, recovering(program.workflow)), line)
    return f"| {scenario.number} | {scenario.name} | `{program.operator}` | {program.result} |"


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| Number")]


def test_the_table_is_what_the_programs_do() -> None:
    rows = [row for row in _rows(PAGE.read_text(encoding="utf-8")) if not row.startswith("| ---")]
    assert rows == [_row(scenario) for scenario in SCENARIOS]


def test_the_count_is_that_of_the_table() -> None:
    patterns = [PROGRAMS.get(scenario.number) for scenario in SCENARIOS if scenario.number.isdigit()]
    direct = sum(program is not None and program.direct for program in patterns)
    assert f"wio expresses {direct} of the 43 directly" in PAGE.read_text(encoding="utf-8")


def test_the_operators_are_those_of_the_library() -> None:
    for program in PROGRAMS.values():
        names = {name for name in wio.__all__ if f"{name}(" in program.operator}
        assert names or ">>" in program.operator or "handle_error" in program.operator or program.operator == "cancel"
