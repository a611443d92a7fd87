"""How does a drawing look in a terminal? A tree of lines, with notes in a column of their own."""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from interpreters.render.drawing import NOWHERE, Drawing, Place
from interpreters.render.progress import Mark, State
from interpreters.render.rows import Row, rows_of
from interpreters.render.wording import note_words

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
    State.STUCK: "✗",
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
    "⚑": "^",
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


def to_text(drawing: Drawing, *, ascii: bool = False, width: int | None = None) -> str:
    """Return the drawing as lines of text, each ending in a newline.

    Without a `width` each row is one line, and nothing is cut. Where a line would go beyond `width` columns, what kind
    of thing it is gives way to its note; what is still too long goes on below. Names are never cut, and a note only
    where it has more than 100 characters. With `ascii` only ASCII is used.
    """
    root = Row(drawing.title, drawing.input, _outcome(drawing.outcome), rows_of(drawing.body))
    written = _in_ascii if ascii else str
    lines = tuple(_lines(root, "", "", written))
    unplaced = (f"not in this program: {written(address)}" for address in drawing.unplaced)
    return "".join(line + "\n" for line in (*_table(lines, width or sys.maxsize, written("…")), *unplaced))


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


def _lines(row: Row, guide: str, indent: str, written: Callable[[str], str]) -> Iterator[_Line]:
    further = indent + ("│  " if row.below else "")
    yield _Line(written(guide + row.label), written(row.kind), written(_note(row.place)), written(further))
    for below in row.below:
        is_last = below is row.below[-1]
        deeper = indent + ("   " if is_last else "│  ")
        yield from _lines(below, indent + ("└─ " if is_last else "├─ "), deeper, written)


def _note(place: Place) -> str:
    if place.state is State.NOT_REACHED:
        return note_words(place.note)
    words = f"{_SIGNS[place.state]} {place.state.value}"
    return f"{words}: {note_words(place.note)}" if place.note else words


def _table(lines: Sequence[_Line], width: int, more: str) -> Iterator[str]:
    """Yield the lines with their kinds and notes in columns, which begin at the same place in every line.

    A kind that is cut ends with `more`.
    """
    label_width = min(max(_columns(line.label) for line in lines), width // 2)
    kind_at = label_width + _GAP
    note_width = _note_width(lines, width - kind_at - _NARROWEST_KIND - _GAP)
    noted = [_columns(line.kind) for line in lines if line.note]
    kind_width = min(max(noted, default=0), max(width - kind_at - _GAP - note_width, _NARROWEST_KIND))
    note_at = kind_at + kind_width + _GAP if kind_width else kind_at
    if width - note_at < note_width and width - note_at < _NARROWEST_NOTE:
        note_at = kind_at
    for line in lines:
        yield from _in_columns(line.label, tuple(_cells(line, kind_at, note_at, width, more)), line.below)


def _note_width(lines: Sequence[_Line], most: int) -> int:
    """Return how wide the column of notes should be: a note that goes on below in any case needs no more than some."""
    widths = [_columns(line.note) for line in lines]
    fitting = [width for width in widths if width <= min(most, _WIDEST_NOTE)]
    return max([*fitting, min(max(widths), _NARROWEST_NOTE)])


def _cells(line: _Line, kind_at: int, note_at: int, width: int, more: str) -> Iterator[tuple[int, str]]:
    """Yield what stands beside a label, each with its column: the kind, and the note piece by piece.

    A kind without a note may also go on below.
    """
    if line.note and kind_at < note_at:
        yield kind_at, _cut(line.kind, note_at - _GAP - kind_at, more)
    else:
        yield from _pieces(line.kind, kind_at, width - kind_at)
    yield from _pieces(line.note, note_at, width - note_at)


def _pieces(words: str, begins_at: int, room: int) -> Iterator[tuple[int, str]]:
    for piece in textwrap.wrap(words, max(room, _NARROWEST_NOTE), break_on_hyphens=False):
        yield begins_at, piece


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


def _cut(text: str, width: int, more: str) -> str:
    if _columns(text) <= width:
        return text
    while text and _columns(text + more) > width:
        text = text[:-1]
    return text.rstrip(" ,") + more


def _columns(text: str) -> int:
    """Return how many columns a terminal needs: two for an East Asian wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
