"""Can whatever a user meets be imported from `interpreters`?"""

from __future__ import annotations

import pytest

import interpreters
from interpreters import errors
from wio.errors import WioError

ERRORS = sorted(
    name for name, found in vars(errors).items() if isinstance(found, type) and found.__module__ == errors.__name__
)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_is_exported(name: str) -> None:
    assert name in interpreters.__all__
    assert getattr(interpreters, name) is getattr(errors, name)


def test_every_error_is_wios() -> None:
    raised = [getattr(errors, name) for name in ERRORS if issubclass(getattr(errors, name), BaseException)]
    assert raised
    assert all(issubclass(error, WioError) for error in raised)


@pytest.mark.parametrize("name", interpreters.__all__)
def test_every_name_that_is_offered_is_there(name: str) -> None:
    assert getattr(interpreters, name) is not None
