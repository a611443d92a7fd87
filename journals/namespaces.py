"""How are tenants kept apart in one database? Each has a namespace: a journal of its own, with a name.

In Postgres a namespace is a schema. In SQLite it is a file beside the first one, as SQLite has no schemas:

    orders.db          the namespace wio, which is meant when none is named
    orders.acme.db     the namespace acme
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from journals.sqlite.schema import APPLICATION_ID
from wio.errors import WioError

DEFAULT_NAMESPACE = "wio"
"""Is the namespace that is meant when none is named."""

_NAME = re.compile(r"(?!pg_)[a-z][a-z0-9_-]{0,62}")


class WrongNamespace(WioError):
    """Says that a name cannot be that of a namespace."""


def checked_namespace(name: str) -> str:
    """Return the name unchanged. Raises `WrongNamespace` for one that some store could not have.

    >>> checked_namespace("acme-2")
    'acme-2'
    """
    if _NAME.fullmatch(name) is None or name == "information_schema":
        raise WrongNamespace(
            f"{name!r:.100} cannot be a namespace: its name has 1 to 63 of a-z, 0-9, _ and -, begins with a letter, and"
            " not with pg_. Choose another name."
        )
    return name


def file_of_namespace(path: Path, name: str) -> Path:
    """Return the SQLite file of a namespace, beside the file `path` of the default one. Raises `WrongNamespace`.

    >>> file_of_namespace(Path("data/orders.db"), "acme").as_posix()
    'data/orders.acme.db'
    """
    checked_namespace(name)
    return path if name == DEFAULT_NAMESPACE else path.with_name(f"{path.stem}.{name}{path.suffix}")


def namespaces_beside(path: Path) -> tuple[str, ...]:
    """Return the namespaces that there are of a SQLite file, in order. Files that are no journals are left out."""
    found = {DEFAULT_NAMESPACE} if _is_journal(path) else set[str]()
    before = f"{path.stem}."
    for file in path.parent.iterdir() if path.parent.is_dir() else ():
        name = file.name.removeprefix(before).removesuffix(path.suffix)
        if file.name == f"{before}{name}{path.suffix}" and _NAME.fullmatch(name) and _is_journal(file):
            found.add(name)
    return tuple(sorted(found))


def _is_journal(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (found,) = connection.execute("PRAGMA application_id").fetchone()
    except sqlite3.Error:
        return False
    return bool(found == APPLICATION_ID)
