"""How do the examples look? Their pictures as files beside them: text for the terminal, DOT, and SVG for a browser.

    python -m examples.pictures

writes them anew. The tests compare text and DOT with what is drawn now, and leave SVG to the eye: its layout depends
on what made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from examples.approval import approval
from examples.checkout import checkout
from examples.checks import checks
from examples.ingestion import ingestion
from examples.order import order
from examples.order_states import order_states
from examples.subscription import subscription
from examples.trip import trip
from examples.withdrawal import withdrawal
from interpreters.render import draw, to_dot, to_svg, to_text
from wio import Workflow

FOLDER = Path(__file__).parent
WORKFLOWS: tuple[Workflow[Any, Any, Any], ...] = (
    order,
    withdrawal,
    checkout,
    trip,
    approval,
    subscription,
    ingestion,
    order_states,
    checks,
)


def stem_of(workflow: Workflow[Any, Any, Any]) -> str:
    """Return how the files of a workflow's pictures are called."""
    return workflow.name.lower()


def plain_pictures(workflow: Workflow[Any, Any, Any]) -> Mapping[str, str]:
    """Return the pictures that are the same everywhere, by the name of their file."""
    drawing = draw(workflow)
    return {f"{stem_of(workflow)}.txt": to_text(drawing), f"{stem_of(workflow)}.dot": to_dot(drawing)}


def main() -> None:
    """Write all pictures."""
    for workflow in WORKFLOWS:
        pictures = {**plain_pictures(workflow), f"{stem_of(workflow)}.svg": to_svg(draw(workflow))}
        for name, picture in pictures.items():
            (FOLDER / name).write_text(picture, encoding="utf-8")
            print(name)


if __name__ == "__main__":
    main()
