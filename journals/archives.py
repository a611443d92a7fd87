"""Where does an instance go when it is removed from its journal? To an archive; the one here is a folder of files.

    archive/2026-01-31/order-7.20260131T123015.123456Z.5f1c0a9be2d34c77.jsonl

A folder for each day on which instances have ended, and a file for each instance, named by its id, its start and a
digest of both. Its first line is the record, then comes a line for each entry, all of them JSON.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable
from datetime import UTC
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import msgspec

from journals.entries import Entry, InstanceRecord
from wio.errors import WioError

_LONGEST_NAME = 80


class Archive(Protocol):
    """Keeps what is removed from a journal."""

    async def store(self, record: InstanceRecord, entries: tuple[Entry, ...]) -> None:
        """Keep an instance that has ended, for good: when this returns, it is removed from the journal.

        The same instance may be given again, as when a process ends in between. Whatever this raises leaves the
        instance in the journal, to be given again later.
        """
        ...


class NoArchive(WioError):
    """Says that a file is no archived instance, or a damaged one."""


class FolderArchive:
    """Is an archive of files in a folder, which is made when it is missing; see the module.

    A file is there whole or not at all, and survives a loss of power once `store` has returned.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    def __repr__(self) -> str:
        return f"FolderArchive({str(self._folder)!r})"

    async def store(self, record: InstanceRecord, entries: tuple[Entry, ...]) -> None:
        """Write a file, in a thread. See `Archive.store`. Raises `OSError`."""
        await asyncio.to_thread(_write, self._folder / file_of(record), _lines(record, entries))


def file_of(record: InstanceRecord) -> Path:
    """Return where in the folder the file of an instance is.

    The digest tells ids apart that look the same in a file name, the start those that an id had one after the other.
    """
    readable = re.sub(r"[^A-Za-z0-9_-]", "_", record.id)[:_LONGEST_NAME]
    start = record.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    digest = blake2b(f"{record.id}\0{start}".encode(), digest_size=8).hexdigest()
    return Path(record.updated_at.astimezone(UTC).date().isoformat()) / f"{readable}.{start}.{digest}.jsonl"


def read_archived(path: str | os.PathLike[str]) -> tuple[InstanceRecord, tuple[Entry, ...]]:
    """Return the instance in a file of a `FolderArchive`. Raises `NoArchive` or `OSError`."""
    lines = Path(path).read_bytes().splitlines()
    try:
        record = msgspec.json.decode(lines[0] if lines else b"", type=InstanceRecord)
        entries = tuple(msgspec.json.decode(line, type=Entry) for line in lines[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoArchive(f"{path} is no archived instance: {error}. Give a .jsonl file of the archive.") from error
    if [entry.seq for entry in entries] != list(range(1, record.last_seq + 1)):
        raise NoArchive(f"{path} should have {record.last_seq} entries in order. It is damaged: take another copy.")
    return record, entries


def _lines(record: InstanceRecord, entries: Iterable[Entry]) -> bytes:
    return b"".join(msgspec.json.encode(each) + b"\n" for each in (record, *entries))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes that write the same do not write into one file; the later one takes the place of the other's.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    """Let the names in a folder survive a loss of power, where the system can do that."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
