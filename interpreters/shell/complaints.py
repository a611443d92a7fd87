"""How is an error told in one line?"""

from __future__ import annotations

from wio.errors import WioError


def complaint(error: Exception) -> str:
    """Return the message of an error of wio, which says all; of any other error the class too."""
    words = one_line(str(error))
    return words if isinstance(error, WioError) else f"{type(error).__name__}: {words}"


def one_line(text: str) -> str:
    """Return a text without line breaks.

    >>> one_line("two \\n  lines")
    'two lines'
    """
    return " ".join(text.split())
