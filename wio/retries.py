"""How often, and after which delay, is a failed attempt tried again?

A policy is a value on the step. It decides about *technical* errors only: exceptions of the effect.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TypeAlias, cast

import attrs

from wio.errors import InvalidDefinition


@attrs.frozen
class Fixed:
    """Waits the same delay before every retry."""

    delay: timedelta

    def before_retry(self, retry: int) -> timedelta:
        """Return the delay before the `retry`-th retry, counted from 1."""
        del retry
        return self.delay


@attrs.frozen
class Linear:
    """Waits one delay longer before every further retry: d, 2d, 3d, ..."""

    delay: timedelta

    def before_retry(self, retry: int) -> timedelta:
        """Return the delay before the `retry`-th retry, counted from 1; the longest one that can be represented."""
        try:
            return self.delay * retry
        except OverflowError:
            return timedelta.max


@attrs.frozen
class Exponential:
    """Multiplies the delay by `factor` before every further retry: d, f*d, f*f*d, ..."""

    delay: timedelta
    factor: float = 2.0

    def __attrs_post_init__(self) -> None:
        if not (self.factor > 0 and math.isfinite(self.factor)):
            raise InvalidDefinition(f"factor={self.factor}: a delay is multiplied by it. Give a number above zero.")

    def before_retry(self, retry: int) -> timedelta:
        """Return the delay before the `retry`-th retry, counted from 1; the longest one that can be represented."""
        try:
            return self.delay * self.factor ** (retry - 1)
        except OverflowError:
            return timedelta.max


Backoff: TypeAlias = Fixed | Linear | Exponential


@attrs.frozen
class Retry:
    """Tries a step up to `attempts` times in all, with the delays that `backoff` gives.

    `ceiling` bounds one delay. `jitter` takes up to that fraction off each delay, at random, so that
    many instances do not retry in step. `attempts=None` tries for ever.

    >>> policy = Retry(attempts=4, backoff=Exponential(timedelta(seconds=1)), ceiling=timedelta(seconds=3))
    >>> [policy.delay(failed, drawn=0.0) for failed in (1, 2, 3, 4)]
    [datetime.timedelta(seconds=1), datetime.timedelta(seconds=2), datetime.timedelta(seconds=3), None]
    """

    attempts: int | None = attrs.field(default=None, kw_only=True)
    backoff: Backoff = attrs.field(default=Exponential(timedelta(seconds=1)), kw_only=True)
    ceiling: timedelta = attrs.field(default=timedelta(hours=1), kw_only=True)
    jitter: float = attrs.field(default=0.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(cast(object, self.backoff), Fixed | Linear | Exponential):
            raise InvalidDefinition(
                f"backoff={self.backoff!r} is no backoff. Give Fixed(...), Linear(...), Exponential(...)."
            )
        if self.attempts is not None and self.attempts < 1:
            raise InvalidDefinition(
                f"attempts={self.attempts}: a step is tried at least once. Give 1 or more, or None."
            )
        if not 0.0 <= self.jitter <= 1.0:
            raise InvalidDefinition(f"jitter={self.jitter}: it is a fraction of the delay. Give 0.0 to 1.0.")
        if self.backoff.delay < timedelta(0) or self.ceiling < timedelta(0):
            raise InvalidDefinition("A delay before a retry cannot be negative. Give a timedelta of zero or more.")

    def delay(self, failed: int, drawn: float) -> timedelta | None:
        """Return the delay after `failed` attempts, or None when the policy is used up.

        `drawn` is a random number in [0, 1) that the caller brings; the policy itself is deterministic.
        """
        if self.attempts is not None and failed >= self.attempts:
            return None
        longest = min(self.backoff.before_retry(failed), self.ceiling)
        return longest * (1.0 - self.jitter * drawn)


@attrs.frozen
class GivenUp:
    """Says of a step that was given up what its last attempt raised: the type's name, the message, and how many ran."""

    type: str
    message: str
    attempts: int
