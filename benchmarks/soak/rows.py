"""What do the transactions of the soak write? A row for each step, in a table of its own beside the journal.

Nothing keeps the same row from being there twice: that there is one for each event is up to the journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

from interpreters import effect_context

Row: TypeAlias = tuple[str, str]
"""Is an instance, and the address of one of its steps."""

_TABLE = "soak_rows"


class Connection(Protocol):
    """Is what the soak needs of the connection of a transaction; psycopg's has it."""

    async def execute(self, query: bytes, params: Sequence[str], /) -> object:
        """Execute a statement."""
        ...


async def write_row(connection: Connection) -> None:
    """Write the row of the effect that runs here."""
    context = effect_context()
    await connection.execute(f"INSERT INTO {_TABLE} VALUES (%s, %s)".encode(), (context.instance_id, context.address))


def lay_table(dsn: str) -> None:
    """Create the table."""
    import psycopg  # noqa: PLC0415  (an optional dependency)

    with psycopg.connect(dsn) as connection:
        connection.execute(f"CREATE TABLE {_TABLE} (instance text NOT NULL, step text NOT NULL)".encode())


def rows_in(dsn: str) -> list[Row]:
    """Return all rows that were committed."""
    import psycopg  # noqa: PLC0415  (an optional dependency)

    with psycopg.connect(dsn) as connection:
        found = connection.execute(f"SELECT instance, step FROM {_TABLE}".encode()).fetchall()
    return [(instance, step) for instance, step in found]


def wrong_rows(events: Iterable[Row], rows: Iterable[Row]) -> Iterator[str]:
    """Say which events do not have exactly one row, and which rows have no event.

    >>> list(wrong_rows([("i", "a"), ("i", "b")], [("i", "b"), ("i", "a")]))
    []
    >>> list(wrong_rows([("i", "a"), ("i", "b")], [("i", "b"), ("i", "b")]))
    ['i has 1 event at a, but 0 rows', 'i has 1 event at b, but 2 rows']
    >>> list(wrong_rows([], [("i", "a")]))
    ['i has 0 events at a, but 1 row']
    """
    recorded, written = Counter(events), Counter(rows)
    for place in sorted(recorded | written):
        if recorded[place] != 1 or written[place] != 1:
            instance, step = place
            found = _counted(recorded[place], "event"), _counted(written[place], "row")
            yield f"{instance} has {found[0]} at {step}, but {found[1]}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
