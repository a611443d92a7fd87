"""How does a drawing look in a terminal? A tree of lines, with notes in a column of their own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from interpreters.render.drawing import (
    NOWHERE,
    Body,
    CheckStep,
    Choice,
    ComputeStep,
    Cycle,
    DraftStep,
    Drawing,
    Dynamic,
    FailEnd,
    Handled,
    More,
    Part,
    Place,
    PureStep,
    QueryScope,
    Shape,
    SignalStep,
    Step,
    WaitStep,
)
from interpreters.render.progress import Mark, State
from interpreters.render.wording import count_words

_SIGNS = {
    State.SKIPPED: "-",
    State.DONE: "✓",
    State.RUNNING: "►",
    State.WAITING: "◌",
    State.RETRYING: "↻",
    State.PAUSED: "‖",
    State.FAILED: "✗",
}
_ASCII: Mapping[str, str] = {
    "✓": "+",
    "►": ">",
    "◌": ".",
    "↻": "~",
    "‖": "=",
    "✗": "!",
    "→": ">",
    "◇": "?",
    "…": "...",
    "│": "|",
    "├": "|",
    "└": "`",
    "─": "-",
    "\N{MULTIPLICATION SIGN}": "x",
}
_NARROWEST_NOTE = 20


@attrs.frozen
class Row:
    """Is one line: what stands in the tree, what kind of thing it is, how far it is, and the rows below it."""

    label: str
    kind: str = ""
    place: Place = NOWHERE
    below: Rows = ()


Rows: TypeAlias = "tuple[Row, ...]"


def to_text(drawing: Drawing, *, ascii: bool = False, width: int = 100) -> str:
    """Return the drawing as lines of text, each ending in a newline.

    Names are never cut; notes are, where they would go beyond `width` columns. With `ascii` only ASCII is used.
    """
    root = Row(drawing.title, drawing.input, _outcome(drawing.outcome), _rows(drawing.body))
    lines = [(guide + row.label, row.kind, _note(row.place)) for guide, row in _lines(root, "", "")]
    text = "".join(line + "\n" for line in _table(lines, width))
    for address in drawing.unplaced:
        text += f"not in this program: {address}\n"
    return _in_ascii(text) if ascii else text


def _in_ascii(text: str) -> str:
    plain = text.translate({ord(sign): words for sign, words in _ASCII.items()})
    return plain.encode("ascii", "backslashreplace").decode()


def _outcome(outcome: Mark | None) -> Place:
    return NOWHERE if outcome is None else Place(state=outcome.state, note=outcome.note)


def _rows(body: Body) -> Rows:
    return tuple(row for shape in body for row in _rows_of(shape))


def _rows_of(shape: Shape) -> Rows:
    match shape:
        case Step():
            return (Row(shape.name, shape.retry, shape.place),)
        case SignalStep():
            return (Row(shape.name, f"signal {shape.signal}", shape.place),)
        case WaitStep():
            return (Row(shape.name, f"timer {shape.moment}", shape.place),)
        case DraftStep():
            return (Row(shape.name, "draft", shape.place),)
        case ComputeStep():
            return (Row(shape.name, "compute", shape.place),)
        case CheckStep():
            return (Row(shape.name, "check", shape.place),)
        case PureStep():
            return (Row(f"pure {shape.value}", "", shape.place),)
        case FailEnd():
            return (Row(f"fail {shape.error}", "", shape.place),)
        case Dynamic():
            return (Row(f"→ {shape.function}", "goes on with" if shape.expanded else "dynamic", shape.place),)
        case More():
            return (Row(count_words(shape.steps), "", shape.place),)
        case Choice():
            return (Row(f"◇ {shape.name}", "branch", shape.place, _ways(shape)),)
        case Cycle():
            return _cycle_rows(shape)
        case Handled():
            tried = Row("try", "", NOWHERE, _rows(shape.body))
            return (tried, Row(f"on {shape.error}", "handler", shape.place, _rows(shape.handler)))
        case QueryScope():
            return (Row(f"query {shape.query}", "", shape.place, _rows(shape.body)),)
        case Part():
            return (Row(shape.name, "part", shape.place, _rows(shape.body)),)


def _ways(choice: Choice) -> Rows:
    ways = tuple(Row(f"[{way.name}]", "", way.place, _rows(way.body)) for way in choice.ways)
    return (*ways, Row("[otherwise]", "", NOWHERE, (Row("fail NoArmMatched"),))) if choice.open_ended else ways


def _cycle_rows(cycle: Cycle) -> Rows:
    back = (Row("and back", "", NOWHERE, _rows(cycle.back)),) if cycle.back else ()
    earlier: Rows = ()
    if cycle.rounds > 1:
        rounds = "round 1" if cycle.rounds == 2 else f"rounds 1-{cycle.rounds - 1}"
        earlier = (Row(rounds, "", Place(state=State.DONE)),)
    place = cycle.place
    if cycle.rounds:
        note = f"round {cycle.rounds}" + (f", {place.note}" if place.note else "")
        place = attrs.evolve(place, note=note)
    return (Row(f"↻ {cycle.name}", f"loop {cycle.until}", place, (*earlier, *_rows(cycle.body), *back)),)


def _lines(row: Row, guide: str, indent: str) -> Iterator[tuple[str, Row]]:
    yield guide, row
    for below in row.below:
        is_last = below is row.below[-1]
        yield from _lines(below, indent + ("└─ " if is_last else "├─ "), indent + ("   " if is_last else "│  "))


def _note(place: Place) -> str:
    if place.state is State.NOT_REACHED:
        return place.note
    words = f"{_SIGNS[place.state]} {place.state.value}"
    return f"{words}: {place.note}" if place.note else words


def _table(lines: list[tuple[str, str, str]], width: int) -> Iterator[str]:
    """Yield the lines with their kinds and notes in columns, as far as these fit."""
    label_width = min(max(_columns(label) for label, _, _ in lines), width // 2)
    kind_width = min(max(_columns(kind) for _, kind, _ in lines), width // 3)
    for label, kind, note in lines:
        line = label if not kind and not note else _padded(label, label_width) + kind
        if note:
            line = _padded(line, label_width + 2 + kind_width)
            line += _cut(note, max(width - _columns(line), _NARROWEST_NOTE))
        yield line.rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (max(width - _columns(text), 0) + 2)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _columns(text: str) -> int:
    """Return how many columns a terminal needs: two for an East Asian wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
