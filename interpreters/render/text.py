"""How does a drawing look in a terminal? A tree of lines, with notes in a column of their own."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import attrs

from interpreters.render.drawing import NOWHERE, Drawing, Place
from interpreters.render.progress import Mark, State
from interpreters.render.rows import Row, rows_of

_SIGNS = {
    State.SKIPPED: "-",
    State.DONE: "✓",
    State.RUNNING: "►",
    State.WAITING: "◌",
    State.RETRYING: "↻",
    State.PAUSED: "‖",
    State.FAILED: "✗",
    State.HANDLED: "✗",
    State.BEGUN: "►",
    State.WITHDRAWN: "⊘",
    State.CANCELLED: "⊘",
}
_ASCII: Mapping[str, str] = {
    "✓": "+",
    "►": ">",
    "◌": ".",
    "↻": "~",
    "‖": "=",
    "✗": "!",
    "→": ">",
    "⊘": "x",
    "◇": "?",
    "◈": "?",
    "◆": "*",
    "∥": "=",
    "↺": "@",
    "…": "...",
    "│": "|",
    "├": "|",
    "└": "`",
    "─": "-",
    "\N{MULTIPLICATION SIGN}": "x",
}
_NARROWEST_KIND = 10
_NARROWEST_NOTE = 24
_WIDEST_NOTE = 56
_GAP = 2


def to_text(drawing: Drawing, *, ascii: bool = False, width: int = 120) -> str:
    """Return the drawing as lines of text, each ending in a newline.

    Names and notes are never cut. Where a line would go beyond `width` columns, what kind of thing it is gives way to
    its note; a note that is still too long goes on below. With `ascii` only ASCII is used.
    """
    root = Row(drawing.title, drawing.input, _outcome(drawing.outcome), rows_of(drawing.body))
    text = "".join(line + "\n" for line in _table(tuple(_lines(root, "", "")), width))
    for address in drawing.unplaced:
        text += f"not in this program: {address}\n"
    return _in_ascii(text) if ascii else text


def _in_ascii(text: str) -> str:
    plain = text.translate({ord(sign): words for sign, words in _ASCII.items()})
    return plain.encode("ascii", "backslashreplace").decode()


def _outcome(outcome: Mark | None) -> Place:
    return NOWHERE if outcome is None else Place(state=outcome.state, note=outcome.note)


@attrs.frozen
class _Line:
    """Is one row as it is printed; `below` are the guides under its label, for what does not fit beside it."""

    label: str
    kind: str
    note: str
    below: str


def _lines(row: Row, guide: str, indent: str) -> Iterator[_Line]:
    yield _Line(guide + row.label, row.kind, _note(row.place), indent + ("│  " if row.below else ""))
    for below in row.below:
        is_last = below is row.below[-1]
        yield from _lines(below, indent + ("└─ " if is_last else "├─ "), indent + ("   " if is_last else "│  "))


def _note(place: Place) -> str:
    if place.state is State.NOT_REACHED:
        return place.note
    words = f"{_SIGNS[place.state]} {place.state.value}"
    return f"{words}: {place.note}" if place.note else words


def _table(lines: Sequence[_Line], width: int) -> Iterator[str]:
    """Yield the lines with their kinds and notes in columns, which begin at the same place in every line."""
    label_width = min(max(_columns(line.label) for line in lines), width // 2)
    note_width = min(max(_columns(line.note) for line in lines), _WIDEST_NOTE)
    kind_at = label_width + _GAP
    noted = [_columns(line.kind) for line in lines if line.note]
    kind_width = min(max(noted, default=0), max(width - kind_at - _GAP - note_width, _NARROWEST_KIND))
    note_at = kind_at + kind_width + _GAP if kind_width else kind_at
    if width - note_at < min(note_width, _NARROWEST_NOTE):
        note_at = kind_at
    for line in lines:
        yield from _in_columns(line.label, tuple(_cells(line, kind_at, note_at, width)), line.below)


def _cells(line: _Line, kind_at: int, note_at: int, width: int) -> Iterator[tuple[int, str]]:
    """Yield what stands beside a label, each with its column: the kind, and the note piece by piece."""
    if line.kind:
        is_beside = line.note and kind_at < note_at
        yield kind_at, _cut(line.kind, note_at - _GAP - kind_at) if is_beside else line.kind
    room = max(width - note_at, _NARROWEST_NOTE)
    for piece in textwrap.wrap(line.note, room, break_on_hyphens=False):
        yield note_at, piece


def _in_columns(begun: str, cells: Sequence[tuple[int, str]], below: str) -> Iterator[str]:
    """Yield a line that goes on with each cell at its column, and a further line where that is taken already."""
    for begins_at, text in cells:
        if _columns(begun) + _GAP > begins_at:
            yield begun.rstrip()
            begun = below
        begun = _filled(begun, begins_at) + text
    yield begun.rstrip()


def _filled(text: str, width: int) -> str:
    return text + " " * max(width - _columns(text), 0)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _columns(text: str) -> int:
    """Return how many columns a terminal needs: two for an East Asian wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
