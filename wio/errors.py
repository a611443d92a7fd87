"""Which errors does wio raise, and what can the caller do about each?

Every error is a `WioError`; its message says what happened, where, and what to do next.
The journals and the interpreters add their own causes in `journals.errors` and `interpreters.errors`.
"""

from __future__ import annotations


class WioError(Exception):
    """Is the root of every error that wio raises on purpose."""


class InvalidName(WioError):
    """Says that a name cannot be part of an address."""

    def __init__(self, name: str, of: str) -> None:
        super().__init__(
            f"{name!r} cannot name {of}: a name has 1 to 100 printable characters and none of / # [ ] : !"
            " because these structure an address. Choose another name."
        )
        self.name = name


class InvalidDefinition(WioError):
    """Says that a node was built from parts that can never run."""
