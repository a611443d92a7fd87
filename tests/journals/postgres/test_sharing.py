"""Do processes share a journal in Postgres, also when they are killed, frozen, cut off or forgotten?"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from msgspec.structs import replace
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from journals.entries import Commit, Message, Payload, Status
from journals.errors import (
    InvalidCommit,
    JournalUnavailable,
    NotOwner,
    OwnedElsewhere,
    PayloadTooLarge,
    UnknownInstance,
)
from journals.laws.samples import AT, commit, entry
from journals.ports import Member
from journals.postgres import PostgresJournal
from journals.postgres.connections import connector
from journals.postgres.feed import feed_statements
from journals.postgres.heartbeat import Asking, Heartbeat
from journals.postgres.schema import MIGRATIONS
from journals.postgres.sharing import sharing_statements
from journals.postgres.statements import statements
from journals.sharing import MOST_ENTRIES_CLAIMED, Answered, Lost, Mail, Notice, Released, Rested, Work
from journals.storetime import StoreClock
from tests.journals.postgres.test_journal import OTHERS, execute
from tests.journals.proxy import Fault, proxied
from tests.postgres_server import Server

ROOT = Path(__file__).parents[3]
KNOWS = [("workflow", 1)]
LONG = timedelta(seconds=60)
SHORT = timedelta(seconds=1)
LATER = datetime(9000, 1, 1, tzinfo=UTC)
WORD = Payload("Word", 3, '"word"')
_WAITS_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_UNSEEN_MESSAGE = b"""
INSERT INTO wio.messages (instance_id, operation, name, key, sent_at)
VALUES ('a', 'signal', 'approve', 'key', clock_timestamp())
"""
WAYS: dict[str, dict[str, Any]] = {
    "listening": {},
    "polling, on one connection, without prepared statements": {"listen": False, "prepare": False, "pool_size": 1},
}


class Heard:
    """Is what was heard, and may be waited for."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self._news = asyncio.Event()

    def __call__(self, notice: Notice) -> None:
        self.notices.append(notice)
        self._news.set()

    async def of(self, wanted: Notice) -> None:
        """Return when that was heard, and forget everything."""
        async with asyncio.timeout(30):
            while wanted not in self.notices:
                self._news.clear()
                await self._news.wait()
        self.notices.clear()


async def until(holds: Callable[[], Any]) -> None:
    """Return when something holds that can only be looked for again and again."""
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def joined(
    dsn: str, name: str = "one", *, lease: timedelta = LONG, **settings: Any
) -> AsyncGenerator[tuple[PostgresJournal, Member, Heard]]:
    """Yield a journal with one member that leaves at the end."""
    heard = Heard()
    async with PostgresJournal(dsn, **settings) as journal:
        member = await journal.join(name, KNOWS, heard, lease=lease)
        yield journal, member, heard
        await member.leave()


def due(name: str) -> Commit:
    """Return the start of an instance that waits to be claimed."""
    return commit(name, 0, wake_up=AT)


def by(member: Member | int, step: Commit) -> Commit:
    return replace(step, owner=member if isinstance(member, int) else member.epoch)


def message(instance_id: str, key: str = "key", payload: Payload | None = WORD) -> Message:
    return Message(instance_id, "signal", "approve", payload, key)


def ids(claims: Any) -> list[str]:
    return [claimed.record.id for claimed in claims.claimed]


# One after another


@pytest.mark.parametrize("way", WAYS)
def test_a_message_reaches_the_owner_and_its_answer_the_sender(way: str, postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn, **WAYS[way]) as (_, member, heard), PostgresJournal(postgres_dsn) as client:
            answers = Heard()
            listener = await PostgresJournal.listen(client, answers)
            await client.commit(due("a"))
            await heard.of(Work())
            assert ids(await member.claim(10)) == ["a"]
            posted = await client.post(message("a"))
            assert await client.post(message("a")) == posted
            await heard.of(Mail("a"))
            (found,) = await member.messages(["a", "unknown", "a\0b", "a"])
            assert found == attrs.evolve(message("a"), id=posted.id)
            await member.answer([(found.id, WORD)])
            await member.answer([(found.id, Payload("Late", 1, "0"))])
            await answers.of(Answered(posted.id))
            assert await client.answer_to(posted.id) == WORD
            assert await member.messages(["a"]) == ()
            await listener.close()
            await listener.close()

    asyncio.run(story())


