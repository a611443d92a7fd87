"""What is a workflow? A root program under a name and a version, with the type of its input."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import attrs

from wio.errors import InvalidDefinition
from wio.names import valid_name
from wio.nodes import WIO, Err, In, Out, is_program
from wio.notebook import svg_of
from wio.validators import is_text, is_type, is_whole

E = TypeVar("E")
B = TypeVar("B")


def _positive(_instance: object, _attribute: object, version: int) -> None:
    if not is_whole(version) or version < 1:
        raise InvalidDefinition(f"version={version!r:.100}: versions of a workflow count from 1. Give 1, 2, 3, ...")


class ExactWorkflow(Generic[In, E, B]):
    """Is a `Workflow` by its error and its output as they are: for `child`, whom wider types would tell nothing."""

    __slots__ = ()


@attrs.frozen(repr=False)
class Workflow(ExactWorkflow[In, Err, Out], Generic[In, Err, Out]):  # type: ignore[type-var]
    """Names and versions a root program. An instance of it takes an `In` and ends with an `Out` or fails with an `Err`.

    Running instances belong to the name and version they were started with.

    One that takes more, or ends with less, fits where another is wanted. For a list of workflows with different inputs
    mypy wants an annotation, `list[Workflow[Never, object, object]]`; a tuple needs none.
    """

    name: str = attrs.field(validator=valid_name("a workflow"))
    version: int = attrs.field(kw_only=True, validator=_positive)
    input: type[In] = attrs.field(kw_only=True, validator=is_type)
    root: WIO[In, Err, Out] = attrs.field(kw_only=True, validator=is_program)
    description: str = attrs.field(default="", kw_only=True, validator=is_text)

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, version={self.version}, root={self.root!r})"

    def _repr_svg_(self) -> str | None:
        return svg_of(self)


def checked_workflow(workflow: object, so: str) -> Workflow[Any, Any, Any]:
    """Return the workflow unchanged. Raises `InvalidDefinition` when it is none; `so` shows how one is given."""
    if not isinstance(workflow, Workflow):
        raise InvalidDefinition(f"{workflow!r:.100} is not a workflow. Give one: {so}.")
    return cast("Workflow[Any, Any, Any]", cast(object, workflow))
