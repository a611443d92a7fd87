"""What does an error of Postgres mean to a caller? The only place where errors of the driver are translated."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from journals.errors import (
    InvalidCommit,
    JournalError,
    JournalFull,
    JournalReadOnly,
    JournalUnavailable,
    NotAJournal,
)


class InvalidSetting(JournalError, ValueError):
    """Says that an argument of the journal cannot be right: the DSN, the name of the schema, a number."""


@attrs.frozen
class _Meaning:
    """Is what errors of the driver mean. `passes`: the same statement may succeed a moment later.

    `uncertain`: the answer may have been lost, so that nobody knows whether the commit under way was stored.
    """

    causes: tuple[type[Exception], ...]
    error: Callable[[str], JournalError]
    says: str
    way_out: str
    passes: bool = False
    uncertain: bool = False


_UNCERTAIN = "It is not known whether a commit under way was stored: repeat it with its token."

DRIVER_ERRORS = (psycopg.Error, OSError, UnicodeEncodeError, OverflowError)
"""Are the errors that a call of the driver raises, those of translating values included."""

# The first that fits counts. What is not named here, but is an OperationalError, has to do with the connection.
_MEANINGS = (
    _Meaning(
        (errors.ReadOnlySqlTransaction,),
        JournalReadOnly,
        "refuses writes",
        "Nothing was stored. Connect to the primary server (of several: target_session_attrs=read-write) and"
        " check default_transaction_read_only.",
    ),
    _Meaning(
        (errors.InsufficientPrivilege,),
        JournalReadOnly,
        "does not let this role work",
        "Nothing was stored. Grant it USAGE on the schema and SELECT, INSERT, UPDATE and DELETE on all its"
        " tables; to create and migrate the schema it must own it, or have the right GRANT CREATE ON DATABASE.",
    ),
    _Meaning(
        (errors.DiskFull,),
        JournalFull,
        "has no room left",
        "Nothing was stored. Free disk space on the server.",
    ),
    _Meaning(
        (psycopg.DataError, errors.ProgramLimitExceeded, UnicodeEncodeError, OverflowError),
        InvalidCommit,
        "cannot hold a value",
        "Nothing was stored. Postgres takes no NUL characters, no halves of surrogate pairs, and numbers and times"
        " in its ranges only: encode the value differently.",
    ),
    _Meaning(
        (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName),
        NotAJournal,
        "has lost its tables",
        "Nothing was stored. Restore the schema from a backup.",
    ),
    _Meaning(
        (errors.DuplicateTable, errors.DuplicateObject, errors.WrongObjectType),
        NotAJournal,
        "holds objects that wio did not create",
        "Nothing was changed. Choose another schema.",
    ),
    _Meaning(
        (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement),
        JournalUnavailable,
        "mixes up prepared statements",
        "Nothing was stored. A pooler in transaction mode seems to lie between: use prepare=False.",
    ),
    _Meaning(
        (errors.QueryCanceled,),
        JournalUnavailable,
        "ended a statement",
        "Look at statement_timeout and at the locks on the server.",
        uncertain=True,
    ),
    _Meaning(
        (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable),
        JournalUnavailable,
        "was kept from writing by others",
        "Nothing was stored. Repeat it later, and look at the locks on the server.",
        passes=True,
    ),
    _Meaning(
        (TimeoutError,),
        JournalUnavailable,
        "does not answer in time",
        "Look at the load and the locks on the server.",
        passes=True,
        uncertain=True,
    ),
    _Meaning(
        (psycopg.OperationalError, psycopg.InterfaceError, OSError),
        JournalUnavailable,
        "cannot be reached",
        "Check that Postgres runs there, and the host, port, database, user and password of the DSN.",
        passes=True,
        uncertain=True,
    ),
)
_OTHER = _Meaning((), JournalUnavailable, "failed", "Look into the log of the server.", uncertain=True)


def may_pass(error: Exception) -> bool:
    """Return whether the same statement may succeed a moment later, on a fresh connection if need be."""
    return _meaning(error).passes


def translated(error: Exception, journal: str, *, commits: bool) -> JournalError:
    """Return the journal's error for an error of the driver. `journal` says where, without a password.

    `commits` tells that a commit was under way, of which nobody may know now whether it was stored.
    """
    meaning = _meaning(error)
    way_out = f"{_UNCERTAIN} {meaning.way_out}" if commits and meaning.uncertain else meaning.way_out
    reason = " ".join(str(error).split()).rstrip(".") or "no answer"
    ended = reason if reason.endswith("?") else f"{reason}."
    return meaning.error(f"{journal} {meaning.says}: {ended} {way_out}")


def _meaning(error: Exception) -> _Meaning:
    return next((meaning for meaning in _MEANINGS if isinstance(error, meaning.causes)), _OTHER)


def place_of(dsn: str) -> str:
    """Return host, port and database of a DSN as people write them, never the password.

    Raises `InvalidSetting` when the DSN cannot be read.

    >>> place_of("postgresql://ann:secret@db.example/shop")
    'db.example:5432/shop'
    """
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # The driver's message repeats parts of the DSN, which may be the password.
        raise InvalidSetting(
            "The DSN of the journal cannot be read. Write postgresql://user:password@host:port/database, with special"
            " characters of the password percent-encoded."
        ) from None
    database = given.get("dbname") or given.get("user") or "(default database)"
    host = given.get("host") or given.get("hostaddr") or "(default host)"
    return f"{host}:{given.get('port') or 5432}/{database}"