@pytest.mark.parametrize("way", WAYS)
def test_who_rests_is_told_to_everybody(way: str, postgres_dsn: str) -> None:
    async def story() -> None:
        heard, long = Heard(), ["ü😀" * 100, *(f"{number} {'é' * 190}" for number in range(60))]
        async with joined(postgres_dsn) as (journal, member, _), PostgresJournal(postgres_dsn, **WAYS[way]) as other:
            listener = await other.listen(heard)
            for status in (Status.PAUSED, Status.STUCK, Status.COMPLETED):
                await journal.commit(by(member, commit(status.value, 0, status=status)))
                await heard.of(Rested(status.value))
            ends = [by(member, commit(name, 0, status=Status.FAILED)) for name in long]
            await asyncio.gather(*map(journal.commit, ends))
            for name in (long[-1], *long[:1]):
                async with asyncio.timeout(30):
                    while Rested(name) not in heard.notices:
                        await asyncio.sleep(0.01)
            assert {Rested(name) for name in long} <= set(heard.notices)
            await listener.close()

    asyncio.run(story())


def test_what_is_claimed_comes_with_its_entries_when_they_are_few(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _):
            many = [entry(seq) for seq in range(1, MOST_ENTRIES_CLAIMED + 2)]
            for number, entries in enumerate((many, many[:-1], many[:1])):
                await journal.commit(commit(f"{number}", 0, entries, wake_up=AT + timedelta(seconds=number)))
            await journal.post(message("2"))
            claims = await member.claim(2)
            # What is asked for something has waited since its last commit.
            assert [(each.entries, each.has_mail) for each in claims.claimed] == [
                (None, False),
                (tuple(many[:1]), True),
            ]
            assert claims.next_due is not None
            assert claims.next_due <= AT + timedelta(seconds=1)
            (last,) = (await member.claim(5)).claimed
            assert (last.entries, last.has_mail) == (tuple(many[:-1]), False)
            assert last.record == await journal.find("1")
            assert await member.claim(5) == attrs.evolve(claims, claimed=(), next_due=None)

    asyncio.run(story())


def test_the_time_of_the_claim_may_be_given(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _):
            await journal.commit(commit("a", 0, status=Status.WAITING, wake_up=LATER))
            claims = await member.claim(1)
            assert (claims.claimed, claims.next_due) == ((), LATER)
            assert ids(await member.claim(1, now=LATER)) == ["a"]
            await member.release([Released("a", LATER)])
            assert await journal.owner("a") is None
            assert (await member.claim_instance("a")).record.wake_up == LATER
            assert await journal.owner("a") == member.epoch

    asyncio.run(story())


def test_members_are_known_and_unknown_work_is_left(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn, "Ann") as (journal, ann, _), PostgresJournal(postgres_dsn) as other:
            ben = await other.join("Ben", [("other", 2), ("workflow", 2)], Heard())
            await journal.commit(due("a"))
            assert (await ben.claim(9)).claimed == ()
            assert ids(await ann.claim(9)) == ["a"]
            found = await journal.members()
            assert [(each.epoch, each.name, set(each.knows)) for each in found] == [
                (ann.epoch, "Ann", {("workflow", 1)}),
                (ben.epoch, "Ben", {("other", 2), ("workflow", 2)}),
            ]
            with pytest.raises(OwnedElsewhere, match=f"member {ann.epoch}"):
                await ben.claim_instance("a")
            with pytest.raises(UnknownInstance):
                await ben.claim_instance("b\0")
            await ben.leave()
            assert [each.name for each in await journal.members()] == ["Ann"]

    asyncio.run(story())


def test_the_time_of_the_database_never_goes_back(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn, lease=timedelta(seconds=2)) as (_, member, _):
            times = [member.now()]
            lately = execute(postgres_dsn, "SELECT clock_timestamp()")[0][0]
            while member.now() < lately + timedelta(seconds=1.2):
                times.append(member.now())
                await asyncio.sleep(0)
            assert times == sorted(times)
            assert abs(member.now() - execute(postgres_dsn, "SELECT clock_timestamp()")[0][0]) < timedelta(seconds=2)
            assert member.now().tzinfo is UTC

    asyncio.run(story())


# Commits of owners


