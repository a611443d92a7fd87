"""What do processes that share a journal say to Postgres? Who lives, who owns what, and what was asked for.

A member that is found dead loses its row first: from then on nobody can commit in its name. Then its instances are
freed, some at a time, each statement for itself: whoever comes next goes on where one was interrupted.
A lock on a row shows its newest version, but not what others have written beside it meanwhile; where that counts
(a message to an instance that is just being released) the look is a statement of its own, afterwards.
"""

from __future__ import annotations

import attrs
from psycopg import sql

from journals.postgres_notices import channel_of
from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS
from journals.sharing import MOST_ENTRIES_CLAIMED

# Where an index is to be used, it is the time of the statement: that of the clock may change while it runs.

# What is lost with the server's last moments would only have to be done again: it need not wait for the disk.
_LIGHTLY = "setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"

_OPEN = "EXISTS (SELECT 1 FROM {schema}.messages AS m WHERE m.instance_id = i.id AND m.answered_at IS NULL)"

_JOIN = """
INSERT INTO {schema}.members (name, process, knows, joined_at, alive_until)
VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + $4::interval)
RETURNING epoch, clock_timestamp()
"""

_RENEW = """
WITH {lightly},
renewed AS (
    UPDATE {schema}.members SET alive_until = clock_timestamp() + $3::interval
    WHERE epoch = $1::bigint AND process = $2 RETURNING epoch
)
SELECT clock_timestamp(), EXISTS (SELECT 1 FROM renewed), m.epoch, m.process, m.alive_until < clock_timestamp()
FROM setting LEFT JOIN {schema}.members AS m ON m.epoch > 0 AND m.epoch <> $1::bigint
"""

_BURY = """
DELETE FROM {schema}.members
WHERE epoch = ANY ($1::bigint[]) OR (epoch = ANY ($2::bigint[]) AND alive_until < clock_timestamp())
"""

_FREE = """
WITH RECURSIVE owners AS (
    (SELECT owner FROM {schema}.instances WHERE owner IS NOT NULL ORDER BY owner LIMIT 1)
    UNION ALL
    SELECT (SELECT i.owner FROM {schema}.instances AS i WHERE i.owner > o.owner ORDER BY i.owner LIMIT 1)
    FROM owners AS o WHERE o.owner IS NOT NULL
),
left_behind AS MATERIALIZED (
    SELECT i.id FROM owners AS o CROSS JOIN LATERAL (
        SELECT id FROM {schema}.instances WHERE owner = o.owner LIMIT $1::bigint FOR NO KEY UPDATE SKIP LOCKED
    ) AS i
    WHERE o.owner IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {schema}.members AS m WHERE m.epoch = o.owner)
    LIMIT $1::bigint
),
freed AS (
    UPDATE {schema}.instances AS i SET owner = NULL,
        wake_up = CASE WHEN i.status = 'running' OR {open} THEN clock_timestamp() ELSE i.wake_up END
    FROM left_behind AS l WHERE i.id = l.id AND i.owner IS NOT NULL
    RETURNING i.id
)
SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('{channel}', 'work')::text END FROM freed
"""

# A message whose instance nobody owns makes it due; of one that is owned its owner hears.
_NUDGE = """
WITH target AS MATERIALIZED (
    SELECT i.id, i.owner, i.wake_up FROM {which}
    ORDER BY i.id FOR NO KEY UPDATE OF i
),
woken AS (
    UPDATE {schema}.instances AS i SET wake_up = clock_timestamp() FROM target AS t
    WHERE i.id = t.id AND t.owner IS NULL AND (t.wake_up IS NULL OR t.wake_up > clock_timestamp())
    RETURNING i.id
)
SELECT pg_notify('{channel}', 'mail ' || owner || ' ' || id)::text FROM target WHERE owner IS NOT NULL
UNION ALL SELECT pg_notify('{channel}', 'work')::text FROM (SELECT 1 FROM woken LIMIT 1) AS any_woken
"""

_OF_THESE = """
    unnest($1::text[]) AS w (id) JOIN {schema}.instances AS i ON i.id = w.id WHERE NOT i.finished AND {open}
"""

_OF_ALL = """
    (
        SELECT DISTINCT instance_id FROM {schema}.messages
        WHERE answered_at IS NULL AND sent_at < now() - $1::interval
        LIMIT 1000
    ) AS w JOIN {schema}.instances AS i ON i.id = w.instance_id WHERE NOT i.finished
"""

