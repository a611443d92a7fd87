"""How does a workflow do several things at the same time? Branches that are joined.

Without guards and without `join` each branch has its plain output in the tuple; otherwise each has a `Maybe`. Up to
six branches are written out, since mypy does not unite types but joins them; more than six are of one type. Branches
that cannot fail are written out too, and come first, since basedpyright takes a union of nothing but `Never` for
unknown.
"""

# The overloads go from the special to the general: every branch is also a guarded one that is always taken.
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Never, TypeAlias, TypedDict, TypeVar, Unpack, overload

from returns.maybe import Maybe

from wio.branches import arms_of
from wio.control import Arms
from wio.errors import InvalidDefinition
from wio.nodes import WIO, Parallel, Rest
from wio.validators import is_whole

A = TypeVar("A")
E = TypeVar("E")
P = TypeVar("P")
E1 = TypeVar("E1")
Q = TypeVar("Q")
E2 = TypeVar("E2")
R = TypeVar("R")
E3 = TypeVar("E3")
S = TypeVar("S")
E4 = TypeVar("E4")
T = TypeVar("T")
E5 = TypeVar("E5")
U = TypeVar("U")
E6 = TypeVar("E6")

Join: TypeAlias = int | Callable[[Mapping[str, Any]], bool]
"""Is how many branches to wait for, or says of the results so far, by name, whether to go on."""

Merge: TypeAlias = Callable[[A, Mapping[str, Any]], object]
"""Makes the value that queries outside see, of the input and of the latest values in the branches, by name."""

Branch: TypeAlias = WIO[A, E, P] | Arms[A, E, P]


class _All(TypedDict, Generic[A], total=False):
    merge: Merge[A] | None
    name: str
    description: str


class _Some(_All[A], Generic[A], total=False):
    join: Join
    rest: Rest


