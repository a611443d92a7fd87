"""The command `wio namespaces`: whose journals are in a database? It needs no workflow."""

from __future__ import annotations

import asyncio
from importlib import import_module

from interpreters.shell import options
from interpreters.shell.journal_urls import is_postgres, path_in
from interpreters.shell.output import print_json, say
from journals.namespaces import namespaces_beside


def namespaces(*, journal: options.DatabaseUrl, json: options.AsJson = False) -> None:
    """Print the namespaces in a database, or beside a SQLite file, in order."""
    found = asyncio.run(_in_postgres(journal)) if is_postgres(journal) else namespaces_beside(path_in(journal))
    if json:
        print_json(list(found))
    else:
        for name in found:
            print(name)
    if not found:
        say("wio: no namespaces.")


async def _in_postgres(dsn: str) -> tuple[str, ...]:
    names: tuple[str, ...] = await import_module("journals.postgres.namespaces").namespaces(dsn)
    return names
