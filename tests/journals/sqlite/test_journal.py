"""What is particular to a journal in a SQLite file: tables, threads, other processes, and what can go wrong?"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from journals.entries import UNFINISHED, Commit, Entry, Kind, Payload, Status
from journals.errors import (
    Conflict,
    CorruptEntry,
    InvalidCommit,
    JournalClosed,
    JournalError,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    NewerSchema,
    NotAJournal,
)
from journals.search import Cursor, Order, Search
from journals.sqlite import Durability, SqliteJournal, statements
from journals.sqlite import search as searching
from journals.sqlite.errors import translated
from journals.sqlite.schema import prepare

AT = datetime(2026, 1, 31, 12, 30, 15, 123, tzinfo=UTC)
SHORT = timedelta(milliseconds=50)


def entry(seq: int, text: str = '{"amount": 12}', **more: Any) -> Entry:
    return Entry(seq, Kind.EVENT, f"pay#{seq}", Payload("Paid", 3, text), AT, **more)


def commit(
    instance_id: str, expected: int, *entries: Entry, status: Status = Status.RUNNING, token: str = ""
) -> Commit:
    return Commit(
        instance_id, "orders", 1, expected, entries or (entry(expected + 1),), status, AT, token or f"{expected}"
    )  # fmt: skip


def by_hand(path: Path, *sql: str) -> list[Any]:
    """Return the rows of the last of several statements, which somebody else gives to the file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return [connection.execute(statement).fetchall() for statement in sql][-1]


async def written(path: Path, last: int = 3, **settings: Any) -> None:
    async with SqliteJournal(path, **settings) as journal:
        for expected in range(last):
            await journal.commit(commit("order-7", expected))


async def opened(path: Path, **settings: Any) -> None:
    async with SqliteJournal(path, busy_timeout=SHORT, **settings):
        pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


# The file


def test_entries_can_be_read_by_people(path: Path) -> None:
    async def write() -> None:
        async with SqliteJournal(path) as journal:
            keyed = entry(2, key="key-1", response=Payload("Receipt", 1, '"ok"'))
            await journal.commit(commit("order-7", 0, entry(1), keyed))

    asyncio.run(write())
    assert by_hand(
        path,
        """SELECT instance_id, seq, kind, address, type, version, json_extract(payload, '$.amount'), recorded_at, key,
                  response, token
           FROM wio_entries ORDER BY seq""",
    ) == [
        ("order-7", 1, "event", "pay#1", "Paid", 3, 12, "2026-01-31T12:30:15.000123+00:00", None, None, "0"),
        ("order-7", 2, "event", "pay#2", "Paid", 3, 12, "2026-01-31T12:30:15.000123+00:00", "key-1", '"ok"', None),
    ]
    assert by_hand(path, "SELECT id, workflow, version, status, last_seq, detail, finished_at FROM wio_instances") == [
        ("order-7", "orders", 1, "running", 2, "", None)
    ]


def test_nothing_but_the_file_is_left_after_close(path: Path) -> None:
    asyncio.run(written(path))
    assert [each.name for each in path.parent.iterdir()] == ["journal.db"]
    assert by_hand(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_finish_and_a_reopening_show_in_the_record(path: Path) -> None:
    async def run() -> None:
        async with SqliteJournal(path) as journal:
            for expected, status in enumerate([Status.RUNNING, Status.FAILED, Status.WAITING, Status.COMPLETED]):
                await journal.commit(commit("order-7", expected, status=status))
                found = await journal.find_all(Search(statuses=UNFINISHED))
                assert [record.status for record in found] == ([status] if status in UNFINISHED else [])

    asyncio.run(run())
    assert by_hand(path, "SELECT finished_at FROM wio_instances") == [("2026-01-31T12:30:15.000123+00:00",)]


def test_questions_use_the_indexes(path: Path) -> None:
    asyncio.run(written(path))
    with closing(sqlite3.connect(path)) as connection:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        searching.find_all(connection, Search(statuses=UNFINISHED), Order.ID, Cursor("order"), 10)
        statements.find_key(connection, "order-7", "key", "the journal")
        statements.read(connection, "order-7", 1, 10, "the journal")
        connection.set_trace_callback(None)
        questions = [each for each in asked if each.startswith("SELECT")]
        plans = [connection.execute(f"EXPLAIN QUERY PLAN {each}").fetchall() for each in questions]
    details = [[row[3] for row in plan] for plan in plans]
    assert details == [
        ["SEARCH i USING INDEX wio_unfinished (id>?)"],
        ["SEARCH wio_entries USING INDEX wio_keys (instance_id=? AND key=?)"],
        ["SEARCH wio_instances USING PRIMARY KEY (id=?)"],
        ["SEARCH wio_instances USING PRIMARY KEY (id=?)"],
        ["SEARCH wio_entries USING PRIMARY KEY (instance_id=? AND seq>?)"],
    ]


@pytest.mark.parametrize(("durability", "level"), [(Durability.FULL, 2), (Durability.NORMAL, 1)])
def test_durability_reaches_the_writing_connection(path: Path, durability: Durability, level: int) -> None:
    def settings(connection: sqlite3.Connection) -> list[Any]:
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]

    async def ask() -> list[Any]:
        async with SqliteJournal(path, durability=durability) as journal:
            return await journal._now_open().writer.ask(settings)

    assert asyncio.run(ask()) == [level, "wal"]


