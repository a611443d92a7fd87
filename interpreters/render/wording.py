"""How does a picture say what a node holds, without asking the user's code?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from wio.names import name_of
from wio.nodes import Loop, LoopTest, Timing
from wio.retries import Retry

_LONGEST = 60
_PLAIN = (str, int, float, bool, type(None))


def printable(text: str) -> str:
    """Return the text on one line, without characters that a file or terminal cannot show."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def value_words(value: object) -> str:
    """Return a plain value as it is written, and of any other value its type: the user's `repr` is not called.

    >>> value_words("S"), value_words(ValueError("late")), value_words(KeyError)
    ("'S'", 'ValueError', 'KeyError')
    """
    if type(value) in _PLAIN:
        words = repr(value)
        return printable(words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…")
    return type_words(value if isinstance(value, type) else type(value))


def type_words(kind: object) -> str:
    """Return the name of a type."""
    return printable(kind.__name__) if isinstance(kind, type) else "value"


def retry_words(retry: Retry | None) -> str:
    """Return a retry policy in words, "" for none."""
    if retry is None:
        return ""
    return "retry" if retry.attempts is None else f"retry \N{MULTIPLICATION SIGN}{retry.attempts}"


def moment_words(moment: timedelta | datetime | Callable[..., Any], timing: Timing) -> str:
    """Return what a wait waits for.

    >>> moment_words(timedelta(days=1, hours=2), Timing.DURATION)
    'for 1d 2h'
    """
    if isinstance(moment, timedelta):
        return f"{timing.value} {duration_words(moment)}"
    if isinstance(moment, datetime):
        return f"{timing.value} {moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".rstrip()
    return f"{timing.value} {printable(name_of(moment, 'computed'))}"


def duration_words(duration: timedelta) -> str:
    """Return a duration by its units, the largest first."""
    if duration < timedelta(0):
        return f"-{duration_words(-duration)}"
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    exact = f"{seconds + duration.microseconds / 1_000_000:g}"
    amounts = ((str(duration.days), "d"), (str(hours), "h"), (str(minutes), "min"), (exact, "s"))
    return " ".join(amount + unit for amount, unit in amounts if amount != "0") or "0s"


def until_words(loop: Loop) -> str:
    """Return the question of a loop: 'until shipped', or 'while open' for one that is asked before each round."""
    name = printable(name_of(loop.until, "done"))
    if loop.test is LoopTest.BEFORE and name.startswith("not "):
        return f"while {name.removeprefix('not ')}"
    return f"until {name}"


def count_words(steps: int) -> str:
    """Return how many steps are left out.

    >>> count_words(99980)
    '… 99,980 more steps …'
    """
    return f"… {steps:,} more {'step' if steps == 1 else 'steps'} …"
