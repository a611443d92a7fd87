"""What is a task? Work for somebody outside: a person, or another service."""

from __future__ import annotations

from typing import Generic, Never, TypeVar

import attrs
import typing_extensions

from wio.errors import InvalidDefinition
from wio.names import valid_name

TaskIn = TypeVar("TaskIn")
TaskOut = TypeVar("TaskOut")
TaskErr = typing_extensions.TypeVar("TaskErr", default=Never)


def _positive(_instance: object, _attribute: object, version: int) -> None:
    if version < 1:
        raise InvalidDefinition(f"version={version}: versions of a task count from 1.")


@attrs.frozen(repr=False)
class Task(Generic[TaskIn, TaskOut, TaskErr]):
    """Names and versions a kind of work, with the types of what goes out and of what comes back.

    `error` is the type of a failure that the workflow knows of; without one a task can only be
    completed, released or skipped.

    >>> Task("approve", input=str, output=bool)
    Task('approve', version=1)
    """

    name: str = attrs.field(validator=valid_name("a task"))
    version: int = attrs.field(default=1, kw_only=True, validator=_positive)
    input: type[TaskIn] = attrs.field(kw_only=True)
    output: type[TaskOut] = attrs.field(kw_only=True)
    error: type[TaskErr] | None = attrs.field(default=None, kw_only=True)

    def __repr__(self) -> str:
        return f"Task({self.name!r}, version={self.version})"