# Threads and loops


def test_commits_that_wait_share_a_transaction(path: Path) -> None:
    async def run() -> list[str]:
        said: list[str] = []
        async with SqliteJournal(path) as journal:
            await journal._now_open().writer.ask(lambda connection: connection.set_trace_callback(said.append))
            await asyncio.gather(*(journal.commit(commit(f"order-{n}", 0)) for n in range(100)))
        return said

    said = Counter(asyncio.run(run()))
    assert said["BEGIN IMMEDIATE"] == said["COMMIT"] == 1


def test_a_long_read_does_not_hold_up_a_commit(path: Path) -> None:
    async def run() -> None:
        over = threading.Event()
        async with SqliteJournal(path) as journal:
            reading = journal._now_open().reader.ask(lambda _connection: over.wait(30))
            await journal.commit(commit("order-7", 0))
            assert not reading.done()
            over.set()
            assert await reading

    asyncio.run(run())


def test_no_thread_is_left_after_close_or_a_failed_open(path: Path) -> None:
    async def open_twice() -> None:
        async with SqliteJournal(path) as journal:
            await journal.open()

    before = set(threading.enumerate())
    asyncio.run(open_twice())
    assert set(threading.enumerate()) == before
    with pytest.raises(NotAJournal):
        asyncio.run(opened(path.parent))
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


def test_one_journal_serves_one_loop_after_another(path: Path) -> None:
    journal = SqliteJournal(path)

    async def add(expected: int) -> int:
        async with journal:
            await journal.commit(commit("order-7", expected))
            return len(await journal.read("order-7"))

    assert [asyncio.run(add(expected)) for expected in range(3)] == [1, 2, 3]


def test_a_journal_that_a_loop_left_open_is_closed_in_another(path: Path) -> None:
    journal = SqliteJournal(path)
    asyncio.run(journal.open())
    asyncio.run(journal.commit(commit("order-7", 0)))
    asyncio.run(journal.close())
    assert [each.name for each in path.parent.iterdir()] == ["journal.db"]


def test_an_answer_to_a_loop_that_is_gone_harms_nobody(path: Path) -> None:
    journal = SqliteJournal(path)
    over = threading.Event()

    async def leave() -> None:
        await journal.open()
        journal._now_open().writer.ask(lambda _connection: over.wait(30))

    async def go_on() -> None:
        async with asyncio.timeout(20):
            await journal.commit(commit("order-7", 0))
            await journal.close()

    asyncio.run(leave())
    over.set()
    asyncio.run(go_on())


def test_who_stops_waiting_for_an_answer_harms_nobody(path: Path) -> None:
    problems: list[dict[str, Any]] = []
    over = threading.Event()

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, problem: problems.append(problem))
        async with SqliteJournal(path) as journal:
            journal._now_open().reader.ask(lambda _connection: over.wait(30))
            reading = asyncio.create_task(journal.find_all())
            await asyncio.sleep(0)
            reading.cancel()
            over.set()
            assert await journal.find_all() == ()

    asyncio.run(run())
    assert problems == []


