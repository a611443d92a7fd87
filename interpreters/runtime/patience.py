"""How long does one wait before the next try, while the store is away? Longer each time, up to a bound."""

from __future__ import annotations

from collections.abc import Iterator

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 5.0


def delays() -> Iterator[float]:
    """Yield, without an end, how many seconds to wait after the first try, the second, and so on.

    >>> from itertools import islice
    >>> list(islice(delays(), 8))
    [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    """
    seconds = _FIRST_SECONDS
    while True:
        yield seconds
        seconds = min(2 * seconds, _LONGEST_SECONDS)
