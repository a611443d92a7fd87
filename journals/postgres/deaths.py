"""How does Postgres count the owners that an instance has outlived? Parts of statements, and two of their own.

A death counts for what its owner was busy with: a step that may have been under way, a message, a time that had come.
It is one more in a row when nothing was recorded since the one before, or when a step that was lost then has not come
to an end; else it is the first of a row. From the third on it counts only while the instance was tried, see
`Member.begin_trial`; one in a trial of several is counted apart. Only these statements write the columns, so a step
pays nothing for them.
"""

from __future__ import annotations

from journals.sharing import SUSPECT

# `i` is the instance as it was in the hands of the dead owner.
_WAS_BUSY = (
    "(i.status = 'running' OR {open} OR i.wake_up <= clock_timestamp())"
    f" AND (coalesce(i.deaths, 0) < {SUSPECT} OR i.tried_by = i.owner)"
)
_STILL_AT_IT = """(i.last_seq = i.died_at OR EXISTS (
            SELECT 1 FROM {schema}.entries AS l
            WHERE l.instance_id = i.id AND l.seq > i.died_at AND l.kind = 'attempt_lost' AND NOT EXISTS (
                SELECT 1 FROM {schema}.entries AS e
                WHERE e.instance_id = i.id AND e.seq > l.seq AND e.address = l.address
            )
        ))"""

# What is compared may be null: then nothing holds, and a negation would not either.
_SHARES = f"(i.deaths >= {SUSPECT} AND i.tried_with > 1)"

DEATHS = f"""CASE WHEN {_WAS_BUSY} THEN
    CASE WHEN {_STILL_AT_IT} THEN i.deaths + CASE WHEN {_SHARES} THEN 0 ELSE 1 END ELSE 1 END
ELSE i.deaths END"""
"""Is how many deaths in a row an instance has seen after that of its owner."""

SHARED = f"""CASE WHEN {_WAS_BUSY} THEN
    CASE WHEN {_STILL_AT_IT} THEN coalesce(i.shared, 0) + CASE WHEN {_SHARES} THEN 1 ELSE 0 END ELSE 0 END
ELSE i.shared END"""
"""Is how many more there were while it was tried together with others."""

DIED_AT = f"CASE WHEN {_WAS_BUSY} THEN i.last_seq ELSE i.died_at END"
"""Is where it stood when the last of them was counted."""

BEGIN_TRIAL = """
UPDATE {schema}.instances SET tried_by = $1::bigint, tried_with = cardinality($2::text[])
WHERE id = ANY ($2::text[]) AND owner = $1::bigint
"""

ACQUIT = """
UPDATE {schema}.instances SET deaths = NULL, shared = NULL, died_at = NULL, tried_by = NULL, tried_with = NULL
WHERE id = ANY ($2::text[]) AND owner = $1::bigint
"""
