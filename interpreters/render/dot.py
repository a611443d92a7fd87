"""How does a drawing look to Graphviz? As text of the DOT language; no package is needed to write it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping

from interpreters.render.drawing import Drawing
from interpreters.render.graph import Box, Dot, Edge, Frame, Graph, Line, Look, graph_of
from interpreters.render.looks import ERROR, FAINT, FONT, LINE, QUIET_TEXT, TEXT, is_active, paint, status_line
from interpreters.render.wording import printable

_WIDEST = 32

_SHAPES: Mapping[Look, Mapping[str, str]] = {
    Look.START: {"shape": "circle", "width": "0.2", "height": "0.2", "fixedsize": "true", "style": "filled"},
    Look.FINISH: {"shape": "doublecircle", "width": "0.16", "height": "0.16", "fixedsize": "true", "style": "filled"},
    Look.EFFECT: {"shape": "box", "style": "rounded,filled"},
    Look.SIGNAL: {"shape": "invhouse", "style": "filled", "margin": "0.02,0.02"},
    Look.TIMER: {"shape": "hexagon", "style": "filled", "margin": "0.02,0.04"},
    Look.DRAFT: {"shape": "box", "style": "dashed,filled"},
    Look.COMPUTE: {"shape": "box", "style": "filled", "height": "0.26", "margin": "0.1,0.03"},
    Look.CHECK: {"shape": "parallelogram", "style": "filled", "height": "0.3", "margin": "0.0,0.02"},
    Look.VALUE: {"shape": "oval", "style": "filled", "height": "0.28", "margin": "0.04,0.02"},
    Look.FAILURE: {"shape": "octagon", "style": "filled", "height": "0.34", "margin": "0.06,0.02"},
    Look.CATCH: {"shape": "plain", "margin": "0.04,0.04"},
    Look.CHOICE: {"shape": "diamond", "style": "filled", "margin": "0.0,0.02"},
    Look.LOOP: {"shape": "diamond", "style": "filled", "margin": "0.0,0.02"},
    Look.DYNAMIC: {"shape": "folder", "style": "filled"},
    Look.MORE: {"shape": "box", "style": "dotted,filled", "height": "0.3"},
    Look.MERGE: {"shape": "circle", "width": "0.08", "height": "0.08", "fixedsize": "true", "style": "filled"},
}
_SMALL = frozenset({Look.COMPUTE, Look.CHECK, Look.VALUE, Look.FAILURE, Look.CATCH, Look.MORE})
_WORDLESS = frozenset({Look.START, Look.FINISH, Look.MERGE})
_FRAMES: Mapping[Frame, Mapping[str, str]] = {
    Frame.QUERY: {"style": "rounded,filled", "color": "#9fb6cc", "fillcolor": "#f4f8fc"},
    Frame.PART: {"style": "rounded,filled", "color": "#b4bbc3", "fillcolor": "#fafbfc"},
    Frame.TRY: {"style": "rounded,dashed", "color": "#c98f86"},
}


def to_dot(drawing: Drawing) -> str:
    """Return the drawing as text of the DOT language, from top to bottom."""
    graph = graph_of(drawing)
    return "\n".join(("digraph {", *_head(graph), *_inside(graph.inside, graph, "  "), *_edges(graph), "}", ""))


def _head(graph: Graph) -> Iterator[str]:
    settings = {
        "label": "\n".join(line for line in (graph.title, graph.outcome) if line),
        "labelloc": "t",
        "fontsize": "13",
        "fontname": FONT,
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
    yield f"  node {_attributes({'fontname': FONT, 'fontsize': '11', 'margin': '0.14,0.07', 'height': '0.4'})};"
    yield f"  edge {_attributes({'fontname': FONT, 'fontsize': '9', 'arrowsize': '0.6', 'color': LINE})};"


def _inside(parts: tuple[Dot | Box, ...], graph: Graph, indent: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Dot):
            yield f"{indent}{part.id} {_dot_attributes(part, graph.is_instance)};"
            continue
        frame = {"label": part.title, "labeljust": "l", "fontsize": "10", "fontcolor": QUIET_TEXT, "margin": "12"}
        yield f"{indent}subgraph cluster_{part.id} {{"
        yield f"{indent}  graph {_attributes({**frame, 'tooltip': part.title, **_FRAMES[part.frame]})};"
        yield from _inside(part.inside, graph, indent + "  ")
        yield f"{indent}}}"


def _dot_attributes(dot: Dot, is_instance: bool) -> str:
    colours = paint(dot, is_instance)
    hint = (dot.title, dot.place.at or dot.place.address, dot.hint)
    return _attributes(
        {
            "label": "" if dot.look in _WORDLESS else "\n".join(_label(dot, is_instance)),
            **_SHAPES[dot.look],
            "fontsize": "10" if dot.look in _SMALL else "11",
            "fontcolor": colours.text,
            "fillcolor": colours.fill,
            "color": colours.border,
            "penwidth": "2.6" if is_active(dot) else "1.1",
            "tooltip": "\n".join(line for line in hint if line) or dot.look.value,
        }
    )


def _label(dot: Dot, is_instance: bool) -> Iterator[str]:
    yield from textwrap.wrap(dot.title, _WIDEST) or (dot.title,)
    yield from dot.details
    if is_instance and status_line(dot.place):
        yield status_line(dot.place)


def _edges(graph: Graph) -> Iterator[str]:
    met = Counter(edge.head for edge in graph.edges if edge.line is not Line.BACK)
    for edge in graph.edges:
        # A way back is written from its head to its tail, or it might turn the whole loop upside down.
        first, second = (edge.head, edge.tail) if edge.line is Line.BACK else (edge.tail, edge.head)
        yield f"  {first} -> {second}{_edge_attributes(edge, graph.is_instance, met[edge.head] > 1)};"


def _edge_attributes(edge: Edge, is_instance: bool, joins: bool) -> str:
    is_faint = is_instance and not edge.travelled
    colour = FAINT if is_faint else ERROR if edge.line is Line.ERROR else LINE
    given: dict[str, str] = {}
    if edge.label:
        given |= {"label": f"  {edge.label}  ", "fontcolor": ERROR if edge.line is Line.ERROR else QUIET_TEXT}
    if colour != LINE:
        given["color"] = colour
    if is_instance and edge.travelled:
        given["penwidth"] = "1.6"
    if edge.line is Line.BACK:
        given["dir"] = "back"
    if edge.line in (Line.FLOW, Line.DYNAMIC) and not joins:
        given["weight"] = "4"
    if edge.line is Line.ERROR:
        given["style"] = "dashed"
    if edge.line is Line.DYNAMIC:
        given["style"] = "dotted"
    if edge.box:
        given |= {"ltail": f"cluster_{edge.box}", "arrowhead": "none"}
    return f" {_attributes(given)}" if given else ""


def _attributes(given: Mapping[str, str]) -> str:
    return f"[{', '.join(f'{name}={_quoted(value)}' for name, value in given.items())}]"


def _quoted(words: str) -> str:
    lines = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in words.split("\n"))
    return '"' + "\\n".join(lines) + '"'