def test_only_the_owner_commits(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _), joined(postgres_dsn, "two") as (_, other, _):
            start = by(member, commit("a", 0))
            await journal.commit(start)
            await journal.commit(start)
            assert await journal.owner("a") == member.epoch
            for stranger in (by(other, commit("a", 1)), commit("a", 1), by(99, commit("a", 1)), by(99, commit("b", 0))):
                with pytest.raises(NotOwner, match="does not own"):
                    await journal.commit(stranger)
            await journal.commit(by(member, commit("a", 1, status=Status.COMPLETED)))
            assert await journal.owner("a") is None
            with pytest.raises(NotOwner):
                await journal.commit(by(member, commit("a", 2)))
            await journal.commit(start)
            assert [found.seq for found in await journal.read("a")] == [1, 2]
            with pytest.raises(UnknownInstance):
                await journal.commit(by(member, commit("b", 1)))

    asyncio.run(story())


def test_a_step_of_an_owner_is_one_round_trip_and_writes_to_no_index_of_instances(postgres_dsn: str) -> None:
    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), joined(dsn, lease=timedelta(hours=1)) as (journal, member, _):
            await journal.commit(due("a"))
            await member.claim(1)
            await journal.commit(by(member, commit("a", 1)))
            before = (proxy.round_trips, proxy.executed)
            for expected in range(2, 22):
                await journal.commit(by(member, commit("a", expected)))
            assert (proxy.round_trips - before[0], proxy.executed - before[1]) == (20, 20)
        stats = "SELECT n_tup_upd - n_tup_hot_upd, n_tup_upd FROM pg_stat_user_tables WHERE relname = 'instances'"
        await until(lambda: execute(postgres_dsn, stats)[0][1] >= 23)
        # The claim, the step that set wake_up to null, and leaving.
        assert execute(postgres_dsn, stats) == [(3, 23)]

    asyncio.run(story())


@pytest.mark.parametrize("fault", [None, *Fault])
def test_mail_goes_out_with_its_commit_once(fault: Fault | None, postgres_dsn: str) -> None:
    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), joined(dsn) as (journal, member, heard):
            for name in ("a", "b", "c"):
                await journal.commit(by(member, commit(name, 0)))
            await member.release([Released("c", None)])
            mail = tuple(message(name) for name in ("b", "c", "unknown"))
            proxy.fault = fault
            await journal.commit(replace(by(member, commit("a", 1)), mail=mail))
            assert proxy.cuts == (fault is not None)
            await heard.of(Mail("b"))
            assert ids(await member.claim(5)) == ["c"]
            assert [each.instance_id for each in await member.messages(["a", "b", "c"])] == ["b", "c"]
            refused = replace(commit("a", 2), mail=(message("b", "another"),))
            with pytest.raises(NotOwner):
                await journal.commit(refused)
            assert len(await member.messages(["b"])) == 1

    asyncio.run(story())


def test_messages_are_refused_where_they_cannot_be_kept(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn, limit_bytes=100) as (journal, member, _):
            with pytest.raises(UnknownInstance):
                await journal.post(message("a"))
            await journal.commit(by(member, commit("a", 0)))
            with pytest.raises(PayloadTooLarge):
                await journal.post(message("a", payload=Payload("Word", 1, "é" * 51)))
            for key in ("\ud800", "a\0b"):
                with pytest.raises(InvalidCommit):
                    await journal.post(message("a", key))
            with pytest.raises(InvalidCommit):
                await journal.post(message("a\0b"))
            kept = [await journal.post(message("a", "k" * 10_000 + end)) for end in "xyx"]
            assert kept[0] == kept[2] != kept[1]
            assert await journal.answer_to(kept[0].id) is None
            assert await journal.answer_to(2**70) is None
            await journal.commit(by(member, commit("a", 1, status=Status.COMPLETED)))
            assert (await journal.post(message("a", "late"))).is_over
            assert len(await member.messages(["a"])) == 2
            ended = await member.claim_instance("a")
            assert (ended.record.status, await journal.owner("a")) == (Status.COMPLETED, None)

    asyncio.run(story())


def test_a_message_while_its_instance_is_released_is_found(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _), PostgresJournal(postgres_dsn) as client:
            await journal.commit(by(member, commit("a", 0, status=Status.WAITING)))
            for number in range(100):
                await asyncio.gather(member.release([Released("a", None)]), client.post(message("a", f"{number}")))
                (claimed,) = (await member.claim(1)).claimed
                assert claimed.has_mail
                (found,) = await member.messages(["a"])
                await member.answer([(found.id, WORD)])

    asyncio.run(story())


