"""How do several branches go on with one continuation, each with a run of its own? A multi-merge.

Two and three branches, whose outputs may differ, are written out, since mypy does not unite types but joins them; more
than three are of one type. See `wio.parallel` for the order of the overloads.
"""

# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false

from __future__ import annotations

from typing import Any, Generic, Never, TypedDict, TypeVar, Unpack, overload

from returns.maybe import Maybe

from wio.branches import arms_of
from wio.control import Arms
from wio.nodes import WIO, Parallel, Passage, Rest, checked_program
from wio.parallel import Branch, Join, Merge, checked_join, checked_rest

A = TypeVar("A")
E = TypeVar("E")
E1 = TypeVar("E1")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
P = TypeVar("P")
Q = TypeVar("Q")
R = TypeVar("R")
C = TypeVar("C")
D = TypeVar("D")


class _All(TypedDict, Generic[A], total=False):
    merge: Merge[A] | None
    name: str
    description: str


class _Some(_All[A], Generic[A], total=False):
    join: Join
    rest: Rest


@overload
def multi_merge(*many: WIO[A, E, P], each: Passage, **how: Unpack[_All[A]]) -> WIO[A, E, tuple[P, ...]]: ...
@overload
def multi_merge(
    p: WIO[A, Never, P], q: WIO[A, Never, Q], /, *, each: WIO[P | Q, Never, C], **how: Unpack[_All[A]]
) -> WIO[A, Never, tuple[C, ...]]: ...
@overload
def multi_merge(
    p: WIO[A, Never, P],
    q: WIO[A, Never, Q],
    r: WIO[A, Never, R],
    /,
    *,
    each: WIO[P | Q | R, Never, C],
    **how: Unpack[_All[A]],
) -> WIO[A, Never, tuple[C, ...]]: ...
@overload
def multi_merge(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], /, *, each: WIO[P | Q, D, C], **how: Unpack[_All[A]]
) -> WIO[A, E1 | E2 | D, tuple[C, ...]]: ...
@overload
def multi_merge(
    p: WIO[A, E1, P],
    q: WIO[A, E2, Q],
    r: WIO[A, E3, R],
    /,
    *,
    each: WIO[P | Q | R, D, C],
    **how: Unpack[_All[A]],
) -> WIO[A, E1 | E2 | E3 | D, tuple[C, ...]]: ...
@overload
def multi_merge(
    *many: WIO[A, Never, P], each: WIO[P, Never, C], **how: Unpack[_All[A]]
) -> WIO[A, Never, tuple[C, ...]]: ...
@overload
def multi_merge(*many: WIO[A, E, P], each: WIO[P, D, C], **how: Unpack[_All[A]]) -> WIO[A, E | D, tuple[C, ...]]: ...
@overload
def multi_merge(*many: Branch[A, E, P], each: Passage, **how: Unpack[_Some[A]]) -> WIO[A, E, tuple[Maybe[P], ...]]: ...
@overload
def multi_merge(
    p: Branch[A, Never, P], q: Branch[A, Never, Q], /, *, each: WIO[P | Q, Never, C], **how: Unpack[_Some[A]]
) -> WIO[A, Never, tuple[Maybe[C], ...]]: ...
@overload
def multi_merge(
    p: Branch[A, Never, P],
    q: Branch[A, Never, Q],
    r: Branch[A, Never, R],
    /,
    *,
    each: WIO[P | Q | R, Never, C],
    **how: Unpack[_Some[A]],
) -> WIO[A, Never, tuple[Maybe[C], ...]]: ...
@overload
def multi_merge(
    p: Branch[A, E1, P], q: Branch[A, E2, Q], /, *, each: WIO[P | Q, D, C], **how: Unpack[_Some[A]]
) -> WIO[A, E1 | E2 | D, tuple[Maybe[C], ...]]: ...
@overload
def multi_merge(
    p: Branch[A, E1, P],
    q: Branch[A, E2, Q],
    r: Branch[A, E3, R],
    /,
    *,
    each: WIO[P | Q | R, D, C],
    **how: Unpack[_Some[A]],
) -> WIO[A, E1 | E2 | E3 | D, tuple[Maybe[C], ...]]: ...
@overload
def multi_merge(
    *many: Branch[A, Never, P], each: WIO[P, Never, C], **how: Unpack[_Some[A]]
) -> WIO[A, Never, tuple[Maybe[C], ...]]: ...
@overload
def multi_merge(
    *many: Branch[A, E, P], each: WIO[P, D, C], **how: Unpack[_Some[A]]
) -> WIO[A, E | D, tuple[Maybe[C], ...]]: ...
def multi_merge(
    *branches: WIO[Any, Any, Any] | Arms[Any, Any, Any],
    each: WIO[Any, Any, Any],
    join: Join | None = None,
    rest: Rest | None = None,
    merge: Merge[Any] | None = None,
    name: str = "merge",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the program that runs its branches at the same time, and `each` once behind every one of them.

    A branch that has ended goes on at once, on its output, whatever the others do; so runs of `each` may overlap. It is
    one program, drawn once. All else is as of `parallel`: the outputs are those of the runs, in the order of the
    branches, and with guards or with `join` they are `Maybe`. Raises `InvalidDefinition` like `parallel`.
    """
    arms = arms_of(branches, name)
    guarded = any(arm.guard is not None for arm in arms)
    return Parallel(
        arms,
        checked_join(join, name, len(arms)),
        checked_rest(rest, join, name),
        guarded or join is not None,
        merge,
        each=checked_program(each),
        name=name,
        description=description,
    )
