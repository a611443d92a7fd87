"""How is the data of an instance deleted from Postgres? In one statement; old versions of rows wait for a vacuum."""

from __future__ import annotations

from journals.entries import Payload
from journals.postgres.values import array
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
unlabelled AS (DELETE FROM {schema}.attributes AS l USING allowed AS a WHERE l.instance_id = a.id),
queues AS MATERIALIZED (
    SELECT instance_id FROM {schema}.deliveries WHERE instance_id = (SELECT id FROM allowed) ORDER BY lane FOR UPDATE
),
queued AS MATERIALIZED (SELECT min(instance_id) AS id FROM queues),
withdrawn AS (DELETE FROM {schema}.outbox WHERE instance_id = (SELECT id FROM queued) AND lane = ''),
closed AS (DELETE FROM {schema}.deliveries WHERE instance_id = (SELECT id FROM queued) AND lane = ''),
bared AS (
    UPDATE {schema}.outbox SET payload = 'null' WHERE instance_id = (SELECT id FROM queued) AND lane <> ''
),
unexplained AS (
    UPDATE {schema}.deliveries SET error = ''
    WHERE instance_id = (SELECT id FROM queued) AND lane <> '' AND error IS NOT NULL
),
told AS MATERIALIZED (
    SELECT number FROM {schema}.changes WHERE instance_id = (SELECT id FROM allowed) AND detail <> ''
    ORDER BY number FOR UPDATE
),
untold AS (UPDATE {schema}.changes AS c SET detail = '' FROM told WHERE c.number = told.number)
SELECT last_seq, status, is_owner FROM target
"""


def scrub_parameters(scrub: Scrub) -> tuple[str | None, ...]:
    """Return the parameters of the statement, after the id of the instance."""
    rows = [(left.seq, *_cells(left.payload), *_cells(left.response)) for left in scrub.entries]
    columns = zip(*rows, strict=True) if rows else [()] * 7
    return (None if scrub.owner is None else str(scrub.owner), *map(array, columns))


def _cells(payload: Payload | None) -> tuple[str | None, int | None, str | None]:
    return (None, None, None) if payload is None else (payload.type, payload.version, payload.text)
