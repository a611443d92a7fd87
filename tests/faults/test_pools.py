"""Do few connections do, and those of a pooler that gives each transaction to another one?"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from returns.result import Success

from interpreters import Runtime
from interpreters.runtime.client import Client
from journals.errors import JournalUnavailable
from journals.postgres import PostgresJournal
from tests.faults.pooler import pooled
from tests.runtime.running import NOTE, PATIENCE_SECONDS, note, run, workflow
from wio import child, run_io, wait

SIGNALS = 40
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


async def played(
    journal: Callable[[], PostgresJournal], client_journal: PostgresJournal, *, signals: int = SIGNALS
) -> Counter[str]:
    """Let two runtimes and a client play so many instances at once, each with a child, a timer and a signal."""
    runs: Counter[str] = Counter()

    def counted(value: Any) -> Any:
        runs["step"] += 1
        return value

    inner = workflow(run_io(counted), name="inner")
    flow = workflow(run_io(counted) >> wait(timedelta(milliseconds=1)) >> child(inner, result=int) >> note())
    async with (
        Runtime(journal(), [flow]),
        Runtime(journal(), [flow]),
        Client(client_journal, [flow]) as client,
    ):

        async def one(number: int) -> None:
            instance = await client.start(flow, id=f"i{number}", input=number)
            assert await instance.signal(NOTE, "seen", key="k") == f"noted {number} seen"
            assert await instance.result() == Success(f"{number} seen")

        await asyncio.gather(*(one(number) for number in range(signals)))
    return runs


def test_one_connection_each_is_enough_for_forty_at_once(postgres_dsn: str) -> None:
    """Two runtimes and a client, each with a pool of one: nobody waits for somebody who waits for him."""

    async def main() -> None:
        runs = await played(
            lambda: PostgresJournal(postgres_dsn, pool_size=1), PostgresJournal(postgres_dsn, pool_size=1)
        )
        assert runs == Counter(step=2 * SIGNALS)

    run(main())


def test_a_pooler_in_transaction_mode_does(postgres_dsn: str) -> None:
    """Members, clients and messages through few connections that change with each transaction, without LISTEN."""

    async def main() -> None:
        async with pooled(postgres_dsn) as (pooler, dsn):
            runs = await played(lambda: through_pooler(dsn), through_pooler(dsn), signals=10)
            assert pooler.transactions > 100
        assert runs == Counter(step=20)

    run(main())


def through_pooler(dsn: str) -> PostgresJournal:
    return PostgresJournal(dsn, prepare=False, listen=False)


def test_prepared_statements_through_a_pooler_are_told_with_the_way_out(postgres_dsn: str) -> None:
    """Who forgets `prepare=False` hears of it, and nothing is stored twice."""

    async def main() -> None:
        async with pooled(postgres_dsn) as (_, dsn):
            journal = PostgresJournal(dsn, listen=False)
            async with journal:
                with pytest.raises(JournalUnavailable, match="prepare=False"):
                    await many_reads(journal)

    async def many_reads(journal: PostgresJournal) -> None:
        for _ in range(50):
            await journal.members()

    run(main())


@pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")
def test_pgbouncer_in_transaction_mode_does(postgres_dsn: str, tmp_path: Path) -> None:
    """The real one. Where it is not installed, this is skipped, and only the stand-in above is tried."""

    async def main() -> None:
        assert PGBOUNCER is not None
        async with bouncing(PGBOUNCER, postgres_dsn, tmp_path) as dsn:
            assert await played(lambda: through_pooler(dsn), through_pooler(dsn), signals=10) == Counter(step=20)

    run(main())


@contextlib.asynccontextmanager
async def bouncing(program: str, dsn: str, folder: Path) -> AsyncGenerator[str]:
    """Yield the DSN that leads through a PgBouncer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = conninfo_to_dict(dsn)
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={given['host']} port={given['port']} user={given['user']}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\ndefault_pool_size = 3\nignore_startup_parameters = extra_float_digits,options\n"
    )
    process = subprocess.Popen([program, str(settings)], stderr=subprocess.PIPE, user=_unprivileged(settings))
    try:
        await _answers(port)
        yield make_conninfo(dsn, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")
    finally:
        process.kill()
        process.communicate()


def _unprivileged(settings: Path) -> str | None:
    """Return who runs it for root, as it refuses to run for him; let that one read the settings."""
    if os.geteuid() != 0:
        return None
    for folder in settings.parents[:3]:
        folder.chmod(folder.stat().st_mode | 0o011)
    settings.chmod(0o644)
    return "nobody" if "nobody" in {user.pw_name for user in pwd.getpwall()} else None


async def _answers(port: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"no PgBouncer on port {port}")
