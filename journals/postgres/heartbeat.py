"""What does a member do all the time? It says that it lives, and frees what dead ones have left.

A heart beats four times in a lease. Each beat shows the other members; of one whose lease is over, or whose process is
gone, the row is deleted and what it owned is freed. Now and then old messages are deleted, and those are looked for
whose instance nobody has been told about.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg

from journals.liveness import is_gone
from journals.postgres.connections import Connection
from journals.postgres.mail import MOST_PRUNED
from journals.postgres.sharing import SharingStatements
from journals.postgres.values import array
from journals.sharing import Notice
from journals.storetime import StoreClock

_FREED_AT_ONCE = 1_000
_ROUNDS_AFTER_A_DEATH = 3
"""Is how often it is looked for what the dead own: a start of theirs may have been under way."""

_ROUNDS_OF_HOUSEKEEPING = 10
_ROUNDS_UNTIL_NUDGED = 3
UNHEARD_AFTER = "5 seconds"
"""Is after how long it is looked for whom nobody has told of a message."""

# A replica that was promoted, and a server that was recovered from a backup, go on with a new timeline. The name of a
# file of the server's log begins with it.
_TIMELINE = b"""
SELECT CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END
"""


class Asking:
    """Executes statements on the connection of a watch."""

    def __init__(self, statements: SharingStatements, prepare: bool) -> None:
        self.statements = statements
        self._prepare = prepare

    async def rows(self, connection: Connection, statement: bytes, *parameters: str | None) -> list[tuple[Any, ...]]:
        """Return the rows that a statement gives, if it gives any."""
        cursor = await connection.execute(statement, parameters, prepare=self._prepare, binary=True)
        return await cursor.fetchall() if cursor.description else []


class Heartbeat:
    """Is the duty of a member; see `journals.postgres.watch.Duty`."""

    def __init__(self, asking: Asking, epoch: int, token: str, lease_seconds: float, clock: StoreClock) -> None:
        self.epoch: int | None = epoch
        self.lease_seconds: float | None = lease_seconds
        self.every_seconds = lease_seconds / 4
        self._asking = asking
        self._me = (str(epoch), token)
        self.clock = clock
        self._rounds_to_free = _ROUNDS_AFTER_A_DEATH
        self._rounds = 0
        self._has_freed = False
        self._is_pruning = False
        self._timeline: str | None = None
        self.went_back = False

    async def begin(self, connection: Connection) -> None:
        """Listen, and see whether it is still the same server."""
        await connection.execute(self._asking.statements.listen)
        await self.see(connection)

    async def see(self, connection: Connection) -> None:
        """Notice a failover. It may have lost what was stored last: then what the member remembers is not so."""
        with suppress(psycopg.DatabaseError):  # of a server that has no timelines
            cursor = await connection.execute(_TIMELINE)
            row = await cursor.fetchone()
            if row is not None and row[0] is not None:
                self.went_back = self.went_back or self._timeline not in (None, row[0])
                self._timeline = row[0]

    async def again(self, connection: Connection) -> Sequence[Notice] | None:
        """Renew the lease, and bury those who are dead. Returns None when this member is none any more."""
        if self.went_back:
            return None
        asked_at = self.clock.reading()
        renew, lease = self._asking.statements.renew, f"{self.lease_seconds} seconds"
        rows = await self._asking.rows(connection, renew, *self._me, lease)
        self.clock.set(rows[0][0], asked_at)
        if not rows[0][1]:
            return None
        await self.bury(connection, [row[2:] for row in rows if row[2] is not None])
        return ()

    async def bury(self, connection: Connection, others: Sequence[tuple[int, str, bool]]) -> None:
        """Bury those of the other members who are dead: each with its epoch, its process, and whether it is late."""
        gone = [epoch for epoch, process, _ in others if is_gone(process)]
        late = [epoch for epoch, _, is_late in others if is_late]
        if gone or late:
            await self._asking.rows(connection, self._asking.statements.bury, array(gone), array(late))
            self._rounds_to_free = _ROUNDS_AFTER_A_DEATH

    async def tidy(self, connection: Connection, *, is_unheard: bool = True) -> bool:
        """Free some of what the dead own, and keep house now and then.

        `is_unheard` says that there may be a message that nobody has been told of.
        """
        statements = self._asking.statements
        if self._rounds_to_free:
            freed = await self._asking.rows(connection, statements.free, str(_FREED_AT_ONCE))
            if freed[0][0]:
                self._has_freed = True
                return True
            self._rounds_to_free -= 1
        if self._has_freed:
            # Who sent a message just before may have called a dead owner.
            await self._asking.rows(connection, statements.nudge_all, "0 seconds")
            self._has_freed = False
        if self._is_pruning:
            pruned = await self._asking.rows(connection, statements.prune)
            self._is_pruning = pruned[0][0] >= MOST_PRUNED
            return self._is_pruning
        self._rounds += 1
        if is_unheard and self._rounds % _ROUNDS_UNTIL_NUDGED == 0:
            await self._asking.rows(connection, statements.nudge_all, UNHEARD_AFTER)
        if self._rounds % _ROUNDS_OF_HOUSEKEEPING == 0:
            self._is_pruning = True
            self._rounds_to_free = max(self._rounds_to_free, 1)
        return self._is_pruning

    async def end(self, connection: Connection) -> None:
        """Be no member any more, and free what is owned."""
        statements, epoch = self._asking.statements, self._me[0]
        while (await self._asking.rows(connection, statements.give_back, str(_FREED_AT_ONCE), epoch))[0][0]:
            pass
        await self._asking.rows(connection, statements.bury, array([int(epoch)]), array(()))
        while (await self._asking.rows(connection, statements.free, str(_FREED_AT_ONCE)))[0][0]:
            pass
        await self._asking.rows(connection, statements.nudge_all, "0 seconds")


class Listening:
    """Is the duty of one who only listens."""

    def __init__(self, asking: Asking) -> None:
        self.epoch: int | None = None
        self.lease_seconds: float | None = None
        self.every_seconds = 30.0
        self._asking = asking

    async def begin(self, connection: Connection) -> None:
        """Listen."""
        await connection.execute(self._asking.statements.listen)

    async def again(self, connection: Connection) -> Sequence[Notice] | None:
        """Look whether the connection is alive."""
        await connection.execute(b"SELECT 1")
        return ()

    async def tidy(self, connection: Connection) -> bool:  # noqa: ARG002
        """Leave everything to the members."""
        return False

    async def end(self, connection: Connection) -> None:
        """Leave nothing behind."""
