"""A pooler in transaction mode, in front of a Postgres: each transaction goes to another connection of the server.

It keeps what PgBouncer keeps, and nothing more: no prepared statement, no setting and no LISTEN outlasts the
transaction in which it was made, as the next one is done by somebody else. It is a stand-in, for machines that have no
PgBouncer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_IDLE = b"Z\x00\x00\x00\x05I"
_TERMINATE = b"X"
_FLUSHING = (b"Q", b"S")
"""Are the messages after which a client waits for `ReadyForQuery`."""


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


class Upstream:
    """Is a connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, greeting: bytes) -> None:
        self.reader = reader
        self.writer = writer
        self.greeting = greeting

    @classmethod
    async def opened(cls, host: str, port: int, startup: bytes) -> Upstream:
        """Log in, as a server that trusts its clients lets one."""
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(startup)
        greeting = b""
        while not greeting.endswith(_IDLE):
            greeting += await _message(reader)
        return cls(reader, writer, greeting)


class Pooler:
    """Gives each transaction of its clients to the connection that has been idle for longest."""

    def __init__(self, dsn: str, size: int) -> None:
        given = conninfo_to_dict(dsn)
        self._target = (str(given["host"]), int(given["port"]))
        self._size = size
        self._idle: deque[Upstream] = deque()
        self._all: list[Upstream] = []
        self._permits = asyncio.Semaphore(size)
        self._opening = asyncio.Lock()
        self.transactions = 0
        self.clients: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client until it goes."""
        serving = asyncio.ensure_future(self._serve(reader, writer))
        self.clients.add(serving)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await serving
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = await reader.readexactly(4)
        startup = length + await reader.readexactly(int.from_bytes(length) - 4)
        async with self._opening:
            while len(self._all) < self._size:
                upstream = await Upstream.opened(*self._target, startup)
                self._all.append(upstream)
                self._idle.append(upstream)
        writer.write(self._all[0].greeting)
        while True:
            first = await _message(reader)
            if first[:1] == _TERMINATE:
                return
            async with self._permits:
                upstream = self._idle.popleft()
                await self._transaction(first, reader, writer, upstream)
                self._idle.append(upstream)

    async def _transaction(
        self, message: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: Upstream
    ) -> None:
        """Pass on until the server says that it is in no transaction any more."""
        self.transactions += 1
        while True:
            upstream.writer.write(message)
            while message[:1] not in _FLUSHING:
                message = await _message(reader)
                upstream.writer.write(message)
            answer = b""
            while answer[:1] != b"Z":
                answer = await _message(upstream.reader)
                writer.write(answer)
            if answer == _IDLE:
                return
            message = await _message(reader)

    async def close(self) -> None:
        """Leave no connection open."""
        for client in self.clients:
            client.cancel()
        await asyncio.gather(*self.clients, return_exceptions=True)
        for upstream in self._all:
            upstream.writer.close()
            with contextlib.suppress(ConnectionError):
                await upstream.writer.wait_closed()


@contextlib.asynccontextmanager
async def pooled(dsn: str, *, size: int = 3) -> AsyncGenerator[tuple[Pooler, str]]:
    """Yield a pooler and the DSN that leads through it."""
    pooler = Pooler(dsn, size)
    server = await asyncio.start_server(pooler.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield pooler, make_conninfo(dsn, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")
        finally:
            await pooler.close()
