"""How does a SQLite file count the owners that an instance has outlived? As `journals.postgres.deaths` says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from journals.sharing import SUSPECT
from journals.sqlite.writing import transaction

HAS_MAIL = """EXISTS (SELECT 1 FROM wio_messages INDEXED BY wio_open
        WHERE instance_id = wio_instances.id AND answered_at IS NULL)"""

_WAS_BUSY = f"""((status = 'running' OR {HAS_MAIL} OR wake_up <= :at)
        AND (coalesce(deaths, 0) < {SUSPECT} OR tried_by = owner))"""
_STILL_AT_IT = """(last_seq = died_at OR EXISTS (SELECT 1 FROM wio_entries AS l
        WHERE l.instance_id = wio_instances.id AND l.seq > died_at AND l.kind = 'attempt_lost'
            AND NOT EXISTS (SELECT 1 FROM wio_entries AS e
                WHERE e.instance_id = l.instance_id AND e.seq > l.seq AND e.address = l.address)))"""
_SHARES = f"(deaths >= {SUSPECT} AND tried_with > 1)"
_COUNT = f"""UPDATE wio_instances INDEXED BY wio_owned
    SET deaths = CASE WHEN {_STILL_AT_IT} THEN deaths + (NOT {_SHARES}) ELSE 1 END,
        shared = CASE WHEN {_STILL_AT_IT} THEN coalesce(shared, 0) + {_SHARES} ELSE 0 END,
        died_at = last_seq
    WHERE owner = :epoch AND {_WAS_BUSY}"""
_BEGIN_TRIAL = "UPDATE wio_instances SET tried_by = ?, tried_with = ? WHERE id = ? AND owner = ?"
_ACQUIT = """UPDATE wio_instances SET deaths = NULL, shared = NULL, died_at = NULL, tried_by = NULL, tried_with = NULL
    WHERE id = ? AND owner = ? AND deaths IS NOT NULL"""


def count_death(connection: sqlite3.Connection, epoch: int, at: str) -> None:
    """Count the death of an owner for all that it was busy with. For use before that is given back."""
    connection.execute(_COUNT, {"at": at, "epoch": epoch})


def begin_trial(connection: sqlite3.Connection, epoch: int, instance_ids: Sequence[str]) -> None:
    """Let the death of their owner count for instances. See `Member.begin_trial`."""
    with transaction(connection):
        connection.executemany(_BEGIN_TRIAL, [(epoch, len(instance_ids), each, epoch) for each in instance_ids])


def acquit(connection: sqlite3.Connection, epoch: int, instance_ids: Iterable[str]) -> None:
    """Forget the deaths of instances. See `Member.acquit`."""
    connection.executemany(_ACQUIT, [(instance_id, epoch) for instance_id in instance_ids])
