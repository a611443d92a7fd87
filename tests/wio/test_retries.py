"""After which delay is a failed attempt tried again?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interpreters.machine.pending import EffectToRun, Outcome, PausedAt
from interpreters.testing import START, Simulation
from wio import Exponential, Fixed, GivenUp, InvalidDefinition, Linear, Retry, Workflow, run_io
from wio.retries import Backoff

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("backoff", "seconds"),
    [
        (Fixed(SECOND), [1, 1, 1, 1]),
        (Linear(SECOND), [1, 2, 3, 4]),
        (Exponential(SECOND), [1, 2, 4, 8]),
        (Exponential(SECOND, factor=3), [1, 3, 9, 27]),
        (Exponential(SECOND, factor=0.5), [1, 0.5, 0.25, 0.125]),
        (Fixed(timedelta(0)), [0, 0, 0, 0]),
    ],
)
def test_the_delays_of_a_backoff(backoff: Backoff, seconds: list[float]) -> None:
    assert [backoff.before_retry(retry).total_seconds() for retry in (1, 2, 3, 4)] == seconds


def test_a_policy_is_used_up_after_its_attempts() -> None:
    policy = Retry(attempts=3, backoff=Fixed(SECOND))
    assert [policy.delay(failed, 0.0) for failed in (1, 2, 3, 4)] == [SECOND, SECOND, None, None]
    assert Retry(attempts=1).delay(1, 0.0) is None


def test_without_attempts_it_is_tried_for_ever() -> None:
    assert Retry(backoff=Fixed(SECOND)).delay(1_000_000, 0.0) == SECOND


def test_the_ceiling_bounds_each_delay() -> None:
    policy = Retry(backoff=Linear(SECOND), ceiling=3 * SECOND)
    assert [policy.delay(failed, 0.0) for failed in (1, 3, 5)] == [SECOND, 3 * SECOND, 3 * SECOND]


def test_jitter_takes_up_to_its_fraction_off() -> None:
    policy = Retry(backoff=Fixed(10 * SECOND), jitter=0.5)
    assert [policy.delay(1, drawn) for drawn in (0.0, 0.5, 1.0)] == [10 * SECOND, 7.5 * SECOND, 5 * SECOND]


_delays = st.timedeltas(min_value=timedelta(0))
_backoffs = st.one_of(
    st.builds(Fixed, _delays),
    st.builds(Linear, _delays),
    st.builds(Exponential, _delays, st.floats(min_value=1e-3, max_value=1e9)),
)


@settings(deadline=None)
@given(_backoffs, _delays, st.integers(1, 10**9), st.floats(0, 1), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_negative_nor_above_the_ceiling(
    backoff: Backoff, ceiling: timedelta, failed: int, jitter: float, drawn: float
) -> None:
    """Nor does it overflow, however long an instance has been failing."""
    delay = Retry(backoff=backoff, ceiling=ceiling, jitter=jitter).delay(failed, drawn)
    assert delay is not None
    assert timedelta(0) <= delay <= ceiling


@pytest.mark.parametrize("attempts", [0, -1])
def test_a_step_is_tried_at_least_once(attempts: int) -> None:
    with pytest.raises(InvalidDefinition, match="attempts"):
        Retry(attempts=attempts)


@pytest.mark.parametrize("jitter", [-0.1, 1.1, float("nan")])
def test_jitter_is_a_fraction(jitter: float) -> None:
    with pytest.raises(InvalidDefinition, match="jitter"):
        Retry(jitter=jitter)


@pytest.mark.parametrize("factor", [0.0, -2.0, float("nan"), float("inf")])
def test_a_factor_is_a_number_above_zero(factor: float) -> None:
    with pytest.raises(InvalidDefinition, match="factor"):
        Exponential(SECOND, factor)


def test_a_delay_cannot_be_negative() -> None:
    with pytest.raises(InvalidDefinition, match="negative"):
        Retry(backoff=Fixed(-SECOND))
    with pytest.raises(InvalidDefinition, match="negative"):
        Retry(ceiling=-SECOND)


class Gone(ConnectionError):
    """Is a kind of `OSError`."""


def test_the_classes_of_a_policy_have_their_subclasses() -> None:
    policy = Retry(on=(OSError, TimeoutError), fail_on=(ConnectionError,))
    errors = (Gone(), OSError(), TimeoutError(), ValueError(), Exception())
    assert [policy.retries(error) for error in errors] == [True, True, True, False, False]
    assert [policy.fails(error) for error in errors] == [True, False, False, False, False]


def test_without_classes_every_error_is_tried_again_and_none_fails_the_instance() -> None:
    assert Retry().retries(ValueError())
    assert not Retry().fails(ValueError())
    assert not Retry(on=()).retries(ValueError())


@pytest.mark.parametrize("field", ["on", "fail_on"])
@pytest.mark.parametrize("classes", [OSError, [OSError], "OSError", (OSError(),), (OSError, "late"), (list[int],)])
def test_classes_come_in_a_tuple(field: str, classes: object) -> None:
    wrong: Any = {field: classes}
    with pytest.raises(InvalidDefinition, match=rf"{field}=.* Give a tuple of classes: {field}=\(OSError,\)"):
        Retry(**wrong)


@pytest.mark.parametrize("field", ["attempt_timeout", "overall"])
@pytest.mark.parametrize("duration", [timedelta(0), -SECOND])
def test_a_time_is_above_zero(field: str, duration: timedelta) -> None:
    wrong: Any = {field: duration}
    with pytest.raises(InvalidDefinition, match=f"{field}=.* Give a timedelta above zero"):
        Retry(**wrong)


def test_what_becomes_of_a_step_is_one_of_three() -> None:
    wrong: Any = "fail"
    with pytest.raises(InvalidDefinition, match=r"Give Exceeded.PAUSE, Exceeded.FAIL or Pause\(resume_after=...\)"):
        Retry(exceeded=wrong)


# In an instance


def test_a_failing_step_is_retried_as_its_policy_says_and_then_paused() -> None:
    """81, 87: each delay is waited for; R: a restart in between neither shortens nor resets it."""
    moments: list[timedelta] = []

    def fails(number: int) -> int:
        moments.append(simulation.clock.now() - START)
        raise OSError(number)

    failing = Workflow("w", version=1, input=int, root=run_io(fails, retry=Retry(attempts=3, backoff=Linear(SECOND))))
    with Simulation(failing) as simulation:
        run = simulation.start(failing, id="i", input=1)
        waiting = run.pending[0]
        assert isinstance(waiting, EffectToRun)
        assert (waiting.attempt, waiting.not_before) == (2, START + SECOND)
        simulation.crash()
        assert run.pending[0] == waiting
        simulation.advance(10 * SECOND)
        assert isinstance(run.pending[0], PausedAt)
        assert moments == [0 * SECOND, 1 * SECOND, 3 * SECOND]
        run.resume()
        assert moments[-1] == 10 * SECOND
        waiting = run.pending[0]
        assert isinstance(waiting, EffectToRun), "a resume gives a fresh policy"
        assert waiting.attempt == 5


def test_a_retry_that_succeeds_applies_its_event() -> None:
    """88."""
    left = [OSError("one"), OSError("two")]

    def recovers(number: int) -> int:
        if left:
            raise left.pop()
        return number + 1

    recovering = Workflow("w", version=1, input=int, root=run_io(recovers, retry=Retry(backoff=Fixed(SECOND))))
    with Simulation(recovering) as simulation:
        run = simulation.start(recovering, id="i", input=1)
        simulation.advance(5 * SECOND)
        assert isinstance(run.pending[0], Outcome)
        assert run.pending[0].result.unwrap() == 2


def test_a_mistake_of_the_program_is_not_retried() -> None:
    """A value that cannot be kept will not become keepable by trying again."""
    runs: list[int] = []

    def wrong(number: int) -> str:
        runs.append(number)
        return number  # type: ignore[return-value]

    policy = Retry(backoff=Fixed(SECOND))
    mistaken = Workflow("w", version=1, input=int, root=run_io(wrong, retry=policy))
    with Simulation(mistaken) as simulation:
        run = simulation.start(mistaken, id="i", input=1)
        assert isinstance(run.pending[0], PausedAt)
        assert runs == [1]


def test_what_was_given_up_is_a_value() -> None:
    assert GivenUp("OSError", "gone", 3) == GivenUp(type="OSError", message="gone", attempts=3)
    assert GivenUp("OSError", "gone", 3) != GivenUp("OSError", "gone", 4)
