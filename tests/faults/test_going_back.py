"""What happens when the database goes back in time, by a failover to a copy that lacks the last transactions?

The copy is that of a moment earlier; it comes up as a replica does that is promoted, on a new timeline.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from returns.result import Success

from interpreters import Runtime
from interpreters.runtime.client import Client
from journals.entries import Kind, Status
from journals.errors import JournalUnavailable, UnknownInstance
from journals.postgres import PostgresJournal
from tests.postgres_server import Server
from tests.runtime.running import NOTE, note, run, workflow
from wio import run_io


def copied(server: Server) -> Path:
    """Return a copy of all that the server has stored; it is stopped for a moment."""
    server.stop()
    target = server.directory / "copy"
    _copy(server.directory / "data", target)
    server.start()
    return target


def promoted(server: Server, copy: Path) -> None:
    """Let the copy take the place of the server, which is gone with what only it had."""
    server.stop("immediate")
    data = server.directory / "data"
    shutil.rmtree(data)
    _copy(copy, data)
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'false'\n")
    (data / "recovery.signal").touch()
    _own_like(data, data / "recovery.signal")
    server.start()


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True)
    for folder, _, files in os.walk(target):
        for each in (Path(folder), *(Path(folder, file) for file in files)):
            _own_like(source, each)


def _own_like(source: Path, target: Path) -> None:
    owner = source.stat()
    if os.geteuid() == 0:
        os.chown(target, owner.st_uid, owner.st_gid)


async def surely(call: Callable[[], Awaitable[Any]]) -> Any:
    while True:
        try:
            return await call()
        except JournalUnavailable:
            await asyncio.sleep(0.05)


def test_what_the_database_has_lost_happens_again(own_postgres: Server) -> None:
    """A runtime notices, forgets what it held in memory, and goes on from what is stored.

    Effects whose events are lost run again, with their keys. What was acknowledged and is lost has to be sent again; a
    lost start is unknown. No journal has entries of both pasts.
    """

    async def main() -> None:
        runs: Counter[str] = Counter()
        gate = asyncio.Event()

        def counted(value: Any) -> Any:
            runs["first"] += 1
            return value

        async def held(value: str) -> str:
            runs[value] += 1
            if value.startswith("2"):
                await gate.wait()
            return value

        flow = workflow(run_io(counted, event=int) >> note() >> run_io(held, event=str))
        dsn = own_postgres.dsn
        async with Runtime(PostgresJournal(dsn), [flow]), Client(PostgresJournal(dsn), [flow]) as client:
            done, ahead = [await client.start(flow, id=id, input=number) for number, id in ((1, "done"), (2, "ahead"))]
            while {(await each.record()).status for each in (done, ahead)} != {Status.WAITING}:
                await asyncio.sleep(0.01)
            copy = await asyncio.to_thread(copied, own_postgres)
            for each in (done, ahead):
                await surely(lambda each=each: each.signal(NOTE, "before", key="k"))
            assert await surely(done.result) == Success("1 before")
            new = await surely(lambda: client.start(flow, id="new", input=3))
            await asyncio.to_thread(promoted, own_postgres, copy)
            with pytest.raises(UnknownInstance):
                await surely(new.record)
            for each in (done, ahead):
                assert (await surely(each.record)).status is not Status.COMPLETED
                assert await surely(lambda each=each: each.signal(NOTE, "after", key="k")) == (
                    "noted 1 after" if each is done else "noted 2 after"
                )
            gate.set()
            assert await surely(done.result) == Success("1 after")
            assert await surely(ahead.result) == Success("2 after")
            assert await surely((await surely(lambda: client.start(flow, id="new", input=3))).record)
            for each in (done, ahead):
                entries = await surely(each.history)
                assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
                assert [entry.kind for entry in entries].count(Kind.SIGNAL) == 1
        assert runs["1 before"] == runs["2 before"] == runs["1 after"] == runs["2 after"] == 1

    run(main())