def test_a_message_while_what_is_due_is_claimed_is_found(postgres_dsn: str) -> None:
    """It is stored after the claim has begun to look, and before it takes the instance."""

    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _), PostgresJournal(postgres_dsn) as client:
            await journal.commit(due("a"))
            async with await AsyncConnection.connect(postgres_dsn) as other:
                await other.execute("SELECT 1 FROM wio.members FOR UPDATE")
                claiming = asyncio.create_task(member.claim(1))
                await until(lambda: execute(postgres_dsn, _WAITS_FOR_A_LOCK))
                await client.post(message("a"))
                await other.commit()
            (claimed,) = (await claiming).claimed
            assert claimed.has_mail

    asyncio.run(story())


def test_a_message_while_one_instance_is_claimed_is_found(postgres_dsn: str) -> None:
    """The claim waits for the one who is just storing it."""

    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _):
            await journal.commit(due("a"))
            async with await AsyncConnection.connect(postgres_dsn) as sender:
                await sender.execute("UPDATE wio.instances SET wake_up = now()")
                claiming = asyncio.create_task(member.claim_instance("a"))
                await until(lambda: execute(postgres_dsn, _WAITS_FOR_A_LOCK))
                await sender.execute(_UNSEEN_MESSAGE)
                await sender.commit()
            assert (await claiming).has_mail

    asyncio.run(story())


def test_what_is_claimed_without_mail_is_not_looked_at_for_it(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _):
            await journal.commit(due("a"))
            (claimed,) = (await member.claim(1)).claimed
            assert not claimed.has_mail
            assert not (await member.claim_instance("a")).has_mail

    asyncio.run(story())


def test_a_message_while_its_instance_is_freed_is_found(postgres_dsn: str) -> None:
    """Its sender still saw the dead owner, and those who freed the instance did not see the message."""

    async def story() -> None:
        async with (
            PostgresJournal(postgres_dsn) as journal,
            await connector(postgres_dsn, LONG, LONG, prepare=False)() as connection,
        ):
            member = await journal.join("dead", KNOWS, Heard())
            await journal.commit(by(member, commit("a", 0, status=Status.WAITING)))
            await asyncio.to_thread(execute, postgres_dsn, "DELETE FROM wio.members")
            asking = Asking(sharing_statements("wio"), False)
            heart = Heartbeat(asking, 0, "", 1, StoreClock(AT))
            assert await heart.tidy(connection)
            await asyncio.to_thread(execute, postgres_dsn, _UNSEEN_MESSAGE.decode())
            while await heart.tidy(connection):
                pass
            async with joined(postgres_dsn) as (_, other, _):
                (claimed,) = (await other.claim(1)).claimed
                assert claimed.has_mail

    asyncio.run(story())


def test_a_stricter_isolation_of_the_session_does_no_harm(postgres_dsn: str) -> None:
    strict = make_conninfo(postgres_dsn, options="-c default_transaction_isolation=serializable")

    async def story() -> None:
        async with joined(strict) as (journal, one, _), joined(strict, "two") as (_, two, _):
            names = [f"{number:02}" for number in range(20)]
            await asyncio.gather(*(journal.commit(due(name)) for name in names))
            found: list[str] = []
            while len(found) < 20:
                for claims in await asyncio.gather(one.claim(3), two.claim(3)):
                    found += ids(claims)
            assert sorted(found) == names
            await asyncio.gather(*(journal.post(message("00", f"{number % 5}")) for number in range(20)))
            await asyncio.gather(one.release([Released("00", None)]), two.release([Released("00", None)]))
            (claimed,) = (await one.claim(3)).claimed
            assert claimed.has_mail
            assert len(await one.messages(["00"])) == 5

    asyncio.run(story())


def test_what_two_members_claim_at_once_is_divided_among_them(postgres_dsn: str) -> None:
    """Nobody gets what another one has got, and nothing is left."""

    async def story() -> None:
        async with joined(postgres_dsn) as (journal, one, _), joined(postgres_dsn, "two") as (_, two, _):
            names = [f"{number:03}" for number in range(200)]
            await asyncio.gather(*(journal.commit(due(name)) for name in names))
            found: list[str] = []
            while len(found) < 200:
                for claims in await asyncio.gather(one.claim(7), two.claim(7)):
                    found += ids(claims)
            assert sorted(found) == names

    asyncio.run(story())


def test_the_answer_to_a_claim_may_be_lost(postgres_dsn: str) -> None:
    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), joined(dsn) as (journal, member, _):
            await journal.commit(by(member, commit("mine", 0)))
            for fault in Fault:
                await journal.commit(due(fault.value))
                proxy.fault = fault
                assert ids(await member.claim(5)) == [fault.value]
            assert proxy.cuts == len(Fault)

    asyncio.run(story())


# Death


