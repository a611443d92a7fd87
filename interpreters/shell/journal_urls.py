"""Which journal does a URL mean?

    sqlite:///orders.db              a file, relative to the current folder
    sqlite:////var/lib/orders.db     a file, by its absolute path
    postgresql://host/database       a database; whatever libpq takes

Every other scheme is refused, with a hint. A namespace is a schema of the database, or a file beside the file.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from interpreters.shell.options import Place
from interpreters.shell.shell_errors import WrongJournal
from journals.namespaces import checked_namespace, file_of_namespace
from journals.ports import Journal
from journals.sqlite import SqliteJournal

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_KNOWN = "Use sqlite:///orders.db, sqlite:////an/absolute/path.db or postgresql://host/database."


def journal_at(place: Place | str, *, create: bool = False) -> Journal:
    """Return the journal, not yet open. One that is missing is made only with `create`.

    A URL alone means the default namespace. Raises `WrongJournal`, or `WrongNamespace`.
    """
    where = Place(place) if isinstance(place, str) else place
    url, namespace = where.url, checked_namespace(where.namespace)
    if url.startswith(_SQLITE):
        return SqliteJournal(_existing(file_of_namespace(path_in(url), namespace), create))
    if url.startswith(_POSTGRES):
        postgres = import_module("journals.postgres")
        journal: Journal = postgres.PostgresJournal(url, schema=namespace, create=create)
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


def is_postgres(url: str) -> bool:
    """Tell whether a URL means a Postgres database."""
    return url.startswith(_POSTGRES)


def path_in(url: str) -> Path:
    """Return the path in the URL of a SQLite file. Raises `WrongJournal`."""
    path = Path(url.removeprefix(_SQLITE))
    if not url.startswith(_SQLITE) or not path.name:
        raise WrongJournal(f"{url!r} names no file. {_KNOWN}")
    return path


def _existing(path: Path, create: bool) -> Path:
    if not create and not path.exists():
        raise WrongJournal(
            f"There is no journal {path}. Check the path (three slashes before a relative one, four for an absolute"
            " one), or start an instance first: wio run --input makes the file."
        )
    return path


def _hint(url: str) -> str:
    if not url:
        return "It is empty: give --journal, or set WIO_JOURNAL. "
    if url.startswith("postgresql+"):
        return "A journal takes what libpq takes: leave out the + and the driver behind it. "
    if url.startswith("sqlite:"):
        return "After sqlite: come three slashes and the path. "
    return "" if ":" in url else f"For a file write {_SQLITE}{url}. "
