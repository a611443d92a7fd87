"""Which retry policy has a step, and what does it decide when an attempt has failed?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

import attrs
from returns.result import Success

from interpreters.errors import EffectFailed, UserFunctionRaised, WrongPayload
from interpreters.machine.execution import Active, Attempts, Joint
from interpreters.machine.frames import Frames, Trying
from interpreters.machine.locking import joints_around
from interpreters.machine.maps import Map
from interpreters.machine.recorded import AttemptFailed, Decided
from wio.nodes import RunIO
from wio.retries import Exceeded, GivenUp, Pause, Retry


@attrs.frozen
class Decision:
    """Is what follows a failed attempt; see `AttemptFailed`."""

    decided: Decided
    retry_at: datetime | None = None
    until: datetime | None = None
    resume_at: datetime | None = None


def decision(
    joints: Map[Joint], active: Active, error: BaseException, began: datetime, at: datetime, drawn: float
) -> Decision:
    """Return what the policy of a step decides about an attempt that has failed with an error.

    `drawn` in [0, 1) is the chance for its jitter. Errors of the program itself (a value that cannot be kept, a handler
    that raises) are never retried: they pause the instance.
    """
    retry = policy_of(joints, active)
    if retry is None or isinstance(error, WrongPayload | UserFunctionRaised):
        return Decision(Decided.PAUSE)
    causes = (error, error.content) if isinstance(error, EffectFailed) else (error,)
    if any(map(retry.fails, causes)):
        return Decision(Decided.FAIL)
    until = _until(retry, active, began)
    if any(map(retry.retries, causes)):
        delay = retry.delay(cast(Attempts, active.standing).failed + 1, drawn)
        retry_at = None if delay is None else later(at, delay)
        if retry_at is not None and (until is None or retry_at < until):
            return Decision(Decided.RETRY, retry_at, until)
    if retry.exceeded is Exceeded.FAIL:
        return Decision(Decided.FAIL)
    if gives_up(joints, active):
        return Decision(Decided.GIVE_UP)
    resume_at = later(at, retry.exceeded.resume_after) if isinstance(retry.exceeded, Pause) else None
    return Decision(Decided.PAUSE, resume_at=resume_at)


def attempt_due(joints: Map[Joint], active: Active, began: datetime) -> datetime | None:
    """Return when an attempt that has begun is broken off; None when it may take as long as it likes."""
    retry = policy_of(joints, active)
    if retry is None:
        return None
    own = None if retry.attempt_timeout is None else later(began, retry.attempt_timeout)
    return min((due for due in (own, _until(retry, active, began)) if due is not None), default=None)


def _until(retry: Retry, active: Active, began: datetime) -> datetime | None:
    """Return when the time of all attempts is over: it was recorded with the first one, or begins with this one."""
    recorded = cast(Attempts, active.standing).until
    return later(began, retry.overall) if recorded is None and retry.overall is not None else recorded


def later(at: datetime, delay: timedelta) -> datetime:
    """Add without overflow: what lies beyond the calendar never comes."""
    try:
        return at + delay
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo) if delay > timedelta(0) else at


def policy_of(joints: Map[Joint], active: Active) -> Retry | None:
    """Return the step's own policy, or that of the nearest part around it that has one."""
    if isinstance(active.node, RunIO) and active.node.retry is not None:
        return active.node.retry
    return next((trying.node.retry for trying in _around(joints, active)), None)


def last_attempt(joints: Map[Joint], active: Active) -> int | None:
    """Return the number of the last attempt that the policy of a step grants; None when it grants any number.

    Those that were lost, and those before the last resume, do not count for the policy.
    """
    retry, attempts = policy_of(joints, active), cast(Attempts, active.standing)
    if retry is None or retry.attempts is None:
        return None
    return attempts.ended - attempts.failed + retry.attempts


def gives_up(joints: Map[Joint], active: Active) -> bool:
    """Tell whether a part around the step says how to go on when it is given up."""
    return any(trying.node.give_up is not None for trying in _around(joints, active))


def given_up_with(failed: AttemptFailed) -> GivenUp:
    """Return what is said of a step that is given up after a failed attempt."""
    return GivenUp(failed.error.type, failed.error.message, failed.attempt)


def goes_on(joints: Map[Joint], active: Active, given_up: GivenUp) -> bool:
    """Tell whether a value takes the place of what a given-up step would have led to; else a failure does."""
    ways = (trying.node.give_up and trying.node.give_up(trying.input, given_up) for trying in _around(joints, active))
    return isinstance(next((way for way in ways if way is not None), None), Success)


def _around(joints: Map[Joint], active: Active) -> Iterator[Trying]:
    yield from _in(active.frames)
    for joint, _ in joints_around(joints, active.home):
        yield from _in(joint.frames)


def _in(frames: Frames) -> Iterator[Trying]:
    while frames is not None:
        if isinstance(frames, Trying):
            yield frames
        frames = frames.below
