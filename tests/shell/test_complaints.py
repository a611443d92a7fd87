"""How is an error told in one line, with the way out that a command line has?"""

from __future__ import annotations

from interpreters.shell.complaints import complaint, resume_words
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


def test_an_error_of_python_is_told_with_its_class() -> None:
    assert complaint(ValueError("two\n lines")) == "ValueError: two lines"
