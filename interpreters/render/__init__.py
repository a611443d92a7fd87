"""How does a workflow, or an instance of it, look? `draw` makes one value; every format is made from it."""

from interpreters.render.dot import to_dot
from interpreters.render.drawing import Drawing
from interpreters.render.drawing_json import to_json
from interpreters.render.mermaid import to_mermaid
from interpreters.render.progress import Continued, Elements, Mark, Progress, Reached, State, Undoing
from interpreters.render.svg import RendererMissing, to_svg
from interpreters.render.text import to_text
from interpreters.render.walk import draw

__all__ = [
    "Continued",
    "Drawing",
    "Elements",
    "Mark",
    "Progress",
    "Reached",
    "RendererMissing",
    "State",
    "Undoing",
    "draw",
    "to_dot",
    "to_json",
    "to_mermaid",
    "to_svg",
    "to_text",
]
