"""Keeps instances in a SQLite file: many processes on one machine."""

from journals.sqlite.journal import Durability, SqliteJournal

__all__ = ["Durability", "SqliteJournal"]
