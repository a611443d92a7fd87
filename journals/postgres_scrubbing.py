"""How is the data of an instance deleted from Postgres? In one statement; old versions of rows wait for a vacuum."""

from __future__ import annotations

from journals.entries import Payload
from journals.postgres_values import array
from journals.scrubbing import Scrub

SCRUB = """
WITH target AS MATERIALIZED (
    SELECT id, last_seq, status, owner IS NOT DISTINCT FROM $2::bigint
        AND ($2::bigint IS NULL OR EXISTS (SELECT 1 FROM {schema}.members WHERE epoch = $2::bigint)) AS is_owner
    FROM {schema}.instances WHERE id = $1 FOR NO KEY UPDATE
),
allowed AS MATERIALIZED (SELECT id FROM target WHERE is_owner AND status = 'data_deletion_requested'),
scrubbed AS (
    UPDATE {schema}.entries AS e SET type = s.type, version = s.version, payload = s.payload,
        response_type = s.response_type, response_version = s.response_version, response = s.response, key = NULL
    FROM allowed AS a, unnest(
        $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[]
    ) AS s (seq, type, version, payload, response_type, response_version, response)
    WHERE e.instance_id = a.id AND e.seq = s.seq
),
forgotten AS (DELETE FROM {schema}.messages AS m USING allowed AS a WHERE m.instance_id = a.id),
unlabelled AS (DELETE FROM {schema}.attributes AS l USING allowed AS a WHERE l.instance_id = a.id)
SELECT last_seq, status, is_owner FROM target
"""


def scrub_parameters(scrub: Scrub) -> tuple[str | None, ...]:
    """Return the parameters of the statement, after the id of the instance."""
    rows = [(left.seq, *_cells(left.payload), *_cells(left.response)) for left in scrub.entries]
    columns = zip(*rows, strict=True) if rows else [()] * 7
    return (None if scrub.owner is None else str(scrub.owner), *map(array, columns))


def _cells(payload: Payload | None) -> tuple[str | None, int | None, str | None]:
    return (None, None, None) if payload is None else (payload.type, payload.version, payload.text)
