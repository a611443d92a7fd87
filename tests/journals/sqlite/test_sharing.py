"""Do processes share a SQLite file, also when they are killed, frozen or forgotten, and when the file is an old one?"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from journals.entries import Status
from journals.errors import NotOwner, OwnedElsewhere
from journals.laws.members import KNOWS, LATER, Heard, by, due, gives, has_mail, ids, message, owns
from journals.laws.samples import AT, commit, entry, holds, refused, together
from journals.ports import Member
from journals.rows import ENTRY_COLUMNS, entry_row
from journals.sharing import Mail, Rested, Work
from journals.sqlite import SqliteJournal, mail, schema, sharing
from journals.sqlite.writing import text_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@asynccontextmanager
async def joined(path: Path, lease: float = 60) -> AsyncGenerator[tuple[SqliteJournal, Member, Heard]]:
    """Yield a journal with one member that leaves at the end."""
    heard = Heard()
    async with SqliteJournal(path) as journal:
        member = await journal.join("one", KNOWS, heard, lease=timedelta(seconds=lease))
        yield journal, member, heard
        await member.leave()


# Death

PREAMBLE = """
import asyncio, sys
from datetime import timedelta
from msgspec.structs import replace
from journals.errors import NotOwner
from journals.laws.samples import AT, commit
from journals.sharing import Lost
from journals.sqlite import SqliteJournal
path, lease = sys.argv[1:]
def say(text):
    print(text, flush=True)
async def line():
    await asyncio.to_thread(sys.stdin.readline)
async def joined(journal):
    lost = asyncio.Event()
    hear = lambda notice: lost.set() if isinstance(notice, Lost) else None
    return await journal.join("child", [("workflow", 1)], hear, lease=timedelta(seconds=float(lease))), lost
"""

OWN = """
async def main():
    async with SqliteJournal(path) as journal:
        member, lost = await joined(journal)
        await journal.commit(replace(commit("a", 0), owner=member.epoch))
        claimed = await member.claim(10)
        say(f"{member.epoch} {len(claimed.claimed)}")
        await lost.wait()
        try:
            await journal.commit(replace(commit("a", 1), owner=member.epoch))
        except NotOwner:
            say("refused")
        assert (await member.claim(1)).claimed == ()
asyncio.run(main())
"""

CLAIM = """
async def main():
    async with SqliteJournal(path) as journal:
        member, lost = await joined(journal)
        say("ready")
        await line()
        while claimed := (await member.claim(7)).claimed:
            for each in claimed:
                say(each.record.id)
        say("done")
        await line()
asyncio.run(main())
"""


@contextlib.contextmanager
def child(source: str, path: Path, lease: float = 600) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs the source; yields it and the first line that it says."""
    command = [sys.executable, "-c", PREAMBLE + source, str(path), str(lease)]
    started = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        yield started, started.stdout.readline().strip()
    finally:
        started.kill()
        started.communicate()


