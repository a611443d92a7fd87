"""How is a wait said in words? What it is, since when, until when, and for how long that is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from interpreters.machine.execution import ChildLink, Held
from interpreters.machine.pending import (
    ChildRunning,
    ChildToCancel,
    ChildToStart,
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
    ToRecord,
)
from journals.entries import UNFINISHED, InstanceRecord, Payload

_MOST_CHARACTERS = 500
_HELD = re.compile(r"(?P<by>paused(?: by .+?)?) since (?P<since>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", re.DOTALL)


def said(
    waiting: Pending, children: Mapping[str, InstanceRecord], now: datetime | None = None, *, errors: int = 0
) -> str:
    """Return what an instance does or waits for, as the rest of a sentence that begins with the instance.

    With `now`, times are also told by how far they are. `errors` is how often the step has failed.
    """
    match waiting:
        case EffectToRun():
            return _effect(waiting, now)
        case SignalExpected(address, node):
            return f"waits for signal {node.signal.name} at {address}"
        case TimerRunning(address, due):
            return f"waits at {address} until {'a time to be recorded' if due is None else at(due, now)}"
        case TaskOffered(address, node, to, None):
            return f"offers task {node.task.name} at {address}{_to(to)}"
        case TaskOffered(address, node, _, by):
            return f"waits for task {node.task.name} at {address}, claimed by {by}"
        case ChildToStart(address, child):
            return f"starts child {child.id} at {address}{_child(child, children)}"
        case ChildRunning(address, child):
            return f"waits for child {child.id} at {address}{_child(child, children)}"
        case ChildToCancel(address, child):
            return f"cancels child {child.id} at {address}{_child(child, children)}"
        case ToRecord(address):
            return f"goes on at {address}, which is still to be recorded"
        case PausedAt(address, problem, remaining, _, resume_at):
            after = f" after {errors} errors" if errors > 1 else ""
            ends = "" if resume_at is None else f"; goes on by itself at {at(resume_at, now)}"
            left = f"; still to be undone after it: {', '.join(remaining)}" if remaining else ""
            return f"is paused at {address}{after}: {one_line(str(problem)).rstrip('.')}{ends}{left}"
        case Held(by, reason):
            why = f": {one_line(reason).rstrip('.')}" if reason else ""
            return f"is paused by {by or 'a command'}{why}"
        case Stuck(reason):
            return f"is stuck, nothing can happen in it any more: {one_line(reason)}"
        case Outcome(_, recorded):
            return "has ended" if recorded else "has come to its end, which is still to be recorded"


def _effect(effect: EffectToRun, now: datetime | None) -> str:
    if effect.not_before is None:
        again = f", attempt {effect.attempt}{_of(effect)}" if effect.attempt > 1 else ""
        return f"runs {effect.address}{again}"
    error = "" if effect.error is None else f" because of {one_line(str(effect.error))}"
    return f"retries {effect.address}, attempt {effect.attempt}{_of(effect)}, at {at(effect.not_before, now)}{error}"


def _of(effect: EffectToRun) -> str:
    return "" if effect.attempts is None else f" of {effect.attempts}"


def _to(to: Payload | None) -> str:
    return "" if to is None else f" to {one_line(to.text)}"


def _child(link: ChildLink, children: Mapping[str, InstanceRecord]) -> str:
    child = children.get(link.id)
    if child is None:
        return ", which has not begun"
    if child.status not in UNFINISHED:
        return f", which is {child.status.value}"
    return f", which {child_words(child)}"


def child_words(child: InstanceRecord) -> str:
    """Return what a child does or waits for, by its record."""
    if child.detail.startswith(("paused", "stuck")):
        return f"is {one_line(child.detail)}"
    return one_line(child.detail) or f"is {child.status.value}"


def since_words(since: datetime | None, now: datetime) -> str:
    """Say since when something is so, and for how long that is; nothing where it is not known.

    >>> from datetime import UTC
    >>> since_words(datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 31, 12, 3, tzinfo=UTC))
    ', since 2026-01-31 12:00:00 UTC (for 3 min)'
    """
    return "" if since is None else f", since {moment(since)} (for {lasting(now - since)})"


def without_since(detail: str) -> tuple[str, datetime | None]:
    """Return what a record says of an instance that a command has paused without since when, and that by itself.

    >>> without_since("paused by ada since 2026-01-31 12:00:00 UTC: a recall")
    ('paused by ada: a recall', datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone.utc))
    >>> without_since("paused at pay: OSError: no route since noon")
    ('paused at pay: OSError: no route since noon', None)
    """
    found = _HELD.match(detail)
    if found is None:
        return detail, None
    since = datetime.fromisoformat(found["since"]).replace(tzinfo=UTC)
    return f"{found['by']}{detail[found.end() :]}", since


def at(due: datetime, now: datetime | None) -> str:
    """Say when something is to be, and how far that is from now."""
    if now is None:
        return moment(due)
    far = f"in {lasting(due - now)}" if due > now else f"{lasting(now - due)} ago"
    return f"{moment(due)} ({far})"


def ago(then: datetime, now: datetime) -> str:
    """Say when something was."""
    return f"{moment(then)} ({lasting(now - then)} ago)"


def moment(when: datetime) -> str:
    """Return a time as sentences have it."""
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def lasting(duration: timedelta) -> str:
    """Return how long something is, in its largest unit of which there are two at least.

    >>> lasting(timedelta(seconds=90)), lasting(timedelta(minutes=90)), lasting(timedelta(days=10))
    ('90 s', '90 min', '10 days')
    """
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 120 * 60:
        return f"{seconds // 60} min"
    if seconds < 48 * 60 * 60:
        return f"{seconds // (60 * 60)} h"
    return f"{seconds // (24 * 60 * 60)} days"


def joined(names: Sequence[str], most: int = 3) -> str:
    """Return names in a row, the first few of many.

    >>> joined(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def one_line(text: str) -> str:
    """Return a text of any length in one line."""
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}..."
