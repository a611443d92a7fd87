"""Who has ended, and how is all that is kept of an instance deleted? What a journal says to Postgres for that.

Who looks sees up to a page of instances, the earliest end first, for each workflow by itself; so it costs the same on a
table with a million of them. Who deletes leaves out what others have locked: several that delete share the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import attrs
from psycopg import sql

from journals.ended import PEACE, Ended
from journals.entries import Entry, InstanceRecord
from journals.errors import CorruptEntry
from journals.postgres.values import array, storable, time_of
from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS, entry_of, record_of

_OF_AN_INSTANCE = ("attributes", "entries", "messages")
"""Are the tables with what else is kept of an instance, under its `instance_id`."""

_FIRST = len(RECORD_COLUMNS)

_HAS_NEWS = """EXISTS (
    SELECT 1 FROM {schema}.messages AS m
    WHERE m.instance_id = i.id AND coalesce(m.answered_at, m.sent_at) > clock_timestamp() - interval '{peace}'
)"""

# A name is looked for behind the one before: as many looks as there are workflows, however many instances they have.
_FIND_ENDED = """
WITH RECURSIVE names AS (
    (SELECT workflow AS name FROM {schema}.instances WHERE ended_at IS NOT NULL ORDER BY workflow LIMIT 1)
    UNION ALL
    SELECT (
        SELECT i.workflow FROM {schema}.instances AS i
        WHERE i.ended_at IS NOT NULL AND i.workflow > n.name ORDER BY i.workflow LIMIT 1
    )
    FROM names AS n WHERE n.name IS NOT NULL
),
ended AS MATERIALIZED (
    SELECT e.* FROM names AS n CROSS JOIN LATERAL (
        SELECT i.* FROM {schema}.instances AS i
        WHERE i.workflow = n.name AND i.ended_at IS NOT NULL AND i.ended_at < $1::timestamptz
            AND (i.ended_at, i.id) > ($3::timestamptz, $4::text COLLATE "C")
        ORDER BY i.ended_at, i.id LIMIT $5::bigint
    ) AS e
    WHERE n.name IS NOT NULL AND ($2::text[] IS NULL OR n.name = ANY ($2::text[]))
    ORDER BY e.ended_at, e.id LIMIT $5::bigint
)
SELECT {record_columns_of_i}, {entry_columns_of_e}, {has_news}
FROM ended AS i LEFT JOIN {schema}.entries AS e ON e.instance_id = i.id AND e.seq = 1
ORDER BY i.ended_at, i.id
"""

# A question for each, as a join might go through all that have not ended.
_FIND_UNFINISHED = """
SELECT w.id FROM unnest($1::text[]) AS w (id)
WHERE (SELECT NOT i.finished FROM {schema}.instances AS i WHERE i.id = w.id)
"""

_REMOVE = """
WITH gone AS MATERIALIZED (
    SELECT i.id FROM unnest($1::text[], $2::timestamptz[], $3::bigint[]) AS w (id, ended_at, last_seq)
    JOIN {schema}.instances AS i ON i.id = w.id AND i.ended_at = w.ended_at AND i.last_seq = w.last_seq
    WHERE NOT {has_news}
    ORDER BY i.id FOR UPDATE OF i SKIP LOCKED
),
{of_an_instance}
DELETE FROM {schema}.instances AS i USING gone AS g WHERE i.id = g.id RETURNING i.id
"""

_REMOVE_ALSO = "of_{table} AS (DELETE FROM {schema}.{table} AS t USING gone AS g WHERE t.instance_id = g.id)"


@attrs.frozen
class RemovingStatements:
    """Holds the statements of removing for one schema."""

    find_ended: bytes
    find_unfinished: bytes
    remove: bytes


def removing_statements(schema: str) -> RemovingStatements:
    """Return the statements for a schema."""
    name = sql.Identifier(schema).as_string()
    words = {
        "schema": name,
        "has_news": _HAS_NEWS.format(schema=name, peace=PEACE),
        "of_an_instance": ",\n".join(_REMOVE_ALSO.format(schema=name, table=table) for table in _OF_AN_INSTANCE),
        "record_columns_of_i": ", ".join(f"i.{column}" for column in RECORD_COLUMNS),
        "entry_columns_of_e": ", ".join(f"e.{column}" for column in ENTRY_COLUMNS),
    }
    return RemovingStatements(*(text.format(**words).encode() for text in (_FIND_ENDED, _FIND_UNFINISHED, _REMOVE)))


def ended_parameters(
    before: datetime, workflows: frozenset[str] | None, after: InstanceRecord | None, most: int
) -> tuple[str | None, ...]:
    """Return the parameters of the question who has ended."""
    names = None if workflows is None else array(sorted(each for each in workflows if storable(each)))
    behind = ("-infinity", "") if after is None else (after.updated_at.isoformat(), after.id)
    return (before.isoformat(), names, *behind, str(most))


def ended_of(row: Sequence[Any]) -> Ended:
    """Return who has ended, as it lies in a row: record, first entry, whether there is news."""
    record = record_of(row[:_FIRST], time_of)
    first: Entry | None = None
    with suppress(CorruptEntry):  # Who reads the entries is told so.
        first = entry_of(record.id, row[_FIRST:-1], time_of)
    return Ended(record, first, row[-1])


def remove_parameters(records: Sequence[InstanceRecord]) -> tuple[str, ...]:
    """Return the parameters of the statement that removes instances."""
    fit = [record for record in records if storable(record.id)]
    return (
        array(record.id for record in fit),
        array(record.updated_at for record in fit),
        array(record.last_seq for record in fit),
    )
