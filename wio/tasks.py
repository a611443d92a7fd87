"""What is a task? Work for somebody outside: a person, or another service."""

from __future__ import annotations

from typing import Generic, Never, TypeVar, cast

import attrs
import typing_extensions

from wio.errors import InvalidDefinition
from wio.names import valid_name
from wio.validators import is_type, is_type_or_none, is_whole

TaskIn = TypeVar("TaskIn")
TaskOut = TypeVar("TaskOut")
Signee = TypeVar("Signee", covariant=True)
TaskErr = typing_extensions.TypeVar("TaskErr", default=Never)


def _positive(_instance: object, _attribute: object, version: int) -> None:
    if not is_whole(version) or version < 1:
        raise InvalidDefinition(f"version={version!r:.100}: versions of a task count from 1. Give 1, 2, 3, ...")


def _yes_or_no(_instance: object, _attribute: object, signs: object) -> None:
    if not isinstance(signs, bool):
        raise InvalidDefinition(f"signs={signs!r:.100} is neither True nor False. Give one of them, or use .signed.")


@attrs.frozen
class Signed(Generic[Signee]):
    """Is the output of a task with the name of who had claimed it, as the journal has it; None when it was skipped."""

    output: Signee
    by: str | None


@attrs.frozen(repr=False)
class Task(Generic[TaskIn, TaskOut, TaskErr]):
    """Names and versions a kind of work, with the types of what goes out and of what comes back.

    `error` is the type of a failure that the workflow knows of; without one a task can only be
    completed, released or skipped. For `signs` see `signed`.

    >>> Task("approve", input=str, output=bool)
    Task('approve', version=1)
    """

    name: str = attrs.field(validator=valid_name("a task"))
    version: int = attrs.field(default=1, kw_only=True, validator=_positive)
    input: type[TaskIn] = attrs.field(kw_only=True, validator=is_type)
    output: type[TaskOut] = attrs.field(kw_only=True, validator=is_type)
    error: type[TaskErr] | None = attrs.field(default=None, kw_only=True, validator=is_type_or_none)
    signs: bool = attrs.field(default=False, kw_only=True, validator=_yes_or_no)

    @property
    def signed(self) -> Task[TaskIn, Signed[TaskOut], TaskErr]:
        """Is the same task, whose output comes to the workflow with the name of who has claimed it.

        >>> Task("approve", input=str, output=bool).signed.signs
        True
        """
        return cast("Task[TaskIn, Signed[TaskOut], TaskErr]", attrs.evolve(self, signs=True))

    def __repr__(self) -> str:
        return f"Task({self.name!r}, version={self.version})"
