"""What does a join see of the results so far?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from returns.result import Success

from interpreters.machine.turn import Turn
from tests.machine.driving import begun, ran
from tests.machine.programs import workflow_of
from wio import for_each, parallel, run_io


def double(number: int) -> int:
    return number * 2


@pytest.mark.parametrize("kind", ["parallel", "each"])
def test_the_results_by_name_in_the_order_of_the_branches_as_they_were(kind: str) -> None:
    asked: list[Mapping[str, Any]] = []

    def both(results: Mapping[str, Any]) -> bool:
        asked.append(results)
        return len(results) == 2 and "1" in results

    step = run_io(double)
    if kind == "parallel":
        workflow = workflow_of(parallel(step.named("3"), step.named("1"), step.named("2"), join=both).map(str))
        addresses = [f"parallel[{name}]/{name}" for name in ("2", "1")]
    else:
        workflow = workflow_of(for_each(lambda _: [3, 1, 2], step, key=str, element=int, join=both).map(str))
        addresses = [f"each[{name}]/double" for name in ("2", "1")]
    here: Turn = begun(workflow, 5)
    for number, address in enumerate(addresses):
        here = ran(here, number, address=address)
    assert [list(results.items()) for results in asked] == [[("2", 0)], [("1", 1), ("2", 0)]]
    assert repr(asked[1]) == "{'1': 1, '2': 0}"
    with pytest.raises(KeyError):
        asked[0]["1"]
    assert here.execution.ended is not None
    assert isinstance(here.execution.ended.outcome, Success)
