"""Is what an effect writes stored exactly once, together with its event, whatever happens on the way?"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from returns.result import Failure, Success

from interpreters import InstancePaused, Runtime
from interpreters.runtime.instance import Instance
from journals.entries import Kind
from journals.errors import JournalUnavailable, NoTransactions
from journals.faulty import AFTER_COMMIT, BEFORE_COMMIT, Fail, FaultPoints, FaultyJournal, Point
from journals.memory import InMemoryJournal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal
from tests.journals.proxy import Fault, proxied
from tests.runtime.running import APPROVE, NO_GRACE, Approval, approval, run, workflow
from wio import Fixed, Rest, Retry, Workflow, compute, parallel, run_in_transaction, run_io

T = TypeVar("T")
Lent = AsyncConnection[Any]
Effect = Callable[[int, Lent], Awaitable[int]]
REFUSE_THE_END = """
CREATE TABLE ends (); CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not so'; END $$;
CREATE CONSTRAINT TRIGGER at_the_end AFTER INSERT ON ends DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION refuse_the_end() RETURNS void LANGUAGE sql AS 'INSERT INTO ends DEFAULT VALUES'
"""
AT_ONCE = Retry(attempts=5, backoff=Fixed(timedelta(0)))


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    """Return a database with a table of the user's."""
    execute(postgres_dsn, "CREATE TABLE booked (id text PRIMARY KEY, amount int)")
    return postgres_dsn


