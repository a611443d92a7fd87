"""Keeps instances in Postgres: many processes, on one machine or many. Needs the extra `wio[postgres]`."""

from journals.postgres.journal import PostgresJournal

__all__ = ["PostgresJournal"]
