"""What is logged while many instances wait for a store that is away? A line a second at most, for all of them."""

from __future__ import annotations

import asyncio
import logging
import math

from journals.errors import JournalUnavailable

_LOG = logging.getLogger("wio.runtime")
_PAUSE_SECONDS = 1.0


class Outage:
    """Tells of one instance that waits for the store, and how many others have tried in vain since it last told."""

    def __init__(self) -> None:
        self._told_at = -math.inf
        self._untold = 0

    def tell(self, instance_id: str, error: JournalUnavailable, delay_seconds: float) -> None:
        """Say that an instance tries again after a delay, unless something was said just before."""
        now = asyncio.get_running_loop().time()
        if now - self._told_at < _PAUSE_SECONDS:
            self._untold += 1
            return
        others = f" So did others, {self._untold} times." if self._untold else ""
        self._told_at, self._untold = now, 0
        _LOG.warning("Instance %s: %s Trying again in %.1f s.%s", instance_id, error, delay_seconds, others)
