"""Is `WIO` a lawful container of `returns`? Its own law checker says so, when `==` compares what can be observed.

Equality of programs is structural: it tells `pure(1).map(f)` from `pure(f(1))`. The laws hold up to observation, so
they are checked on `Observed`, which is equal when the programs in it leave the same journal and the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st
from returns.contrib.hypothesis.laws import check_all_laws
from returns.interfaces.altable import AltableN
from returns.interfaces.container import ContainerN
from returns.interfaces.lashable import LashableN
from returns.pipeline import flow, pipe
from returns.pointfree import alt, apply, bind, lash, map_
from returns.primitives.container import BaseContainer
from returns.primitives.hkt import SupportsKind3
from returns.result import Failure, Success

from interpreters.machine.pending import EffectToRun, Outcome
from tests.machine.driving import begun, ran, told
from wio import WIO, Workflow, compute, fail, pure, run_io
from wio.nodes import Composable

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E")


def ask(number: int) -> int:
    return number * 3


step = run_io(ask, name="step")


def observe(program: WIO[int, Any, Any]) -> tuple[list[tuple[str, str, str]], object]:
    """Return what a program records when each of its effects runs, and its result."""
    here = begun(Workflow("observed", version=1, input=int, root=program), 2)
    entries = list(here.entries)
    while isinstance(here.pending[0], EffectToRun):
        here = ran(here, here.pending[0].function(*here.pending[0].arguments))
        entries.extend(here.entries)
    assert isinstance(here.pending[0], Outcome)
    return told(entries), here.pending[0].result


class Observed(
    BaseContainer,
    SupportsKind3["Observed[Any, Any, Any]", B, E, A],
    ContainerN[B, E, A],
    AltableN[B, E, A],
    LashableN[B, E, A],
):
    """Holds a program and passes every method on to it."""

    def __init__(self, program: WIO[int, Any, Any]) -> None:
        super().__init__(program)

    @property
    def program(self) -> WIO[int, Any, Any]:
        return self._inner_value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Observed) and observe(self.program) == observe(other.program)

    def __hash__(self) -> int:
        return hash(Observed)

    def __repr__(self) -> str:
        return repr(self.program)

    def map(self, function: Callable[[Any], Any]) -> Observed:
        return Observed(self.program.map(function))

    def apply(self, container: Observed) -> Observed:
        return Observed(self.program.apply(container.program))

    def bind(self, function: Callable[[Any], Observed]) -> Observed:
        return Observed(self.program.bind(lambda value: function(value).program))

    def alt(self, function: Callable[[Any], Any]) -> Observed:
        return Observed(self.program.alt(function))

    def lash(self, function: Callable[[Any], Observed]) -> Observed:
        return Observed(self.program.lash(lambda error: function(error).program))

    @classmethod
    def from_value(cls, inner_value: Any) -> Observed:
        return cls(WIO.from_value(inner_value))


def _observed(form: Any) -> st.SearchStrategy[Observed]:
    """Draw programs whose values and errors are of the types that a law asks for."""
    arguments: tuple[Any, ...] = getattr(form, "__args__", (int, int))
    value_type, error_type = arguments[:2]
    values, errors = st.from_type(value_type), st.from_type(error_type)
    return st.one_of(
        st.builds(lambda value: Observed(pure(value)), values),
        st.builds(lambda error: Observed(fail(error)), errors),
        st.builds(lambda value: Observed(step.map(lambda _: value)), values),
        st.builds(lambda value: Observed(step >> step >> pure(value)), values),
        st.builds(lambda error: Observed(step >> fail(error)), errors),
        st.builds(lambda value: Observed((step >> fail(0)).lash(lambda _: step >> pure(value))), values),
    )


check_all_laws(
    Observed,  # type: ignore[type-abstract]
    container_strategy=_observed,
    settings_kwargs={"max_examples": 40, "deadline": None},
)


def test_the_laws_are_those_that_the_interfaces_of_wio_state() -> None:
    laws = {law.name for laws in WIO.laws().values() for law in laws}
    assert laws == {law.name for laws in Observed.laws().values() for law in laws}
    assert {"left_identity_law", "right_identity_law", "associative_law", "composition_law"} <= laws


def test_the_observation_tells_programs_apart() -> None:
    """Without this the laws would prove nothing."""
    assert Observed(pure(1)) != Observed(pure(2))
    assert Observed(pure(1)) != Observed(fail(1))
    assert Observed(pure(1)) != Observed(step >> pure(1))
    assert Observed(step >> pure(1)) != Observed(step >> step >> pure(1))
    assert Observed(step.map(str)) == Observed(step >> compute(str))


# The point-free functions


def again(number: int) -> WIO[int, Any, int]:
    return step.map(lambda event: event + number)


def rescue(error: str) -> WIO[int, Any, int]:
    return pure(len(error))


def result_of(program: Any) -> object:
    assert isinstance(program, Composable)
    return observe(program)[1]


def test_flow_binds_and_maps() -> None:
    """`bind` gives the original input again: 2, of which each step makes 6."""
    assert result_of(flow(step, bind(again), map_(str))) == Success("12")
    assert flow(step, bind(again), map_(str)) == step.bind(again).map(str)


def test_flow_changes_and_rescues_errors() -> None:
    assert result_of(flow(fail("lost"), alt(len))) == Failure(4)
    assert result_of(flow(fail("lost"), lash(rescue))) == Success(4)
    assert result_of(flow(step, lash(rescue))) == Success(6)
    assert result_of(flow(fail("lost"), map_(str), bind(again))) == Failure("lost")


def test_pipe_and_apply() -> None:
    assert result_of(pipe(bind(again), map_(abs))(step)) == Success(12)
    assert result_of(flow(step, apply(pure(str)))) == Success("6")
    assert result_of(flow(step, apply(fail("no function")))) == Failure("no function")