def killed(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_process_is_followed_by_one_that_joins(path: Path) -> None:
    async def story() -> None:
        async with SqliteJournal(path) as journal:
            await journal.commit(due("w", AT, commit("w", 0, status=Status.WAITING)))
            with child(OWN, path) as (process, said):
                assert said.endswith(" 1")
                killed(process)
            async with joined(path, lease=600) as (_, member, _):
                found = {each.record.id: each.record.status for each in (await member.claim(5)).claimed}
                assert found == {"a": Status.RUNNING, "w": Status.WAITING}
                assert [each.epoch for each in await journal.members()] == [member.epoch]

    asyncio.run(story())


def test_a_killed_process_is_followed_by_one_that_is_there(path: Path) -> None:
    """Nobody waits for the lease of the dead: the next beat of another's heart finds it."""

    async def story() -> None:
        async with joined(path, lease=2) as (_, member, heard):
            with child(OWN, path) as (process, _):
                with pytest.raises(OwnedElsewhere):
                    await member.claim_instance("a")
                heard.notices.clear()
                killed(process)
                await heard.of(Work())
                await gives(member, "a")

    asyncio.run(story())


def test_where_nobody_can_look_whether_it_lives_the_lease_decides(path: Path) -> None:
    async def story() -> None:
        async with joined(path, lease=1) as (_, member, heard):
            with child(OWN, path, lease=1) as (process, _), closing(sqlite3.connect(path)) as by_hand:
                killed(process)
                with by_hand:
                    by_hand.execute("UPDATE wio_members SET process = 'elsewhere 1 2 3' WHERE name = 'child'")
                heard.notices.clear()
                await heard.of(Work())
                assert ids(await member.claim(5)) == ["a"]

    asyncio.run(story())


def test_a_frozen_process_loses_what_it_had_and_hears_of_it(path: Path) -> None:
    async def story() -> None:
        async with joined(path, lease=1) as (journal, member, heard):
            with child(OWN, path, lease=1) as (process, said):
                heard.notices.clear()
                process.send_signal(signal.SIGSTOP)
                await heard.of(Work())
                await gives(member, "a")
                process.send_signal(signal.SIGCONT)
                assert process.stdout is not None
                assert await asyncio.to_thread(process.stdout.readline) == "refused\n"
                await journal.commit(by(member, commit("a", 1)))
                assert int(said.split()[0]) > member.epoch

    asyncio.run(story())


def test_a_journal_that_is_closed_gives_back_what_its_members_owned(path: Path) -> None:
    async def story() -> None:
        async with joined(path) as (_, member, heard):
            async with SqliteJournal(path) as closing_soon:
                forgetful = await closing_soon.join("forgetful", KNOWS, Heard())
                await closing_soon.commit(by(forgetful, commit("a", 0)))
            await heard.of(Work())
            await gives(member, "a")

    asyncio.run(story())


def test_several_processes_claim_each_instance_once(path: Path) -> None:
    """Processes that share one file claim no instance twice."""
    names = [f"{number:03}" for number in range(500)]

    async def story() -> None:
        async with SqliteJournal(path) as journal:
            await together(*(journal.commit(due(name, AT)) for name in names))

    asyncio.run(story())
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(child(CLAIM, path)) for _ in range(4)]
        for process, said in processes:
            assert said == "ready"
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        # Each stays a member until all have claimed: one that has left is followed by the others.
        heard: list[str] = []
        for process, _ in processes:
            assert process.stdout is not None
            while (line := process.stdout.readline().strip()) not in ("", "done"):
                heard.append(line)
        assert sorted(heard) == names


# Messages from one process to another


def test_what_one_process_tells_another_hears(path: Path) -> None:
    script = """
async def main():
    async with SqliteJournal(path) as journal:
        member, lost = await joined(journal)
        await journal.commit(replace(commit("a", 0), owner=member.epoch))
        say("ready")
        while not (found := await member.messages(["a"])):
            await asyncio.sleep(0.01)
        await member.answer([(found[0].id, replace(found[0].payload, text='"answer"'))])
        from journals.entries import Status
        await journal.commit(replace(commit("a", 1, status=Status.COMPLETED), owner=member.epoch))
asyncio.run(main())
"""

    async def story() -> None:
        heard = Heard()
        async with SqliteJournal(path) as journal:
            listener = await journal.listen(heard)
            with child(script, path) as (_, said):
                assert said == "ready"
                posted = await journal.post(message("a"))
                await heard.of(Rested("a"))
                answer = await journal.answer_to(posted.id)
                assert answer is not None
                assert answer.text == '"answer"'
            await listener.close()

    asyncio.run(story())


def test_mail_is_told_to_who_owns_the_instance_when_it_is_heard(path: Path) -> None:
    async def story() -> None:
        async with joined(path) as (journal, member, heard), joined(path) as (_, other, heard_too):
            await journal.commit(by(member, commit("a", 0)))
            await journal.post(message("a"))
            await member.leave()
            await gives(other, "a")
            await journal.post(message("a", "2"))
            await heard_too.of(Mail("a"))
            await has_mail(other, "a", ["key", "2"])
            assert set(heard.notices) <= {Work(), Mail("a")}

    asyncio.run(story())


# An old file


def old_file(path: Path) -> None:
    """Write what a release before there were members has left behind."""
    ended = {Status.COMPLETED: text_of(AT)}
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in schema._VERSION_1:
            connection.execute(statement)
        for name, status, wake_up in (
            ("runs", Status.RUNNING, None),
            ("ready", Status.WAITING, None),
            ("later", Status.WAITING, LATER),
            ("paused", Status.PAUSED, None),
            ("ended", Status.COMPLETED, None),
        ):
            due_at = None if wake_up is None else text_of(wake_up)
            row = (name, "workflow", 1, status.value, 2, due_at, "detail", text_of(AT), text_of(AT), ended.get(status))
            connection.execute(f"INSERT INTO wio_instances VALUES ({', '.join('?' * len(row))})", row)
            columns = ", ".join(("instance_id", "token", *ENTRY_COLUMNS))
            for each, token in ((entry(1), f"{name} after 0"), (entry(2, key="key"), f"{name} after 1")):
                values = (name, token, *entry_row(each, text_of))
                marks = ", ".join("?" * len(values))
                connection.execute(f"INSERT INTO wio_entries ({columns}) VALUES ({marks})", values)


