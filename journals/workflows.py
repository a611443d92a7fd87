"""What does a store know of workflows? Which of them may not be started, and which have unfinished instances."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs


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
