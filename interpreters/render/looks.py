"""Which colours and words does a picture use? One calm palette, told apart in print by shape as well.

The fills differ in hue for all common kinds of colour blindness, and are so light that dark text is read on them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

import attrs

from interpreters.render.drawing import Place
from interpreters.render.graph import Box, Dot, Frame, Look
from interpreters.render.progress import ACTIVE, State
from interpreters.render.wording import note_words

TEXT = "#1f2328"
QUIET_TEXT = "#57606a"
LINE = "#57606a"
FAINT = "#b4bbc3"
ERROR = "#a63d2f"
UNDO = "#7b4b94"
FONT = "Helvetica"
"""Is the font by name alone: Graphviz measures by what it knows of it, and adds a general one to SVG itself."""

_MOST_COLUMNS = 32
"""Is how long a line in a dot or a box gets before it is broken."""


@attrs.frozen
class Paint:
    """Is how a dot is coloured."""

    fill: str
    border: str
    text: str = TEXT


_PAINTS = {
    Look.START: Paint("#3d444d", "#3d444d"),
    Look.FINISH: Paint("#ffffff", "#3d444d"),
    Look.EFFECT: Paint("#dbe9f6", "#33658f"),
    Look.SIGNAL: Paint("#d5eee3", "#24735a"),
    Look.TIMER: Paint("#fbf0c9", "#8a6a0c"),
    Look.DRAFT: Paint("#ffffff", "#6e7781"),
    Look.TASK: Paint("#fbe1ec", "#a03468"),
    Look.CHILD: Paint("#e2e6fa", "#3f4aa0"),
    Look.RECORD: Paint("#f0f1f3", "#57606a"),
    Look.LEAVE: Paint("#e6e9ed", "#3d444d"),
    Look.ARRIVE: Paint("#e6e9ed", "#3d444d"),
    Look.AGAIN: Paint("#efe6f5", "#7b4b94"),
    Look.COMPUTE: Paint("#f0f1f3", "#8c959f"),
    Look.CHECK: Paint("#e8e4f3", "#675497"),
    Look.VALUE: Paint("#f0f1f3", "#8c959f"),
    Look.FAILURE: Paint("#f8ddd5", ERROR),
    Look.CATCH: Paint("#ffffff", ERROR, ERROR),
    Look.WATCH: Paint("#ffffff", LINE, QUIET_TEXT),
    Look.CHOICE: Paint("#fbe3c8", "#9a5b13"),
    Look.LOOP: Paint("#fbe3c8", "#9a5b13"),
    Look.SPLIT: Paint("#57606a", "#57606a", "#ffffff"),
    Look.JOIN: Paint("#57606a", "#57606a", "#ffffff"),
    Look.MEETING: Paint("#57606a", "#57606a", "#ffffff"),
    Look.FIRST: Paint("#d5eee3", "#24735a"),
    Look.DYNAMIC: Paint("#efe6f5", "#7b4b94"),
    Look.MORE: Paint("#ffffff", "#8c959f", QUIET_TEXT),
    Look.MERGE: Paint("#57606a", "#57606a"),
}


_FRAMES = {
    Frame.QUERY: Paint("#f4f8fc", "#9fb6cc"),
    Frame.PART: Paint("#fafbfc", "#b4bbc3"),
    Frame.TRY: Paint("", "#c98f86"),
    Frame.EACH: Paint("#f3f6f4", "#7d9488"),
    Frame.ELEMENT: Paint("#fbfcfb", "#7d9488"),
    Frame.SCOPE: Paint("#fafbfc", "#57606a"),
    Frame.REGION: Paint("", "#8c959f"),
    Frame.LOCK: Paint("#fdf6e9", "#b08a4a"),
    Frame.MILESTONE: Paint("#f4faf6", "#6f9f86"),
    Frame.GATHER: Paint("#fafbfc", "#57606a"),
    Frame.SAGA: Paint("#faf7fc", "#9a7fb0"),
    Frame.CHECKPOINT: Paint("#f7f8fa", "#3d444d"),
    Frame.RETRY: Paint("", "#9fb6cc"),
    Frame.RECURSIVE: Paint("#faf7fc", "#9a7fb0"),
    Frame.ACTION: Paint("", "#b4bbc3"),
    Frame.UNDO: Paint("#faf7fc", "#9a7fb0"),
    Frame.MACHINE: Paint("#fafbfc", "#b4bbc3"),
    Frame.STATE: Paint("#ffffff", "#33658f"),
}
"""Are the colours of boxes; without a fill, one is as the page is, or what is behind it shows through."""

DASHED = frozenset({Frame.TRY, Frame.REGION, Frame.RETRY, Frame.UNDO, Frame.ACTION})

_PASSED = frozenset({State.DONE, State.HANDLED})
_TROUBLED = frozenset({State.FAILED, State.HANDLED, State.PAUSED})
_TOLD = frozenset({State.HANDLED, State.WITHDRAWN})


def paint(dot: Dot, is_instance: bool) -> Paint:
    """Return the colours of a dot; in the picture of an instance what was not reached is pale."""
    full = _PAINTS[dot.look]
    state = dot.place.state
    if not is_instance or state in _PASSED or state in ACTIVE:
        return Paint(full.fill, ERROR, full.text) if state in _TROUBLED else full
    if dot.look in (Look.MERGE, Look.START) or (dot.look is Look.JOIN and not dot.title):
        return Paint(FAINT, FAINT)
    return Paint("#ffffff", FAINT if state in (State.SKIPPED, State.WITHDRAWN) else full.border, QUIET_TEXT)


def paint_box(box: Box) -> Paint:
    """Return the colours of a box; that of one where the instance is has a strong border."""
    full = _FRAMES[box.frame]
    if not is_active(box):
        return full
    return Paint(full.fill, ERROR if box.place.state in _TROUBLED else TEXT)


def is_active(part: Dot | Box) -> bool:
    """Tell whether a dot or box is where the instance is. It is not at a box when it is at something inside."""
    if part.place.state not in ACTIVE:
        return False
    return isinstance(part, Dot) or not any(map(_holds_active, part.inside))


def _holds_active(part: Dot | Box) -> bool:
    return part.place.state in ACTIVE or (isinstance(part, Box) and any(map(_holds_active, part.inside)))


def dot_lines(dot: Dot, is_instance: bool) -> tuple[str, ...]:
    """Return the lines of text in a dot."""
    return _broken((dot.title, *dot.details, status_line(dot.place) if is_instance else ""))


def box_lines(box: Box, is_instance: bool) -> tuple[str, ...]:
    """Return the lines of text at the top of a box. How it stands is told where the dots inside do not tell it."""
    place = box.place
    is_told = is_instance and (place.note or place.state is State.WITHDRAWN or is_active(box))
    return _broken((box.title, *box.details, status_line(place) if is_told else ""))


def _broken(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(piece for line in lines for piece in _pieces(line))


def _pieces(line: str) -> Iterator[str]:
    """Yield the pieces of a line, which is broken behind commas if that will do."""
    parts = line.split(", ")
    if max(map(len, parts)) < _MOST_COLUMNS:
        # These blanks are none at which a line is broken.
        line = ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    for piece in textwrap.wrap(line, _MOST_COLUMNS, break_on_hyphens=False):
        yield piece.replace("\N{NO-BREAK SPACE}", " ")


def status_line(place: Place) -> str:
    """Return the note on a place, after its state where colour does not tell it; "" where it does."""
    note = note_words(place.note)
    if place.state not in ACTIVE and place.state not in _TOLD:
        return note
    return f"{place.state.value}: {note}" if note else place.state.value


def hint_lines(part: Dot | Box) -> tuple[str, ...]:
    """Return what is told of a dot or box when one points at it: its address, and what its lines have no room for."""
    place = part.place
    note = place.note if note_words(place.note) != place.note else ""
    return tuple(line for line in (part.title, place.at or place.address, part.hint, note) if line)
