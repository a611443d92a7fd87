"""Are tenants in one database kept apart, and is it clear what a namespace may be called?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from journals.entries import Status
from journals.errors import NotAJournal, UnknownInstance
from journals.laws.members import LATER, Heard, by, gives, has_mail, joined, message
from journals.laws.samples import AT, commit, entry, holds
from journals.namespaces import (
    WrongNamespace,
    checked_namespace,
    file_of_namespace,
    namespaces_beside,
)
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.postgres.namespaces import namespaces
from journals.sharing import Mail
from journals.sqlite import SqliteJournal
from tests.journals.postgres.test_journal import execute

Store: TypeAlias = Callable[[str], Journal]
"""Gives the journal of a namespace, all in one database."""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        yield lambda name: SqliteJournal(file_of_namespace(tmp_path / "orders.db", name))
    else:
        dsn = request.getfixturevalue("postgres_dsn")
        yield lambda name: PostgresJournal(dsn, schema=name)


def test_the_same_ids_in_two_namespaces_have_nothing_to_do_with_each_other(store: Store) -> None:
    async def main() -> None:
        async with store("acme") as one, store("wio") as other:
            await one.commit(commit("a", 0))
            await other.commit(commit("a", 0, [entry(1, key="key"), entry(2)], status=Status.COMPLETED))
            await one.commit(commit("only one's", 0))
            await holds(one, "a", entry(1))
            assert await one.find_key("a", "key") is None
            assert [each.id for each in await other.find_all()] == ["a"]
            assert await other.remove([await other.find("a")]) == ("a",)
            await holds(one, "a", entry(1))
            with pytest.raises(UnknownInstance):
                await other.post(message("only one's"))

    asyncio.run(main())


def test_a_worker_claims_hears_and_lists_nothing_of_another_namespace(store: Store) -> None:
    async def main() -> None:
        async with store("acme") as one, store("globex") as other:
            heard, heard_elsewhere = Heard(), Heard()
            member, stranger = await joined(one, "one", heard), await joined(other, "two", heard_elsewhere)
            await other.commit(by(stranger, commit("a", 0)))
            heard_elsewhere.notices.clear()
            await one.commit(commit("free", 0, status=Status.WAITING, wake_up=AT))
            await one.commit(by(member, commit("a", 0)))
            await one.post(message("a"))
            await heard.of(Mail("a"))
            await one.commit(by(member, commit("ended", 0, status=Status.COMPLETED)))
            await gives(stranger, now=LATER)
            await has_mail(stranger, "a", [])
            assert [each.name for each in await other.members()] == ["two"]
            await other.post(message("a"))
            await heard_elsewhere.of(Mail("a"))
            assert set(heard_elsewhere.notices) <= {Mail("a")}
            await gives(member, "free")
            for each in (member, stranger):
                await each.leave()

    asyncio.run(main())


# Which there are


def test_the_namespaces_beside_a_file_are_its_journals(tmp_path: Path) -> None:
    async def main() -> None:
        for name in ("orders.db", "orders.acme.db", "orders.globex.db", "other.acme.db", "orders.a.b.db"):
            async with SqliteJournal(tmp_path / name):
                pass

    asyncio.run(main())
    (tmp_path / "orders.backup.db").write_text("no database, but long enough to be taken for one")
    (tmp_path / "orders.dir.db").mkdir()
    (tmp_path / "orders.Big.db").write_bytes((tmp_path / "orders.db").read_bytes())
    assert namespaces_beside(tmp_path / "orders.db") == ("acme", "globex", "wio")
    (tmp_path / "orders.db").unlink()
    assert namespaces_beside(tmp_path / "orders.db") == ("acme", "globex")
    assert namespaces_beside(tmp_path / "none" / "orders.db") == ()


def test_the_namespaces_of_a_database_are_the_schemas_of_wio(postgres_dsn: str) -> None:
    others = (
        "CREATE SCHEMA another",
        "CREATE TABLE another.meta (program text, version bigint, more text)",
        "CREATE SCHEMA like_ours",
        "CREATE TABLE like_ours.meta (program text, version bigint)",
        "INSERT INTO like_ours.meta VALUES ('cron', 1)",
        "CREATE SCHEMA empty",
    )

    async def main() -> None:
        assert await namespaces(postgres_dsn) == ()
        for name in ("wio", "acme", "globex-2"):
            async with PostgresJournal(postgres_dsn, schema=name):
                pass
        await asyncio.to_thread(execute, postgres_dsn, *others)
        assert await namespaces(postgres_dsn) == ("acme", "globex-2", "wio")

    asyncio.run(main())


def test_a_schema_without_a_journal_is_not_made_unless_that_is_wanted(postgres_dsn: str) -> None:
    async def main() -> None:
        journal = PostgresJournal(postgres_dsn, schema="acme", create=False)
        with pytest.raises(NotAJournal, match="is not there"):
            await journal.open()
        assert await asyncio.to_thread(execute, postgres_dsn, "SELECT to_regnamespace('acme')") == [(None,)]
        async with PostgresJournal(postgres_dsn, schema="acme"):
            pass
        async with journal:
            assert await journal.find_all() == ()

    asyncio.run(main())


# Names


@pytest.mark.parametrize("name", ["wio", "acme", "a", "acme-2_b", "a" * 63])
def test_a_name_of_few_characters_is_one(name: str) -> None:
    assert checked_namespace(name) == name


@pytest.mark.parametrize(
    "name", ["", "Acme", "2", "a.b", "a/b", "../a", "a b", "é", "pg_a", "information_schema", "a" * 64, "a\n", "_a"]
)
def test_any_other_name_is_refused_in_every_store(name: str) -> None:
    with pytest.raises(WrongNamespace, match="Choose another name"):
        checked_namespace(name)
    with pytest.raises(WrongNamespace):
        file_of_namespace(Path("orders.db"), name)


def test_files_without_a_suffix_have_namespaces_too() -> None:
    assert file_of_namespace(Path("data/orders"), "acme") == Path("data/orders.acme")
    assert file_of_namespace(Path("data/orders.v1.db"), "acme") == Path("data/orders.v1.acme.db")
    assert file_of_namespace(Path("orders.db"), "wio") == Path("orders.db")
