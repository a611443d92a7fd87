"""What does a line of a scenario say? The notation of the workflow patterns, read into steps.

A line is these, with spaces between them:

    {A B*}     exactly these tasks are offered now; `*` is claimed
    A?         claim                A!v   complete with v, after a claim if needed
    A#e        fail with e          @s=v  send a signal
    +5         let five units of time pass
    ^          cancel               ~     resume what is paused
    => running                      how far the instance has come; it has failed when an undo has, which pauses it
"""

from __future__ import annotations

import enum
import re
from typing import TypeAlias

import attrs

_NAME = r"[A-Za-z]\w*"
_VALUE = r"[^\s{}]*"
_TOKEN = re.compile(
    r"(?P<offered>\{[^{}]*\})"
    r"|(?:=>\s*(?P<ending>\w+)"
    r"|(?P<cancel>\^)"
    r"|(?P<resume>~)"
    r"|\+(?P<units>\d+)"
    rf"|@(?P<signal>{_NAME})(?:=(?P<sent>{_VALUE}))?"
    rf"|(?P<task>{_NAME})(?:(?P<claim>\?)|!(?P<output>{_VALUE})|\#(?P<error>{_VALUE})))"
    r"(?=[\s{]|$)"
)
_ITEM = re.compile(rf"({_NAME})(\*?)")


class NotationError(Exception):
    """Says what of a line cannot be read, and where."""

    def __init__(self, line: str, position: int, reason: str) -> None:
        super().__init__(f"{reason}, at character {position + 1} of {line!r}: {line[position : position + 20]!r}.")
        self.position = position


class Ending(enum.Enum):
    """Says how far an instance has come. A stuck one is also running: it has not ended.

    One that is paused since an undo has failed counts as failed, though a resume lets it go on.
    """

    RUNNING = "running"
    STUCK = "stuck"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@attrs.frozen
class Offered:
    """Says which tasks are offered, sorted; a claimed one ends in `*`."""

    labels: tuple[str, ...]


@attrs.frozen
class Ends:
    """Says how far the instance has come."""

    ending: Ending


@attrs.frozen
class Claims:
    """Is the claim of a task."""

    label: str


@attrs.frozen
class Completes:
    """Is the completion of a task."""

    label: str
    output: str


@attrs.frozen
class Fails:
    """Is the failure of a task."""

    label: str
    error: str


@attrs.frozen
class Sends:
    """Is a signal."""

    signal: str
    value: str


@attrs.frozen
class Passes:
    """Is time that passes."""

    units: int


@attrs.frozen
class Cancels:
    """Is the command to cancel."""


@attrs.frozen
class Resumes:
    """Is the command to let go on what is paused."""


Stimulus: TypeAlias = Claims | Completes | Fails | Sends | Passes | Cancels | Resumes
Said: TypeAlias = Offered | Ends | Stimulus


@attrs.frozen
class Token:
    """Is one part of a line: what was written, and what it says."""

    text: str
    says: Said


def tokens(line: str) -> tuple[Token, ...]:
    """Return what a line says, in order. Raises `NotationError`.

    >>> [token.text for token in tokens("{A} A!hi {} => done")]
    ['{A}', 'A!hi', '{}', '=> done']
    """
    found: list[Token] = []
    position = _skip_space(line, 0)
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            raise NotationError(line, position, "This is nothing that a scenario can say")
        found.append(Token(match.group(), _said(line, match)))
        position = _skip_space(line, match.end())
    return tuple(found)


def _skip_space(line: str, position: int) -> int:
    while position < len(line) and line[position].isspace():
        position += 1
    return position


def _said(line: str, match: re.Match[str]) -> Said:
    part = match.groupdict()
    if part["offered"] is not None:
        return _offered(line, match.start(), part["offered"])
    if part["ending"] is not None:
        return _ends(line, match.start("ending"), part["ending"])
    if part["cancel"] is not None:
        return Cancels()
    if part["resume"] is not None:
        return Resumes()
    if part["units"] is not None:
        return Passes(int(part["units"]))
    if part["signal"] is not None:
        return Sends(part["signal"], part["sent"] or "")
    if part["claim"] is not None:
        return Claims(part["task"])
    if part["output"] is not None:
        return Completes(part["task"], part["output"])
    return Fails(part["task"], part["error"])


def _offered(line: str, position: int, text: str) -> Offered:
    labels = text[1:-1].split()
    wrong = next((label for label in labels if _ITEM.fullmatch(label) is None), None)
    if wrong is not None:
        raise NotationError(line, position, f"{wrong!r} is no task")
    return Offered(tuple(sorted(labels)))


def _ends(line: str, position: int, word: str) -> Ends:
    try:
        return Ends(Ending(word))
    except ValueError as error:
        known = ", ".join(ending.value for ending in Ending)
        raise NotationError(line, position, f"{word!r} is no ending ({known})") from error
