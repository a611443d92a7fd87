"""What exactly was measured? The versions of all that took part, and how durable the server was."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version

import psycopg

_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def versions(dsn: str, distributions: Sequence[str]) -> dict[str, str]:
    """Return the versions of the interpreter, the server, the driver and these distributions."""
    installed = {name: version(name) for name in (*distributions, "psycopg")}
    return {"python": platform.python_version(), "postgres": _settings(dsn, ("server_version",))[0], **installed}


def durability(dsn: str) -> dict[str, str]:
    """Return the settings of the server that say what a commit survives."""
    return dict(zip(_DURABLE, _settings(dsn, _DURABLE), strict=True))


def _settings(dsn: str, names: Sequence[str]) -> list[str]:
    with psycopg.connect(dsn) as connection:
        rows = [connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
    return [str(row[0]) for row in rows if row is not None]
