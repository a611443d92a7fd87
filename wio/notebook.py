"""Which picture does a notebook show for a value? One made by whichever interpreter is installed for it.

Values know no interpreter. A distribution that can draw declares an entry point in the group `wio.notebook`
whose name is `svg`: a function from a program to SVG text, or to None where it cannot draw here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast


def svg_of(value: object) -> str | None:
    """Return the picture as SVG, or None when nothing that draws is installed (the notebook shows the repr)."""
    # Importing this costs a quarter of `import wio`, and only notebooks need it.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for entry_point in entry_points(group="wio.notebook", name="svg"):
        draw = cast("Callable[[object], str | None]", entry_point.load())
        return draw(value)
    return None
