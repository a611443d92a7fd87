"""Which colours and words does a picture use? One calm palette, told apart in print by shape as well.

The fills differ in hue for all common kinds of colour blindness, and are so light that dark text is read on them.
"""

from __future__ import annotations

import attrs

from interpreters.render.drawing import Place
from interpreters.render.graph import Box, Dot, Frame, Look
from interpreters.render.progress import ACTIVE, State

TEXT = "#1f2328"
QUIET_TEXT = "#57606a"
LINE = "#57606a"
FAINT = "#b4bbc3"
ERROR = "#a63d2f"
UNDO = "#7b4b94"
FONT = "Helvetica"
"""Is the first font by name alone: Graphviz measures by what it knows of it, and adds a general one to SVG itself."""


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
"""Are the colours of boxes; without a fill, what is behind one shows through."""

DASHED = frozenset({Frame.TRY, Frame.REGION, Frame.RETRY, Frame.UNDO, Frame.ACTION})

_PASSED = frozenset({State.DONE, State.HANDLED})
_FAILED = frozenset({State.FAILED, State.HANDLED})
_TOLD = frozenset({State.HANDLED, State.WITHDRAWN})


def paint(dot: Dot, is_instance: bool) -> Paint:
    """Return the colours of a dot; in the picture of an instance what was not reached is pale."""
    full = _PAINTS[dot.look]
    state = dot.place.state
    if not is_instance or state in _PASSED or state in ACTIVE:
        return Paint(full.fill, ERROR, full.text) if state in _FAILED else full
    if dot.look in (Look.MERGE, Look.START) or (dot.look is Look.JOIN and not dot.title):
        return Paint(FAINT, FAINT)
    return Paint("#ffffff", FAINT if state in (State.SKIPPED, State.WITHDRAWN) else full.border, QUIET_TEXT)


def paint_box(box: Box) -> Paint:
    """Return the colours of a box."""
    return _FRAMES[box.frame]


def box_lines(box: Box, is_instance: bool) -> tuple[str, ...]:
    """Return the lines of text at the top of a box. How it stands is told where the dots inside do not tell it."""
    place = box.place
    is_told = is_instance and (place.note or place.state is State.WITHDRAWN)
    return tuple(line for line in (box.title, *box.details, status_line(place) if is_told else "") if line)


def is_active(dot: Dot) -> bool:
    """Tell whether a dot is where the instance is."""
    return dot.place.state in ACTIVE


def status_line(place: Place) -> str:
    """Return the note on a place, after its state where colour does not tell it; "" where it does."""
    if place.state not in ACTIVE and place.state not in _TOLD:
        return place.note
    return f"{place.state.value}: {place.note}" if place.note else place.state.value
