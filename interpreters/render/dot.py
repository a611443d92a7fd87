"""How does a drawing look to Graphviz? As text of the DOT language; no package is needed to write it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping

from interpreters.render.drawing import Drawing
from interpreters.render.graph import Box, Dot, Edge, Frame, Graph, Line, Look
from interpreters.render.laying import graph_of
from interpreters.render.looks import (
    DASHED,
    ERROR,
    FAINT,
    FONT,
    LINE,
    QUIET_TEXT,
    TEXT,
    UNDO,
    box_lines,
    dot_lines,
    hint_lines,
    is_active,
    paint,
    paint_box,
)
from interpreters.render.wording import printable

_WIDEST = 48
"""Is how long a line above the picture gets before it is broken."""

_SHORT = 20
"""Is the length up to which a title has room for a line beside it."""

_SHAPES: Mapping[Look, Mapping[str, str]] = {
    Look.START: {"shape": "circle", "width": "0.2", "height": "0.2", "fixedsize": "true", "style": "filled"},
    Look.FINISH: {"shape": "doublecircle", "width": "0.16", "height": "0.16", "fixedsize": "true", "style": "filled"},
    Look.EFFECT: {"shape": "box", "style": "rounded,filled"},
    Look.SIGNAL: {"shape": "invhouse", "style": "filled", "margin": "0.02,0.02"},
    Look.TIMER: {"shape": "hexagon", "style": "filled", "margin": "0.02,0.04"},
    Look.DRAFT: {"shape": "box", "style": "dashed,filled"},
    Look.TASK: {"shape": "box", "style": "filled,diagonals", "margin": "0.2,0.08"},
    Look.CHILD: {"shape": "box", "style": "filled", "peripheries": "2", "margin": "0.2,0.08"},
    Look.RECORD: {"shape": "note", "style": "filled", "height": "0.3", "margin": "0.12,0.04"},
    Look.LEAVE: {"shape": "oval", "style": "filled", "peripheries": "2", "height": "0.3", "margin": "0.04,0.02"},
    Look.ARRIVE: {"shape": "oval", "style": "filled", "height": "0.3", "margin": "0.04,0.02"},
    Look.AGAIN: {"shape": "box", "style": "filled", "peripheries": "2", "height": "0.32"},
    Look.COMPUTE: {"shape": "box", "style": "filled", "height": "0.26", "margin": "0.1,0.03"},
    Look.CHECK: {"shape": "parallelogram", "style": "filled", "height": "0.3", "margin": "0.0,0.02"},
    Look.VALUE: {"shape": "oval", "style": "filled", "height": "0.28", "margin": "0.04,0.02"},
    Look.FAILURE: {"shape": "octagon", "style": "filled", "height": "0.34", "margin": "0.06,0.02"},
    Look.CATCH: {"shape": "plain", "margin": "0.04,0.04"},
    Look.WATCH: {"shape": "plain", "margin": "0.04,0.04"},
    Look.CHOICE: {"shape": "diamond", "style": "filled", "margin": "0.0,0.02"},
    Look.LOOP: {"shape": "diamond", "style": "filled", "margin": "0.0,0.02"},
    Look.SPLIT: {"shape": "box", "style": "filled", "height": "0.22", "width": "1.4", "margin": "0.14,0.02"},
    Look.JOIN: {"shape": "box", "style": "filled", "height": "0.22", "width": "1.4", "margin": "0.14,0.02"},
    Look.MEETING: {"shape": "box", "style": "filled", "height": "0.22", "width": "1.4", "margin": "0.14,0.02"},
    Look.FIRST: {"shape": "diamond", "style": "filled", "peripheries": "2", "margin": "0.0,0.02"},
    Look.DYNAMIC: {"shape": "folder", "style": "filled"},
    Look.MORE: {"shape": "box", "style": "dotted,filled", "height": "0.3"},
    Look.MERGE: {"shape": "circle", "width": "0.08", "height": "0.08", "fixedsize": "true", "style": "filled"},
}
_BAR = {"height": "0.07", "fixedsize": "true"}
"""Makes a join of all branches a bar without words."""

_CENTRED, _LEFT = "\\n", "\\l"
"""Are the ends of lines in labels."""

_SMALL = frozenset(
    {
        Look.COMPUTE,
        Look.CHECK,
        Look.VALUE,
        Look.FAILURE,
        Look.CATCH,
        Look.WATCH,
        Look.MORE,
        Look.RECORD,
        Look.SPLIT,
        Look.JOIN,
        Look.ARRIVE,
        Look.MEETING,
    }
)
_WORDLESS = frozenset({Look.START, Look.FINISH, Look.MERGE})
_LINES: Mapping[Line, Mapping[str, str]] = {
    Line.FLOW: {},
    Line.BACK: {"dir": "back"},
    Line.ERROR: {"style": "dashed"},
    Line.DYNAMIC: {"style": "dotted"},
    Line.INTERRUPT: {},
    Line.ALONGSIDE: {"style": "dashed"},
    Line.CANCEL: {"style": "dotted"},
    Line.UNDO: {"style": "dashed", "weight": "0"},
    Line.ARRIVAL: {"style": "dashed"},
}


def to_dot(drawing: Drawing) -> str:
    """Return the drawing as text of the DOT language, from top to bottom."""
    return dot_in(FONT, drawing)


def dot_in(font: str, drawing: Drawing) -> str:
    """Return the drawing as text of the DOT language, with all words in a font."""
    graph = graph_of(drawing)
    parts = (*_head(graph, font), *_inside(graph.inside, graph, "  "), *_edges(graph))
    return "\n".join(("digraph {", *parts, "}", ""))


def _head(graph: Graph, font: str) -> Iterator[str]:
    settings = {
        "label": "\n".join((graph.title, *textwrap.wrap(graph.outcome, _WIDEST))),
        "labelloc": "t",
        "fontsize": "13",
        "fontname": font,
        "fontcolor": TEXT,
        "tooltip": graph.description or graph.title,
        "rankdir": "TB",
        "nodesep": "0.4",
        "ranksep": "0.38",
        "pad": "0.2",
        "compound": "true",
        "bgcolor": "white",
    }
    yield f"  graph {_attributes(settings)};"
    yield f"  node {_attributes({'fontname': font, 'fontsize': '11', 'margin': '0.14,0.07', 'height': '0.4'})};"
    yield f"  edge {_attributes({'fontname': font, 'fontsize': '9', 'arrowsize': '0.6', 'color': LINE})};"


def _inside(parts: tuple[Dot | Box, ...], graph: Graph, indent: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Dot):
            yield f"{indent}{part.id} {_dot_attributes(part, graph.is_instance)};"
            continue
        yield f"{indent}subgraph cluster_{part.id} {{"
        yield f"{indent}  graph {_box_attributes(part, graph.is_instance)};"
        yield from _inside(part.inside, graph, indent + "  ")
        yield f"{indent}}}"


def _box_attributes(box: Box, is_instance: bool) -> str:
    colours = paint_box(box)
    style = ["rounded", *(["dashed"] if box.frame in DASHED else []), *(["filled"] if colours.fill else [])]
    given = {
        "label": "\n".join(_title(box, is_instance)),
        "labeljust": "l",
        "fontsize": "10",
        "fontcolor": QUIET_TEXT,
        "margin": "12",
        "tooltip": "\n".join(hint_lines(box)),
        "style": ",".join(style),
        "color": colours.border,
        # It has to be said of each box, as a box inside would inherit it.
        **({"penwidth": "2.6" if is_active(box) else "1"} if is_instance else {}),
    }
    return _attributes({**given, "fillcolor": colours.fill} if colours.fill else given, line_end=_LEFT)


def _title(box: Box, is_instance: bool) -> Iterator[str]:
    """Yield the lines of a title. A short one has as much room behind it as it takes, so that a line may pass there.

    Lines end at the border of a state, so that none passes its title.
    """
    lines = box_lines(box, is_instance)
    longest = max(map(len, lines), default=0)
    is_passed = box.frame is not Frame.STATE and longest <= _SHORT
    # A blank is about half as wide as a letter.
    return (line + " " * (2 * len(line) + 4) if is_passed and len(line) == longest else line for line in lines)


def _dot_attributes(dot: Dot, is_instance: bool) -> str:
    colours = paint(dot, is_instance)
    label = "" if dot.look in _WORDLESS else "\n".join(dot_lines(dot, is_instance))
    return _attributes(
        {
            "label": label,
            **_SHAPES[dot.look],
            **(_BAR if dot.look is Look.JOIN and not label else {}),
            "fontsize": "10" if dot.look in _SMALL else "11",
            "fontcolor": colours.text,
            "fillcolor": colours.fill,
            "color": colours.border,
            "penwidth": "2.6" if is_active(dot) else "1.1",
            "tooltip": "\n".join(hint_lines(dot)) or dot.look.value,
        }
    )


def _edges(graph: Graph) -> Iterator[str]:
    met = Counter(edge.head for edge in graph.edges if edge.line is not Line.BACK)
    for edge in graph.edges:
        # A way back is written from its head to its tail, or it might turn the whole loop upside down.
        first, second = (edge.head, edge.tail) if edge.line is Line.BACK else (edge.tail, edge.head)
        yield f"  {first} -> {second}{_edge_attributes(edge, graph.is_instance, met[edge.head] > 1)};"


def _edge_attributes(edge: Edge, is_instance: bool, joins: bool) -> str:
    is_faint = is_instance and not edge.travelled
    full = ERROR if edge.line is Line.ERROR else UNDO if edge.line is Line.UNDO else LINE
    colour = FAINT if is_faint else full
    given: dict[str, str] = {}
    if edge.label:
        given |= {"label": f"  {edge.label}  ", "fontcolor": ERROR if edge.line is Line.ERROR else QUIET_TEXT}
    if colour != LINE:
        given["color"] = colour
    if is_instance and edge.travelled:
        given["penwidth"] = "1.6"
    if edge.line in (Line.FLOW, Line.DYNAMIC) and not joins and not edge.box:
        given["weight"] = "4"
    given |= _LINES[edge.line]
    given |= dict(_borders(edge))
    return f" {_attributes(given)}" if given else ""


def _borders(edge: Edge) -> Iterator[tuple[str, str]]:
    """Yield at which boxes a line begins and ends. A handler's line has a ring where it leaves the box."""
    first, second = (edge.into, edge.box) if edge.line is Line.BACK else (edge.box, edge.into)
    if first:
        yield "ltail", f"cluster_{first}"
    if second:
        yield "lhead", f"cluster_{second}"
    if edge.box and edge.line in (Line.ERROR, Line.INTERRUPT, Line.ALONGSIDE, Line.CANCEL):
        yield "arrowhead", "none"
    if edge.box and edge.line in (Line.INTERRUPT, Line.ALONGSIDE, Line.CANCEL):
        yield "dir", "both"
        yield "arrowtail", "odot"
    if edge.box and edge.into:
        yield "minlen", "2"


def _attributes(given: Mapping[str, str], line_end: str = _CENTRED) -> str:
    """Return attributes as they are written. The lines of a label are centred, unless `line_end` says otherwise."""
    written = (f"{name}={_quoted(value, line_end if name == 'label' else _CENTRED)}" for name, value in given.items())
    return f"[{', '.join(written)}]"


def _quoted(words: str, line_end: str) -> str:
    lines = [printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in words.split("\n")]
    # At the left, the last line needs an end too.
    last = line_end if line_end == _LEFT and words else ""
    return '"' + line_end.join(lines) + last + '"'
