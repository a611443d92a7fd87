"""What is brought to a meeting, who sees it, and what arrives where nothing is held?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from interpreters.errors import LostArrival
from interpreters.machine.pending import EffectToRun, answer, pending
from interpreters.machine.transition import begin
from wio import WIO, Meeting, Query, Workflow, arrive, decline, gather, meet, pure, query, run_io

MEAL = Meeting("meal", brings=int, needs={"guest": 2, "cook": 1})
SEEN = Query("seen", response=str)


def eat(brought: Mapping[str, tuple[int, ...]]) -> int:
    """Is the effect of a meeting."""
    return len(brought)


def meals(root: WIO[Any, Any, Any]) -> list[tuple[str, Any]]:
    """Return where the effects are that a program waits for at its beginning, and on what they run."""
    workflow = Workflow("sample", version=1, input=int, root=root)
    waiting = [each for each in pending(begin(workflow, 1)) if isinstance(each, EffectToRun)]
    return [(each.address, *each.arguments) for each in waiting]


def guest(number: int) -> WIO[Any, Any, int]:
    """Return a program that comes with a number."""
    return pure(number) >> arrive(MEAL, "guest")


cook = pure(9) >> arrive(MEAL, "cook")
held = meet(MEAL, run_io(eat))


def test_each_party_brings_what_it_has_in_the_order_of_arrival() -> None:
    assert meals(gather(guest(1) >> guest(2) >> cook, held)) == [
        ("gather[meal]/eat", {"guest": (1, 2), "cook": (9,)}),
    ]
    assert meals(gather(guest(5) >> cook >> guest(3), held)) == [
        ("gather[meal]/eat", {"guest": (5, 3), "cook": (9,)}),
    ]


def test_what_is_not_needed_yet_is_kept_for_the_next_time() -> None:
    rest = guest(4) >> cook >> guest(5) >> cook >> guest(6)
    assert meals(gather(guest(1) >> guest(2) >> guest(3) >> rest, held)) == [
        ("gather[meal#2]/eat", {"guest": (3, 4), "cook": (9,)}),
        ("gather[meal]/eat", {"guest": (1, 2), "cook": (9,)}),
    ]


def test_who_declines_brings_nothing() -> None:
    absent = decline(MEAL, "guest")
    assert meals(gather(guest(1) >> absent >> cook, held)) == [("gather[meal]/eat", {"guest": (1,), "cook": (9,)})]
    assert meals(gather(absent >> absent >> decline(MEAL, "cook") >> cook >> guest(1) >> guest(2), held)) == [
        ("gather[meal]/eat", {"guest": (1, 2), "cook": (9,)}),
    ]


def test_a_query_sees_what_the_body_ended_with() -> None:
    root = query(SEEN, str, gather(guest(1) >> guest(2) >> cook >> pure("ready"), held))
    assert answer(begin(Workflow("sample", version=1, input=int, root=root), 1), SEEN) == "ready"


def test_what_arrives_where_nothing_is_held_is_a_fault_that_names_the_place() -> None:
    another = Meeting("meal", brings=int, needs={"cook": 1})
    with pytest.raises(LostArrival, match=r"'kitchen' arrives at the meeting 'meal'.*gather\(") as lost:
        meals(gather(cook, meet(another, pure(1))).named("kitchen"))
    assert (lost.value.meeting, lost.value.address) == ("meal", "kitchen")
