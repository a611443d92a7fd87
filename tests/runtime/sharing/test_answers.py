"""Does an answer arrive as what it was: a payload as it was returned, an error as its class with its fields?"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreters.errors import (
    AlreadyPaused,
    CannotGoBack,
    InstanceDataDeleted,
    InstanceEnded,
    InstancePaused,
    MoveRefused,
    NothingToRetry,
    NotPaused,
    SignalRefusal,
    TaskRefusal,
    TaskRefused,
    UnexpectedSignal,
    WrongPayload,
)
from interpreters.runtime.driving.driver import NotHandled
from interpreters.runtime.sharing import answers
from interpreters.runtime.sharing.answers import FailedElsewhere, refused, returned, value_of
from journals.entries import Payload
from journals.run_states import RunState
from wio.errors import WioError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MANY = st.lists(TEXTS, max_size=3).map(tuple)
ERRORS: dict[type[WioError], st.SearchStrategy[Any]] = {
    UnexpectedSignal: st.builds(
        UnexpectedSignal,
        TEXTS,
        st.sampled_from(SignalRefusal),
        MANY,
        reason=TEXTS,
        address=TEXTS,
        waiting=TEXTS,
    ),
    WrongPayload: st.builds(WrongPayload, TEXTS, TEXTS),
    NotHandled: st.builds(NotHandled, TEXTS),
    InstanceEnded: st.builds(InstanceEnded, TEXTS, st.sampled_from(RunState), st.sampled_from(RunState)),
    InstanceDataDeleted: st.builds(InstanceDataDeleted, TEXTS),
    CannotGoBack: st.builds(CannotGoBack, TEXTS, TEXTS, TEXTS),
    MoveRefused: st.builds(MoveRefused, TEXTS, st.sampled_from(RunState), st.sampled_from(RunState)),
    AlreadyPaused: st.builds(AlreadyPaused, TEXTS, TEXTS),
    NothingToRetry: st.builds(NothingToRetry, TEXTS, TEXTS),
    InstancePaused: st.builds(
        InstancePaused, TEXTS, TEXTS, TEXTS, MANY, TEXTS, st.none() | st.datetimes(timezones=st.just(UTC))
    ),
    NotPaused: st.builds(NotPaused, TEXTS),
    TaskRefused: st.builds(TaskRefused, TEXTS, st.sampled_from(TaskRefusal), TEXTS),
}


@given(st.none() | st.builds(Payload, TEXTS, st.integers(0, 9), TEXTS))
def test_what_was_returned_arrives_unchanged(value: Payload | None) -> None:
    assert value_of(returned(value)) == value


@pytest.mark.parametrize("kind", ERRORS)
@given(data=st.data())
def test_a_listed_error_arrives_as_what_it_was(kind: type[WioError], data: st.DataObject) -> None:
    error = data.draw(ERRORS[kind])
    with pytest.raises(kind) as raised:
        value_of(refused(error))
    assert type(raised.value) is kind
    assert str(raised.value) == str(error)
    assert vars(raised.value) == vars(error)


def test_every_listed_error_is_tried() -> None:
    assert set(ERRORS) == set(answers._REFUSALS)


class Refused(InstanceEnded):
    """Is an error of a user who derives from ours."""


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no stock"), "ValueError: no stock"),
        (KeyError("x"), "KeyError: 'x'"),
        (Refused("a", RunState.COMPLETED), "Refused: "),
        (Mute(), "Mute: "),
        (ValueError("half a \ud800"), "ValueError: half a "),
        (WioError("plain"), "WioError: plain"),
    ],
)
def test_any_other_error_arrives_as_one_that_failed_elsewhere(error: Exception, said: str) -> None:
    with pytest.raises(FailedElsewhere) as raised:
        value_of(refused(error))
    assert str(raised.value).startswith(said)
    assert raised.value.error == type(error).__name__


def test_an_error_that_this_release_does_not_know_arrives_by_its_name() -> None:
    """A newer release may list more errors."""
    answer = refused(NotPaused("a"))
    newer = Payload(answer.type, answer.version, answer.text.replace("NotPaused", "NotResting"))
    with pytest.raises(FailedElsewhere, match="NotResting"):
        value_of(newer)


def test_an_error_that_failed_elsewhere_already_keeps_its_words() -> None:
    with pytest.raises(FailedElsewhere) as raised:
        value_of(refused(FailedElsewhere("ValueError", "no stock")))
    assert "ValueError: no stock" in str(raised.value)
