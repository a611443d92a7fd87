"""What do processes that share a journal say to Postgres? Who lives, who owns what, and what was asked for.

A member that is found dead loses its row first: from then on nobody can commit in its name. Then its instances are
freed, some at a time, each statement for itself: whoever comes next goes on where one was interrupted.
"""

from __future__ import annotations

import attrs
from psycopg import sql

from journals.outbox import MOST_AT_ONCE
from journals.postgres.deaths import ACQUIT, BEGIN_TRIAL, DEATHS, DIED_AT, SHARED
from journals.postgres.mail import (
    ANSWER,
    ANSWER_TO,
    MESSAGES,
    MOST_PRUNED,
    NUDGE,
    OF_ALL,
    OF_THESE,
    POLL,
    POST,
    PRUNE,
    STOP_POLLING,
    UNANSWERED,
)
from journals.postgres.notices import channel_of
from journals.postgres.outbox import DELIVERED, DELIVERIES, OUTBOX
from journals.postgres.schema import MIGRATIONS
from journals.postgres.scrubbing import SCRUB
from journals.rows import ENTRY_COLUMNS, RECORD_COLUMNS
from journals.sharing import MOST_ENTRIES_CLAIMED

# What is lost with the server's last moments would only have to be done again: it need not wait for the disk.
_LIGHTLY = "setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"

# What was under way or is asked for can be claimed at once; the rest sleeps on.
_WAKE_UP = "CASE WHEN i.status = 'running' OR {open} THEN least(i.updated_at, clock_timestamp()) ELSE i.wake_up END"

_OPEN = "EXISTS (SELECT 1 FROM {schema}.messages AS m WHERE m.instance_id = i.id AND m.answered_at IS NULL)"

# A statement does not see what was stored while it waited for a row, but finds that row's newest version. Who posts
# a message for an instance that nobody owns changes its row.
_CHANGED = "(SELECT s.ctid FROM {schema}.instances AS s WHERE s.id = i.id) IS DISTINCT FROM i.place"

# A newer release may have migrated the schema since this process has opened it. Then nobody joins: there is no epoch.
_JOIN = """
WITH found AS MATERIALIZED (SELECT max(version) AS version FROM {schema}.meta),
joined AS (
    INSERT INTO {schema}.members (name, process, knows, joined_at, alive_until)
    SELECT $1, $2, $3, clock_timestamp(), clock_timestamp() + $4::interval FROM found WHERE version <= {known}
    RETURNING epoch
)
SELECT j.epoch, clock_timestamp(), f.version FROM found AS f LEFT JOIN joined AS j ON true
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

# What they were about to deliver is for others then.
_BURY = """
WITH buried AS (
    DELETE FROM {schema}.members
    WHERE epoch = ANY ($1::bigint[]) OR (epoch = ANY ($2::bigint[]) AND alive_until < clock_timestamp())
    RETURNING epoch
)
SELECT pg_notify('{channel}', 'deliver')::text FROM (SELECT 1 FROM buried LIMIT 1) AS any_buried
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
    UPDATE {schema}.instances AS i
    SET owner = NULL, wake_up = {wake_up}, deaths = {deaths}, shared = {shared}, died_at = {died_at}
    FROM left_behind AS l WHERE i.id = l.id AND i.owner IS NOT NULL
    RETURNING i.id
)
SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('{channel}', 'work')::text END FROM freed
"""

# Who leaves gives back before its row is deleted, so that nobody takes that for a death.
_GIVE_BACK = """
WITH mine AS MATERIALIZED (
    SELECT id FROM {schema}.instances WHERE owner = $2::bigint LIMIT $1::bigint FOR NO KEY UPDATE SKIP LOCKED
),
freed AS (
    UPDATE {schema}.instances AS i SET owner = NULL, wake_up = {wake_up}
    FROM mine AS m WHERE i.id = m.id AND i.owner = $2::bigint
    RETURNING i.id
)
SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('{channel}', 'work')::text END FROM freed
"""

_CLAIM = """
WITH {lightly},
moment AS MATERIALIZED (SELECT coalesce($5::timestamptz, clock_timestamp()) AS at),
me AS MATERIALIZED (SELECT epoch FROM {schema}.members WHERE epoch = $1::bigint FOR KEY SHARE),
known AS MATERIALIZED (SELECT * FROM unnest($2::text[], $3::bigint[]) AS k (workflow, version)),
ready AS MATERIALIZED (
    SELECT r.* FROM moment CROSS JOIN me CROSS JOIN known AS k CROSS JOIN LATERAL (
        SELECT {record_columns}, i.deaths, i.shared, i.ctid AS place FROM {schema}.instances AS i
        WHERE i.workflow = k.workflow AND i.version = k.version
            AND i.owner IS NULL AND i.wake_up IS NOT NULL AND NOT i.finished AND i.wake_up <= moment.at
        ORDER BY i.wake_up LIMIT $4::bigint FOR NO KEY UPDATE SKIP LOCKED
    ) AS r
    ORDER BY r.wake_up, r.id LIMIT $4::bigint
),
claimed AS (
    UPDATE {schema}.instances AS i SET owner = $1::bigint FROM ready AS r WHERE i.id = r.id AND i.owner IS NULL
    RETURNING {record_columns_of_i}, i.deaths, i.shared, r.place
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
SELECT next.due, {record_columns_of_i}, {open} OR {changed}, i.deaths, i.shared, {entry_columns_of_e}
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
    SELECT {record_columns}, deaths, shared, owner, finished, ctid AS place FROM {schema}.instances
    WHERE id = $1 FOR NO KEY UPDATE
),
taken AS (
    UPDATE {schema}.instances AS i SET owner = $2::bigint,
        deaths = CASE WHEN i.owner IS NULL OR i.owner = $2::bigint THEN i.deaths ELSE {deaths} END,
        shared = CASE WHEN i.owner IS NULL OR i.owner = $2::bigint THEN i.shared ELSE {shared} END,
        died_at = CASE WHEN i.owner IS NULL OR i.owner = $2::bigint THEN i.died_at ELSE {died_at} END
    FROM target AS t, me
    WHERE i.id = t.id AND NOT t.finished AND (t.owner IS NULL OR t.owner = $2::bigint OR NOT EXISTS (
        SELECT 1 FROM {schema}.members AS m WHERE m.epoch = t.owner AND m.alive_until > clock_timestamp()
    ))
    RETURNING i.id, i.deaths, i.shared
)
SELECT i.finished OR EXISTS (SELECT 1 FROM taken), i.owner, {record_columns_of_i}, {open} OR {changed},
    coalesce((SELECT deaths FROM taken), i.deaths), coalesce((SELECT shared FROM taken), i.shared),
    {entry_columns_of_e}
