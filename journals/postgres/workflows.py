"""What does `PostgresJournal` say to Postgres about workflows? Which may start, and which can nobody run.

The workflows and versions that have unfinished instances are found by steps from one to the next in an index, so that
the cost does not depend on how many instances there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from psycopg import sql

from journals.postgres.values import array, time_of
from journals.rows import RECORD_COLUMNS
from journals.workflows import Disabled, Hooked, Unfinished, hook_rows, in_order

_DISABLE = """
INSERT INTO {schema}.disabled (workflow, version, by_whom, reason, at)
VALUES ($1, $2::bigint, $3, $4, clock_timestamp())
ON CONFLICT (workflow, version) DO UPDATE
SET by_whom = excluded.by_whom, reason = excluded.reason, at = excluded.at
"""

_ENABLE = """
DELETE FROM {schema}.disabled WHERE workflow = $1 AND ($2::bigint = 0 OR version = $2::bigint) RETURNING version
"""

_DISABLED = "SELECT workflow, version, by_whom, reason, at FROM {schema}.disabled"

_NOTE_HOOKS = """
INSERT INTO {schema}.hooks (workflow, changes) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (workflow) DO UPDATE SET changes = excluded.changes
"""

_HOOKED = "SELECT workflow, changes FROM {schema}.hooks"

_KINDS = """
WITH RECURSIVE kinds AS (
    (SELECT workflow, version FROM {schema}.instances WHERE NOT finished ORDER BY workflow, version LIMIT 1)
    UNION ALL
    SELECT n.workflow, n.version FROM kinds AS k CROSS JOIN LATERAL (
        SELECT i.workflow, i.version FROM {schema}.instances AS i
        WHERE NOT i.finished AND (i.workflow, i.version) > (k.workflow, k.version)
        ORDER BY i.workflow, i.version LIMIT 1
    ) AS n
)"""

_UNFINISHED = """{kinds}
SELECT k.workflow, k.version, c.count FROM kinds AS k CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT FROM {schema}.instances AS i
        WHERE NOT i.finished AND i.workflow = k.workflow AND i.version = k.version LIMIT $1::bigint
    ) AS counted
) AS c
"""

_STRANDED = """{kinds},
known AS MATERIALIZED (
    SELECT each ->> 0 AS workflow, (each ->> 1)::bigint AS version
    FROM {schema}.members AS m CROSS JOIN LATERAL json_array_elements(m.knows::json) AS each
    WHERE m.alive_until > clock_timestamp()
),
lost AS MATERIALIZED (
    SELECT k.workflow, k.version FROM kinds AS k
    WHERE NOT EXISTS (SELECT 1 FROM known WHERE known.workflow = k.workflow AND known.version = k.version)
)
SELECT r.* FROM lost CROSS JOIN LATERAL (
    SELECT {record_columns} FROM {schema}.instances AS i
    WHERE NOT i.finished AND i.workflow = lost.workflow AND i.version = lost.version AND i.id > $1
    ORDER BY i.id LIMIT $2::bigint
) AS r
ORDER BY r.id LIMIT $2::bigint
"""


@attrs.frozen
class WorkflowStatements:
    """Holds the statements about workflows for one schema."""

    disable: bytes
    enable: bytes
    disabled: bytes
    note_hooks: bytes
    hooked: bytes
    unfinished: bytes
    stranded: bytes


def workflow_statements(schema: str) -> WorkflowStatements:
    """Return the statements for a schema."""
    name = sql.Identifier(schema).as_string()
    kinds = _KINDS.format(schema=name)
    record_columns = ", ".join(f"i.{column}" for column in RECORD_COLUMNS)
    texts = (_DISABLE, _ENABLE, _DISABLED, _NOTE_HOOKS, _HOOKED, _UNFINISHED, _STRANDED)
    return WorkflowStatements(
        *(text.format(schema=name, kinds=kinds, record_columns=record_columns).encode() for text in texts)
    )


def disabled_in(rows: Iterable[tuple[Any, ...]]) -> tuple[Disabled, ...]:
    """Return what rows of `disabled` say."""
    return in_order(
        Disabled(workflow, version or None, by, reason, time_of(at)) for workflow, version, by, reason, at in rows
    )


def hook_parameters(hooks: Sequence[Hooked]) -> tuple[str, str]:
    """Return the parameters of `note_hooks`."""
    rows = hook_rows(hooks)
    return array(workflow for workflow, _ in rows), array(changes for _, changes in rows)


def unfinished_in(rows: Iterable[tuple[Any, ...]]) -> tuple[Unfinished, ...]:
    """Return what rows of `unfinished` say, in order, whatever the order of texts is on the server."""
    return tuple(Unfinished(*row) for row in sorted(rows))
