"""Which picture does a notebook show for a workflow? The entry point `svg` of the group `wio.notebook`."""

from __future__ import annotations

from typing import Any, cast

from interpreters.render.svg import RendererMissing, to_svg
from interpreters.render.walk import draw
from wio.nodes import WIO
from wio.workflow import Workflow


def svg(value: object) -> str | None:
    """Return the picture of a program or workflow, or None when nothing that lays it out is installed."""
    if not isinstance(value, WIO | Workflow):
        return None
    try:
        return to_svg(draw(cast("WIO[Any, Any, Any]", value)))
    except RendererMissing:
        return None