def test_a_journal_that_nobody_closes_keeps_no_process_from_ending(path: Path) -> None:
    script = """
        import asyncio, pathlib, sys
        from journals.sqlite import SqliteJournal
        asyncio.run(SqliteJournal(sys.argv[1]).open())
    """
    ended = subprocess.run(
        command("-X", "dev", "-W", "error", script=script, path=path), capture_output=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_cancelled_open_leaves_the_journal_closed(path: Path) -> None:
    asyncio.run(written(path))

    async def run() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            journal = SqliteJournal(path)
            opening = asyncio.create_task(journal.open())
            await asyncio.sleep(0)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            async with asyncio.timeout(20):
                with pytest.raises(JournalClosed):
                    await journal.find("order-7")
            other.execute("ROLLBACK")
        async with journal:
            assert len(await journal.read("order-7")) == 3

    asyncio.run(run())


# Several writers of one file

WRITER = """
    import asyncio, sys
    from datetime import datetime, UTC
    from journals.entries import Commit, Entry, Kind, Payload, Status
    from journals.errors import Conflict
    from journals.sqlite import SqliteJournal

    async def write(path, name, count, instances):
        async with SqliteJournal(path) as journal:
            print("ready", flush=True)
            sys.stdin.readline()
            await asyncio.gather(*(add(journal, name, count, f"order-{n}") for n in range(instances)))

    async def add(journal, name, count, instance):
        last = done = 0
        while done < count:
            now = datetime.now(UTC)
            text = f'"{name} {done}"'
            entry = Entry(last + 1, Kind.EVENT, "step", Payload("Event", 1, text), now)
            try:
                await journal.commit(Commit(instance, "orders", 1, last, (entry,), Status.RUNNING, now, text))
            except Conflict:
                last = (await journal.find(instance)).last_seq
                continue
            last, done = last + 1, done + 1
            print(instance, last, flush=True)

    asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


def command(*options: str, script: str, path: Path, arguments: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, *options, "-c", dedent(script), str(path), *arguments]


def writer(path: Path, name: str, count: int, instances: int) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        command(script=WRITER, path=path, arguments=(name, str(count), str(instances))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_two_processes_write_to_one_file(path: Path) -> None:
    processes = [writer(path, name, 60, 2) for name in ("one", "two")]
    for process in processes:
        go(process)
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert [len(lines.splitlines()) for lines in said] == [120, 120]

    async def read() -> None:
        async with SqliteJournal(path) as journal:
            for instance in ("order-0", "order-1"):
                texts = [each.payload.text for each in await journal.read(instance) if each.payload]
                assert sorted(texts) == sorted(f'"{name} {n}"' for name in ("one", "two") for n in range(60))

    asyncio.run(read())


def test_what_was_reported_survives_a_kill(path: Path) -> None:
    process = writer(path, "doomed", 1_000_000, 8)
    go(process)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(200)]
    process.kill()
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.close()
    complete = [line.split() for line in said if line.endswith("\n")]
    last = {instance: int(seq) for instance, seq in complete}
    assert len(last) == 8

    async def read() -> None:
        async with SqliteJournal(path) as journal:
            for instance, seq in last.items():
                assert len(await journal.read(instance, most=1_000_000)) >= seq
                assert (await journal.find(instance)).last_seq >= seq

    asyncio.run(read())
    assert by_hand(path, "PRAGMA integrity_check") == [("ok",)]


def test_many_open_one_new_file_at_once(path: Path) -> None:
    openers = 8
    gate = threading.Barrier(openers)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            gate.wait()
            asyncio.run(write(number))
        except BaseException as error:
            failures.append(error)

    async def write(number: int) -> None:
        async with SqliteJournal(path) as journal:
            await journal.commit(commit(f"order-{number}", 0))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(openers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert by_hand(path, "SELECT id FROM wio_instances ORDER BY id") == [(f"order-{n}",) for n in range(openers)]


def test_the_first_opener_waits_for_who_holds_the_new_file(path: Path) -> None:
    asked: list[str] = []
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(sqlite3.connect(path, isolation_level=None)) as connection,
    ):
        other.execute("BEGIN IMMEDIATE")

        def release_at_the_second_try(statement: str) -> None:
            asked.append(statement)
            if asked.count("PRAGMA journal_mode = WAL") == 2:
                other.execute("ROLLBACK")

        connection.set_trace_callback(release_at_the_second_try)
        prepare(connection, path, timedelta(seconds=20))
        connection.set_trace_callback(None)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert asked.count("PRAGMA journal_mode = WAL") >= 2


# What can go wrong


def test_a_locked_file_is_unavailable_until_it_is_released(path: Path) -> None:
    async def run() -> None:
        async with SqliteJournal(path, busy_timeout=SHORT) as journal:
            await journal.commit(commit("order-7", 0))
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(JournalUnavailable, match=r"journal.db has been locked .* for 0.05 s"):
                    await journal.commit(commit("order-7", 1))
                assert len(await journal.read("order-7")) == 1
                with pytest.raises(JournalUnavailable, match="locked"):
                    await opened(path)
                other.execute("ROLLBACK")
            await journal.commit(commit("order-7", 1))
            assert len(await journal.read("order-7")) == 2

    asyncio.run(run())


def test_a_new_file_that_is_locked_is_unavailable(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalUnavailable, match="locked"):
            asyncio.run(opened(path))
    asyncio.run(written(path))


def test_a_full_store_refuses_only_what_does_not_fit(path: Path) -> None:
    async def run() -> None:
        async with SqliteJournal(path, most_file_bytes=100_000) as journal:
            large = commit("large", 0, entry(1, "x" * 200_000))
            small = [commit(f"small-{n}", 0) for n in range(4)]
            answers = await asyncio.gather(
                *(journal.commit(each) for each in (*small[:2], large, *small[2:])), return_exceptions=True
            )
            assert [type(answer) for answer in answers] == [type(None), type(None), JournalFull, type(None), type(None)]
            assert "journal.db" in str(answers[2])
            assert [record.id for record in await journal.find_all()] == [each.instance_id for each in small]

    asyncio.run(run())


def test_a_journal_goes_on_when_there_is_room_again(path: Path) -> None:
    async def run() -> None:
        async with SqliteJournal(path, most_file_bytes=250_000) as journal:
            commits = [commit("order-7", last, entry(last + 1, "x" * 10_000)) for last in range(20)]
            answers = await asyncio.gather(*map(journal.commit, commits), return_exceptions=True)
            last = answers.count(None)
            assert last > 3
            assert type(answers[last]) is JournalFull
            assert len(await journal.read("order-7")) == last
            with pytest.raises(JournalFull):
                await journal.commit(commits[last])
            by_hand(path, "DELETE FROM wio_entries WHERE seq = 1")
            await journal.commit(commits[last])
            assert len(await journal.read("order-7", after=1)) == last

    asyncio.run(run())


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match=r"no folder .*missing for the journal journal\.db\. Create it"):
        asyncio.run(opened(tmp_path / "missing" / "journal.db"))
    assert not (tmp_path / "missing").exists()


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(NotAJournal, match="is a folder"):
        asyncio.run(opened(tmp_path))


@pytest.mark.parametrize("memory", [":memory:", "", "file:journal.db?mode=memory"])
def test_a_journal_in_memory_is_another_class(memory: str) -> None:
    with pytest.raises(NotAJournal, match="InMemoryJournal"):
        SqliteJournal(memory)


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """Gives a folder that everybody may enter, with the rights of somebody who is not the superuser."""
    if not hasattr(os, "setresuid"):
        pytest.skip("needs setresuid")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.setresuid(65534, 65534, 0)
    try:
        yield folder
    finally:
        if is_superuser:
            os.setresuid(0, 0, 0)
        folder.chmod(0o777)
        shutil.rmtree(folder)


def test_a_read_only_file_is_read_only(unprivileged: Path) -> None:
    path = unprivileged / "journal.db"
    asyncio.run(written(path))
    path.chmod(0o444)
    with pytest.raises(JournalReadOnly, match=r"journal.db cannot be written"):
        asyncio.run(opened(path))


def test_a_read_only_folder_is_read_only(unprivileged: Path) -> None:
    inner = unprivileged / "inner"
    inner.mkdir()
    asyncio.run(written(inner / "old.db"))
    inner.chmod(0o555)
    for name in ("old.db", "new.db"):
        with pytest.raises(JournalReadOnly, match=rf"{name} cannot be written.*inner"):
            asyncio.run(opened(inner / name))
    assert [each.name for each in inner.iterdir()] == ["old.db"]
    inner.chmod(0o777)


def foreign_tables(path: Path) -> None:
    by_hand(path, "CREATE TABLE customers (name TEXT)")


def foreign_mark(path: Path) -> None:
    by_hand(path, "PRAGMA application_id = 1", "PRAGMA user_version = 1")


def foreign_meta(path: Path) -> None:
    by_hand(path, "CREATE TABLE wio_meta (name TEXT, value TEXT)")


def garbage(path: Path) -> None:
    path.write_bytes(b"This is no database, but a text of some length. " * 100)


@pytest.mark.parametrize("make", [foreign_tables, foreign_mark, foreign_meta, garbage])
def test_a_foreign_file_is_refused_and_left_as_it_was(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    before = path.read_bytes()
    with pytest.raises(NotAJournal, match=r"journal\.db .*Choose another path"):
        asyncio.run(opened(path))
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["journal.db"]


def test_an_empty_file_becomes_a_journal(path: Path) -> None:
    path.touch()
    asyncio.run(written(path))
    assert by_hand(path, "SELECT count(*) FROM wio_entries") == [(3,)]


def test_a_newer_schema_is_refused_and_left_as_it_was(path: Path) -> None:
    """An older library does not touch the file of a newer one."""
    asyncio.run(written(path))
    by_hand(path, "UPDATE wio_meta SET value = 3 WHERE name = 'schema_version'")
    before = path.read_bytes()
    with pytest.raises(NewerSchema, match="schema version 3; this release of wio knows versions up to 2") as caught:
        asyncio.run(opened(path))
    assert (caught.value.found, caught.value.known) == (3, 2)
    assert path.read_bytes() == before


def test_a_dump_that_was_loaded_again_is_a_journal(path: Path) -> None:
    asyncio.run(written(path))
    with closing(sqlite3.connect(path)) as connection:
        dump = "\n".join(connection.iterdump())
    loaded = path.with_name("loaded.db")
    with closing(sqlite3.connect(loaded)) as connection:
        connection.executescript(dump)

    async def read() -> int:
        async with SqliteJournal(loaded) as journal:
            return len(await journal.read("order-7"))

    assert asyncio.run(read()) == 3


@pytest.mark.parametrize(
    ("edit", "seq", "reason"),
    [
        ("DELETE FROM wio_entries WHERE seq = 1", 1, "missing, and entry 2 follows"),
        ("DELETE FROM wio_entries WHERE seq = 2", 2, "missing, and entry 3 follows"),
        ("DELETE FROM wio_entries WHERE seq = 3", 3, "missing"),
        ("DELETE FROM wio_entries", 1, "missing"),
        ("UPDATE wio_entries SET kind = 'guess' WHERE seq = 2", 2, "kind 'guess' is unknown"),
        ("UPDATE wio_entries SET recorded_at = 'soon' WHERE seq = 2", 2, "'soon' is not a time"),
        ("UPDATE wio_entries SET recorded_at = 12 WHERE seq = 2", 2, "12 is not a time|'12' is not a time"),
        ("UPDATE wio_entries SET recorded_at = '2026-01-31T12:30:15' WHERE seq = 2", 2, "no time zone"),
        ("UPDATE wio_entries SET payload = x'00ff' WHERE seq = 2", 2, "payload is not a text"),
        ("UPDATE wio_entries SET type = NULL WHERE seq = 2", 2, "payload is not a text with a type"),
    ],
)
def test_a_corrupt_entry_is_named(path: Path, edit: str, seq: int, reason: str) -> None:
    asyncio.run(written(path))
    by_hand(path, edit)

    async def read() -> None:
        async with SqliteJournal(path) as journal:
            await journal.read("order-7")

    with pytest.raises(CorruptEntry, match=f"Entry {seq} of instance 'order-7' is corrupt: .*({reason})") as caught:
        asyncio.run(read())
    assert (caught.value.instance_id, caught.value.seq) == ("order-7", seq)


@pytest.mark.parametrize("edit", ["status = 'odd'", "updated_at = 'odd'", "wake_up = 'odd'"])
def test_a_corrupt_record_is_named(path: Path, edit: str) -> None:
    asyncio.run(written(path))
    by_hand(path, f"UPDATE wio_instances SET {edit}")

    async def find() -> None:
        async with SqliteJournal(path) as journal:
            await journal.find("order-7")

    with pytest.raises(CorruptEntry, match=r"'order-7' is corrupt: the record .* is damaged"):
        asyncio.run(find())


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    asyncio.run(written(path, last=100))
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    with pytest.raises(NotAJournal, match=r"journal\.db is damaged .*Restore"):
        asyncio.run(opened(path))


def test_a_record_that_contradicts_its_entries_harms_only_its_instance(path: Path) -> None:
    asyncio.run(written(path))
    by_hand(path, "UPDATE wio_instances SET last_seq = 1")

    async def run() -> None:
        async with SqliteJournal(path) as journal:
            given = (commit("order-1", 0), commit("order-7", 1, token="new"), commit("order-9", 0))
            answers = await asyncio.gather(*map(journal.commit, given), return_exceptions=True)
            assert [type(answer) for answer in answers] == [type(None), NotAJournal, type(None)]
            assert [record.last_seq for record in await journal.find_all()] == [1, 1, 1]

    asyncio.run(run())


def test_a_value_that_sqlite_cannot_hold_harms_only_its_instance(path: Path) -> None:
    async def run() -> None:
        async with SqliteJournal(path) as journal:
            surrogate = commit("order-2", 0, entry(1, '"\ud800"'))
            number = commit("order-3", 0, Entry(1, Kind.EVENT, "pay", Payload("Paid", 2**70, "{}"), AT))
            given = (commit("order-1", 0), surrogate, number, commit("order-4", 0))
            answers = await asyncio.gather(*map(journal.commit, given), return_exceptions=True)
            assert [type(answer) for answer in answers] == [type(None), InvalidCommit, InvalidCommit, type(None)]
            assert [record.id for record in await journal.find_all()] == ["order-1", "order-4"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (sqlite3.SQLITE_BUSY, JournalUnavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, JournalUnavailable),
        (sqlite3.SQLITE_LOCKED, JournalUnavailable),
        (sqlite3.SQLITE_PROTOCOL, JournalUnavailable),
        (sqlite3.SQLITE_IOERR, JournalUnavailable),
        (sqlite3.SQLITE_IOERR_FSYNC, JournalUnavailable),
        (sqlite3.SQLITE_NOMEM, JournalUnavailable),
        (sqlite3.SQLITE_CANTOPEN, JournalUnavailable),
        (sqlite3.SQLITE_FULL, JournalFull),
        (sqlite3.SQLITE_READONLY, JournalReadOnly),
        (sqlite3.SQLITE_READONLY_DIRECTORY, JournalReadOnly),
        (sqlite3.SQLITE_PERM, JournalReadOnly),
        (sqlite3.SQLITE_NOTADB, NotAJournal),
        (sqlite3.SQLITE_CORRUPT, NotAJournal),
        (sqlite3.SQLITE_CORRUPT_INDEX, NotAJournal),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, NotAJournal),
        (sqlite3.SQLITE_ERROR, NotAJournal),
    ],
)
def test_each_code_of_sqlite_has_a_meaning(path: Path, code: int, meaning: type[JournalError]) -> None:
    error = sqlite3.OperationalError("what SQLite said")
    error.sqlite_errorcode = code
    found = translated(error, path, timedelta(seconds=5))
    assert type(found) is meaning
    assert found.__cause__ is error
    assert str(path) in str(found)


def test_errors_that_are_no_errors_of_the_driver_stay_as_they_are(path: Path) -> None:
    for error in (Conflict("order-7", 3), ZeroDivisionError()):
        assert translated(error, path, SHORT) is error
    assert type(translated(sqlite3.ProgrammingError("no code"), path, SHORT)) is JournalUnavailable
