"""Which pictures do the pages show? Those of their own examples; `python -m docs.pictures` draws them anew.

Each page of an operator leaves a workflow called `example`. Its picture is kept as text, as Graphviz source and as
SVG in `docs/operators/pictures`, and the text also stands in the page, in its first block marked `text`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

from docs.snippets import ROOT, run_page
from interpreters.render import draw, to_dot, to_svg, to_text
from interpreters.render.drawing import Drawing

OPERATORS = ROOT / "docs" / "operators"
FOLDER = OPERATORS / "pictures"
_TEXT_BLOCK = re.compile(r"(?<=^```text\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def operator_pages() -> tuple[Path, ...]:
    """Return the pages of the operators, without their index."""
    return tuple(page for page in sorted(OPERATORS.glob("*.md")) if page.stem != "index")


def drawing_of(page: Path) -> Drawing:
    """Return the drawing of a page's `example`; its code may write to the working directory."""
    with contextlib.redirect_stdout(io.StringIO()):
        return draw(run_page(page)["example"])


def texts(page: Path) -> dict[str, str]:
    """Return the pictures that do not depend on the release of Graphviz, by the names of their files."""
    drawing = drawing_of(page)
    return {f"{page.stem}.txt": to_text(drawing), f"{page.stem}.dot": to_dot(drawing)}


def shown(page: Path) -> str:
    """Return the text picture that stands in a page, "" for none."""
    found = _TEXT_BLOCK.search(page.read_text(encoding="utf-8"))
    return found.group() if found else ""


def redraw(page: Path) -> None:
    """Write all pictures of a page, and the text picture into the page."""
    for name, text in texts(page).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    (FOLDER / f"{page.stem}.svg").write_text(to_svg(drawing_of(page)), encoding="utf-8")
    picture = (FOLDER / f"{page.stem}.txt").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    page.write_text(_TEXT_BLOCK.sub(lambda _: picture, text, count=1), encoding="utf-8")


def main() -> None:
    """Redraw every page, in a working directory that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for page in operator_pages():
            redraw(page)
        os.chdir(ROOT)


if __name__ == "__main__":
    main()
