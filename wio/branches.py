"""What is each part called that runs beside others? By that name it is known in addresses and in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wio.control import Arms
from wio.errors import InvalidDefinition
from wio.names import checked_name
from wio.nodes import WIO, AndThen, Arm, checked_program


def arms_of(branches: Sequence[WIO[Any, Any, Any] | Arms[Any, Any, Any]], of: str) -> tuple[Arm, ...]:
    """Return the branches as arms. An arm is called like its guard, like its first named step, or by its number.

    Raises `InvalidDefinition` when there is no branch, or two have the same name; `of` is what holds them.
    """
    arms = tuple(_arm(branch, number, of) for number, branch in enumerate(branches, 1))
    if not arms:
        raise InvalidDefinition(f"{of!r} has no branches, so it would do nothing. Give it at least one.")
    doubled = first_doubled(arm.name for arm in arms)
    if doubled is not None:
        raise InvalidDefinition(
            f"Two branches of {of!r} are called {doubled!r}, so the journal could not tell them apart."
            " Give one of them another name: branch.named(...), or when(guard, name=...)."
        )
    return arms


def _arm(branch: WIO[Any, Any, Any] | Arms[Any, Any, Any], number: int, of: str) -> Arm:
    if not isinstance(branch, Arms):
        return Arm(None, branch, name=first_name(checked_program(branch)) or str(number))
    if len(branch.arms) != 1:
        names = " | ".join(arm.name for arm in branch.arms)
        raise InvalidDefinition(
            f"Branch {number} of {of!r} has several arms ({names}), but one place in its output."
            " Put a comma between them instead of |."
        )
    return branch.arms[0]


def first_name(program: WIO[Any, Any, Any]) -> str:
    """Return the name of the first step or part of a program that has one, else an empty text.

    >>> from wio.steps import compute, run_io
    >>> first_name(compute(abs) >> run_io(round)), first_name(compute(abs))
    ('round', '')
    """
    waiting: list[Any] = [program]
    while waiting:
        node = waiting.pop()
        name = getattr(node, "name", "")
        if name:
            return checked_name(name, "a branch")
        if isinstance(node, AndThen):
            waiting += [node.second, node.first]
        elif hasattr(node, "base"):
            waiting.append(node.base)
    return ""


def first_doubled(names: Iterable[str]) -> str | None:
    """Return the first name that has been there before, or None.

    >>> first_doubled(["a", "b", "a"]), first_doubled(["a", "b"])
    ('a', None)
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
