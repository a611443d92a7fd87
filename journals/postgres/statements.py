"""What does a journal say to Postgres? One statement for a batch of commits, and one for each question.

A batch travels as arrays, one for each column, so that the text of the statement never changes. The statement
moves every record that still is where its commit expects it, inserts the records that start, and then inserts the
entries of those that it moved or inserted; all of that happens or nothing, and it takes one round trip. Who commits in
the name of a member that is none any more, or that does not own the instance, changes nothing; nor does the start of a
workflow that is disabled.

When others have to hear of a commit, a longer statement is used, which does the same, posts the commits' messages, and
calls out what it is told to call out: a plain step pays nothing for that. One that is longer still also writes the tags
and attributes.
"""

from __future__ import annotations

import attrs
from psycopg import sql

from journals.postgres.notices import channel_of
from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS

_COMMIT = """
WITH commits AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
        $6::text[], $7::boolean[], $8::timestamptz[], $9::text[], $10::timestamptz[], $11::bigint[]
    ) AS c (id, workflow, version, expected, last_seq, status, finished, wake_up, detail, at, owner)
    WHERE c.owner IS NULL OR c.owner IN (SELECT epoch FROM {schema}.members)
),
continued AS (
    UPDATE {schema}.instances AS i
    SET workflow = c.workflow, version = c.version, status = c.status, finished = c.finished,
        last_seq = c.last_seq, wake_up = c.wake_up, detail = c.detail, updated_at = c.at,
        owner = CASE WHEN c.finished THEN NULL ELSE c.owner END,
        ended_at = CASE WHEN c.finished THEN c.at END
    FROM commits AS c
    WHERE c.expected > 0 AND i.id = c.id AND i.last_seq = c.expected AND i.owner IS NOT DISTINCT FROM c.owner
    RETURNING i.id, i.started_at
),
started AS (
    INSERT INTO {schema}.instances
        (id, workflow, version, status, finished, last_seq, wake_up, detail, started_at, updated_at, owner,
            ended_at)
    SELECT id, workflow, version, status, finished, last_seq, wake_up, detail, at, at,
        CASE WHEN finished THEN NULL ELSE owner END, CASE WHEN finished THEN at END
    FROM commits WHERE expected = 0 AND NOT EXISTS (
        SELECT 1 FROM {schema}.disabled AS d WHERE d.workflow = commits.workflow AND d.version IN (0, commits.version)
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING id, started_at
),
written AS (
    INSERT INTO {schema}.entries (instance_id, token, {entry_columns})
    SELECT e.* FROM unnest(
        $12::text[], $13::text[], $14::bigint[], $15::text[], $16::text[], $17::text[], $18::bigint[],
        $19::text[], $20::timestamptz[], $21::text[], $22::text[], $23::bigint[], $24::text[]
    ) AS e (instance_id, token, {entry_columns})
    WHERE e.instance_id IN (SELECT id FROM continued) OR e.instance_id IN (SELECT id FROM started)
){more}
SELECT id FROM continued UNION ALL SELECT id FROM started
"""

# What is called out is so also when a commit was refused; that does no harm. The void of pg_notify becomes '',
# which is no instance's id.
_MORE = """,
posted AS (
    INSERT INTO {schema}.messages (instance_id, operation, name, type, version, payload, key, sent_at)
    SELECT m.instance_id, m.operation, m.name, m.type, m.version, m.payload, m.key, clock_timestamp()
    FROM unnest(
        $26::text[], $27::text[], $28::text[], $29::text[], $30::text[], $31::bigint[], $32::text[], $33::text[]
    ) AS m (sender, instance_id, operation, name, type, version, payload, key)
    WHERE (m.sender IN (SELECT id FROM continued) OR m.sender IN (SELECT id FROM started))
        AND NOT EXISTS (SELECT 1 FROM {schema}.instances AS i WHERE i.id = m.instance_id AND i.finished)
    ON CONFLICT DO NOTHING
),
done AS (
    DELETE FROM {schema}.messages AS m USING unnest($35::text[], $36::text[]) AS d (instance_id, key)
    WHERE m.instance_id = d.instance_id AND m.instance_id IN (SELECT id FROM continued)
        AND left(m.key, 100) = left(d.key, 100) AND hashtextextended(m.key, 0) = hashtextextended(d.key, 0)
),
rested AS (
    INSERT INTO {schema}.rests (instance_id, at)
    SELECT id, clock_timestamp() FROM commits
    WHERE status = ANY ($34::text[]) AND EXISTS (SELECT 1 FROM {schema}.pollers)
){labelling}
SELECT pg_notify('{channel}', n.text)::text FROM unnest($25::text[]) AS n (text) UNION ALL"""