PREAMBLE = """
import asyncio, sys
from datetime import timedelta
from msgspec.structs import replace
from journals.errors import NotOwner
from journals.laws.samples import commit
from journals.postgres import PostgresJournal
from journals.sharing import Lost, Work
dsn, lease = sys.argv[1:]
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
    async with PostgresJournal(dsn) as journal:
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

OPEN = """
async def main():
    say("ready")
    await line()
    async with PostgresJournal(dsn) as journal:
        member, lost = await joined(journal)
        await member.leave()
asyncio.run(main())
"""


@contextlib.contextmanager
def child(source: str, dsn: str, lease: float = 60) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs the source; yields it and the first line that it says."""
    command = [sys.executable, "-c", PREAMBLE + source, dsn, str(lease)]
    started = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        yield started, started.stdout.readline().strip()
    finally:
        started.kill()
        started.communicate()


FORGET_THE_PROCESS = "UPDATE wio.members SET process = 'elsewhere 1 2 3' WHERE name = 'child'"


@pytest.mark.parametrize("is_known", [True, False])
def test_a_killed_process_is_followed_at_once_here_and_else_after_its_lease(is_known: bool, postgres_dsn: str) -> None:
    """What it owned is claimed by another; on its own machine that does not wait for the lease."""

    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(commit("w", 0, status=Status.WAITING, wake_up=AT))
            with child(OWN, postgres_dsn, lease=600 if is_known else 1.5) as (process, said):
                assert said.endswith(" 1")
                async with joined(postgres_dsn, lease=timedelta(seconds=4)) as (_, member, heard):
                    assert (await member.claim(1)).claimed == ()
                    os.kill(process.pid, signal.SIGKILL)
                    if not is_known:  # The lease is not renewed any more, and nobody can look whether it lives.
                        await asyncio.to_thread(execute, postgres_dsn, FORGET_THE_PROCESS)
                    heard.notices.clear()
                    await heard.of(Work())
                    found = {claimed.record.id: claimed.record for claimed in (await member.claim(5)).claimed}
                    assert found["a"].status is Status.RUNNING
                    assert found.keys() == {"a", "w"}
                    assert [each.epoch for each in await journal.members()] == [member.epoch]

    asyncio.run(story())


def test_a_frozen_process_loses_what_it_had_and_hears_of_it(postgres_dsn: str) -> None:
    async def story() -> None:
        with child(OWN, postgres_dsn, lease=1) as (process, said):
            async with joined(postgres_dsn, lease=timedelta(seconds=2)) as (journal, member, heard):
                with pytest.raises(OwnedElsewhere):
                    await member.claim_instance("a")
                process.send_signal(signal.SIGSTOP)
                heard.notices.clear()
                await heard.of(Work())
                assert ids(await member.claim(5)) == ["a"]
                process.send_signal(signal.SIGCONT)
                assert process.stdout is not None
                assert await asyncio.to_thread(process.stdout.readline) == "refused\n"
                await journal.commit(by(member, commit("a", 1)))
                assert int(said.split()[0]) < member.epoch

    asyncio.run(story())


def test_a_member_that_leaves_gives_everything_back_at_once(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, other, heard):
            async with PostgresJournal(postgres_dsn) as leaving:
                member = await leaving.join("leaving", KNOWS, Heard())
                await leaving.commit(by(member, commit("running", 0)))
                await leaving.commit(by(member, commit("waiting", 0, status=Status.WAITING)))
                await leaving.commit(by(member, commit("later", 0, status=Status.WAITING, wake_up=LATER)))
                await leaving.commit(by(member, commit("asked", 0, status=Status.PAUSED)))
                await leaving.post(message("asked"))
                heard.notices.clear()
                leaves = [asyncio.create_task(member.leave()) for _ in range(2)]
                await asyncio.sleep(0)
                leaves[0].cancel()
                await leaves[1]
                await member.leave()
                await heard.of(Work())
                claims = await other.claim(9)
                assert (sorted(ids(claims)), claims.next_due) == (["asked", "running"], LATER)
                with pytest.raises(NotOwner):
                    await leaving.commit(by(member, commit("waiting", 1)))
                with pytest.raises(NotOwner):
                    await leaving.commit(by(member, commit("new", 0)))
                assert await member.claim(1) == attrs.evolve(claims, claimed=(), next_due=None)
                with pytest.raises(NotOwner):
                    await member.claim_instance("waiting")
            await journal.commit(commit("waiting", 1))

    asyncio.run(story())


