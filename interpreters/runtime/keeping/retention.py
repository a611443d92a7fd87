"""How long is an instance kept after its end? For a period; then it is archived, where that is wanted, and removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Self, cast

import attrs

from interpreters.runtime.arguments import duration_given
from journals.archives import Archive
from wio.errors import InvalidDefinition

KEPT = timedelta(days=30)
"""Is how long an instance is kept after its end, unless a retention says otherwise.

Others keep what has ended for 3 days (Temporal), 30 (Camunda 8) or 90 (AWS Step Functions), unless they are told
otherwise. A month is long enough for whoever looks into a complaint, and for a start that is sent again.
"""

MOST_AT_A_TIME = 200
"""Is how many instances are looked at, and removed, at a time, unless a retention says otherwise."""


@attrs.frozen
class Retention:
    """Says how long instances are kept after their end, and which archive gets them when they are removed.

    `period=None` is for ever. `workflows` says it for some workflows by their names. `batch` is how many instances are
    removed at a time, at most. Raises `InvalidDefinition` for a period that is none.

    >>> Retention().period_of("order")
    datetime.timedelta(days=30)
    >>> Retention.of({"order": timedelta(days=365)}, otherwise=None).period_of("order")
    datetime.timedelta(days=365)
    """

    period: timedelta | None = KEPT
    archive: Archive | None = attrs.field(default=None, kw_only=True)
    workflows: tuple[tuple[str, timedelta | None], ...] = attrs.field(default=(), kw_only=True)
    batch: int = attrs.field(default=MOST_AT_A_TIME, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name, period in (("period", self.period), *self.workflows):
            if period is not None and duration_given(period, name) < timedelta(0):
                raise InvalidDefinition(f"{name}={period!r}: nobody is kept for less than no time. Give a period.")
        if not isinstance(cast(object, self.batch), int) or self.batch < 1:
            raise InvalidDefinition(f"batch={self.batch!r:.100}: at least one instance is removed at a time.")

    @classmethod
    def of(
        cls,
        workflows: Mapping[str, timedelta | None],
        *,
        otherwise: timedelta | None = KEPT,
        archive: Archive | None = None,
    ) -> Self:
        """Return what says the period for some workflows by their names, and `otherwise` for all others."""
        return cls(otherwise, archive=archive, workflows=tuple(sorted(workflows.items(), key=lambda item: item[0])))

    @classmethod
    def forever(cls) -> Self:
        """Return what keeps every instance."""
        return cls(None)

    def period_of(self, workflow: str) -> timedelta | None:
        """Return how long the instances of a workflow are kept after their end; None is for ever."""
        return dict(self.workflows).get(workflow, self.period)

    def periods(self, workflows: frozenset[str]) -> tuple[tuple[timedelta, frozenset[str]], ...]:
        """Return the periods of some workflows, each with the workflows that have it; not those kept for ever."""
        by_period: dict[timedelta, set[str]] = {}
        for workflow in workflows:
            period = self.period_of(workflow)
            if period is not None:
                by_period.setdefault(period, set()).add(workflow)
        return tuple((period, frozenset(names)) for period, names in sorted(by_period.items()))
