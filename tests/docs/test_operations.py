"""Does the page on operations show the moves that there are?"""

from __future__ import annotations

import re

from docs.snippets import ROOT
from journals.entries import Status
from journals.run_states import MOVES, RunState, run_state

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Run states\n")[2].partition("\n## ")[0]


def test_the_table_has_every_state_with_its_statuses_and_its_moves() -> None:
    rows = re.findall(r"^\| (\w+) \| (`.*?) \| (.*?) \|$", SECTION, re.MULTILINE)
    shown = {RunState(name): {RunState(to) for to in moves.split(", ")} for name, _, moves in rows}
    assert shown == MOVES
    statuses = {RunState(name): {Status(word) for word in re.findall(r"`(\w+)`", words)} for name, words, _ in rows}
    assert statuses == {state: {each for each in Status if run_state(each) is state} for state in RunState}


def test_the_graph_draws_only_moves_that_there_are_and_comes_by_every_state() -> None:
    drawn = {
        (RunState(one), RunState(other)) for one, other in re.findall(r"^    (\w+) --> (\w+)", SECTION, re.MULTILINE)
    }
    assert all(other in MOVES[one] for one, other in drawn)
    assert {state for move in drawn for state in move} == set(RunState)
