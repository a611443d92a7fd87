"""Which parts take two locks in opposite orders, so that each may wait for the other for ever?

Locks of parts that begin with the same step are taken in one moment, in whatever order they are written. The rule does
not tell those from others: the first step that is put between the two locks would make the trouble.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Around, Place, first_places
from interpreters.lint.survey import survey
from wio.nodes import Critical
from wio.workflow import Workflow


@attrs.frozen(eq=False)
class _Nesting:
    """Is a place where one lock is taken by who has another; `guards` are locks that were taken before both."""

    outer: str
    inner: str
    address: str
    around: Around | None
    guards: frozenset[str]


def crossed_locks(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Warn of two locks that are taken in opposite orders at the same time, at the second place."""
    if sum(isinstance(node, Critical) for node in survey(workflow).nodes) < 2:
        return ()
    nestings: dict[tuple[str, str], list[_Nesting]] = {}
    findings: dict[frozenset[str], Finding] = {}
    for place in first_places(workflow.root):
        for nesting in _nestings(place):
            nestings.setdefault((nesting.outer, nesting.inner), []).append(nesting)
            pair = frozenset({nesting.outer, nesting.inner})
            for other in () if pair in findings else nestings.get((nesting.inner, nesting.outer), ()):
                if not nesting.guards & other.guards and _at_the_same_time(nesting.around, other.around):
                    findings[pair] = _finding(nesting, other)
                    break
    return tuple(findings.values())


def _finding(nesting: _Nesting, other: _Nesting) -> Finding:
    message = (
        f"takes the lock {nesting.inner!r} inside of {nesting.outer!r}, and {other.address!r} does it the other way"
        " round, perhaps at the same time: then both wait for ever. Take them in one order everywhere."
    )
    return Finding(Level.WARNING, "crossed-locks", nesting.address, message)


def _nestings(place: Place) -> Iterator[_Nesting]:
    """Yield the locks that are held where another one is taken."""
    if not isinstance(place.node, Critical):
        return
    held = list(dict.fromkeys(reversed(list(_locks(place.around)))))
    if place.node.lock in held:
        return
    for number, lock in enumerate(held):
        yield _Nesting(lock, place.node.lock, place.address, place.around, frozenset(held[:number]))


def _locks(around: Around | None) -> Iterator[str]:
    while around is not None:
        if isinstance(around.node, Critical):
            yield around.node.lock
        around = around.outer


def _at_the_same_time(one: Around | None, other: Around | None) -> bool:
    """Tell whether two places may be reached at the same time: in parts of one joint that run beside each other."""
    for left, right in zip(_from_outside(one), _from_outside(other), strict=False):
        if left.address != right.address:
            return False
        if left.part != right.part:
            return left.beside and right.beside
        if left.repeated:
            return True
    return False


def _from_outside(around: Around | None) -> list[Around]:
    chain: list[Around] = []
    while around is not None:
        chain.append(around)
        around = around.outer
    return chain[::-1]
