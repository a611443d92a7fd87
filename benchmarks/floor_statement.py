"""What does the floor write? The rows that wio writes for steps, in its tables, guarded by the owner of each instance.

A workflow of three steps is four commits, and five entries in the journal:

    started | event | event | event completed
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
from psycopg import sql

from journals.postgres.connections import Connection
from journals.postgres.schema import migrate
from journals.postgres.values import array

OWNER = 7
"""Is the owner that every instance has."""

# With `=` the planner might look for the owner in the index: there it finds all of its instances, for each commit.
_COMMIT = """
WITH commits AS MATERIALIZED (
    SELECT * FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::boolean[], $9::text[])
    AS c (id, expected, last_seq, status, finished, detail)
),
continued AS (
    UPDATE {schema}.instances AS i
    SET workflow = $1::text, version = 1, status = c.status, finished = c.finished, last_seq = c.last_seq,
        wake_up = NULL, detail = c.detail, updated_at = $2::timestamptz
    FROM commits AS c
    WHERE c.expected > 0 AND i.id = c.id AND i.owner IS NOT DISTINCT FROM $3::bigint AND i.last_seq = c.expected
    RETURNING i.id
),
started AS (
    INSERT INTO {schema}.instances
        (id, workflow, version, status, finished, last_seq, wake_up, detail, started_at, updated_at, owner)
    SELECT id, $1::text, 1, status, finished, last_seq, NULL, detail, $2::timestamptz, $2::timestamptz, $3::bigint
    FROM commits WHERE expected = 0
    ON CONFLICT (id) DO NOTHING
    RETURNING id
),
written AS (
    INSERT INTO {schema}.entries (instance_id, token, seq, kind, address, type, version, payload, recorded_at)
    SELECT e.instance_id, e.token, e.seq, e.kind, e.address, e.type, 1, e.payload, $2::timestamptz FROM unnest(
        $10::text[], $11::text[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[]
    ) AS e (instance_id, token, seq, kind, address, type, payload)
    WHERE e.instance_id IN (SELECT id FROM continued) OR e.instance_id IN (SELECT id FROM started)
)
SELECT id FROM continued UNION ALL SELECT id FROM started
"""


@attrs.frozen
class FloorCommit:
    """Is the start of an instance at `number` 0, and after it the step of that number; the last one of all ends it."""

    instance_id: str
    number: int
    is_last: bool


async def lay_tables(connection: Connection, schema: str) -> None:
    """Create the tables of a journal in a schema of their own; an instance there has an owner."""
    await migrate(connection, schema, "the floor")
    await connection.execute(
        sql.SQL("ALTER TABLE {}.instances ADD COLUMN IF NOT EXISTS owner bigint").format(sql.Identifier(schema))
    )


def commit_statement(schema: str) -> bytes:
    """Return the statement that stores a batch of commits in a schema, and returns the ids of those it stored."""
    return _COMMIT.format(schema=sql.Identifier(schema).as_string()).encode()


def parameters(commits: Sequence[FloorCommit]) -> tuple[str, ...]:
    """Return what the statement takes for a batch: the constants, and one array for each column."""
    records = zip(*map(_record, commits), strict=True)
    entries = zip(*(entry for commit in commits for entry in _entries(commit)), strict=True)
    return ("floor", datetime.now(UTC).isoformat(), str(OWNER), *map(array, records), *map(array, entries))


def _record(commit: FloorCommit) -> tuple[str | int, ...]:
    last_seq = commit.number + 1 + commit.is_last
    status, finished, detail = ("completed", "t", "") if commit.is_last else ("running", "f", "runs count")
    return (commit.instance_id, commit.number, last_seq, status, finished, detail)


def _entries(commit: FloorCommit) -> list[tuple[str | int, ...]]:
    at = (commit.instance_id, _token(commit))
    if commit.number == 0:
        return [(*at, 1, "started", "", "Count", '{"done":0,"of":10}')]
    step = (*at, commit.number + 1, "event", "count#2", "Counted", '{"number":1}')
    end = (*at, commit.number + 2, "completed", "", "Count", '{"done":10,"of":10}')
    return [step, end] if commit.is_last else [step]


def _token(commit: FloorCommit) -> str:
    """Return a token as long as those of a runtime."""
    return f"0123456789abcdef0123456789abcdef-{commit.number}"
