"""Which code does a page show, and how is it run? Its Python blocks, in order, in one module of their own."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Block:
    """Is one block of Python. Its code begins with as many empty lines as stand above it in the page."""

    line: int
    code: str


def pages() -> tuple[Path, ...]:
    """Return every page that may show code."""
    return (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


def blocks(page: Path) -> tuple[Block, ...]:
    """Return the Python blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in _BLOCK.finditer(text):
        above = text.count("\n", 0, match.start(1))
        found.append(Block(above + 1, "\n" * above + match.group(1)))
    return tuple(found)


def module_name(page: Path) -> str:
    """Return the name of the module in which a page's code runs."""
    parts = page.relative_to(ROOT).with_suffix("").parts
    return "page_" + "_".join(part.replace("-", "_") for part in parts)


def source(page: Path) -> str:
    """Return the code of a page as one module whose line numbers are those of the page."""
    lines: list[str] = []
    for block in blocks(page):
        code = block.code.splitlines()
        lines += code[len(lines) :]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def module_of(page: Path) -> Generator[ModuleType]:
    """Give an empty module for the code of a page. While it is open, classes defined in it find their names."""
    module = ModuleType(module_name(page))
    sys.modules[module.__name__] = module
    try:
        yield module
    finally:
        del sys.modules[module.__name__]


def run(block: Block, page: Path, module: ModuleType) -> None:
    """Run one block of a page in its module; a traceback names the page and its line."""
    exec(compile(block.code, str(page), "exec", dont_inherit=True), vars(module))


def foretold(page: Path) -> list[str]:
    """Return the lines that a page says its code prints: the comments right below a `print`."""
    lines: list[str] = []
    below_print = False
    for line in source(page).splitlines():
        below_print = line.startswith("print(") or (below_print and line.startswith("# "))
        if below_print and line.startswith("# "):
            lines.append(line.removeprefix("# "))
    return lines


def run_page(page: Path) -> dict[str, Any]:
    """Run all blocks of a page in a new module, and return the names that they leave."""
    with module_of(page) as module:
        for block in blocks(page):
            run(block, page, module)
        return dict(vars(module))