@overload
def parallel(p: WIO[A, Never, P], q: WIO[A, Never, Q], /, **how: Unpack[_All[A]]) -> WIO[A, Never, tuple[P, Q]]: ...
@overload
def parallel(
    p: WIO[A, Never, P], q: WIO[A, Never, Q], r: WIO[A, Never, R], /, **how: Unpack[_All[A]]
) -> WIO[A, Never, tuple[P, Q, R]]: ...
@overload
def parallel(
    p: WIO[A, Never, P], q: WIO[A, Never, Q], r: WIO[A, Never, R], s: WIO[A, Never, S], /, **how: Unpack[_All[A]]
) -> WIO[A, Never, tuple[P, Q, R, S]]: ...
@overload
def parallel(
    p: WIO[A, Never, P],
    q: WIO[A, Never, Q],
    r: WIO[A, Never, R],
    s: WIO[A, Never, S],
    t: WIO[A, Never, T],
    /,
    **how: Unpack[_All[A]],
) -> WIO[A, Never, tuple[P, Q, R, S, T]]: ...
@overload
def parallel(
    p: WIO[A, Never, P],
    q: WIO[A, Never, Q],
    r: WIO[A, Never, R],
    s: WIO[A, Never, S],
    t: WIO[A, Never, T],
    u: WIO[A, Never, U],
    /,
    **how: Unpack[_All[A]],
) -> WIO[A, Never, tuple[P, Q, R, S, T, U]]: ...
@overload
def parallel(p: WIO[A, E1, P], q: WIO[A, E2, Q], /, **how: Unpack[_All[A]]) -> WIO[A, E1 | E2, tuple[P, Q]]: ...
@overload
def parallel(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], /, **how: Unpack[_All[A]]
) -> WIO[A, E1 | E2 | E3, tuple[P, Q, R]]: ...
@overload
def parallel(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], s: WIO[A, E4, S], /, **how: Unpack[_All[A]]
) -> WIO[A, E1 | E2 | E3 | E4, tuple[P, Q, R, S]]: ...
@overload
def parallel(
    p: WIO[A, E1, P], q: WIO[A, E2, Q], r: WIO[A, E3, R], s: WIO[A, E4, S], t: WIO[A, E5, T], /, **how: Unpack[_All[A]]
) -> WIO[A, E1 | E2 | E3 | E4 | E5, tuple[P, Q, R, S, T]]: ...
@overload
def parallel(
    p: WIO[A, E1, P],
    q: WIO[A, E2, Q],
    r: WIO[A, E3, R],
    s: WIO[A, E4, S],
    t: WIO[A, E5, T],
    u: WIO[A, E6, U],
    /,
    **how: Unpack[_All[A]],
) -> WIO[A, E1 | E2 | E3 | E4 | E5 | E6, tuple[P, Q, R, S, T, U]]: ...
@overload
def parallel(*many: WIO[A, E, P], **how: Unpack[_All[A]]) -> WIO[A, E, tuple[P, ...]]: ...
@overload
def parallel(
    p: Branch[A, Never, P], q: Branch[A, Never, Q], /, **how: Unpack[_Some[A]]
) -> WIO[A, Never, tuple[Maybe[P], Maybe[Q]]]: ...
@overload
def parallel(
    p: Branch[A, Never, P], q: Branch[A, Never, Q], r: Branch[A, Never, R], /, **how: Unpack[_Some[A]]
) -> WIO[A, Never, tuple[Maybe[P], Maybe[Q], Maybe[R]]]: ...
@overload
def parallel(
    p: Branch[A, Never, P],
    q: Branch[A, Never, Q],
    r: Branch[A, Never, R],
    s: Branch[A, Never, S],
    /,
    **how: Unpack[_Some[A]],
) -> WIO[A, Never, tuple[Maybe[P], Maybe[Q], Maybe[R], Maybe[S]]]: ...
@overload
def parallel(
    p: Branch[A, Never, P],
    q: Branch[A, Never, Q],
    r: Branch[A, Never, R],
    s: Branch[A, Never, S],
    t: Branch[A, Never, T],
    /,
    **how: Unpack[_Some[A]],
) -> WIO[A, Never, tuple[Maybe[P], Maybe[Q], Maybe[R], Maybe[S], Maybe[T]]]: ...
@overload
def parallel(
    p: Branch[A, Never, P],
    q: Branch[A, Never, Q],
    r: Branch[A, Never, R],
    s: Branch[A, Never, S],
    t: Branch[A, Never, T],
    u: Branch[A, Never, U],
    /,
    **how: Unpack[_Some[A]],
) -> WIO[A, Never, tuple[Maybe[P], Maybe[Q], Maybe[R], Maybe[S], Maybe[T], Maybe[U]]]: ...
@overload
def parallel(
    p: Branch[A, E1, P], q: Branch[A, E2, Q], /, **how: Unpack[_Some[A]]
) -> WIO[A, E1 | E2, tuple[Maybe[P], Maybe[Q]]]: ...
@overload
def parallel(
    p: Branch[A, E1, P], q: Branch[A, E2, Q], r: Branch[A, E3, R], /, **how: Unpack[_Some[A]]
) -> WIO[A, E1 | E2 | E3, tuple[Maybe[P], Maybe[Q], Maybe[R]]]: ...
@overload
def parallel(
    p: Branch[A, E1, P], q: Branch[A, E2, Q], r: Branch[A, E3, R], s: Branch[A, E4, S], /, **how: Unpack[_Some[A]]
) -> WIO[A, E1 | E2 | E3 | E4, tuple[Maybe[P], Maybe[Q], Maybe[R], Maybe[S]]]: ...
@overload
def parallel(
    p: Branch[A, E1, P],
    q: Branch[A, E2, Q],
    r: Branch[A, E3, R],
    s: Branch[A, E4, S],
    t: Branch[A, E5, T],
    /,
    **how: Unpack[_Some[A]],
) -> WIO[A, E1 | E2 | E3 | E4 | E5, tuple[Maybe[P], Maybe[Q], Maybe[R], Maybe[S], Maybe[T]]]: ...
@overload
def parallel(
    p: Branch[A, E1, P],
    q: Branch[A, E2, Q],
    r: Branch[A, E3, R],
    s: Branch[A, E4, S],
    t: Branch[A, E5, T],
    u: Branch[A, E6, U],
    /,
    **how: Unpack[_Some[A]],
) -> WIO[A, E1 | E2 | E3 | E4 | E5 | E6, tuple[Maybe[P], Maybe[Q], Maybe[R], Maybe[S], Maybe[T], Maybe[U]]]: ...
@overload
def parallel(*many: Branch[A, E, P], **how: Unpack[_Some[A]]) -> WIO[A, E, tuple[Maybe[P], ...]]: ...
def parallel(
    *branches: WIO[Any, Any, Any] | Arms[Any, Any, Any],
    join: Join | None = None,
    rest: Rest | None = None,
    merge: Merge[Any] | None = None,
    name: str = "parallel",
    description: str = "",
) -> WIO[Any, Any, Any]:
    """Return the program that runs its branches at the same time, each on the input.

    It ends when all have ended, with the tuple of their outputs; a branch that fails, fails it, and the others are
    withdrawn. A branch may have a guard, `when(...) >> branch`: then it runs only if the guard yields. With guards, or
    with `join`, the outputs are `Maybe`: `Nothing` for a branch that did not run, or had not ended.

    `join` is how many branches to wait for, or a function of the results so far; 0 waits for none. `rest` says what
    becomes of the others; they are drained unless it says otherwise. A branch is called like its guard, like its first
    named step, or by its number; the name is in the addresses of its steps. Raises `InvalidDefinition` when `join` is
    more than there are branches, when there is a `rest` but no `join`, or when two branches have the same name.
    """
    arms = arms_of(branches, name)
    guarded = any(arm.guard is not None for arm in arms)
    return Parallel(
        arms,
        checked_join(join, name, len(arms)),
        checked_rest(rest, join, name),
        guarded or join is not None,
        merge,
        name=name,
        description=description,
    )


def checked_join(join: Any, of: str, most: int | None = None) -> Any:
    """Return the join unchanged. Raises `InvalidDefinition` when it is none, or can never be satisfied."""
    if is_whole(join) and (join < 0 or (most is not None and join > most)):
        raise InvalidDefinition(
            f"join={join}: {of!r} would wait for ever{'' if most is None else f', it has {most} branches'}."
            f" Give 0 {'or more' if most is None else f'to {most}'}."
        )
    if join is None or is_whole(join) or callable(join):
        return join
    raise InvalidDefinition(f"join={join!r:.100} of {of!r} says nothing. Give a number, or a function of the results.")


def checked_rest(rest: object, join: object, of: str) -> Rest:
    """Return the rest, or the one that is meant without one. Raises `InvalidDefinition` when there can be none."""
    if rest is None:
        return Rest.DRAIN
    if not isinstance(rest, Rest):
        raise InvalidDefinition(f"rest={rest!r:.100} of {of!r} is no rest. Give Rest.CANCEL, Rest.DRAIN or Rest.BLOCK.")
    if join is None:
        raise InvalidDefinition(
            f"{of!r} waits for all, so nothing is left to be {rest}. Give a join as well, or no rest."
        )
    return rest
