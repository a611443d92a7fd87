"""What do a gathering, its meetings and the arrivals at them consist of?"""

from __future__ import annotations

import pytest

from wio import InvalidDefinition, InvalidName, Meeting, arrive, compute, decline, gather, meet, pure, run_io
from wio.nodes import Arrive, Gathering, Meet, children

CAR = Meeting("car", brings=int, needs={"engine": 1, "wheel": 4})
VAN = Meeting("van", brings=int, needs={"engine": 1})

a = run_io(abs, name="a")
b = run_io(len, name="b")


def test_each_is_the_node_of_its_parts() -> None:
    assert arrive(CAR, "wheel") == Arrive(CAR, "wheel")
    assert decline(CAR, "wheel") == Arrive(CAR, "wheel", comes=False) != arrive(CAR, "wheel")
    whole = gather(a >> arrive(CAR, "wheel"), meet(CAR, b), meet(VAN, b), name="hall", description="Builds.")
    assert whole == Gathering(
        a >> Arrive(CAR, "wheel"), (Meet(CAR, b), Meet(VAN, b)), name="hall", description="Builds."
    )
    assert children(whole) == (a >> arrive(CAR, "wheel"), b, b)


def test_a_meeting_is_a_value() -> None:
    assert Meeting("car", brings=int, needs={"engine": 1, "wheel": 4}) == CAR
    assert hash(CAR) != hash(VAN)
    assert CAR.parties == ("engine", "wheel")
    assert repr(arrive(CAR, "wheel")) == "<WIO arrive(car)>"


@pytest.mark.parametrize("needs", [{}, {"engine": 0}, {"engine": 1, "wheel": -1}])
def test_a_meeting_needs_everybody_at_least_once(needs: dict[str, int]) -> None:
    with pytest.raises(InvalidDefinition, match="'car'"):
        Meeting("car", brings=int, needs=needs)


@pytest.mark.parametrize(("name", "party"), [("a/b", "engine"), ("car", "a/b"), ("car", "")])
def test_names_are_those_that_an_address_can_hold(name: str, party: str) -> None:
    with pytest.raises(InvalidName):
        Meeting(name, brings=int, needs={party: 1})


@pytest.mark.parametrize("come", [arrive, decline])
def test_a_party_that_is_not_needed_is_refused(come: object) -> None:
    assert callable(come)
    with pytest.raises(InvalidDefinition, match=r"does not need 'door'\. It needs: engine, wheel"):
        come(CAR, "door")


def test_a_gathering_has_meetings_of_different_names() -> None:
    with pytest.raises(InvalidDefinition, match="holds no meetings"):
        gather(a)
    again = Meeting("car", brings=int, needs={"engine": 2})
    with pytest.raises(InvalidDefinition, match="Two meetings of 'gather' are called 'car'"):
        gather(a, meet(CAR, b), meet(again, b))


def test_what_arrives_goes_on_as_it_is() -> None:
    assert arrive(VAN, "engine") >> a == Arrive(VAN, "engine") >> a
    assert (pure(1) >> decline(VAN, "engine")) >> compute(abs) != pure(1) >> compute(abs)
