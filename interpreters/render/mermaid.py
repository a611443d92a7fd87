"""How does a drawing look to Mermaid? As a flowchart, which GitHub and many editors show.

Ids are `n1`, `n2`, ...; labels are quoted, and what Mermaid might read as markup in them is written as a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from interpreters.render.drawing import Drawing
from interpreters.render.graph import Box, Dot, Edge, Graph, Line, Look, dots
from interpreters.render.laying import graph_of
from interpreters.render.looks import (
    DASHED,
    ERROR,
    FAINT,
    LINE,
    TEXT,
    UNDO,
    box_lines,
    dot_lines,
    is_active,
    paint,
    paint_box,
)

_SHAPES: Mapping[Look, tuple[str, str]] = {
    Look.START: ("((", "))"),
    Look.FINISH: ("(((", ")))"),
    Look.EFFECT: ("(", ")"),
    Look.SIGNAL: (">", "]"),
    Look.TIMER: ("{{", "}}"),
    Look.DRAFT: ("[", "]"),
    Look.TASK: ("[\\", "/]"),
    Look.CHILD: ("[/", "/]"),
    Look.RECORD: ("[(", ")]"),
    Look.LEAVE: ("([", "])"),
    Look.ARRIVE: ("([", "])"),
    Look.AGAIN: ("[[", "]]"),
    Look.COMPUTE: ("[", "]"),
    Look.CHECK: ("[/", "/]"),
    Look.VALUE: ("([", "])"),
    Look.FAILURE: ("[/", "\\]"),
    Look.CATCH: ("[", "]"),
    Look.WATCH: ("[", "]"),
    Look.CHOICE: ("{", "}"),
    Look.LOOP: ("{", "}"),
    Look.SPLIT: ("[", "]"),
    Look.JOIN: ("[", "]"),
    Look.MEETING: ("[", "]"),
    Look.FIRST: ("{", "}"),
    Look.DYNAMIC: ("[[", "]]"),
    Look.MORE: ("[", "]"),
    Look.MERGE: ("((", "))"),
}
_WORDLESS = frozenset({Look.START, Look.FINISH, Look.MERGE})
_STROKES: Mapping[Look, str] = {
    Look.DRAFT: ",stroke-dasharray:6 4",
    Look.CATCH: ",stroke-dasharray:5 4",
    Look.WATCH: ",stroke-dasharray:1 3",
    Look.FIRST: ",stroke-dasharray:6 2",
    Look.DYNAMIC: ",stroke-dasharray:2 3",
    Look.MORE: ",stroke-dasharray:2 3",
}
_DASHED_LINES = frozenset({Line.ERROR, Line.DYNAMIC, Line.ALONGSIDE, Line.CANCEL, Line.UNDO, Line.ARRIVAL})


def to_mermaid(drawing: Drawing) -> str:
    """Return the drawing as a Mermaid flowchart, from top to bottom."""
    graph = graph_of(drawing)
    head = ("---", f"title: {_title(graph)}", "---", "flowchart TD")
    parts = _inside(graph.inside, graph, "  ")
    return "\n".join((*head, *parts, *_edges(graph), *_styles(graph), ""))


def _title(graph: Graph) -> str:
    words = f"{graph.title}: {graph.outcome}" if graph.outcome else graph.title
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _inside(parts: tuple[Dot | Box, ...], graph: Graph, indent: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Dot):
            opening, closing = _SHAPES[part.look]
            yield f'{indent}{part.id}{opening}"{_label(part, graph.is_instance)}"{closing}'
            continue
        title = "<br/>".join(map(escaped, box_lines(part, graph.is_instance))) or " "
        yield f'{indent}subgraph {part.id}["{title}"]'
        yield from _inside(part.inside, graph, indent + "  ")
        yield f"{indent}end"


def _label(dot: Dot, is_instance: bool) -> str:
    lines = () if dot.look in _WORDLESS else dot_lines(dot, is_instance)
    return "<br/>".join(map(escaped, lines)) or " "


def escaped(words: str) -> str:
    """Return the words with everything as a code that Mermaid, Markdown or HTML could read as markup.

    >>> escaped('say "hi" & <go>'), escaped("1. first")
    ('say #34;hi#34; #38; #60;go#62;', '1#46; first')
    """
    coded = re.sub(r"[^\w ,.()=:/\u00d7…'-]", lambda found: f"#{ord(found[0])};", words)
    return re.sub(r"^(\d*)([.-])", lambda found: f"{found[1]}#{ord(found[2])};", coded)


def _edges(graph: Graph) -> Iterator[str]:
    for edge in graph.edges:
        arrow = "-.->" if edge.line in _DASHED_LINES else "-->"
        label = f'|"{escaped(edge.label)}"|' if edge.label else ""
        yield f"  {edge.box or edge.tail} {arrow}{label} {edge.into or edge.head}"


def _styles(graph: Graph) -> Iterator[str]:
    """Yield a class for each way in which dots are painted, and the colours of boxes and lines."""
    painted: dict[str, list[str]] = {}
    for dot in dots(graph.inside):
        painted.setdefault(_style(dot, graph.is_instance), []).append(dot.id)
    for number, (style, ids) in enumerate(painted.items(), 1):
        yield f"  classDef c{number} {style}"
        yield f"  class {','.join(ids)} c{number}"
    for box in _boxes(graph.inside):
        yield f"  style {box.id} {_box_style(box)}"
    lines: dict[str, list[str]] = {}
    for index, edge in enumerate(graph.edges):
        lines.setdefault(_line_style(edge, graph.is_instance), []).append(str(index))
    for style, indexes in lines.items():
        yield f"  linkStyle {','.join(indexes)} {style}"


def _box_style(box: Box) -> str:
    colours = paint_box(box)
    dashes = ",stroke-dasharray:5 4" if box.frame in DASHED else ""
    width = ",stroke-width:3px" if is_active(box) else ""
    return f"fill:{colours.fill or 'none'},stroke:{colours.border}{width}{dashes},color:{TEXT}"


def _style(dot: Dot, is_instance: bool) -> str:
    colours = paint(dot, is_instance)
    width = "3px" if is_active(dot) else "1px"
    text = colours.text if dot.look not in (Look.START, Look.MERGE) else "#ffffff"
    return f"fill:{colours.fill},stroke:{colours.border},stroke-width:{width},color:{text}{_STROKES.get(dot.look, '')}"


def _line_style(edge: Edge, is_instance: bool) -> str:
    full = ERROR if edge.line is Line.ERROR else UNDO if edge.line is Line.UNDO else LINE
    colour = FAINT if is_instance and not edge.travelled else full
    width = "2px" if is_instance and edge.travelled else "1px"
    return f"stroke:{colour},stroke-width:{width}"


def _boxes(parts: tuple[Dot | Box, ...]) -> Iterator[Box]:
    for part in parts:
        if isinstance(part, Box):
            yield part
            yield from _boxes(part.inside)
