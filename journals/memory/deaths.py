"""How does a journal in memory count the owners that an instance has outlived? As `journals.postgres.deaths` says."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from journals.entries import Entry, Kind
from journals.sharing import SUSPECT


@attrs.define
class Deaths:
    """Counts the deaths of the owners of one instance, in a row. `died_at` is where it stood at the last of them.

    `tried_by` is who tries it, together with so many: `tried_with`, itself included. `shared` counts the deaths then.
    """

    number: int = 0
    shared: int = 0
    died_at: int = 0
    tried_by: int | None = None
    tried_with: int = 0

    def count(self, owner: int, entries: Sequence[Entry]) -> None:
        """Count the death of an owner that was busy with the instance, which has these entries."""
        if self.number >= SUSPECT and self.tried_by != owner:
            return
        if not (self.number and self._is_still_at_it(entries)):
            self.number, self.shared = 1, 0
        elif self.number >= SUSPECT and self.tried_with > 1:
            self.shared += 1
        else:
            self.number += 1
        self.died_at = len(entries)

    def _is_still_at_it(self, entries: Sequence[Entry]) -> bool:
        """Tell whether nothing was recorded since, or a step that was lost then has not come to an end."""
        latest = {entry.address: entry for entry in entries[self.died_at :]}
        return not latest or any(entry.kind is Kind.ATTEMPT_LOST for entry in latest.values())