def execute(dsn: str, text: str) -> list[tuple[Any, ...]]:
    """Run a statement as somebody else would."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def booked(dsn: str) -> list[tuple[Any, ...]]:
    """Return what users have written."""
    return execute(dsn, "SELECT id, amount FROM booked ORDER BY id")


class Booking:
    """Is an effect that writes a row, and counts its runs; `during` may do more after that."""

    def __init__(self, during: Callable[[int, Lent], Awaitable[None]] | None = None, id: str = "row") -> None:
        self.runs = 0
        self._during = during
        self._id = id

    async def __call__(self, value: int, connection: Lent) -> int:
        """Write."""
        self.runs += 1
        await connection.execute("INSERT INTO booked VALUES (%s, %s)", [self._id, value])
        if self._during is not None:
            await self._during(self.runs, connection)
        return value + 1

    def flow(self, **how: Any) -> Workflow[Any, Any, Any]:
        """Return a workflow of this effect."""
        return workflow(run_in_transaction(self, event=int, name="book", **how))


async def outcome(journal: Any, flow: Workflow[Any, Any, Any], **how: Any) -> tuple[Any, list[Any]]:
    """Run one instance. Return its result, or the error that says that it is paused, and its entries."""
    async with Runtime(journal, [flow], grace=NO_GRACE, **how) as runtime:
        instance = await runtime.start(flow, id="a", input=5)
        try:
            result: Any = await instance.result()
        except InstancePaused as paused:
            result = paused
        return result, [entry.kind for entry in await instance.history()]


DONE = [Kind.STARTED, Kind.EVENT, Kind.COMPLETED]


@pytest.mark.parametrize("pool_size", [1, 4])
@pytest.mark.parametrize("prepare", [True, False])
def test_what_is_written_and_the_event_are_stored_together(dsn: str, pool_size: int, prepare: bool) -> None:
    """On one connection for the journal, too: steps in transactions have their own."""
    booking = Booking()
    journal = PostgresJournal(dsn, pool_size=pool_size, prepare=prepare, most_transactions=1)
    assert run(outcome(journal, booking.flow())) == (Success(6), DONE)
    assert (booked(dsn), booking.runs) == ([("row", 5)], 1)


def test_it_takes_three_round_trips_besides_those_of_the_effect(dsn: str) -> None:
    """BEGIN, the statement of the commit, and COMMIT."""
    trips: list[int] = []

    async def story() -> None:
        async with proxied(dsn) as (proxy, through):

            async def first(value: int, connection: Lent) -> int:
                del connection
                return value

            async def counted(value: int, connection: Lent) -> int:
                del connection
                trips.append(proxy.round_trips)
                return value

            step = run_in_transaction(counted)
            flow = workflow(run_in_transaction(first) >> step >> step.named("again"))
            journal = PostgresJournal(through)
            async with Runtime(journal, [flow], grace=NO_GRACE) as runtime:
                await (await runtime.start(flow, id="a", input=1)).result()

    run(story())
    assert trips[1] - trips[0] == 3


def test_an_error_of_the_effect_rolls_back_and_the_policy_tries_again(dsn: str) -> None:
    """Of the attempt that failed nothing is written."""

    async def fail_once(runs: int, _connection: Lent) -> None:
        if runs == 1:
            raise OSError("not yet")

    booking = Booking(fail_once)
    result, kinds = run(outcome(PostgresJournal(dsn), booking.flow(retry=AT_ONCE)))
    assert (result, kinds) == (Success(6), [Kind.STARTED, Kind.ATTEMPT_FAILED, Kind.EVENT, Kind.COMPLETED])
    assert (booked(dsn), booking.runs) == ([("row", 5)], 2)


def test_an_error_without_a_policy_pauses_and_leaves_nothing_written(dsn: str) -> None:
    async def refuse(_runs: int, connection: Lent) -> None:
        await connection.execute("INSERT INTO booked VALUES ('row', 1)")

    result, kinds = run(outcome(PostgresJournal(dsn), Booking(refuse).flow()))
    assert "UniqueViolation" in str(result)
    assert kinds == [Kind.STARTED, Kind.ATTEMPT_FAILED]
    assert booked(dsn) == []


def test_an_event_that_cannot_be_kept_pauses_and_leaves_nothing_written(dsn: str) -> None:
    async def wrong(value: int, connection: Lent) -> object:
        await connection.execute("INSERT INTO booked VALUES ('row', %s)", [value])
        return object()

    result, kinds = run(outcome(PostgresJournal(dsn), workflow(run_in_transaction(wrong, event=int, retry=AT_ONCE))))
    assert isinstance(result, InstancePaused)
    assert kinds == [Kind.STARTED, Kind.ATTEMPT_FAILED]
    assert booked(dsn) == []


def test_a_domain_error_keeps_what_was_written(dsn: str) -> None:
    """What the effect returns is an event like any other; to take back what it has written, it raises."""
    booking = Booking()
    flow = workflow(run_in_transaction(booking, lambda _, event: Failure(f"no {event}"), event=int, name="book"))
    result, _ = run(outcome(PostgresJournal(dsn), flow))
    assert result == Failure("no 6")
    assert booked(dsn) == [("row", 5)]


def test_a_conflict_is_tried_again_unseen(dsn: str) -> None:
    """Fault 60: others have changed the row that the transaction has read; it is rolled back and done again."""
    execute(dsn, "INSERT INTO booked VALUES ('stock', 10)")
    runs = []

    async def take(value: int, connection: Lent) -> int:
        runs.append(value)
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor = await connection.execute("SELECT amount FROM booked WHERE id = 'stock'")
        (left,) = await cursor.fetchone() or (0,)
        if len(runs) < 3:
            execute(dsn, "UPDATE booked SET amount = amount - 1 WHERE id = 'stock'")
        await connection.execute("UPDATE booked SET amount = %s WHERE id = 'stock'", [left - value])
        return int(left - value)

    assert run(outcome(PostgresJournal(dsn), workflow(run_in_transaction(take)))) == (Success(3), DONE)
    assert (booked(dsn), len(runs)) == ([("stock", 3)], 3)


def test_a_conflict_without_end_is_a_failure_at_last(dsn: str) -> None:
    runs = []

    async def conflict(value: int, _connection: Lent) -> int:
        runs.append(value)
        raise psycopg.errors.SerializationFailure("again")

    result, kinds = run(outcome(PostgresJournal(dsn), workflow(run_in_transaction(conflict))))
    assert "RolledBack" in str(result)
    assert (kinds, len(runs)) == ([Kind.STARTED, Kind.ATTEMPT_FAILED], 10)


def test_a_lost_connection_in_the_effect_is_tried_again_unseen(dsn: str) -> None:
    async def cut_once(runs: int, connection: Lent) -> None:
        if runs == 1:
            execute(dsn, f"SELECT pg_terminate_backend({connection.info.backend_pid})")
        await connection.execute("SELECT 1")

    booking = Booking(cut_once)
    assert run(outcome(PostgresJournal(dsn), booking.flow())) == (Success(6), DONE)
    assert (booked(dsn), booking.runs) == ([("row", 5)], 2)


@pytest.mark.parametrize("lost_statement", ["commit", "COMMIT"])
@pytest.mark.parametrize("fault", Fault)
def test_a_connection_that_is_cut_in_the_commit_stores_once(dsn: str, lost_statement: str, fault: Fault) -> None:
    """Fault 60: neither a lost commit nor a lost answer lets the effect count twice."""

    async def story() -> tuple[Any, list[Kind], int]:
        async with proxied(dsn) as (proxy, through):

            async def arm(_runs: int, _connection: Lent) -> None:
                proxy.cut_at(b"COMMIT" if lost_statement == "COMMIT" else b"WITH commits", fault)

            booking = Booking(arm_once := Once(arm))
            result, kinds = await outcome(PostgresJournal(through, prepare=False), booking.flow())
            assert (arm_once.done, proxy.cuts) == (True, 1)
            return result, kinds, booking.runs

    result, kinds, runs = run(story())
    assert (result, kinds) == (Success(6), DONE)
    assert booked(dsn) == [("row", 5)]
    assert runs == (1 if lost_statement == "COMMIT" and fault is not Fault.BEFORE_THE_STATEMENT else 2)


class Once:
    """Calls a function the first time only."""

    def __init__(self, function: Callable[[int, Lent], Awaitable[None]]) -> None:
        self._function = function
        self.done = False

    async def __call__(self, runs: int, connection: Lent) -> None:
        """Call it."""
        if not self.done:
            self.done = True
            await self._function(runs, connection)


def test_two_branches_write_at_once(dsn: str) -> None:
    """Both transactions are open at the same time; the second commit goes on from the first."""
    both = asyncio.Barrier(2)

    async def meet(_runs: int, _connection: Lent) -> None:
        await both.wait()

    one, two = (run_in_transaction(Booking(meet, id), event=int, name=id) for id in ("one", "two"))
    result, kinds = run(outcome(PostgresJournal(dsn), workflow(parallel(one, two))))
    assert result == Success((6, 6))
    assert kinds == [Kind.STARTED, Kind.EVENT, Kind.EVENT, Kind.COMPLETED]
    assert booked(dsn) == [("one", 5), ("two", 5)]


def test_two_branches_take_turns_where_the_isolation_is_strict(dsn: str) -> None:
    """The other's commit has changed the instance since: that is a conflict like any other."""
    both = asyncio.Barrier(2)

    async def meet(runs: int, _connection: Lent) -> None:
        if runs == 1:
            await both.wait()

    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    execute(dsn, f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'")
    bookings = [Booking(meet, id) for id in ("one", "two")]
    one, two = (run_in_transaction(each, event=int, name=f"{n}") for n, each in enumerate(bookings))
    result, kinds = run(outcome(PostgresJournal(dsn), workflow(parallel(one, two))))
    assert result == Success((6, 6))
    assert kinds == [Kind.STARTED, Kind.EVENT, Kind.EVENT, Kind.COMPLETED]
    assert booked(dsn) == [("one", 5), ("two", 5)]


def test_what_lost_a_race_leaves_nothing_written(dsn: str) -> None:
    """It is broken off when another branch decides, and rolled back."""
    written, is_over = asyncio.Event(), asyncio.Event()

    async def wait(_runs: int, _connection: Lent) -> None:
        written.set()
        try:
            await asyncio.Event().wait()
        finally:
            is_over.set()

    async def win(value: int) -> int:
        await written.wait()
        return value

    slow = run_in_transaction(Booking(wait), event=int, name="slow")
    result, _ = run(outcome(PostgresJournal(dsn), workflow(parallel(slow, run_io(win), join=1, rest=Rest.CANCEL))))
    assert isinstance(result, Success)
    assert is_over.is_set()
    assert booked(dsn) == []


def test_who_lost_the_instance_writes_nothing(dsn: str) -> None:
    """The commit is refused in the same statement, and all is rolled back; whoever owns it now does it."""

    async def lose(_runs: int, _connection: Lent) -> None:
        execute(dsn, "DELETE FROM wio.members")

    booking = Booking(Once(lose))
    assert run(outcome(PostgresJournal(dsn), booking.flow()))[0] == Success(6)
    assert booked(dsn) == [("row", 5)]


def test_an_error_that_was_caught_does_not_pass_for_success(dsn: str) -> None:
    async def swallow(_runs: int, connection: Lent) -> None:
        with contextlib.suppress(psycopg.DataError):
            await connection.execute("SELECT 1 / 0")

    result, kinds = run(outcome(PostgresJournal(dsn), Booking(swallow).flow()))
    assert "use a savepoint" in str(result)
    assert kinds == [Kind.STARTED, Kind.ATTEMPT_FAILED]
    assert booked(dsn) == []


def test_a_savepoint_lets_an_error_be_caught(dsn: str) -> None:
    async def survive(_runs: int, connection: Lent) -> None:
        with contextlib.suppress(psycopg.DataError):
            async with connection.transaction():
                await connection.execute("SELECT 1 / 0")

    assert run(outcome(PostgresJournal(dsn), Booking(survive).flow())) == (Success(6), DONE)
    assert booked(dsn) == [("row", 5)]


@pytest.mark.parametrize("ending", ["commit", "rollback", "COMMIT", "close"])
def test_the_effect_cannot_end_the_transaction(dsn: str, ending: str) -> None:
    async def end(_runs: int, connection: Lent) -> None:
        match ending:
            case "COMMIT":
                await connection.execute("COMMIT")
            case method:
                await getattr(connection, method)()

    result, kinds = run(outcome(PostgresJournal(dsn), Booking(end).flow()))
    assert isinstance(result, InstancePaused)
    assert kinds == [Kind.STARTED, Kind.ATTEMPT_FAILED]


def test_what_is_refused_at_the_end_fails_the_attempt(dsn: str) -> None:
    """Some constraints are checked by COMMIT only."""
    execute(dsn, "ALTER TABLE booked ADD CONSTRAINT once UNIQUE (amount) DEFERRABLE INITIALLY DEFERRED")
    execute(dsn, "INSERT INTO booked VALUES ('before', 5)")
    result, kinds = run(outcome(PostgresJournal(dsn), Booking().flow()))
    assert "once" in str(result)
    assert kinds == [Kind.STARTED, Kind.ATTEMPT_FAILED]
    assert booked(dsn) == [("before", 5)]


@pytest.mark.parametrize(
    "setting", ["SET LOCAL ROLE pg_monitor", "SET LOCAL transaction_read_only = on", "SELECT refuse_the_end()"]
)
def test_what_keeps_the_event_from_being_stored_pauses(dsn: str, setting: str) -> None:
    """The journal's tables are there, but the transaction of the effect may not write to them."""
    execute(dsn, REFUSE_THE_END)

    async def restrict(_runs: int, connection: Lent) -> None:
        await connection.execute(setting.encode())

    booking = Booking(restrict)
    result, kinds = run(outcome(PostgresJournal(dsn), booking.flow()))
    assert isinstance(result, InstancePaused)
    assert "SpoiledTransaction: What the effect has" in str(result)
    assert (kinds, booked(dsn), booking.runs) == ([Kind.STARTED, Kind.ATTEMPT_FAILED], [], 1)


def test_what_an_effect_sets_on_the_connection_concerns_nobody_else(dsn: str) -> None:
    seen: list[Any] = []

    async def look(value: int, connection: Lent) -> int:
        cursor = await connection.execute("SELECT %s::int AS value", [value])
        seen.append(await cursor.fetchone())
        connection.row_factory = dict_row
        cursor = await connection.execute("SELECT %s::int AS value", [value])
        seen.append(await cursor.fetchone())
        return value

    step = run_in_transaction(look)
    journal = PostgresJournal(dsn, most_transactions=1)
    assert run(outcome(journal, workflow(step >> step.named("again"))))[0] == Success(5)
    assert seen == [(5,), {"value": 5}] * 2


def test_no_more_transactions_are_open_than_there_may_be(dsn: str) -> None:
    open_ones: list[int] = []

    async def count(_value: int, connection: Lent) -> int:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND datname = current_database()"
            " AND state LIKE 'idle in%%'"
        )
        (found,) = await cursor.fetchone() or (0,)
        open_ones.append(found + 1)
        return int(found)

    steps = [run_in_transaction(count, name=f"{number}") for number in range(8)]
    run(outcome(PostgresJournal(dsn, most_transactions=2), workflow(parallel(*steps))))
    assert len(open_ones) == 8
    assert max(open_ones) <= 2


