"""Is it counted how many owners in a row have died while they were busy with an instance, and nothing else?"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from journals.entries import Entry, Kind, Status
from journals.laws.members import KNOWS, LATER, Heard, by, due, joined, message
from journals.laws.samples import AT, commit, entry
from journals.memory import InMemoryJournal
from journals.ports import Journal, Member
from journals.postgres import PostgresJournal
from journals.postgres.connections import connector
from journals.postgres.heartbeat import Asking
from journals.postgres.sharing import sharing_statements
from journals.sharing import SUSPECT
from journals.sqlite import SqliteJournal
from journals.sqlite import sharing as sqlite_sharing

Kill: TypeAlias = Callable[[Member], Awaitable[None]]
Store: TypeAlias = tuple[Journal, Kill]

_PATIENCE = timedelta(seconds=30)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return a journal, and what lets a member be dead without a word: others have found that, and freed its own."""
    if request.param == "memory":
        return _in_memory()
    if request.param == "sqlite":
        return _on_sqlite(tmp_path / "journal.db")
    return _on_postgres(str(request.getfixturevalue("postgres_dsn")))


def _in_memory() -> Store:
    journal = InMemoryJournal()

    async def kill(member: Member) -> None:
        journal.expel(member.epoch)

    return journal, kill


def _on_sqlite(path: Path) -> Store:
    async def kill(member: Member) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            (until,) = connection.execute(
                "SELECT alive_until FROM wio_members WHERE epoch = ?", (member.epoch,)
            ).fetchone()
            sqlite_sharing.take_out(connection, [(member.epoch, until)])

    return SqliteJournal(path), kill


def _on_postgres(dsn: str) -> Store:
    statements = sharing_statements("wio")

    async def kill(member: Member) -> None:
        async with await connector(dsn, _PATIENCE, _PATIENCE, prepare=False)() as connection:
            asking = Asking(statements, False)
            await connection.execute(f"DELETE FROM wio.members WHERE epoch = {member.epoch}".encode())
            while (await asking.rows(connection, statements.free, "10"))[0][0]:
                pass

    return PostgresJournal(dsn), kill


def lost(seq: int, address: str = "step") -> Entry:
    """Return the entry of a lost attempt."""
    return replace(entry(seq), kind=Kind.ATTEMPT_LOST, address=address)


def event(seq: int, address: str = "step") -> Entry:
    """Return the entry of a step's event."""
    return replace(entry(seq), address=address)


async def dies(journal: Journal, kill: Kill, *entries: Entry, on_trial: bool = False, beside: str = "") -> None:
    """Let a member claim the instance, record entries, and die; in a trial maybe, `beside` another instance."""
    member = await joined(journal)
    record = (await member.claim_instance("a")).record
    if on_trial:
        await member.begin_trial(["a", beside] if beside else ["a"])
    if entries:
        await journal.commit(by(member, commit("a", record.last_seq, entries)))
    await kill(member)


async def deaths(journal: Journal, instance_id: str = "a") -> int:
    """Return how many deaths are counted for an instance, as a new member is told."""
    member = await joined(journal)
    claimed = await member.claim_instance(instance_id)
    await member.leave()
    return claimed.deaths


def test_only_what_its_owner_was_busy_with_is_counted(store: Store) -> None:
    journal, kill = store

    async def main() -> None:
        async with journal:
            member, other = await joined(journal), await joined(journal, "other")
            statuses = {"runs": Status.RUNNING, "paused": Status.PAUSED, "stuck": Status.STUCK}
            times = {"due": AT, "begun": AT, "later": LATER}
            statuses["begun"] = Status.INITIATED
            for name in ("runs", "begun", "asked", "due", "later", "never", "paused", "stuck"):
                status = statuses.get(name, Status.WAITING)
                await journal.commit(by(member, due("", times.get(name), commit(name, 0, status=status))))
            await journal.commit(by(other, commit("other's", 0)))
            await journal.post(message("asked"))
            await kill(member)
            found = {name: await deaths(journal, name) for name in ("runs", "begun", "asked", "due", "later", "never")}
            assert found == {"runs": 1, "begun": 1, "asked": 1, "due": 1, "later": 0, "never": 0}
            assert await deaths(journal, "paused") == await deaths(journal, "stuck") == 0
            assert (await other.claim_instance("other's")).deaths == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    ("recorded", "counted"),
    [
        ((), 2),
        ((lost(2),), 2),
        ((lost(2), event(3, "beside it")), 2),
        ((lost(2), lost(3, "beside it"), event(4, "beside it")), 2),
        ((event(2),), 1),
        ((lost(2), event(3)), 1),
    ],
    ids=["nothing", "a loss", "a loss and another step", "two losses, one ended", "a step", "a loss and its end"],
)
def test_deaths_are_in_a_row_as_long_as_what_was_lost_does_not_end(
    store: Store, recorded: tuple[Entry, ...], counted: int
) -> None:
    """What ends beside it does not say that it is not what kills."""
    journal, kill = store

    async def main() -> None:
        async with journal:
            await journal.commit(commit("a", 0))
            await dies(journal, kill)
            await dies(journal, kill, *recorded)
            assert await deaths(journal) == counted

    asyncio.run(main())


