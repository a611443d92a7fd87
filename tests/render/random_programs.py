"""Which programs do the laws of pictures range over? Trees of every node, with names that formats must escape.

The functions in them are real, so that the machine can run them: a value counts the steps that came before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from tests.render import random_joints
from tests.render.sample_workflows import CONFIRM, STATUS, CardDeclined, OutOfStock
from wio import (
    WIO,
    branch,
    catch,
    check,
    compute,
    fail,
    handle_signal,
    loop,
    pure,
    query,
    repeat_while,
    run_io,
    wait,
    when,
)

AnyProgram = WIO[Any, Any, Any]

NAMES = ("a", "b", "end", 'say "hi"', "<b>", "x & y", "größe", "日本", "1. go", "- no", "`tick`", "back\\slash", "%%{")

_MOST_LEVELS = 4

LAW = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
"""Are the settings of every law: the same examples each time, however busy the machine is."""

names = st.sampled_from(NAMES)


def step(name: str) -> AnyProgram:
    """Return a step that counts."""
    return run_io(_more, name=name, event=int)


def _more(value: int) -> int:
    return value + 1


def _divides(divisor: int) -> Callable[[Any], bool]:
    return lambda value: value % divisor == 0


def _checked(value: int) -> Any:
    return Failure(CardDeclined()) if value % 3 == 1 else Success(value)


def _signal(name: str) -> AnyProgram:
    return handle_signal(CONFIRM, _first, _first, respond=lambda *_: "", name=name, event=int)


def _first(value: int, _: object) -> int:
    return value


leaves = st.one_of(
    st.builds(step, names),
    st.builds(_signal, names),
    st.builds(lambda name: wait(timedelta(days=1), name=name), names),
    st.builds(lambda name: check(_checked, name=name), names),
    st.builds(lambda name: compute(_more, name=name), names),
    st.just(compute(_more)),
    st.builds(pure, st.integers(0, 5)),
    st.builds(fail, st.sampled_from([CardDeclined(), OutOfStock()])),
)


def _larger(programs: st.SearchStrategy[AnyProgram], dynamic: bool, joints: bool) -> st.SearchStrategy[AnyProgram]:
    two, three = st.sampled_from([2, 3]), st.sampled_from([3, 4])
    kinds = [
        st.builds(lambda one, other: one >> other, programs, programs),
        st.builds(
            lambda one, other, divisor, name: branch(
                (when(_divides(divisor), name="large") >> one) | (when(_divides(5), name="odd") >> other), name=name
            ),
            programs,
            programs,
            two,
            names,
        ),
        st.builds(
            lambda one, other, divisor: branch(when(_divides(divisor), name="even") >> one, default=other),
            programs,
            programs,
            two,
        ),
        st.builds(
            lambda body, back, divisor, name: loop(
                step("begin") >> body, until=_divides(divisor), back=back, name=name
            ),
            programs,
            programs,
            three,
            names,
        ),
        st.builds(
            lambda body, divisor: repeat_while(lambda value: value % divisor != 0, step("begin") >> body),
            programs,
            three,
        ),
        st.builds(lambda base, handler: base.handle_error(_declined(handler)), programs, programs),
        st.builds(lambda base, handler: base.handle_error(_uncaught >> handler), programs, programs),
        st.builds(lambda base: query(STATUS, lambda _: "", base), programs),
        st.builds(lambda base, name: base.named(name), programs, names),
        st.builds(lambda base: base.transform_output(lambda _, output: output), programs),
    ]
    if dynamic:
        kinds.append(
            st.builds(
                lambda base, one, other: base.flat_map(lambda value: one if value % 2 else other),
                programs,
                programs,
                programs,
            )
        )
    if joints:
        kinds.extend(random_joints.larger(programs))
    return st.one_of(kinds)


_uncaught = compute(lambda caught: caught.state if isinstance(caught.state, int) else 0)


def _declined(handler: AnyProgram) -> Any:
    return catch(CardDeclined, _uncaught >> handler)


def programs(*, dynamic: bool = True, joints: bool = True, levels: int = _MOST_LEVELS) -> st.SearchStrategy[AnyProgram]:
    """Return a strategy of programs of up to about 20 leaves. With `joints` several threads run in them."""
    return _programs(levels, dynamic, joints)


def with_many() -> st.SearchStrategy[AnyProgram]:
    """Return a strategy of small programs around a for-each or a multi-merge: what follows has the names in them."""
    small = programs(joints=False, levels=1)
    many = random_joints.many(small | small.map(lambda part: part.handle_error(_uncaught >> step("a"))))
    then = st.sampled_from([lambda one, other: one >> other, lambda one, other: one.flat_map(lambda _: other)])
    return st.builds(lambda how, one, other: how(one, other), then, many, small | many)


@st.composite
def _programs(draw: st.DrawFn, levels: int, dynamic: bool, joints: bool) -> AnyProgram:
    """Return a program that nests so deep. As a composite it is short in reports; the strategies inside are not."""
    return draw(_of_levels(levels, dynamic, joints))


@lru_cache
def _of_levels(levels: int, dynamic: bool, joints: bool) -> st.SearchStrategy[AnyProgram]:
    smallest = leaves | random_joints.leaves if joints else leaves
    return smallest | _larger(_programs(levels - 1, dynamic, joints), dynamic, joints) if levels else smallest
