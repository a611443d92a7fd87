"""How does a workflow do the same for every element of a collection?"""

# The overloads go from the special to the general: what cannot fail, is also something that may.
# mypy: disable-error-code="overload-overlap"

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Never, TypedDict, TypeVar, Unpack, overload

from wio.errors import InvalidDefinition
from wio.nodes import WIO, ForEach, Rest
from wio.parallel import Join, Merge, checked_join, checked_rest
from wio.validators import is_whole

A = TypeVar("A")
E = TypeVar("E")
E1 = TypeVar("E1")
E2 = TypeVar("E2")
P = TypeVar("P")
Q = TypeVar("Q")


class _Gathering(TypedDict, Generic[A, P], total=False):
    key: Callable[[P], str] | None
    join: Join | None
    rest: Rest | None
    at_once: int | None
    element: type[P] | None
    merge: Merge[A] | None
    name: str
    description: str


@overload
def for_each(
    items: Callable[[A], Iterable[P]],
    body: WIO[P, E, Q],
    *,
    add: WIO[object, Never, P] | None = None,
    finish: WIO[object, Never, object] | None = None,
    **how: Unpack[_Gathering[A, P]],
) -> WIO[A, E, dict[str, Q]]: ...
@overload
def for_each(
    items: Callable[[A], Iterable[P]],
    body: WIO[P, E, Q],
    *,
    add: WIO[A, Never, P] | None = None,
    finish: WIO[A, Never, object] | None = None,
    **how: Unpack[_Gathering[A, P]],
) -> WIO[A, E, dict[str, Q]]: ...
@overload
def for_each(
    items: Callable[[A], Iterable[P]],
    body: WIO[P, E, Q],
    *,
    add: WIO[A, E1, P],
    finish: WIO[A, Never, object] | None = None,
    **how: Unpack[_Gathering[A, P]],
) -> WIO[A, E | E1, dict[str, Q]]: ...
@overload
def for_each(
    items: Callable[[A], Iterable[P]],
    body: WIO[P, E, Q],
    *,
    add: WIO[A, E1, P] | None = None,
    finish: WIO[A, E2, object],
    **how: Unpack[_Gathering[A, P]],
) -> WIO[A, E | E1 | E2, dict[str, Q]]: ...
def for_each(
    items: Callable[[Any], Iterable[Any]],
    body: WIO[Any, Any, Any],
    *,
    key: Callable[[Any], str] | None = None,
    join: Join | None = None,
    rest: Rest | None = None,
    at_once: int | None = None,
    add: WIO[Any, Any, Any] | None = None,
    finish: WIO[Any, Any, Any] | None = None,
    element: type[Any] | None = None,
    merge: Merge[Any] | None = None,
    name: str = "each",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the program that runs `body` on every element of what `items` makes of the input, at the same time.

    It ends with a dict of the outputs by key, in the order of the elements; without elements it ends at once. `key`
    makes the name of an element, which is part of the addresses of its steps; without it they are numbered from 1.
    `items` is called once: the keys and the elements are recorded. `element` is their type; without it the annotation
    of `items` tells it. `at_once` bounds how many elements are under way. `join` and `rest` are those of `parallel`.

    `add` is a program that runs beside the elements, again and again: each of its outputs is one more element. The end
    of `finish` ends it all with the results so far. Raises `InvalidDefinition` when a number makes no sense, or when
    there is a `rest` but no `join`.
    """
    if at_once is not None and (not is_whole(at_once) or at_once < 1):
        raise InvalidDefinition(
            f"at_once={at_once!r:.100}: then no element of {name!r} would ever begin. Give 1 or more."
        )
    return ForEach(
        items,
        body,
        key=key,
        join=checked_join(join, name),
        rest=checked_rest(rest, join, name),
        at_once=at_once,
        add=add,
        finish=finish,
        element=element,
        merge=merge,
        name=name,
        description=description,
    )