_CLAIM = """
WITH {lightly},
moment AS MATERIALIZED (SELECT coalesce($5::timestamptz, clock_timestamp()) AS at),
me AS MATERIALIZED (SELECT epoch FROM {schema}.members WHERE epoch = $1::bigint FOR KEY SHARE),
known AS MATERIALIZED (SELECT * FROM unnest($2::text[], $3::bigint[]) AS k (workflow, version)),
ready AS MATERIALIZED (
    SELECT r.* FROM moment CROSS JOIN me CROSS JOIN known AS k CROSS JOIN LATERAL (
        SELECT {record_columns} FROM {schema}.instances AS i
        WHERE i.workflow = k.workflow AND i.version = k.version
            AND i.owner IS NULL AND i.wake_up IS NOT NULL AND NOT i.finished AND i.wake_up <= moment.at
        ORDER BY i.wake_up LIMIT $4::bigint FOR NO KEY UPDATE SKIP LOCKED
    ) AS r
    ORDER BY r.wake_up, r.id LIMIT $4::bigint
),
claimed AS (
    UPDATE {schema}.instances AS i SET owner = $1::bigint FROM ready AS r WHERE i.id = r.id AND i.owner IS NULL
    RETURNING {record_columns_of_i}
),
next AS MATERIALIZED (
    SELECT min(n.wake_up) AS due FROM me CROSS JOIN known AS k CROSS JOIN LATERAL (
        SELECT i.wake_up FROM {schema}.instances AS i
        WHERE i.workflow = k.workflow AND i.version = k.version
            AND i.owner IS NULL AND i.wake_up IS NOT NULL AND NOT i.finished
            AND i.id NOT IN (SELECT id FROM ready)
        ORDER BY i.wake_up LIMIT 1
    ) AS n
)
SELECT next.due, i.*, {open}, {entry_columns_of_e}
FROM setting CROSS JOIN next LEFT JOIN claimed AS i ON true
LEFT JOIN LATERAL (
    SELECT * FROM {schema}.entries WHERE instance_id = i.id AND i.last_seq <= {most_entries}
) AS e ON true
ORDER BY i.wake_up, i.id, e.seq
"""

_CLAIM_INSTANCE = """
WITH {lightly},
me AS MATERIALIZED (SELECT epoch FROM {schema}.members WHERE epoch = $2::bigint FOR KEY SHARE),
target AS MATERIALIZED (
    SELECT {record_columns}, owner, finished FROM {schema}.instances WHERE id = $1 FOR NO KEY UPDATE
),
taken AS (
    UPDATE {schema}.instances AS i SET owner = $2::bigint FROM target AS t, me
    WHERE i.id = t.id AND NOT t.finished AND (t.owner IS NULL OR t.owner = $2::bigint OR NOT EXISTS (
        SELECT 1 FROM {schema}.members AS m WHERE m.epoch = t.owner AND m.alive_until > clock_timestamp()
    ))
    RETURNING i.id
)
SELECT i.finished OR EXISTS (SELECT 1 FROM taken), i.owner, {record_columns_of_i}, {open}, {entry_columns_of_e}
FROM setting CROSS JOIN target AS i
LEFT JOIN LATERAL (
    SELECT * FROM {schema}.entries WHERE instance_id = i.id AND i.last_seq <= {most_entries}
) AS e ON true
ORDER BY e.seq
"""

_OWNED = """
SELECT NULL, {record_columns_of_i}, {open}, {no_entry} FROM {schema}.instances AS i WHERE i.owner = $1::bigint
"""

_RELEASE = """
WITH released AS (
    UPDATE {schema}.instances AS i SET owner = NULL, wake_up = r.wake_up
    FROM unnest($2::text[], $3::timestamptz[]) AS r (id, wake_up)
    WHERE i.id = r.id AND i.owner = $1::bigint
    RETURNING i.wake_up
)
SELECT pg_notify('{channel}', 'work')::text FROM (SELECT 1 FROM released WHERE wake_up IS NOT NULL LIMIT 1) AS any_due
"""

_MESSAGES = """
SELECT m.instance_id, m.operation, m.name, m.type, m.version, m.payload, m.key, m.id
FROM unnest($2::text[]) AS w (id)
JOIN {schema}.instances AS i ON i.id = w.id AND (i.owner = $1::bigint OR i.finished)
JOIN {schema}.messages AS m ON m.instance_id = i.id AND m.answered_at IS NULL
ORDER BY m.id
"""