FROM setting CROSS JOIN target AS i
LEFT JOIN LATERAL (
    SELECT * FROM {schema}.entries WHERE instance_id = i.id AND i.last_seq <= {most_entries}
) AS e ON true
ORDER BY e.seq
"""

_OWNED = """
SELECT NULL, {record_columns_of_i}, {open}, i.deaths, i.shared, {no_entry}
FROM {schema}.instances AS i WHERE i.owner = $1::bigint
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

# A heart must not miss a beat for the sake of a stricter isolation than its statements need.
_LISTEN = """
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
LISTEN "{channel}"
"""

_MEMBERS = """
SELECT epoch, name, knows, joined_at, alive_until FROM {schema}.members
WHERE alive_until > clock_timestamp() ORDER BY epoch
"""

_OWNER = """
SELECT m.epoch FROM {schema}.instances AS i LEFT JOIN {schema}.members AS m ON m.epoch = i.owner WHERE i.id = $1
"""


@attrs.frozen
class SharingStatements:
    """Holds the statements of sharing for one schema."""

    join: bytes
    renew: bytes
    bury: bytes
    free: bytes
    give_back: bytes
    nudge: bytes
    nudge_all: bytes
    claim: bytes
    claim_instance: bytes
    owned: bytes
    release: bytes
    begin_trial: bytes
    acquit: bytes
    messages: bytes
    unanswered: bytes
    answer: bytes
    post: bytes
    answer_to: bytes
    members: bytes
    owner: bytes
    prune: bytes
    poll: bytes
    stop_polling: bytes
    listen: bytes
    deliveries: bytes
    delivered: bytes
    outbox: bytes
    scrub: bytes


def sharing_statements(schema: str) -> SharingStatements:
    """Return the statements for a schema."""
    nudges = (NUDGE.replace("{which}", which) for which in (OF_THESE, OF_ALL))
    texts = (
        *(_JOIN, _RENEW, _BURY, _FREE, _GIVE_BACK, *nudges, _CLAIM, _CLAIM_INSTANCE, _OWNED, _RELEASE),
        *(BEGIN_TRIAL, ACQUIT),
        *(MESSAGES, UNANSWERED, ANSWER, POST, ANSWER_TO, _MEMBERS, _OWNER, PRUNE, POLL, STOP_POLLING, _LISTEN),
        *(DELIVERIES, DELIVERED, OUTBOX, SCRUB),
    )
    return SharingStatements(*(_for_schema(text, schema) for text in texts))


def _for_schema(text: str, schema: str) -> bytes:
    name = sql.Identifier(schema).as_string()
    is_open = _OPEN.format(schema=name)
    return text.format(
        schema=name,
        channel=channel_of(schema),
        lightly=_LIGHTLY,
        open=is_open,
        wake_up=_WAKE_UP.format(open=is_open),
        deaths=DEATHS.format(schema=name, open=is_open),
        shared=SHARED.format(schema=name, open=is_open),
        died_at=DIED_AT.format(open=is_open),
        changed=_CHANGED.format(schema=name),
        known=len(MIGRATIONS),
        most_entries=MOST_ENTRIES_CLAIMED,
        most_messages=MOST_AT_ONCE,
        most_pruned=MOST_PRUNED,
        record_columns=", ".join(RECORD_COLUMNS),
        record_columns_of_i=", ".join(f"i.{column}" for column in RECORD_COLUMNS),
        no_entry=", ".join("NULL" for _ in ENTRY_COLUMNS),
        entry_columns_of_e=", ".join(f"e.{column}" for column in ENTRY_COLUMNS),
    ).encode()
