"""What does `PostgresJournal` say to Postgres about the feed? `journals.postgres.feed_schema` tells how it works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import attrs
from psycopg import sql

from journals.changes import Change, change_of
from journals.errors import FollowedElsewhere, UnknownSubscriber
from journals.feed import Subscriber
from journals.postgres.values import time_of

Ask: TypeAlias = Callable[..., Awaitable[list[tuple[Any, ...]]]]

_TOLD_AT_ONCE = 200
_NUMBERED_AT_ONCE = 10_000
_DELETED_AT_ONCE = 10_000

_SUBSCRIBE = "SELECT {schema}.subscribe($1, $2)"

_UNSUBSCRIBE = "SELECT {schema}.unsubscribe($1)"

# The lock on each row keeps it from changing until the transaction ends that tells of it.
_TELL = """
WITH me AS MATERIALIZED (
    SELECT name, told_until FROM {schema}.subscribers WHERE name = $1 AND told_until IS NOT NULL FOR UPDATE
),
page AS MATERIALIZED (
    SELECT i.* FROM me CROSS JOIN LATERAL (
        SELECT id, workflow, version, status, last_seq, detail, updated_at FROM {schema}.instances
        WHERE id > me.told_until ORDER BY id LIMIT {told_at_once} FOR SHARE
    ) AS i
),
told AS (
    INSERT INTO {schema}.changes (subscriber, instance_id, workflow, version, status, last_seq, detail, at)
    SELECT $1, id, workflow, version, status, last_seq, detail, updated_at FROM page ORDER BY id
)
UPDATE {schema}.subscribers AS s SET told_until = (SELECT max(id) FROM page) FROM me WHERE s.name = me.name
RETURNING s.told_until IS NOT NULL
"""

# A look that waited for another one sees what that has numbered as it was before; the row itself tells.
_NUMBER = """
WITH feed AS MATERIALIZED (
    SELECT position FROM {schema}.feed
    WHERE id = 1 AND EXISTS (SELECT 1 FROM {schema}.changes WHERE position IS NULL) FOR UPDATE
),
fresh AS MATERIALIZED (
    SELECT c.number, row_number() OVER (ORDER BY c.number) AS place FROM feed CROSS JOIN LATERAL (
        SELECT number FROM {schema}.changes WHERE position IS NULL ORDER BY number LIMIT {numbered_at_once}
    ) AS c
),
numbered AS (
    UPDATE {schema}.changes AS c SET position = feed.position + fresh.place FROM feed CROSS JOIN fresh
    WHERE c.number = fresh.number AND c.position IS NULL
)
UPDATE {schema}.feed AS f SET position = f.position + (SELECT count(*) FROM fresh) FROM feed WHERE f.id = 1
"""

_CHANGES = """
SELECT * FROM (
    (
        SELECT instance_id, workflow, version, status, before, last_seq, detail, at, position FROM {schema}.changes
        WHERE subscriber = '' AND position IS NOT NULL AND position > $1::bigint ORDER BY position LIMIT $2::bigint
    ) UNION ALL (
        SELECT instance_id, workflow, version, status, before, last_seq, detail, at, position FROM {schema}.changes
        WHERE subscriber = $3 AND $3 <> '' AND position IS NOT NULL AND position > $1::bigint
        ORDER BY position LIMIT $2::bigint
    )
) AS c ORDER BY position LIMIT $2::bigint
"""

_PASSED = """
WITH moved AS (
    UPDATE {schema}.subscribers AS s SET position = greatest(s.position, least($2::bigint, f.position))
    FROM {schema}.feed AS f WHERE f.id = 1 AND s.name = $1 AND s.follower = $3 RETURNING s.position
),
least AS MATERIALIZED (
    SELECT least(
        (SELECT position FROM moved), (SELECT min(position) FROM {schema}.subscribers WHERE name > '' AND name <> $1)
    ) AS position FROM moved
),
gone AS (
    DELETE FROM {schema}.changes WHERE number = ANY (ARRAY(
        SELECT c.number FROM least CROSS JOIN LATERAL (
            SELECT number FROM {schema}.changes
            WHERE subscriber = '' AND position IS NOT NULL AND position <= least.position
            ORDER BY position LIMIT {deleted_at_once}
        ) AS c
        UNION ALL
        SELECT c.number FROM moved CROSS JOIN LATERAL (
            SELECT number FROM {schema}.changes
            WHERE subscriber = $1 AND position IS NOT NULL AND position <= moved.position
            ORDER BY position LIMIT {deleted_at_once}
        ) AS c
    ))
)
SELECT EXISTS (SELECT 1 FROM moved) FROM {schema}.subscribers WHERE name = $1
"""

_SUBSCRIBERS = """
SELECT s.name, s.position, (
    SELECT count(*) FROM {schema}.changes AS c
    WHERE c.subscriber IN ('', s.name) AND (c.position IS NULL OR c.position > s.position)
) FROM {schema}.subscribers AS s ORDER BY s.name
"""


@attrs.frozen
class FeedStatements:
    """Holds the statements of the feed for one schema."""

    subscribe: bytes
    unsubscribe: bytes
    tell: bytes
    number: bytes
    changes: bytes
    passed: bytes
    subscribers: bytes


def feed_statements(schema: str) -> FeedStatements:
    """Return the statements for a schema."""
    texts = (_SUBSCRIBE, _UNSUBSCRIBE, _TELL, _NUMBER, _CHANGES, _PASSED, _SUBSCRIBERS)
    return FeedStatements(
        *(
            text.format(
                schema=sql.Identifier(schema).as_string(),
                told_at_once=_TOLD_AT_ONCE,
                numbered_at_once=_NUMBERED_AT_ONCE,
                deleted_at_once=_DELETED_AT_ONCE,
            ).encode()
            for text in texts
        )
    )


async def subscribed(ask: Ask, statements: FeedStatements, name: str, follower: str) -> int:
    """Return where a subscriber stands; a new one is told how all instances stand, some at a time."""
    ((position,),) = await ask(statements.subscribe, name, follower)
    while (rows := await ask(statements.tell, name)) and rows[0][0]:
        pass
    return int(position)


async def changes(ask: Ask, statements: FeedStatements, after: int, most: int, name: str) -> tuple[Change, ...]:
    """Return changes, after those that are new have got their positions."""
    await ask(statements.number)
    rows = await ask(statements.changes, str(after), str(most), name)
    return tuple(change_of(row, time_of) for row in rows)


async def passed(ask: Ask, statements: FeedStatements, name: str, follower: str, cursor: int, journal: str) -> None:
    """Let a subscriber stand at a cursor. Raises `UnknownSubscriber` or `FollowedElsewhere`."""
    rows = await ask(statements.passed, name, str(cursor), follower)
    if not rows:
        raise UnknownSubscriber(name, journal)
    if not rows[0][0]:
        raise FollowedElsewhere(name, journal)


def subscribers_in(rows: Sequence[tuple[Any, ...]]) -> tuple[Subscriber, ...]:
    """Return the subscribers that lie in rows."""
    return tuple(Subscriber(name, cursor, behind) for name, cursor, behind in rows)
