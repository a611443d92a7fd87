"""How are the user's pure functions called? With the place in the error when one of them raises."""

from __future__ import annotations

from typing import Any, cast

from returns.maybe import Maybe, Some

from interpreters.errors import UserFunctionRaised, WrongReturn
from interpreters.machine.addresses import Scope
from wio.names import name_of
from wio.nodes import Function


def call(function: Function, place: Scope | str, *arguments: Any) -> Any:
    """Return what a pure function of the user returns. Raises `UserFunctionRaised`, with the place, when it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        address = place if isinstance(place, str) else place_in(place)
        raise UserFunctionRaised(name_of(function, "A function"), address, error) from error


def yielded(condition: Function, value: Any, address: str) -> tuple[bool, Any]:
    """Return whether a condition holds, and the value to go on with."""
    answer: object = call(condition, address, value)
    if answer is True:
        return True, value
    if answer is False:
        return False, value
    if isinstance(answer, Maybe):
        found = cast("Maybe[Any]", cast(object, answer))
        return (True, found.unwrap()) if isinstance(found, Some) else (False, value)
    raise WrongReturn(name_of(condition, "A condition"), address, answer, "a bool or a Maybe")


def place_in(scope: Scope) -> str:
    """Return the address of a scope itself, for messages."""
    return scope.prefix.rstrip("/") or "the top level"