def test_a_suspect_is_blamed_in_its_trial_only(store: Store) -> None:
    """So those that wait for theirs do not suffer by what another does; and a trial is over with its member."""
    journal, kill = store

    async def main() -> None:
        async with journal:
            await journal.commit(commit("a", 0))
            for _ in range(SUSPECT + 2):
                await dies(journal, kill)
            assert await deaths(journal) == SUSPECT
            for number in (1, 2):
                await dies(journal, kill, on_trial=True)
                assert await deaths(journal) == SUSPECT + number
            await dies(journal, kill)
            assert await deaths(journal) == SUSPECT + 2

    asyncio.run(main())


def test_those_that_are_tried_together_share_a_death(store: Store) -> None:
    """It counts apart, until the row is broken: nobody knows whose it was."""
    journal, kill = store

    async def counted() -> tuple[int, int]:
        member = await joined(journal)
        claimed = await member.claim_instance("a")
        await member.leave()
        return claimed.deaths, claimed.shared

    async def main() -> None:
        async with journal:
            await journal.commit(commit("a", 0))
            await dies(journal, kill, on_trial=True, beside="b")
            assert await counted() == (1, 0)  # no suspect yet
            await dies(journal, kill)
            for number in (1, 2):
                await dies(journal, kill, on_trial=True, beside="b")
                assert await counted() == (SUSPECT, number)
            await dies(journal, kill)
            assert await counted() == (SUSPECT, 2)
            await dies(journal, kill, on_trial=True)
            assert await counted() == (SUSPECT + 1, 2)
            await dies(journal, kill, event(2), on_trial=True, beside="b")
            assert await counted() == (1, 0)

    asyncio.run(main())


def test_who_is_acquitted_begins_anew(store: Store) -> None:
    journal, kill = store

    async def main() -> None:
        async with journal:
            await journal.commit(commit("a", 0))
            for _ in range(SUSPECT):
                await dies(journal, kill)
            await dies(journal, kill, on_trial=True)
            member, other = await joined(journal), await joined(journal, "other")
            assert (await member.claim_instance("a")).deaths == SUSPECT + 1
            await other.acquit(["a", "unknown"])
            assert (await member.claim_instance("a")).deaths == SUSPECT + 1
            await member.acquit(["a", "unknown"])
            assert (await member.claim_instance("a")).deaths == 0
            await kill(member)
            assert await deaths(journal) == 1

    asyncio.run(main())


def test_a_claim_of_what_is_due_tells_the_deaths_too(store: Store) -> None:
    journal, kill = store

    async def main() -> None:
        async with journal:
            await journal.commit(commit("a", 0))
            await journal.commit(due("b", AT))
            await dies(journal, kill)
            member = await joined(journal)
            claims = await member.claim(10)
            assert {each.record.id: each.deaths for each in claims.claimed} == {"a": 1, "b": 0}

    asyncio.run(main())


def test_who_takes_over_from_the_dead_counts_the_death(postgres_dsn: str) -> None:
    """In Postgres one may claim what the dead own before anybody has freed that."""

    async def main() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            member = await journal.join("dead", KNOWS, Heard(), lease=_PATIENCE)
            await journal.commit(by(member, commit("a", 0)))
            async with await connector(postgres_dsn, _PATIENCE, _PATIENCE, prepare=False)() as connection:
                await connection.execute(b"DELETE FROM wio.members")
            other = await joined(journal, "other")
            for _ in range(2):
                assert (await other.claim_instance("a")).deaths == 1

    asyncio.run(main())
