"""What does a store know of workflows? Which may not be started, have unfinished instances, and are heard by hooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from journals.entries import Status


@attrs.frozen
class Disabled:
    """Says that nothing new may start of a workflow: who has said so, when and why. `version` None is all of them."""

    workflow: str
    version: int | None
    by: str
    reason: str
    at: datetime


@attrs.frozen
class Unfinished:
    """Counts the unfinished instances of one version of a workflow, as far as was asked for."""

    workflow: str
    version: int
    count: int


@attrs.frozen
class Hooked:
    """Says for which changes of a workflow a program has hooks, by the statuses that they lead to."""

    workflow: str
    changes: frozenset[Status]


def disabled_by(disabled: Iterable[Disabled], workflow: str, version: int) -> Disabled | None:
    """Return what keeps a version of a workflow from being started, or None.

    >>> from datetime import UTC
    >>> rule = Disabled("order", 2, "ann", "wrong prices", datetime(2026, 1, 31, tzinfo=UTC))
    >>> disabled_by([rule], "order", 2) == rule, disabled_by([rule], "order", 1)
    (True, None)
    """
    found = (each for each in disabled if each.workflow == workflow and each.version in (None, version))
    return next(found, None)


def in_order(disabled: Iterable[Disabled]) -> tuple[Disabled, ...]:
    """Return them by the name of the workflow; what holds for all its versions comes before what holds for one."""
    return tuple(sorted(disabled, key=lambda each: (each.workflow, each.version or 0)))


def hook_rows(hooks: Sequence[Hooked]) -> list[tuple[str, str]]:
    """Return what a store holds of hooks: the workflow, and the changes; in one order, so that nobody locks another.

    >>> hook_rows([Hooked("order", frozenset({Status.PAUSED, Status.FAILED})), Hooked("bill", frozenset())])
    [('bill', ''), ('order', 'failed paused')]
    """
    return sorted({each.workflow: " ".join(sorted(change.value for change in each.changes)) for each in hooks}.items())


def hooks_in(rows: Iterable[tuple[str, str]]) -> tuple[Hooked, ...]:
    """Return what rows of hooks say, by workflow; one without any change says nothing.

    >>> [each.workflow for each in hooks_in([("order", "failed paused"), ("bill", "")])]
    ['order']
    """
    return tuple(Hooked(workflow, frozenset(map(Status, text.split()))) for workflow, text in sorted(rows) if text)