@pytest.mark.parametrize("journal", [InMemoryJournal(), SqliteJournal("never.db")])
def test_a_journal_without_transactions_refuses_the_workflow(journal: Any) -> None:
    with pytest.raises(NoTransactions, match=r"no transactions for step 'book' of workflow 'flow' version 1"):
        Runtime(journal, [Booking().flow()])


def test_a_step_that_a_continuation_makes_is_refused_when_it_is_reached() -> None:
    flow = workflow(run_io(abs).flat_map(lambda _: run_in_transaction(Booking(), event=int, name="book")))
    result, kinds = run(outcome(InMemoryJournal(), flow))
    assert "NoTransactions" in str(result)
    assert kinds == [Kind.STARTED, Kind.EVENT, Kind.ATTEMPT_FAILED]


@pytest.mark.parametrize("point", [BEFORE_COMMIT, AFTER_COMMIT])
def test_a_journal_that_is_away_for_a_moment_stores_once(dsn: str, point: Point) -> None:
    """The commit is repeated with its token, in the same transaction, and the effect is not."""
    points = FaultPoints()

    async def arm(_runs: int, _connection: Lent) -> None:
        points.arm(point, Fail(JournalUnavailable("away")))

    booking = Booking(arm)
    assert run(outcome(FaultyJournal(PostgresJournal(dsn), points), booking.flow())) == (Success(6), DONE)
    assert (booked(dsn), booking.runs) == ([("row", 5)], 1)


