"""What does a journal say to Postgres? One statement for a batch of commits, and one for each question.

A batch travels as arrays, one for each column, so that the text of the statement never changes. The statement
moves every record that still is where its commit expects it, inserts the records that start, and then inserts the
entries of those that it moved or inserted; all of that happens or nothing, and it takes one round trip.
"""

from __future__ import annotations

import attrs
from psycopg import sql

from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS

_COMMIT = """
WITH commits AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
        $6::text[], $7::boolean[], $8::timestamptz[], $9::text[], $10::timestamptz[]
    ) AS c (id, workflow, version, expected, last_seq, status, finished, wake_up, detail, at)
),
continued AS (
    UPDATE {schema}.instances AS i
    SET workflow = c.workflow, version = c.version, status = c.status, finished = c.finished,
        last_seq = c.last_seq, wake_up = c.wake_up, detail = c.detail, updated_at = c.at
    FROM commits AS c
    WHERE c.expected > 0 AND i.id = c.id AND i.last_seq = c.expected
    RETURNING i.id
),
started AS (
    INSERT INTO {schema}.instances
        (id, workflow, version, status, finished, last_seq, wake_up, detail, started_at, updated_at)
    SELECT id, workflow, version, status, finished, last_seq, wake_up, detail, at, at
    FROM commits WHERE expected = 0
    ON CONFLICT (id) DO NOTHING
    RETURNING id
),
written AS (
    INSERT INTO {schema}.entries (instance_id, token, {entry_columns})
    SELECT e.* FROM unnest(
        $11::text[], $12::text[], $13::bigint[], $14::text[], $15::text[], $16::text[], $17::bigint[],
        $18::text[], $19::timestamptz[], $20::text[], $21::text[], $22::bigint[], $23::text[]
    ) AS e (instance_id, token, {entry_columns})
    WHERE e.instance_id IN (SELECT id FROM continued) OR e.instance_id IN (SELECT id FROM started)
)
SELECT id FROM continued UNION ALL SELECT id FROM started
"""

_LOSERS = """
SELECT c.id, i.id IS NOT NULL AS known, coalesce(e.token = c.token, false) AS repeated
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS c (id, expected, token)
LEFT JOIN {schema}.instances AS i ON i.id = c.id
LEFT JOIN {schema}.entries AS e ON e.instance_id = c.id AND e.seq = c.expected + 1
"""

_READ = """
SELECT i.last_seq, {entry_columns_of_e} FROM {schema}.instances AS i
LEFT JOIN LATERAL (
    SELECT * FROM {schema}.entries WHERE instance_id = i.id AND seq > $2::bigint ORDER BY seq LIMIT $3::bigint
) AS e ON true
WHERE i.id = $1 ORDER BY e.seq
"""

_FIND = "SELECT {record_columns} FROM {schema}.instances WHERE id = $1"

_FIND_KEY = """
SELECT {entry_columns_of_e} FROM {schema}.instances AS i
LEFT JOIN LATERAL (
    SELECT * FROM {schema}.entries
    WHERE instance_id = i.id AND left(key, 100) = left($2::text, 100) AND key = $2::text ORDER BY seq DESC LIMIT 1
) AS e ON true
WHERE i.id = $1
"""

_FIND_ALL = """
SELECT {record_columns} FROM {schema}.instances
WHERE id > $1 AND status = ANY ($2::text[]) ORDER BY id LIMIT $3::bigint
"""

_FIND_UNFINISHED = """
SELECT {record_columns} FROM {schema}.instances
WHERE NOT finished AND id > $1 AND status = ANY ($2::text[]) ORDER BY id LIMIT $3::bigint
"""


@attrs.frozen
class Statements:
    """Holds the statements of a journal for one schema."""

    commit: bytes
    losers: bytes
    read: bytes
    find: bytes
    find_key: bytes
    find_all: bytes
    find_unfinished: bytes


def statements(schema: str) -> Statements:
    """Return the statements for a schema."""
    texts = (_COMMIT, _LOSERS, _READ, _FIND, _FIND_KEY, _FIND_ALL, _FIND_UNFINISHED)
    return Statements(*(_for_schema(text, schema) for text in texts))


def _for_schema(text: str, schema: str) -> bytes:
    return text.format(
        schema=sql.Identifier(schema).as_string(),
        entry_columns=", ".join(ENTRY_COLUMNS),
        entry_columns_of_e=", ".join(f"e.{column}" for column in ENTRY_COLUMNS),
        record_columns=", ".join(RECORD_COLUMNS),
    ).encode()
