"""How is a table or a JSON document printed? In colour on a terminal, plain everywhere else."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import attrs
import msgspec

_GAP = 2
_NARROWEST = 20


@attrs.frozen
class Column:
    """Is a column. A terminal gets long texts without their ends in a `cut` one, and in more lines in a `prose` one.

    Of all others it gets the whole, even where the lines are then longer than it is wide.
    """

    title: str
    style: str = ""
    cut: bool = False
    prose: bool = False


Rows = Sequence[Sequence[str]]


def print_table(columns: Sequence[Column], rows: Rows, full: bool = False) -> None:
    """Print rows under the titles of their columns; a column with nothing in it is left out. `full`: nothing is cut."""
    filled = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    columns, rows = [columns[index] for index in filled], [[row[index] for index in filled] for row in rows]
    cells = [[_one_line(text) for text in row] for row in rows]
    if not sys.stdout.isatty():
        _print_plain(columns, cells)
    elif full:
        _print_rich([attrs.evolve(column, prose=column.prose or column.cut, cut=False) for column in columns], cells)
    else:
        _print_rich(columns, cells)


def print_heading(words: str) -> None:
    """Print what the following part is about."""
    if not sys.stdout.isatty():
        print(f"\n{words}\n")
    else:
        console: Any = import_module("rich.console").Console(highlight=False)
        console.print(f"\n{words}\n", style="bold", markup=False)


def print_json(value: object) -> None:
    """Print a document of plain JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_page(instances: Sequence[object], behind: str | None) -> None:
    """Print a page of instances as plain JSON, with what `--after` takes for the next page: null at the end."""
    print_json({"instances": instances, "next": behind})


def plain(value: object) -> object:
    """Return a value as plain JSON; what JSON does not know is shown as Python writes it."""
    return msgspec.to_builtins(value, enc_hook=repr)


@contextlib.contextmanager
def only_json() -> Generator[None]:
    """Send what effects print to standard error, so that standard output holds one JSON document."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def time_words(moment: datetime) -> str:
    """Return a time in UTC as tables show it, to the millisecond."""
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")


def say(words: str) -> None:
    """Print a remark that is no part of the result, to standard error."""
    print(_one_line(words), file=sys.stderr)


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _print_plain(columns: Sequence[Column], cells: Rows) -> None:
    lines = [[column.title for column in columns], *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _print_rich(columns: Sequence[Column], cells: Rows) -> None:
    tables, texts, consoles, widths = (import_module(f"rich.{name}") for name in ("table", "text", "console", "cells"))
    console: Any = consoles.Console(highlight=False)
    whole = sum(
        max(widths.cell_len(text) for text in (column.title, *(row[index] for row in cells))) + _GAP
        for index, column in enumerate(columns)
        if not (column.cut or column.prose)
    )
    room = max(console.width - whole, _NARROWEST)
    console.width = whole + room
    table: Any = tables.Table(box=None, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))
    for column in columns:
        table.add_column(
            column.title,
            style=column.style,
            no_wrap=not column.prose,
            overflow="ellipsis" if column.cut else "fold",
            max_width=room if column.cut else None,
        )
    for row in cells:
        table.add_row(*(texts.Text(text, style=_STATES.get(text, "")) for text in row))
    console.print(table)


_STATES = {
    "completed": "green",
    "waiting": "cyan",
    "running": "blue",
    "paused": "yellow",
    "failed": "red",
    "attempt_failed": "yellow",
    "attempt_lost": "yellow",
}
