"""Does a picture find words for everything without asking the user's code?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from interpreters.render import draw, to_text
from interpreters.render.wording import (
    count_words,
    duration_words,
    moment_words,
    policy_words,
    printable,
    retry_words,
    value_words,
)
from tests.render.random_programs import step
from wio import Exceeded, Fixed, Retry, fail, loop, pure, repeat_while
from wio.nodes import Timing


class Secretive:
    """Is a value that must not be asked to show itself."""

    def __repr__(self) -> str:
        raise AssertionError("a picture called a user's repr")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a picture compared a user's value")

    __hash__ = None  # type: ignore[assignment]


def test_a_value_of_the_user_is_told_by_its_type() -> None:
    text = to_text(draw(pure(Secretive()) >> fail(Secretive())))
    assert "pure Secretive" in text
    assert "fail Secretive" in text


@pytest.mark.parametrize(
    ("value", "words"), [("S", "'S'"), (3, "3"), (None, "None"), (ValueError, "ValueError"), ((1, 2), "tuple")]
)
def test_a_plain_value_is_told_as_it_is_written(value: object, words: str) -> None:
    assert value_words(value) == words


def test_a_long_value_is_cut() -> None:
    assert value_words("x" * 1_000) == "'" + "x" * 58 + "…"


def test_text_stays_on_one_line() -> None:
    assert printable("two\nlines\x1b[0m \ud800") == "two lines [0m  "


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(0), "0s"),
        (timedelta(days=3), "3d"),
        (timedelta(hours=26, minutes=5), "1d 2h 5min"),
        (timedelta(seconds=90.5), "1min 30.5s"),
        (timedelta(days=-1), "-1d"),
    ],
)
def test_a_duration_is_told_by_its_units(duration: timedelta, words: str) -> None:
    assert duration_words(duration) == words


def test_a_moment_is_told_whether_it_is_given_or_computed() -> None:
    def due(_: Any) -> datetime:
        raise AssertionError

    assert moment_words(timedelta(hours=1), Timing.DURATION) == "for 1h"
    assert moment_words(datetime(2026, 11, 21, 9, tzinfo=UTC), Timing.INSTANT) == "until 2026-11-21 09:00 UTC"
    assert moment_words(due, Timing.INSTANT) == "until due"
    assert moment_words(lambda _: due(_), Timing.DURATION) == "for a computed time"


def test_a_retry_policy_is_told_with_all_that_it_says() -> None:
    policy = Retry(
        attempts=3,
        backoff=Fixed(timedelta(seconds=1)),
        on=(OSError, TimeoutError),
        fail_on=(PermissionError,),
        attempt_timeout=timedelta(seconds=30),
        overall=timedelta(hours=1),
        exceeded=Exceeded.FAIL,
    )
    said = "on OSError or TimeoutError, 30s each, 1h in all, fails on PermissionError, else fails"
    assert retry_words(policy) == f"retry \N{MULTIPLICATION SIGN}3, {said}"
    assert policy_words(policy, None) == f"retry \N{MULTIPLICATION SIGN}3, after 1s, {said}"
    assert retry_words(Retry(on=())) == "retry, on nothing"


def test_a_retry_policy_is_told_by_its_attempts() -> None:
    assert [retry_words(policy) for policy in (None, Retry(), Retry(attempts=4))] == [
        "",
        "retry",
        "retry \N{MULTIPLICATION SIGN}4",
    ]


def test_the_question_of_a_loop_is_told_as_it_was_asked() -> None:
    assert "loop until callable" in to_text(draw(loop(step("a"), until=callable)))
    assert "loop while callable" in to_text(draw(repeat_while(callable, step("a"))))


def test_a_single_step_is_left_out_in_the_singular() -> None:
    assert [count_words(1), count_words(99_980)] == ["… 1 more step …", "… 99,980 more steps …"]