def test_the_leases_of_ten_thousand_are_freed_in_parts(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, other, heard), PostgresJournal(postgres_dsn) as leaving:
            member = await leaving.join("leaving", KNOWS, Heard())
            starts = [by(member, commit(f"{number:05}", 0)) for number in range(2_500)]
            await asyncio.gather(*map(leaving.commit, starts))
            heard.notices.clear()
            await member.leave()
            await heard.of(Work())
            assert len((await other.claim(5_000)).claimed) == 2_500
            assert await journal.owner("00000") == other.epoch

    asyncio.run(story())


def test_what_a_dead_member_left_is_freed_by_the_next_when_the_finder_died_too(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            member = await journal.join("dead", KNOWS, Heard())
            await journal.commit(by(member, commit("a", 0)))
            await asyncio.to_thread(execute, postgres_dsn, "DELETE FROM wio.members")
            assert await journal.owner("a") is None
            await follows(postgres_dsn)

    asyncio.run(story())


def watches() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "wio watch"]


async def follows(dsn: str) -> None:
    """Return when a member has claimed what another left."""
    async with joined(dsn, lease=timedelta(seconds=4)) as (_, member, heard):
        while ids(await member.claim(5)) != ["a"]:
            await heard.of(Work())


def test_a_member_that_is_forgotten_without_leaving_is_gone(postgres_dsn: str) -> None:
    async def begin(journal: PostgresJournal) -> None:
        member = await journal.join("forgotten", KNOWS, Heard(), lease=timedelta(minutes=10))
        await journal.commit(by(member, commit("a", 0)))

    async def story() -> None:
        before = watches()
        async with PostgresJournal(postgres_dsn) as journal:
            await begin(journal)
            (watch,) = set(watches()) - set(before)
            gc.collect()
            await follows(postgres_dsn)
            await until(lambda: not watch.is_alive())

    asyncio.run(story())


@pytest.mark.filterwarnings("ignore:.*was deleted while still open")
def test_a_member_whose_event_loop_is_closed_is_gone(postgres_dsn: str) -> None:
    async def begin() -> tuple[PostgresJournal, Member]:
        journal = PostgresJournal(postgres_dsn)
        await journal.open()
        member = await journal.join("stopped", KNOWS, Heard(), lease=timedelta(minutes=10))
        await journal.commit(by(member, commit("a", 0)))
        return journal, member

    left = asyncio.run(begin())
    asyncio.run(follows(postgres_dsn))
    assert left
    del left
    gc.collect()


# Connections and servers that die


def test_a_watch_whose_connection_is_lost_connects_again(postgres_dsn: str) -> None:
    end = f"SELECT pg_terminate_backend(pid) {OTHERS.partition(' pid ')[2]}"

    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, heard):
            heard.notices.clear()
            await asyncio.to_thread(execute, postgres_dsn, end)
            await heard.of(Work())
            await journal.commit(by(member, commit("a", 0)))
            await journal.post(message("a"))
            await heard.of(Mail("a"))

    asyncio.run(story())


def test_a_member_that_cannot_reach_the_server_hears_that_it_is_none(own_postgres: Server) -> None:
    async def story() -> None:
        heard = Heard()
        async with PostgresJournal(own_postgres.dsn, patience=timedelta(seconds=0.5)) as journal:
            member = await journal.join("one", KNOWS, heard, lease=SHORT)
            await asyncio.to_thread(own_postgres.stop)
            await heard.of(Lost(member.epoch))
            assert (await member.claim(1)).claimed == ()
            await member.leave()
            with pytest.raises(JournalUnavailable):
                await journal.join("two", KNOWS, heard)
            await asyncio.to_thread(own_postgres.start)
            again = await journal.join("two", KNOWS, heard)
            assert again.epoch > member.epoch
            await again.leave()

    asyncio.run(story())


def test_a_busy_event_loop_loses_no_lease(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn, lease=SHORT) as (journal, member, heard):
            busy_until = time.monotonic() + 2 * SHORT.total_seconds()
            while time.monotonic() < busy_until:
                pass
            await journal.commit(by(member, commit("a", 0)))
            assert Lost(member.epoch) not in heard.notices

    asyncio.run(story())


# The schema


