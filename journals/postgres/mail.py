"""Which statements are about messages, and about what has happened? `journals.postgres.sharing` makes them whole.

A message to an instance that nobody owns makes it due; of one to an instance that is owned its owner hears.
A lock on a row shows its newest version, but not what others have written beside it meanwhile; where that counts
(a message to an instance that is just being released) the look is a statement of its own, afterwards: the nudge.
"""

from __future__ import annotations

MOST_PRUNED = 1_000
"""Is how many old messages are deleted at a time, of those with an answer, and of the others."""

# "At once" is a time that has been by the clock of whoever has committed, which may be another than the server's.
# Where an index is to be used, it is the time of the statement: that of the clock may change while it runs.

NUDGE = """
WITH target AS MATERIALIZED (
    SELECT i.id, i.owner, i.wake_up FROM {which}
    ORDER BY i.id FOR NO KEY UPDATE OF i
),
woken AS (
    UPDATE {schema}.instances AS i SET wake_up = least(i.updated_at, clock_timestamp()) FROM target AS t
    WHERE i.id = t.id AND t.owner IS NULL
        AND (t.wake_up IS NULL OR t.wake_up > least(i.updated_at, clock_timestamp()))
    RETURNING i.id
)
SELECT pg_notify('{channel}', 'mail ' || owner || ' ' || id)::text FROM target WHERE owner IS NOT NULL
UNION ALL SELECT pg_notify('{channel}', 'work')::text FROM (SELECT 1 FROM woken LIMIT 1) AS any_woken
"""

OF_THESE = """
    unnest($1::text[]) AS w (id) JOIN {schema}.instances AS i ON i.id = w.id WHERE NOT i.finished AND {open}
"""

OF_ALL = """
    (
        SELECT DISTINCT instance_id FROM {schema}.messages
        WHERE answered_at IS NULL AND sent_at < now() - $1::interval
        LIMIT 1000
    ) AS w JOIN {schema}.instances AS i ON i.id = w.instance_id WHERE NOT i.finished
"""

MESSAGES = """
SELECT m.instance_id, m.operation, m.name, m.type, m.version, m.payload, m.key, m.id
FROM unnest($2::text[]) AS w (id)
JOIN {schema}.instances AS i ON i.id = w.id AND (i.owner = $1::bigint OR i.finished)
JOIN {schema}.messages AS m ON m.instance_id = i.id AND m.answered_at IS NULL
ORDER BY m.id
"""

UNANSWERED = """
SELECT m.instance_id, m.operation, m.name, m.type, m.version, m.payload, m.key, m.id, m.sent_at
FROM {schema}.messages AS m WHERE m.instance_id = $1 AND m.answered_at IS NULL ORDER BY m.id LIMIT $2::bigint
"""

ANSWER = """
WITH answered AS (
    UPDATE {schema}.messages AS m
    SET answered_at = clock_timestamp(), answer_type = a.type, answer_version = a.version, answer = a.text
    FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[]) AS a (id, type, version, text)
    WHERE m.id = a.id AND m.answered_at IS NULL
        AND EXISTS (SELECT 1 FROM {schema}.members WHERE epoch = $1::bigint)
)
SELECT pg_notify('{channel}', n.text)::text FROM unnest($6::text[]) AS n (text)
"""

POST = """
WITH target AS MATERIALIZED (
    SELECT id, owner, finished FROM {schema}.instances WHERE id = $1 FOR NO KEY UPDATE
),
posted AS (
    INSERT INTO {schema}.messages (instance_id, operation, name, type, version, payload, key, sent_at)
    SELECT id, $2, $3, $4, $5::bigint, $6, $7, clock_timestamp() FROM target WHERE NOT finished
    ON CONFLICT DO NOTHING
    RETURNING id
),
woken AS (
    UPDATE {schema}.instances AS i SET wake_up = least(i.wake_up, i.updated_at, clock_timestamp())
    FROM target AS t WHERE i.id = t.id AND t.owner IS NULL AND NOT t.finished
)
SELECT coalesce((SELECT id FROM posted), (
    SELECT m.id FROM {schema}.messages AS m
    WHERE m.instance_id = $1 AND left(m.key, 100) = left($7, 100)
        AND hashtextextended(m.key, 0) = hashtextextended($7, 0)
)), t.finished, CASE WHEN NOT t.finished THEN
    pg_notify('{channel}', CASE WHEN t.owner IS NULL THEN 'work' ELSE 'mail ' || t.owner || ' ' || t.id END)::text
END
FROM target AS t
"""

