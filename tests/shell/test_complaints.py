"""How is an error told in one line, with the way out that a command line has?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from interpreters.errors import InstancePaused
from interpreters.shell.complaints import complaint, resume_told, resume_words
from interpreters.shell.shell_errors import Paused
from journals.errors import Conflict


def test_a_conflict_means_another_process() -> None:
    assert complaint(Conflict("an order", 3)) == (
        "Another process runs instance 'an order'. What was done here after entry 3 was not stored."
        " See: wio history --id 'an order'"
    )


def test_the_command_that_resumes_is_complete() -> None:
    assert resume_words("shop:order", "an order", "ValueError: x") == (
        "Nothing is lost. Mend the cause, then: wio resume shop:order --id 'an order'"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            InstancePaused("a", "", "a recall", by="ada", since=datetime(2026, 1, 31, 12, tzinfo=UTC)),
            "Instance 'a' is paused by ada since 2026-01-31 12:00:00 UTC: a recall. Nothing is lost."
            " Resume the instance: wio resume shop:order --id a",
        ),
        (
            InstancePaused("an order", "pay", "ValueError: x"),
            "an order is paused at pay: ValueError: x. Nothing is lost."
            " Mend the cause, then: wio resume shop:order --id 'an order'",
        ),
    ],
)
def test_the_error_of_a_paused_instance_says_once_how_it_goes_on(error: InstancePaused, words: str) -> None:
    with pytest.raises(Paused) as told, resume_told("shop:order"):
        raise error
    assert str(told.value) == words


def test_an_error_of_python_is_told_with_its_class() -> None:
    assert complaint(ValueError("two\n lines")) == "ValueError: two lines"
