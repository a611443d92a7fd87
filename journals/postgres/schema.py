"""Which tables does a journal have in Postgres, and how do they come into being?

    meta        one row: the program that wrote the schema, and the version of the schema
    instances   a row for each instance, the record
    entries     a row for each entry; `token` is that of the commit which brought it
    members     a row for each process that runs instances, as long as nobody has found its lease to have run out
    messages    a row for each message to an instance; without an answer as long as `answered_at` is null
    outbox      a row for each message of a workflow that is not delivered yet
    deliveries  a row for each instance and lane that has such messages: how many, and who delivers them
    changes     a row for each change of an instance's run state, while somebody follows; see `postgres_feed_schema`
    feed        one row: the last position in the feed
    subscribers a row for each who follows
    pollers     a row for each process that cannot listen, and asks instead what has happened
    disabled    a row for each workflow, or version of one, of which nothing may start; of all versions, it is 0
    hooks       a row for each workflow that a program has hooks for, and for which changes
    rests       who has ended, is paused or stuck; written only when there are pollers, and kept for a short time
    attributes  a row for each attribute of an instance, and for each of its tags; see `journals.labels`

`migrate` applies the missing `MIGRATIONS`, forward only, in one transaction and under a lock, so that any number of
processes may open a new schema at once, and one that dies meanwhile leaves nothing behind. An index of ours that
somebody else has left invalid, by building it anew without coming to an end, is built again.

Processes of the release before run on after a migration, and miss nothing: it adds tables, indexes, and columns that
have a default, and leaves `meta` as it is. For the same reason no statement depends on which other columns there are.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from psycopg import sql

from journals.errors import NewerSchema, NotAJournal
from journals.postgres.connections import Connection
from journals.postgres.errors import InvalidSetting
from journals.postgres.feed_schema import FEED, FEED_TABLES
from journals.postgres.notices import channel_of

_MOST_BYTES_OF_NAME = 63

# Ids are compared by code point on every server. `finished` exists for the index: were `status` part of one,
# each change of status would have to write to all indexes of the row. The room left free in each page serves
# the same end. A key may be longer than what an index can hold, hence its beginning.
_VERSION_1 = """
CREATE TABLE {schema}.meta (
    program text NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE {schema}.instances (
    id text COLLATE "C" PRIMARY KEY,
    workflow text NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    finished boolean NOT NULL,
    last_seq bigint NOT NULL,
    wake_up timestamptz,
    detail text NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX instances_unfinished ON {schema}.instances (id) WHERE NOT finished;
CREATE TABLE {schema}.entries (
    instance_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    address text NOT NULL,
    type text,
    version bigint,
    payload text,
    recorded_at timestamptz NOT NULL,
    key text,
    response_type text,
    response_version bigint,
    response text,
    token text NOT NULL,
    PRIMARY KEY (instance_id, seq)
);
CREATE INDEX entries_by_key ON {schema}.entries (instance_id, left(key, 100), seq) WHERE key IS NOT NULL;
INSERT INTO {schema}.meta (program, version) VALUES ('wio', 0);
"""

# When an instance has ended stands in a column of its own, which no step changes, as `updated_at` is changed by each.
# A step of an instance changes none of the columns that an index has or asks for: so the row stays in its page, and no
# index is written to. That is why searches go by `phase`, in which all that goes on by itself is the same. What
# version 1 left running has to be claimed by somebody, at once; so has what waits for no time: the child that it waits
# for may have ended, or never begun, as its process died.
_VERSION_2 = """
ALTER TABLE {schema}.instances ADD COLUMN owner bigint, ADD COLUMN deaths bigint, ADD COLUMN shared bigint,
    ADD COLUMN died_at bigint, ADD COLUMN tried_by bigint, ADD COLUMN tried_with bigint;
UPDATE {schema}.instances SET wake_up = clock_timestamp()
    WHERE NOT finished AND (status = 'running' OR (status = 'waiting' AND wake_up IS NULL));
CREATE INDEX instances_ready ON {schema}.instances (workflow, version, wake_up)
    WHERE owner IS NULL AND wake_up IS NOT NULL AND NOT finished;
CREATE INDEX instances_by_workflow ON {schema}.instances (workflow, version, id) WHERE NOT finished;
ALTER TABLE {schema}.instances ADD COLUMN ended_at timestamptz;
UPDATE {schema}.instances SET ended_at = updated_at WHERE finished;
CREATE INDEX instances_ended ON {schema}.instances (workflow, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX instances_owned ON {schema}.instances (owner) WHERE owner IS NOT NULL;
CREATE TABLE {schema}.members (
    epoch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    process text NOT NULL,
    knows text NOT NULL,
    joined_at timestamptz NOT NULL,
    alive_until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE {schema}.messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text COLLATE "C" NOT NULL,
    operation text NOT NULL,
    name text NOT NULL,
    type text,
    version bigint,
    payload text,
    key text NOT NULL,
    sent_at timestamptz NOT NULL,
    answered_at timestamptz,
    answer_type text,
    answer_version bigint,
    answer text
);
CREATE UNIQUE INDEX messages_by_key ON {schema}.messages (instance_id, left(key, 100), hashtextextended(key, 0));
CREATE INDEX messages_open ON {schema}.messages (instance_id, id) WHERE answered_at IS NULL;
CREATE INDEX messages_answered ON {schema}.messages (answered_at) WHERE answered_at IS NOT NULL;
CREATE TABLE {schema}.disabled (
    workflow text NOT NULL,
    version bigint NOT NULL,
    by_whom text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (workflow, version)
);
CREATE TABLE {schema}.hooks (
    workflow text COLLATE "C" PRIMARY KEY,
    changes text NOT NULL
);
CREATE TABLE {schema}.pollers (
    token text PRIMARY KEY,
    alive_until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE {schema}.rests (
    instance_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX rests_by_time ON {schema}.rests (at);
CREATE TABLE {schema}.outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane text COLLATE "C" NOT NULL,
    instance_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    topic text NOT NULL,
    type text NOT NULL,
    version bigint NOT NULL,
    payload text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX outbox_in_order ON {schema}.outbox (instance_id, lane, number);
CREATE TABLE {schema}.deliveries (
    lane text COLLATE "C" NOT NULL,
    instance_id text COLLATE "C" NOT NULL,
    waiting bigint NOT NULL,
    due timestamptz NOT NULL,
    claimed bigint,
    failures bigint NOT NULL DEFAULT 0,
    error text,
    PRIMARY KEY (instance_id, lane)
);
CREATE INDEX deliveries_due ON {schema}.deliveries (lane, due);
ALTER TABLE {schema}.instances ADD COLUMN phase text NOT NULL
    GENERATED ALWAYS AS (CASE WHEN status IN ('initiated', 'running', 'waiting') THEN 'active' ELSE status END) STORED;
CREATE INDEX instances_by_phase ON {schema}.instances (phase, started_at, id);
CREATE INDEX instances_seldom ON {schema}.instances (phase, id) WHERE phase NOT IN ('active', 'completed');
CREATE INDEX instances_by_workflow_and_phase ON {schema}.instances (workflow, phase, started_at, id);
CREATE TABLE {schema}.attributes (
    instance_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, name)
);
CREATE INDEX attributes_by_value ON {schema}.attributes (name, value, started_at, instance_id);
"""

MIGRATIONS = (_VERSION_1, _VERSION_2 + FEED)
"""Are the changes that lead from each version of the schema to the next; the first creates it."""

_TABLES = (
    {"entries", "instances", "meta"},
    {"attributes", "deliveries", "disabled", "entries", "hooks", "instances", "members", "messages", "meta"}
    | {"outbox", "pollers", "rests"}
    | FEED_TABLES,
)
_META = {"program", "version"}

# The catalogue, unlike information_schema, also shows what this role has no rights to.
_COLUMNS = b"""
SELECT c.relname, a.attname FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = $1 AND c.relname = ANY ($2)
"""

_INDEXES = sorted(re.findall(r"INDEX (\w+) ON", "".join(MIGRATIONS)))

_INVALID = b"""
SELECT c.relname FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = ANY ($2) AND NOT (x.indisvalid AND x.indisready)
    AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
"""


def checked_schema(name: str) -> str:
    """Return the name unchanged. Raises `InvalidSetting` when Postgres could not hold or would shorten it."""
    fits = name.isprintable() and 0 < len(name.encode()) <= _MOST_BYTES_OF_NAME
    if not fits or name.startswith("pg_") or name == "information_schema":
        raise InvalidSetting(
            f"{name!r} cannot be the schema of a journal: it has 1 to {_MOST_BYTES_OF_NAME} bytes of printable"
            " characters and does not begin with pg_. Choose another name."
        )
    return name


async def migrate(connection: Connection, schema: str, journal: str, *, create: bool = True) -> None:
    """Bring the schema to the version known here; write nothing when it is there already.

    Without `create` there must be some version of it. Raises `NewerSchema` or `NotAJournal`, and then leaves the schema
    as it was.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise NotAJournal(
            f"{journal} lies in a database with the encoding {encoding}, which cannot hold every text. Nothing was"
            " changed. Create a database for it: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0."
        )
    found = await _version(connection, schema, journal)
    if found == len(MIGRATIONS):
        await _rebuild_invalid(connection, schema)
        return
    if not found and not create:
        raise NotAJournal(f"{journal} is not there: nothing was ever started in it. Check the name of the schema.")
    async with connection.transaction():
        # Each statement has to see what the process before us did while we waited for the lock.
        await connection.execute(b"SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        await connection.execute(b"SELECT pg_advisory_xact_lock($1)", (_lock_key(schema),))
        await _apply_missing(connection, schema, await _version(connection, schema, journal))


async def _rebuild_invalid(connection: Connection, schema: str) -> None:
    cursor = await connection.execute(_INVALID, (schema, _INDEXES))
    for (name,) in await cursor.fetchall():
        index = sql.Identifier(schema, name).as_string()
        await connection.execute(f"REINDEX INDEX {index}".encode())


async def _version(connection: Connection, schema: str, journal: str) -> int:
    """Return the version of the schema, 0 when there is none."""
    columns = await _columns(connection, schema)
    if not columns:
        return 0
    if columns.get("meta") != _META:
        raise _not_a_journal(journal, f"tables called {', '.join(sorted(columns))} that wio did not create")
    cursor = await connection.execute(_in_schema("SELECT program, version FROM {schema}.meta", schema))
    rows = await cursor.fetchall()
    if len(rows) != 1 or rows[0][0] != "wio":
        raise _not_a_journal(journal, "a table meta without the one row that wio writes")
    found = int(rows[0][1])
    if found > len(MIGRATIONS):
        raise NewerSchema(journal, found, len(MIGRATIONS))
    wanted = _TABLES[max(found, 1) - 1]
    if not wanted <= set(columns):  # Another process may have migrated between the two looks.
        columns = await _columns(connection, schema)
    missing = wanted - set(columns)
    if missing:
        raise _not_a_journal(journal, f"a table meta, but no table {', '.join(sorted(missing))}")
    return found


async def _columns(connection: Connection, schema: str) -> dict[str, set[str]]:
    """Return the columns of each table that has a name of ours."""
    cursor = await connection.execute(_COLUMNS, (schema, sorted(_TABLES[-1])))
    columns: dict[str, set[str]] = {}
    for table, column in await cursor.fetchall():
        columns.setdefault(table, set()).add(column)
    return columns


async def _apply_missing(connection: Connection, schema: str, version: int) -> None:
    if version == len(MIGRATIONS):
        return
    # CREATE SCHEMA IF NOT EXISTS takes the right to create one even where it exists.
    cursor = await connection.execute(b"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", (schema,))
    if await cursor.fetchone() is None:
        await connection.execute(_in_schema("CREATE SCHEMA {schema}", schema))
    for migration in MIGRATIONS[version:]:
        await connection.execute(_in_schema(migration, schema))
    await connection.execute(_in_schema("UPDATE {schema}.meta SET version = $1", schema), (len(MIGRATIONS),))


def _in_schema(statement: str, schema: str) -> bytes:
    named = statement.replace("{schema}", sql.Identifier(schema).as_string())
    return named.replace("{channel}", channel_of(schema)).encode()


def _lock_key(schema: str) -> int:
    """Return a number for the lock; other users of such locks in the database are unlikely to have the same."""
    digest = blake2b(f"wio schema {schema}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _not_a_journal(journal: str, holds: str) -> NotAJournal:
    return NotAJournal(f"{journal} holds {holds}. Nothing was changed. Choose another schema.")
