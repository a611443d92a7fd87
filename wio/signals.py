"""What can be asked of a running instance: signals that move it, queries that read it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Generic, TypeVar

import attrs

from wio.names import valid_name
from wio.validators import is_a, is_function_or_none, is_type

Req = TypeVar("Req")
Resp = TypeVar("Resp")


class Early(enum.Enum):
    """Says what becomes of a signal that arrives before its instance waits for it."""

    REFUSE = "refuse"
    KEEP = "keep"


_EARLY = is_a(Early, "Give Early.REFUSE or Early.KEEP.")


@attrs.frozen(repr=False)
class Signal(Generic[Req, Resp]):
    """Is a typed request to an instance, with a typed response.

    The name identifies the signal in the journal: it must not change while instances wait for it.
    A `KEEP` signal that comes early is recorded and handled, first in first out, when a step takes it.
    `correlation` is a pure function that makes a key of a request; steps with a `match` take the requests of one key.

    >>> Signal("confirm", request=int, response=str)
    Signal('confirm')
    """

    name: str = attrs.field(validator=valid_name("a signal"))
    request: type[Req] = attrs.field(kw_only=True, validator=is_type)
    response: type[Resp] = attrs.field(kw_only=True, validator=is_type)
    early: Early = attrs.field(default=Early.REFUSE, kw_only=True, validator=_EARLY)
    correlation: Callable[[Req], str] | None = attrs.field(default=None, kw_only=True, validator=is_function_or_none)

    def __repr__(self) -> str:
        return f"Signal({self.name!r})"


@attrs.frozen(repr=False)
class Query(Generic[Resp]):
    """Is a typed question about an instance; answering it changes and records nothing.

    >>> Query("status", response=str)
    Query('status')
    """

    name: str = attrs.field(validator=valid_name("a query"))
    response: type[Resp] = attrs.field(kw_only=True, validator=is_type)

    def __repr__(self) -> str:
        return f"Query({self.name!r})"
