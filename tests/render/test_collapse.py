"""Are the right shapes left out of a large picture?"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interpreters.render import Drawing, Progress, Reached, State, draw
from interpreters.render.collapse import collapsed
from interpreters.render.drawing import More
from interpreters.render.inside import active_state, shape_count, step_count
from tests.render.random_programs import LAW, programs, step
from wio import WIO, branch, when

AnyProgram = WIO[Any, Any, Any]


def chain(length: int) -> AnyProgram:
    program = step("s1")
    for number in range(2, length + 1):
        program = program >> step(f"s{number}")
    return program


def shown(drawing: Drawing) -> list[object]:
    return [shape.steps if isinstance(shape, More) else shape.place.address for shape in drawing.body]


def test_a_small_picture_is_whole() -> None:
    assert shown(draw(chain(10), most=10)) == [f"s{number}" for number in range(1, 11)]


def test_the_first_and_the_last_steps_stay() -> None:
    assert shown(draw(chain(100), most=10)) == ["s1", "s2", "s3", "s4", 92, "s97", "s98", "s99", "s100"]


def test_the_active_step_and_its_neighbours_stay() -> None:
    trace = (*(Reached(f"s{number}") for number in range(1, 50)), Reached("s50", State.RUNNING))
    drawing = draw(chain(100), progress=Progress(trace), most=10)
    assert shown(drawing) == ["s1", "s2", 45, "s48", "s49", "s50", "s51", 47, "s99", "s100"]


def test_a_large_arm_shrinks_and_its_branch_stays() -> None:
    drawing = draw(branch(when(bool, name="long") >> chain(100), default=chain(2)), most=12)
    assert shape_count(drawing.body) <= 12
    assert step_count(drawing.body) == 102


@LAW
@given(programs(), st.integers(1, 40))
def test_no_step_is_lost_and_no_picture_is_too_large(program: AnyProgram, most: int) -> None:
    whole = draw(program, most=1_000_000)
    small = collapsed(whole, most)
    assert shape_count(small.body) <= most
    assert step_count(small.body) == step_count(whole.body)


@LAW
@given(programs(), st.data())
def test_the_active_state_stays_visible(program: AnyProgram, data: st.DataObject) -> None:
    steps = [shape.place.address for shape in draw(program).body if shape.place.address]
    if steps:
        at = data.draw(st.integers(0, len(steps) - 1))
        trace = (*(Reached(address) for address in steps[:at]), Reached(steps[at], State.PAUSED))
        drawing = draw(program, progress=Progress(trace), most=10)
        assert active_state(drawing.body) is State.PAUSED
