"""Which journal does a URL mean?

    sqlite:///orders.db              a file, relative to the current folder
    sqlite:////var/lib/orders.db     a file, by its absolute path
    postgresql://host/database       a database; whatever libpq takes

Every other scheme is refused, with a hint.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from interpreters.shell.shell_errors import WrongJournal
from journals.ports import Journal
from journals.sqlite import SqliteJournal

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_KNOWN = "Use sqlite:///orders.db, sqlite:////an/absolute/path.db or postgresql://host/database."


def journal_at(url: str, *, create: bool = False) -> Journal:
    """Return the journal, not yet open. A file that is missing is made only with `create`. Raises `WrongJournal`."""
    if url.startswith(_SQLITE):
        return _sqlite(url, create)
    if url.startswith(_POSTGRES):
        journal: Journal = import_module("journals.postgres").PostgresJournal(url)
        return journal
    if url.startswith("memory:"):
        raise WrongJournal(f"{url!r}: a journal in memory is gone when the command ends. {_KNOWN}")
    raise WrongJournal(f"{url!r} is the URL of no journal. {_hint(url)}{_KNOWN}")


def absolute(url: str) -> str:
    """Return the URL by which the same journal is found from every folder."""
    if not url.startswith(_SQLITE) or url == _SQLITE:
        return url
    return _SQLITE + str(Path(url.removeprefix(_SQLITE)).absolute())


def without_password(url: str) -> str:
    """Return the URL as it may be shown.

    >>> without_password("postgresql://ann:secret@host:5432/orders?password=secret")
    'postgresql://ann@host:5432/orders'
    """
    if not url.startswith(_POSTGRES):
        return url
    parts = urlsplit(url)
    who, at, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{who.partition(':')[0]}{at}{host}", parts.path, "", ""))


def _sqlite(url: str, create: bool) -> Journal:
    path = Path(url.removeprefix(_SQLITE))
    if not path.name:
        raise WrongJournal(f"{url!r} names no file. {_KNOWN}")
    if not create and not path.exists():
        raise WrongJournal(
            f"There is no journal {path}. Check the path (three slashes before a relative one, four for an absolute"
            " one), or start an instance first: wio run --input makes the file."
        )
    return SqliteJournal(path)


def _hint(url: str) -> str:
    if url.startswith("sqlite:"):
        return "After sqlite: come three slashes and the path. "
    return "" if ":" in url else f"For a file write {_SQLITE}{url}. "
