"""Who arrives at which meetings? What is written in a part, whether it is reached or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wio.nodes import WIO, Arrive, children


def arrivals_in(*programs: WIO[Any, Any, Any]) -> Iterator[Arrive]:
    """Yield every place of the programs that arrives at a meeting, or declines; each node once."""
    waiting = list(reversed(programs))
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, Arrive):
            yield here
        waiting.extend(reversed(children(here)))
