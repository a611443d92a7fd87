"""Keeps instances in memory, for tests and for a first look."""

from journals.memory.journal import InMemoryJournal

__all__ = ["InMemoryJournal"]
