"""Which statements are about what leaves a store in Postgres? `journals.postgres.sharing` makes them whole.

A row in `deliveries` stands for all messages of an instance in a lane. It counts them, so that whoever deletes the last
one can tell, under the lock on that row, whether another one was published meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeAlias

from journals.entries import Payload, Published
from journals.outbox import Delivered, Deliveries, Delivery, Undelivered
from journals.postgres.values import array, time_of

Row: TypeAlias = Sequence[Any]

DELIVERIES = """
WITH {lightly},
moment AS MATERIALIZED (SELECT coalesce($5::timestamptz, clock_timestamp()) AS at),
me AS MATERIALIZED (SELECT epoch FROM {schema}.members WHERE epoch = $1::bigint FOR KEY SHARE),
ready AS MATERIALIZED (
    SELECT r.* FROM moment CROSS JOIN me CROSS JOIN unnest($2::text[]) AS l (lane) CROSS JOIN LATERAL (
        SELECT d.lane, d.instance_id, d.due FROM {schema}.deliveries AS d
        WHERE d.lane = l.lane AND d.due <= moment.at AND d.instance_id <> ALL ($4::text[])
            AND (d.claimed IS NULL OR d.claimed = $1::bigint
                OR NOT EXISTS (SELECT 1 FROM {schema}.members AS m WHERE m.epoch = d.claimed))
        ORDER BY d.due LIMIT $3::bigint FOR NO KEY UPDATE SKIP LOCKED
    ) AS r
    ORDER BY r.due, r.instance_id LIMIT $3::bigint
),
taken AS (
    UPDATE {schema}.deliveries AS d SET claimed = $1::bigint FROM ready AS r
    WHERE d.lane = r.lane AND d.instance_id = r.instance_id
    RETURNING d.lane, d.instance_id, d.due, d.failures
),
next AS MATERIALIZED (
    SELECT min(n.due) AS due FROM moment CROSS JOIN me CROSS JOIN unnest($2::text[]) AS l (lane) CROSS JOIN LATERAL (
        SELECT d.due FROM {schema}.deliveries AS d WHERE d.lane = l.lane AND d.due > moment.at ORDER BY d.due LIMIT 1
    ) AS n
)
SELECT next.due, t.lane, t.instance_id, t.failures, o.number, o.seq, o.topic, o.type, o.version, o.payload, o.at
FROM setting CROSS JOIN next LEFT JOIN taken AS t ON true LEFT JOIN LATERAL (
    SELECT * FROM {schema}.outbox AS o WHERE o.lane = t.lane AND o.instance_id = t.instance_id
    ORDER BY o.number LIMIT {most_messages}
) AS o ON true
ORDER BY t.due, t.instance_id, t.lane, o.number
"""

DELIVERED = """
WITH {lightly},
done AS MATERIALIZED (
    SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
        AS e (lane, instance_id, through, error, retry_at)
),
locked AS MATERIALIZED (
    SELECT d.lane, d.instance_id, d.waiting FROM {schema}.deliveries AS d
    JOIN done ON done.lane = d.lane AND done.instance_id = d.instance_id
    ORDER BY d.lane, d.instance_id FOR UPDATE OF d
),
gone AS (
    DELETE FROM {schema}.outbox AS o USING done
    WHERE o.lane = done.lane AND o.instance_id = done.instance_id AND o.number <= done.through
    RETURNING o.lane, o.instance_id
),
left_over AS MATERIALIZED (
    SELECT l.lane, l.instance_id, l.waiting - coalesce(g.count, 0) AS waiting FROM locked AS l LEFT JOIN (
        SELECT lane, instance_id, count(*) AS count FROM gone GROUP BY lane, instance_id
    ) AS g ON g.lane = l.lane AND g.instance_id = l.instance_id
),
emptied AS (
    DELETE FROM {schema}.deliveries AS d USING left_over AS l
    WHERE d.lane = l.lane AND d.instance_id = l.instance_id AND l.waiting <= 0
),
kept AS (
    UPDATE {schema}.deliveries AS d SET waiting = l.waiting,
        claimed = CASE WHEN d.claimed = $1::bigint THEN NULL ELSE d.claimed END,
        due = CASE WHEN d.claimed = $1::bigint THEN coalesce(done.retry_at, d.due) ELSE d.due END,
        error = CASE WHEN d.claimed = $1::bigint THEN done.error ELSE d.error END,
        failures = CASE
            WHEN d.claimed IS DISTINCT FROM $1::bigint THEN d.failures
            WHEN done.error IS NULL THEN 0 WHEN done.through > 0 THEN 1 ELSE d.failures + 1
        END
    FROM left_over AS l JOIN done ON done.lane = l.lane AND done.instance_id = l.instance_id
    WHERE d.lane = l.lane AND d.instance_id = l.instance_id AND l.waiting > 0
)
SELECT 1 FROM setting
"""

OUTBOX = """
SELECT d.instance_id, d.lane, d.waiting, o.at, d.failures, CASE WHEN d.error IS NOT NULL THEN d.due END, d.error
FROM {schema}.deliveries AS d CROSS JOIN LATERAL (
    SELECT at FROM {schema}.outbox AS o WHERE o.lane = d.lane AND o.instance_id = d.instance_id
    ORDER BY number LIMIT 1
) AS o
ORDER BY o.at, d.instance_id, d.lane LIMIT $1::bigint
"""


def deliveries_in(rows: Sequence[Row]) -> Deliveries:
    """Return what lies in the rows of one message each."""
    next_due = rows[0][0] if rows else None
    found = tuple(_deliveries(row for row in rows if row[1] is not None and row[4] is not None))
    return Deliveries(found, None if next_due is None else time_of(next_due))


def _deliveries(rows: Iterable[Row]) -> Iterator[Delivery]:
    for (lane, instance_id), of_one in groupby(rows, key=lambda row: (row[1], row[2])):
        found = list(of_one)
        yield Delivery(instance_id, lane, tuple(_published(row) for row in found), found[0][3])


def _published(row: Row) -> Published:
    _, lane, instance_id, _, number, seq, topic, type_, version, text, at = row
    return Published(instance_id, seq, topic, Payload(type_, version, text), time_of(at), lane, number)


def delivered_parameters(delivered: Sequence[Delivered]) -> tuple[str, ...]:
    """Return what the statement takes besides the epoch."""
    return (
        array(each.lane for each in delivered),
        array(each.instance_id for each in delivered),
        array(each.through for each in delivered),
        array(each.error for each in delivered),
        array(None if each.retry_at is None else each.retry_at.isoformat() for each in delivered),
    )


def undelivered_of(row: Row) -> Undelivered:
    """Return what lies in a row of `OUTBOX`."""
    instance_id, lane, count, oldest, failures, retry_at, error = row
    return Undelivered(
        instance_id, lane, count, time_of(oldest), failures, None if retry_at is None else time_of(retry_at), error
    )
