"""Where does a benchmark get a Postgres from? From WIO_TEST_POSTGRES, or it starts one of its own, on disk."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Generator
from typing import Protocol


@contextlib.contextmanager
def postgres_dsn() -> Generator[str]:
    """Yield the DSN of the server that WIO_TEST_POSTGRES names, or of one that ends with the block."""
    given = os.environ.get("WIO_TEST_POSTGRES")
    if given:
        yield given
        return
    from tests.postgres_server import postgres_server  # noqa: PLC0415  (only a clone has it)

    with postgres_server() as server:
        yield server.dsn


class Restarted(Protocol):
    """Is a server that can be restarted."""

    @property
    def dsn(self) -> str: ...

    def restart(self) -> None: ...


@contextlib.contextmanager
def own_postgres() -> Generator[Restarted]:
    """Yield a server of its own, on disk, that ends with the block. WIO_TEST_POSTGRES is left alone."""
    from tests.postgres_server import postgres_server  # noqa: PLC0415  (only a clone has it)

    with postgres_server() as server:
        yield server


@contextlib.contextmanager
def new_database(server_dsn: str) -> Generator[str]:
    """Yield the DSN of an empty database on a server, and drop it after the block."""
    from tests.postgres_server import new_database as created  # noqa: PLC0415  (only a clone has it)

    with created(server_dsn, f"wio_bench_{secrets.token_hex(6)}") as dsn:
        yield dsn


def psql_directory() -> str:
    """Return where the wheel of the tests keeps `psql`, for a tool that needs it."""
    from tests.postgres_server import find_wheel  # noqa: PLC0415  (only a clone has it)

    return str(find_wheel() / "pginstall" / "bin")
