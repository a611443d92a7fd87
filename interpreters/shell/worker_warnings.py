"""What has gone wrong in a worker lately? How often anything has, and the last warnings, each place in one line."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime

import attrs

_MOST_LINES = 5
_LATELY_SECONDS = 60


@attrs.frozen
class _Line:
    """Is what was last said of a place, when, and how often anything was."""

    at: datetime
    message: str
    times: int


class Warnings:
    """Counts errors, and keeps the last warnings. `elapsed` gives seconds that no change of the clock disturbs."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._lines: OrderedDict[tuple[str, str], _Line] = OrderedDict()
        self._errors = 0
        self._lately: deque[tuple[int, int]] = deque()

    def note(self, message: str, *, about: tuple[str, str], is_error: bool) -> None:
        """Keep a warning. What is `about` the same instance and address takes the place of the one before."""
        before = self._lines.pop(about, None)
        self._lines[about] = _Line(datetime.now(), message, 1 if before is None else before.times + 1)
        if len(self._lines) > _MOST_LINES:
            self._lines.popitem(last=False)
        if is_error:
            self._errors += 1
            second = int(self._elapsed())
            same = self._lately.pop()[1] if self._lately and self._lately[-1][0] == second else 0
            self._lately.append((second, same + 1))
            self._forget()

    def errors(self) -> tuple[int, int]:
        """Return how many errors there were since the start, and in the last minute."""
        self._forget()
        return self._errors, sum(number for _, number in self._lately)

    def lines(self) -> tuple[str, ...]:
        """Return the last warnings, the latest last, with their times."""
        return tuple(map(_words, self._lines.values()))

    def _forget(self) -> None:
        while self._lately and self._lately[0][0] <= self._elapsed() - _LATELY_SECONDS:
            self._lately.popleft()


def _words(line: _Line) -> str:
    times = f" ({line.times} times)" if line.times > 1 else ""
    return f"{line.at:%H:%M:%S}  {line.message}{times}"
