"""How does a test cut the connection between a journal and Postgres? By a proxy that stands between them."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Fault(enum.Enum):
    """Says when the proxy cuts the connection: before the statement is sent, in it, or when it was committed.

    In it: the server has the whole statement, and executes it while the connection is gone on both sides.
    """

    BEFORE_THE_STATEMENT = "before the statement"
    IN_THE_STATEMENT = "in the statement"
    BEFORE_THE_ANSWER = "before the answer"


SYNC = b"S\x00\x00\x00\x04"
READY = b"Z\x00\x00\x00\x05I"
IN_TRANSACTION = b"Z\x00\x00\x00\x05T"


class Proxy:
    """Stands between a journal and Postgres, counts round trips, and cuts the next execution on demand."""

    def __init__(self, dsn: str) -> None:
        given = conninfo_to_dict(dsn)
        self._target = (str(given["host"]), int(given["port"]))
        self.fault: Fault | None = None
        self._statement = b""
        self._passes = 0
        self._counts_queries = False
        self.round_trips = 0
        self.executed = 0
        self.cuts = 0
        self.down = False
        self.refused = 0
        self.ends: set[asyncio.Task[None]] = set()

    def cut_at(self, statement: bytes, fault: Fault) -> None:
        """Cut the next execution of a statement that holds this."""
        self._statement, self.fault = statement, fault

    def cut_after(self, number: int, fault: Fault) -> None:
        """Cut a connection once so many executions have passed, simple queries such as BEGIN included."""
        self.fault, self._passes, self._counts_queries = fault, number, True

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._refuse(writer) if self.down else self._serve(reader, writer))
        self.ends.add(serving)
        await serving

    async def _refuse(self, writer: asyncio.StreamWriter) -> None:
        self.refused += 1
        writer.close()
        await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._target)
        lose_answer = asyncio.Event()
        pumps = [
            asyncio.create_task(self._pump_requests(reader, server_writer, lose_answer)),
            asyncio.create_task(self._pump_answers(server_reader, writer, lose_answer)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, server_writer):
            end.close()
        await asyncio.wait(pumps)
        for ended in (*pumps, writer.wait_closed(), server_writer.wait_closed()):
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await ended

    async def _pump_requests(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, lose_answer: asyncio.Event
    ) -> None:
        server.write(await self._message(reader, b""))
        parsed = b""
        while True:
            kind = await reader.readexactly(1)
            self.round_trips += kind in b"SQ"
            self.executed += kind in b"EQ"
            message = await self._message(reader, kind)
            parsed = message if kind in b"PQ" else parsed
            is_meant = self.fault is not None and self._is_meant(kind, parsed)
            if is_meant and self._passes > 0:
                self._passes -= 1
            elif is_meant and self.fault is not None:
                fault, self.fault = self.fault, None
                self.cuts += 1
                if fault is Fault.BEFORE_THE_STATEMENT:
                    return
                if fault is Fault.IN_THE_STATEMENT:
                    # Simple queries end by themselves. What is parsed and bound is executed at the next sync.
                    server.write(message if kind == b"Q" else message + SYNC)
                    await server.drain()
                    return
                lose_answer.set()
            server.write(message)

    def _is_meant(self, kind: bytes, parsed: bytes) -> bool:
        if self._statement:
            return kind in b"EQ" and self._statement in parsed
        return kind in (b"EQ" if self._counts_queries else b"E")

    async def _message(self, reader: asyncio.StreamReader, kind: bytes) -> bytes:
        length = await reader.readexactly(4)
        return kind + length + await reader.readexactly(int.from_bytes(length) - 4)

    async def _pump_answers(
        self, server: asyncio.StreamReader, writer: asyncio.StreamWriter, lose_answer: asyncio.Event
    ) -> None:
        while chunk := await server.read(65536):
            if not lose_answer.is_set():
                writer.write(chunk)
            elif chunk.endswith((READY, IN_TRANSACTION)):
                return


@asynccontextmanager
async def proxied(dsn: str) -> AsyncGenerator[tuple[Proxy, str], None]:
    """Yield a proxy and the DSN that leads through it."""
    proxy = Proxy(dsn)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy, make_conninfo(dsn, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")
        await asyncio.gather(*proxy.ends)