_LABELLING = """,
said AS (
    SELECT a.*, w.started_at
    FROM unnest($37::text[], $38::text[], $39::text[], $40::text[]) AS a (instance_id, name, type, value)
    JOIN (SELECT * FROM continued UNION ALL SELECT * FROM started) AS w ON w.id = a.instance_id
),
labelled AS (
    INSERT INTO {schema}.attributes AS a (instance_id, name, type, value, started_at)
    SELECT instance_id, name, type, value, started_at FROM said WHERE type IS NOT NULL
    ON CONFLICT (instance_id, name) DO UPDATE SET type = excluded.type, value = excluded.value
    WHERE (a.type, a.value) <> (excluded.type, excluded.value)
),
unlabelled AS (
    DELETE FROM {schema}.attributes AS a USING said AS s
    WHERE s.type IS NULL AND a.instance_id = s.instance_id AND a.name = s.name
)"""

_PUBLISH = """,
published AS (
    INSERT INTO {schema}.outbox (instance_id, lane, seq, topic, type, version, payload, at)
    SELECT p.instance_id, p.lane, p.seq, p.topic, p.type, p.version, p.payload, p.at
    FROM unnest(
        $41::text[], $42::text[], $43::bigint[], $44::text[], $45::text[], $46::bigint[], $47::text[],
        $48::timestamptz[]
    ) WITH ORDINALITY AS p (instance_id, lane, seq, topic, type, version, payload, at, place)
    WHERE p.instance_id IN (SELECT id FROM continued) OR p.instance_id IN (SELECT id FROM started)
    ORDER BY p.place
    RETURNING lane, instance_id, at
),
delivering AS (
    INSERT INTO {schema}.deliveries AS d (lane, instance_id, waiting, due)
    SELECT lane, instance_id, count(*), least(min(at), clock_timestamp()) FROM published
    GROUP BY lane, instance_id ORDER BY lane, instance_id
    ON CONFLICT (lane, instance_id) DO UPDATE SET waiting = d.waiting + EXCLUDED.waiting
)"""

_LABELS = """
SELECT instance_id, name, type, value FROM {schema}.attributes WHERE instance_id = ANY ($1::text[])
"""

_LOSERS = """
SELECT c.id, i.id IS NOT NULL AS known, coalesce(e.token = c.token, false) AS repeated,
    i.owner IS NOT DISTINCT FROM c.owner AS owned,
    c.owner IS NULL OR EXISTS (SELECT 1 FROM {schema}.members AS m WHERE m.epoch = c.owner) AS alive
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) AS c (id, expected, token, owner)
LEFT JOIN {schema}.instances AS i ON i.id = c.id
LEFT JOIN {schema}.entries AS e ON e.instance_id = c.id AND e.seq = c.expected + 1
"""

# Whoever stored it last has ended when this returns, if it is asked on a connection of its own.
_WAIT = "SELECT 1 FROM {schema}.instances WHERE id = $1 FOR SHARE"

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


@attrs.frozen
class Statements:
    """Holds the statements of a journal for one schema."""

    commit: bytes
    commit_and_tell: bytes
    commit_and_label: bytes
    commit_and_publish: bytes
    losers: bytes
    wait: bytes
    read: bytes
    find: bytes
    find_key: bytes
    labels: bytes


def statements(schema: str) -> Statements:
    """Return the statements for a schema."""
    longer = (_MORE.replace("{labelling}", labelling) for labelling in ("", _LABELLING, _LABELLING + _PUBLISH))
    commits = (_COMMIT.replace("{more}", more) for more in ("", *longer))
    texts = (*commits, _LOSERS, _WAIT, _READ, _FIND, _FIND_KEY, _LABELS)
    return Statements(*(_for_schema(text, schema) for text in texts))


def _for_schema(text: str, schema: str) -> bytes:
    return text.format(
        schema=sql.Identifier(schema).as_string(),
        channel=channel_of(schema),
        entry_columns=", ".join(ENTRY_COLUMNS),
        entry_columns_of_e=", ".join(f"e.{column}" for column in ENTRY_COLUMNS),
        record_columns=", ".join(RECORD_COLUMNS),
    ).encode()
