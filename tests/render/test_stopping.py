"""Is a state only said to go on where its constants and annotations say that it always does?"""

from __future__ import annotations

from typing import Any

import pytest
from returns.result import Result

from interpreters.render.stopping import may_stop
from tests.render.sample_operators import going, going_on
from tests.render.sample_workflows import AnyProgram, never, step
from wio import branch, catch, compute, fail, first_of, pure, saga, undoable, wait_until, when
from wio.machines import Goto, Stop


def either(_: int) -> Goto[int] | Stop[int]:
    return Stop(1)


def one_or_another(_: int) -> Goto[int] | Goto[str]:
    return Goto("a", 1)


def or_fails(_: int) -> Result[Goto[int], str]:
    return Result.from_value(Goto("a", 1))


def or_fails_or_stops(_: int) -> Result[Goto[int] | Stop[int], str]:
    return Result.from_value(Stop(1))


def unreadable(_: int) -> Missing:  # type: ignore[name-defined]  # pyright: ignore[reportUndefinedVariable]  # noqa: F821
    return Goto("a", 1)


class Asked:
    def __call__(self, _: int) -> Goto[int]:
        return Goto("a", 1)

    def __repr__(self) -> str:
        return str(never())


class Silent:
    def __call__(self, *_: Any) -> Any:
        return never()

    def __repr__(self) -> str:
        return str(never())


GOES_ON = [
    pure(Goto("a", 1)),
    compute(going_on),
    compute(one_or_another),
    compute(or_fails),
    compute(Asked()),
    going("a"),
    step("a") >> going("b"),
    step("a") >> fail("no"),
    branch(when(bool) >> going("a"), default=pure(Goto("a", 1))),
    going("a").handle_error(catch(ValueError, pure(Goto("a", 1)))),
    first_of(going("a"), going("b")),
    saga(undoable(going("a"), step("b"))).named("part"),
]
MAY_STOP = [
    pure(Stop(1)),
    compute(never),
    compute(lambda _: Goto("a", 1)),
    compute(either),
    compute(or_fails_or_stops),
    compute(unreadable),
    compute(Silent()),
    step("a"),
    going("a") >> step("b"),
    branch(when(bool) >> going("a"), default=pure(Stop(1))),
    going("a").handle_error(pure(Stop(1))),
    going("a").flat_map(never),
    wait_until(never),
]


@pytest.mark.parametrize("body", GOES_ON)
def test_a_state_that_always_goes_on_does_not_end(body: AnyProgram) -> None:
    assert not may_stop(body)


@pytest.mark.parametrize("body", MAY_STOP)
def test_a_state_of_which_that_is_not_known_may_end(body: AnyProgram) -> None:
    assert may_stop(body)
