"""What is a region? A name for parts of a workflow, wherever they are, that can be left together."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from wio.names import valid_name
from wio.validators import is_type

R = TypeVar("R")


@attrs.frozen(repr=False)
class Region(Generic[R]):
    """Names parts that are left together, and the type of what they end with then.

    >>> Region("order", result=str)
    Region('order')
    """

    name: str = attrs.field(validator=valid_name("a region"))
    result: type[R] = attrs.field(kw_only=True, validator=is_type)

    def __repr__(self) -> str:
        return f"Region({self.name!r})"
