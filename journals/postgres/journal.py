"""How is a journal kept in Postgres? Commits go out in batches, each in one statement and one round trip.

What the statements are stands in `journals.postgres.statements`, what the tables are in `journals.postgres.schema`.
What passes by itself (a lost connection, a server that starts again, a deadlock) is tried again for a while, with the
same tokens: a commit whose answer was lost is found to be stored already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeAlias

import attrs

from journals.changes import Change
from journals.ended import Ended
from journals.entries import UNFINISHED, Commit, Entry, InstanceRecord, Message, Payload, Status
from journals.errors import JournalClosed, UnknownInstance
from journals.feed import Subscriber
from journals.grouping import GroupCommit, in_task
from journals.labels import Labels
from journals.outbox import Undelivered
from journals.ports import LIMIT_BYTES
from journals.rows import counts_of, entries_of, entry_of, labels_by_id, record_of
from journals.scrubbing import Scrub, check_scrubbable
from journals.search import EVERY, Count, Cursor, Order, Search, check_page
from journals.search_sql import Statement, counting, found
from journals.sharing import LEASE, Hear, MemberRecord, Posted, Unanswered
from journals.validation import (
    validate,
    validate_disabling,
    validate_hooks,
    validate_message,
    validate_scrub,
    validate_subscriber,
)
from journals.workflows import Disabled, Hooked, Unfinished, hooks_in
from wio.errors import WioError


class MissingDriver(WioError, ImportError):
    """Says that the driver for Postgres is not installed."""


try:
    from journals.postgres import feed
    from journals.postgres.batches import Batches
    from journals.postgres.connections import Connection, connector
    from journals.postgres.errors import InvalidSetting, place_of
    from journals.postgres.feed import feed_statements
    from journals.postgres.joining import Joining, PostgresListener, member_of
    from journals.postgres.members import PostgresMember, message_of, payload_of
    from journals.postgres.outbox import undelivered_of
    from journals.postgres.removing import ended_of, ended_parameters, remove_parameters, removing_statements
    from journals.postgres.schema import checked_schema, migrate
    from journals.postgres.scrubbing import scrub_parameters
    from journals.postgres.search import dialect, text_of
    from journals.postgres.session import Session
    from journals.postgres.sharing import sharing_statements
    from journals.postgres.statements import statements
    from journals.postgres.transactions import LentConnections, PostgresTransactions, Storing
    from journals.postgres.values import array, message_parameters, storable, time_of
    from journals.postgres.within import Within
    from journals.postgres.workflows import disabled_in, hook_parameters, unfinished_in, workflow_statements
except ImportError as error:
    raise MissingDriver(
        f"PostgresJournal needs psycopg 3, the driver for Postgres ({error}). Run: pip install 'wio[postgres]'"
    ) from error

Row: TypeAlias = tuple[Any, ...]

_LARGEST = 2**63 - 1
_MIGRATION_SECONDS = 3_600.0


@attrs.frozen
class _Opened:
    session: Session
    group: GroupCommit
    joining: Joining
    lent: LentConnections

    async def close(self) -> None:
        await self.joining.close()
        await self.lent.close()
        await self.group.drain()
        await self.session.close()


class PostgresJournal:
    """Is a journal in a schema of a Postgres database; it keeps the whole contract of `journals.ports.Journal`.

    `dsn` is whatever libpq takes. `open` creates the schema, or migrates it. At most `pool_size` connections are
    open, one of them for commits; each member and each listener has one more, and a thread. `limit_bytes` is the limit
    of one payload. `connect_timeout`, in whole seconds, is for each server in the DSN. `patience` bounds how long one
    statement may take, and for how long a call goes on trying while Postgres is away; then it raises
    `JournalUnavailable`. The same journal works again when Postgres does.

    `create=False` refuses a schema that has no journal yet. `prepare=False` leaves nothing in the session on the
    server, as a pooler in transaction mode demands; then each statement is planned anew. `listen=False` asks every
    second what has happened, since through such a pooler nothing is called out to anybody. At most `most_transactions`
    steps are in a transaction of their own at a time, each on a connection more, which is opened when it is needed.
    What a commit survives is the server's to say: leave its `synchronous_commit` on.
    """

    def __init__(
        self,
        dsn: str,
        *,
        schema: str = "wio",
        pool_size: int = 4,
        limit_bytes: int = LIMIT_BYTES,
        connect_timeout: timedelta = timedelta(seconds=5),
        patience: timedelta = timedelta(seconds=5),
        prepare: bool = True,
        listen: bool = True,
        most_transactions: int = 4,
        create: bool = True,
    ) -> None:
        if pool_size < 1:
            raise InvalidSetting(f"pool_size={pool_size}: a journal needs at least one connection.")
        if most_transactions < 1:
            raise InvalidSetting(
                f"most_transactions={most_transactions}: such steps would wait for ever. Give 1 or more."
            )
        self._place = place_of(dsn)
        self._connect = connector(dsn, connect_timeout, patience, prepare=prepare)
        self._connect_for_others = connector(dsn, connect_timeout, patience, prepare=prepare, for_others=True)
        self._most_transactions = most_transactions
        self._schema = checked_schema(schema)
        self._pool_size = pool_size
        self._limit_bytes = limit_bytes
        self._patience = patience
        self._prepare = prepare
        self._listens = listen
        self._creates = create
        self._sharing = sharing_statements(schema)
        self._statements = statements(schema)
        self._workflows = workflow_statements(schema)
        self._feed = feed_statements(schema)
        self._dialect = dialect(schema)
        self._removing = removing_statements(schema)
        self._opened: _Opened | None = None

    def __repr__(self) -> str:
        return f"PostgresJournal({self._place!r}, schema={self._schema!r})"

    async def open(self) -> None:
        """Connect, and create or migrate the schema. Raises at the first error. See `Journal.open`."""
        if self._opened is not None:
            return
        session = Session(self._connect, self._pool_size, self._patience, repr(self))
        try:
            migrated = partial(migrate, schema=self._schema, journal=repr(self), create=self._creates)
            await session.once(migrated, _MIGRATION_SECONDS)
        except BaseException:
            await session.close()
            raise
        if self._opened is None:
            nudge, disabled = self._sharing.nudge, self._workflows.disabled
            batches = Batches(session, self._statements, nudge, disabled, self._prepare, repr(self))
            joining = Joining(
                self._connect, self._ask, self._sharing, self._patience, repr(self),
                prepare=self._prepare, listens=self._listens,
            )  # fmt: skip
            storing = Storing(
                session, batches, self._statements, joining.noted, self._patience, self._limit_bytes, repr(self)
            )
            lent = LentConnections(self._connect_for_others, self._most_transactions, storing)
            self._opened = _Opened(session, GroupCommit(in_task(batches.store)), joining, lent)
        else:  # Another task has opened it meanwhile.
            await session.close()

    async def close(self) -> None:
        """Finish the commits and reads under way, and close the connections. See `Journal.close`."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def commit(self, commit: Commit) -> None:
        """Store a commit, whole, together with others that wait. See `Journal.commit`."""
        opened = self._require_opened()
        validate(commit, self._limit_bytes)
        if commit.expected and commit.status in UNFINISHED:  # most by far; who owns the instance does not change
            await opened.group.commit(commit)
        else:
            await opened.joining.noted(commit, opened.group.commit)

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """Return the entries with `seq > after`, at most `most` of them. See `Journal.read`."""
        after, most = _clamped(after), _clamped(most)
        rows = await self._ask_about(instance_id, self._statements.read, str(after), str(most))
        stored = [row[1:] for row in rows if row[1] is not None]
        least = min(most, max(0, rows[0][0] - after))
        return entries_of(instance_id, stored, time_of, after=after, least=least)

    async def find(self, instance_id: str) -> InstanceRecord:
        """Return the record of an instance. See `Journal.find`."""
        rows = await self._ask_about(instance_id, self._statements.find)
        return record_of(rows[0], time_of)

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """Return the last entry recorded under a key, or None. See `Journal.find_key`."""
        if not storable(key):
            await self.find(instance_id)
            return None
        rows = await self._ask_about(instance_id, self._statements.find_key, key)
        return None if rows[0][0] is None else entry_of(instance_id, rows[0], time_of)

    async def find_all(
        self, search: Search = EVERY, *, order: Order = Order.ID, after: Cursor | None = None, most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records of the instances that fit a search, at most `most` of them. See `Journal.find_all`."""
        check_page(order, after, most)
        rows = await self._search(found(self._dialect, search, order, after, _clamped(most)))
        return tuple(record_of(row, time_of) for row in rows)

    async def count(self, search: Search = EVERY) -> tuple[Count, ...]:
        """Return how many instances fit a search. See `Journal.count`."""
        return counts_of(await self._search(counting(self._dialect, search)))

    async def labels(self, instance_ids: Sequence[str]) -> tuple[Labels, ...]:
        """Return the tags and attributes of instances. See `Journal.labels`."""
        rows = await self._ask(self._statements.labels, array(each for each in instance_ids if storable(each)))
        return labels_by_id(rows, instance_ids)

    async def _search(self, statement: Statement) -> list[Row]:
        """Return the rows of a statement that is planned for its very parameters."""
        text, values = statement
        return await self._ask(text.encode(), *map(text_of, values), prepare=False)

    async def find_ended(
        self,
        before: datetime,
        *,
        workflows: frozenset[str] | None = None,
        after: InstanceRecord | None = None,
        most: int = 100,
    ) -> tuple[Ended, ...]:
        """Return who has ended, in the order of their ends. See `Journal.find_ended`."""
        parameters = ended_parameters(before, workflows, after, _clamped(most))
        return tuple(ended_of(row) for row in await self._ask(self._removing.find_ended, *parameters))

    async def find_unfinished(self, instance_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these go on. See `Journal.find_unfinished`."""
        rows = await self._ask(self._removing.find_unfinished, array(each for each in instance_ids if storable(each)))
        return frozenset(instance_id for (instance_id,) in rows)

    async def remove(self, records: Sequence[InstanceRecord]) -> tuple[str, ...]:
        """Remove instances, in one statement. See `Journal.remove`."""
        rows = await self._ask(self._removing.remove, *remove_parameters(records))
        return tuple(instance_id for (instance_id,) in rows)

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> PostgresMember:
        """Become a member. See `Journal.join`."""
        return await self._require_opened().joining.join(name, knows, hear, lease)

    async def listen(self, hear: Hear) -> PostgresListener:
        """Hear `Answered` and `Rested`; and `Work` when some of them may have been missed. See `Journal.listen`."""
        return await self._require_opened().joining.listen(hear)

    async def members(self) -> tuple[MemberRecord, ...]:
        """Return the members whose lease holds. See `Journal.members`."""
        rows = await self._ask(self._sharing.members)
        return tuple(member_of(row) for row in rows)

    async def owner(self, instance_id: str) -> int | None:
        """Return the epoch of the member that owns an instance, or None. See `Journal.owner`."""
        rows = await self._ask_about(instance_id, self._sharing.owner)
        epoch: int | None = rows[0][0]
        return epoch

    async def post(self, message: Message) -> Posted:
        """Store a message, and tell who owns the instance, or that it can be claimed. See `Journal.post`."""
        self._require_opened()
        validate_message(message, self._limit_bytes)
        parameters = message_parameters(message)

        while True:
            rows = await self._ask(self._sharing.post, *parameters)
            if not rows:
                raise UnknownInstance(message.instance_id, repr(self))
            message_id, is_over, _ = rows[0]
            if is_over or message_id is not None:
                return Posted(message_id or 0, is_over)
            # The same message was sent twice at once; the other one is stored, but was not yet seen.

    async def answer_to(self, message_id: int) -> Payload | None:
        """Return the answer to a message, or None. See `Journal.answer_to`."""
        rows = await self._ask(self._sharing.answer_to, str(_clamped(message_id)))
        return payload_of(*rows[0]) if rows else None

    async def unanswered(self, instance_id: str, *, most: int = 100) -> tuple[Unanswered, ...]:
        """Return the messages for an instance that have no answer. See `Journal.unanswered`."""
        if not storable(instance_id):
            self._require_opened()
            return ()
        rows = await self._ask(self._sharing.unanswered, instance_id, str(_clamped(max(0, most))))
        return tuple(Unanswered(message_of(row), time_of(row[8])) for row in rows)

    async def scrub(self, scrub: Scrub) -> None:
        """Leave of some entries what is given, in one statement. See `Journal.scrub`."""
        self._require_opened()
        validate_scrub(scrub, self._limit_bytes)
        ((last_seq, status, is_owner),) = await self._ask_about(
            scrub.instance_id, self._sharing.scrub, *scrub_parameters(scrub)
        )
        check_scrubbable(scrub, last_seq, Status(status), is_owner=is_owner)

    async def disable(self, workflow: str, version: int | None = None, *, by: str = "", reason: str = "") -> None:
        """Let nothing start any more of a workflow. See `Journal.disable`."""
        self._require_opened()
        validate_disabling(workflow, version, by, reason)
        await self._ask(self._workflows.disable, workflow, str(version or 0), by, reason)

    async def enable(self, workflow: str, version: int | None = None) -> bool:
        """Take back what was disabled. See `Journal.enable`."""
        self._require_opened()
        validate_disabling(workflow, version)
        return bool(await self._ask(self._workflows.enable, workflow, str(version or 0)))

    async def disabled(self) -> tuple[Disabled, ...]:
        """Return what is disabled. See `Journal.disabled`."""
        return disabled_in(await self._ask(self._workflows.disabled))

    async def note_hooks(self, hooks: Sequence[Hooked]) -> None:
        """Note for which changes of workflows there are hooks. See `Journal.note_hooks`."""
        self._require_opened()
        validate_hooks(hooks)
        await self._ask(self._workflows.note_hooks, *hook_parameters(hooks))

    async def hooked(self) -> tuple[Hooked, ...]:
        """Return which workflows have hooks, and for which changes. See `Journal.hooked`."""
        return hooks_in(await self._ask(self._workflows.hooked))

    async def unfinished(self, *, most: int = 1_000) -> tuple[Unfinished, ...]:
        """Return which workflows have unfinished instances, and how many. See `Journal.unfinished`."""
        return unfinished_in(await self._ask(self._workflows.unfinished, str(_clamped(most))))

    async def stranded(self, *, after: str = "", most: int = 1_000) -> tuple[InstanceRecord, ...]:
        """Return unfinished instances that no member knows. See `Journal.stranded`."""
        # No id has a NUL character, so those after "a\0b" are those after "a".
        rows = await self._ask(self._workflows.stranded, after.partition("\0")[0], str(_clamped(most)))
        return tuple(record_of(row, time_of) for row in rows)

    async def outbox(self, *, most: int = 1_000) -> tuple[Undelivered, ...]:
        """Return what is not delivered yet. See `Journal.outbox`."""
        rows = await self._ask(self._sharing.outbox, str(_clamped(most)))
        return tuple(undelivered_of(row) for row in rows)

    async def subscribe(self, name: str, *, follower: str = "") -> int:
        """Follow all changes under a name. See `Journal.subscribe`."""
        self._require_opened()
        validate_subscriber(name)
        return await feed.subscribed(self._ask, self._feed, name, follower)

    async def unsubscribe(self, name: str) -> bool:
        """Forget a subscriber. See `Journal.unsubscribe`."""
        self._require_opened()
        return storable(name) and bool((await self._ask(self._feed.unsubscribe, name))[0][0])

    async def changes(self, *, after: int = 0, most: int = 1_000, subscriber: str = "") -> tuple[Change, ...]:
        """Return changes, in order. See `Journal.changes`."""
        name = subscriber if storable(subscriber) else ""
        return await feed.changes(self._ask, self._feed, _clamped(after), _clamped(most), name)

    async def passed(self, subscriber: str, cursor: int, *, follower: str = "") -> None:
        """Note what a subscriber has seen to. See `Journal.passed`."""
        self._require_opened()
        name = subscriber if storable(subscriber) else ""
        await feed.passed(self._ask, self._feed, name, follower, _clamped(cursor), repr(self))

    async def subscribers(self) -> tuple[Subscriber, ...]:
        """Return who follows. See `Journal.subscribers`."""
        return feed.subscribers_in(await self._ask(self._feed.subscribers))

    @property
    def transactions(self) -> PostgresTransactions:
        """Is what lets others write to the database, in the transactions in which it stores its own."""
        return PostgresTransactions(lambda: self._require_opened().lent)

    @property
    def within(self) -> Within:
        """Is what starts instances within transactions of others."""
        return Within(self._statements, self._workflows.disabled, self._schema, self._limit_bytes)

    async def _ask(
        self, question: bytes, *parameters: str | None, tries: Iterator[int] | None = None, prepare: bool = True
    ) -> list[Row]:
        async def answered(connection: Connection) -> list[Row]:
            if tries is not None:
                next(tries)
            prepares = prepare and self._prepare
            cursor = await connection.execute(question, parameters, prepare=prepares, binary=True)
            return await cursor.fetchall() if cursor.description else []

        return await self._require_opened().session.read(answered)

    async def _ask_about(self, instance_id: str, question: bytes, *parameters: str | None) -> list[Row]:
        """Return the rows, at least one. Raises `UnknownInstance` when there is none."""
        self._require_opened()
        rows = await self._ask(question, instance_id, *parameters) if storable(instance_id) else []
        if not rows:
            raise UnknownInstance(instance_id, repr(self))
        return rows

    def _require_opened(self) -> _Opened:
        if self._opened is None:
            raise JournalClosed(repr(self))
        return self._opened


def _clamped(number: int) -> int:
    """Return the number, or the nearest that Postgres takes."""
    return min(max(number, 0), _LARGEST)
