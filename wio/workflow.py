"""What is a workflow? A root program under a name and a version, with the type of its input."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from wio.errors import InvalidDefinition
from wio.names import valid_name
from wio.nodes import WIO, is_program
from wio.notebook import svg_of

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")


def _positive(_instance: object, _attribute: object, version: int) -> None:
    if version < 1:
        raise InvalidDefinition(f"version={version}: versions of a workflow count from 1.")


@attrs.frozen(repr=False)
class Workflow(Generic[A, E, B]):
    """Names and versions a root program. An instance of it takes an `A` and ends with a `B` or fails with an `E`.

    Running instances belong to the name and version they were started with.
    """

    name: str = attrs.field(validator=valid_name("a workflow"))
    version: int = attrs.field(kw_only=True, validator=_positive)
    input: type[A] = attrs.field(kw_only=True)
    root: WIO[A, E, B] = attrs.field(kw_only=True, validator=is_program)
    description: str = attrs.field(default="", kw_only=True)

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, version={self.version}, root={self.root!r})"

    def _repr_svg_(self) -> str | None:
        return svg_of(self)
