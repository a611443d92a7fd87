"""How often, and after which delay, is a failed attempt tried again?

A policy is a value on the step. It decides about *technical* errors only: exceptions of the effect. What it has
decided is recorded with the failed attempt, and never asked again.
"""

from __future__ import annotations

import enum
import math
from datetime import timedelta
from typing import Any, TypeAlias, cast

import attrs

from wio.errors import InvalidDefinition
from wio.validators import is_real, is_whole


def _is_delay(_instance: Any, attribute: attrs.Attribute[Any], delay: Any) -> None:
    if not isinstance(delay, timedelta) or delay < timedelta(0):
        raise InvalidDefinition(
            f"{attribute.name}={delay!r:.100}: a delay before a retry is a time that is not negative."
            " Give a timedelta of zero or more."
        )


@attrs.frozen
class Fixed:
    """Waits the same delay before every retry."""

    delay: timedelta = attrs.field(validator=_is_delay)

    def before_retry(self, retry: int) -> timedelta:
        """Return the delay before the `retry`-th retry, counted from 1."""
        del retry
        return self.delay


@attrs.frozen
class Linear:
    """Waits one delay longer before every further retry: d, 2d, 3d, ..."""

    delay: timedelta = attrs.field(validator=_is_delay)

    def before_retry(self, retry: int) -> timedelta:
        """Return the delay before the `retry`-th retry, counted from 1; the longest one that can be represented."""
        try:
            return self.delay * retry
        except OverflowError:
            return timedelta.max


def _multiplies(_instance: Any, _attribute: Any, factor: Any) -> None:
    if not (is_real(factor) and factor > 0 and math.isfinite(factor)):
        raise InvalidDefinition(f"factor={factor!r:.100}: a delay is multiplied by it. Give a number above zero.")


@attrs.frozen
class Exponential:
    """Multiplies the delay by `factor` before every further retry: d, f*d, f*f*d, ..."""

    delay: timedelta = attrs.field(validator=_is_delay)
    factor: float = attrs.field(default=2.0, validator=_multiplies)

    def before_retry(self, retry: int) -> timedelta:
        """Return the delay before the `retry`-th retry, counted from 1; the longest one that can be represented."""
        try:
            return self.delay * self.factor ** (retry - 1)
        except OverflowError:
            return timedelta.max


Backoff: TypeAlias = Fixed | Linear | Exponential


class Exceeded(enum.Enum):
    """Says what becomes of a step that is not tried again.

    `PAUSE`: the nearest part around it with a `give_up` says how to go on; without one the instance pauses there.
    `FAIL`: the whole instance fails; see `Retry.fail_on`.
    """

    PAUSE = "pause"
    FAIL = "fail"


def _is_after(_instance: Any, _attribute: Any, after: Any) -> None:
    if not isinstance(after, timedelta) or after <= timedelta(0):
        raise InvalidDefinition(
            f"resume_after={after!r:.100}: a pause ends some time after it began. Give a timedelta above zero, or"
            " Exceeded.PAUSE for one that ends when somebody resumes it."
        )


@attrs.frozen
class Pause:
    """Says of a step that is not tried again what `Exceeded.PAUSE` says, and that the pause ends by itself.

    When `resume_after` has passed, the step is tried again with a fresh policy, unless somebody has resumed it before.
    """

    resume_after: timedelta = attrs.field(validator=_is_after)


def _are_classes(_instance: Any, attribute: attrs.Attribute[Any], classes: Any) -> None:
    if classes is None and attribute.name == "on":
        return
    given = cast("tuple[object, ...]", classes) if isinstance(classes, tuple) else (None,)
    if not all(isinstance(each, type) for each in given):
        raise InvalidDefinition(
            f"{attribute.name}={classes!r:.100}: errors are told apart by their classes. Give a tuple of classes:"
            f" {attribute.name}=(OSError,)."
        )


def _takes_time(_instance: Any, attribute: attrs.Attribute[Any], duration: Any) -> None:
    if duration is not None and (not isinstance(duration, timedelta) or duration <= timedelta(0)):
        raise InvalidDefinition(
            f"{attribute.name}={duration!r:.100}: nothing ends in no time. Give a timedelta above zero."
        )


