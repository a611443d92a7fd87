"""Which colours and words does a picture use? One calm palette, told apart in print by shape as well.

The fills differ in hue for all common kinds of colour blindness, and are so light that dark text is read on them.
"""

from __future__ import annotations

import attrs

from interpreters.render.drawing import Place
from interpreters.render.graph import Dot, Look
from interpreters.render.progress import ACTIVE, State

TEXT = "#1f2328"
QUIET_TEXT = "#57606a"
LINE = "#57606a"
FAINT = "#b4bbc3"
ERROR = "#a63d2f"
FONT = "Helvetica,Arial,sans-serif"


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
    Look.COMPUTE: Paint("#f0f1f3", "#8c959f"),
    Look.CHECK: Paint("#e8e4f3", "#675497"),
    Look.VALUE: Paint("#f0f1f3", "#8c959f"),
    Look.FAILURE: Paint("#f8ddd5", ERROR),
    Look.CATCH: Paint("#ffffff", ERROR, ERROR),
    Look.CHOICE: Paint("#fbe3c8", "#9a5b13"),
    Look.LOOP: Paint("#fbe3c8", "#9a5b13"),
    Look.DYNAMIC: Paint("#efe6f5", "#7b4b94"),
    Look.MORE: Paint("#ffffff", "#8c959f", QUIET_TEXT),
    Look.MERGE: Paint("#57606a", "#57606a"),
}


_PASSED = frozenset({State.DONE, State.HANDLED})
_FAILED = frozenset({State.FAILED, State.HANDLED})


def paint(dot: Dot, is_instance: bool) -> Paint:
    """Return the colours of a dot; in the picture of an instance what was not reached is pale."""
    full = _PAINTS[dot.look]
    state = dot.place.state
    if not is_instance or state in _PASSED or state in ACTIVE:
        return Paint(full.fill, ERROR, full.text) if state in _FAILED else full
    if dot.look in (Look.MERGE, Look.START):
        return Paint(FAINT, FAINT)
    return Paint("#ffffff", FAINT if state is State.SKIPPED else full.border, QUIET_TEXT)


def is_active(dot: Dot) -> bool:
    """Tell whether a dot is where the instance is."""
    return dot.place.state in ACTIVE


def status_line(place: Place) -> str:
    """Return the note on a place, after its state where colour does not tell it; "" where it does."""
    if place.state not in ACTIVE and place.state is not State.HANDLED:
        return place.note
    return f"{place.state.value}: {place.note}" if place.note else place.state.value
