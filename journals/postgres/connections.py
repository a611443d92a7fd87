"""Which connections to Postgres are open? At most a given number, opened when they are needed and then kept.

There is no background task: an error of connecting reaches, unchanged, the one who asked for the connection.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import attrs
from psycopg import AsyncConnection, AsyncCursor, AsyncRawCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]
Connect: TypeAlias = Callable[[], Awaitable[Connection]]

_PLANS_LAST_SECONDS = 5.0
_LEAST_USES = 100

# The planner's settings for prepared statements: one plan for all parameters, which must hold for the tables as they
# will be. Left alone it plans for tables that are still small, by scans of the whole, and keeps that plan while they
# grow. For a table that is known to be empty, as after a vacuum, it does so even then.
_SETTINGS = b"""
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off
"""

# The locks of a process that is frozen, or gone without a word, are not held for ever.
_SETTINGS_FOR_OTHERS = b"""
SET idle_in_transaction_session_timeout = '60s';
SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3
"""


def connector(
    dsn: str, connect_timeout: timedelta, patience: timedelta, *, prepare: bool, for_others: bool = False
) -> Connect:
    """Return the function that opens a connection on which a statement is a transaction.

    A server that vanished without a word is noticed after `patience`, unless the DSN says otherwise. A connection
    `for_others` is as the driver gives it.
    """
    silence = max(1, math.ceil(patience.total_seconds()))
    given = conninfo_to_dict(dsn)
    wanted: dict[str, str | int] = {
        "application_name": given.get("application_name") or "wio",
        "keepalives_idle": given.get("keepalives_idle") or silence,
        "keepalives_interval": given.get("keepalives_interval") or 1,
        "keepalives_count": given.get("keepalives_count") or 3,
        "tcp_user_timeout": given.get("tcp_user_timeout") or 1_000 * silence,
        "connect_timeout": max(1, math.ceil(connect_timeout.total_seconds())),
        "client_encoding": "UTF8",
    }
    conninfo = make_conninfo(dsn, **wanted)

    async def connect() -> Connection:
        connection = await AsyncConnection.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=5 if prepare else None,
            cursor_factory=AsyncCursor if for_others else AsyncRawCursor,
        )
        if prepare:
            try:
                await connection.execute(_SETTINGS_FOR_OTHERS if for_others else _SETTINGS)
            except BaseException:
                await connection.close()
                raise
        return connection

    return connect


@attrs.define(eq=False)
class _Kept:
    """Is an open connection, and since when, and for how many uses, it has its plans."""

    connection: Connection
    planned_at: float
    uses: int = 0

    async def use(self, plans_last: float) -> None:
        """Forget the plans when they are old; a connection that is hardly used keeps them longer."""
        self.uses += 1
        now = asyncio.get_running_loop().time()
        if self.uses > _LEAST_USES and now >= self.planned_at + plans_last:
            self.planned_at, self.uses = now, 0
            if self.connection.prepare_threshold is not None:
                await self.connection.execute(b"DISCARD PLANS", prepare=False)


class Connections:
    """Lends connections to the tasks of one event loop, to at most `most` of them at a time; the others wait.

    A plan that was made for an empty table may be one that looks at the whole of it. Such plans are kept for some
    seconds only (`plans_last`).
    """

    def __init__(self, connect: Connect, most: int, *, plans_last: float = _PLANS_LAST_SECONDS) -> None:
        self._connect = connect
        self._most = most
        self._plans_last = plans_last
        self._permits = asyncio.Semaphore(most)
        self._idle: list[_Kept] = []

    @asynccontextmanager
    async def borrowed(self) -> AsyncGenerator[Connection, None]:
        """Lend the connection used last, or a new one. One that is dead or in a transaction is not kept."""
        async with self._permits:
            kept = self._idle.pop() if self._idle else await self._opened()
            connection = kept.connection
            try:
                await kept.use(self._plans_last)
                yield connection
            finally:
                if connection.info.transaction_status is TransactionStatus.IDLE:
                    self._idle.append(kept)
                else:
                    await connection.close()

    async def _opened(self) -> _Kept:
        return _Kept(await self._connect(), asyncio.get_running_loop().time())

    async def close_idle(self) -> None:
        """Close what nobody uses now: after one connection was lost, the others are likely dead too."""
        while self._idle:
            await self._idle.pop().connection.close()

    async def close(self) -> None:
        """Wait for what is lent, and close everything."""
        for _ in range(self._most):
            await self._permits.acquire()
        await self.close_idle()
