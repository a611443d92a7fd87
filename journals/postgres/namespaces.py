"""Which namespaces are there in a Postgres database? Its schemas with a table `meta` that wio has written."""

from __future__ import annotations

from datetime import timedelta

from psycopg import sql

from journals.postgres.connections import connector
from journals.postgres.errors import DRIVER_ERRORS, place_of, translated

# Nobody may read another's tables. What this role cannot read is none of its namespaces.
_WITH_META = b"""
SELECT n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'meta' AND c.relkind = 'r'
    AND CASE WHEN has_schema_privilege(n.oid, 'USAGE') THEN has_table_privilege(c.oid, 'SELECT') ELSE false END
    AND (
        SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) = ARRAY['program', 'version']
ORDER BY n.nspname COLLATE "C"
"""


async def namespaces(dsn: str, *, patience: timedelta = timedelta(seconds=5)) -> tuple[str, ...]:
    """Return the namespaces in a database, in order, those in which this role may read. Raises `JournalUnavailable`."""
    try:
        async with await connector(dsn, patience, patience, prepare=False)() as connection:
            cursor = await connection.execute(_WITH_META)
            found: list[str] = []
            for (name,) in await cursor.fetchall():
                program = sql.SQL("SELECT program FROM {}.meta").format(sql.Identifier(name))
                cursor = await connection.execute(program.as_bytes())
                if await cursor.fetchall() == [("wio",)]:
                    found.append(name)
            return tuple(found)
    except DRIVER_ERRORS as error:
        raise translated(error, f"The database {place_of(dsn)}", commits=False) from error