def _counts_attempts(_instance: Any, _attribute: Any, attempts: Any) -> None:
    if attempts is not None and (not is_whole(attempts) or attempts < 1):
        raise InvalidDefinition(
            f"attempts={attempts!r:.100}: a step is tried at least once. Give 1 or more, or None for ever."
        )


def _is_fraction(_instance: Any, _attribute: Any, jitter: Any) -> None:
    if not (is_real(jitter) and 0.0 <= jitter <= 1.0):
        raise InvalidDefinition(f"jitter={jitter!r:.100}: it is a fraction of the delay. Give 0.0 to 1.0.")


def _is_backoff(_instance: Any, _attribute: Any, backoff: Any) -> None:
    if not isinstance(backoff, Fixed | Linear | Exponential):
        raise InvalidDefinition(
            f"backoff={backoff!r:.100} is no backoff. Give Fixed(...), Linear(...) or Exponential(...)."
        )


def _is_exceeded(_instance: Any, _attribute: Any, exceeded: Any) -> None:
    if not isinstance(exceeded, Exceeded | Pause):
        raise InvalidDefinition(
            f"exceeded={exceeded!r:.100} does not say what becomes of the step. Give Exceeded.PAUSE, Exceeded.FAIL or"
            " Pause(resume_after=...)."
        )


@attrs.frozen
class Retry:
    """Tries a step up to `attempts` times in all, with the delays that `backoff` gives.

    `ceiling` bounds one delay. `jitter` takes up to that fraction off each delay, at random, so that
    many instances do not retry in step. `attempts=None` tries for ever.

    An attempt that takes longer than `attempt_timeout` is broken off, and fails with a `TimeoutError`. No attempt
    begins, and none goes on, when `overall` has passed since the first one began.

    The class of an error decides, subclasses included: `on` are those that are tried again (None: all). Those in
    `fail_on` fail the whole instance at once: everything in it is withdrawn, and undone where it has an undo.
    `exceeded` says what becomes of a step that is not tried again. The content of an `IOFailure` counts as the error.

    >>> policy = Retry(attempts=4, backoff=Exponential(timedelta(seconds=1)), ceiling=timedelta(seconds=3))
    >>> [policy.delay(failed, drawn=0.0) for failed in (1, 2, 3, 4)]
    [datetime.timedelta(seconds=1), datetime.timedelta(seconds=2), datetime.timedelta(seconds=3), None]
    """

    attempts: int | None = attrs.field(default=None, kw_only=True, validator=_counts_attempts)
    backoff: Backoff = attrs.field(default=Exponential(timedelta(seconds=1)), kw_only=True, validator=_is_backoff)
    ceiling: timedelta = attrs.field(default=timedelta(hours=1), kw_only=True, validator=_is_delay)
    jitter: float = attrs.field(default=0.0, kw_only=True, validator=_is_fraction)
    on: tuple[type[Any], ...] | None = attrs.field(default=None, kw_only=True, validator=_are_classes)
    fail_on: tuple[type[Any], ...] = attrs.field(default=(), kw_only=True, validator=_are_classes)
    attempt_timeout: timedelta | None = attrs.field(default=None, kw_only=True, validator=_takes_time)
    overall: timedelta | None = attrs.field(default=None, kw_only=True, validator=_takes_time)
    exceeded: Exceeded | Pause = attrs.field(default=Exceeded.PAUSE, kw_only=True, validator=_is_exceeded)

    def delay(self, failed: int, drawn: float) -> timedelta | None:
        """Return the delay after `failed` attempts, or None when the policy is used up.

        `drawn` is a random number in [0, 1) that the caller brings; the policy itself is deterministic.
        """
        if self.attempts is not None and failed >= self.attempts:
            return None
        longest = min(self.backoff.before_retry(failed), self.ceiling)
        return longest * (1.0 - self.jitter * drawn)

    def retries(self, error: object) -> bool:
        """Tell whether an attempt that failed with this error may be tried again."""
        return self.on is None or isinstance(error, self.on)

    def fails(self, error: object) -> bool:
        """Tell whether this error fails the whole instance."""
        return isinstance(error, self.fail_on)


@attrs.frozen
class GivenUp:
    """Says of a step that was given up what its last attempt raised: the type's name, the message, and how many ran.

    `remaining` names the undos that do not run because the step was one of an undo, and has failed the instance.
    """

    type: str
    message: str
    attempts: int
    remaining: tuple[str, ...] = ()