ANSWER_TO = """
SELECT answer_type, answer_version, answer FROM {schema}.messages WHERE id = $1::bigint AND answered_at IS NOT NULL
"""

# What was written by a transaction that ended later may show later, hence the look back. A member also renews its lease
# by that, and sees the others, as by a heartbeat; nothing of it is found for a listener, who has no epoch.
POLL = """
WITH {lightly},
polling AS (
    INSERT INTO {schema}.pollers (token, alive_until) VALUES ($1, clock_timestamp() + interval '1 minute')
    ON CONFLICT (token) DO UPDATE SET alive_until = EXCLUDED.alive_until
),
renewed AS (
    UPDATE {schema}.members SET alive_until = clock_timestamp() + $6::interval
    WHERE epoch = $2::bigint AND process = $1 RETURNING epoch
),
moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at, coalesce($3::timestamptz, clock_timestamp()) - interval '5 seconds' AS since
),
happened AS (
    SELECT 'work' AS word, NULL AS text WHERE EXISTS (
        SELECT 1 FROM unnest($4::text[], $5::bigint[]) AS k (workflow, version) CROSS JOIN LATERAL (
            SELECT 1 FROM {schema}.instances AS i
            WHERE i.workflow = k.workflow AND i.version = k.version
                AND i.owner IS NULL AND i.wake_up IS NOT NULL AND NOT i.finished AND i.wake_up <= now()
            LIMIT 1
        ) AS ready
    )
    UNION ALL
    SELECT 'mail', i.id FROM (
        SELECT DISTINCT instance_id FROM {schema}.messages WHERE answered_at IS NULL
    ) AS m JOIN {schema}.instances AS i ON i.id = m.instance_id AND i.owner = $2::bigint
    UNION ALL
    SELECT 'answered', m.id::text FROM {schema}.messages AS m WHERE m.answered_at > (SELECT since FROM moment)
    UNION ALL
    SELECT 'deliver', max(o.number)::text FROM {schema}.outbox AS o HAVING max(o.number) IS NOT NULL
    UNION ALL
    SELECT 'changed', max(c.number)::text FROM {schema}.changes AS c HAVING max(c.number) IS NOT NULL
    UNION ALL
    SELECT 'rested', r.instance_id FROM {schema}.rests AS r WHERE r.at > (SELECT since FROM moment)
    UNION ALL
    SELECT 'renewed', NULL FROM renewed
    UNION ALL
    SELECT CASE WHEN m.alive_until < clock_timestamp() THEN 'late' ELSE 'other' END, m.epoch || ' ' || m.process
    FROM {schema}.members AS m WHERE m.epoch > 0 AND m.epoch <> $2::bigint
    UNION ALL
    SELECT 'unheard', NULL WHERE EXISTS (
        SELECT 1 FROM {schema}.messages AS m WHERE m.answered_at IS NULL AND m.sent_at < now() - $7::interval
    )
)
SELECT moment.at, h.word, h.text FROM setting CROSS JOIN moment LEFT JOIN happened AS h ON true
"""

STOP_POLLING = "DELETE FROM {schema}.pollers WHERE token = $1"

PRUNE = """
WITH {lightly},
answered AS MATERIALIZED (
    SELECT id FROM {schema}.messages WHERE answered_at < now() - interval '61 minutes'
    ORDER BY answered_at LIMIT {most_pruned} FOR UPDATE SKIP LOCKED
),
unread AS MATERIALIZED (
    SELECT m.id FROM {schema}.messages AS m
    WHERE m.answered_at IS NULL AND m.sent_at < now() - interval '61 minutes'
        AND coalesce((SELECT i.finished FROM {schema}.instances AS i WHERE i.id = m.instance_id), true)
    LIMIT {most_pruned} FOR UPDATE SKIP LOCKED
),
old_pollers AS (DELETE FROM {schema}.pollers WHERE token > '' AND alive_until < now()),
old_rests AS (DELETE FROM {schema}.rests WHERE at < now() - interval '5 minutes'),
gone AS (
    DELETE FROM {schema}.messages AS m USING setting
    WHERE m.id = ANY (ARRAY(SELECT id FROM answered UNION ALL SELECT id FROM unread))
    RETURNING m.id
)
SELECT count(*) FROM gone
"""