_ANSWER = """
WITH answered AS (
    UPDATE {schema}.messages AS m
    SET answered_at = clock_timestamp(), answer_type = a.type, answer_version = a.version, answer = a.text
    FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[]) AS a (id, type, version, text)
    WHERE m.id = a.id AND m.answered_at IS NULL
        AND EXISTS (SELECT 1 FROM {schema}.members WHERE epoch = $1::bigint)
)
SELECT pg_notify('{channel}', n.text)::text FROM unnest($6::text[]) AS n (text)
"""

_POST = """
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
    UPDATE {schema}.instances AS i SET wake_up = least(i.wake_up, clock_timestamp())
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

_ANSWER_TO = """
SELECT answer_type, answer_version, answer FROM {schema}.messages WHERE id = $1::bigint AND answered_at IS NOT NULL
"""

_MEMBERS = """
SELECT epoch, name, knows, joined_at, alive_until FROM {schema}.members
WHERE alive_until > clock_timestamp() ORDER BY epoch
"""

_OWNER = """
SELECT m.epoch FROM {schema}.instances AS i LEFT JOIN {schema}.members AS m ON m.epoch = i.owner WHERE i.id = $1
"""

# What was written by a transaction that ended later may show later, hence the look back.
_POLL = """
WITH {lightly},
polling AS (
    INSERT INTO {schema}.pollers (token, alive_until) VALUES ($1, clock_timestamp() + interval '1 minute')
    ON CONFLICT (token) DO UPDATE SET alive_until = EXCLUDED.alive_until
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
    SELECT 'rested', r.instance_id FROM {schema}.rests AS r WHERE r.at > (SELECT since FROM moment)
)
SELECT moment.at, h.word, h.text FROM setting CROSS JOIN moment LEFT JOIN happened AS h ON true
"""

_STOP_POLLING = "DELETE FROM {schema}.pollers WHERE token = $1"

_PRUNE = """
WITH {lightly},
answered AS MATERIALIZED (
    SELECT id FROM {schema}.messages WHERE answered_at < now() - interval '61 minutes'
    ORDER BY answered_at LIMIT 1000 FOR UPDATE SKIP LOCKED
),
unread AS MATERIALIZED (
    SELECT m.id FROM {schema}.messages AS m
    WHERE m.answered_at IS NULL AND m.sent_at < now() - interval '61 minutes'
        AND coalesce((SELECT i.finished FROM {schema}.instances AS i WHERE i.id = m.instance_id), true)
    LIMIT 1000 FOR UPDATE SKIP LOCKED
),
old_pollers AS (DELETE FROM {schema}.pollers WHERE token > '' AND alive_until < now()),
old_rests AS (DELETE FROM {schema}.rests WHERE at < now() - interval '5 minutes')
DELETE FROM {schema}.messages AS m USING setting
WHERE m.id = ANY (ARRAY(SELECT id FROM answered UNION ALL SELECT id FROM unread))
"""


@attrs.frozen
class SharingStatements:
    """Holds the statements of sharing for one schema."""

    join: bytes
    renew: bytes
    bury: bytes
    free: bytes
    nudge: bytes
    nudge_all: bytes
    claim: bytes
    claim_instance: bytes
    owned: bytes
    release: bytes
    messages: bytes
    answer: bytes
    post: bytes
    answer_to: bytes
    members: bytes
    owner: bytes
    prune: bytes
    poll: bytes
    stop_polling: bytes
    listen: bytes


def sharing_statements(schema: str) -> SharingStatements:
    """Return the statements for a schema."""
    nudges = (_NUDGE.replace("{which}", which) for which in (_OF_THESE, _OF_ALL))
    texts = (
        *(_JOIN, _RENEW, _BURY, _FREE, *nudges, _CLAIM, _CLAIM_INSTANCE, _OWNED, _RELEASE),
        *(_MESSAGES, _ANSWER, _POST, _ANSWER_TO, _MEMBERS, _OWNER, _PRUNE, _POLL, _STOP_POLLING, 'LISTEN "{channel}"'),
    )
    return SharingStatements(*(_for_schema(text, schema) for text in texts))


def _for_schema(text: str, schema: str) -> bytes:
    name = sql.Identifier(schema).as_string()
    return text.format(
        schema=name,
        channel=channel_of(schema),
        lightly=_LIGHTLY,
        open=_OPEN.format(schema=name),
        most_entries=MOST_ENTRIES_CLAIMED,
        record_columns=", ".join(RECORD_COLUMNS),
        record_columns_of_i=", ".join(f"i.{column}" for column in RECORD_COLUMNS),
        no_entry=", ".join("NULL" for _ in ENTRY_COLUMNS),
        entry_columns_of_e=", ".join(f"e.{column}" for column in ENTRY_COLUMNS),
    ).encode()