def test_a_store_of_version_1_is_migrated_by_several_processes_at_once(postgres_dsn: str) -> None:
    """One migrates, the others wait for it, and what an older release has stored is there."""
    first = MIGRATIONS[0].replace("{schema}", "wio")
    rows = """
        INSERT INTO wio.instances
            (id, workflow, version, status, finished, last_seq, wake_up, detail, started_at, updated_at)
        SELECT n::text, 'workflow', 1, s, s = 'completed', 1, w, '', now(), now() FROM (VALUES
            (1, 'running', NULL), (2, 'waiting', NULL), (3, 'waiting', now()),
            (4, 'completed', NULL), (5, 'paused', NULL)
        ) AS v (n, s, w)
    """
    entries = """
        INSERT INTO wio.entries (instance_id, seq, kind, address, recorded_at, token)
        SELECT id, 1, 'started', '', now(), 'token' FROM wio.instances
    """
    execute(postgres_dsn, "CREATE SCHEMA wio", first, "UPDATE wio.meta SET version = 1", rows, entries)
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(child(OPEN, postgres_dsn)) for _ in range(4)]
        for process, said in started:
            assert said == "ready"
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process, _ in started:
            assert process.wait(60) == 0

    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _):
            assert sorted(ids(await member.claim(9))) == ["1", "2", "3"]
            assert len(await journal.find_all()) == 5
            assert len(await journal.read("4")) == 1

    asyncio.run(story())


FILL = (
    """
    INSERT INTO wio.members (name, process, knows, joined_at, alive_until)
    SELECT '', '', '', now(), now() FROM generate_series(1, 5)
    """,
    """
    INSERT INTO wio.messages (instance_id, operation, name, key, sent_at, answered_at)
    SELECT n::text, '', '', n::text, now(), CASE WHEN n % 2 = 0 THEN now() END FROM generate_series(1, 40) AS n
    """,
    """
    INSERT INTO wio.instances
        (id, workflow, version, status, finished, last_seq, wake_up, detail, started_at, updated_at, owner)
    SELECT n::text, 'workflow', 1, '', n % 2 = 0, 1, now(), '', now(), now(), CASE WHEN n % 3 = 0 THEN n % 5 END
    FROM generate_series(1, 40) AS n
    """,
    """
    INSERT INTO wio.entries (instance_id, seq, kind, address, recorded_at, token)
    SELECT n::text, 1, '', '', now(), '' FROM generate_series(1, 40) AS n
    """,
    "INSERT INTO wio.rests SELECT n::text, now() FROM generate_series(1, 40) AS n",
    """
    INSERT INTO wio.attributes (instance_id, name, type, value, started_at)
    SELECT n::text, 'a', 's', '', now() FROM generate_series(1, 40) AS n
    """,
    """
    INSERT INTO wio.outbox (lane, instance_id, seq, topic, type, version, payload, at)
    SELECT '', n::text, 1, '', '', 1, '', now() FROM generate_series(1, 40) AS n
    """,
    """
    INSERT INTO wio.changes (position, subscriber, instance_id, workflow, version, last_seq, detail, at)
    SELECT CASE WHEN n % 2 = 0 THEN n END, CASE WHEN n % 4 = 0 THEN 'a' ELSE '' END, '', '', 1, 1, '', now()
    FROM generate_series(1, 40) AS n
    """,
    """
    INSERT INTO wio.deliveries (lane, instance_id, waiting, due, claimed)
    SELECT '', n::text, 1, now(), CASE WHEN n % 3 = 0 THEN n % 5 END FROM generate_series(1, 40) AS n
    """,
)
SMALL = (
    "members_pkey",
    "pollers_pkey",
    "subscribers_pkey",
    "feed_pkey",
    "changes_fresh",
    "disabled_pkey",
    "messages_open",
    "instances_owned on instances ",
)
"""Are indexes with few rows: processes, what is disabled, new changes, open messages. Of the last only one is read."""

SHARING = [field.name for field in attrs.fields(type(sharing_statements("wio")))]
COMMITS = ["commit", "commit_and_tell", "commit_and_label", "commit_and_publish", "losers"]
FEED = [field.name for field in attrs.fields(type(feed_statements("wio")))]
WHOLE = ("join", "listen", "outbox", "subscribe", "unsubscribe", "subscribers")
"""Are statements that read no table, or, for people, a whole one."""