def test_a_database_that_is_away_is_waited_for(dsn: str) -> None:
    """No attempt is counted, and the effect runs again when the database is back."""

    async def story() -> tuple[Any, list[Kind]]:
        async with proxied(dsn) as (proxy, through):

            async def come_back() -> None:
                while proxy.refused < 3:
                    await asyncio.sleep(0)
                proxy.down = False

            async def go_away(_runs: int, connection: Lent) -> None:
                proxy.down = True
                coming.append(asyncio.create_task(come_back()))
                execute(dsn, f"SELECT pg_terminate_backend({connection.info.backend_pid})")
                await connection.execute("SELECT 1")

            coming: list[asyncio.Task[None]] = []
            return await outcome(PostgresJournal(through), Booking(Once(go_away)).flow())

    assert run(story()) == (Success(6), DONE)
    assert booked(dsn) == [("row", 5)]


def test_what_is_rolled_back_while_the_instance_is_paused_runs_again_after_the_resume(dsn: str) -> None:
    held: list[Instance[Any, Any]] = []

    async def during(runs: int, _connection: Lent) -> None:
        if runs == 1:
            await held[0].pause()
            raise psycopg.errors.SerializationFailure("again")

    async def main() -> None:
        booking = Booking(during)
        book = run_in_transaction(booking, event=int, name="book")
        flow = workflow(approval(lambda _value, _request: "5") >> compute(int) >> book)
        async with Runtime(PostgresJournal(dsn), [flow], grace=NO_GRACE) as runtime:
            held.append(await runtime.start(flow, id="a", input=5))
            await held[0].signal(APPROVE, Approval("Ada"))
            await runtime.idle()
            assert (booking.runs, booked(dsn)) == (1, [])
            await held[0].resume()
            assert await held[0].result() == Success(6)
        assert (booking.runs, booked(dsn)) == (2, [("row", 5)])

    run(main())