def test_an_old_file_is_brought_up_to_date_with_all_that_is_in_it(path: Path) -> None:
    """A newer library takes over what an older one has stored."""
    old_file(path)

    async def story() -> None:
        names = ("ended", "later", "paused", "ready", "runs")
        async with joined(path) as (journal, member, _):
            assert [each.id for each in await journal.find_all()] == list(names)
            for name in names:
                await holds(journal, name, entry(1), entry(2, key="key"))
                await journal.commit(commit(name, 0))  # was stored by the older release
                assert await journal.find_key(name, "key") == entry(2, key="key")
            await owns(journal, None, *names)
            claims = await member.claim(10)
            assert (sorted(ids(claims)), claims.next_due) == (["ready", "runs"], LATER)
            assert (await journal.find("ended")).status is Status.COMPLETED
            assert (await journal.post(message("ended"))).is_over
            await journal.commit(by(member, commit("runs", 2)))
            await refused(NotOwner, journal.commit(by(member, commit("later", 2))), "A commit to what is nobody's")
            await journal.post(message("paused"))
            await gives(member, "paused")

    asyncio.run(story())


def test_several_processes_bring_one_file_up_to_date_at_once(path: Path) -> None:
    old_file(path)

    async def story() -> None:
        journals = [SqliteJournal(path) for _ in range(5)]
        await together(*(journal.open() for journal in journals))
        assert {len(await journal.find_all()) for journal in journals} == {5}
        await together(*(journal.close() for journal in journals))

    asyncio.run(story())


def test_messages_that_nobody_will_read_are_deleted(path: Path) -> None:
    """A message that was open when its instance ended, or is for none, stays an hour; one for an open one stays."""

    async def story() -> None:
        async with joined(path) as (journal, member, _):
            for name in ("ended", "new", "open"):
                await journal.commit(by(member, commit(name, 0)))
                await journal.post(message(name))
            await journal.commit(replace(by(member, commit("sender", 0)), mail=(message("unknown"),)))
            for name in ("ended", "new"):
                await journal.commit(by(member, commit(name, 1, status=Status.COMPLETED)))
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                old = text_of(datetime.now(UTC) - timedelta(hours=2))
                connection.execute("UPDATE wio_messages SET sent_at = ? WHERE instance_id <> 'new'", (old,))
                mail.forget_old(connection)
                left = connection.execute("SELECT instance_id FROM wio_messages ORDER BY instance_id").fetchall()
            assert left == [("new",), ("open",)]

    asyncio.run(story())


# What a question costs


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    values = [None] * statement.count("?")
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (sharing._READY, "wio_ready (workflow=? AND version=? AND wake_up>?)"),
        (sharing._GIVE_BACK_ALL, "wio_owned (owner=?)"),
        (mail._HAS_MAIL, "wio_open (instance_id=?)"),
        (mail._OPEN, "wio_open (instance_id=?)"),
        (mail._FORGET_ANSWERED, "wio_answered (answered_at>? AND answered_at<?)"),
    ],
    ids=["claim", "leave", "has mail", "messages", "forget"],
)
def test_a_question_uses_its_index(statement: str, index: str, path: Path) -> None:
    async def story() -> None:
        async with SqliteJournal(path):
            with closing(sqlite3.connect(path)) as connection:
                lines = plan(connection, statement)
                assert any(index in line for line in lines), lines
                assert not any("SCAN wio" in line for line in lines), lines

    asyncio.run(story())


def test_a_claim_sorts_nothing(path: Path) -> None:
    """It reads as much of an index as it takes."""

    async def story() -> None:
        async with SqliteJournal(path):
            with closing(sqlite3.connect(path)) as connection:
                assert not any("TEMP B-TREE" in line for line in plan(connection, sharing._READY))

    asyncio.run(story())


def test_the_clock_of_the_file_is_that_of_the_machine(path: Path) -> None:
    """Deadlines follow the clock of the store, which for a file is that of the machine."""

    async def story() -> None:
        async with joined(path) as (journal, member, _):
            listener = await journal.listen(Heard())
            before = datetime.now(UTC)
            assert before <= member.now() <= listener.now() <= datetime.now(UTC)
            await listener.close()

    asyncio.run(story())