@pytest.mark.parametrize("question", [*COMMITS, *(each for each in (*SHARING, *FEED) if each not in WHOLE)])
def test_no_statement_reads_a_whole_table_however_small_it_is(question: str, postgres_dsn: str) -> None:
    """A plan that is made for small tables is kept while they grow."""
    every = (sharing_statements("wio"), statements("wio"), feed_statements("wio"))
    found = next(each for each in every if hasattr(each, question))

    async def plan() -> list[str]:
        async with PostgresJournal(postgres_dsn):
            await asyncio.to_thread(execute, postgres_dsn, *FILL)
        connection = await connector(postgres_dsn, LONG, LONG, prepare=True)()
        async with connection:
            await connection.execute("ANALYZE")
            cursor = await connection.execute(b"EXPLAIN (GENERIC_PLAN) " + getattr(found, question))
            return [row[0] for row in await cursor.fetchall()]

    lines = asyncio.run(plan())
    for bad in ("Seq Scan", "Hash Join", "Merge Join"):
        assert not any(bad in line for line in lines), lines
    for line, next_line in itertools.pairwise([*lines, ""]):
        if "Scan using" in line and not any(few in line for few in SMALL):
            assert "Index Cond" in next_line, (line, lines)


def test_a_claim_costs_what_is_ready_and_not_what_exists(postgres_dsn: str) -> None:
    """Whatever has ended, sleeps, is owned, or is of a workflow that nobody here knows."""
    fill = """
        INSERT INTO wio.instances (
            id, workflow, version, status, finished, last_seq, wake_up, detail, started_at, updated_at, owner
        )
        SELECT n::text, CASE n % 5 WHEN 0 THEN 'other' ELSE 'workflow' END, 1, 'waiting', n % 5 = 1, 1,
            CASE WHEN n % 5 = 2 THEN timestamptz '9000-01-01' WHEN n % 5 < 4 THEN now() END,
            '', now(), now(), CASE WHEN n % 5 = 3 THEN 1 END
        FROM generate_series(1, 20000) AS n
    """

    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _):
            await asyncio.to_thread(execute, postgres_dsn, fill, "VACUUM ANALYZE wio.instances")
            await journal.commit(due("a"))
        connection = await connector(postgres_dsn, LONG, LONG, prepare=True)()
        async with connection:
            text = sharing_statements("wio").claim.decode()
            for number, value in enumerate((f"{member.epoch}", "{workflow}", "{1}", "10", None), 1):
                text = text.replace(f"${number}::", "NULL::" if value is None else f"'{value}'::")
            cursor = await connection.execute(("EXPLAIN (ANALYZE, BUFFERS, COSTS off) " + text).encode())
            plan = [row[0] for row in await cursor.fetchall()]
        touched = buffers(plan)
        assert touched < 100, "\n".join(plan)

    asyncio.run(story())


def buffers(plan: Sequence[str]) -> int:
    """Return how many pages the outermost node of a plan has touched."""
    line = next(line for line in plan if "Buffers:" in line)
    return sum(int(part.partition("=")[2]) for part in line.split() if part.startswith(("hit=", "read=")))


def test_old_messages_are_deleted(postgres_dsn: str) -> None:
    async def story() -> None:
        async with joined(postgres_dsn) as (journal, member, _):
            await journal.commit(by(member, commit("a", 0)))
            posted = [await journal.post(message("a", key)) for key in ("old", "new", "open")]
            await member.answer([(each.id, WORD) for each in posted[:2]])
            age = "UPDATE wio.messages SET {} = now() - interval '2 hours' WHERE key = '{}'"
            statements_ = [age.format("answered_at", "old"), age.format("sent_at", "open")]
            await asyncio.to_thread(execute, postgres_dsn, *statements_, sharing_statements("wio").prune.decode())
            assert [await journal.answer_to(each.id) for each in posted] == [None, WORD, None]
            assert len(await member.messages(["a"])) == 1

    asyncio.run(story())


def test_old_messages_are_deleted_as_fast_as_they_come(postgres_dsn: str) -> None:
    """Once in ten beats, and then all of them: a busy process stores thousands between."""
    fill = """
    INSERT INTO wio.messages (instance_id, operation, name, key, sent_at, answered_at)
    SELECT 'a', 'signal', 'word', n::text, now() - interval '2 hours', now() - interval '2 hours'
    FROM generate_series(1, 2500) AS n
    """

    async def story() -> None:
        async with joined(postgres_dsn) as (_, member, _):
            await asyncio.to_thread(execute, postgres_dsn, fill)
            asking = Asking(sharing_statements("wio"), True)
            heart = Heartbeat(asking, member.epoch, "token", 10.0, StoreClock(datetime.now(UTC)))
            async with await connector(postgres_dsn, LONG, LONG, prepare=True)() as connection:
                for _ in range(10):
                    while await heart.tidy(connection):
                        pass
                cursor = await connection.execute(b"SELECT count(*) FROM wio.messages")
                assert await cursor.fetchone() == (0,)

    asyncio.run(story())
