"""What may a newer release have added to a store? A column to each table, but for the one with the version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

_IN_POSTGRES = b"""
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'wio' AND tablename <> 'meta' LOOP
        EXECUTE format('ALTER TABLE wio.%I ADD COLUMN newer text NOT NULL DEFAULT ''''', name);
    END LOOP;
    CREATE TABLE wio.newer (id text);
    CREATE INDEX instances_newer ON wio.instances (newer);
END $$
"""


def widen_postgres(dsn: str, *more: str) -> None:
    """Add a column to each table, a table, and an index; and run `more`, in one transaction."""
    with psycopg.connect(dsn) as connection:
        connection.execute(_IN_POSTGRES)
        for statement in more:
            connection.execute(statement.encode())


def widen_sqlite(path: Path, *more: str) -> None:
    """Do the same in a file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'wio_%'")
        for (name,) in tables.fetchall():
            connection.execute(f"ALTER TABLE {name} ADD COLUMN newer TEXT NOT NULL DEFAULT ''")
        for statement in ("CREATE TABLE wio_newer (id TEXT)", "CREATE INDEX wio_by_newer ON wio_instances (newer)"):
            connection.execute(statement)
        for statement in more:
            connection.execute(statement)
