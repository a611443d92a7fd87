"""Is a step that was given up shown as a failure, and as a handled one where a value took its place?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Failure, Result, Success

from interpreters.render import draw, to_text
from interpreters.testing import Simulation
from interpreters.tracing import progress
from wio import WIO, GivenUp, Rest, Retry, Workflow, parallel, retrying, run_io, wait

Ending = Callable[[int, GivenUp], Result[int, str]]


def refuse(_number: int) -> int:
    raise OSError("no disk")


def skip(_number: int, _given_up: GivenUp) -> Result[int, str]:
    return Success(-1)


def give_in(_number: int, given_up: GivenUp) -> Result[int, str]:
    return Failure(given_up.message)


alone: WIO[int, Any, int] = run_io(refuse, name="store")
beside: WIO[int, Any, int] = parallel(alone, wait(timedelta(days=1)), join=2, rest=Rest.CANCEL).map(lambda _: 1)


@pytest.mark.parametrize("part", [alone, beside], ids=["alone", "in a branch"])
@pytest.mark.parametrize(("ending", "told"), [(skip, "failed, handled: given up"), (give_in, "failed: given up")])
def test_it_says_whether_the_instance_went_on(part: WIO[int, Any, int], ending: Ending, told: str) -> None:
    workflow = Workflow("storage", version=1, input=int, root=retrying(part, Retry(attempts=1), ending))
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="a", input=7)
        text = to_text(draw(workflow, progress=progress(workflow, run.history)))
    (line,) = (line for line in text.splitlines() if "store  " in line)
    assert line.endswith(f"✗ {told}")
