"""By what can an instance be found besides its state? By tags, given at its start, and by attributes.

A tag is a word such as `vip`. An attribute is a small value with a name, which the workflow sets while it runs.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TypeAlias

AttributeValue: TypeAlias = str | int | float | bool | datetime | None
"""Is what an attribute may be; a time is aware. None means that the attribute is not there, or not any more."""

LONGEST_NAME = 100
"""Is the greatest number of characters that a tag or the name of an attribute may have."""

LONGEST_TEXT = 200
"""Is the greatest number of characters that an attribute may have: it is for finding, not for keeping."""

_MOST = 2**63


def name_fault(name: object) -> str | None:
    """Return why something can be neither a tag nor the name of an attribute, or None.

    >>> name_fault("customer"), name_fault("")
    (None, "'' is none: it has 1 to 100 printable characters, and does not begin with #")
    """
    if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable() and name[0] != "#":
        return None
    return f"{name!r:.150} is none: it has 1 to {LONGEST_NAME} printable characters, and does not begin with #"


def value_fault(value: object) -> str | None:
    """Return why something cannot be an attribute, or None.

    >>> value_fault("Ann"), value_fault(float("nan"))
    (None, 'nan is no number that can be found')
    """
    match value:
        case None | bool():
            return None
        case str():
            return _text_fault(value)
        case int():
            return None if -_MOST <= value < _MOST else f"{_shown(value)} is beyond 64 bits"
        case float():
            return None if math.isfinite(value) else f"{value} is no number that can be found"
        case datetime():
            return _time_fault(value)
        case _:
            kinds = "a text, a number, a bool, an aware datetime or None"
            return f"{value!r:.100} is a {type(value).__name__}, not {kinds}"


def _shown(number: int) -> str:
    """Return a number, shortened; of one with thousands of digits Python refuses to tell the decimal ones."""
    return f"{number!r:.50}" if number.bit_length() < 1_000 else f"{hex(number):.50}"


def _text_fault(text: str) -> str | None:
    if len(text) > LONGEST_TEXT:
        return f"{text!r:.100} has {len(text)} characters; at most {LONGEST_TEXT} are kept"
    try:
        return f"{text!r} contains a NUL character" if b"\0" in text.encode() else None
    except UnicodeEncodeError:
        return f"{text!r} is not Unicode"


def _time_fault(moment: datetime) -> str | None:
    if moment.tzinfo is None:
        return f"{moment!r} has no time zone"
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return f"{moment!r} is outside of the calendar in UTC"
    return None
