"""What does an error of SQLite mean to the caller? The one place where driver errors are translated."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

from journals.errors import (
    InvalidCommit,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    NotAJournal,
)

_PRIMARY_CODE = 0xFF
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_REFUSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
_FOREIGN = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_FORMAT})
_UNSTORABLE = (UnicodeEncodeError, OverflowError, sqlite3.DataError, sqlite3.InterfaceError)


def translated(error: Exception, path: Path, patience: timedelta) -> Exception:
    """Return what to raise instead of an error of the driver; other errors are returned as they are.

    `patience` is how long the driver waited for a lock.
    """
    meaning = _meaning(error, path, patience)
    if meaning is not error:
        meaning.__cause__ = error
    return meaning


def _meaning(error: Exception, path: Path, patience: timedelta) -> Exception:
    if isinstance(error, _UNSTORABLE):
        return InvalidCommit(
            f"{path}: SQLite cannot hold a value of the commit ({error}). Nothing was stored."
            " Check its texts for lone surrogates, and its numbers for size."
        )
    if isinstance(error, sqlite3.Error):
        return _meaning_of_code(getattr(error, "sqlite_errorcode", 0), error, path, patience)
    return error


def _meaning_of_code(code: int, error: sqlite3.Error, path: Path, patience: timedelta) -> Exception:
    primary = code & _PRIMARY_CODE
    if primary in _LOCKED:
        return JournalUnavailable(
            f"{path} has been locked by somebody else for {patience.total_seconds():g} s. Nothing was stored. End the"
            " transaction that holds it, or give the journal a longer busy_timeout."
        )
    if primary == sqlite3.SQLITE_FULL:
        return JournalFull(f"{path} cannot grow: the disk, or its quota, is full. Nothing was stored. Make room.")
    if primary in _REFUSED:
        return _read_only(path)
    if primary == sqlite3.SQLITE_CANTOPEN:
        return _unopenable(error, path)
    if primary in _FOREIGN:
        return NotAJournal(f"{path} is not a journal of wio ({error}). Nothing was changed. Choose another path.")
    if primary in _DAMAGED:
        return NotAJournal(f"{path} is damaged ({error}). Nothing was stored. Restore the file from a backup.")
    return JournalUnavailable(f"{path} cannot be used: {error} (SQLite code {code}). Nothing was stored. Try again.")


def _unopenable(error: sqlite3.Error, path: Path) -> Exception:
    folder = path.absolute().parent
    if not folder.is_dir():
        return JournalUnavailable(f"There is no folder {folder} for the journal {path.name}. Create it first.")
    if path.is_dir():
        return NotAJournal(f"{path} is a folder. Choose the path of a file.")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return _read_only(path)
    return JournalUnavailable(f"{path} cannot be opened: {error}. Check the permissions of the file and its folder.")


def _read_only(path: Path) -> JournalReadOnly:
    return JournalReadOnly(
        f"{path} cannot be written. Nothing was stored. Give this process write permission for the file and for its"
        f" folder {path.absolute().parent}, in which SQLite keeps two more files."
    )
